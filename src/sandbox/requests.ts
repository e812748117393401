import Type from 'typebox'
import type { Api } from '../http/api.ts'
import { ListOf, pageParameters } from '../wooshpay/lists.ts'
import { answers } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'
import { HintedRequest, type HintedRequests } from './hinted-requests.ts'

const ListParameters = Type.Object({
  ...pageParameters, hinted: Type.Optional(Type.Boolean({ description: 'Only calls that show a mistake.' }))
})

export interface RequestOptions {
  readonly hintedRequests: HintedRequests
  readonly concern: Concern
}

/** The last calls of the API, with what is odd about them. */
export function requestRoutes (api: Api, { hintedRequests, concern }: RequestOptions): void {
  api.addSchema(HintedRequest)

  api.get('/requests', {
    schema: { operationId: 'listRequests', summary: 'List the last calls of the API', tags: ['Requests'], querystring: ListParameters, response: answers(ListOf(HintedRequest)) }
  }, async request => hintedRequests.list(concern.one(request)?.id, request.query, { onlyHinted: request.query.hinted }))
}

import type { Api } from '../../http/api.ts'
import { answers, IdParams, ref } from '../wire.ts'
import { CreateParameters, ListParameters, Refund, RefundList } from './schema.ts'
import type { Refunds } from './service.ts'

const tags = ['Refunds']
const response = answers(ref(Refund))

export function refundRoutes (api: Api, refunds: Refunds): void {
  api.addSchema(Refund)

  api.post('/refunds', {
    schema: { operationId: 'createRefund', summary: 'Create a refund', tags, body: CreateParameters, response }
  }, async ({ caller, body }) => refunds.create(caller, body))

  api.get('/refunds', {
    schema: { operationId: 'listRefunds', summary: 'List refunds', tags, querystring: ListParameters, response: answers(RefundList) }
  }, async ({ caller, query }) => refunds.list(caller.account, query))

  api.get('/refunds/:id', {
    schema: { operationId: 'retrieveRefund', summary: 'Retrieve a refund', tags, params: IdParams, response }
  }, async ({ caller, params }) => refunds.retrieve(caller.account, params.id))
}

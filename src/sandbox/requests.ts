import Type, { type Static } from 'typebox'
import type { Api } from '../http/api.ts'
import { LoggedRequest, shown, type RememberedRequest, type RequestLog } from '../http/request-log.ts'
import { isObject } from '../http/validation.ts'
import type { Database } from '../store/database.ts'
import { deliveryDefinition } from '../webhooks/deliveries.ts'
import { checkoutSessionDefinition } from '../wooshpay/checkout-sessions/schema.ts'
import { ListOf, listWithin, pageParameters } from '../wooshpay/lists.ts'
import { answers } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'
import { hintsFor } from './hints.ts'

const HintedRequest = Type.Object({
  ...LoggedRequest.properties, hints: Type.Array(Type.String(), { description: 'The usual mistakes that it shows.' })
}, { $id: 'LoggedRequest' })
type HintedRequest = Static<typeof HintedRequest>

const ListParameters = Type.Object({
  ...pageParameters, hinted: Type.Optional(Type.Boolean({ description: 'Only calls that show a mistake.' }))
})
type ListParameters = Static<typeof ListParameters>

export interface RequestOptions {
  readonly requests: RequestLog
  readonly database: Database
  readonly concern: Concern
}

/** The last calls of the API, with what is odd about them. */
export function requestRoutes (api: Api, { requests, database, concern }: RequestOptions): void {
  const sessions = database.collection(checkoutSessionDefinition)
  const deliveries = database.collection(deliveryDefinition)
  api.addSchema(HintedRequest)

  api.get('/requests', {
    schema: { operationId: 'listRequests', summary: 'List the last calls of the API', tags: ['Requests'], querystring: ListParameters, response: answers(ListOf(HintedRequest)) }
  }, async request => {
    const logged = requests.of(concern.one(request)?.id)
    const isTrusted = (session: string): boolean => wasTrusted(session, logged)
    const hinted = (entry: RememberedRequest): HintedRequest => {
      const call = shown(entry)
      return { ...call, hints: hintsFor(call, { isTrusted }) }
    }
    const listing = { url: '/_sandbox/requests', what: 'request' }
    if (request.query.hinted === true) return listWithin(logged.map(hinted).filter(({ hints }) => hints.length > 0), request.query, listing)
    const list = listWithin(logged, request.query, listing)
    return { ...list, data: list.data.map(hinted) }
  })

  /** Whether a session was paid, and the shop has neither looked afterwards nor taken the webhook. */
  function wasTrusted (id: string, logged: readonly RememberedRequest[]): boolean {
    const row = sessions.find(id)
    if (row?.record.session.status !== 'complete') return false
    const { session: { payment_intent: intent } } = row.record
    const ends = [[id, 'complete'], [intent, 'succeeded']] as const
    const wasSeen = logged.some(({ method, answer }) => method === 'GET' && answer !== undefined &&
      ends.some(([id, status]) => objectsIn(JSON.parse(answer)).some(object => object.id === id && object.status === status)))
    const wasTold = [...deliveries.newest(row.account, `payment_intent:${intent}`)]
      .some(({ type, status }) => status === 'succeeded' && (type === 'payment_intent.succeeded' || type === 'checkout.session.completed'))
    return !wasSeen && !wasTold
  }
}

/** The object that an answer is, or those that it lists. */
function objectsIn (answer: unknown): Array<Record<string, unknown>> {
  if (!isObject(answer)) return []
  return Array.isArray(answer.data) ? answer.data.filter(isObject) : [answer]
}

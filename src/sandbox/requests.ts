import Type, { type Static } from 'typebox'
import type { Api } from '../http/api.ts'
import type { LoggedRequest, RequestLog } from '../http/request-log.ts'
import type { Database } from '../store/database.ts'
import { deliveryDefinition } from '../webhooks/deliveries.ts'
import { checkoutSessionDefinition } from '../wooshpay/checkout-sessions/schema.ts'
import { ListOf, listWithin, pageParameters } from '../wooshpay/lists.ts'
import { answers } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'
import { hintsFor } from './hints.ts'

const LoggedAnswer = Type.Object({
  id: Type.String({ description: 'As in the header Request-Id.' }),
  object: Type.Literal('request'),
  created: Type.Integer({ description: 'Epoch milliseconds.' }),
  account: Type.Optional(Type.String()),
  method: Type.String(),
  url: Type.String(),
  status: Type.Integer(),
  duration_ms: Type.Integer(),
  body: Type.Optional(Type.Unsafe<unknown>({ description: 'As it was read; secrets left out.' })),
  answer: Type.Optional(Type.Unsafe<unknown>({ description: 'Secrets left out; longer ones are not kept.' })),
  unknown: Type.Array(Type.String(), { description: 'Parameters that the call does not know.' }),
  deprecated: Type.Array(Type.String(), { description: 'Parameters that only older pages of the documentation have.' }),
  credential: Type.String({ description: 'Scheme and kind of the key.' }),
  error: Type.Optional(Type.String()),
  hints: Type.Array(Type.String(), { description: 'The usual mistakes that it shows.' })
}, { $id: 'LoggedRequest' })

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
  api.addSchema(LoggedAnswer)

  api.get('/requests', {
    schema: { operationId: 'listRequests', summary: 'List the last calls of the API', tags: ['Requests'], querystring: ListParameters, response: answers(ListOf(LoggedAnswer)) }
  }, async request => {
    const logged = requests.of(concern.one(request)?.id)
    const isTrusted = (session: string): boolean => wasTrusted(session, logged)
    const shown = logged.map(entry => ({ ...entry, hints: hintsFor(entry, { isTrusted }) }))
      .filter(({ hints }) => request.query.hinted !== true || hints.length > 0)
    return listWithin(shown, request.query, { url: '/_sandbox/requests', what: 'request' }) as never
  })

  function wasTrusted (id: string, logged: readonly LoggedRequest[]): boolean {
    const row = sessions.find(id)
    if (row?.record.session.status !== 'complete') return false
    const { session: { payment_intent: intent } } = row.record
    const wasFetched = logged.some(({ method, url }) => method === 'GET' && (url.includes(id) || url.includes(intent)))
    const wasTold = [...deliveries.newest(row.account, `payment_intent:${intent}`)]
      .some(({ type, status }) => status === 'succeeded' && (type === 'payment_intent.succeeded' || type === 'checkout.session.completed'))
    return !wasFetched && !wasTold
  }
}

import type { Api } from '../http/api.ts'
import { withoutSecretsIn, type RememberedRequest, type RequestLog } from '../http/request-log.ts'
import { faultDefinition } from '../faults/fault.ts'
import { accountDefinition } from '../store/accounts.ts'
import type { Change } from '../store/journal.ts'
import type { Database } from '../store/database.ts'
import { visitDefinition } from '../wallet/visit.ts'
import { deliveryDefinition } from '../webhooks/deliveries.ts'
import { checkoutSessionDefinition } from '../wooshpay/checkout-sessions/schema.ts'
import { paymentIntentDefinition } from '../wooshpay/payment-intents/schema.ts'
import { refundDefinition } from '../wooshpay/refunds/schema.ts'
import { eventDefinition } from '../store/events.ts'
import type { Concern } from './concern.ts'

/** What is told, by the collection that it is stored in. */
const TOLD = new Map([
  [paymentIntentDefinition.name, 'payment_intent'], [checkoutSessionDefinition.name, 'checkout_session'], [refundDefinition.name, 'refund'],
  [eventDefinition.name, 'event'], [deliveryDefinition.name, 'delivery'], [faultDefinition.name, 'fault'], [accountDefinition.name, 'account'],
  [visitDefinition.name, 'wallet_visit']
])

/** A scenario must not wait for its answer, which never ends. */
export const STREAM_PATH = '/_sandbox/stream'

/** Often enough that no proxy ends a quiet connection. */
const HEARTBEAT_MS = 15_000
/** Bytes that wait for a listener. */
const LONGEST_BACKLOG = 1 << 20

export interface StreamOptions {
  readonly database: Database
  readonly requests: RequestLog
  readonly concern: Concern
  /** Aborted when the sandbox stops. */
  readonly end: AbortSignal
}

/** `GET /_sandbox/stream`: server-sent events, one for each thing that changes and each call that is answered: which it is, not what it holds. */
export function streamRoutes (api: Api, { database, requests, concern, end }: StreamOptions): void {
  api.get('/stream', { schema: { hide: true }, exposeHeadRoute: false }, (request, reply) => {
    const only = concern.one(request)?.id
    const { raw } = reply.hijack()
    raw.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'Request-Id': request.id })
    const tell = (name: string, data: object): void => {
      raw.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
      // Whoever does not read is let go, and may come again.
      if (raw.writableLength > LONGEST_BACKLOG) raw.destroy()
    }
    const tellChanges = (changes: readonly Change[], outcome: string): void => {
      for (const { collection, account, id, record } of changes) {
        const name = TOLD.get(collection)
        if (name !== undefined && outcome === 'written' && (only === undefined || only === account)) tell(name, { id, account, deleted: record === undefined })
      }
    }
    const tellRequest = (entry: RememberedRequest): void => {
      const { id, account, method, status } = entry
      if (only === undefined || only === account) tell('request', { id, account, method, url: withoutSecretsIn(entry.url), status })
    }
    const stops = [database.onSettled(tellChanges), requests.onAdded(tellRequest)]
    const heartbeat = setInterval(() => { raw.write(': still here\n\n') }, HEARTBEAT_MS).unref()
    const stop = (): void => {
      for (const each of stops) each()
      clearInterval(heartbeat)
      end.removeEventListener('abort', stop)
      raw.end()
    }
    end.addEventListener('abort', stop)
    request.raw.on('close', stop)
    raw.write(': connected\n\n')
  })
}

import Type, { type Static } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { errors } from '../core/errors.ts'
import { EVENT_TYPES } from '../core/event-types.ts'
import { withTimeLimit } from '../core/time-limit.ts'
import type { Api } from '../http/api.ts'
import type { Account } from '../store/accounts.ts'
import type { Collection, Definition, Stored } from '../store/collection.ts'
import type { Database } from '../store/database.ts'
import { until } from '../store/until.ts'
import { deliveryDefinition, isDue, isTaken, type Delivery } from '../webhooks/deliveries.ts'
import { checkoutSessionDefinition, SESSION_STATUSES } from '../wooshpay/checkout-sessions/schema.ts'
import { PAYMENT_INTENT_STATUSES, paymentIntentDefinition } from '../wooshpay/payment-intents/schema.ts'
import { REFUND_STATUSES, refundDefinition } from '../wooshpay/refunds/schema.ts'
import { Anything, answers, found } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

/** Long for a test, short of what clients wait for an answer. */
const LONGEST_WAIT_MS = 60_000
const USUAL_WAIT_MS = 10_000

const timeout = Type.Optional(Type.Integer({
  minimum: 0, maximum: LONGEST_WAIT_MS, default: USUAL_WAIT_MS, description: 'Real milliseconds after which the answer is 408.'
}))

const SettleParameters = Type.Object({ timeout_ms: timeout })
const Settled = Type.Object({
  deliveries: Type.Integer({ description: 'How many there are.' }),
  pending_retries: Type.Integer({ description: 'How many of them will be tried again later.' })
})

const WaitParameters = Type.Object({
  payment_intent: Type.Optional(Type.String({ description: 'With `status`: what is waited for. With `event`: only its events.' })),
  checkout_session: Type.Optional(Type.String()),
  refund: Type.Optional(Type.String()),
  status: Type.Optional(Type.String()),
  event: Type.Optional(Type.Enum([...EVENT_TYPES], { description: 'A type of event.' })),
  deliveries: Type.Optional(Type.Integer({ minimum: 1, default: 1, description: 'How often it has to have been answered with 2xx.' })),
  timeout_ms: timeout
})
type WaitParameters = Static<typeof WaitParameters>

const tags = ['Waiting']

export interface WaitingOptions {
  readonly database: Database
  readonly concern: Concern
  /** Aborted when the sandbox stops. */
  readonly end: AbortSignal
}

/** Answers when something has happened, so that a test needs no pauses. */
export function waitingRoutes (api: Api, { database, concern, end }: WaitingOptions): void {
  const deliveries: Collection<Delivery> = database.collection(deliveryDefinition)

  api.post('/settle', {
    schema: { operationId: 'settle', summary: 'Wait until nothing is due or under way any more', tags, body: SettleParameters, response: answers(Settled) }
  }, async (request, reply) => {
    const accounts = concern.all(request)
    const due = (): Delivery[] => accounts.flatMap(account => pending(account).filter(delivery => isDue(delivery, account.clock.now())))
    await withTimeLimit([end, hangUpOf(reply)], request.body.timeout_ms ?? USUAL_WAIT_MS, async limit => {
      while (!limit.aborted && (due().length > 0 || accounts.some(({ clock }) => clock.hasDue))) {
        if (due().length > 0) await until(database, () => due().length === 0, limit)
        else await nextTurn()
      }
    })
    const [left] = due()
    if (left !== undefined) throw errors.wait_timeout(`${due().length} deliveries are still under way, such as ${left.id} (${left.type}) to ${left.url}`)
    return {
      deliveries: accounts.reduce((sum, { id }) => sum + deliveries.count(id), 0),
      pending_retries: accounts.flatMap(pending).filter(({ next_attempt_at: at }) => at !== undefined).length
    }
  })

  api.get('/wait', {
    schema: {
      operationId: 'wait', summary: 'Wait for a status, or for an event to arrive', tags, querystring: WaitParameters, response: answers(Anything('What was waited for.'))
    }
  }, async (request, reply) => {
    const { query } = request
    const { answer, isThere, seen } = query.event === undefined ? statusWait(request, query) : eventWait(request, query, query.event)
    await withTimeLimit([end, hangUpOf(reply)], query.timeout_ms ?? USUAL_WAIT_MS, async limit => { await until(database, isThere, limit) })
    if (!isThere()) throw errors.wait_timeout(seen())
    return answer()
  })

  function pending ({ id }: Account): Delivery[] {
    return [...deliveries.newest(id, 'status:pending')]
  }

  function statusWait (request: FastifyRequest, query: WaitParameters): Wait {
    const kinds = {
      payment_intent: ['PaymentIntent', lookUp(paymentIntentDefinition, ({ intent }) => intent), PAYMENT_INTENT_STATUSES],
      checkout_session: ['checkout session', lookUp(checkoutSessionDefinition, ({ session }) => session), SESSION_STATUSES],
      refund: ['refund', lookUp(refundDefinition, ({ refund }) => refund), REFUND_STATUSES]
    } as const
    const names = Object.keys(kinds) as Array<keyof typeof kinds>
    const [param, other] = names.filter(name => query[name] !== undefined)
    if (param === undefined) throw errors.parameter_missing('payment_intent', 'Or give a checkout_session, a refund or an event.')
    if (other !== undefined) throw errors.parameter_invalid(other, query[other], `cannot be combined with ${param}`)
    const { status, deliveries: stray } = query
    if (stray !== undefined) throw errors.parameter_invalid('deliveries', stray, 'counts those of an event; give event instead of status')
    if (status === undefined) throw errors.parameter_missing('status')
    const id = query[param] ?? ''
    const [what, row, statuses] = kinds[param]
    if (!statuses.some(known => known === status)) throw errors.parameter_invalid('status', status, `is not one of: ${statuses.join(', ')}`)
    const object = () => found(row(request, id)?.object, what, id, param)
    object()
    return {
      answer: object,
      isThere: () => row(request, id)?.object.status === status,
      seen: () => `${what} ${id} has the status ${row(request, id)?.object.status ?? 'none, since it is gone'}, not ${status}`
    }
  }

  /** Finds an object of the accounts that a call concerns. */
  function lookUp<T extends Stored> (definition: Definition<T>, show: (record: T) => { status: string }) {
    const collection = database.collection(definition)
    return (request: FastifyRequest, id: string) => {
      const row = concern.row(request, collection, id)
      return row && { object: show(row.record) }
    }
  }

  function eventWait (request: FastifyRequest, query: WaitParameters, type: string): Wait {
    const { payment_intent: intent, deliveries: times = 1 } = query
    const stray = (['status', 'checkout_session', 'refund'] as const).find(name => query[name] !== undefined)
    if (stray !== undefined) throw errors.parameter_invalid(stray, query[stray], 'cannot be combined with event')
    if (intent !== undefined) found(concern.row(request, database.collection(paymentIntentDefinition), intent), 'PaymentIntent', intent, 'payment_intent')
    const key = intent === undefined ? `type:${type}` : `payment_intent:${intent}`
    const concerned = (): Delivery[] => concern.all(request).flatMap(({ id }) => [...deliveries.newest(id, key)]).filter(delivery => delivery.type === type)
    const taken = (): number => concerned().flatMap(({ attempts }) => attempts).filter(isTaken).length
    return {
      answer: () => ({ object: 'list', data: concerned() }),
      isThere: () => taken() >= times,
      seen: () => {
        const attempts = concerned().reduce((sum, delivery) => sum + delivery.attempts.length, 0)
        return `${type} was answered with 2xx ${taken()} times, not ${times}; there are ${concerned().length} deliveries of it with ${attempts} attempts`
      }
    }
  }
}

/** Aborted when nobody is there any more for the answer; Fastify's own signal looks at the request, which has ended by then. */
function hangUpOf ({ raw }: FastifyReply): AbortSignal {
  const end = new AbortController()
  raw.once('close', () => { end.abort() })
  return end.signal
}

interface Wait {
  readonly answer: () => Readonly<Record<string, unknown>>
  readonly isThere: () => boolean
  /** What there is instead, for the refusal. */
  readonly seen: () => string
}

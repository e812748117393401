import Type, { type Static } from 'typebox'
import { withoutCredentials } from '../core/addresses.ts'
import type { Keep } from '../core/settings.ts'
import type { Switches } from '../core/switches.ts'
import type { SnowflakeIds } from '../core/ids.ts'
import type { Collection, Definition, Stored } from '../store/collection.ts'
import { put, type Deriver } from '../store/commit.ts'
import type { EventRecord } from '../store/events.ts'
import type { WebhookEndpoints } from '../wooshpay/webhook-endpoints/service.ts'
import { retryGaps } from './schedule.ts'

/** One try to hand an event to an endpoint. */
const Attempt = Type.Object({
  number: Type.Integer({ description: 'From 1.' }),
  at: Type.Integer({ description: 'Epoch milliseconds of the account\'s clock.' }),
  status: Type.Optional(Type.Integer({ description: 'The receiver\'s answer; an attempt without one has an error.' })),
  error: Type.Optional(Type.String()),
  duration_ms: Type.Integer({ description: 'Real milliseconds; 0 on a frozen clock, so that runs repeat.' }),
  request_headers: Type.Record(Type.String(), Type.String()),
  response: Type.Optional(Type.String({ description: 'The beginning of the receiver\'s body.' })),
  fault: Type.Optional(Type.String({ description: 'The fault that befell it.' }))
})
export type Attempt = Static<typeof Attempt>

/** An event on its way to one endpoint. */
export const Delivery = Type.Object({
  id: Type.String(),
  object: Type.Literal('delivery'),
  created: Type.Integer({ description: 'When the event happened: epoch milliseconds, unrounded.' }),
  event: Type.String(),
  type: Type.String(),
  endpoint: Type.String(),
  url: Type.String(),
  payment_intent: Type.Optional(Type.String()),
  status: Type.Enum(['pending', 'succeeded', 'failed']),
  attempts: Type.Array(Attempt),
  next_attempt_at: Type.Optional(Type.Integer({ description: 'Epoch milliseconds, while it is pending.' })),
  held: Type.Optional(Type.Literal(true, { description: 'It waits for the next webhook of its endpoint, which goes first.' })),
  fault: Type.Optional(Type.String({ description: 'The fault that has put it off or holds it; it does so once.' }))
}, { $id: 'Delivery' })
export type Delivery = Static<typeof Delivery>

/** The key of those that nothing more happens to by itself. */
const ENDED = 'ended'

export const deliveryDefinition: Definition<Delivery> = {
  name: 'deliveries',
  idPrefix: 'dlv',
  keys: delivery => {
    const keys = [`event:${delivery.event}`, `status:${delivery.status}`, `type:${delivery.type}`]
    if (delivery.status !== 'pending') keys.push(ENDED)
    if (delivery.held === true) keys.push(`held:${delivery.endpoint}`, `held_by:${delivery.fault}`)
    if (delivery.payment_intent !== undefined) keys.push(`payment_intent:${delivery.payment_intent}`)
    return keys
  },
  due: ({ next_attempt_at: at }) => at === undefined ? undefined : { at, what: 'delivery.attempt' }
}

/** At most so many go at once, so that a lower limit after a restart does not hold up what is under way. */
const MOST_FORGOTTEN = 100

/** The deliveries of an account that have ended and are too many or too old to be kept. */
export function outdated (deliveries: Collection<Delivery>, account: string, { count, ms }: Keep, now: number): Delivery[] {
  const tooMany = deliveries.count(account, ENDED) - count
  const found: Delivery[] = []
  for (const delivery of deliveries.oldest(account, ENDED)) {
    if (found.length === MOST_FORGOTTEN || (found.length >= tooMany && (delivery.attempts.at(-1)?.at ?? delivery.created) >= now - ms)) break
    found.push(delivery)
  }
  return found
}

/** Adds to every write the deliveries of its events, so that an event is never stored without them. */
export function deriveDeliveries (endpoints: WebhookEndpoints, ids: SnowflakeIds): Deriver {
  return ({ account, now, events, webhookDelayMs }) => ({
    operations: events.flatMap(event => endpoints.wanting(account, event.type).map(endpoint => put(deliveryDefinition, {
      id: ids.next('dlv', account.id, now),
      object: 'delivery',
      created: now,
      event: event.id,
      type: event.type,
      endpoint: endpoint.id,
      url: withoutCredentials(endpoint.url),
      ...paymentIntentOf(event),
      status: 'pending',
      attempts: [],
      next_attempt_at: now + webhookDelayMs
    })))
  })
}

/**
 * The delivery after an attempt: done, to be tried again, or given up.
 * @param repetition the second of two where a fault sent it twice
 */
export function afterAttempt (delivery: Delivery, attempt: Attempt, switches: Switches, repetition?: Attempt): Delivery {
  const { next_attempt_at: _done, held: _held, ...rest } = delivery
  const made = repetition === undefined ? [attempt] : [attempt, repetition]
  const attempts = [...delivery.attempts, ...made]
  if (made.some(isTaken)) return { ...rest, attempts, status: 'succeeded' }
  const gap = retryGaps(switches.WEBHOOK_RETRIES)[delivery.attempts.length]
  if (gap === undefined) return { ...rest, attempts, status: 'failed' }
  return { ...rest, attempts, status: 'pending', next_attempt_at: attempt.at + gap }
}

/** Whether its next attempt is to be made now, or is under way. */
export function isDue ({ next_attempt_at: at = Infinity }: Delivery, now: number): boolean {
  return at <= now
}

/** Whether the receiver took the event: any 2xx. */
export function isTaken ({ status = 0 }: Pick<Attempt, 'status'>): boolean {
  return status >= 200 && status < 300
}

/** A delivery that a fault puts off. */
export function putOff (delivery: Delivery, until: number, fault: string): Delivery {
  return { ...delivery, next_attempt_at: until, fault }
}

/** A delivery that a fault lets wait for the next one of its endpoint. */
export function held ({ next_attempt_at: _none, ...delivery }: Delivery, fault: string): Delivery {
  return { ...delivery, held: true, fault }
}

/** A delivery whose turn has come after it was held. */
export function released ({ held: _no, ...delivery }: Delivery, now: number): Delivery {
  return { ...delivery, next_attempt_at: now }
}

const LOST = 'lost by a fault, nothing was sent'

/** A delivery that a fault loses: nothing is sent. */
export function lost (delivery: Delivery, at: number, fault: string): Delivery {
  const attempt: Attempt = { number: delivery.attempts.length + 1, at, error: LOST, duration_ms: 0, request_headers: {}, fault }
  return givenUp({ ...delivery, attempts: [...delivery.attempts, attempt] })
}

export function isLost ({ error }: Pick<Attempt, 'error'>): boolean {
  return error === LOST
}

/** A delivery whose endpoint is gone or disabled: nothing more is tried. */
export function givenUp ({ next_attempt_at: _none, ...delivery }: Delivery): Delivery {
  return { ...delivery, status: 'failed' }
}

function paymentIntentOf ({ data: { object } }: EventRecord): { payment_intent?: string } {
  const { object: kind, payment_intent: named } = object as Stored & { object?: unknown, payment_intent?: unknown }
  if (kind === 'payment_intent') return { payment_intent: object.id }
  return typeof named === 'string' ? { payment_intent: named } : {}
}

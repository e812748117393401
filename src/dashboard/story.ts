import { idTime } from '../core/ids.ts'
import type { LoggedRequest } from '../http/request-log.ts'
import type { EventRecord } from '../store/events.ts'
import type { Visit } from '../wallet/visit.ts'
import type { Delivery } from '../webhooks/deliveries.ts'

/** Everything that is known of one payment. */
export interface Sources {
  /** The API calls that were about it, with what is odd about them. */
  readonly requests: ReadonlyArray<LoggedRequest & { readonly hints: readonly string[] }>
  readonly events: readonly EventRecord[]
  readonly visit: Visit | undefined
  readonly deliveries: readonly Delivery[]
}

/** One thing that happened, by kind. */
export type Chapter = { readonly at: number } & (
  | { readonly kind: 'request', readonly request: Sources['requests'][number] }
  | { readonly kind: 'event', readonly event: EventRecord, readonly from: string | undefined, readonly to: string }
  | { readonly kind: 'customer', readonly done: NonNullable<Visit['history']>[number] }
  | { readonly kind: 'webhook', readonly delivery: Delivery }
)

/** At the same time, the cause comes first. */
const ORDER: ReadonlyArray<Chapter['kind']> = ['request', 'customer', 'event', 'webhook']

/**
 * What happened to a payment, in the order in which it happened: calls, what the customer did, each change of an
 * object's status, and where the webhooks of each went. Times are those of the account's clock.
 */
export function storyOf ({ requests, events, visit, deliveries }: Sources): Chapter[] {
  const oldestFirst = events.toSorted((a, b) => a.id < b.id ? -1 : 1)
  const statuses = new Map<string, string>()
  const changes = oldestFirst.map((event): Chapter => {
    const { object } = event.data
    const to = String(Reflect.get(object, 'status'))
    const from = statuses.get(object.id)
    statuses.set(object.id, to)
    return { kind: 'event', at: idTime(event.id), event, from, to }
  })
  // A call is logged when it was answered, which is after what it caused.
  const beginOf = ({ id, created }: LoggedRequest): number =>
    Math.min(created, ...oldestFirst.filter(({ request }) => request?.id === id).map(event => idTime(event.id)))
  return [
    ...requests.map((request): Chapter => ({ kind: 'request', at: beginOf(request), request })),
    ...(visit?.history ?? []).map((done): Chapter => ({ kind: 'customer', at: done.at, done })),
    ...changes,
    ...deliveries.map((delivery): Chapter => ({ kind: 'webhook', at: delivery.attempts[0]?.at ?? delivery.created, delivery }))
  ].toSorted((a, b) => a.at - b.at || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
}

import { idNumber, idTime } from '../core/ids.ts'
import type { LoggedRequest } from '../http/request-log.ts'
import type { EventRecord } from '../store/events.ts'
import type { Visit } from '../wallet/visit.ts'
import type { Delivery } from '../webhooks/deliveries.ts'

/** Everything that is known of one payment. */
export interface Sources {
  /** The API calls that were about it, newest first, with what is odd about them. */
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

/** Where a chapter stands among those of the same time: ids of one account only grow, so that they tell the order when time stands still. */
interface Place {
  /** The digits of the id of the latest event before it, or its own. */
  readonly number: string
  /** Beside the same event: what caused it comes before it. */
  readonly rank: -1 | 0 | 1
}

/**
 * What happened to a payment, in the order in which it happened: calls, what the customer did, each change of an
 * object's status, and where the webhooks of each went. Times are those of the account's clock.
 */
export function storyOf ({ requests, events, visit, deliveries }: Sources): Chapter[] {
  const oldestFirst = events.toSorted((a, b) => idNumber(a.id) < idNumber(b.id) ? -1 : 1)
  const told: Array<[Chapter, Place]> = [
    ...placedRequests(requests, oldestFirst),
    ...changes(oldestFirst).map((chapter): [Chapter, Place] => [chapter, { number: idNumber(chapter.event.id), rank: 0 }]),
    ...(visit?.history ?? []).map((done): [Chapter, Place] => [{ kind: 'customer', at: done.at, done }, { number: idNumber(done.after ?? ''), rank: 1 }]),
    ...deliveries.map((delivery): [Chapter, Place] =>
      [{ kind: 'webhook', at: delivery.attempts[0]?.at ?? delivery.created, delivery }, { number: idNumber(delivery.id), rank: 0 }])
  ]
  return told.toSorted(([a, before], [b, after]) =>
    a.at - b.at || (before.number < after.number ? -1 : before.number > after.number ? 1 : before.rank - after.rank)).map(([chapter]) => chapter)
}

/** Each event with the status from which its object came. */
function changes (events: readonly EventRecord[]): Array<Extract<Chapter, { kind: 'event' }>> {
  const statuses = new Map<string, string>()
  return events.map(event => {
    const { object } = event.data
    const to = String(Reflect.get(object, 'status'))
    const from = statuses.get(object.id)
    statuses.set(object.id, to)
    return { kind: 'event', at: idTime(event.id), event, from, to }
  })
}

/** A call is logged when it was answered, which is after what it caused; it stands before that. One that caused nothing stands after the call before it, and after all that its answer names. */
function placedRequests (requests: Sources['requests'], events: readonly EventRecord[]): Array<[Chapter, Place]> {
  let latest = ''
  return requests.toReversed().map((request): [Chapter, Place] => {
    latest = [latest, latestIn(request.answer)].toSorted().at(-1) ?? ''
    const caused = events.filter(event => event.request?.id === request.id)
    const [first, last] = [caused[0], caused.at(-1)]
    const place: Place = first === undefined ? { number: latest, rank: 1 } : { number: idNumber(first.id), rank: -1 }
    if (last !== undefined) latest = idNumber(last.id)
    return [{ kind: 'request', at: first === undefined ? request.created : Math.min(request.created, idTime(first.id)), request }, place]
  })
}

/** The digits of the latest id that an answer names. */
function latestIn (answer: unknown): string {
  return [...JSON.stringify(answer ?? '').matchAll(/_(\d{19})\b/g)].map(([, number = '']) => number).toSorted().at(-1) ?? ''
}

import type { EventType } from '../core/event-types.ts'
import type { Definition, Stored } from './collection.ts'

/** The API call that caused an event, as the event names it. */
export interface Cause {
  readonly id: string
  readonly idempotency_key?: string
}

/** An event as it is stored, answered by the API and sent to webhook endpoints. */
export interface EventRecord {
  readonly id: string
  readonly object: 'event'
  /** Epoch milliseconds, rounded to the second. */
  readonly created: number
  readonly livemode: false
  /** Left out when no API call caused it. */
  readonly request?: Cause
  readonly data: { readonly object: Stored }
  readonly type: EventType
}

export const eventDefinition: Definition<EventRecord> = {
  name: 'events',
  idPrefix: 'evt',
  keys: event => [`type:${event.type}`, `object:${event.data.object.id}`]
}

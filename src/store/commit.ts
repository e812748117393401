import { toWireTime } from '../core/clock.ts'
import type { EventType } from '../core/event-types.ts'
import type { SnowflakeIds } from '../core/ids.ts'
import type { Account } from './accounts.ts'
import type { Definition, Stored } from './collection.ts'
import type { Database } from './database.ts'
import { eventDefinition, type Cause, type EventRecord } from './events.ts'

/** Something that happened to an object, with the object as it then was. */
export interface Raised {
  readonly type: EventType
  readonly object: Stored
}

/** A record to put, or to take out. */
export type Operation = (stage: Stage) => void
type Stage = <T extends Stored>(definition: Definition<T>, id: string, record: T | undefined) => void

export function put<T extends Stored> (definition: Definition<T>, record: T): Operation {
  return stage => { stage(definition, record.id, record) }
}

export function remove<T extends Stored> (definition: Definition<T>, id: string): Operation {
  return stage => { stage(definition, id, undefined) }
}

/** All that one decision changes. */
export interface Write {
  readonly operations: readonly Operation[]
  readonly raise?: readonly Raised[]
  readonly cause?: Cause | undefined
  /** How long after the write the first webhook leaves; 0 when left out. */
  readonly webhookDelayMs?: number
  /** The events are for show: they are stored and delivered, and nothing else follows from them. */
  readonly isRehearsal?: boolean
  /** The records come back as they once were: nothing happens to the objects. */
  readonly isRestoration?: boolean
}

/** What a deriver may know of a write. */
export interface Written {
  readonly account: Account
  /** Epoch milliseconds of the account's clock. */
  readonly now: number
  readonly events: readonly EventRecord[]
  readonly webhookDelayMs: number
}

/** What follows from a write and belongs into it. */
export interface Derived {
  readonly operations?: readonly Operation[]
  readonly raise?: readonly Raised[]
}

/** Follows from the events of a write what else belongs into the same write. */
export type Deriver = (written: Written) => Derived

export interface CommitOptions {
  readonly database: Database
  readonly ids: SnowflakeIds
  /** Each sees the events of the write and those that the ones before it raised. */
  readonly derivers: readonly Deriver[]
  /** Comes last, since it is for all events of a write. */
  readonly deliver: Deriver
}

/**
 * The one door to the store: objects, their events and whatever derivers add, in one write.
 * @returns the events, already stored
 */
export type Commit = (account: Account, write: Write) => readonly EventRecord[]

/** What a service reads and writes the state with. */
export interface Store {
  readonly database: Database
  readonly commit: Commit
  readonly ids: SnowflakeIds
}

export function createCommit ({ database, ids, derivers, deliver }: CommitOptions): Commit {
  return (account, { operations, raise = [], cause, webhookDelayMs = 0, isRehearsal = false, isRestoration = false }) => {
    const now = account.clock.now()
    const eventOf = ({ type, object }: Raised): EventRecord => ({
      id: ids.next('evt', account.id, now),
      object: 'event',
      created: toWireTime(now),
      livemode: false,
      ...(cause !== undefined && { request: cause }),
      data: { object },
      type
    })
    const events = raise.map(eventOf)
    const derived = [...isRehearsal ? [] : derivers, deliver].flatMap(derive => {
      const { operations: further = [], raise: followed = [] } = derive({ account, now, events: [...events], webhookDelayMs })
      events.push(...followed.map(eventOf))
      return further
    })
    const stage: Stage = (definition, id, record) => { database.stage(definition, account.id, id, record, isRestoration) }
    for (const operation of operations) operation(stage)
    for (const event of events) stage(eventDefinition, event.id, event)
    for (const operation of derived) operation(stage)
    return events
  }
}

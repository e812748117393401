import { toWireTime } from '../core/clock.ts'
import type { SnowflakeIds } from '../core/ids.ts'
import type { Account } from './accounts.ts'
import type { Definition, Stored } from './collection.ts'
import type { Database } from './database.ts'
import { eventDefinition, type Cause, type EventRecord } from './events.ts'

/** Something that happened to an object, with the object as it then was. */
export interface Raised {
  readonly type: string
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
}

/** What a deriver may know of a write. */
export interface Written {
  readonly account: Account
  /** Epoch milliseconds of the account's clock. */
  readonly now: number
  readonly events: readonly EventRecord[]
  readonly webhookDelayMs: number
}

/** Follows from the events of a write what else belongs into the same write. */
export type Deriver = (written: Written) => readonly Operation[]

export interface CommitOptions {
  readonly database: Database
  readonly ids: SnowflakeIds
  readonly derivers: readonly Deriver[]
}

/**
 * The one door to the store: objects, their events and whatever derivers add, in one write.
 * @returns the events, already stored
 */
export type Commit = (account: Account, write: Write) => readonly EventRecord[]

export function createCommit ({ database, ids, derivers }: CommitOptions): Commit {
  return (account, { operations, raise = [], cause, webhookDelayMs = 0 }) => {
    const now = account.clock.now()
    const events = raise.map(({ type, object }): EventRecord => ({
      id: ids.next('evt', account.id, now),
      object: 'event',
      created: toWireTime(now),
      livemode: false,
      ...(cause === undefined ? {} : { request: cause }),
      data: { object },
      type
    }))
    const derived = derivers.flatMap(derive => derive({ account, now, events, webhookDelayMs }))
    const stage: Stage = (definition, id, record) => { database.stage(definition, account.id, id, record) }
    for (const operation of operations) operation(stage)
    for (const event of events) stage(eventDefinition, event.id, event)
    for (const operation of derived) operation(stage)
    return events
  }
}

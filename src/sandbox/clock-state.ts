import { SandboxClock, type ClockState } from '../core/clock.ts'
import { accountDefinition, type Account } from '../store/accounts.ts'
import { BEGINNING, beginningDefinition } from '../store/beginning.ts'
import { put, type Operation } from '../store/commit.ts'
import type { Database } from '../store/database.ts'

/** Where a clock stands. */
export interface Time {
  /** Epoch milliseconds. */
  readonly now: number
  readonly frozen: boolean
}

export function timeOf (clock: SandboxClock): Time {
  return { now: clock.now(), frozen: clock.frozen }
}

/** What stores where an account's clock stands; that of the whole is the one that new accounts begin with. */
export function keptClock (database: Database, account: Account, whole: Account): Operation {
  const clock = account.clock.state
  if (account !== whole) return put(accountDefinition, { ...account.record, clock })
  const beginning = database.collection(beginningDefinition).find(BEGINNING)?.record
  return put(beginningDefinition, { ...beginning, id: BEGINNING, clock })
}

/** By what is stored of a clock: where it has got to since, when things fell due on the way and that could not be stored. */
const reached = new WeakMap<ClockState, ClockState>()

/** Notes where a clock is, though that could not be stored: later ones that fail set it back to there. */
export function noteReached (database: Database, account: Account, whole: Account): void {
  reached.set(storedClock(database, account, whole), account.clock.state)
}

/** Sets a clock back when the write that was to store it has failed. It goes to what is stored, since several may have changed it in the same tick. */
export function setClockBack (database: Database, account: Account, whole: Account): void {
  const stored = storedClock(database, account, whole)
  account.clock.set(timeOf(new SandboxClock(reached.get(stored) ?? stored)))
}

function storedClock (database: Database, account: Account, whole: Account): ClockState {
  const { clock } = (account === whole ? database.collection(beginningDefinition).find(BEGINNING)?.record : undefined) ?? account.record
  return clock
}

import type { SandboxClock } from '../core/clock.ts'
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

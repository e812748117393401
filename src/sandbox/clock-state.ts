import { accountDefinition, type Account } from '../store/accounts.ts'
import { BEGINNING, beginningDefinition } from '../store/beginning.ts'
import { put, type Operation } from '../store/commit.ts'
import type { Database } from '../store/database.ts'

/** What stores where an account's clock stands; that of the whole is the one that new accounts begin with. */
export function keptClock (database: Database, account: Account, whole: Account): Operation {
  const clock = account.clock.state
  if (account !== whole) return put(accountDefinition, { ...account.record, clock })
  const beginning = database.collection(beginningDefinition).find(BEGINNING)?.record
  return put(beginningDefinition, { ...beginning, id: BEGINNING, clock })
}

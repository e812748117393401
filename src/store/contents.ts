import type { Account } from './accounts.ts'
import type { Stored } from './collection.ts'
import { put, remove, type Operation } from './commit.ts'
import type { Database } from './database.ts'

/** What an account has: the records of each collection that has any, by its name. */
export type Contents = Readonly<Record<string, readonly Stored[]>>

/** Everything that an account has, but for what is in the collections that are left out. */
export function contentsOf (database: Database, account: Account, except: ReadonlySet<string>): Contents {
  return Object.fromEntries(collectionsBut(database, except)
    .map(collection => [collection.definition.name, collection.of(account.id)] as const)
    .filter(([, records]) => records.length > 0))
}

/** What makes an account hold these records and no others, but for those in the collections that are left out. */
export function replaceContents (database: Database, account: Account, contents: Contents, except: ReadonlySet<string>): Operation[] {
  return collectionsBut(database, except).flatMap(collection => {
    const { definition } = collection
    const records = contents[definition.name] ?? []
    const kept = new Set(records.map(({ id }) => id))
    // The newest first: that is where a list is short to cut.
    const gone = collection.of(account.id).reverse().filter(({ id }) => !kept.has(id))
    // Most records are still the very same.
    const changed = records.filter(record => collection.find(record.id)?.record !== record)
    return [...gone.map(({ id }) => remove(definition, id)), ...changed.map(record => put(definition, record))]
  })
}

function collectionsBut (database: Database, except: ReadonlySet<string>) {
  return [...database.collections].filter(({ definition }) => !except.has(definition.name))
}

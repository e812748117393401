import type { Account } from './accounts.ts'
import type { Stored } from './collection.ts'
import { put, remove, type Operation } from './commit.ts'
import type { Database } from './database.ts'

/** A stored record, with the name of its collection. */
export type Entry = [collection: string, record: Stored]

/** Everything that an account has, but for what is in the collections that are left out. */
export function contentsOf (database: Database, account: Account, except: ReadonlySet<string>): Entry[] {
  return [...database.collections].filter(({ definition }) => !except.has(definition.name)).flatMap(collection =>
    [...collection.rows()].filter(row => row.account === account.id).map(({ record }): Entry => [collection.definition.name, record]))
}

/** What makes an account hold these records and no others, but for those in the collections that are left out. */
export function replaceContents (database: Database, account: Account, entries: readonly Entry[], except: ReadonlySet<string>): Operation[] {
  const kept = new Map<string, Set<string>>()
  for (const [name, { id }] of entries) {
    const ids = kept.get(name)
    if (ids === undefined) kept.set(name, new Set([id]))
    else ids.add(id)
  }
  // The newest first: that is where a list is short to cut.
  const gone = contentsOf(database, account, except).reverse().filter(([name, { id }]) => kept.get(name)?.has(id) !== true)
  // Most records are still the very same.
  const changed = entries.filter(([name, record]) => database.named(name)?.find(record.id)?.record !== record)
  return [
    ...gone.map(([name, { id }]) => remove(definitionOf(database, name), id)),
    ...changed.map(([name, record]) => put(definitionOf(database, name), record))
  ]
}

function definitionOf (database: Database, name: string) {
  const collection = database.named(name)
  if (collection === undefined) throw new Error(`There is no collection ${name}.`)
  return collection.definition
}

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
  const kept = new Set(entries.map(([name, { id }]) => `${name} ${id}`))
  // The newest first: that is where a list is short to cut.
  const gone = contentsOf(database, account, except).reverse().filter(([name, { id }]) => !kept.has(`${name} ${id}`))
  return [
    ...gone.map(([name, { id }]) => remove(definitionOf(database, name), id)),
    ...entries.map(([name, record]) => put(definitionOf(database, name), record))
  ]
}

function definitionOf (database: Database, name: string) {
  const collection = database.named(name)
  if (collection === undefined) throw new Error(`There is no collection ${name}.`)
  return collection.definition
}

import { statSync } from 'node:fs'
import { isId } from '../core/ids.ts'
import type { Collection, Stored } from './collection.ts'
import { linesOf } from './lines.ts'

export type Collections = ReadonlyMap<string, Collection<Stored>>

/** A file of the store that cannot be understood or used; it is left as it is. */
export class DataFileError extends Error {}

/** What cannot be understood in a file of the store, and what to do about it. */
export function damaged (what: string): DataFileError {
  return new DataFileError(`${what} Bring the data file and its journals back from a copy, or move them away to start empty.`)
}

const FORMAT = 1

/**
 * The data file, a line at a time: one JSON document with one record a line, which names its first journal.
 *
 *     {"wooshpay_sandbox":1,"journal":3,"collections":{
 *     "payment_intents":[
 *     ["acct_1",{"id":"pi_1646356544343769088",…}]
 *     ]
 *     }}
 */
export function * dataFileLines (collections: Collections, journal: number): Generator<string> {
  yield `{"wooshpay_sandbox":${FORMAT},"journal":${journal},"collections":{`
  let separator = '\n'
  for (const [name, collection] of collections) {
    if (collection.size === 0) continue
    yield `${separator}${JSON.stringify(name)}:[`
    separator = '\n'
    // The rows of this moment: new ones may come faster than a slow disk takes them, and the journal has those.
    for (const { account, record } of [...collection.rows()]) {
      yield `${separator}${JSON.stringify([account, record])}`
      separator = ',\n'
    }
    yield '\n]'
    separator = ',\n'
  }
  yield '\n}}\n'
}

/** Fills the collections; answers the number of the first journal that comes after the file. */
export function readDataFile (file: string, collections: Collections, onRead: (bytes: number) => void): number {
  if (!statSync(file).isFile()) throw new DataFileError(`${file} is not a file; DATA_FILE has to name one, or :memory:.`)
  let journal: number | undefined
  let collection: Collection<Stored> | undefined
  let ended = false
  for (const { text, number } of linesOf(file, onRead)) {
    const place = `${file}, line ${number}`
    if (journal === undefined) {
      journal = headerJournal(text, place)
    } else if (ended) {
      throw damaged(`${place}: there is more after the end.`)
    } else if (text === '}}') {
      ended = true
    } else if (text === ']' || text === '],') {
      collection = undefined
    } else if (collection === undefined) {
      const name = /^"(\w+)":\[$/.exec(text)?.[1]
      if (name === undefined) throw damaged(`${place}: expected the name of a collection.`)
      collection = collectionOf(collections, name, place)
    } else {
      const row = parseLine(text.endsWith(',') ? text.slice(0, -1) : text, place)
      if (!isRow(row)) throw damaged(`${place}: expected an account and a record.`)
      putRow(collection, ...row, place)
    }
  }
  if (journal === undefined || !ended) throw damaged(`${file} ends too early: it is not a whole data file.`)
  return journal
}

export function collectionOf (collections: Collections, name: string, place: string): Collection<Stored> {
  const collection = collections.get(name)
  if (collection === undefined) {
    throw new DataFileError(`${place}: this version does not know the collection "${name}"; a newer one may have written it. ` +
      'Start that version, or give this one another DATA_FILE.')
  }
  return collection
}

/**
 * Puts a record in place of the one with its id; answers that one.
 * @throws DataFileError when the record lacks what its kind has
 */
export function putRow (collection: Collection<Stored>, account: string, record: Stored, place: string): Stored | undefined {
  const { name, idPrefix, fault } = collection.definition
  const isMisnamed = idPrefix !== undefined && !(isId(record.id) && record.id.startsWith(`${idPrefix}_`))
  const found = isMisnamed ? `its id is not ${idPrefix}_ and 19 digits` : fault?.(record)
  if (found !== undefined) throw damaged(`${place}: the record is none of ${name}: ${found}.`)
  try {
    return collection.set(account, record)
  } catch (error) {
    throw damaged(`${place}: the record is none of ${name}: ${(error as Error).message}.`)
  }
}

export function parseLine (text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw damaged(`${place}: ${(error as Error).message}.`)
  }
}

export function isStored (value: unknown): value is Stored {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
}

function isRow (value: unknown): value is [account: string, record: Stored] {
  return Array.isArray(value) && typeof value[0] === 'string' && isStored(value[1])
}

function headerJournal (text: string, place: string): number {
  const match = /^\{"wooshpay_sandbox":(\d+),"journal":(\d+),"collections":\{$/.exec(text)
  if (match === null) throw new DataFileError(`${place}: this is not a data file of wooshpay-sandbox. Give DATA_FILE another path.`)
  if (Number(match[1]) !== FORMAT) {
    throw new DataFileError(`${place}: the format ${match[1]} is not known; this version reads ${FORMAT}. ` +
      'Start the version that wrote it, or give this one another DATA_FILE.')
  }
  return Number(match[2])
}

/** Whatever is stored has an id that no other record of its collection has, in any account. */
export interface Stored { readonly id: string }

/** When a record falls due, and what then happens to it. */
export interface Due {
  /** Epoch milliseconds of the account's clock. */
  readonly at: number
  readonly what: string
}

/** What a collection holds; declared once, beside the type of its records. */
export interface Definition<T extends Stored> {
  /** Names the collection in the data file. */
  readonly name: string
  /** What the records' snowflake ids begin with, such as `pi`; left out where their ids are none. */
  readonly idPrefix?: string
  /** False for records that are only ever looked up by their id, which then needs no order. */
  readonly isListed?: false
  /** What records can be found by besides their id: `status:succeeded`, `metadata.order:7`. */
  readonly keys?: (record: T) => readonly string[]
  /** What is wrong with a record that was read, where it would stop the sandbox later. */
  readonly fault?: (record: T) => string | undefined
  /** The record's next appointment with the clock, if it has one. */
  readonly due?: (record: T) => Due | undefined
}

/** A record and the account that it belongs to. */
export interface Row<T extends Stored> {
  readonly account: string
  record: T
}

export interface PageRequest {
  /** 1 to 100. */
  readonly limit: number
  /** Answer what is older than this id. */
  readonly startingAfter?: string | undefined
  /** Answer what is newer than this id. */
  readonly endingBefore?: string | undefined
}

export interface Page<T> {
  readonly data: T[]
  readonly hasMore: boolean
}

/** Rows in the order of their ids, which is the order of their creation. */
type Sorted<T extends Stored> = Array<Row<T>>

const NO_KEYS: readonly string[] = []

/**
 * The records of one kind, in memory: by id, and by account and key in order of creation, so that
 * nothing looks at all records to find one. Only the database changes it.
 */
export class Collection<T extends Stored> {
  readonly definition: Definition<T>
  readonly #rows = new Map<string, Row<T>>()
  readonly #accounts = new Map<string, { all: Sorted<T>, byKey: Map<string, Sorted<T>> }>()

  constructor (definition: Definition<T>) {
    this.definition = definition
  }

  /** The record, when that account has it. */
  get (account: string, id: string): T | undefined {
    const row = this.#rows.get(id)
    return row?.account === account ? row.record : undefined
  }

  /** The record of whichever account has it, for addresses that carry no key. */
  find (id: string): Readonly<Row<T>> | undefined {
    return this.#rows.get(id)
  }

  /** All rows of all accounts, in the order in which they came in. */
  rows (): IterableIterator<Readonly<Row<T>>> {
    return this.#rows.values()
  }

  /** All records of an account, oldest first. */
  of (account: string): T[] {
    const rows = this.definition.isListed === false ? [...this.#rows.values()].filter(row => row.account === account) : this.#sorted(account, undefined)
    return rows.map(({ record }) => record)
  }

  get size (): number {
    return this.#rows.size
  }

  /** How many records an account (and key) has. */
  count (account: string, key?: string): number {
    return this.#sorted(account, key).length
  }

  /** Records of an account (and key), newest first; `from` is an index from the oldest, the newest when left out. */
  * newest (account: string, key?: string, from?: number): Generator<T> {
    const sorted = this.#sorted(account, key)
    for (let index = from ?? sorted.length - 1; index >= 0; index--) {
      const row = sorted[index]
      if (row !== undefined) yield row.record
    }
  }

  /** Records of an account (and key), oldest first. */
  * oldest (account: string, key?: string): Generator<T> {
    for (const { record } of this.#sorted(account, key)) yield record
  }

  /** The newest record of an account (and key). */
  latest (account: string, key?: string): T | undefined {
    return this.#sorted(account, key).at(-1)?.record
  }

  /** One page of an account's records (of a key), newest first. A cursor needs not have the key, nor match. */
  page (account: string, request: PageRequest, key?: string, matches: (record: T) => boolean = () => true): Page<T> {
    const sorted = this.#sorted(account, key)
    const backwards = request.endingBefore !== undefined
    const cursor = request.endingBefore ?? request.startingAfter
    let index = sorted.length - 1
    if (cursor !== undefined) {
      const position = positionOf(sorted, cursor)
      index = !backwards ? position - 1 : sorted[position]?.record.id === cursor ? position + 1 : position
    }
    const data: T[] = []
    for (; data.length <= request.limit; index += backwards ? 1 : -1) {
      const row = sorted[index]
      if (row === undefined) break
      if (matches(row.record)) data.push(row.record)
    }
    const hasMore = data.length > request.limit
    if (hasMore) data.pop()
    return { data: backwards ? data.reverse() : data, hasMore }
  }

  /** Puts a record in place of the one with its id; answers that one. */
  set (account: string, record: T): T | undefined {
    const row = this.#rows.get(record.id)
    if (row === undefined) {
      this.#insert({ account, record })
      return undefined
    }
    const previous = row.record
    const { byKey } = this.#account(row.account)
    const before = new Set(this.#keys(previous))
    const after = new Set(this.#keys(record))
    for (const key of before) if (!after.has(key)) takeOut(byKey, key, row)
    row.record = record
    for (const key of after) if (!before.has(key)) putIn(listOf(byKey, key), row)
    return previous
  }

  /** Takes a record out, and answers it. */
  delete (id: string): T | undefined {
    const row = this.#rows.get(id)
    if (row === undefined) return undefined
    const { all, byKey } = this.#account(row.account)
    this.#rows.delete(id)
    if (this.definition.isListed !== false) all.splice(positionOf(all, id), 1)
    for (const key of this.#keys(row.record)) takeOut(byKey, key, row)
    return row.record
  }

  #insert (row: Row<T>): void {
    const { all, byKey } = this.#account(row.account)
    this.#rows.set(row.record.id, row)
    if (this.definition.isListed !== false) putIn(all, row)
    for (const key of this.#keys(row.record)) putIn(listOf(byKey, key), row)
  }

  #keys (record: T): readonly string[] {
    return this.definition.keys?.(record) ?? NO_KEYS
  }

  #account (account: string): { all: Sorted<T>, byKey: Map<string, Sorted<T>> } {
    let lists = this.#accounts.get(account)
    if (lists === undefined) this.#accounts.set(account, lists = { all: [], byKey: new Map() })
    return lists
  }

  #sorted (account: string, key: string | undefined): Sorted<T> {
    const lists = this.#accounts.get(account)
    return (key === undefined ? lists?.all : lists?.byKey.get(key)) ?? []
  }
}

function listOf<T extends Stored> (byKey: Map<string, Sorted<T>>, key: string): Sorted<T> {
  let sorted = byKey.get(key)
  if (sorted === undefined) byKey.set(key, sorted = [])
  return sorted
}

/** Twice is once: a record may name a key more than once. */
function putIn<T extends Stored> (sorted: Sorted<T>, row: Row<T>): void {
  const newest = sorted.at(-1)
  if (newest === undefined || newest.record.id < row.record.id) {
    sorted.push(row)
    return
  }
  const position = positionOf(sorted, row.record.id)
  if (sorted[position] !== row) sorted.splice(position, 0, row)
}

function takeOut<T extends Stored> (byKey: Map<string, Sorted<T>>, key: string, row: Row<T>): void {
  const sorted = byKey.get(key)
  if (sorted === undefined) return
  const position = positionOf(sorted, row.record.id)
  if (sorted[position] === row) sorted.splice(position, 1)
  if (sorted.length === 0) byKey.delete(key)
}

/** Where the id stands, or where it would stand. Ids of one collection have one length, so text order is their order. */
function positionOf<T extends Stored> (sorted: Sorted<T>, id: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle]?.record.id ?? '') < id) low = middle + 1
    else high = middle
  }
  return low
}

import {
  closeSync, existsSync, fdatasyncSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync,
  renameSync, rmSync, writeSync
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Adapter } from 'lowdb'
import type { Collection, Stored } from './collection.ts'

/** One record as it now is, or its removal. */
export interface Change {
  readonly collection: string
  readonly account: string
  readonly id: string
  /** Undefined when the record was removed. */
  readonly record: Stored | undefined
  /** What stood there before, so that a change can be undone. */
  readonly previous: Stored | undefined
}

/** What lowdb holds: all collections, and what the present tick of the event loop changed in them. */
export interface State {
  readonly collections: ReadonlyMap<string, Collection<Stored>>
  staged: Change[]
}

/** `process`: a write survives the end of the process; `disk`: also that of the machine. */
export type Durability = 'process' | 'disk'

/** A data file that cannot be understood; it is left as it is. */
export class DataFileError extends Error {}

const FORMAT = 1
const NEWLINE = 10
const CHUNK_BYTES = 1 << 20
/** Records a turn while the data file is written: 250 kept the longest stall at 30 ms with 100,000 records. */
const RECORDS_PER_TURN = 250
/** A journal below this size is not worth a new data file. */
const LEAST_COMPACTION_BYTES = 8 << 20

/** A line of the journal: [collection, account, id, record or null] of everything that one tick changed. */
type JournalLine = Array<[string, string, string, Stored | null]>

/**
 * The lowdb adapter that appends instead of rewriting. The data file is one JSON document with one record a line:
 *
 *     {"wooshpay_sandbox":1,"journal":3,"collections":{
 *     "payment_intents":[
 *     ["acct_1",{"id":"pi_1646356544343769088",…}]
 *     ]
 *     }}
 *
 * and names the first journal that comes after it. A journal (`<file>.journal.3`) has a line for each tick of the
 * event loop that changed something, so that whatever was committed together is there as a whole or not at all.
 * When the journal has outgrown the data file, a new journal is begun and the data file written anew beside the
 * work, some records a turn; records that change meanwhile are in the new journal too, so the mixture is right.
 */
export class JournalAdapter implements Adapter<State> {
  readonly #file: string
  readonly #durability: Durability
  readonly #state: State
  #number = 1
  #fd: number | undefined
  /** The length up to which the journal is whole. */
  #length = 0
  /** The end of the journal holds part of a failed append. */
  #torn = false
  #snapshotBytes = 0
  #compacting: Promise<void> | undefined

  constructor (file: string, durability: Durability, state: State) {
    this.#file = file
    this.#durability = durability
    this.#state = state
  }

  /** Fills the state from the files and makes them where they are missing. */
  async read (): Promise<State> {
    mkdirSync(dirname(this.#file), { recursive: true })
    const present = this.#journals()
    if (existsSync(this.#file)) {
      this.#number = this.#readSnapshot()
      const missing = present.filter(number => number > this.#number).find(number => !present.includes(number - 1))
      if (missing !== undefined) {
        throw new DataFileError(`${this.#path(missing - 1)} is missing, but ${this.#path(missing)} needs it. ` +
          'Bring it back, or move the data file and its journals away to start empty.')
      }
    } else if (present.length > 0) {
      throw new DataFileError(`${this.#file} is missing, but its journal ${this.#path(present[0] as number)} is there. ` +
        'Bring the data file back, or remove the journal to start empty.')
    }
    const newest = present.at(-1) ?? 0
    for (const number of present) {
      if (number >= this.#number) this.#readJournal(number, number === newest)
    }
    if (!existsSync(this.#file)) await this.#writeSnapshot(async () => {})
    for (const number of present) {
      if (number < this.#number) rmSync(this.#path(number), { force: true })
    }
    this.#open(Math.max(this.#number, newest))
    return this.#state
  }

  /**
   * Appends what is staged, as one line. When that fails, the journal is cut back to its last whole line, now or,
   * if that fails too, before the next append, so that nothing half-written is ever followed by more.
   */
  async write (state: State): Promise<void> {
    const line: JournalLine = state.staged.map(({ collection, account, id, record }) => [collection, account, id, record ?? null])
    this.#append(Buffer.from(`${JSON.stringify(line)}\n`))
  }

  /** Whether the journal has outgrown the data file. */
  get wantsCompaction (): boolean {
    return this.#compacting === undefined && this.#length > Math.max(LEAST_COMPACTION_BYTES, this.#snapshotBytes)
  }

  /**
   * Writes the data file anew, a few records a turn, and removes the journals that it replaces.
   * @param settle appends what is staged, so that no record is written which may yet be undone
   */
  async compact (settle: () => Promise<void>): Promise<void> {
    this.#compacting ??= this.#compact(settle).finally(() => { this.#compacting = undefined })
    await this.#compacting
  }

  async close (): Promise<void> {
    await this.#compacting?.catch(() => {})
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #append (bytes: Buffer): void {
    const fd = this.#fd as number
    try {
      if (this.#torn) this.#cutBack(fd)
      writeAll(fd, bytes)
      if (this.#durability === 'disk') fdatasyncSync(fd)
      this.#length += bytes.length
    } catch (error) {
      this.#torn = true
      try {
        this.#cutBack(fd)
      } catch {
        // The next append tries again.
      }
      throw error
    }
  }

  #cutBack (fd: number): void {
    ftruncateSync(fd, this.#length)
    this.#torn = false
  }

  async #compact (settle: () => Promise<void>): Promise<void> {
    await settle()
    if (this.#torn) this.#cutBack(this.#fd as number)
    const replaced = this.#fd as number
    this.#open(this.#number + 1)
    closeSync(replaced)
    await this.#writeSnapshot(async () => {
      await nextTurn()
      await settle()
    })
  }

  /** @param pause gives way to other work; called every few records */
  async #writeSnapshot (pause: () => Promise<void>): Promise<void> {
    const journal = this.#number
    const temporary = `${this.#file}.tmp`
    const fd = openSync(temporary, 'w')
    let bytes = 0
    try {
      let lines: string[] = []
      const write = (): void => {
        const buffer = Buffer.from(lines.join(''))
        writeAll(fd, buffer)
        bytes += buffer.length
        lines = []
      }
      for (const line of this.#snapshot(journal)) {
        if (lines.push(line) < RECORDS_PER_TURN) continue
        write()
        await pause()
      }
      write()
      fsyncSync(fd)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, this.#file)
    this.#syncFolder()
    this.#snapshotBytes = bytes
    for (const number of this.#journals()) {
      if (number < journal) rmSync(this.#path(number), { force: true })
    }
  }

  /** A new or renamed file is there for good only when its folder has been written too. */
  #syncFolder (): void {
    const folder = openSync(dirname(this.#file), 'r')
    fsyncSync(folder)
    closeSync(folder)
  }

  /** The data file, a line at a time. */
  * #snapshot (journal: number): Generator<string> {
    yield `{"wooshpay_sandbox":${FORMAT},"journal":${journal},"collections":{`
    let separator = '\n'
    for (const [name, collection] of this.#state.collections) {
      if (collection.size === 0) continue
      yield `${separator}${JSON.stringify(name)}:[`
      separator = '\n'
      for (const { account, record } of collection.rows()) {
        yield `${separator}${JSON.stringify([account, record])}`
        separator = ',\n'
      }
      yield '\n]'
      separator = ',\n'
    }
    yield '\n}}\n'
  }

  /** @returns the number of the first journal that comes after the data file */
  #readSnapshot (): number {
    rmSync(`${this.#file}.tmp`, { force: true })
    let journal: number | undefined
    let collection: Collection<Stored> | undefined
    let ended = false
    for (const { text, number, end } of lines(this.#file)) {
      const place = `${this.#file}, line ${number}`
      this.#snapshotBytes = end
      if (journal === undefined) {
        journal = headerJournal(text, place)
      } else if (ended) {
        if (text !== '') throw new DataFileError(`${place}: there is more after the end.`)
      } else if (text === '}}') {
        ended = true
      } else if (text === ']' || text === '],') {
        collection = undefined
      } else if (collection === undefined) {
        const name = /^"(\w+)":\[$/.exec(text)?.[1]
        if (name === undefined) throw new DataFileError(`${place}: expected the name of a collection.`)
        collection = this.#collection(name, place)
      } else {
        const [account, record] = parse(text.endsWith(',') ? text.slice(0, -1) : text, place) as [string, Stored]
        collection.set(account, record)
      }
    }
    if (journal === undefined || !ended) {
      throw new DataFileError(`${this.#file} ends too early: it is not a whole data file. ` +
        'Bring it back from a copy, or move it away to start empty.')
    }
    return journal
  }

  #readJournal (number: number, newest: boolean): void {
    const path = this.#path(number)
    this.#length = 0
    for (const { text, number: line, end, whole } of lines(path)) {
      if (!whole) {
        if (!newest) throw new DataFileError(`${path}, line ${line}: the line is cut off, though a later journal exists.`)
        break
      }
      for (const [name, account, id, record] of parse(text, `${path}, line ${line}`) as JournalLine) {
        const collection = this.#collection(name, `${path}, line ${line}`)
        if (record === null) collection.delete(id)
        else collection.set(account, record)
      }
      this.#length = end
    }
  }

  #collection (name: string, place: string): Collection<Stored> {
    const collection = this.#state.collections.get(name)
    if (collection === undefined) {
      throw new DataFileError(`${place}: this version does not know the collection "${name}"; a newer one may have written it.`)
    }
    return collection
  }

  #open (number: number): void {
    const path = this.#path(number)
    const isNew = !existsSync(path)
    const fd = openSync(path, 'a')
    if (isNew) {
      this.#length = 0
      this.#syncFolder()
    }
    // What a torn last line left behind goes before anything is appended.
    ftruncateSync(fd, this.#length)
    this.#fd = fd
    this.#number = number
  }

  #path (number: number): string {
    return `${this.#file}.journal.${number}`
  }

  /** Numbers of the journals that exist, in order. */
  #journals (): number[] {
    const prefix = `${basename(this.#file)}.journal.`
    return readdirSync(dirname(this.#file))
      .filter(name => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .map(name => Number(name.slice(prefix.length)))
      .sort((a, b) => a - b)
  }
}

function headerJournal (text: string, place: string): number {
  const match = /^\{"wooshpay_sandbox":(\d+),"journal":(\d+),"collections":\{$/.exec(text)
  if (match === null) throw new DataFileError(`${place}: this is not a data file of wooshpay-sandbox.`)
  if (Number(match[1]) !== FORMAT) throw new DataFileError(`${place}: the format ${match[1]} is not known; this version reads ${FORMAT}.`)
  return Number(match[2])
}

function parse (text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DataFileError(`${place}: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

/** The system may take less than it is given. */
function writeAll (fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
}

/** The lines of a file, read in pieces, so that its size is not limited by that of a string. */
function * lines (path: string): Generator<{ text: string, number: number, end: number, whole: boolean }> {
  const fd = openSync(path, 'r')
  try {
    let rest = Buffer.alloc(0)
    let number = 0
    let end = 0
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      const size = readSync(fd, chunk)
      if (size === 0) break
      rest = rest.length === 0 ? chunk.subarray(0, size) : Buffer.concat([rest, chunk.subarray(0, size)])
      let start = 0
      for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE, start)) {
        end += at + 1 - start
        yield { text: rest.toString('utf8', start, at), number: ++number, end, whole: true }
        start = at + 1
      }
      rest = rest.subarray(start)
    }
    if (rest.length > 0) yield { text: rest.toString(), number: ++number, end: end + rest.length, whole: false }
  } finally {
    closeSync(fd)
  }
}

import {
  closeSync, existsSync, fdatasync, fdatasyncSync, fsync, ftruncateSync, openSync, readdirSync, renameSync, rmSync, statSync
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { SyncAdapter } from 'lowdb'
import type { Stored } from './collection.ts'
import { collectionOf, damaged, DataFileError, dataFileLines, isStored, parseLine, putRow, readDataFile, type Collections } from './data-file.ts'
import { syncFolder } from './folder.ts'
import { linesOf, writeAll } from './lines.ts'

/** One record as it now is, or its removal. */
export interface Change {
  readonly collection: string
  readonly account: string
  readonly id: string
  /** Undefined when the record was removed. */
  readonly record: Stored | undefined
  /** What stood there before, so that a change can be undone. */
  readonly previous: Stored | undefined
  /** An earlier state came back: nothing has happened to the object. */
  readonly isRestoration: boolean
}

/** What lowdb holds: all collections, and what the present tick of the event loop changed in them. */
export interface State {
  readonly collections: Collections
  staged: Change[]
}

/** `process`: a write survives the end of the process; `disk`: also that of the machine. */
export type Durability = 'process' | 'disk'

/** Told how much of the files was read so far, of how much, in bytes. */
export type OnRead = (bytes: number, of: number) => void

/** Webhook secrets and client secrets stand in the files. */
const OWNER_ONLY = 0o600
/** Records a turn while the data file is written: 250 kept the longest stall at 30 ms with 100,000 records. */
const RECORDS_PER_TURN = 250
/** A journal up to this size is not worth a new data file. */
const LEAST_COMPACTION_BYTES = 8 << 20
/** A journal this many times as long as the data file is worth a new one whatever it holds; it costs a quarter more writing at most. */
const LONGEST_JOURNAL = 4

/** A change as the journal has it: collection, account, id, and the record or null. */
type Entry = [collection: string, account: string, id: string, record: Stored | null]

const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)

/**
 * The lowdb adapter that appends instead of rewriting. The data file (`data-file.ts`) names the first journal that
 * comes after it. A journal (`<file>.journal.3`) has a line for each tick of the event loop that changed something,
 * so that whatever was committed together is there as a whole or not at all.
 * When the journals hold more that has been replaced than there are records, or are far longer than the data file, a
 * new journal is begun and the data file written anew beside the work, some records a turn; records that change
 * meanwhile are in the new journal too, so the mixture is right.
 */
export class JournalAdapter implements SyncAdapter<State> {
  readonly #file: string
  readonly #durability: Durability
  readonly #state: State
  readonly #onRead: OnRead
  /** The journal that the data file names. */
  #first = 1
  /** The journal that is appended to. */
  #number = 1
  #fd: number | undefined
  /** The length up to which the journal is whole. */
  #length = 0
  /** The end of the journal holds part of a failed append. */
  #torn = false
  /** Entries of the data file and the journals that later ones have replaced. */
  #replaced = 0
  #dataFileBytes = 0
  #compactAboveBytes = LEAST_COMPACTION_BYTES
  #compacting: Promise<void> | undefined

  constructor (file: string, durability: Durability, state: State, onRead: OnRead = () => {}) {
    this.#onRead = onRead
    this.#file = file
    this.#durability = durability
    this.#state = state
  }

  /** Fills the state from the files, and changes none of them. */
  read (): State {
    const present = this.#journals()
    const sizes = [this.#file, ...present.map(number => this.#path(number))].map(path => statSync(path, { throwIfNoEntry: false })?.size ?? 0)
    const total = sizes.reduce((sum, size) => sum + size, 0)
    let done = 0
    const onPiece = (bytes: number): void => { this.#onRead(done += bytes, total) }
    if (existsSync(this.#file)) {
      this.#first = readDataFile(this.#file, this.#state.collections, onPiece)
      this.#dataFileBytes = statSync(this.#file).size
    } else if (present[0] !== undefined) {
      throw new DataFileError(`${this.#file} is missing, but its journal ${this.#path(present[0])} is there. ` +
        'Bring the data file back, or remove the journal to start empty.')
    }
    this.#number = Math.max(this.#first, present.at(-1) ?? 0)
    for (let number = this.#first; number <= this.#number; number++) {
      if (present.includes(number)) this.#readJournal(number, onPiece)
      else if (number < this.#number) {
        throw new DataFileError(`${this.#path(number)} is missing, but ${this.#path(this.#number)} needs it. ` +
          'Bring it back, or move the data file and its journals away to start empty.')
      }
    }
    return this.#state
  }

  /** Makes the files that are missing, removes those that are left over, and opens the newest journal. */
  async start (): Promise<void> {
    rmSync(this.#temporary, { force: true })
    if (!existsSync(this.#file)) await this.#writeDataFile(() => {})
    this.#removeReplaced()
    // What a torn last line left behind goes before anything is appended.
    this.#open(this.#number, this.#length)
  }

  /**
   * Appends what is staged, as one line. When that fails, the journal is cut back to its last whole line, now or,
   * if that fails too, before the next append, so that nothing half-written is ever followed by more.
   */
  write ({ staged }: State): void {
    const fd = this.#fd
    if (fd === undefined) throw new Error(`${this.#file} is closed`)
    const entries = staged.map(({ collection, account, id, record }): Entry => [collection, account, id, record ?? null])
    const bytes = Buffer.from(`${JSON.stringify(entries)}\n`)
    if (this.#torn) this.#cutBack(fd)
    try {
      writeAll(fd, bytes)
      if (this.#durability === 'disk') fdatasyncSync(fd)
    } catch (error) {
      this.#torn = true
      try {
        this.#cutBack(fd)
      } catch {
        // The next append tries again.
      }
      throw error
    }
    this.#length += bytes.length
    for (const { record, previous } of staged) this.#count(record, previous)
  }

  /** Whether so much of the journals has been replaced that a new data file pays: each record of it for one that goes. */
  get wantsCompaction (): boolean {
    if (this.#compacting !== undefined || this.#length <= this.#compactAboveBytes) return false
    if (this.#length > LONGEST_JOURNAL * Math.max(this.#dataFileBytes, this.#compactAboveBytes)) return true
    const records = [...this.#state.collections.values()].reduce((sum, { size }) => sum + size, 0)
    return this.#replaced > records
  }

  /** Whether the data file alone holds everything. */
  get isCompact (): boolean {
    return this.#length === 0 && this.#number === this.#first
  }

  /**
   * Writes the data file anew, a few records a turn, and removes the journals that it replaces.
   * @param settle appends what is staged, so that no record is written which may yet be undone
   */
  async compact (settle: () => void): Promise<void> {
    this.#compacting ??= this.#compact(settle).finally(() => { this.#compacting = undefined })
    await this.#compacting
  }

  /** @param settle appends what is staged, for the last time */
  async close (settle: () => void): Promise<void> {
    await this.#compacting?.catch(() => {})
    settle()
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #cutBack (fd: number): void {
    ftruncateSync(fd, this.#length)
    this.#torn = false
  }

  async #compact (settle: () => void): Promise<void> {
    const replaced = this.#fd
    if (replaced === undefined) return
    try {
      // A journal that is followed by another has to be whole, after a crash of the machine too: most of it goes to
      // disk beside the work, and what is added meanwhile at the end.
      await syncData(replaced)
      settle()
      if (this.#torn) this.#cutBack(replaced)
      fdatasyncSync(replaced)
      this.#begin(this.#number + 1)
      closeSync(replaced)
      const before = this.#replaced
      await this.#writeDataFile(settle)
      this.#replaced -= before
      this.#removeReplaced()
    } catch (error) {
      // Not again at every write.
      this.#compactAboveBytes = this.#length + LEAST_COMPACTION_BYTES
      throw error
    }
  }

  /** Opens a new journal; when that fails, all goes on in the old one, which nothing may follow then. */
  #begin (number: number): void {
    try {
      this.#open(number, 0)
    } catch (error) {
      rmSync(this.#path(number), { force: true })
      throw error
    }
  }

  #open (number: number, length: number): void {
    const fd = openSync(this.#path(number), 'a', OWNER_ONLY)
    try {
      ftruncateSync(fd, length)
      syncFolder(dirname(this.#file))
    } catch (error) {
      closeSync(fd)
      throw error
    }
    this.#fd = fd
    this.#number = number
    this.#length = length
  }

  async #writeDataFile (settle: () => void): Promise<void> {
    const journal = this.#number
    try {
      const fd = openSync(this.#temporary, 'w', OWNER_ONLY)
      try {
        for (const text of batches(dataFileLines(this.#state.collections, journal))) {
          writeAll(fd, Buffer.from(text))
          await nextTurn()
          settle()
        }
        await syncAll(fd)
        // What changed meanwhile is partly in the data file, and all of it in the journal, which must not be behind.
        if (this.#fd !== undefined) await syncData(this.#fd)
      } finally {
        closeSync(fd)
      }
      renameSync(this.#temporary, this.#file)
    } catch (error) {
      rmSync(this.#temporary, { force: true })
      throw error
    }
    this.#first = journal
    this.#dataFileBytes = statSync(this.#file).size
    this.#compactAboveBytes = LEAST_COMPACTION_BYTES
    syncFolder(dirname(this.#file))
  }

  #removeReplaced (): void {
    for (const number of this.#journals()) if (number < this.#first) rmSync(this.#path(number), { force: true })
  }

  #readJournal (number: number, onPiece: (bytes: number) => void): void {
    const path = this.#path(number)
    this.#length = 0
    for (const { text, number: line, end, whole } of linesOf(path, onPiece)) {
      const place = `${path}, line ${line}`
      if (!whole) {
        if (number < this.#number) throw damaged(`${place}: the line is cut off, though a later journal exists.`)
        return
      }
      const entries = parseLine(text, place)
      if (!isEntries(entries)) throw damaged(`${place}: expected a list of changes.`)
      for (const [name, account, id, record] of entries) {
        const collection = collectionOf(this.#state.collections, name, place)
        const previous = record === null ? collection.delete(id) : putRow(collection, account, record, place)
        this.#count(record ?? undefined, previous)
      }
      this.#length = end
    }
  }

  /** Counts what an entry has replaced: the one before it and, where it removes that, itself. */
  #count (record: Stored | undefined, previous: Stored | undefined): void {
    if (previous !== undefined) this.#replaced++
    if (record === undefined) this.#replaced++
  }

  get #temporary (): string {
    return `${this.#file}.tmp`
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

/** Some lines at a time, as one text. */
function * batches (lines: Iterable<string>): Generator<string> {
  let batch: string[] = []
  for (const line of lines) {
    if (batch.push(line) < RECORDS_PER_TURN) continue
    yield batch.join('')
    batch = []
  }
  yield batch.join('')
}

function isEntries (value: unknown): value is Entry[] {
  return Array.isArray(value) && value.every(entry => Array.isArray(entry) &&
    entry.slice(0, 3).every(text => typeof text === 'string') && (entry[3] === null || isStored(entry[3])))
}

import { accessSync, constants, readlinkSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { LowSync, MemorySync } from 'lowdb'
import { errors } from '../core/errors.ts'
import { idNumber } from '../core/ids.ts'
import { Collection, type Definition, type Stored } from './collection.ts'
import { DataFileError } from './data-file.ts'
import { FileLockedError, lockFile } from './file-lock.ts'
import { makeFolder } from './folder.ts'
import { JournalAdapter, type Change, type Durability, type OnRead, type State } from './journal.ts'

export interface DatabaseOptions {
  /** The data file, or `:memory:` to keep nothing. */
  readonly file: string
  readonly durability: Durability
  readonly definitions: ReadonlyArray<Definition<never>>
  readonly onRead?: OnRead
  /** Told when the data file could not be written anew; the journal goes on in its place. */
  readonly onCompactionError?: (error: unknown) => void
}

/** What became of the changes of one tick: on disk, or undone because they could not be written. */
export type SettledListener = (changes: readonly Change[], outcome: 'written' | 'undone') => void

/** A data file of up to this many records is written anew at a clean stop; more would delay it. */
const COMPACT_AT_STOP_RECORDS = 20_000

/** As many as Linux follows. */
const MOST_LINKS = 40

/**
 * All state. Changes show in memory at once and are written at the end of the same tick of the event loop, in one
 * append; `written()` is what an answer waits for. When the append fails, they are undone.
 */
export class Database {
  readonly #low: LowSync<State>
  readonly #byIdPrefix: ReadonlyMap<string, Collection<Stored>>
  readonly #journal: JournalAdapter | undefined
  readonly #unlock: () => Promise<void>
  readonly #onCompactionError: (error: unknown) => void
  readonly #listeners = new Set<SettledListener>()
  #writing: Promise<void> | undefined
  #settle: { resolve: () => void, reject: (error: Error) => void } | undefined

  /**
   * Opens the data file, or makes it.
   * @throws DataFileError when the file cannot be understood or its folder not be written, FileLockedError when another process has it
   */
  static async open (options: DatabaseOptions): Promise<Database> {
    const collections = new Map(options.definitions.map(definition =>
      [definition.name, new Collection(definition as Definition<Stored>)]))
    const state: State = { collections, staged: [] }
    if (options.file === ':memory:') {
      return new Database(new LowSync(new MemorySync<State>(), state), undefined, async () => {}, options)
    }
    const { file, unlock } = await hold(options.file)
    try {
      const journal = new JournalAdapter(file, options.durability, state, options.onRead)
      const low = new LowSync(journal, state)
      low.read()
      await journal.start()
      return new Database(low, journal, unlock, options)
    } catch (error) {
      await unlock()
      // Of the system: no permission, no room.
      if (!(error instanceof Error && 'syscall' in error)) throw error
      throw new DataFileError(`DATA_FILE is "${options.file}", which cannot be read and written: ${error.message}; ` +
        'allowed: a file that this user may read and write, where there is room, or :memory:.')
    }
  }

  private constructor (
    low: LowSync<State>, journal: JournalAdapter | undefined, unlock: () => Promise<void>, options: DatabaseOptions
  ) {
    this.#low = low
    this.#byIdPrefix = new Map([...this.collections].flatMap(collection =>
      collection.definition.idPrefix === undefined ? [] : [[collection.definition.idPrefix, collection]]))
    this.#journal = journal
    this.#unlock = unlock
    this.#onCompactionError = options.onCompactionError ?? (() => {})
  }

  /** The live collection of a definition. */
  collection<T extends Stored> (definition: Definition<T>): Collection<T> {
    const collection = this.named(definition.name)
    if (collection === undefined) throw new Error(`The collection ${definition.name} is not in the list that app.ts opens.`)
    return collection as unknown as Collection<T>
  }

  /** The live collection of a name, as changes carry it. */
  named (name: string): Collection<Stored> | undefined {
    return this.#low.data.collections.get(name)
  }

  get collections (): Iterable<Collection<Stored>> {
    return this.#low.data.collections.values()
  }

  /** Whether a record, of any account, has this snowflake id. */
  has (id: string): boolean {
    return this.#byIdPrefix.get(id.slice(0, id.indexOf('_')))?.find(id) !== undefined
  }

  /**
   * The newest snowflake id of an account, of whatever kind.
   * @param known one that the account has had besides
   */
  latestId (account: string, known = ''): string | undefined {
    return [known, ...[...this.#byIdPrefix.values()].map(collection => collection.latest(account)?.id ?? '')]
      .filter(id => id !== '')
      .toSorted((a, b) => idNumber(a) < idNumber(b) ? -1 : 1)
      .at(-1)
  }

  /** Puts a record, or takes it out. Only `commit` calls this. */
  stage<T extends Stored> (definition: Definition<T>, account: string, id: string, record: T | undefined, isRestoration = false): void {
    const collection = this.collection(definition)
    const previous = record === undefined ? collection.delete(id) : collection.set(account, record)
    this.#low.data.staged.push({ collection: definition.name, account, id, record, previous, isRestoration })
    if (this.#writing !== undefined) return
    this.#writing = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
    // Whoever waits is told; where nobody does, the listeners still are.
    this.#writing.catch(() => {})
    setImmediate(() => { this.#flush() })
  }

  /**
   * Resolves when all that is in memory is on disk; undefined when it is already.
   * Rejects with `storage_unavailable` when it could not be written and was undone.
   */
  written (): Promise<void> | undefined {
    return this.#writing
  }

  /** @returns a function that ends the listening */
  onSettled (listener: SettledListener): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** Writes the data file anew, so that it alone holds everything. */
  async compact (): Promise<void> {
    await this.#journal?.compact(() => { this.#flush() })
  }

  /** Writes what is left and lets go of the file. */
  async close (): Promise<void> {
    this.#flush()
    const records = [...this.collections].reduce((sum, collection) => sum + collection.size, 0)
    if (records <= COMPACT_AT_STOP_RECORDS && this.#journal?.isCompact === false) await this.compact().catch(this.#onCompactionError)
    try {
      await this.#journal?.close(() => { this.#flush() })
    } finally {
      await this.#unlock()
    }
  }

  /** All in one go, so that nothing is staged upon a change that is about to be undone. */
  #flush (): void {
    const { staged } = this.#low.data
    const settle = this.#settle
    if (staged.length === 0 || settle === undefined) return
    let failure: Error | undefined
    try {
      this.#low.write()
    } catch (error) {
      failure = errors.storage_unavailable(error instanceof Error ? error.message : String(error))
      this.#undo(staged)
    }
    this.#low.data.staged = []
    this.#writing = this.#settle = undefined
    if (failure === undefined) settle.resolve()
    else settle.reject(failure)
    for (const listener of this.#listeners) listener(staged, failure === undefined ? 'written' : 'undone')
    if (this.#journal?.wantsCompaction === true) this.compact().catch(this.#onCompactionError)
  }

  #undo (changes: readonly Change[]): void {
    for (const { collection: name, account, id, previous } of changes.toReversed()) {
      const collection = this.named(name)
      if (previous === undefined) collection?.delete(id)
      else collection?.set(account, previous)
    }
  }
}

/** Makes a file's folder and locks the file itself, whatever links lead to it. */
async function hold (path: string): Promise<{ file: string, unlock: () => Promise<void> }> {
  try {
    if (path.endsWith('/')) throw new DataFileError(`${path} is not a file; DATA_FILE has to name one, or :memory:.`)
    const file = behindLinks(path)
    makeFolder(dirname(file))
    accessSync(dirname(file), constants.W_OK | constants.X_OK)
    return { file, unlock: await lockFile(file) }
  } catch (error) {
    if (error instanceof FileLockedError || error instanceof DataFileError) throw error
    throw new DataFileError(`DATA_FILE is "${path}", whose folder cannot be used: ${(error as Error).message}; ` +
      'allowed: a path in a folder that can be written, or :memory:.')
  }
}

/** What a path's symbolic links lead to, also where nothing is yet. */
function behindLinks (path: string, links = 0): string {
  let target: string
  try {
    target = readlinkSync(path)
  } catch {
    return path
  }
  if (links === MOST_LINKS) throw new Error('its symbolic links have no end')
  return behindLinks(resolve(dirname(path), target), links + 1)
}

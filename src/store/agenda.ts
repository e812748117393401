import type { Accounts } from './accounts.ts'
import type { Due } from './collection.ts'
import type { Database } from './database.ts'

/** Does what has fallen due, after looking at the record again: it may have changed meanwhile. */
export type DueHandler = (account: string, id: string) => void | Promise<void>

/** How long something that could not be done or stored waits for its next try, in real time. */
const RETRY_MS = 1000

/**
 * Keeps the appointments of records with their account's clock. They follow from the records themselves
 * (`due` of their definition), so that they need no storage, survive a restart and are never out of date.
 */
export class Agenda {
  readonly #database: Database
  readonly #accounts: Accounts
  readonly #handlers: ReadonlyMap<string, DueHandler>
  readonly #onError: (error: unknown, what: string, id: string) => void
  readonly #appointments = new Map<string, { due: Due, cancel: () => void }>()
  readonly #retries = new Set<NodeJS.Timeout>()

  constructor (options: {
    database: Database
    accounts: Accounts
    handlers: Readonly<Record<string, DueHandler>>
    onError: (error: unknown, what: string, id: string) => void
  }) {
    this.#database = options.database
    this.#accounts = options.accounts
    this.#handlers = new Map(Object.entries(options.handlers))
    this.#onError = options.onError
  }

  /** Takes up the appointments of everything stored, and from then on of every change that has been written. */
  start (): void {
    for (const collection of this.#database.collections) {
      const { name, due } = collection.definition
      if (due === undefined) continue
      // Most records have had their last appointment.
      for (const { account, record } of collection.rows()) if (due(record) !== undefined) this.#note(name, account, record.id)
    }
    this.#database.onSettled((changes, outcome) => {
      for (const { collection, account, id } of changes) {
        if (outcome === 'written') this.#note(collection, account, id)
        else this.#later(() => { this.#note(collection, account, id) })
      }
    })
  }

  stop (): void {
    for (const retry of this.#retries) clearTimeout(retry)
    this.#accounts.stop()
  }

  #note (name: string, account: string, id: string): void {
    const collection = this.#database.named(name)
    if (collection?.definition.due === undefined) return
    const record = collection.get(account, id)
    const due = record === undefined ? undefined : collection.definition.due(record)
    const key = `${name} ${id}`
    const known = this.#appointments.get(key)
    if (known !== undefined && known.due.at === due?.at && known.due.what === due.what) return
    known?.cancel()
    this.#appointments.delete(key)
    if (due !== undefined) this.#appointments.set(key, { due, cancel: this.#appoint(name, account, id, due) })
  }

  /** @returns a function that takes the appointment back */
  #appoint (name: string, account: string, id: string, due: Due): () => void {
    const handler = this.#handlers.get(due.what)
    const clock = this.#accounts.byId(account)?.clock
    if (handler === undefined || clock === undefined) throw new Error(`Nobody handles ${due.what} of ${account}.`)
    return clock.at({
      ...due,
      id,
      run: async () => {
        this.#appointments.delete(`${name} ${id}`)
        try {
          await handler(account, id)
          // What follows from it has its own appointment by then, and comes in its turn when the clock is moved.
          await this.#database.written()
        } catch (error) {
          this.#onError(error, due.what, id)
          this.#later(() => { this.#note(name, account, id) })
        }
      }
    })
  }

  #later (run: () => void): void {
    const timeout = setTimeout(() => {
      this.#retries.delete(timeout)
      run()
    }, RETRY_MS).unref()
    this.#retries.add(timeout)
  }
}

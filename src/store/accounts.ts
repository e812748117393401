import { accountId, maskKey, publishableKey } from '../core/api-keys.ts'
import { isClockState, SandboxClock, type ClockState } from '../core/clock.ts'
import { isId } from '../core/ids.ts'
import type { Switches } from '../core/switches.ts'
import type { Definition } from './collection.ts'
import type { Database } from './database.ts'

/** What is stored of an account; the key itself is not. */
export interface AccountRecord {
  readonly id: string
  /** `sk_test_…7f3a`, enough for a person to tell keys apart. */
  readonly masked_key: string
  readonly publishable_key: string
  readonly clock: ClockState
  /** The newest id that the account had before a state was brought back; later ids follow it. */
  readonly latest_id?: string
  /** What pages call the shop; undefined: as the settings say. */
  readonly name?: string
  /** The endpoint that comes from the settings, not from a call. */
  readonly webhook_endpoint?: string
  /** The switches that differ from the defaults of this process. */
  readonly switches: Partial<Switches>
}

export const accountDefinition: Definition<AccountRecord> = {
  name: 'accounts',
  fault: ({ clock, latest_id: latestId }) => !isClockState(clock) ? 'its clock says no time' : latestId !== undefined && !isId(latestId) ? 'its latest_id is no id' : undefined
}

/** A key's own world: its objects, its switches and its time. */
export interface Account {
  readonly id: string
  readonly clock: SandboxClock
  readonly record: AccountRecord
  readonly switches: Switches
}

export interface AccountsOptions {
  readonly database: Database
  readonly defaults: Switches
  /** The clock of the sandbox as a whole, at which new accounts begin. */
  readonly clock: ClockState
  /** Stores a new account, together with whatever else it begins with. */
  readonly open: (account: Account) => void
}

/** Opens an account for every test key, at its first use. */
export class Accounts {
  /** The sandbox as a whole: what belongs to no account is stored under its id. */
  readonly whole: Account
  readonly #options: AccountsOptions
  readonly #live = new Map<string, LiveAccount>()
  /** Of the keys that came since the start, in memory only. */
  readonly #bySecretKey = new Map<string, LiveAccount>()
  readonly #byPublishableKey = new Map<string, string>()

  constructor (options: AccountsOptions) {
    this.#options = options
    this.whole = new LiveAccount({ id: 'sandbox', masked_key: '', publishable_key: '', clock: options.clock, switches: {} }, options)
    for (const { record } of options.database.collection(accountDefinition).rows()) {
      this.#live.set(record.id, new LiveAccount(record, options))
      this.#byPublishableKey.set(record.publishable_key, record.id)
    }
  }

  /** The account of a secret key, made now if the key is new. */
  bySecretKey (key: string): Account {
    let account = this.#bySecretKey.get(key)
    if (account === undefined) this.#bySecretKey.set(key, account = this.#liveOf(key))
    // New, or its first write failed and was undone.
    if (!account.isStored) this.#options.open(account)
    return account
  }

  #liveOf (key: string): LiveAccount {
    const id = accountId(key)
    const known = this.#live.get(id)
    if (known !== undefined) return known
    const account = new LiveAccount({
      id,
      masked_key: maskKey(key),
      publishable_key: publishableKey(key),
      clock: this.whole.clock.state,
      switches: {}
    }, this.#options)
    this.#live.set(id, account)
    this.#byPublishableKey.set(account.record.publishable_key, id)
    return account
  }

  /** The account of a publishable key, which exists once its secret key was used. */
  byPublishableKey (key: string): Account | undefined {
    return this.byId(this.#byPublishableKey.get(key) ?? '')
  }

  byId (id: string): Account | undefined {
    return this.#live.get(id)
  }

  /** The account of a stored record, which must exist. */
  require (id: string): Account {
    const account = this.#live.get(id)
    if (account === undefined) throw new Error(`There is no account ${id}.`)
    return account
  }

  /** Every account that has been used, oldest first. */
  all (): Account[] {
    return [...this.#live.values()].filter(account => account.isStored)
  }

  /** Ends the timers of all clocks. */
  stop (): void {
    for (const account of [this.whole, ...this.#live.values()]) account.clock.stop()
  }
}

class LiveAccount implements Account {
  readonly id: string
  readonly clock: SandboxClock
  readonly #initial: AccountRecord
  readonly #options: AccountsOptions
  #switches: { own: Partial<Switches>, all: Switches } | undefined

  constructor (record: AccountRecord, options: AccountsOptions) {
    this.id = record.id
    this.clock = new SandboxClock(record.clock)
    this.#initial = record
    this.#options = options
  }

  get isStored (): boolean {
    return this.#options.database.collection(accountDefinition).find(this.id) !== undefined
  }

  get record (): AccountRecord {
    return this.#options.database.collection(accountDefinition).find(this.id)?.record ?? this.#initial
  }

  get switches (): Switches {
    const { switches } = this.record
    if (this.#switches?.own !== switches) this.#switches = { own: switches, all: { ...this.#options.defaults, ...switches } }
    return this.#switches.all
  }
}

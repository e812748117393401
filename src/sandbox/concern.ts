import type { FastifyRequest } from 'fastify'
import { errors } from '../core/errors.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import type { Collection, Stored } from '../store/collection.ts'

/** Names the account of a call by its id, for whoever has no key: the dashboard never sees one. */
export const ACCOUNT_HEADER = 'sandbox-account'

/** Which accounts a call concerns: that of its key, or of the header, or all of them where it has neither. */
export class Concern {
  readonly #accounts: Accounts
  readonly #accountOf: (request: FastifyRequest) => Account | undefined
  /** A call that waits asks again and again. */
  readonly #known = new WeakMap<FastifyRequest, Account | undefined>()

  /** @param accountOf the account of a request's key; undefined when it has none */
  constructor (accounts: Accounts, accountOf: (request: FastifyRequest) => Account | undefined) {
    this.#accounts = accounts
    this.#accountOf = accountOf
  }

  /**
   * The one account, or undefined for all.
   * @throws ApiError when the header names none, or the key is none
   */
  one (request: FastifyRequest): Account | undefined {
    if (!this.#known.has(request)) this.#known.set(request, this.#accountOf(request) ?? this.#named(request))
    return this.#known.get(request)
  }

  #named ({ headers }: FastifyRequest): Account | undefined {
    const id = headers[ACCOUNT_HEADER]
    if (id === undefined || id === '') return undefined
    const account = this.#accounts.byId(String(id))
    if (account === undefined) {
      throw errors.parameter_invalid('Sandbox-Account', id, `is not one of: ${this.#accounts.all().map(({ id, record }) => `${id} (${record.masked_key})`).join(', ') || 'there is no account yet'}`)
    }
    return account
  }

  /** The accounts, oldest first. */
  all (request: FastifyRequest): Account[] {
    const one = this.one(request)
    return one === undefined ? this.#accounts.all() : [one]
  }

  /**
   * The accounts that a call changes, oldest first.
   * @throws ApiError when there are none yet, so that the call would change nothing, and nothing of later accounts either
   */
  some (request: FastifyRequest): [Account, ...Account[]] {
    const [first, ...others] = this.all(request)
    if (first === undefined) throw errors.account_missing()
    return [first, ...others]
  }

  /** The accounts, with what belongs to none before them where the call concerns all: new accounts begin at its time. */
  withWhole (request: FastifyRequest): Account[] {
    const one = this.one(request)
    return one === undefined ? [this.#accounts.whole, ...this.#accounts.all()] : [one]
  }

  /** A record by its id, with the account that has it, when the call concerns that. */
  row<T extends Stored> (request: FastifyRequest, records: Collection<T>, id: string): { account: Account, record: T } | undefined {
    const row = records.find(id)
    const account = this.#accounts.byId(row?.account ?? '')
    const one = this.one(request)
    return row === undefined || account === undefined || (one !== undefined && one !== account) ? undefined : { account, record: row.record }
  }

  /** What is kept for one account, or for the sandbox as a whole, is stored under the id of this. */
  keeper (request: FastifyRequest): Account {
    return this.one(request) ?? this.#accounts.whole
  }
}

import type { FastifyRequest } from 'fastify'
import type { Account, Accounts } from '../store/accounts.ts'

/** Which accounts a call concerns: that of its key, or all of them where it has none. */
export class Concern {
  readonly #accounts: Accounts
  readonly #accountOf: (request: FastifyRequest) => Account | undefined

  /** @param accountOf the account of a request's key; undefined when it has none */
  constructor (accounts: Accounts, accountOf: (request: FastifyRequest) => Account | undefined) {
    this.#accounts = accounts
    this.#accountOf = accountOf
  }

  /** The one account, or undefined for all. */
  one (request: FastifyRequest): Account | undefined {
    return this.#accountOf(request)
  }

  /** The accounts, oldest first. */
  all (request: FastifyRequest): Account[] {
    const one = this.#accountOf(request)
    return one === undefined ? this.#accounts.all() : [one]
  }

  /** The accounts, with what belongs to none before them where the call concerns all: new accounts begin at its time. */
  withWhole (request: FastifyRequest): Account[] {
    const one = this.#accountOf(request)
    return one === undefined ? [this.#accounts.whole, ...this.#accounts.all()] : [one]
  }

  /**
   * The account that has an object, when the call concerns it.
   * @param owner the id of the account that has it
   */
  owner (request: FastifyRequest, owner: string | undefined): Account | undefined {
    const one = this.#accountOf(request)
    const account = this.#accounts.byId(owner ?? '')
    return one === undefined || one.id === account?.id ? account : undefined
  }

  /** What is kept for one account, or for the sandbox as a whole, is stored under the id of this. */
  keeper (request: FastifyRequest): Account {
    return this.#accountOf(request) ?? this.#accounts.whole
  }
}

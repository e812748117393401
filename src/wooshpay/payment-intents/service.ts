import { isSame } from '../../core/constant-time.ts'
import { errors } from '../../core/errors.ts'
import type { Secrets } from '../../core/ids.ts'
import type { Caller } from '../../http/api.ts'
import type { Account } from '../../store/accounts.ts'
import type { Collection, Row } from '../../store/collection.ts'
import type { Store } from '../../store/commit.ts'
import type { Cause } from '../../store/events.ts'
import { customerDefinition, type Customer } from '../customers/schema.ts'
import type { PaymentMethodRules } from '../payment-methods/rules.ts'
import { paymentMethodDefinition, type PaymentMethod } from '../payment-methods/schema.ts'
import { listAnswer, listOf, type List } from '../lists.ts'
import { found } from '../wire.ts'
import * as lifecycle from './lifecycle.ts'
import { operationsOf, type Decision, type Outcome, type Surroundings } from './decision.ts'
import {
  paymentIntentDefinition, type CancelParameters, type CaptureParameters, type ConfirmParameters, type CreateParameters, type ListParameters,
  type PaymentIntent, type PaymentIntentRecord, type SearchParameters, type UpdateParameters
} from './schema.ts'
import { searchKeys } from './search.ts'

export interface PaymentIntentsOptions extends Store {
  readonly secrets: Secrets
  readonly rules: PaymentMethodRules
}

/**
 * Loads PaymentIntents, lets the lifecycle decide, and commits what it decides. Every method throws an ApiError where
 * the call is refused, and has changed nothing then.
 */
export class PaymentIntents {
  readonly #options: PaymentIntentsOptions
  readonly #records: Collection<PaymentIntentRecord>
  readonly #methods: Collection<PaymentMethod>
  readonly #customers: Collection<Customer>

  constructor (options: PaymentIntentsOptions) {
    this.#options = options
    this.#records = options.database.collection(paymentIntentDefinition)
    this.#methods = options.database.collection(paymentMethodDefinition)
    this.#customers = options.database.collection(customerDefinition)
  }

  /** `POST /v1/payment_intents`. */
  create (caller: Caller, parameters: CreateParameters): PaymentIntent {
    return this.#do(caller, lifecycle.create(parameters, this.around(caller.account, caller.publicUrl)))
  }

  /** `POST /v1/payment_intents/{id}/confirm`; a publishable key has to present the `client_secret`. */
  confirm (caller: Caller, id: string, parameters: ConfirmParameters): PaymentIntent {
    const record = this.#load(caller, id, parameters.client_secret)
    return this.#do(caller, lifecycle.confirm(record, parameters, this.around(caller.account, caller.publicUrl)))
  }

  /** `POST /v1/payment_intents/{id}`. */
  update (caller: Caller, id: string, parameters: UpdateParameters): PaymentIntent {
    return this.#do(caller, lifecycle.update(this.#load(caller, id), parameters, this.around(caller.account, caller.publicUrl)))
  }

  /** `POST /v1/payment_intents/{id}/cancel`. */
  cancel (caller: Caller, id: string, parameters: CancelParameters): PaymentIntent {
    return this.#do(caller, lifecycle.cancel(this.#load(caller, id), parameters, this.around(caller.account, caller.publicUrl)))
  }

  /** `POST /v1/payment_intents/{id}/capture`. */
  capture (caller: Caller, id: string, parameters: CaptureParameters): PaymentIntent {
    return this.#do(caller, lifecycle.capture(this.#load(caller, id), parameters, this.around(caller.account, caller.publicUrl)))
  }

  /** `GET /v1/payment_intents/{id}`; a publishable key has to present the `client_secret`. */
  retrieve (caller: Caller, id: string, clientSecret?: string): PaymentIntent {
    return this.#load(caller, id, clientSecret).intent
  }

  /** `GET /v1/payment_intents`. */
  list (account: Account, parameters: ListParameters): List<PaymentIntent> {
    const { customer } = parameters
    return listOf(this.#records, account, parameters, {
      url: '/v1/payment_intents', what: 'PaymentIntent', key: customer === undefined ? undefined : `customer:${customer}`, show: ({ intent }) => intent
    })
  }

  /** `GET /v1/payment_intents/search`: the newest ones that meet all conditions; the rarest one says where to look. */
  search (account: Account, { query, limit = 10 }: SearchParameters): List<PaymentIntent> {
    const keys = searchKeys(query)
    const [rarest] = keys.toSorted((a, b) => this.#records.count(account.id, a) - this.#records.count(account.id, b))
    const keysOf = paymentIntentDefinition.keys ?? (() => [])
    const { data, hasMore } = this.#records.page(account.id, { limit }, rarest, record => {
      const own = keysOf(record)
      return keys.every(key => own.includes(key))
    })
    return listAnswer('/v1/payment_intents/search', { data: data.map(({ intent }) => intent), hasMore })
  }

  /** The record of whichever account has it, for the wallet's pages, whose addresses carry no key. */
  find (id: string): Readonly<Row<PaymentIntentRecord>> | undefined {
    return this.#records.find(id)
  }

  /**
   * Ends the customer's present attempt.
   * @returns the PaymentIntent as it now is
   */
  finish (account: Account, id: string, outcome: Outcome, { webhookDelayMs = 0 } = {}): PaymentIntent {
    const record = found(this.#records.get(account.id, id), 'PaymentIntent', id)
    return this.#commit(account, lifecycle.finish(record, outcome, this.around(account, '')), { webhookDelayMs })
  }

  /** The customer's time is over: what the clock calls at `lapses_at_ms`. */
  lapse (account: Account, id: string): void {
    const lapsesAt = this.#records.get(account.id, id)?.lapses_at_ms
    if (lapsesAt === undefined || lapsesAt > account.clock.now()) return
    this.finish(account, id, { kind: 'failed', failure: lifecycle.LAPSED })
  }

  /** The wallet's late answer: what the clock calls at `settles.at_ms`. */
  settle (account: Account, id: string): void {
    const settles = this.#records.get(account.id, id)?.settles
    if (settles === undefined || settles.at_ms > account.clock.now()) return
    const { failure } = settles
    this.finish(account, id, failure === undefined ? { kind: 'paid' } : { kind: 'failed', failure })
  }

  /** What deciding about an account's PaymentIntents needs. */
  around (account: Account, publicUrl: string): Surroundings {
    const { ids, secrets, rules } = this.#options
    const now = account.clock.now()
    return {
      now,
      newId: prefix => ids.next(prefix, account.id, now),
      newClientSecret: id => `${id}_secret_${secrets(24, id)}`,
      rules,
      savedMethod: id => this.#methods.get(account.id, id),
      customer: id => this.#customers.get(account.id, id),
      publicUrl
    }
  }

  #load ({ account, isPublishable }: Caller, id: string, clientSecret = ''): PaymentIntentRecord {
    const record = found(this.#records.get(account.id, id), 'PaymentIntent', id)
    if (isPublishable && !isSame(clientSecret, record.intent.client_secret)) throw errors.client_secret_invalid(id)
    return record
  }

  #do (caller: Caller, decision: Decision): PaymentIntent {
    return this.#commit(caller.account, decision, { cause: caller.cause })
  }

  #commit (account: Account, decision: Decision, how: { cause?: Cause | undefined, webhookDelayMs?: number }): PaymentIntent {
    this.#options.commit(account, { operations: operationsOf(decision), raise: decision.raise, ...how })
    return decision.record.intent
  }
}

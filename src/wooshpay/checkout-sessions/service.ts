import type { Caller } from '../../http/api.ts'
import type { Account } from '../../store/accounts.ts'
import type { Collection, Row } from '../../store/collection.ts'
import { put, type Deriver, type Store } from '../../store/commit.ts'
import type { Cause } from '../../store/events.ts'
import { listOf, listWithin, type List } from '../lists.ts'
import { operationsOf } from '../payment-intents/decision.ts'
import { paymentIntentDefinition, type PaymentIntentRecord } from '../payment-intents/schema.ts'
import type { PaymentIntents } from '../payment-intents/service.ts'
import { operationsOf as priceOperationsOf } from '../prices/lifecycle.ts'
import type { Prices } from '../prices/service.ts'
import { productDefinition } from '../products/schema.ts'
import { found } from '../wire.ts'
import * as lifecycle from './lifecycle.ts'
import {
  checkoutSessionDefinition, type CheckoutSession, type CheckoutSessionRecord, type CreateParameters, type LineItem, type LineItemListParameters,
  type ListParameters
} from './schema.ts'

export interface CheckoutSessionsOptions extends Store {
  readonly intents: PaymentIntents
  readonly prices: Prices
}

/** Hosted checkouts, each with its PaymentIntent. Every method throws an ApiError where the call is refused, and has changed nothing then. */
export class CheckoutSessions {
  readonly #options: CheckoutSessionsOptions
  readonly #records: Collection<CheckoutSessionRecord>
  readonly #intents: Collection<PaymentIntentRecord>

  constructor (options: CheckoutSessionsOptions) {
    this.#options = options
    this.#records = options.database.collection(checkoutSessionDefinition)
    this.#intents = options.database.collection(paymentIntentDefinition)
  }

  /** `POST /v1/checkout/sessions`: the session, its PaymentIntent and its inline prices, in one write. */
  create ({ account, publicUrl, cause }: Caller, parameters: CreateParameters): CheckoutSession {
    const { database, commit, intents, prices } = this.#options
    const products = database.collection(productDefinition)
    const { record, prices: made, intent } = lifecycle.create(parameters, {
      ...intents.around(account, publicUrl),
      publishableKey: account.record.publishable_key,
      price: id => prices.find(account, id),
      product: id => products.get(account.id, id)
    })
    commit(account, {
      operations: [put(checkoutSessionDefinition, record), ...made.flatMap(priceOperationsOf), ...operationsOf(intent)], raise: intent.raise, cause
    })
    return record.session
  }

  /** @throws ApiError when the account has no such session */
  retrieve (account: Account, id: string): CheckoutSession {
    return this.#load(account, id).session
  }

  /** `GET /v1/checkout/sessions`, and the documented path of the same list. */
  list (account: Account, parameters: ListParameters, url: string): List<CheckoutSession> {
    const { customer, payment_intent: intent, customer_details: { email } = {} } = parameters
    return listOf(this.#records, account, parameters, {
      url,
      what: 'checkout session',
      key: intent !== undefined ? `payment_intent:${intent}` : customer !== undefined ? `customer:${customer}` : undefined,
      matches: session => (customer === undefined || session.customer === customer) &&
        (email === undefined || (session.customer_details?.email ?? session.customer_email) === email),
      show: ({ session }) => session
    })
  }

  /** `GET …/{id}/line_items`: in the order of the request. */
  lineItems (account: Account, id: string, parameters: LineItemListParameters): List<LineItem> {
    const { line_items: { data } } = this.retrieve(account, id)
    return listWithin(data, parameters, { url: `/v1/checkout/sessions/${id}/line_items`, what: 'line item' })
  }

  /** `POST …/{id}/expire`. */
  expire ({ account, cause }: Caller, id: string): CheckoutSession {
    return this.#expire(account, this.#load(account, id), cause)
  }

  /** What the clock calls at `expires_at`; while the wallet is still deciding it waits for the result. */
  expireDue (account: Account, id: string): void {
    const record = this.#records.get(account.id, id)
    if (record === undefined || record.session.status !== 'open' || record.session.expires_at > account.clock.now()) return
    if (!lifecycle.isBeingPaid(this.#intentOf(account, record))) this.#expire(account, record)
  }

  /** The record of whichever account has it, for the hosted page, whose address carries no secret key. */
  find (id: string): Readonly<Row<CheckoutSessionRecord>> | undefined {
    return this.#records.find(id)
  }

  /** Completes a session in the write in which its PaymentIntent succeeds. */
  readonly derive: Deriver = ({ account, now, events }) => {
    const ended = events.flatMap(({ type, data: { object } }) => {
      if (type !== 'payment_intent.succeeded' && type !== 'payment_intent.payment_failed') return []
      const record = this.#records.latest(account.id, `payment_intent:${object.id}`)
      if (record === undefined) return []
      if (type === 'payment_intent.succeeded') return [lifecycle.complete(record)]
      // Its time ran out while the wallet was deciding: written again, it is due again.
      return record.session.expires_at <= now ? [record] : []
    })
    return {
      operations: ended.map(record => put(checkoutSessionDefinition, record)),
      raise: ended.filter(({ session }) => session.status === 'complete').flatMap(record => lifecycle.sessionEvents(record, account.switches.SESSION_EVENTS))
    }
  }

  #expire (account: Account, record: CheckoutSessionRecord, cause?: Cause): CheckoutSession {
    const { record: expired, intent } = lifecycle.expire(record, this.#intentOf(account, record), account.clock.now())
    this.#options.commit(account, {
      operations: [put(checkoutSessionDefinition, expired), ...operationsOf(intent)],
      raise: [...intent.raise, ...lifecycle.sessionEvents(expired, account.switches.SESSION_EVENTS)],
      cause
    })
    return expired.session
  }

  #load (account: Account, id: string): CheckoutSessionRecord {
    return found(this.#records.get(account.id, id), 'checkout session', id)
  }

  #intentOf (account: Account, { session: { payment_intent: id } }: CheckoutSessionRecord): PaymentIntentRecord {
    return found(this.#intents.get(account.id, id), 'PaymentIntent', id)
  }
}

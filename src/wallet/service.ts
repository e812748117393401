import { errors } from '../core/errors.ts'
import type { Language } from '../html/language.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import type { Collection } from '../store/collection.ts'
import { put, type Commit } from '../store/commit.ts'
import type { Database } from '../store/database.ts'
import { eventDefinition } from '../store/events.ts'
import { deliveryDefinition, type Delivery } from '../webhooks/deliveries.ts'
import type { Dispatcher } from '../webhooks/dispatcher.ts'
import type { PaymentIntent, PaymentIntentRecord } from '../wooshpay/payment-intents/schema.ts'
import type { PaymentIntents } from '../wooshpay/payment-intents/service.ts'
import type { PaymentMethodRule, PaymentMethodRules } from '../wooshpay/payment-methods/rules.ts'
import type { WalletBalances } from './balances.ts'
import { OUTCOMES, type Ending } from './outcomes.ts'
import type { OutcomeQueue } from './queue.ts'
import { enter, newVisit, remembering, visitDefinition, type Entry, type Visit } from './visit.ts'
import { wayBack } from './way-back.ts'

const PAID: ReadonlyArray<PaymentIntent['status']> = ['succeeded', 'requires_capture']

/** All that a page shows. */
export interface VisitView {
  /** What the account calls itself, if anything. */
  readonly merchant: string | undefined
  readonly intent: PaymentIntent
  /** The method that the page is for. */
  readonly method: string
  readonly rule: PaymentMethodRule
  readonly attempt: number
  /** When the page's time is over, while it is open. */
  readonly lapse: { readonly leftMs: number, readonly isFrozen: boolean } | undefined
  /** The open step, or `result` when there is nothing to enter (any more). */
  readonly step: Visit['step'] | 'result'
  readonly visit: Visit
  /** Smallest units; known once the customer has logged in. */
  readonly balance: number | undefined
  /** The way back to the shop or its checkout page, where there is one. */
  readonly back: string | undefined
  /** Where the webhooks of this payment went, oldest first. */
  readonly deliveries: readonly Delivery[]
}

export interface WalletOptions {
  readonly database: Database
  readonly accounts: Accounts
  readonly commit: Commit
  readonly intents: PaymentIntents
  readonly rules: PaymentMethodRules
  readonly balances: WalletBalances
  readonly queue: OutcomeQueue
  readonly dispatcher: Dispatcher
}

/** What customers do at the wallet: the pages and whoever plays the customer both come here. */
export class Wallet {
  readonly #options: WalletOptions
  readonly #visits: Collection<Visit>

  constructor (options: WalletOptions) {
    this.#options = options
    this.#visits = options.database.collection(visitDefinition)
  }

  /**
   * The present state of a payment's page.
   * @param language what the page was asked for, if anything
   * @throws ApiError when there is no such payment for that method
   */
  view (method: string, id: string, language?: Language): VisitView {
    const { account, record, visit, rule } = this.#load(method, id)
    const { intent } = record
    const ending: Ending | undefined = visit.ended === undefined ? undefined : OUTCOMES[visit.ended]
    return {
      merchant: account.record.name,
      intent,
      method,
      rule,
      attempt: record.attempt,
      lapse: record.lapses_at_ms === undefined ? undefined : { leftMs: record.lapses_at_ms - account.clock.now(), isFrozen: account.clock.frozen },
      // A page of another method is one of an earlier attempt.
      step: intent.status === 'requires_action' && record.method === method ? visit.step : 'result',
      visit,
      balance: visit.phone === undefined ? undefined : this.#options.balances.of(account.id, method, visit.phone),
      back: ending?.back === 'never' && PAID.includes(intent.status) ? undefined : wayBack(account, record, language),
      deliveries: [...this.#options.database.collection(deliveryDefinition).oldest(account.id, `payment_intent:${id}`)]
    }
  }

  /**
   * Takes what the customer entered. A page of an earlier attempt, or of a payment that is over, changes nothing.
   * @param attempt the attempt that the page belonged to; undefined stands for the present one
   * @returns where the browser goes straight away; undefined: to the page of the present state
   */
  async enter (method: string, id: string, entry: Entry, attempt?: number): Promise<string | undefined> {
    const { account, record, visit, rule } = this.#load(method, id)
    if (record.intent.status !== 'requires_action' || record.method !== method || (attempt !== undefined && attempt !== record.attempt)) return undefined
    if ((record.lapses_at_ms ?? Infinity) <= account.clock.now()) {
      this.#options.intents.lapse(account, id)
      return undefined
    }
    const { database, queue, commit } = this.#options
    const [queued] = queue.of(account.id, method)
    const latest = database.collection(eventDefinition).latest(account.id, `object:${id}`)
    const next = remembering(visit, enter(visit, entry, { numbers: rule.phone, queued }), entry, { at: account.clock.now(), ...(latest && { after: latest.id }) })
    // An explicit choice leaves the queue as it is.
    const isQueued = queued !== undefined && entry.kind === 'pay' && next.ended !== undefined && visit.chosen === undefined
    commit(account, { operations: [put(visitDefinition, next), ...isQueued ? [queue.shift(account.id, method)] : []] })
    return next.ended === undefined ? undefined : await this.#end(account, id, OUTCOMES[next.ended])
  }

  async #end (account: Account, id: string, { outcome, back, webhook }: Ending): Promise<string | undefined> {
    const webhookDelayMs = webhook !== undefined && 'delayMs' in webhook ? webhook.delayMs : 0
    this.#options.intents.finish(account, id, outcome, { webhookDelayMs })
    // What the customer sees next is only shown once it is certain.
    await this.#options.database.written()
    if (webhook !== undefined && 'first' in webhook) await this.#options.dispatcher.firstAttempts(account, id)
    const record = this.#options.intents.find(id)?.record
    return back === 'at-once' && record !== undefined ? wayBack(account, record) : undefined
  }

  #load (method: string, id: string): { account: Account, record: PaymentIntentRecord, visit: Visit, rule: PaymentMethodRule } {
    const row = this.#options.intents.find(id)
    const account = this.#options.accounts.byId(row?.account ?? '')
    if (row === undefined || account === undefined || !row.record.intent.payment_method_types.includes(method)) {
      throw errors.resource_missing('PaymentIntent', id, 'id')
    }
    const visit = this.#visits.get(account.id, id)
    const { record } = row
    return {
      account,
      record,
      visit: visit?.attempt === record.attempt ? visit : newVisit(id, record.attempt, visit?.history),
      rule: this.#options.rules.get(method, 'method')
    }
  }
}

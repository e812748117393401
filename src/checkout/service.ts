import { errors } from '../core/errors.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import { shopAddress } from '../wallet/way-back.ts'
import type { CheckoutSession, CheckoutSessionRecord } from '../wooshpay/checkout-sessions/schema.ts'
import { sessionOf } from '../wooshpay/checkout-sessions/page-address.ts'
import type { CheckoutSessions } from '../wooshpay/checkout-sessions/service.ts'
import type { PaymentIntent, PaymentIntentRecord } from '../wooshpay/payment-intents/schema.ts'
import type { PaymentIntents } from '../wooshpay/payment-intents/service.ts'
import { walletPath } from '../wooshpay/payment-intents/wallet-address.ts'
import type { PaymentMethodRules } from '../wooshpay/payment-methods/rules.ts'

/** All that the page shows. */
export interface CheckoutView {
  /** What the account calls itself, if anything. */
  readonly merchant: string | undefined
  readonly session: CheckoutSession
  readonly intent: PaymentIntent
  /** `open` when the customer can pay now. */
  readonly state: 'open' | 'processing' | 'complete' | 'expired'
  /** The methods that take this payment, with the names that customers know. */
  readonly methods: ReadonlyArray<{ readonly type: string, readonly name: string }>
  /** Where the customer goes now that it is over, or without paying, if the merchant said so. */
  readonly back: string | undefined
}

export interface CheckoutOptions {
  readonly accounts: Accounts
  readonly sessions: CheckoutSessions
  readonly intents: PaymentIntents
  readonly rules: PaymentMethodRules
}

/** What customers do at the hosted checkout page. */
export class Checkout {
  readonly #options: CheckoutOptions

  constructor (options: CheckoutOptions) {
    this.#options = options
  }

  /**
   * The present state of a session's page.
   * @param page the session as the page's address names it: `cs_test_…`
   * @param key the publishable key of that address
   * @throws ApiError when they do not lead to a session
   */
  view (page: string, key: unknown): CheckoutView {
    const { account, session, intent, methods } = this.#load(page, key)
    const state = stateOf(session, intent.intent)
    const back = state === 'complete' || state === 'processing' ? session.success_url : session.cancel_url
    return {
      merchant: account.record.name,
      session,
      intent: intent.intent,
      state,
      methods: methods.map(type => ({ type, name: this.#options.rules.get(type, 'method').name })),
      back: back === undefined ? undefined : shopAddress(account, intent, back)
    }
  }

  /**
   * Sends the customer to the wallet that was chosen.
   * @returns the path of its page; undefined when there is nothing to pay (any more)
   * @throws ApiError when the method is none of those that are offered
   */
  pay (page: string, key: unknown, method: unknown, publicUrl: string): string | undefined {
    const before = this.#load(page, key)
    this.#options.sessions.expireDue(before.account, before.session.id)
    const { account, session, intent, billing, methods } = this.#load(page, key)
    if (stateOf(session, intent.intent) !== 'open') return undefined
    const type = method ?? (methods.length === 1 ? methods[0] : undefined)
    if (type === undefined) throw errors.parameter_missing('method', `Choose one of: ${methods.join(', ')}.`)
    if (typeof type !== 'string' || !methods.includes(type)) throw errors.parameter_invalid('method', type, `is not one of: ${methods.join(', ')}`)
    this.#options.intents.confirm({ account, publicUrl, cause: undefined, isPublishable: false }, intent.id, {
      payment_method_data: { type, ...(billing && { billing_details: billing }) }
    })
    return walletPath(type, intent.id)
  }

  #load (page: string, key: unknown): Loaded {
    const { sessions, intents, accounts, rules } = this.#options
    const row = sessions.find(sessionOf(page) ?? '')
    const account = accounts.byId(row?.account ?? '')
    const intent = intents.find(row?.record.session.payment_intent ?? '')?.record
    if (row === undefined || account === undefined || intent === undefined) throw errors.resource_missing('checkout session', page, 'id')
    if (key !== account.record.publishable_key) {
      throw errors.resource_missing('checkout session for this key; send the customer to the whole url of the session', page, 'key', 404)
    }
    const { session, billing_details: billing } = row.record
    return { account, session, intent, billing, methods: rules.usable(session.payment_method_types, intent.intent) }
  }
}

interface Loaded {
  readonly account: Account
  readonly session: CheckoutSession
  readonly intent: PaymentIntentRecord
  readonly billing: CheckoutSessionRecord['billing_details']
  /** Those that take the payment. */
  readonly methods: readonly string[]
}

/** A payment that is authorized waits for the merchant, not for the customer. */
function stateOf ({ status }: CheckoutSession, intent: PaymentIntent): CheckoutView['state'] {
  if (status !== 'open') return status
  return intent.status === 'processing' || intent.status === 'requires_capture' ? 'processing' : 'open'
}

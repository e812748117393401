import { errors } from '../core/errors.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import { shopAddress } from '../wallet/way-back.ts'
import type { CheckoutSession, CheckoutSessionRecord } from '../wooshpay/checkout-sessions/schema.ts'
import type { CheckoutSessions } from '../wooshpay/checkout-sessions/service.ts'
import type { PaymentIntent, PaymentIntentRecord } from '../wooshpay/payment-intents/schema.ts'
import type { PaymentIntents } from '../wooshpay/payment-intents/service.ts'
import { walletPath, type PaymentMethodRules } from '../wooshpay/payment-methods/rules.ts'

/** All that the page shows. */
export interface CheckoutView {
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
    const { account, session, intent } = this.#load(page, key)
    const state = stateOf(session, intent.intent)
    const { rules } = this.#options
    const { amount, currency } = intent.intent
    const back = state === 'complete' || state === 'processing' ? session.success_url : session.cancel_url
    return {
      session,
      intent: intent.intent,
      state,
      methods: session.payment_method_types
        .filter(type => rules.refusal(type, amount, currency) === undefined)
        .map(type => ({ type, name: rules.get(type, 'method').name })),
      back: back === undefined ? undefined : shopAddress(account, intent, back)
    }
  }

  /**
   * Sends the customer to the wallet that was chosen.
   * @returns the path of its page; undefined when there is nothing to pay (any more)
   */
  pay (page: string, key: unknown, method: unknown, publicUrl: string): string | undefined {
    const { account, session, intent, billing } = this.#load(page, key)
    if (stateOf(session, intent.intent) !== 'open') return undefined
    const types = session.payment_method_types
    const type = method ?? (types.length === 1 ? types[0] : undefined)
    if (type === undefined) throw errors.parameter_missing('method', `Choose one of: ${types.join(', ')}.`)
    if (typeof type !== 'string' || !types.includes(type)) throw errors.parameter_invalid('method', type, `is not one of: ${types.join(', ')}`)
    this.#options.intents.confirm({ account, publicUrl, cause: undefined, isPublishable: false }, intent.id, {
      payment_method_data: { type, ...(billing && { billing_details: billing }) }
    })
    return walletPath(type, intent.id)
  }

  #load (page: string, key: unknown): {
    account: Account, session: CheckoutSession, intent: PaymentIntentRecord, billing: CheckoutSessionRecord['billing_details']
  } {
    const { sessions, intents, accounts } = this.#options
    const id = page.replace(/^cs_test_/, 'cs_')
    const account = accounts.byId(sessions.find(id)?.account ?? '')
    if (account === undefined || id === page) throw errors.resource_missing('checkout session', page, 'id')
    if (key !== account.record.publishable_key) {
      throw errors.resource_missing('checkout session for this key; send the customer to the whole url of the session', page, 'key', 404)
    }
    sessions.expireDue(account, id)
    const record = sessions.find(id)?.record
    const intent = intents.find(record?.session.payment_intent ?? '')?.record
    if (record === undefined || intent === undefined) throw errors.resource_missing('checkout session', page, 'id')
    return { account, session: record.session, intent, billing: record.billing_details }
  }
}

function stateOf ({ status }: CheckoutSession, intent: PaymentIntent): CheckoutView['state'] {
  if (status !== 'open') return status
  return intent.status === 'processing' || intent.status === 'requires_capture' ? 'processing' : 'open'
}

import type { EventType } from '../core/event-types.ts'
import type { Account } from '../store/accounts.ts'
import type { Stored } from '../store/collection.ts'
import { chargeOf } from '../wooshpay/charges/lifecycle.ts'
import * as sessions from '../wooshpay/checkout-sessions/lifecycle.ts'
import type { CheckoutSessionRecord } from '../wooshpay/checkout-sessions/schema.ts'
import type { Surroundings } from '../wooshpay/payment-intents/decision.ts'
import * as intents from '../wooshpay/payment-intents/lifecycle.ts'
import { PaymentIntent, type PaymentIntentRecord } from '../wooshpay/payment-intents/schema.ts'
import { newPaymentMethod } from '../wooshpay/payment-methods/lifecycle.ts'
import * as refunds from '../wooshpay/refunds/lifecycle.ts'
import { inSchemaOrder } from '../wooshpay/wire.ts'

/** What a sample is made of. */
export interface SampleSource {
  readonly account: Account
  readonly around: Surroundings
  /** The payment that it is about; one of Rp20.000 that does not exist, when undefined. */
  readonly record: PaymentIntentRecord | undefined
  /** The payment's checkout session, if it has one. */
  readonly session: CheckoutSessionRecord | undefined
}

/**
 * The object as it would be when an event of that type happens, whatever the payment's status is now; made by the same
 * lifecycles as real ones, and stored nowhere.
 */
export function sampleObject (type: EventType, { account, around, record, session }: SampleSource): Stored {
  const { rules, now, newId } = around
  const made = record === undefined ? sampleIntent(around) : asMade(record)
  const waiting = (): PaymentIntentRecord => record?.intent.status === 'requires_action' ? record : confirmed(made, record, around)
  const paid = (): PaymentIntent => {
    const { intent } = intents.finish(waiting(), { kind: 'paid' }, around).record
    return { ...intent, latest_charge: record?.intent.latest_charge ?? intent.latest_charge ?? newId('ch') }
  }
  switch (type) {
    case 'payment_intent.created': return made.intent
    case 'payment_intent.requires_action': return waiting().intent
    case 'payment_intent.processing': return intents.finish(waiting(), { kind: 'processing', delayMs: 0 }, around).record.intent
    case 'payment_intent.succeeded': return paid()
    case 'payment_intent.payment_failed': return intents.finish(waiting(), { kind: 'failed', failure: intents.LAPSED }, around).record.intent
    case 'payment_intent.canceled': return intents.withdraw(made, 'customer cancelled', now).record.intent
    case 'charge.refund.updated': {
      const intent = paid()
      const method = waiting().method ?? ''
      const charge = chargeOf(intent.latest_charge ?? '', intent, newPaymentMethod({ type: method }, newId('pm'), now), now)
      return refunds.create({ payment_intent: intent.id }, { intent, charge, rule: { ...rules.get(method, 'payment_method'), refund: true } }, {
        id: newId('re'), now, switches: { ...account.switches, REFUND_MODE: 'sync' }
      }).record.refund
    }
    case 'checkout.session.completed': return sessions.complete(open()).session
    case 'checkout.session.expired': return sessions.expire(open(), made, now).record.session
  }

  /** The session before it ends. */
  function open (): CheckoutSessionRecord {
    if (session !== undefined) return { ...session, session: { ...session.session, status: 'open', payment_status: 'unpaid' } }
    const { intent } = made
    const { record: sample } = sessions.create({
      success_url: 'https://shop.test/done',
      cancel_url: 'https://shop.test/basket',
      line_items: [{ price_data: { currency: intent.currency, unit_amount: intent.amount, product_data: { name: 'apple' } }, quantity: 1 }]
    }, { ...around, publishableKey: account.record.publishable_key, price: () => undefined, product: () => undefined })
    return { ...sample, session: { ...sample.session, payment_intent: intent.id, client_secret: intent.client_secret } }
  }
}

function sampleIntent (around: Surroundings): PaymentIntentRecord {
  return intents.create({ amount: 20000, currency: 'IDR', payment_method_types: ['dana'], return_url: 'https://shop.test/done', merchant_order_id: 'order-7' }, around).record
}

/** A payment as it was before anything happened to it. */
function asMade ({ id, checkout, takes_any: takesAny, intent }: PaymentIntentRecord): PaymentIntentRecord {
  return {
    id,
    attempt: 0,
    ...(checkout && { checkout }),
    ...(takesAny && { takes_any: takesAny }),
    intent: inSchemaOrder(PaymentIntent, {
      ...intent,
      status: 'requires_payment_method',
      next_action: undefined,
      payment_method: undefined,
      amount_received: undefined,
      latest_charge: undefined,
      last_payment_error: undefined,
      canceled_at: undefined,
      cancellation_reason: undefined
    })
  }
}

/** A payment whose customer is at the wallet: with the method of its last attempt, else the first that takes it. */
function confirmed (made: PaymentIntentRecord, record: PaymentIntentRecord | undefined, around: Surroundings): PaymentIntentRecord {
  const { intent } = made
  const type = record?.method ?? around.rules.usable(intent.payment_method_types, intent)[0] ?? 'dana'
  const { record: waiting } = intents.confirm(made, { payment_method_data: { type }, return_url: intent.return_url ?? 'https://shop.test/done' }, around)
  const own = record?.intent.payment_method ?? record?.intent.last_payment_error?.payment_method
  return own === undefined ? waiting : { ...waiting, intent: { ...waiting.intent, payment_method: own } }
}

import Type, { type Static } from 'typebox'
import { errors } from '../core/errors.ts'
import { EVENT_TYPES, type EventType } from '../core/event-types.ts'
import type { Api } from '../http/api.ts'
import { publicUrlOf } from '../http/public-url.ts'
import type { Account } from '../store/accounts.ts'
import type { Stored } from '../store/collection.ts'
import type { Store } from '../store/commit.ts'
import { chargeOf } from '../wooshpay/charges/lifecycle.ts'
import * as sessions from '../wooshpay/checkout-sessions/lifecycle.ts'
import { Event } from '../wooshpay/events/schema.ts'
import type { Surroundings } from '../wooshpay/payment-intents/decision.ts'
import * as intents from '../wooshpay/payment-intents/lifecycle.ts'
import type { PaymentIntentRecord } from '../wooshpay/payment-intents/schema.ts'
import type { PaymentIntents } from '../wooshpay/payment-intents/service.ts'
import { newPaymentMethod } from '../wooshpay/payment-methods/lifecycle.ts'
import type { PaymentMethodRules } from '../wooshpay/payment-methods/rules.ts'
import * as refunds from '../wooshpay/refunds/lifecycle.ts'
import { answers, found, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

const EventParameters = Type.Object({
  type: Type.Enum([...EVENT_TYPES]),
  payment_intent: Type.Optional(Type.String({ description: 'The payment that it is about; one of Rp20.000 that does not exist, when left out.' }))
})
type EventParameters = Static<typeof EventParameters>

export interface SampleEventOptions extends Store {
  readonly concern: Concern
  readonly intents: PaymentIntents
  readonly rules: PaymentMethodRules
  readonly publicUrl: string | undefined
}

/** Sends events that nothing has led to, with objects as real ones have them; only webhooks follow. */
export function sampleEventRoutes (api: Api, { concern, commit, intents: service, rules, publicUrl }: SampleEventOptions): void {
  api.addSchema(Event)

  api.post('/events', {
    schema: { operationId: 'sendEvent', summary: 'Send an event without a payment', tags: ['Events'], body: EventParameters, response: answers(ref(Event)) }
  }, async request => {
    const { type, payment_intent: id } = request.body
    const row = id === undefined ? undefined : service.find(id)
    const account = id === undefined ? concern.one(request) : found(concern.owner(request, row?.account), 'PaymentIntent', id, 'payment_intent')
    if (account === undefined) throw errors.parameter_missing('payment_intent', 'Or send the secret key of the account whose webhook endpoints are to get the event.')
    const around = service.around(account, publicUrlOf(request, publicUrl))
    const object = objectOf(type, row?.record ?? attempted(around), account, around, rules)
    const [event] = commit(account, { operations: [], raise: [{ type, object }], isRehearsal: true })
    return found(event, 'event', type)
  })
}

/** A payment whose customer is at the wallet; nothing of it is stored. */
function attempted (around: Surroundings): PaymentIntentRecord {
  return intents.create({
    amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/done', merchant_order_id: 'order-7'
  }, around).record
}

/** The object as it would be when the event happens, whatever the payment's status is now. */
function objectOf (type: EventType, record: PaymentIntentRecord, account: Account, around: Surroundings, rules: PaymentMethodRules): Stored {
  const { intent, method = 'dana' } = record
  const { next_action: nextAction, ...rest } = intent
  const pending = { ...record, intent: { ...intent, status: 'requires_action' as const } }
  const paid = (): PaymentIntentRecord => intents.finish(pending, { kind: 'paid' }, around).record
  switch (type) {
    case 'payment_intent.created': return { ...rest, status: 'requires_payment_method' } as Stored
    case 'payment_intent.requires_action': return { ...rest, status: 'requires_action', ...(nextAction !== undefined && { next_action: nextAction }) } as Stored
    case 'payment_intent.processing': return intents.finish(pending, { kind: 'processing', delayMs: 0 }, around).record.intent
    case 'payment_intent.succeeded': return paid().intent
    case 'payment_intent.payment_failed': return intents.finish(pending, { kind: 'failed', failure: intents.LAPSED }, around).record.intent
    case 'payment_intent.canceled': return intents.withdraw(pending, 'customer cancelled', around.now).record.intent
    case 'charge.refund.updated': {
      const { intent: full } = paid()
      const charge = chargeOf(around.newId('ch'), full, newPaymentMethod({ type: method }, around.newId('pm'), around.now), around.now)
      return refunds.create({ payment_intent: intent.id }, { intent: full, charge, rule: { ...rules.get(method, 'payment_method'), refund: true } }, {
        id: around.newId('re'), now: around.now, switches: { ...account.switches, REFUND_MODE: 'sync' }
      }).record.refund
    }
    case 'checkout.session.completed':
    case 'checkout.session.expired': {
      const made = sessions.create({
        success_url: 'https://shop.test/done',
        cancel_url: 'https://shop.test/basket',
        line_items: [{ price_data: { currency: intent.currency, unit_amount: intent.amount, product_data: { name: 'apple' } }, quantity: 1 }]
      }, { ...around, publishableKey: account.record.publishable_key, price: () => undefined, product: () => undefined })
      const own = { ...made.record, session: { ...made.record.session, payment_intent: intent.id, client_secret: intent.client_secret } }
      return type === 'checkout.session.completed' ? sessions.complete(own).session : sessions.expire(own, pending, around.now).record.session
    }
  }
}

import { toWireTime } from '../../core/clock.ts'
import type { PaymentIntent } from '../payment-intents/schema.ts'
import type { PaymentMethod } from '../payment-methods/schema.ts'
import { inSchemaOrder } from '../wire.ts'
import { Charge } from './schema.ts'

/**
 * The charge of a PaymentIntent that has just succeeded.
 * @param now epoch milliseconds
 */
export function chargeOf (id: string, intent: PaymentIntent, method: PaymentMethod, now: number): Charge {
  return inSchemaOrder(Charge, {
    id,
    object: 'charge',
    created: toWireTime(now),
    livemode: false,
    currency: intent.currency,
    amount: intent.amount,
    amount_captured: intent.amount_received ?? 0,
    amount_refunded: 0,
    status: 'succeeded',
    captured: true,
    paid: true,
    refunded: false,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: { type: method.type },
    billing_details: method.billing_details,
    customer: intent.customer,
    description: intent.description,
    metadata: intent.metadata
  })
}

/** @param amount what all refunds that did not fail come to; smallest units */
export function withRefunds (charge: Charge, amount: number): Charge {
  return { ...charge, amount_refunded: amount, refunded: amount >= charge.amount_captured }
}

import { put, type Deriver } from '../../store/commit.ts'
import type { Database } from '../../store/database.ts'
import type { PaymentIntent } from '../payment-intents/schema.ts'
import { paymentMethodDefinition } from '../payment-methods/schema.ts'
import { chargeOf } from './lifecycle.ts'
import { chargeDefinition } from './schema.ts'

/** Adds to the write in which a PaymentIntent succeeds the charge that it names. */
export function deriveCharges (database: Database): Deriver {
  const methods = database.collection(paymentMethodDefinition)
  return ({ account, now, events }) => ({
    operations: events.flatMap(({ type, data: { object } }) => {
      if (type !== 'payment_intent.succeeded') return []
      const intent = object as PaymentIntent
      const method = methods.get(account.id, intent.payment_method ?? '')
      if (method === undefined || intent.latest_charge === undefined) throw new Error(`${intent.id} was paid without a method or without a charge.`)
      return [put(chargeDefinition, chargeOf(intent.latest_charge, intent, method, now))]
    })
  })
}

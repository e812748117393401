import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { listParameters, ListOf } from '../lists.ts'
import { Anything, CurrencyCode, Metadata, Milliseconds } from '../wire.ts'

/**
 * The money that a PaymentIntent brought. WooshPay's own example of a charge could not be read: the keys are the usual
 * ones of this family of APIs without those that WooshPay hides, in the order of its other objects.
 */
export const Charge = Type.Object({
  id: Type.String(),
  object: Type.Literal('charge'),
  created: Milliseconds('When the customer paid: epoch milliseconds, rounded to the second.'),
  livemode: Type.Literal(false),
  currency: CurrencyCode,
  amount: Type.Integer({ description: 'Smallest units.' }),
  amount_captured: Type.Integer(),
  amount_refunded: Type.Integer({ description: 'The sum of all refunds that did not fail.' }),
  status: Type.Literal('succeeded'),
  captured: Type.Literal(true),
  paid: Type.Literal(true),
  refunded: Type.Boolean({ description: 'Whether all of it was refunded.' }),
  payment_intent: Type.String(),
  payment_method: Type.Optional(Type.String()),
  payment_method_details: Type.Object({ type: Type.String({ description: 'The method, such as `dana`.' }) }),
  billing_details: Type.Optional(Anything('Those of the payment method.')),
  customer: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  metadata: Type.Optional(Metadata)
}, { $id: 'Charge' })
export type Charge = Static<typeof Charge>

export const ListParameters = Type.Object({
  ...listParameters,
  payment_intent: Type.Optional(Type.String({ description: 'Only the charge of this PaymentIntent.' })),
  customer: Type.Optional(Type.String({ description: 'Only charges of this customer.' }))
})
export type ListParameters = Static<typeof ListParameters>

export const ChargeList = ListOf(Charge)

export const chargeDefinition: Definition<Charge> = {
  name: 'charges',
  idPrefix: 'ch',
  keys: ({ payment_intent: intent, customer }) =>
    customer === undefined ? [`payment_intent:${intent}`] : [`payment_intent:${intent}`, `customer:${customer}`]
}

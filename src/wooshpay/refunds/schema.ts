import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { listParameters, ListOf } from '../lists.ts'
import { AmountInput, Created, CurrencyCode, Metadata, MetadataInput } from '../wire.ts'

export const REFUND_STATUSES = ['pending', 'succeeded', 'failed'] as const
export type RefundStatus = (typeof REFUND_STATUSES)[number]

const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer', 'requested_by_merchant', 'resolved_dispute'] as const
export const FAILURE_REASONS = ['lost_or_stolen_card', 'expired_or_canceled_card', 'unknown'] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/** Keys in the order of the documented example; an empty `metadata` is printed, as there. */
export const Refund = Type.Object({
  id: Type.String(),
  object: Type.Literal('refund'),
  amount: Type.Integer({ description: 'Smallest units.' }),
  created: Created,
  currency: CurrencyCode,
  metadata: Metadata,
  payment_intent: Type.String(),
  reason: Type.Optional(Type.Enum([...REASONS])),
  status: Type.Enum([...REFUND_STATUSES]),
  failure_reason: Type.Optional(Type.Enum([...FAILURE_REASONS]))
}, { $id: 'Refund' })
export type Refund = Static<typeof Refund>

export const CreateParameters = Type.Object({
  payment_intent: Type.String({ description: 'The payment to give back.' }),
  amount: Type.Optional(AmountInput('Smallest units, as a number or as text; all that is left when left out.')),
  reason: Type.Optional(Type.Enum([...REASONS])),
  metadata: Type.Optional(MetadataInput)
})
export type CreateParameters = Static<typeof CreateParameters>

export const ListParameters = Type.Object({
  ...listParameters, payment_intent: Type.Optional(Type.String({ description: 'Only refunds of this PaymentIntent.' }))
})
export type ListParameters = Static<typeof ListParameters>

export const RefundList = ListOf(Refund)

/** What is stored: the answer, and when a pending one will have succeeded. */
export interface RefundRecord {
  readonly id: string
  readonly refund: Refund
  /** Epoch milliseconds. */
  readonly settles_at_ms?: number
}

export const refundDefinition: Definition<RefundRecord> = {
  name: 'refunds',
  idPrefix: 're',
  keys: ({ refund }) => [`payment_intent:${refund.payment_intent}`],
  due: ({ settles_at_ms: at }) => at === undefined ? undefined : { at, what: 'refund.settle' }
}

import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { listParameters, ListOf } from '../lists.ts'
import { Anything, Created, CurrencyCode, Metadata, MetadataInput, Milliseconds } from '../wire.ts'

export const PAYMENT_INTENT_STATUSES = [
  'requires_payment_method', 'requires_confirmation', 'requires_action', 'processing', 'requires_capture', 'succeeded', 'canceled'
] as const
export type PaymentIntentStatus = (typeof PAYMENT_INTENT_STATUSES)[number]

const PaymentMethodData = Type.Object({
  type: Type.String({ description: 'The method, such as `dana`.' }),
  billing_details: Type.Optional(Anything('Who pays; kept with the payment method.')),
  metadata: Type.Optional(MetadataInput)
}, { additionalProperties: true, description: 'How the customer pays.' })

const LastPaymentError = Type.Object({
  type: Type.Literal('card_error'),
  code: Type.String(),
  message: Type.String(),
  decline_code: Type.Optional(Type.String()),
  payment_method: Type.String()
}, { description: 'Why the last attempt failed.' })

/** The answer; its keys stand in the order of the DANA page's example, further ones after them. */
export const PaymentIntent = Type.Object({
  id: Type.String(),
  object: Type.Literal('payment_intent'),
  created: Created,
  currency: CurrencyCode,
  amount: Type.Integer({ description: 'Smallest units; rupiah have none smaller than 1.' }),
  status: Type.Enum([...PAYMENT_INTENT_STATUSES]),
  livemode: Type.Literal(false),
  quantity: Type.Optional(Type.Integer()),
  client_secret: Type.String(),
  next_action: Type.Optional(Anything('Where to send the customer: `type`, and the address in `<method>_handle_redirect.url`.')),
  payment_method_types: Type.Array(Type.String()),
  confirmation_method: Type.Literal('automatic'),
  return_url: Type.Optional(Type.String()),
  payment_method: Type.Optional(Type.String()),
  capture_method: Type.Enum(['automatic', 'manual']),
  amount_received: Type.Optional(Type.Integer()),
  latest_charge: Type.Optional(Type.String()),
  last_payment_error: Type.Optional(LastPaymentError),
  cancellation_reason: Type.Optional(Type.String()),
  canceled_at: Type.Optional(Milliseconds('When it was cancelled.')),
  customer: Type.Optional(Type.String()),
  merchant_order_id: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  metadata: Type.Optional(Metadata),
  shipping: Type.Optional(Anything('Answered as it was sent.')),
  payment_method_options: Type.Optional(Anything('Answered as it was sent.')),
  setup_future_usage: Type.Optional(Type.Enum(['off_session', 'on_session']))
}, { $id: 'PaymentIntent' })
export type PaymentIntent = Static<typeof PaymentIntent>

const details = {
  description: Type.Optional(Type.String()),
  metadata: Type.Optional(MetadataInput),
  merchant_order_id: Type.Optional(Type.String({ description: 'The merchant\'s own order number; can be searched for.' })),
  return_url: Type.Optional(Type.String({ description: 'Where the customer goes back to.' })),
  shipping: Type.Optional(Anything('Kept and answered as it is.')),
  payment_method_types: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 100, description: 'Methods to offer; all that take the currency when left out.' }))
}

const choice = {
  payment_method_data: Type.Optional(PaymentMethodData),
  payment_method: Type.Optional(Type.String({ description: 'The id of a payment method.' })),
  payment_method_options: Type.Optional(Anything('Kept and answered as it is.')),
  setup_future_usage: Type.Optional(Type.Enum(['off_session', 'on_session'])),
  off_session: Type.Optional(Type.Unsafe<unknown>({ type: ['boolean', 'string'] })),
  'off-session': Type.Optional(Type.Boolean())
}

export const CreateParameters = Type.Object({
  amount: Type.Integer({ description: 'Smallest units.' }),
  currency: Type.String(),
  confirm: Type.Optional(Type.Boolean({ description: 'Create and confirm in one call.' })),
  capture_method: Type.Optional(Type.Enum(['automatic', 'manual'])),
  confirmation_method: Type.Optional(Type.Literal('automatic')),
  customer: Type.Optional(Type.String()),
  merchant_user_id: Type.Optional(Type.String()),
  quantity: Type.Optional(Type.Integer()),
  ...details,
  ...choice
}, {
  examples: [{
    amount: 100, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://your.website'
  }]
})
export type CreateParameters = Static<typeof CreateParameters>

export const ConfirmParameters = Type.Object({
  ...choice,
  return_url: details.return_url,
  error_on_requires_action: Type.Optional(Type.Unsafe<unknown>({ type: ['boolean', 'string'], deprecated: true, description: 'Of the oldest pages; has no effect.' })),
  client_secret: Type.Optional(Type.String({ description: 'Needed with a publishable key.' }))
})
export type ConfirmParameters = Static<typeof ConfirmParameters>

export const UpdateParameters = Type.Object({
  amount: Type.Optional(Type.Integer()),
  currency: Type.Optional(Type.String()),
  ...details
})
export type UpdateParameters = Static<typeof UpdateParameters>

export const CancelParameters = Type.Object({
  cancellation_reason: Type.Optional(Type.String())
})
export type CancelParameters = Static<typeof CancelParameters>

export const CaptureParameters = Type.Object({
  amount_to_capture: Type.Optional(Type.Integer({ minimum: 1 }))
})
export type CaptureParameters = Static<typeof CaptureParameters>

export const RetrieveParameters = Type.Object({
  client_secret: Type.Optional(Type.String({ description: 'Needed with a publishable key.' }))
})

export const ListParameters = Type.Object({ ...listParameters, customer: Type.Optional(Type.String()) })
export type ListParameters = Static<typeof ListParameters>

export const SearchParameters = Type.Object({
  query: Type.String({ minLength: 1, examples: ['merchant_order_id:\'order1234\''] }),
  limit: listParameters.limit
})
export type SearchParameters = Static<typeof SearchParameters>

export const PaymentIntentList = ListOf(PaymentIntent)

/** Why an attempt to pay failed. */
export interface Failure {
  readonly code: string
  readonly decline_code?: string
  readonly message: string
}

/** What is stored: the answer, and what only the sandbox knows. */
export interface PaymentIntentRecord {
  readonly id: string
  readonly intent: PaymentIntent
  /** How often it was confirmed; a page of an earlier attempt may no longer act. */
  readonly attempt: number
  /** The merchant named no methods, so that one which takes the payment is enough. */
  readonly takes_any?: true | undefined
  /** The method of the present attempt. */
  readonly method?: string | undefined
  /** The checkout session that it was made with, and that session's page. */
  readonly checkout?: { readonly session: string, readonly url: string } | undefined
  /** When the customer's time for the present attempt is over; epoch milliseconds. */
  readonly lapses_at_ms?: number | undefined
  /** How `processing` will end, and when. */
  readonly settles?: { readonly at_ms: number, readonly failure?: Failure | undefined } | undefined
}

export const paymentIntentDefinition: Definition<PaymentIntentRecord> = {
  name: 'payment_intents',
  idPrefix: 'pi',
  keys: ({ intent }) => {
    const keys = [`status:${intent.status}`, `currency:${intent.currency}`, `amount:${intent.amount}`]
    if (intent.customer !== undefined) keys.push(`customer:${intent.customer}`)
    if (intent.merchant_order_id !== undefined) keys.push(`merchant_order_id:${intent.merchant_order_id}`)
    for (const [key, value] of Object.entries(intent.metadata ?? {})) keys.push(metadataKey(key, value))
    return keys
  },
  due: ({ lapses_at_ms: lapsesAt, settles }) => {
    if (lapsesAt !== undefined) return { at: lapsesAt, what: 'payment_intent.lapse' }
    if (settles !== undefined) return { at: settles.at_ms, what: 'payment_intent.settle' }
    return undefined
  }
}

/** The key under which a PaymentIntent with this metadata is found. */
export function metadataKey (key: string, value: string): string {
  return `metadata[${JSON.stringify(key)}]:${value}`
}

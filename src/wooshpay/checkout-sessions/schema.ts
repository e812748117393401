import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { Customer } from '../customers/schema.ts'
import { listParameters, ListOf, pageParameters } from '../lists.ts'
import { Price, PriceParameters } from '../prices/schema.ts'
import { Anything, Created, CurrencyCode, Metadata, MetadataInput, Milliseconds, ref } from '../wire.ts'

export const SESSION_STATUSES = ['open', 'complete', 'expired'] as const
export type SessionStatus = (typeof SESSION_STATUSES)[number]

export const LineItem = Type.Object({
  id: Type.String(),
  object: Type.Literal('item'),
  currency: Type.String(),
  description: Type.String({ description: 'The product\'s name.' }),
  price: ref(Price),
  quantity: Type.Integer(),
  amount_subtotal: Type.Integer(),
  amount_total: Type.Integer()
}, { $id: 'LineItem' })
export type LineItem = Static<typeof LineItem>

/** The answer; its keys stand in the order of the DANA page's example, further ones after them. */
export const CheckoutSession = Type.Object({
  id: Type.String(),
  object: Type.Literal('checkout.session'),
  created: Created,
  livemode: Type.Literal(false),
  currency: CurrencyCode,
  customer: Type.String({ description: 'Empty when there is none.' }),
  mode: Type.Literal('payment'),
  status: Type.Enum([...SESSION_STATUSES]),
  url: Type.String({ description: 'The page to send the customer to.' }),
  cancel_url: Type.Optional(Type.String()),
  line_items: Type.Object({ object: Type.Literal('list'), data: Type.Array(ref(LineItem)) }),
  payment_intent: Type.String(),
  payment_method_types: Type.Array(Type.String()),
  payment_status: Type.Enum(['unpaid', 'paid']),
  success_url: Type.String(),
  amount_subtotal: Type.Integer({ description: 'Smallest units.' }),
  amount_total: Type.Integer(),
  billing_address_collection: Type.Enum(['auto', 'required']),
  expires_at: Milliseconds('Epoch milliseconds, not rounded.'),
  payment_link: Type.Literal(''),
  client_secret: Type.String({ description: 'That of the PaymentIntent.' }),
  metadata: Type.Optional(Metadata),
  client_reference_id: Type.Optional(Type.String()),
  customer_email: Type.Optional(Type.String()),
  customer_details: Type.Optional(ref(Customer)),
  payment_method_options: Type.Optional(Anything('Answered as it was sent.')),
  shipping_address_collection: Type.Optional(Anything('Answered as it was sent.'))
}, { $id: 'CheckoutSession' })
export type CheckoutSession = Static<typeof CheckoutSession>

const LineItemParameters = Type.Object({
  price: Type.Optional(Type.String({ description: 'The id of a price; or else `price_data`.' })),
  price_data: Type.Optional(PriceParameters),
  quantity: Type.Integer({ minimum: 1, maximum: 1_000_000 })
})
export type LineItemParameters = Static<typeof LineItemParameters>

const PaymentIntentData = Type.Object({
  billing_details: Type.Optional(Anything('Who pays; kept with the payment method.')),
  capture_method: Type.Optional(Type.Enum(['automatic', 'manual'])),
  description: Type.Optional(Type.String()),
  metadata: Type.Optional(MetadataInput),
  setup_future_usage: Type.Optional(Type.Enum(['off_session', 'on_session'])),
  shipping: Type.Optional(Anything('Kept and answered as it is.'))
}, { description: 'For the PaymentIntent of the session.' })

export const CreateParameters = Type.Object({
  mode: Type.Optional(Type.String({ description: 'Only `payment`.', default: 'payment' })),
  line_items: Type.Array(LineItemParameters, { minItems: 1, maxItems: 100 }),
  success_url: Type.String({ description: 'Where the customer goes after paying; `{CHECKOUT_SESSION_ID}` in it is filled in.' }),
  cancel_url: Type.Optional(Type.String({ description: 'Where the customer goes instead of paying.' })),
  payment_method_types: Type.Optional(Type.Array(Type.String(), {
    minItems: 1, maxItems: 100, description: 'Methods to offer; all that take the currency when left out.'
  })),
  client_reference_id: Type.Optional(Type.String({ description: 'Becomes the `merchant_order_id` of the PaymentIntent.' })),
  customer: Type.Optional(Type.String()),
  customer_email: Type.Optional(Type.String()),
  metadata: Type.Optional(MetadataInput),
  billing_address_collection: Type.Optional(Type.Enum(['auto', 'required'])),
  shipping_address_collection: Type.Optional(Anything('Kept and answered as it is.')),
  payment_method_options: Type.Optional(Anything('Kept and answered as it is.')),
  payment_intent_data: Type.Optional(PaymentIntentData),
  expires_at: Type.Optional(Type.Integer({ description: 'Epoch seconds or milliseconds, 30 minutes to 24 hours ahead.' }))
}, {
  examples: [{
    mode: 'payment',
    success_url: 'https://wooshpay.com/',
    cancel_url: 'www.wooshpay.com',
    payment_method_types: ['dana'],
    line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
  }]
})
export type CreateParameters = Static<typeof CreateParameters>

export const ListParameters = Type.Object({
  ...listParameters,
  customer: Type.Optional(Type.String({ description: 'Only sessions of this customer.' })),
  customer_details: Type.Optional(Type.Object({
    email: Type.Optional(Type.String({ description: 'Only sessions of customers with this address.' }))
  })),
  payment_intent: Type.Optional(Type.String({ description: 'Only the session of this PaymentIntent.' }))
})
export type ListParameters = Static<typeof ListParameters>

export const LineItemListParameters = Type.Object(pageParameters)
export type LineItemListParameters = Static<typeof LineItemListParameters>

export const CheckoutSessionList = ListOf(CheckoutSession)
export const LineItemList = ListOf(LineItem)

/** What is stored: the answer, and what only the sandbox knows. */
export interface CheckoutSessionRecord {
  readonly id: string
  readonly session: CheckoutSession
  /** For the payment method with which the customer will pay. */
  readonly billing_details?: Readonly<Record<string, unknown>>
}

export const checkoutSessionDefinition: Definition<CheckoutSessionRecord> = {
  name: 'checkout_sessions',
  idPrefix: 'cs',
  keys: ({ session }) => {
    const keys = [`payment_intent:${session.payment_intent}`]
    if (session.customer !== '') keys.push(`customer:${session.customer}`)
    return keys
  },
  due: ({ session }) => session.status === 'open' ? { at: session.expires_at, what: 'checkout_session.expire' } : undefined
}

import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { listParameters, ListOf } from '../lists.ts'
import { Product, ProductParameters } from '../products/schema.ts'
import { AmountInput, Created, CurrencyCode, FlagInput, Metadata, MetadataInput, ref } from '../wire.ts'

const Recurring = Type.Object({
  interval: Type.Enum(['day', 'month', 'week', 'year']),
  interval_count: Type.Optional(Type.Integer({ minimum: 1 })),
  usage_type: Type.Optional(Type.Enum(['licensed']))
}, { description: 'How often it is to be paid; kept and answered, since the sandbox has no subscriptions.' })

/** Keys in the order in which a session's example prints them. */
export const Price = Type.Object({
  id: Type.String(),
  object: Type.Literal('price'),
  created: Created,
  livemode: Type.Literal(false),
  active: Type.Boolean(),
  currency: CurrencyCode,
  metadata: Type.Optional(Metadata),
  nickname: Type.Optional(Type.String()),
  product: ref(Product),
  type: Type.Enum(['one_time', 'recurring']),
  recurring: Type.Optional(Recurring),
  unit_amount: Type.Integer({ description: 'Smallest units.' }),
  billing_scheme: Type.Literal('per_unit'),
  lookup_key: Type.Optional(Type.String())
}, { $id: 'Price' })
export type Price = Static<typeof Price>

const details = {
  active: Type.Optional(FlagInput('True when left out.')),
  metadata: Type.Optional(MetadataInput),
  nickname: Type.Optional(Type.String()),
  lookup_key: Type.Optional(Type.String({ maxLength: 200 }))
}

/** What a price is made from: the call's own body, and `price_data` in sessions. */
export const PriceParameters = Type.Object({
  currency: Type.String(),
  unit_amount: AmountInput('Smallest units, as a number or as text; 0 is free.'),
  product: Type.Optional(Type.String({ description: 'The id of a product; or else `product_data`.' })),
  product_data: Type.Optional(ProductParameters),
  billing_scheme: Type.Optional(Type.String({ description: '`tiered` is refused; any other is answered as `per_unit`.' })),
  recurring: Type.Optional(Recurring),
  ...details
})
export type PriceParameters = Static<typeof PriceParameters>

export const UpdateParameters = Type.Object(details)
export type UpdateParameters = Static<typeof UpdateParameters>

export const ListParameters = Type.Object({
  ...listParameters,
  active: Type.Optional(Type.Boolean()),
  product: Type.Optional(Type.String({ description: 'Only prices of this product.' })),
  lookup_key: Type.Optional(Type.String({ description: 'Only prices with this key.' }))
})
export type ListParameters = Static<typeof ListParameters>

export const PriceList = ListOf(Price)

/** What is stored: the product as its id, since it may change. */
export interface PriceRecord {
  readonly id: string
  readonly price: Omit<Price, 'product'>
  readonly product: string
}

export const priceDefinition: Definition<PriceRecord> = {
  name: 'prices',
  idPrefix: 'price',
  keys: ({ product }) => [`product:${product}`]
}

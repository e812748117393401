import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { listParameters, ListOf } from '../lists.ts'
import { Created, FlagInput, Metadata, MetadataInput, Milliseconds } from '../wire.ts'

/** Keys in the order in which a session's example prints them. */
export const Product = Type.Object({
  id: Type.String(),
  object: Type.Literal('product'),
  created: Created,
  livemode: Type.Literal(false),
  active: Type.Boolean(),
  description: Type.Optional(Type.String()),
  metadata: Type.Optional(Metadata),
  name: Type.String(),
  updated: Milliseconds('When it was last changed.'),
  images: Type.Optional(Type.Array(Type.String())),
  url: Type.Optional(Type.String())
}, { $id: 'Product' })
export type Product = Static<typeof Product>

const details = {
  active: Type.Optional(FlagInput('True when left out.')),
  description: Type.Optional(Type.String()),
  metadata: Type.Optional(MetadataInput),
  images: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
  url: Type.Optional(Type.String())
}

/** What a product is made from: the call's own body, and `product_data` in prices and sessions. */
export const ProductParameters = Type.Object({
  id: Type.Optional(Type.String({ description: 'Documented; taken and not used, since ids are made here.' })),
  name: Type.String({ minLength: 1 }),
  ...details
})
export type ProductParameters = Static<typeof ProductParameters>

export const UpdateParameters = Type.Object({ name: Type.Optional(Type.String({ minLength: 1 })), ...details })
export type UpdateParameters = Static<typeof UpdateParameters>

export const ListParameters = Type.Object({ ...listParameters, active: Type.Optional(Type.Boolean()) })
export type ListParameters = Static<typeof ListParameters>

export const ProductList = ListOf(Product)

export const productDefinition: Definition<Product> = { name: 'products', idPrefix: 'prod' }

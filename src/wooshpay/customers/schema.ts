import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { listParameters, ListOf } from '../lists.ts'
import { Anything, Created, Metadata, MetadataInput } from '../wire.ts'

/** Keys as in the documented examples, further ones after them; an empty `address` is printed. */
export const Customer = Type.Object({
  id: Type.String(),
  object: Type.Literal('customer'),
  created: Created,
  livemode: Type.Literal(false),
  address: Anything('Answered as it was sent; empty when none was.'),
  email: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  phone: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  metadata: Type.Optional(Metadata),
  shipping: Type.Optional(Anything('Answered as it was sent.'))
}, { $id: 'Customer' })
export type Customer = Static<typeof Customer>

export const DeletedCustomer = Type.Object({
  id: Type.String(),
  object: Type.Literal('customer'),
  deleted: Type.Literal(true)
}, { $id: 'DeletedCustomer' })

/** What creating and updating take. */
export const CustomerParameters = Type.Object({
  address: Type.Optional(Anything('`city`, `country`, `line1`, `line2`, `postal_code`, `state`.')),
  description: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  metadata: Type.Optional(MetadataInput),
  name: Type.Optional(Type.String()),
  payment_method: Type.Optional(Type.String({ description: 'The id of a payment method to attach.' })),
  phone: Type.Optional(Type.String()),
  shipping: Type.Optional(Anything('`address`, `name`, `phone`.'))
})
export type CustomerParameters = Static<typeof CustomerParameters>

export const ListParameters = Type.Object({
  ...listParameters, email: Type.Optional(Type.String({ description: 'Only customers with this address.' }))
})
export type ListParameters = Static<typeof ListParameters>

export const CustomerList = ListOf(Customer)

export const OwnedParams = Type.Object({ id: Type.String(), payment_method: Type.String() })

export const AttachParameters = Type.Object({ customer: Type.String({ description: 'The customer to attach it to.' }) })

export const customerDefinition: Definition<Customer> = {
  name: 'customers',
  idPrefix: 'cus',
  keys: ({ email }) => email === undefined ? [] : [`email:${email}`]
}

import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { listParameters, ListOf, pageParameters } from '../lists.ts'
import { Anything, Created, Metadata, MetadataInput } from '../wire.ts'

/** How a customer pays: one is made whenever a call names a method by its type. Keys in the order of the attach page. */
export const PaymentMethod = Type.Object({
  id: Type.String(),
  object: Type.Literal('payment_method'),
  created: Created,
  customer: Type.Optional(Type.String({ description: 'The customer that it is attached to.' })),
  metadata: Type.Optional(Metadata),
  livemode: Type.Literal(false),
  billing_details: Type.Optional(Anything('Who pays, as it was sent.')),
  type: Type.String({ description: 'The method, such as `dana`.' })
}, { $id: 'PaymentMethod' })
export type PaymentMethod = Static<typeof PaymentMethod>

const details = {
  billing_details: Type.Optional(Anything('Who pays: `address`, `email`, `name`, `phone`.')),
  metadata: Type.Optional(MetadataInput)
}

export const CreateParameters = Type.Object({
  type: Type.String({ description: 'The method, such as `dana`.' }),
  ...details
})
export type CreateParameters = Static<typeof CreateParameters>

export const UpdateParameters = Type.Object(details)
export type UpdateParameters = Static<typeof UpdateParameters>

const type = Type.Optional(Type.String({ description: 'Only those of this method.' }))

export const ListParameters = Type.Object({
  ...listParameters, customer: Type.Optional(Type.String({ description: 'Only those that are attached to this customer.' })), type
})
export type ListParameters = Static<typeof ListParameters>

export const CustomerListParameters = Type.Object({ ...pageParameters, type })

export const PaymentMethodList = ListOf(PaymentMethod)

export const paymentMethodDefinition: Definition<PaymentMethod> = {
  name: 'payment_methods',
  idPrefix: 'pm',
  keys: ({ customer }) => customer === undefined ? [] : [`customer:${customer}`]
}

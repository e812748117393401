import { toWireTime } from '../../core/clock.ts'
import { errors } from '../../core/errors.ts'
import { ownedBy } from '../payment-methods/lifecycle.ts'
import type { PaymentMethod } from '../payment-methods/schema.ts'
import { inSchemaOrder, mergeMetadata, toMetadata } from '../wire.ts'
import { Customer, type CustomerParameters } from './schema.ts'

/** @param around its id, and the time in epoch milliseconds */
export function create ({ metadata, payment_method: _method, ...details }: CustomerParameters, { id, now }: { id: string, now: number }): Customer {
  return inSchemaOrder(Customer, {
    ...details,
    id,
    object: 'customer',
    created: toWireTime(now),
    livemode: false,
    address: details.address ?? {},
    metadata: toMetadata(metadata)
  })
}

/** Changes what is given and leaves the rest. */
export function update (customer: Customer, { metadata, payment_method: _method, ...details }: CustomerParameters): Customer {
  return inSchemaOrder(Customer, { ...customer, ...details, metadata: mergeMetadata(customer.metadata, metadata) })
}

/**
 * The payment method as one of this customer's; twice is once.
 * @throws ApiError when it belongs to another customer
 */
export function attach (method: PaymentMethod, customer: string): PaymentMethod {
  if (method.customer !== undefined && method.customer !== customer) {
    throw errors.payment_method_unexpected_state(
      `The payment method ${method.id} is attached to ${method.customer}; detach it before it is attached to ${customer}.`)
  }
  return ownedBy(method, customer)
}

/** @throws ApiError when it belongs to nobody */
export function detach (method: PaymentMethod): PaymentMethod {
  if (method.customer === undefined) {
    throw errors.payment_method_unexpected_state(`The payment method ${method.id} is attached to no customer, so it cannot be detached.`)
  }
  return ownedBy(method, undefined)
}

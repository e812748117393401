import { toWireTime } from '../../core/clock.ts'
import { inSchemaOrder, mergeMetadata, toMetadata } from '../wire.ts'
import { PaymentMethod, type CreateParameters, type UpdateParameters } from './schema.ts'

/**
 * A payment method that belongs to no customer yet.
 * @param now epoch milliseconds
 */
export function newPaymentMethod ({ type, billing_details: billing, metadata }: CreateParameters, id: string, now: number): PaymentMethod {
  return inSchemaOrder(PaymentMethod, {
    id,
    object: 'payment_method',
    created: toWireTime(now),
    metadata: toMetadata(metadata),
    livemode: false,
    billing_details: billing,
    type
  })
}

/** Changes what is given and leaves the rest. */
export function update (method: PaymentMethod, parameters: UpdateParameters): PaymentMethod {
  return inSchemaOrder(PaymentMethod, {
    ...method,
    metadata: mergeMetadata(method.metadata, parameters.metadata),
    billing_details: parameters.billing_details ?? method.billing_details
  })
}

/** The same method with another owner, or with none. */
export function ownedBy (method: PaymentMethod, customer: string | undefined): PaymentMethod {
  return inSchemaOrder(PaymentMethod, { ...method, customer })
}

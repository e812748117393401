import type { Definition } from '../../store/collection.ts'

/** How a customer pays: one is made whenever a call names a method by its type. */
export interface PaymentMethod {
  readonly id: string
  readonly object: 'payment_method'
  readonly created: number
  readonly livemode: false
  readonly billing_details?: Readonly<Record<string, unknown>>
  readonly type: string
}

export const paymentMethodDefinition: Definition<PaymentMethod> = { name: 'payment_methods' }

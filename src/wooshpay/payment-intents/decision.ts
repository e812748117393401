import type { IdPrefix } from '../../core/ids.ts'
import { put, type Operation, type Raised } from '../../store/commit.ts'
import type { Customer } from '../customers/schema.ts'
import type { PaymentMethodRules } from '../payment-methods/rules.ts'
import { paymentMethodDefinition, type PaymentMethod } from '../payment-methods/schema.ts'
import { paymentIntentDefinition, type Failure, type PaymentIntentRecord } from './schema.ts'

/** What deciding needs besides the object: time, names and rules come from outside, so that deciding is pure. */
export interface Surroundings {
  /** Epoch milliseconds. */
  readonly now: number
  readonly newId: (prefix: IdPrefix) => string
  readonly newClientSecret: (id: string) => string
  readonly rules: PaymentMethodRules
  readonly savedMethod: (id: string) => PaymentMethod | undefined
  readonly customer: (id: string) => Customer | undefined
  readonly publicUrl: string
}

/** What a decision comes to; nothing of it has happened yet. */
export interface Decision {
  readonly record: PaymentIntentRecord
  readonly paymentMethod?: PaymentMethod
  readonly raise: readonly Raised[]
}

/** What a decision puts into the store. */
export function operationsOf ({ record, paymentMethod }: Decision): Operation[] {
  const intent = put(paymentIntentDefinition, record)
  return paymentMethod === undefined ? [intent] : [put(paymentMethodDefinition, paymentMethod), intent]
}

/** How a customer's visit to the wallet ends. */
export type Outcome =
  | { readonly kind: 'paid' }
  | { readonly kind: 'failed', readonly failure: Failure }
  | { readonly kind: 'processing', readonly delayMs: number, readonly failure?: Failure }

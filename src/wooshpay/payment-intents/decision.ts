import type { IdPrefix } from '../../core/ids.ts'
import type { Raised } from '../../store/commit.ts'
import type { PaymentMethodRules } from '../payment-methods/rules.ts'
import type { PaymentMethod } from '../payment-methods/schema.ts'
import type { Failure, PaymentIntentRecord } from './schema.ts'

/** What deciding needs besides the object: time, names and rules come from outside, so that deciding is pure. */
export interface Surroundings {
  /** Epoch milliseconds. */
  readonly now: number
  readonly newId: (prefix: IdPrefix) => string
  readonly newClientSecret: (id: string) => string
  readonly rules: PaymentMethodRules
  readonly savedMethod: (id: string) => PaymentMethod | undefined
  readonly publicUrl: string
}

/** What a decision comes to; nothing of it has happened yet. */
export interface Decision {
  readonly record: PaymentIntentRecord
  readonly paymentMethod?: PaymentMethod
  readonly raise: readonly Raised[]
}

/** How a customer's visit to the wallet ends. */
export type Outcome =
  | { readonly kind: 'paid' }
  | { readonly kind: 'failed', readonly failure: Failure }
  | { readonly kind: 'processing', readonly delayMs: number, readonly failure?: Failure }

/** What the README's tables say of methods, outcomes and test customers; copied by hand, so that a wrong table in the sandbox is found. */

export interface Method {
  readonly currency: string
  /** Smallest units. */
  readonly least: number
  readonly most: number
  /** How many refunds that did not fail a payment may have; `any` until nothing is left. */
  readonly refunds: 'none' | 'one' | 'any'
  /** What test numbers begin with; four digits follow. */
  readonly numbers: string
}

const NO_LIMIT = 999_999_999_999

export const METHODS: Readonly<Record<string, Method>> = {
  dana: { currency: 'IDR', least: 100, most: 300_000_000, refunds: 'one', numbers: '08120000' },
  gcash: { currency: 'PHP', least: 1, most: NO_LIMIT, refunds: 'one', numbers: '0917000' },
  truemoney: { currency: 'THB', least: 1, most: 700_000, refunds: 'one', numbers: '081000' },
  ovo: { currency: 'IDR', least: 1, most: NO_LIMIT, refunds: 'none', numbers: '08120000' },
  bank_transfer_id: { currency: 'IDR', least: 1, most: NO_LIMIT, refunds: 'none', numbers: '08120000' },
  promptpay: { currency: 'THB', least: 1, most: NO_LIMIT, refunds: 'any', numbers: '081000' }
}
export const METHOD_NAMES = Object.keys(METHODS)

export interface Failure {
  readonly code: string
  readonly decline_code?: string
}

export interface Outcome {
  /** When the wallet decides: at once, or only after `SLOW_MS`. */
  readonly isSlow?: true
  /** Why it fails, where it does. */
  readonly failure?: Failure
  /** How much later than the payment its webhooks leave. */
  readonly webhookDelayMs?: number
}

export const OUTCOMES: Readonly<Record<string, Outcome>> = {
  pay: {},
  'insufficient-balance': { failure: { code: 'payment_method_declined', decline_code: 'insufficient_funds' } },
  'account-blocked': { failure: { code: 'payment_method_declined', decline_code: 'account_blocked' } },
  otp: {},
  'pay-later': { isSlow: true },
  'fail-later': { isSlow: true, failure: { code: 'payment_method_declined', decline_code: 'generic_decline' } },
  'pay-and-close': {},
  'wallet-down': { failure: { code: 'processing_error' } },
  'limit-exceeded': { failure: { code: 'payment_method_declined', decline_code: 'transaction_limit_exceeded' } },
  'wrong-pin': { failure: { code: 'payment_method_declined', decline_code: 'pin_attempts_exceeded' } },
  cancel: { failure: { code: 'payment_method_canceled' } },
  lapse: { failure: { code: 'payment_method_expired' } },
  'webhook-first': {},
  'return-first': { webhookDelayMs: 3000 }
}
export const OUTCOME_NAMES = Object.keys(OUTCOMES)

const RICH = 2_000_000_000

/** By the end of the number. */
export const CUSTOMERS: Readonly<Record<string, { readonly balance: number, readonly outcome: string }>> = {
  '0001': { balance: RICH, outcome: 'pay' },
  '0002': { balance: 99, outcome: 'insufficient-balance' },
  '0003': { balance: RICH, outcome: 'account-blocked' },
  '0004': { balance: RICH, outcome: 'otp' },
  '0005': { balance: RICH, outcome: 'pay-later' },
  '0006': { balance: RICH, outcome: 'fail-later' },
  '0007': { balance: RICH, outcome: 'pay-and-close' },
  '0008': { balance: RICH, outcome: 'wallet-down' },
  '0009': { balance: RICH, outcome: 'limit-exceeded' }
}
export const CUSTOMER_ENDS = Object.keys(CUSTOMERS)

export const PIN = '123456'
export const SMS_CODE = '888888'
export const ATTEMPT_MS = 10 * 60_000
export const SLOW_MS = 5000
export const REFUND_DELAY_MS = 5000
export const SESSION_MS = 24 * 60 * 60_000
export const KEEP_KEYS_MS = 24 * 60 * 60_000

import type { Outcome } from '../wooshpay/payment-intents/decision.ts'
import { LAPSED } from '../wooshpay/payment-intents/lifecycle.ts'
import type { Failure } from '../wooshpay/payment-intents/schema.ts'

/** How long a slow wallet takes to decide, and how long a late webhook waits; milliseconds of the account's clock. */
const SLOW_WALLET_MS = 5000
const LATE_WEBHOOK_MS = 3000

/** One way in which a customer's visit can end. */
export interface Ending {
  readonly outcome: Outcome
  /**
   * How the browser gets back: by the result page (`page`), straight away (`at-once`), or not at all (`never`).
   */
  readonly back: 'page' | 'at-once' | 'never'
  /** The webhook comes before the browser goes on, or some time after. */
  readonly webhook?: { readonly first: true } | { readonly delayMs: number }
}

const paid: Outcome = { kind: 'paid' }

function declined (declineCode: string, message: string): Failure {
  return { code: 'payment_method_declined', decline_code: declineCode, message }
}

function fails (failure: Failure): Ending {
  return { outcome: { kind: 'failed', failure }, back: 'page' }
}

/** Every outcome by its name: the same words in the strip, in the API and in the README. */
export const OUTCOMES = {
  pay: { outcome: paid, back: 'page' },
  'insufficient-balance': fails(declined('insufficient_funds', 'The wallet\'s balance is too low.')),
  'account-blocked': fails(declined('account_blocked', 'The wallet account is blocked.')),
  otp: { outcome: paid, back: 'page' },
  'pay-later': { outcome: { kind: 'processing', delayMs: SLOW_WALLET_MS }, back: 'at-once' },
  'fail-later': {
    outcome: { kind: 'processing', delayMs: SLOW_WALLET_MS, failure: declined('generic_decline', 'The wallet declined the payment.') },
    back: 'at-once'
  },
  'pay-and-close': { outcome: paid, back: 'never' },
  'wallet-down': fails({ code: 'processing_error', message: 'The wallet could not process the payment.' }),
  'limit-exceeded': fails(declined('transaction_limit_exceeded', 'The amount is above the wallet\'s limit.')),
  'wrong-pin': fails(declined('pin_attempts_exceeded', 'The customer entered a wrong PIN three times.')),
  cancel: fails({ code: 'payment_method_canceled', message: 'The customer cancelled the payment.' }),
  lapse: fails(LAPSED),
  'webhook-first': { outcome: paid, back: 'page', webhook: { first: true } },
  'return-first': { outcome: paid, back: 'at-once', webhook: { delayMs: LATE_WEBHOOK_MS } }
} as const satisfies Readonly<Record<string, Ending>>

export type OutcomeName = keyof typeof OUTCOMES

export const OUTCOME_NAMES = Object.keys(OUTCOMES) as OutcomeName[]

export function isOutcomeName (name: unknown): name is OutcomeName {
  return typeof name === 'string' && Object.hasOwn(OUTCOMES, name)
}

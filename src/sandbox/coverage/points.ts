import { errors } from '../../core/errors.ts'
import { EVENT_TYPES } from '../../core/event-types.ts'
import type { Transitions } from '../../core/state-machine.ts'
import type { Possible } from '../../faults/fault.ts'
import type { Account } from '../../store/accounts.ts'
import { OUTCOME_NAMES } from '../../wallet/outcomes.ts'
import { checkoutSessionTransitions } from '../../wooshpay/checkout-sessions/transitions.ts'
import { paymentIntentTransitions } from '../../wooshpay/payment-intents/transitions.ts'
import type { PaymentMethodRules } from '../../wooshpay/payment-methods/rules.ts'
import { refundTransitions } from '../../wooshpay/refunds/transitions.ts'

/** Situations that a merchant's tests can bring about, by kind. All follow from the tables in the code. */
export const GROUPS = ['calls', 'transitions', 'outcomes', 'errors', 'events', 'refunds', 'deliveries'] as const
export type Group = (typeof GROUPS)[number]

/** One situation, such as `outcomes/insufficient-balance`. */
export type Point = `${Group}/${string}`

/** In which status an object is before it is made. */
export const NOTHING = 'nothing'
/** The statuses that objects are made in. */
const FIRST: ReadonlyArray<readonly [object: string, status: string]> = [
  ['payment_intent', 'requires_payment_method'], ['payment_intent', 'requires_confirmation'], ['payment_intent', 'requires_action'],
  ['checkout_session', 'open'], ['refund', 'succeeded'], ['refund', 'pending']
]

/** Failures that no test of a merchant can bring about by calls under /v1, or that belong to no account, since no key was understood. */
const OUT_OF_REACH = new Set<keyof typeof errors>([
  'api_key_missing', 'api_key_invalid', 'api_key_live', 'secret_key_required',
  'internal', 'storage_unavailable', 'sandbox_token_required', 'host_not_allowed', 'origin_not_allowed', 'wait_timeout', 'snapshot_missing', 'refund_unexpected_state',
  'coverage_missing', 'scenario_failed', 'account_missing'
])

const REFUNDS = ['full', 'partial', 'pending', 'failed'] as const
const DELIVERIES = [
  'answered', 'retried', 'given up', 'lost', 'duplicate answered', 'bad signature refused', 'old timestamp refused'
] as const

export function transition (object: string, from: string, to: string): Point {
  return `transitions/${object}: ${from} → ${to}`
}

/** All situations that an account's tests can reach, in order. */
export function pointsOf ({ switches }: Account, { calls, rules }: { calls: Possible['calls'], rules: PaymentMethodRules }): Point[] {
  // Without a method that captures by hand, nothing is ever authorized or captured.
  const canCapture = rules.names.some(name => rules.get(name, 'method').manual_capture)
  const isReachable = (name: string): boolean => canCapture || !/capture/.test(name)
  return [
    ...calls.map(({ method, path }): Point => `calls/${callName(method, path)}`),
    ...FIRST.map(([object, status]) => transition(object, NOTHING, status)),
    ...transitionsIn('payment_intent', paymentIntentTransitions),
    ...transitionsIn('checkout_session', checkoutSessionTransitions),
    ...transitionsIn('refund', refundTransitions)
  ].filter(isReachable).concat(
    OUTCOME_NAMES.map((name): Point => `outcomes/${name}`),
    (Object.keys(errors) as Array<keyof typeof errors>).filter(code => !OUT_OF_REACH.has(code)).map((code): Point => `errors/${code}`),
    EVENT_TYPES.filter(type => switches.SESSION_EVENTS || !type.startsWith('checkout.session.')).map((type): Point => `events/${type}`),
    REFUNDS.map((name): Point => `refunds/${name}`),
    DELIVERIES.map((name): Point => `deliveries/${name}`)
  )
}

/** @example callName('POST', '/v1/payment_intents/:id/confirm') // 'POST /v1/payment_intents/{id}/confirm' */
export function callName (method: string, path: string): string {
  return `${method} ${path.replace(/:(\w+)/g, '{$1}')}`
}

function transitionsIn<Status extends string, Trigger extends string> (object: string, table: Transitions<Status, Trigger>): Point[] {
  const changes = (Object.entries(table) as Array<[Status, Partial<Record<Trigger, Status>>]>).flatMap(([from, row]) =>
    (Object.entries(row) as Array<[Trigger, Status]>)
      // An update leaves the status as it is, and is a call.
      .filter(([trigger]) => trigger !== 'update')
      .map(([, to]) => transition(object, from, to)))
  return [...new Set(changes)]
}

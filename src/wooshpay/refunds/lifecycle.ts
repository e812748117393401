import { toWireTime } from '../../core/clock.ts'
import { errors } from '../../core/errors.ts'
import type { Switches } from '../../core/switches.ts'
import type { Raised } from '../../store/commit.ts'
import { withRefunds } from '../charges/lifecycle.ts'
import type { Charge } from '../charges/schema.ts'
import type { PaymentIntent } from '../payment-intents/schema.ts'
import type { PaymentMethodRule } from '../payment-methods/rules.ts'
import { inSchemaOrder, toAmount, toMetadata } from '../wire.ts'
import { Refund, type CreateParameters, type FailureReason, type RefundRecord } from './schema.ts'
import { nextStatus } from './transitions.ts'

/** A payment as far as its refunds concern it. */
export interface Paid {
  readonly intent: PaymentIntent
  readonly charge: Charge
  readonly rule: PaymentMethodRule
}

/** What a decision comes to; nothing of it has happened yet. */
export interface Decision {
  readonly record: RefundRecord
  readonly charge: Charge
  readonly raise: readonly Raised[]
}

/**
 * `POST /v1/refunds`.
 * @throws ApiError when the method takes no such refund, or there is not that much left
 */
export function create (
  parameters: CreateParameters, { intent, charge, rule }: Paid, around: { id: string, now: number, switches: Switches }
): Decision {
  const { id, now, switches } = around
  const left = charge.amount_captured - charge.amount_refunded
  checkMethod(intent, charge, rule)
  const amount = parameters.amount === undefined ? left : toAmount(parameters.amount, 'amount', 1)
  if (amount > left) throw errors.amount_too_large('amount', amount, `the ${left} ${charge.currency} that are left of ${intent.id}`)
  if (amount < charge.amount_captured && rule.partial_refund === false) {
    throw errors.refund_not_allowed(`${rule.name} takes no partial refunds: ${amount} ${charge.currency} are less than the ${charge.amount_captured} of ${intent.id}.`)
  }
  const isPending = switches.REFUND_MODE === 'async'
  const refund = inSchemaOrder(Refund, {
    id,
    object: 'refund',
    amount,
    created: toWireTime(now),
    currency: charge.currency,
    metadata: toMetadata(parameters.metadata) ?? {},
    payment_intent: intent.id,
    reason: parameters.reason,
    status: isPending ? 'pending' : 'succeeded',
    failure_reason: undefined
  })
  return {
    record: { id, refund, ...(isPending && { settles_at_ms: now + switches.REFUND_DELAY_MS }) },
    charge: withRefunds(charge, charge.amount_refunded + amount),
    raise: isPending ? [] : [{ type: 'charge.refund.updated', object: refund }]
  }
}

/** A pending refund has arrived. */
export function settle (record: RefundRecord, charge: Charge): Decision {
  return ended({ ...record.refund, status: nextStatus(record.refund, 'settle', 'settled') }, charge)
}

/** A pending refund has failed, and counts no longer. */
export function fail (record: RefundRecord, charge: Charge, reason: FailureReason): Decision {
  const { refund } = record
  const failed = { ...refund, status: nextStatus(refund, 'fail', 'failed'), failure_reason: reason }
  return ended(failed, withRefunds(charge, charge.amount_refunded - refund.amount))
}

function ended (refund: Refund, charge: Charge): Decision {
  return { record: { id: refund.id, refund }, charge, raise: [{ type: 'charge.refund.updated', object: refund }] }
}

/** Null in a rule is what the documentation does not say, so that it is not checked. */
function checkMethod (intent: PaymentIntent, charge: Charge, rule: PaymentMethodRule): void {
  if (rule.refund === false) throw errors.refund_not_allowed(`${rule.name} takes no refunds, so ${intent.id} cannot be refunded.`)
  if (charge.amount_refunded > 0 && rule.several_partial_refunds === false) {
    throw errors.refund_not_allowed(`${intent.id} has a refund already: ${rule.name} takes one refund of a payment${rule.partial_refund === false ? '' : ', full or partial'}.`)
  }
  if (charge.refunded) throw errors.refund_not_allowed(`All of ${intent.id} is refunded already, or about to be.`)
}

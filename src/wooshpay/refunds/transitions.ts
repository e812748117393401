import { errors } from '../../core/errors.ts'
import { statusesThatTake, step, type Transitions } from '../../core/state-machine.ts'
import type { Refund, RefundStatus } from './schema.ts'

export type RefundTrigger = 'settle' | 'fail'

export const refundTransitions: Transitions<RefundStatus, RefundTrigger> = {
  pending: { settle: 'succeeded', fail: 'failed' },
  succeeded: {},
  failed: {}
}

/**
 * The status that a trigger leads to.
 * @throws ApiError naming the present status, where the trigger is refused
 */
export function nextStatus ({ id, status }: Refund, trigger: RefundTrigger, participle: string): RefundStatus {
  const next = step(refundTransitions, status, trigger)
  if (next !== undefined) return next
  throw errors.refund_unexpected_state(`Refund ${id} has the status ${status}; ` +
    `it can be ${participle} only while that is: ${statusesThatTake(refundTransitions, trigger).join(', ')}.`)
}

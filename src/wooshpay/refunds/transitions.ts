import { errors } from '../../core/errors.ts'
import { advance, type Transitions } from '../../core/state-machine.ts'
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
  return advance(refundTransitions, { name: `Refund ${id}`, status }, trigger, participle, errors.refund_unexpected_state)
}

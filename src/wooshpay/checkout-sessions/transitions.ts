import { errors } from '../../core/errors.ts'
import { statusesThatTake, step, type Transitions } from '../../core/state-machine.ts'
import type { CheckoutSession, SessionStatus } from './schema.ts'

export type SessionTrigger = 'complete' | 'expire'

export const checkoutSessionTransitions: Transitions<SessionStatus, SessionTrigger> = {
  open: { complete: 'complete', expire: 'expired' },
  complete: {},
  expired: {}
}

/**
 * The status that a trigger leads to.
 * @throws ApiError naming the present status, where the trigger is refused
 */
export function nextStatus ({ id, status }: CheckoutSession, trigger: SessionTrigger, participle: string): SessionStatus {
  const next = step(checkoutSessionTransitions, status, trigger)
  if (next !== undefined) return next
  throw errors.checkout_session_unexpected_state(`The checkout session ${id} has the status ${status}; ` +
    `it can be ${participle} only while that is: ${statusesThatTake(checkoutSessionTransitions, trigger).join(', ')}.`)
}

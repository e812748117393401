import { errors } from '../../core/errors.ts'
import { advance, type Transitions } from '../../core/state-machine.ts'
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
  const subject = { name: `The checkout session ${id}`, status }
  return advance(checkoutSessionTransitions, subject, trigger, participle, errors.checkout_session_unexpected_state)
}

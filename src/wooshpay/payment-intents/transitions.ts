import { errors } from '../../core/errors.ts'
import { advance, type Transitions } from '../../core/state-machine.ts'
import type { PaymentIntentRecord, PaymentIntentStatus } from './schema.ts'

export const PAYMENT_INTENT_TRIGGERS = [
  'update', 'confirm', 'process', 'pay', 'authorize', 'fail', 'capture', 'cancel'
] as const
export type PaymentIntentTrigger = (typeof PAYMENT_INTENT_TRIGGERS)[number]

export const paymentIntentTransitions: Transitions<PaymentIntentStatus, PaymentIntentTrigger> = {
  requires_payment_method: { update: 'requires_payment_method', confirm: 'requires_action', cancel: 'canceled' },
  requires_confirmation: { update: 'requires_confirmation', confirm: 'requires_action', cancel: 'canceled' },
  requires_action: {
    update: 'requires_action',
    confirm: 'requires_action',
    process: 'processing',
    pay: 'succeeded',
    authorize: 'requires_capture',
    fail: 'requires_payment_method',
    cancel: 'canceled'
  },
  processing: { update: 'processing', pay: 'succeeded', authorize: 'requires_capture', fail: 'requires_payment_method' },
  requires_capture: { update: 'requires_capture', capture: 'succeeded', cancel: 'canceled' },
  succeeded: {},
  canceled: {}
}

/**
 * The status that a trigger leads to.
 * @throws ApiError naming the present status, where the trigger is refused
 */
export function nextStatus ({ intent }: PaymentIntentRecord, trigger: PaymentIntentTrigger, participle: string): PaymentIntentStatus {
  const subject = { name: `PaymentIntent ${intent.id}`, status: intent.status }
  return advance(paymentIntentTransitions, subject, trigger, participle, errors.payment_intent_unexpected_state)
}

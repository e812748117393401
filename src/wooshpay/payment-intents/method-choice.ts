import { toWireTime } from '../../core/clock.ts'
import { errors } from '../../core/errors.ts'
import type { PaymentMethodRules } from '../payment-methods/rules.ts'
import type { PaymentMethod } from '../payment-methods/schema.ts'
import type { Surroundings } from './decision.ts'
import type { CreateParameters, PaymentIntentRecord } from './schema.ts'

/** `payment_method_data.type`, else `payment_method`, else the one that was chosen before. */
export function chooseMethod (
  { payment_method_data: data, payment_method: saved }: Pick<CreateParameters, 'payment_method_data' | 'payment_method'>,
  record: PaymentIntentRecord | undefined, around: Surroundings
): PaymentMethod | undefined {
  if (data !== undefined) {
    around.rules.get(data.type, 'payment_method_data[type]')
    return newPaymentMethod(data.type, data.billing_details, around)
  }
  const id = saved ?? record?.intent.payment_method
  if (id === undefined) return undefined
  const method = around.savedMethod(id)
  if (method === undefined) throw errors.resource_missing('payment method', id, 'payment_method', 400)
  return method
}

export function newPaymentMethod (type: string, billing: PaymentMethod['billing_details'], { newId, now }: Surroundings): PaymentMethod {
  return {
    id: newId('pm'),
    object: 'payment_method',
    created: toWireTime(now),
    livemode: false,
    ...(billing && { billing_details: billing }),
    type
  }
}

/** Methods that the merchant named must all take the payment; of those that the currency gave, one is enough. */
export function checkMethods (
  types: readonly string[],
  { isListed, amount, currency, capture }: { isListed: boolean, amount: number, currency: string, capture: string },
  rules: PaymentMethodRules
): void {
  const refusals = types.map(type => {
    try {
      rules.checkMoney(type, amount, currency)
    } catch (error) {
      return error
    }
    return undefined
  }).filter(refusal => refusal !== undefined)
  if (refusals.length > 0 && (isListed || refusals.length === types.length)) throw refusals[0]
  if (capture === 'manual' && !types.some(type => rules.get(type, 'payment_method_types').manual_capture)) {
    throw errors.capture_method_not_supported(types.map(type => rules.get(type, 'payment_method_types').name).join(', '))
  }
}

/** Refuses a method that is not among those of the PaymentIntent. */
export function checkOffered (type: string, types: readonly string[], param: string): void {
  if (!types.includes(type)) {
    throw errors.parameter_invalid(param, param === 'payment_method_types' ? types : type,
      `does not fit: the payment is to be made with ${type}, and payment_method_types are ${types.join(', ')}`)
  }
}

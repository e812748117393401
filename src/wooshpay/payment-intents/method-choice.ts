import { errors } from '../../core/errors.ts'
import { newPaymentMethod } from '../payment-methods/lifecycle.ts'
import { OWN_NAMES, type ParameterNames, type PaymentMethodRules } from '../payment-methods/rules.ts'
import type { PaymentMethod } from '../payment-methods/schema.ts'
import { found } from '../wire.ts'
import type { Surroundings } from './decision.ts'
import type { CreateParameters, PaymentIntentRecord } from './schema.ts'

/** A method, and what named it. */
export interface Choice {
  readonly method: PaymentMethod
  readonly param: string
  readonly value: string
}

/** `payment_method_data.type`, else `payment_method`, else the one that was chosen before. */
export function chooseMethod (
  { payment_method_data: data, payment_method: saved }: Pick<CreateParameters, 'payment_method_data' | 'payment_method'>,
  record: PaymentIntentRecord | undefined, around: Surroundings
): Choice | undefined {
  if (data !== undefined) {
    around.rules.get(data.type, 'payment_method_data[type]')
    return { method: newPaymentMethod(data, around.newId('pm'), around.now), param: 'payment_method_data[type]', value: data.type }
  }
  const id = saved ?? record?.intent.payment_method
  if (id === undefined) return undefined
  return { method: found(around.savedMethod(id), 'payment method', id, 'payment_method'), param: 'payment_method', value: id }
}

/** Methods that the merchant named must all take the payment; of those that the currency gave, one is enough. */
export function checkMethods (
  types: readonly string[],
  { isListed, amount, currency, capture, names = OWN_NAMES }: {
    isListed: boolean, amount: number, currency: string, capture: string, names?: ParameterNames | undefined
  },
  rules: PaymentMethodRules
): void {
  const refusals = types.map(type => rules.refusal(type, amount, currency, names)).filter(refusal => refusal !== undefined)
  if (refusals.length > 0 && (isListed || refusals.length === types.length)) throw refusals[0]
  if (capture === 'manual' && !types.some(type => rules.get(type, 'payment_method_types').manual_capture)) {
    throw errors.capture_method_not_supported(names.capture, types.map(type => rules.get(type, 'payment_method_types').name))
  }
}

/** Refuses a method that is not among those of the PaymentIntent. */
export function checkOffered (type: string, types: readonly string[], param: string, value: unknown): void {
  if (!types.includes(type)) {
    throw errors.parameter_invalid(param, value, `does not fit: the payment is to be made with ${type}, and payment_method_types are ${types.join(', ')}`)
  }
}

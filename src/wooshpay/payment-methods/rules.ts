import { readFileSync } from 'node:fs'
import { errors, type ApiError } from '../../core/errors.ts'
import { LARGEST_AMOUNT } from '../../core/money.ts'
import { packageFile } from '../../core/package-files.ts'

/** The mobile numbers that a wallet knows its customers by. */
export interface PhoneNumbers {
  /** Such as `62`. */
  readonly country_code: string
  /** A regular expression for what follows the country code, or the 0 of the national form. */
  readonly mobile: string
  /** What the sandbox's test numbers begin with, in the national form; four digits follow. */
  readonly test_numbers: string
}

/** What a payment method allows; null where the documentation does not say, so that it is not checked. */
export interface PaymentMethodRule {
  /** As a customer knows it. */
  readonly name: string
  /** The one currency that it takes. */
  readonly currency: string
  /** Stated only: nothing is settled here. */
  readonly settlement_currency: string | null
  /** Smallest units of the currency. */
  readonly minimum_amount: number | null
  readonly maximum_amount: number | null
  readonly manual_capture: boolean
  readonly refund: boolean | null
  readonly partial_refund: boolean | null
  readonly several_partial_refunds: boolean | null
  /** Stated only: nobody charges back here. */
  readonly chargeback: boolean | null
  /** `type` of the `next_action` that leads to the wallet. */
  readonly next_action: string
  readonly phone: PhoneNumbers
}

/** The parameters that a call names its payment by, for the message that refuses it. */
export interface ParameterNames {
  readonly amount: string
  readonly currency: string
  readonly capture: string
  /** What the amount is, where that is not the parameter itself. */
  readonly what?: string
}

/** Those of a PaymentIntent. */
export const OWN_NAMES: ParameterNames = { amount: 'amount', currency: 'currency', capture: 'capture_method' }

/** The rules of all payment methods: a row of `fixtures/payment-methods.json` is all that a method needs. */
export class PaymentMethodRules {
  readonly #rules: ReadonlyMap<string, PaymentMethodRule>

  constructor (rules: Readonly<Record<string, PaymentMethodRule>>) {
    this.#rules = new Map(Object.entries(rules))
  }

  get names (): string[] {
    return [...this.#rules.keys()]
  }

  /**
   * The rule of a method.
   * @throws ApiError naming the methods that there are
   */
  get (method: string, param: string): PaymentMethodRule {
    const rule = this.#rules.get(method)
    if (rule === undefined) throw errors.payment_method_not_supported(param, method, this.names)
    return rule
  }

  /**
   * Every method that takes a currency.
   * @throws ApiError when none does
   */
  taking (currency: string, param = 'currency'): string[] {
    const methods = this.names.filter(name => this.#rules.get(name)?.currency === currency)
    if (methods.length === 0) {
      const currencies = new Set([...this.#rules.values()].map(rule => rule.currency))
      throw errors.currency_not_supported(param, 'This sandbox', currency, [...currencies])
    }
    return methods
  }

  /**
   * Why a method does not take this money; undefined when it does.
   * @param amount smallest units
   */
  refusal (method: string, amount: number, currency: string, names: ParameterNames = OWN_NAMES): ApiError | undefined {
    const rule = this.get(method, 'payment_method_types')
    if (rule.currency !== currency) return errors.currency_not_supported(names.currency, rule.name, currency, [rule.currency])
    const least = rule.minimum_amount ?? 1
    const most = rule.maximum_amount ?? LARGEST_AMOUNT
    if (amount < least) return errors.amount_too_small(names.amount, amount, `${least} ${currency} for ${rule.name}`, names.what)
    if (amount > most) return errors.amount_too_large(names.amount, amount, `${most} ${currency} for ${rule.name}`, names.what)
    return undefined
  }

  /** Those of several methods that can take a payment as it is. */
  usable (methods: readonly string[], { amount, currency, capture_method: capture }: {
    readonly amount: number, readonly currency: string, readonly capture_method: string
  }): string[] {
    return methods.filter(method => this.refusal(method, amount, currency) === undefined &&
      (capture !== 'manual' || this.get(method, 'payment_method_types').manual_capture))
  }
}

/** Reads the rows that ship with the sandbox. */
export function readPaymentMethodRules (): PaymentMethodRules {
  return new PaymentMethodRules(JSON.parse(readFileSync(packageFile('fixtures/payment-methods.json'), 'utf8')) as Record<string, PaymentMethodRule>)
}

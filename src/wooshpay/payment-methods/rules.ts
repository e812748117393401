import { readFileSync } from 'node:fs'
import { errors } from '../../core/errors.ts'

/** What a payment method allows; null where the documentation does not say, so that it is not checked. */
export interface PaymentMethodRule {
  /** As a customer knows it. */
  readonly name: string
  /** The one currency that it takes. */
  readonly currency: string
  readonly settlement_currency: string | null
  /** Smallest units of the currency. */
  readonly minimum_amount: number | null
  readonly maximum_amount: number | null
  readonly manual_capture: boolean
  readonly refund: boolean | null
  readonly partial_refund: boolean | null
  readonly several_partial_refunds: boolean | null
  readonly chargeback: boolean | null
  /** `type` of the `next_action` that leads to the wallet. */
  readonly next_action: string
}

/** Far above any method's own limit, and exact in JSON. */
const LARGEST_AMOUNT = 999_999_999_999

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
  taking (currency: string): string[] {
    const methods = this.names.filter(name => this.#rules.get(name)?.currency === currency)
    if (methods.length === 0) {
      const currencies = new Set([...this.#rules.values()].map(rule => rule.currency))
      throw errors.currency_not_supported('This sandbox', currency, [...currencies])
    }
    return methods
  }

  /**
   * Refuses money that a method does not take.
   * @param amount smallest units
   */
  checkMoney (method: string, amount: number, currency: string): void {
    const rule = this.get(method, 'payment_method_types')
    if (rule.currency !== currency) throw errors.currency_not_supported(rule.name, currency, [rule.currency])
    const least = rule.minimum_amount ?? 1
    const most = rule.maximum_amount ?? LARGEST_AMOUNT
    if (amount < least) throw errors.amount_too_small(amount, `${least} ${currency} for ${rule.name}`)
    if (amount > most) throw errors.amount_too_large('amount', amount, `${most} ${currency} for ${rule.name}`)
  }
}

/** Where a customer pays: WooshPay's own pages in test mode have addresses of this form. */
export function walletPath (method: string, intent: string): string {
  return `/v1/receives/${encodeURIComponent(method)}/pay/${encodeURIComponent(intent)}`
}

/** Reads the rows that ship with the sandbox; the same path from `src` and from `dist`. */
export function readPaymentMethodRules (): PaymentMethodRules {
  const file = new URL('../../../fixtures/payment-methods.json', import.meta.url)
  return new PaymentMethodRules(JSON.parse(readFileSync(file, 'utf8')) as Record<string, PaymentMethodRule>)
}

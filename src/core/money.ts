const KNOWN = new Set(Intl.supportedValuesOf('currency'))

/** Far above any method's own limit, and exact in JSON. */
export const LARGEST_AMOUNT = 999_999_999_999

/** The code as WooshPay answers it, or undefined when ISO 4217 has no such currency; case does not matter. */
export function currencyCode (text: string): string | undefined {
  // The upper case of some letters outside ASCII, such as ı, lies inside.
  const code = /^[a-z]{3}$/i.test(text) ? text.toUpperCase() : ''
  return KNOWN.has(code) ? code : undefined
}

/**
 * An amount in the smallest unit as a customer reads it.
 * @example
 * formatMoney(20000, 'IDR') // 'Rp20.000'
 * formatMoney(20050, 'PHP') // 'PHP 200.50'
 */
export function formatMoney (amount: number, currency: string): string {
  // WooshPay's DANA page counts in whole rupiah, though ISO 4217 has two digits.
  if (currency === 'IDR') return `Rp${new Intl.NumberFormat('id-ID').format(amount)}`
  const digits = minorDigits(currency)
  const number = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${currency} ${number.format(amount / 10 ** digits)}`
}

function minorDigits (currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

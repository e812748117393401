import { FIRST_MILLISECONDS } from '../core/clock.ts'
import { readBrackets } from '../http/bodies.ts'
import type { LoggedRequest } from '../http/request-log.ts'
import { isObject } from '../http/validation.ts'

/** Rp10,000,000: dearer than most baskets, and what a basket of Rp100,000 is when it is counted in sen. */
const DEAR_RUPIAH = 10_000_000

/** What the rest of the sandbox knows about a call. */
export interface HintContext {
  /** Whether a session was paid, and neither fetched nor told by a webhook that was answered with 2xx. */
  readonly isTrusted: (session: string) => boolean
}

/** The usual mistakes that a call shows, in words for whoever wrote it. */
export function hintsFor (request: LoggedRequest, { isTrusted }: HintContext): string[] {
  const { body, answer, credential, error, unknown, deprecated, url } = request
  const parameters = isObject(body) ? body : {}
  const sen = rupiahIn(parameters).find(amount => isInSen(amount, error))
  const hints: Array<[boolean, string]> = [
    [/^bearer/i.test(credential), 'The key was sent as Bearer. WooshPay takes HTTP Basic: the key as user name, an empty password.'],
    [credential.includes('_live'), 'A live key was sent to a sandbox. Check where else it went.'],
    [sen !== undefined, `The amount ${String(sen)} looks like sen. Rupiah have no smaller unit: 20000 is Rp20.000.`],
    [hasSeconds(url, parameters), 'A time looks like seconds. Times are in milliseconds: created[gte]=1795365744000.'],
    [unknown.length > 0, `The call does not know ${unknown.join(', ')}, and ignores it unless STRICT_PARAMETERS is set.`],
    [deprecated.length > 0, `Only older pages of the documentation have ${deprecated.join(', ')}.`],
    [isSession(answer) && isTrusted(answer.id), 'The session was paid, and neither fetched afterwards nor told by a webhook; that the customer comes to success_url is no proof of a payment.']
  ]
  return hints.filter(([applies]) => applies).map(([, hint]) => hint)
}

/** The amounts of a call that are in rupiah: of a payment, a price, or the lines of a checkout. */
function rupiahIn (parameters: Record<string, unknown>): unknown[] {
  const lines: unknown[] = Array.isArray(parameters.line_items) ? parameters.line_items : []
  const prices = [parameters, ...lines.map(line => isObject(line) ? line.price_data : undefined)].filter(isObject)
  return prices.filter(isRupiah).flatMap(({ amount, unit_amount: unitAmount }) => [amount, unitAmount])
}

function isRupiah ({ currency }: Record<string, unknown>): boolean {
  return typeof currency === 'string' && currency.toUpperCase() === 'IDR'
}

function isInSen (amount: unknown, error: string | undefined): boolean {
  const value = numberIn(amount)
  return value > 0 && value % 100 === 0 && (error === 'amount_too_large' || value >= DEAR_RUPIAH)
}

/** What is logged was not checked: a form can hold objects that cannot be made a number, nor a text. */
function numberIn (value: unknown): number {
  return typeof value === 'object' ? NaN : Number(value)
}

function hasSeconds (url: string, { created }: Record<string, unknown>): boolean {
  const ranges = [readBrackets(url.split('?', 2)[1] ?? '').created, created].filter(isObject)
  return ranges.flatMap(Object.values).map(numberIn).some(value => value > 1_000_000_000 && value < FIRST_MILLISECONDS)
}

function isSession (answer: unknown): answer is { id: string } {
  return isObject(answer) && answer.object === 'checkout.session' && typeof answer.id === 'string'
}

import { FIRST_MILLISECONDS } from '../core/clock.ts'
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
  const hints: Array<[boolean, string]> = [
    [/^bearer/i.test(credential), 'The key was sent as Bearer. WooshPay takes HTTP Basic: the key as user name, an empty password.'],
    [credential.includes('_live'), 'A live key was sent to a sandbox. Check where else it went.'],
    [isRupiah(parameters) && isInSen(parameters.amount, error), `The amount ${String(parameters.amount)} looks like sen. Rupiah have no smaller unit: 20000 is Rp20.000.`],
    [hasSeconds(url, parameters), 'A time looks like seconds. Times are in milliseconds: created[gte]=1795365744000.'],
    [unknown.length > 0, `The call does not know ${unknown.join(', ')}, and ignores it unless STRICT_PARAMETERS is set.`],
    [deprecated.length > 0, `Only older pages of the documentation have ${deprecated.join(', ')}.`],
    [isSession(answer) && isTrusted(answer.id), 'The customer came to success_url, which is no proof of a payment: the session was neither fetched afterwards nor told by a webhook.']
  ]
  return hints.filter(([applies]) => applies).map(([, hint]) => hint)
}

function isRupiah ({ currency }: Record<string, unknown>): boolean {
  return typeof currency === 'string' && currency.toUpperCase() === 'IDR'
}

function isInSen (amount: unknown, error: string | undefined): boolean {
  const value = Number(amount)
  return value > 0 && value % 100 === 0 && (error === 'amount_too_large' || value >= DEAR_RUPIAH)
}

function hasSeconds (url: string, { created }: Record<string, unknown>): boolean {
  const inQuery = [...decodeURIComponent(url.replace(/%(?![\da-f]{2})/gi, '%25')).matchAll(/created\[[a-z]+\]=(\d+)/g)].map(([, value]) => Number(value))
  const inBody = isObject(created) ? Object.values(created).map(Number) : []
  return [...inQuery, ...inBody].some(value => value > 1_000_000_000 && value < FIRST_MILLISECONDS)
}

function isSession (answer: unknown): answer is { id: string } {
  return isObject(answer) && answer.object === 'checkout.session' && typeof answer.id === 'string'
}

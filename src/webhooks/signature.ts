import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Switches } from '../core/switches.ts'

export interface SignatureInput {
  /** The endpoint's secret, used as the text that it is, `whsec_` included. */
  readonly secret: string
  /** Exactly what is sent. */
  readonly body: string
  /** Epoch milliseconds. */
  readonly eventAt: number
  readonly attemptAt: number
}

/**
 * The headers that sign a delivery: `t=<time>,v1=<hex HMAC-SHA256 of time.body>`, after WooshPay's page
 * "Check the webhook signatures". Its English version names the header `Wooshpay-Signature`, its Chinese one `Signature`.
 *
 * @example
 * signatureHeaders({ secret: 'whsec_1', body: '{}', eventAt: 1687845304000, attemptAt: 1687845304000 }, account.switches)
 * // { 'Wooshpay-Signature': 't=1687845304,v1=…', Signature: 't=1687845304,v1=…' }
 */
export function signatureHeaders (
  { secret, body, eventAt, attemptAt }: SignatureInput,
  { SIGNATURE_HEADERS: headers, SIGNATURE_TIME: time, SIGNATURE_TIMESTAMP: unit }: Switches
): Record<string, string> {
  const ms = time === 'event' ? eventAt : attemptAt
  const t = String(unit === 'seconds' ? Math.floor(ms / 1000) : ms)
  const value = `t=${t},v1=${mac(t, body, secret).toString('hex')}`
  return {
    ...(headers !== 'chinese' && { 'Wooshpay-Signature': value }),
    ...(headers !== 'english' && { Signature: value })
  }
}

/**
 * Whether a webhook comes from whoever knows the endpoint's secret, as WooshPay's page "Check the webhook signatures"
 * says; for shops, and their tests. It takes any time: retries come with that of the event, up to days later.
 * @param body the bytes that came, before anything has parsed them
 * @throws TypeError when the body was parsed already, or the secret is missing
 * @param header the header `Wooshpay-Signature`, or `Signature`, which has the same value
 * @example if (!verifySignature(request.body, request.headers['wooshpay-signature'], secret)) response.status(400).end()
 */
export function verifySignature (body: string | Uint8Array, header: string | readonly string[] | undefined, secret: string): boolean {
  const parts = new Map([header ?? ''].flat().join(',').split(',').map(part => {
    const [name = '', value = ''] = part.trim().split('=')
    return [name, value]
  }))
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) throw new TypeError('verifySignature takes the body as it came, as text or bytes, and not what was made of it by JSON.parse or express.json.')
  if (secret === '' || typeof secret !== 'string') throw new TypeError('verifySignature has no secret of the webhook endpoint.')
  const given = Buffer.from(parts.get('v1') ?? '')
  const expected = Buffer.from(mac(parts.get('t') ?? '', body, secret).toString('hex'))
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** HMAC-SHA256 of `time.body`. */
function mac (time: string, body: string | Uint8Array, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest()
}

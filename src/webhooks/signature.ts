import { createHmac } from 'node:crypto'
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
  const value = `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`
  return {
    ...(headers !== 'chinese' && { 'Wooshpay-Signature': value }),
    ...(headers !== 'english' && { Signature: value })
  }
}

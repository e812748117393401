import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Verifies a webhook by the four steps of WooshPay's page "Check the webhook signatures", and nothing else;
 * it shares no code with the sandbox.
 */
export function verify (header: string, rawBody: string, secret: string): boolean {
  // 1. Extract the timestamp and the signature: split by "," and then by "="; ignore other elements.
  const elements = new Map(header.split(',').map(element => {
    const [prefix = '', value = ''] = element.split('=')
    return [prefix, value]
  }))
  const timestamp = elements.get('t') ?? ''
  const signature = elements.get('v1') ?? ''
  // 2. Prepare signed_payload: the timestamp, the character ".", the actual JSON payload.
  const signedPayload = `${timestamp}.${rawBody}`
  // 3. Determine the expected signature: HMAC with SHA256, the webhook's secret as key.
  const expected = createHmac('sha256', secret).update(signedPayload).digest('hex')
  // 4. Compare the signatures.
  return signature.length === expected.length && timingSafeEqual(Buffer.from(signature), Buffer.from(expected))
}

import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'

/** Of the API's answers, what this shop reads. */
export interface PaymentIntent {
  id: string
  status: string
  next_action?: { dana_handle_redirect: { url: string } }
  last_payment_error?: { code: string, decline_code?: string, message: string }
}
export interface CheckoutSession { id: string, url: string, payment_intent: string }
export interface Refund { id: string, amount: number, status: string }
export interface WebhookEvent { type: string, data: { object: { id: string, payment_intent?: string } } }

export class WooshPayError extends Error {
  readonly status: number
  readonly code: string

  constructor (status: number, { code = 'unknown', message = `WooshPay answers ${status}` }: { code?: string, message?: string } = {}) {
    super(message)
    this.status = status
    this.code = code
  }
}

const ATTEMPTS = 3
const TIMEOUT_MS = 10_000
const PAUSE_MS = 100

export interface Credentials {
  /** Without `/v1`; the only thing that differs between WooshPay and its sandbox. */
  readonly baseUrl: string
  readonly secretKey: string
}

export type WooshPay = ReturnType<typeof connectWooshPay>

export function connectWooshPay ({ baseUrl, secretKey }: Credentials) {
  /**
   * Repeats a call that was not answered, or answered with a server error. The key says that it is the same call, so that
   * nothing is done twice; without one it is new.
   */
  async function call<Answer> (method: 'GET' | 'POST', path: string, body?: object, idempotencyKey: string = randomUUID()): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await fetch(`${baseUrl}/v1${path}`, {
          method,
          headers: {
            Authorization: `Basic ${btoa(`${secretKey}:`)}`,
            ...(method === 'POST' && { 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey })
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(TIMEOUT_MS)
        })
        if (response.ok) return await response.json() as Answer
        const refusal = await response.json().catch(() => ({})) as { error?: { code?: string, message?: string } }
        throw new WooshPayError(response.status, refusal.error)
      } catch (error) {
        if (attempt === ATTEMPTS || (error instanceof WooshPayError && error.status < 500)) throw error
        await setTimeout(attempt * PAUSE_MS)
      }
    }
  }

  const dana = { payment_method_data: { type: 'dana' } }
  return {
    /** Direct API: the shop itself sends the customer to DANA. */
    pay: async (amount: number, order: string, returnUrl: string) => await call<PaymentIntent>('POST', '/payment_intents', {
      amount, currency: 'IDR', confirm: true, ...dana, merchant_order_id: order, return_url: returnUrl
    }, `pay-${order}`),
    /** Another attempt, after one that has failed. */
    confirm: async (id: string, returnUrl: string) => await call<PaymentIntent>('POST', `/payment_intents/${id}/confirm`, { ...dana, return_url: returnUrl }),
    /** Checkout: a page of WooshPay asks how to pay. */
    checkOut: async (name: string, amount: number, order: string, returnUrl: string) => await call<CheckoutSession>('POST', '/checkout/sessions', {
      mode: 'payment',
      payment_method_types: ['dana'],
      line_items: [{ price_data: { currency: 'IDR', unit_amount: amount, product_data: { name } }, quantity: 1 }],
      client_reference_id: order,
      success_url: returnUrl,
      cancel_url: returnUrl
    }, `checkout-${order}`),
    refund: async (paymentIntent: string, amount: number, idempotencyKey: string) =>
      await call<Refund>('POST', '/refunds', { payment_intent: paymentIntent, amount, reason: 'requested_by_customer' }, idempotencyKey),
    retrieve: async (id: string) => await call<PaymentIntent>('GET', `/payment_intents/${id}`),
    refundsOf: async (id: string) => (await call<{ data: Refund[] }>('GET', `/refunds?payment_intent=${id}`)).data
  }
}

/** Whether a webhook was sent by whoever knows the secret: `v1` is the HMAC-SHA256 of `<t>.<body>`, over the bytes that came. */
export function isSigned (rawBody: string | Uint8Array, header: string | undefined, secret: string): boolean {
  const { t, v1 = '' } = Object.fromEntries((header ?? '').split(',').map(part => part.trim().split('='))) as Record<string, string>
  const given = Buffer.from(v1)
  const expected = Buffer.from(createHmac('sha256', secret).update(`${t}.`).update(rawBody).digest('hex'))
  return given.length === expected.length && timingSafeEqual(given, expected)
}

import assert from 'node:assert/strict'
import { newCustomer } from './customer.ts'
import type { Random } from './random.ts'
import type { Answer } from './sandbox.ts'

/** What has to be true of a payment, since the journeys have made it so. */
export interface Payment {
  readonly id: string
  readonly amount: number
  /** Types of its events in order, those of its session and refunds included. */
  readonly events: string[]
  status: string
  refunded: number
  /** The phone number of the customer who has logged in at the wallet. */
  phone?: string
}

/** A shop's account, what its journeys have brought about there since it was last empty, and how to call it. */
export interface Shop {
  readonly random: Random
  readonly payments: Payment[]
  readonly sessions: Array<{ readonly id: string, readonly payment: Payment, status: 'open' | 'complete' | 'expired' }>
  readonly refunds: Array<{ readonly id: string, readonly payment: Payment, readonly amount: number, status: 'pending' | 'succeeded' | 'failed' }>
  /** E-mails by id. */
  readonly customers: Map<string, string>
  /** What each wallet has lost, by phone number. */
  readonly spent: Map<string, number>
  /** Calls the sandbox; throws when the answer has another status than expected. */
  readonly call: (method: string, path: string, body?: object, options?: { readonly status?: number, readonly key?: string }) => Promise<Answer>
  /** The same, whatever the status of the answer. */
  readonly ask: Shop['call']
  /** Begins a GET, and answers what hangs up before the answer. */
  readonly begin: (path: string) => () => Promise<void>
  /** A text that has not been used before. */
  readonly unique: (what: string) => string
  readonly move: (ms: number) => Promise<void>
  /** Listens to the stream of the account until a text comes. */
  readonly listen: () => Promise<{ until: (text: string) => Promise<void>, stop: () => void }>
}

type Journey = (shop: Shop) => Promise<void>

/** Of test customers: one who pays at once, and one who is asked for an SMS code. */
export const PHONES = ['081200000001', '081200000004'] as const
const REFUSALS = {
  'insufficient-balance': 'payment_method_declined',
  'account-blocked': 'payment_method_declined',
  'wallet-down': 'processing_error',
  'limit-exceeded': 'payment_method_declined',
  'wrong-pin': 'payment_method_declined',
  cancel: 'payment_method_canceled',
  lapse: 'payment_method_expired'
} as const
const LAPSE_MS = 10 * 60_000
const DAY_MS = 24 * 60 * 60_000
const SLOW_MS = 5000
const BACK = 'https://shop.test/done'
const DANA = { payment_method_data: { type: 'dana' }, return_url: BACK }

/** Journeys that can go on beside each other in one account. */
export const TOGETHER = {
  paid: async shop => { await pay(shop, await confirmed(shop)) },
  paidAtThePages: async shop => {
    const { payment, url } = await created(shop)
    const [phone] = PHONES
    const customer = newCustomer()
    await customer.open(url)
    await customer.press('continue', { phone })
    await customer.press('continue', { pin: '123456' })
    await customer.press('pay')
    wasPaid(shop, payment, phone)
  },
  declinedThenPaid: async shop => {
    const payment = await confirmed(shop)
    for (let times = shop.random.integer(1, 2); times > 0; times--) {
      await refuse(shop, payment)
      await confirm(shop, payment)
    }
    await pay(shop, payment)
  },
  cancelled: async shop => {
    const payment = shop.random.chance(0.5) ? await confirmed(shop) : await unconfirmed(shop)
    if (shop.random.chance(0.3) && payment.status === 'requires_action') await refuse(shop, payment)
    await cancel(shop, payment)
    await shop.call('POST', `/v1/payment_intents/${payment.id}/cancel`, {}, { status: 400 })
  },
  sessionPaid: async shop => {
    const { id, payment } = await session(shop)
    if (shop.random.chance(0.3)) {
      const outcome = shop.random.one(['insufficient-balance', 'cancel'])
      await shop.call('POST', '/_sandbox/shopper', { checkout_session: id, outcome, wallet: PHONES[0] })
      happened(payment, 'requires_payment_method', 'payment_intent.requires_action', 'payment_intent.payment_failed')
    }
    const { body } = await shop.call('POST', '/_sandbox/shopper', { checkout_session: id, outcome: 'pay', wallet: PHONES[0] })
    happened(payment, 'requires_action', 'payment_intent.requires_action')
    wasPaid(shop, payment, PHONES[0])
    endSession(shop, id, 'complete')
    assert.equal(body.checkout_session.status, 'complete')
    const { body: { data: [line] } } = await shop.call('GET', `/v1/checkout/sessions/${id}/line_items`)
    assert.equal(line.amount_total, payment.amount)
  },
  sessionExpired: async shop => {
    const { id, payment } = await session(shop)
    await shop.call('POST', `/v1/checkout/sessions/${id}/expire`)
    happened(payment, 'canceled', 'payment_intent.canceled')
    endSession(shop, id, 'expired')
    await shop.call('POST', `/v1/checkout/sessions/${id}/expire`, undefined, { status: 400 })
  },
  refunded: async shop => {
    const payment = await confirmed(shop)
    await pay(shop, payment)
    const isPartial = shop.random.chance(0.5)
    const amount = isPartial ? shop.random.integer(1, payment.amount) : payment.amount
    const path = shop.random.one(['/v1/refunds', '/v1/refunds', '/_sandbox/refunds'])
    const { body } = await shop.call('POST', path, { payment_intent: payment.id, ...(isPartial && { amount }), reason: 'requested_by_customer' })
    assert.deepEqual([body.amount, body.status], [amount, 'succeeded'])
    refundMade(shop, payment, body.id, amount, 'succeeded')
    await shop.call('POST', '/v1/refunds', { payment_intent: payment.id }, { status: 400 })
  },
  customer: async shop => {
    const email = `${shop.unique('mail')}@shop.test`
    const { body: { id: customer } } = await shop.call('POST', '/v1/customers', { email })
    shop.customers.set(customer, email)
    const { body: method } = await shop.call('POST', '/v1/payment_methods', { type: 'dana' })
    await shop.call('POST', `/v1/payment_methods/${method.id}/attach`, { customer })
    const payment = await confirmed(shop, { customer, payment_method: method.id, payment_method_data: undefined })
    await pay(shop, payment)
    for (const list of [`/v1/payment_intents?customer=${customer}`, `/v1/charges?customer=${customer}`, `/v1/customers?email=${email}`, `/v1/customers/${customer}/payment_methods`]) {
      const { body: { data, has_more: more } } = await shop.call('GET', list)
      assert.deepEqual([data.length, more], [1, false], list)
    }
    if (shop.random.chance(0.5)) {
      await shop.call('DELETE', `/v1/customers/${customer}`)
      shop.customers.delete(customer)
      await shop.call('GET', `/v1/customers/${customer}`, undefined, { status: 404 })
    } else {
      await shop.call('POST', `/v1/customers/${customer}`, { email: `new-${email}` })
      shop.customers.set(customer, `new-${email}`)
    }
  },
  found: async shop => {
    const order = shop.unique('order')
    const payment = await confirmed(shop, { merchant_order_id: order, metadata: { basket: order } })
    for (const query of [`merchant_order_id:'${order}'`, `metadata['basket']:'${order}' AND status:'requires_action'`]) {
      const { body: { data } } = await shop.call('GET', `/v1/payment_intents/search?query=${encodeURIComponent(query)}`)
      assert.deepEqual(data.map(({ id }: { id: string }) => id), [payment.id], query)
    }
    await shop.call('GET', '/v1/payment_intents?limit=20')
    await shop.call('GET', '/v1/events?type=payment_intent.succeeded&limit=20')
    await cancel(shop, payment)
  },
  repeated: async shop => {
    const key = shop.unique('key')
    const body = { amount: amountOf(shop), currency: 'IDR', confirm: true, ...DANA }
    const both = await Promise.all([1, 2].map(async () => await shop.ask('POST', '/v1/payment_intents', body, { key })))
    const answers = both.filter(({ status }) => status === 200)
    assert.ok(both.every(({ status }) => status === 200 || status === 409), 'one of two at once may be told to wait')
    const [first] = answers
    assert.ok(first !== undefined)
    const payment = note(shop, first.body)
    for (let times = shop.random.integer(1, 3); times > 0; times--) answers.push(await shop.call('POST', '/v1/payment_intents', body, { key }))
    assert.deepEqual([...new Set(answers.map(({ text }) => text))], [first.text])
    assert.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length, 1, 'it was done once')
    await shop.call('POST', '/v1/payment_intents', { ...body, amount: body.amount + 1 }, { key, status: 400 })
    await pay(shop, payment)
    const refund = { payment_intent: payment.id }
    const { body: { id }, text } = await shop.call('POST', '/v1/refunds', refund, { key })
    refundMade(shop, payment, id, payment.amount, 'succeeded')
    assert.equal((await shop.call('POST', '/v1/refunds', refund, { key })).text, text)
  },
  awaited: async shop => {
    const payment = await confirmed(shop)
    const path = `/_sandbox/wait?payment_intent=${payment.id}&timeout_ms=60000`
    const waiting = Promise.all([shop.call('GET', `${path}&status=succeeded`), shop.call('GET', `${path}&event=payment_intent.succeeded`)])
    await pay(shop, payment)
    const [{ body: intent }, { body: { data } }] = await waiting
    assert.deepEqual([intent.status, data.length, data[0].status], ['succeeded', 1, 'succeeded'])
  },
  hungUp: async shop => {
    const payment = await confirmed(shop)
    const hangUp = shop.begin(`/_sandbox/wait?payment_intent=${payment.id}&status=succeeded`)
    await cancel(shop, payment)
    await hangUp()
  },
  watched: async shop => {
    const stream = await shop.listen()
    const payment = await confirmed(shop)
    await pay(shop, payment)
    await stream.until(payment.id)
    stream.stop()
    const { text } = await shop.call('GET', `/dashboard/payments/${payment.id}`)
    assert.ok(text.includes(payment.id))
  }
} as const satisfies Readonly<Record<string, Journey>>

/** Journeys that move the clock of the account, or change its switches, and so need it for themselves. */
export const ALONE = {
  lapsed: async shop => {
    const payment = await confirmed(shop)
    await shop.move(LAPSE_MS)
    const { body } = await shop.call('GET', `/v1/payment_intents/${payment.id}`)
    assert.deepEqual([body.status, body.last_payment_error.code], ['requires_payment_method', 'payment_method_expired'])
    happened(payment, 'requires_payment_method', 'payment_intent.payment_failed')
    if (shop.random.chance(0.5)) {
      await confirm(shop, payment)
      await pay(shop, payment)
    }
  },
  slow: async shop => {
    const payment = await confirmed(shop)
    const outcome = shop.random.one(['pay-later', 'fail-later'])
    const { body } = await shop.call('POST', '/_sandbox/shopper', { payment_intent: payment.id, outcome, wallet: PHONES[0] })
    assert.equal(body.payment_intent.status, 'processing')
    happened(payment, 'processing', 'payment_intent.processing')
    await shop.move(SLOW_MS)
    if (outcome === 'pay-later') wasPaid(shop, payment, PHONES[0])
    else happened(payment, 'requires_payment_method', 'payment_intent.payment_failed')
  },
  sessionTimedOut: async shop => {
    const { id, payment } = await session(shop)
    await shop.move(DAY_MS)
    happened(payment, 'canceled', 'payment_intent.canceled')
    endSession(shop, id, 'expired')
  },
  refundedLater: async shop => {
    const payment = await confirmed(shop)
    await pay(shop, payment)
    await shop.call('POST', '/_sandbox/account', { switches: { REFUND_MODE: 'async' } })
    const { body: { id, status } } = await shop.call('POST', '/v1/refunds', { payment_intent: payment.id })
    assert.equal(status, 'pending')
    const end = shop.random.one(['clock', 'settle', 'fail'])
    if (end === 'clock') await shop.move(SLOW_MS)
    else await shop.call('POST', `/_sandbox/refunds/${id}/${end}`)
    await shop.call('POST', '/_sandbox/account', { switches: { REFUND_MODE: 'sync' } })
    refundMade(shop, payment, id, payment.amount, end === 'fail' ? 'failed' : 'succeeded')
  }
} as const satisfies Readonly<Record<string, Journey>>

function amountOf ({ random }: Shop): number {
  return random.integer(100, 100_000)
}

/** Makes a payment and sends its customer to the wallet. */
async function created (shop: Shop, parameters: object = {}): Promise<{ payment: Payment, url: string }> {
  const { body } = await shop.call('POST', '/v1/payment_intents', { amount: amountOf(shop), currency: 'IDR', confirm: true, ...DANA, ...parameters })
  return { payment: note(shop, body), url: body.next_action.dana_handle_redirect.url }
}

async function confirmed (shop: Shop, parameters?: object): Promise<Payment> {
  return (await created(shop, parameters)).payment
}

async function unconfirmed (shop: Shop): Promise<Payment> {
  const { body } = await shop.call('POST', '/v1/payment_intents', { amount: amountOf(shop), currency: 'IDR' })
  const payment: Payment = { id: body.id, amount: body.amount, events: ['payment_intent.created'], status: 'requires_payment_method', refunded: 0 }
  shop.payments.push(payment)
  return payment
}

function note (shop: Shop, { id, amount }: { id: string, amount: number }): Payment {
  const payment: Payment = { id, amount, events: ['payment_intent.created', 'payment_intent.requires_action'], status: 'requires_action', refunded: 0 }
  shop.payments.push(payment)
  return payment
}

async function session (shop: Shop): Promise<{ id: string, payment: Payment }> {
  const amount = amountOf(shop)
  const product = { name: 'apple' }
  const line = shop.random.chance(0.5)
    ? { price_data: { currency: 'IDR', unit_amount: amount, product_data: product } }
    : { price: (await shop.call('POST', '/v1/prices', { currency: 'IDR', unit_amount: amount, product_data: product })).body.id }
  const { body } = await shop.call('POST', '/v1/checkout/sessions', { success_url: BACK, payment_method_types: ['dana'], line_items: [{ ...line, quantity: 2 }] })
  const payment: Payment = { id: body.payment_intent, amount: 2 * amount, events: ['payment_intent.created'], status: 'requires_payment_method', refunded: 0 }
  shop.payments.push(payment)
  shop.sessions.push({ id: body.id, payment, status: 'open' })
  return { id: body.id, payment }
}

function endSession ({ sessions }: Shop, id: string, status: 'complete' | 'expired'): void {
  const session = sessions.find(session => session.id === id)
  assert.ok(session !== undefined)
  session.status = status
  session.payment.events.push(status === 'complete' ? 'checkout.session.completed' : 'checkout.session.expired')
}

async function confirm (shop: Shop, payment: Payment): Promise<void> {
  const { body } = await shop.call('POST', `/v1/payment_intents/${payment.id}/confirm`, DANA)
  assert.equal(body.status, 'requires_action')
  happened(payment, 'requires_action', 'payment_intent.requires_action')
}

async function cancel (shop: Shop, payment: Payment): Promise<void> {
  const { body } = await shop.call('POST', `/v1/payment_intents/${payment.id}/cancel`, { cancellation_reason: 'requested_by_customer' })
  assert.equal(body.status, 'canceled')
  happened(payment, 'canceled', 'payment_intent.canceled')
}

async function pay (shop: Shop, payment: Payment): Promise<void> {
  const phone = payment.phone ?? shop.random.one(PHONES)
  const outcome = shop.random.one(['pay', 'pay', 'otp', 'pay-and-close', 'webhook-first'])
  const { body } = await shop.call('POST', '/_sandbox/shopper', { payment_intent: payment.id, outcome, wallet: phone })
  assert.deepEqual([body.payment_intent.status, body.payment_intent.amount_received], ['succeeded', payment.amount])
  wasPaid(shop, payment, phone)
}

async function refuse (shop: Shop, payment: Payment): Promise<void> {
  const phone = payment.phone ??= shop.random.one(PHONES)
  const [outcome, code] = shop.random.one(Object.entries(REFUSALS) as [[string, string]])
  const { body } = await shop.call('POST', '/_sandbox/shopper', { payment_intent: payment.id, outcome, wallet: phone })
  assert.deepEqual([body.payment_intent.status, body.payment_intent.last_payment_error.code], ['requires_payment_method', code])
  happened(payment, 'requires_payment_method', 'payment_intent.payment_failed')
}

function happened (payment: Payment, status: string, ...events: string[]): void {
  payment.status = status
  payment.events.push(...events)
}

function wasPaid (shop: Shop, payment: Payment, phone: string): void {
  payment.phone = phone
  happened(payment, 'succeeded', 'payment_intent.succeeded')
  spend(shop, phone, payment.amount)
}

function refundMade (shop: Shop, payment: Payment, id: string, amount: number, status: 'succeeded' | 'failed'): void {
  shop.refunds.push({ id, payment, amount, status })
  payment.events.push('charge.refund.updated')
  if (status === 'failed') return
  payment.refunded += amount
  spend(shop, payment.phone ?? '', -amount)
}

function spend ({ spent }: Shop, phone: string, amount: number): void {
  spent.set(phone, (spent.get(phone) ?? 0) + amount)
}

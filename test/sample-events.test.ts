import t from 'tap'
import { EVENT_TYPES } from '../src/core/event-types.ts'
import { startReceiver } from './support/receiver.ts'
import { startSandbox } from './support/sandbox.ts'

t.test('an event of every type can be sent without a payment, and leaves nothing but itself and its delivery', async t => {
  const { call } = await startSandbox(t)
  const receiver = await startReceiver(t)
  await call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['*'] })
  const statuses: Record<string, string> = {
    'payment_intent.created': 'requires_payment_method',
    'payment_intent.requires_action': 'requires_action',
    'payment_intent.processing': 'processing',
    'payment_intent.succeeded': 'succeeded',
    'payment_intent.payment_failed': 'requires_payment_method',
    'payment_intent.canceled': 'canceled',
    'charge.refund.updated': 'succeeded',
    'checkout.session.completed': 'complete',
    'checkout.session.expired': 'expired'
  }
  t.same(Object.keys(statuses), EVENT_TYPES)
  for (const [count, [type, status]] of Object.entries(statuses).entries()) {
    const { status: answered, body } = await call('POST', '/_sandbox/events', { type })
    t.equal(answered, 200, type)
    t.match(body, { object: 'event', type, data: { object: { status } } })
    const arrived = (await receiver.waitFor(count + 1)).at(-1)
    t.same(arrived?.event, body, 'it arrives as it is answered')
  }
  const paid = receiver.received[3]?.event.data.object
  t.match(paid, { amount: 20000, amount_received: 20000, currency: 'IDR', latest_charge: /^ch_\d{19}$/, merchant_order_id: 'order-7' })
  t.notOk('next_action' in paid)
  t.match(receiver.received[4]?.event.data.object.last_payment_error, { code: 'payment_method_expired' })
  await call('POST', '/_sandbox/settle')
  const { body: { counts } } = await call('GET', '/_sandbox/account')
  t.match(counts, { events: 9, deliveries: 9 })
  for (const kind of ['payment_intents', 'charges', 'refunds', 'checkout_sessions', 'payment_methods']) t.notOk(kind in counts, `no ${kind}`)
})

t.test('an event about a payment carries that payment, and changes nothing of it', async t => {
  const { call } = await startSandbox(t)
  const { body: intent } = await call('POST', '/v1/payment_intents', { amount: 5000, currency: 'IDR', payment_method_types: ['dana'], metadata: { order: '8' } })
  for (const type of EVENT_TYPES) {
    const { status, body } = await call('POST', '/_sandbox/events', { type, payment_intent: intent.id }, { key: null })
    t.equal(status, 200, type)
    const { object } = body.data
    t.equal(object.object === 'payment_intent' ? object.id : object.payment_intent, intent.id, type)
    t.equal(object.amount ?? object.amount_total, 5000, type)
  }
  t.same((await call('GET', `/v1/payment_intents/${intent.id}`)).body, intent)
  t.same((await call('GET', '/v1/charges')).body.data, [])
})

t.test('the object is as when such an event happens, whatever has become of the payment', async t => {
  const { call } = await startSandbox(t, { CLOCK: '2026-01-01', SESSION_EVENTS: 'true' })
  const post = async (path: string, body: object = {}) => (await call('POST', path, body)).body
  const details = { amount: 20000, currency: 'IDR', merchant_order_id: 'order-8', return_url: 'https://shop.test/back' }
  const confirmed = { ...details, confirm: true, payment_method_data: { type: 'dana' } }
  const shopper = async (target: object, outcome: string): Promise<string> => (await post('/_sandbox/shopper', { ...target, outcome })).payment_intent.id
  const waiting = async (): Promise<string> => (await post('/v1/payment_intents', confirmed)).id
  const cart = async () => await post('/v1/checkout/sessions', {
    success_url: 'https://shop.test/done', line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
  })
  // Its status, the newest event about it, whether a sample of that has to be the very same, and how it comes to be.
  const payments: Array<[string, string, boolean, () => Promise<string>]> = [
    ['requires_payment_method', 'payment_intent.created', true, async () => (await post('/v1/payment_intents', details)).id],
    ['requires_confirmation', 'payment_intent.created', false, async () => (await post('/v1/payment_intents', { ...confirmed, confirm: false })).id],
    ['requires_action', 'payment_intent.requires_action', true, waiting],
    ['processing', 'payment_intent.processing', true, async () => await shopper({ payment_intent: await waiting() }, 'pay-later')],
    ['succeeded', 'payment_intent.succeeded', true, async () => await shopper({ payment_intent: await waiting() }, 'pay')],
    ['requires_payment_method', 'payment_intent.payment_failed', true, async () => await shopper({ payment_intent: await waiting() }, 'lapse')],
    ['requires_payment_method', 'payment_intent.payment_failed', false, async () => await shopper({ payment_intent: await waiting() }, 'wrong-pin')],
    ['canceled', 'payment_intent.canceled', false, async () => (await post(`/v1/payment_intents/${await waiting()}/cancel`)).id],
    ['requires_payment_method', 'payment_intent.created', true, async () => (await cart()).payment_intent],
    ['succeeded', 'checkout.session.completed', true, async () => await shopper({ checkout_session: (await cart()).id }, 'pay')],
    ['canceled', 'checkout.session.expired', true, async () => (await post(`/v1/checkout/sessions/${(await cart()).id}/expire`)).payment_intent]
  ]
  const changing = ['next_action', 'payment_method', 'amount_received', 'latest_charge', 'last_payment_error', 'cancellation_reason', 'canceled_at']
  const expected = {
    'payment_intent.created': ['requires_payment_method'],
    'payment_intent.requires_action': ['requires_action', 'next_action', 'payment_method'],
    'payment_intent.processing': ['processing', 'payment_method'],
    'payment_intent.succeeded': ['succeeded', 'payment_method', 'amount_received', 'latest_charge'],
    'payment_intent.payment_failed': ['requires_payment_method', 'last_payment_error'],
    'payment_intent.canceled': ['canceled', 'cancellation_reason', 'canceled_at'],
    'charge.refund.updated': ['succeeded'],
    'checkout.session.completed': ['complete'],
    'checkout.session.expired': ['expired']
  }
  for (const [status, newest, isSame, make] of payments) {
    const id = await make()
    const label = `of a payment that is ${status} after ${newest}`
    const { body: intent } = await call('GET', `/v1/payment_intents/${id}`)
    const { body: { data: [session] } } = await call('GET', '/v1/checkout/sessions?limit=1')
    const { body: { data: [happened] } } = await call('GET', '/v1/events?limit=1')
    t.same([intent.status, happened.type], [status, newest])
    const samples: Record<string, Record<string, unknown>> = {}
    for (const type of EVENT_TYPES) samples[type] = (await post('/_sandbox/events', { type, payment_intent: id })).data.object
    const all = Object.entries(samples)
    t.same(Object.fromEntries(all.map(([type, object]) => [type, [object.status, ...Object.keys(object).filter(key => changing.includes(key))]])), expected, label)
    t.same(new Set(all.map(([, object]) => object.object === 'payment_intent' ? object.id : object.payment_intent)), new Set([id]))
    for (const key of ['payment_method', 'latest_charge']) {
      if (key in intent) t.equal(samples['payment_intent.succeeded']?.[key], intent[key], `its own ${key} ${label}`)
    }
    if (session?.payment_intent === id) t.same(all.slice(-2).map(([, object]) => object.id), [session.id, session.id], `its own session ${label}`)
    if (isSame) t.same(samples[newest], happened.data.object, `${newest} as it happened`)
    t.same((await call('GET', `/v1/payment_intents/${id}`)).body, intent, 'nothing has changed')
  }
})

t.test('an event that cannot be is refused', async t => {
  const { call } = await startSandbox(t)
  const { body: intent } = await call('POST', '/v1/payment_intents', { amount: 5000, currency: 'IDR' })
  for (const [body, options, code, param] of [
    [{ type: 'payment_intent.paid' }, {}, 'parameter_invalid', 'type'],
    [{}, {}, 'parameter_missing', 'type'],
    [{ type: 'payment_intent.created', payment_intent: 'pi_1' }, {}, 'resource_missing', 'payment_intent'],
    [{ type: 'payment_intent.created', payment_intent: intent.id }, { key: 'sk_test_other' }, 'resource_missing', 'payment_intent'],
    [{ type: 'payment_intent.created' }, { key: null }, 'parameter_missing', 'payment_intent']
  ] as const) {
    const answer = await call('POST', '/_sandbox/events', body, options)
    t.match(answer, { status: 400, body: { error: { code, param } } }, JSON.stringify(body))
  }
})

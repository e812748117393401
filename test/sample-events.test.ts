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

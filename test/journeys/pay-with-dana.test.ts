import t from 'tap'
import { newCustomer } from '../support/customer.ts'
import { verify } from '../support/documented-verifier.ts'
import { startReceiver } from '../support/receiver.ts'
import { DOCUMENTED_REQUEST, startSandbox } from '../support/sandbox.ts'

t.test('a customer pays with DANA, comes back to the shop, and the shop gets a signed webhook', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  const endpoint = await sandbox.call('POST', '/v1/webhook_endpoints', {
    url: receiver.url, enabled_events: ['payment_intent.succeeded']
  })
  t.match(endpoint.body.secret, /^whsec_[0-9A-Za-z]{32}$/)

  const created = await sandbox.call('POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
  t.equal(created.status, 200)
  t.equal(created.body.status, 'requires_action')
  t.equal(created.body.next_action.type, 'redirect_to_url')
  const { url } = created.body.next_action.dana_handle_redirect
  t.equal(url, `${sandbox.url}/v1/receives/dana/pay/${created.body.id}`)

  const customer = newCustomer()
  await customer.open(url)
  t.equal(customer.read('amount'), 'Rp100')
  await customer.press('continue', { phone: '0812-0000-0001' })
  await customer.press('continue', { pin: '123456' })
  t.equal(customer.read('balance'), 'Rp2.000.000.000')
  await customer.press('pay')
  t.equal(customer.read('result'), 'Payment successful')
  await customer.press('back-to-merchant')
  t.equal(customer.leftTo(), 'https://your.website')

  const [webhook] = await receiver.waitFor(1)
  t.equal(webhook?.event.type, 'payment_intent.succeeded')
  t.equal(webhook?.event.data.object.id, created.body.id)
  t.equal(webhook?.event.data.object.status, 'succeeded')
  t.equal(webhook?.event.data.object.amount_received, 100)
  t.ok(verify(String(webhook?.headers['wooshpay-signature']), String(webhook?.raw), endpoint.body.secret), 'the English header verifies')
  t.ok(verify(String(webhook?.headers.signature), String(webhook?.raw), endpoint.body.secret), 'the Chinese header verifies')
  t.notOk(verify(String(webhook?.headers.signature), `${webhook?.raw} `, endpoint.body.secret), 'another body does not')

  const paid = await sandbox.call('GET', `/v1/payment_intents/${created.body.id}`)
  t.equal(paid.body.status, 'succeeded')
  t.equal(paid.body.amount_received, 100)
  t.notOk('next_action' in paid.body)

  const event = await sandbox.call('GET', `/v1/events/${webhook?.event.id}`)
  t.same(event.body, webhook?.event, 'the event can be fetched as it was sent')
})

t.test('a declined customer comes back, is sent again by a new confirm, and pays', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['*'] })
  const { body: created } = await sandbox.call('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'idr', payment_method_types: ['dana'], merchant_order_id: 'order-7'
  })
  t.equal(created.status, 'requires_payment_method')
  const { body: first } = await sandbox.call('POST', `/v1/payment_intents/${created.id}/confirm`, { return_url: 'https://shop.test/back' })

  const customer = newCustomer({ language: 'id-ID' })
  await customer.open(first.next_action.dana_handle_redirect.url)
  await customer.press('continue', { phone: '+62 812 0000 0002' })
  await customer.press('continue', { pin: '123456' })
  t.equal(customer.read('balance'), 'Rp99')
  await customer.press('pay')
  t.equal(customer.read('result'), 'Saldo tidak cukup')
  await customer.press('back-to-merchant')
  t.equal(customer.leftTo(), 'https://shop.test/back')

  const { body: declined } = await sandbox.call('GET', `/v1/payment_intents/${created.id}`)
  t.equal(declined.status, 'requires_payment_method')
  t.match(declined.last_payment_error, {
    type: 'card_error', code: 'payment_method_declined', decline_code: 'insufficient_funds', payment_method: first.payment_method
  })

  const { body: second } = await sandbox.call('POST', `/v1/payment_intents/${created.id}/confirm`, { payment_method_data: { type: 'dana' } })
  t.equal(second.status, 'requires_action')
  t.notOk('last_payment_error' in second)
  t.not(second.payment_method, first.payment_method)
  await customer.open(second.next_action.dana_handle_redirect.url)
  await customer.press('continue', { phone: '081200000001' })
  await customer.press('continue', { pin: '123456' })
  await customer.press('pay')
  t.equal(customer.read('result'), 'Pembayaran berhasil')

  await receiver.waitFor(5)
  t.same(receiver.types(), [
    'payment_intent.created', 'payment_intent.requires_action', 'payment_intent.payment_failed',
    'payment_intent.requires_action', 'payment_intent.succeeded'
  ], 'every event once and in order')
})

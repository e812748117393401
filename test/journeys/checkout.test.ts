import t from 'tap'
import { newCustomer } from '../support/customer.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox } from '../support/sandbox.ts'

/** The documented request. */
const DOCUMENTED_SESSION = {
  cancel_url: 'www.wooshpay.com',
  mode: 'payment',
  success_url: 'https://wooshpay.com/',
  payment_method_types: ['dana'],
  line_items: [{
    price_data: {
      currency: 'IDR',
      unit_amount: 20000,
      nickname: 'apple',
      product_data: { name: 'apple' },
      billing_scheme: 'testscheme',
      lookup_key: 'test_lookup_key'
    },
    quantity: 1
  }]
}

t.test('a customer pays the documented checkout with DANA and comes to the success page', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['*'] })
  const { status, body: session } = await sandbox.call('POST', '/v1/checkout/sessions', DOCUMENTED_SESSION)
  t.equal(status, 200)
  t.match(session.url, new RegExp(`^${sandbox.url}/pay/cs_test_${session.id.slice(3)}\\?key=pk_test_[0-9A-Za-z]{24}$`))
  const { body: intent } = await sandbox.call('GET', `/v1/payment_intents/${session.payment_intent}`)
  t.match(intent, { status: 'requires_payment_method', amount: 20000, currency: 'IDR', client_secret: session.client_secret, payment_method_types: ['dana'] })

  const customer = newCustomer()
  const page = await customer.open(session.url)
  t.match(page, 'apple</bdi> × 1')
  t.equal(customer.read('amount'), 'Rp20.000')
  await customer.press('pay', { method: 'dana' })
  t.equal(customer.read('amount'), 'Rp20.000', 'the wallet asks for the same')
  await customer.press('continue', { phone: '081200000001' })
  await customer.press('continue', { pin: '123456' })
  await customer.press('pay')
  t.equal(customer.read('result'), 'Payment successful')
  await customer.press('back-to-merchant')
  t.equal(customer.leftTo(), 'https://wooshpay.com/')

  const { body: paid } = await sandbox.call('GET', `/v1/checkout/sessions/${session.id}`)
  t.match(paid, { status: 'complete', payment_status: 'paid' })
  t.same(Object.keys(paid), Object.keys(session), 'the answer keeps its shape')
  await receiver.waitFor(3)
  t.same(receiver.types(), ['payment_intent.created', 'payment_intent.requires_action', 'payment_intent.succeeded'], 'no events that the documentation does not list')
  t.match(receiver.received[2]?.event.data.object, { id: session.payment_intent, amount_received: 20000, latest_charge: /^ch_\d{19}$/ })

  await customer.open(session.url)
  t.equal(customer.read('result'), 'Payment successful', 'the page says that it is over')
  await customer.press('back-to-merchant')
  t.equal(customer.leftTo(), 'https://wooshpay.com/')
})

t.test('a customer who cancels at the wallet comes back to the checkout, tries again and pays', async t => {
  const sandbox = await startSandbox(t, { SESSION_EVENTS: 'true' })
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['*'] })
  const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', {
    ...DOCUMENTED_SESSION,
    success_url: 'https://shop.test/done?session={CHECKOUT_SESSION_ID}&a=1',
    cancel_url: 'https://shop.test/basket?session=%7BCHECKOUT_SESSION_ID%7D',
    client_reference_id: 'order-7',
    metadata: { shop: 'a', order: 1 },
    payment_intent_data: { metadata: { order: 2 }, description: 'apples' }
  })
  t.equal(session.success_url, 'https://shop.test/done?session={CHECKOUT_SESSION_ID}&a=1', 'echoed as it was sent')
  t.same(session.metadata, { shop: 'a', order: '1' })
  const { body: intent } = await sandbox.call('GET', `/v1/payment_intents/${session.payment_intent}`)
  t.match(intent, { merchant_order_id: 'order-7', metadata: { shop: 'a', order: '2' }, description: 'apples' })

  const customer = newCustomer()
  await customer.open(session.url)
  await customer.press('pay')
  await customer.press('cancel')
  t.equal(customer.read('result'), 'Payment cancelled')
  await customer.press('back-to-merchant')
  t.equal(customer.leftTo(), undefined, 'the checkout page is the sandbox\'s own')
  t.match(customer.read('fault'), 'The last payment did not succeed')
  await customer.press('cancel')
  t.equal(customer.leftTo(), `https://shop.test/basket?session=${session.id}`, 'leaving is possible')

  await customer.open(session.url)
  await customer.press('pay')
  await customer.press('continue', { phone: '081200000001' })
  await customer.press('continue', { pin: '123456' })
  await customer.press('pay')
  await customer.press('back-to-merchant')
  t.equal(customer.leftTo(), `https://shop.test/done?session=${session.id}&a=1`)

  await receiver.waitFor(6)
  t.same(receiver.types(), [
    'payment_intent.created', 'payment_intent.requires_action', 'payment_intent.payment_failed', 'payment_intent.requires_action',
    'payment_intent.succeeded', 'checkout.session.completed'
  ])
  t.match(receiver.received[5]?.event.data.object, { id: session.id, status: 'complete', payment_status: 'paid' })
})

t.test('a session expires by the clock, and its PaymentIntent is cancelled', async t => {
  const sandbox = await startSandbox(t, { SESSION_EVENTS: 'true', CLOCK: '2026-01-01' })
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.canceled', 'checkout.session.expired'] })
  const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', DOCUMENTED_SESSION)
  const { clock } = sandbox.account()
  await clock.moveTo(session.expires_at - 1)
  t.equal((await sandbox.call('GET', `/v1/checkout/sessions/${session.id}`)).body.status, 'open', 'one millisecond before')
  t.same((await clock.moveTo(session.expires_at))[0], { at: session.expires_at, what: 'checkout_session.expire', id: session.id })
  t.match((await sandbox.call('GET', `/v1/checkout/sessions/${session.id}`)).body, { status: 'expired', payment_status: 'unpaid' })
  t.match((await sandbox.call('GET', `/v1/payment_intents/${session.payment_intent}`)).body, { status: 'canceled', cancellation_reason: 'expired' })
  await receiver.waitFor(2)
  t.same(receiver.types(), ['payment_intent.canceled', 'checkout.session.expired'])

  const customer = newCustomer()
  await customer.open(session.url)
  t.equal(customer.read('result'), 'This checkout has expired')
  await customer.press('back-to-merchant')
  t.equal(customer.leftTo(), 'https://www.wooshpay.com', 'a scheme is added where there is none')
})

t.test('a slow wallet holds up the expiry, which then follows a failure at once and is made needless by success', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01' })
  for (const [outcome, status, intentStatus] of [['fail-later', 'expired', 'canceled'], ['pay-later', 'complete', 'succeeded']] as const) {
    const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', DOCUMENTED_SESSION)
    const { clock } = sandbox.account()
    await clock.moveTo(session.expires_at - 1000)
    const customer = newCustomer()
    await customer.open(session.url)
    await customer.press('pay')
    await customer.press(`outcome-${outcome}`)
    t.equal(customer.leftTo(), 'https://wooshpay.com/', 'the slow wallet sends the customer to the shop')
    await customer.open(session.url)
    t.equal(customer.read('result'), 'Payment is being processed')
    const refused = await sandbox.call('POST', `/v1/checkout/sessions/${session.id}/expire`)
    t.match(refused, { status: 400, body: { error: { code: 'checkout_session_unexpected_state', message: /processing/ } } })
    await clock.moveTo(session.expires_at + 3000)
    t.equal((await sandbox.call('GET', `/v1/checkout/sessions/${session.id}`)).body.status, 'open', 'it waits for the wallet')
    await clock.moveTo(session.expires_at + 5000)
    t.equal((await sandbox.call('GET', `/v1/checkout/sessions/${session.id}`)).body.status, status)
    t.equal((await sandbox.call('GET', `/v1/payment_intents/${session.payment_intent}`)).body.status, intentStatus)
  }
})

t.test('a program asks the checkout page for JSON, and pays by its form', async t => {
  const sandbox = await startSandbox(t)
  const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', DOCUMENTED_SESSION)
  const state = async (): Promise<unknown> => (await fetch(session.url, { headers: { accept: 'application/json' } })).json()
  t.same(await state(), { status: 'open', payment_methods: ['dana'], return_url: 'https://www.wooshpay.com' })
  const answer = await fetch(session.url.replace('?', '/pay?'), { method: 'POST', redirect: 'manual' })
  t.equal(answer.status, 303)
  t.equal(answer.headers.get('location'), `/v1/receives/dana/pay/${session.payment_intent}`)
  await sandbox.call('POST', `${answer.headers.get('location')}/outcome`, { outcome: 'pay' })
  t.same(await state(), { status: 'complete', payment_methods: [], return_url: 'https://wooshpay.com/' })
})

t.test('a wallet that the customer has left for another takes no payment any more', async t => {
  const sandbox = await startSandbox(t)
  const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', { ...DOCUMENTED_SESSION, payment_method_types: ['dana', 'ovo'] })
  const [first, second] = [newCustomer(), newCustomer()]
  await first.open(session.url)
  await first.press('pay', { method: 'dana' })
  await second.open(session.url)
  await second.press('pay', { method: 'ovo' })
  const page = `${sandbox.url}/v1/receives/dana/pay/${session.payment_intent}`
  await first.open(page)
  t.equal(first.read('result'), 'No payment is waiting here')
  t.equal((await sandbox.call('POST', `${page.replace(sandbox.url, '')}/outcome`, { outcome: 'pay' })).status, 303)
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${session.payment_intent}`)).body.status, 'requires_action', 'nothing was paid')
  await second.press('outcome-pay')
  const { body: charges } = await sandbox.call('GET', `/v1/charges?payment_intent=${session.payment_intent}`)
  t.equal(charges.data[0].payment_method_details.type, 'ovo')
})

t.test('an address of the checkout page that makes no sense is none, and never a failure', async t => {
  const { call } = await startSandbox(t)
  for (const query of ['', '?key=x', '?key[a]=1', '?key[__proto__]=1', '?key=1&key=2', '?lang[a]=1']) {
    for (const path of ['/pay/cs_test_1', '/pay/cs_1', '/pay/x%2Fy']) {
      t.equal((await call('GET', `${path}${query}`)).status, 404, `GET ${path}${query}`)
      t.equal((await call('POST', `${path}/pay${query}`, {})).status, 404, `POST ${path}/pay${query}`)
      t.equal((await call('GET', `${path}/pay${query}`)).status, 303, `GET ${path}/pay${query}`)
    }
  }
})

t.test('with webhook-first the shop has heard of payment and session before its customer comes back', async t => {
  const sandbox = await startSandbox(t, { SESSION_EVENTS: 'true' })
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded', 'checkout.session.completed'] })
  const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', DOCUMENTED_SESSION)
  const customer = newCustomer()
  await customer.open(session.url)
  await customer.press('pay')
  await customer.press('outcome-webhook-first')
  t.same(receiver.types(), ['payment_intent.succeeded', 'checkout.session.completed'])
})

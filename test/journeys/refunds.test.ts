import t from 'tap'
import { newCustomer } from '../support/customer.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'
import { startSandbox, type RunningSandbox } from '../support/sandbox.ts'

const PHONE = '081200000001'

/** A payment of Rp20.000 that the customer has made. */
async function pay (sandbox: RunningSandbox): Promise<{ id: string, latest_charge: string }> {
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test', metadata: { order: '7' }
  })
  await logIn(intent.next_action.dana_handle_redirect.url).then(customer => customer.press('pay'))
  return (await sandbox.call('GET', `/v1/payment_intents/${intent.id}`)).body
}

async function logIn (url: string) {
  const customer = newCustomer()
  await customer.open(url)
  await customer.press('continue', { phone: PHONE })
  await customer.press('continue', { pin: '123456' })
  return customer
}

/** What the test customer's wallet shows at the next payment. */
async function balance (sandbox: RunningSandbox): Promise<string | undefined> {
  const { body } = await sandbox.call('POST', '/v1/payment_intents', {
    amount: 100, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test'
  })
  return (await logIn(body.next_action.dana_handle_redirect.url)).read('balance')
}

async function listen (t: Parameters<typeof startReceiver>[0], sandbox: RunningSandbox): Promise<Receiver> {
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['charge.refund.updated'] })
  return receiver
}

t.test('a full refund gives the money back, tells the shop, and cannot be made twice', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await listen(t, sandbox)
  const intent = await pay(sandbox)
  t.equal(await balance(sandbox), 'Rp1.999.980.000')
  t.match((await sandbox.call('GET', `/v1/charges/${intent.latest_charge}`)).body, {
    object: 'charge',
    amount: 20000,
    amount_captured: 20000,
    amount_refunded: 0,
    captured: true,
    paid: true,
    refunded: false,
    status: 'succeeded',
    payment_intent: intent.id,
    payment_method_details: { type: 'dana' },
    metadata: { order: '7' }
  })

  const { status, body: refund } = await sandbox.call('POST', '/v1/refunds', { reason: 'requested_by_customer', payment_intent: intent.id })
  t.equal(status, 200)
  t.match(refund, { object: 'refund', amount: 20000, currency: 'IDR', payment_intent: intent.id, reason: 'requested_by_customer', status: 'succeeded' })
  t.equal(await balance(sandbox), 'Rp2.000.000.000', 'it is in the wallet again')
  const [webhook] = await receiver.waitFor(1)
  t.equal(webhook?.event.type, 'charge.refund.updated')
  t.same(webhook?.event.data.object, refund)
  t.equal(webhook?.event.request.id.startsWith('req_'), true)
  t.match((await sandbox.call('GET', `/v1/charges/${intent.latest_charge}`)).body, { amount_refunded: 20000, refunded: true })
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${intent.id}`)).body.status, 'succeeded', 'the PaymentIntent stays as it is')

  t.match(await sandbox.call('POST', '/v1/refunds', { payment_intent: intent.id }), { status: 400, body: { error: { code: 'refund_not_allowed' } } })
  t.same((await sandbox.call('GET', `/v1/refunds?payment_intent=${intent.id}`)).body.data, [refund], 'the refused one is not there')
  t.same((await sandbox.call('GET', `/v1/refunds/${refund.id}`)).body, refund)
})

t.test('of a partial refund the rest cannot be refunded, since DANA takes one', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await listen(t, sandbox)
  const intent = await pay(sandbox)
  const { body: refund } = await sandbox.call('POST', '/v1/refunds', { payment_intent: intent.id, amount: '5000', metadata: { case: 3 } })
  t.match(refund, { amount: 5000, status: 'succeeded', metadata: { case: '3' } })
  const second = await sandbox.call('POST', '/v1/refunds', { payment_intent: intent.id, amount: 1000 })
  t.match(second, { status: 400, body: { error: { code: 'refund_not_allowed', message: /DANA takes one refund/ } } })
  t.match((await sandbox.call('GET', `/v1/charges?payment_intent=${intent.id}`)).body.data, [{ amount_refunded: 5000, refunded: false }])
  t.equal(await balance(sandbox), 'Rp1.999.985.000')
  t.equal((await receiver.waitFor(1)).length, 1)
})

t.test('an asynchronous refund that fails does not count, and the next one succeeds', async t => {
  const sandbox = await startSandbox(t, { REFUND_MODE: 'async', CLOCK: '2026-01-01' })
  const receiver = await listen(t, sandbox)
  const intent = await pay(sandbox)
  const { body: first } = await sandbox.call('POST', '/v1/refunds', { payment_intent: intent.id })
  t.equal(first.status, 'pending')
  t.match(await sandbox.call('POST', '/v1/refunds', { payment_intent: intent.id }), { status: 400, body: { error: { code: 'refund_not_allowed' } } },
    'a pending one counts')
  t.equal(await balance(sandbox), 'Rp1.999.980.000', 'nothing has come back yet')

  const { status, body: failed } = await sandbox.call('POST', `/_sandbox/refunds/${first.id}/fail`)
  t.equal(status, 200)
  t.same(failed, { ...first, status: 'failed', failure_reason: 'unknown' })
  t.match((await sandbox.call('GET', `/v1/charges/${intent.latest_charge}`)).body, { amount_refunded: 0, refunded: false })
  t.match(await sandbox.call('POST', `/_sandbox/refunds/${first.id}/settle`), { status: 400, body: { error: { code: 'refund_unexpected_state', message: /failed/ } } })

  const { body: second } = await sandbox.call('POST', '/v1/refunds', { payment_intent: intent.id, amount: 20000 })
  t.equal(second.status, 'pending')
  const { clock } = sandbox.account()
  await clock.moveTo(clock.now() + 4999)
  t.equal((await sandbox.call('GET', `/v1/refunds/${second.id}`)).body.status, 'pending', 'not yet after 4,999 ms')
  t.match((await clock.moveTo(clock.now() + 1))[0], { what: 'refund.settle', id: second.id })
  t.equal((await sandbox.call('GET', `/v1/refunds/${second.id}`)).body.status, 'succeeded')
  t.equal(await balance(sandbox), 'Rp2.000.000.000')
  const [failure, success] = await receiver.waitFor(2)
  t.match(failure?.event.data.object, { id: first.id, status: 'failed', failure_reason: 'unknown' })
  t.match(success?.event.data.object, { id: second.id, status: 'succeeded' })
})

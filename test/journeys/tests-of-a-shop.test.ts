import t, { type Test } from 'tap'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox, type RunningSandbox } from '../support/sandbox.ts'

/**
 * What a shop's tests do without browser and patience: a payment fails and is tried again, one webhook is lost, the
 * next comes late and twice, three days pass, the money goes back.
 */
async function journey (t: Test, { call }: RunningSandbox, key: string): Promise<void> {
  const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(count === 1 ? 500 : 200).end() } })
  const send = async (method: string, path: string, body?: object) => (await call(method, path, body, { key })).body
  const { id: endpoint } = await send('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.payment_failed', 'payment_intent.succeeded', 'charge.refund.updated'] })
  await send('POST', '/_sandbox/clock', { frozen: true })
  await send('POST', '/_sandbox/outcomes', { payment_method: 'dana', outcomes: ['insufficient-balance', 'pay'] })

  const { id, next_action: { dana_handle_redirect: { url } } } = await send('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: `https://shop.test/${key}`
  })
  const failed = await send('POST', '/_sandbox/shopper', { url })
  t.match(failed, { outcome: 'insufficient-balance', payment_intent: { id, status: 'requires_payment_method' }, return_url: `https://shop.test/${key}` })
  await send('POST', '/_sandbox/settle')
  t.same(receiver.types(), ['payment_intent.payment_failed'], 'which is answered with 500')

  await send('POST', '/_sandbox/faults', { match: { type: 'payment_intent.succeeded' }, then: { drop: true } })
  await send('POST', `/v1/payment_intents/${id}/confirm`, { payment_method_data: { type: 'dana' } })
  const paid = await send('POST', '/_sandbox/shopper', { payment_intent: id })
  t.match(paid, { outcome: 'pay', payment_intent: { status: 'succeeded', amount_received: 20000 } })
  await send('POST', '/_sandbox/settle')
  t.same(receiver.types(), ['payment_intent.payment_failed'], 'the webhook of the payment is lost')

  const { data: [lost] } = await send('GET', `/_sandbox/deliveries?payment_intent=${id}&status=failed`)
  await send('POST', '/_sandbox/faults', { match: { endpoint, payment_intent: id, type: 'payment_intent.succeeded' }, then: { delay_ms: 3_600_000 } })
  await send('POST', '/_sandbox/faults', { match: { endpoint, payment_intent: id, type: 'payment_intent.succeeded' }, then: { duplicate: true } })
  await send('POST', `/_sandbox/deliveries/${lost.id}/resend`)
  t.equal(receiver.received.length, 1, 'it is late now')
  const { ran } = await send('POST', '/_sandbox/clock', { advance_ms: 72 * 3_600_000 })
  t.same(ran.map(({ what }: { what: string }) => what), ['delivery.attempt', 'delivery.attempt'], 'the retry, and the late one')
  t.same(receiver.types(), ['payment_intent.payment_failed', 'payment_intent.payment_failed', 'payment_intent.succeeded', 'payment_intent.succeeded'])
  t.equal(receiver.received[2]?.event.id, receiver.received[3]?.event.id, 'the same event twice')

  const { id: refund } = await send('POST', '/v1/refunds', { payment_intent: id, amount: 5000 })
  const { data } = await send('GET', '/_sandbox/wait?event=charge.refund.updated')
  t.match(data, [{ type: 'charge.refund.updated', status: 'succeeded' }])
  t.equal(receiver.received[4]?.event.data.object.id, refund)
  t.ok(receiver.received.every(({ event }) => event.data.object.id === id || event.data.object.payment_intent === id), 'all of it is this shop\'s own')

  const coverage = await send('GET', '/_sandbox/coverage')
  const reached = Object.fromEntries(coverage.groups.map((group: { name: string, reached: string[] }) => [group.name, group.reached]))
  t.same(reached.outcomes, ['pay', 'insufficient-balance'])
  t.same(reached.transitions, [
    'payment_intent: nothing → requires_action', 'refund: nothing → succeeded', 'payment_intent: requires_payment_method → requires_action',
    'payment_intent: requires_action → succeeded', 'payment_intent: requires_action → requires_payment_method'
  ])
  t.same(reached.events, ['payment_intent.created', 'payment_intent.requires_action', 'payment_intent.succeeded', 'payment_intent.payment_failed', 'charge.refund.updated'])
  t.same(reached.refunds, ['partial'])
  t.same(reached.deliveries, ['answered', 'retried', 'lost', 'duplicate answered'])
  t.same(reached.calls, ['POST /v1/payment_intents', 'POST /v1/payment_intents/{id}/confirm', 'POST /v1/refunds', 'POST /v1/webhook_endpoints'])
  t.same(reached.errors, [])
}

t.test('a shop\'s tests fail a payment, lose a webhook, get it late and twice, move three days, and see what they have covered', async t => {
  await journey(t, await startSandbox(t), 'sk_test_shop')
})

t.test('fifty shops do so at once on one server, and none sees anything of another', async t => {
  const sandbox = await startSandbox(t)
  await Promise.all(Array.from({ length: 50 }, async (_, number) => { await journey(t, sandbox, `sk_test_shop_${number}`) }))
})

t.test('a sandbox that nothing was tried on has covered nothing, and passes no gate', async t => {
  const { call } = await startSandbox(t)
  const { body } = await call('GET', '/_sandbox/coverage', undefined, { key: null })
  t.equal(body.reached, 0)
  t.ok(body.total > 100)
  for (const required of ['1', 'outcomes', 'outcomes/pay,events']) {
    t.match(await call('GET', `/_sandbox/coverage?require=${required}`, undefined, { key: null }), { status: 412, body: { error: { code: 'coverage_missing' } } }, required)
  }
  t.equal((await call('GET', '/_sandbox/coverage?require=0', undefined, { key: null })).status, 200)
  for (const [format, type, text] of [
    ['junit', 'application/xml', /<testsuite name="outcomes" tests="14" failures="14">/],
    ['html', 'text/html', /Payment coverage/],
    ['text', 'text/plain', /^outcomes +0\/14$/m]
  ] as const) {
    const answer = await call('GET', `/_sandbox/coverage?format=${format}`, undefined, { key: null })
    t.match(answer.headers.get('content-type'), type)
    t.match(answer.text, text)
  }
})

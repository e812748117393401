import t from 'tap'
import { answerChecker, checkOperations, documentFromRoutes, operationsOf, readDocument } from '../support/openapi-document.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox, type CallOptions } from '../support/sandbox.ts'

const document = readDocument('sandbox')

t.test('the committed document of the sandbox\'s own API is what the routes say; `npm run openapi` writes it', async t => {
  t.equal(await documentFromRoutes(t, 'sandboxSwagger'), document.text)
})

t.test('every operation has a name of its own, a summary, a tag, and its refusals', async t => {
  checkOperations(t, document, 30, /^\/_sandbox\//)
})

t.test('every operation answers as the document says, and refuses as it says', async t => {
  const { check: compare, called } = answerChecker(t, document)
  const sandbox = await startSandbox(t, { REFUND_MODE: 'async', WEBHOOK_RETRIES: '60000' })
  const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(count === 1 ? 500 : 200).end('ok') } })
  const check = async (method: string, path: string, body?: object, { as: template = path.replace(/\?.*/, ''), ...options }: CallOptions & { as?: string } = {}) => {
    const answer = await sandbox.call(method, `/_sandbox${path}`, body, options)
    compare(method, `/_sandbox${template}`, answer)
    return answer.body
  }
  const whole = { key: null }
  const payment = {
    amount: 20000,
    currency: 'IDR',
    confirm: true,
    payment_method_data: { type: 'dana', billing_details: { name: 'Siti' } },
    return_url: 'https://shop.test',
    metadata: { order: 7 },
    merchant_order_id: 'order-7',
    description: 'apples'
  }
  const make = async (): Promise<string> => (await sandbox.call('POST', '/v1/payment_intents', payment)).body.id
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
  await sandbox.call('GET', '/v1/events', undefined, { key: 'sk_test_other' })

  await check('GET', '/health', undefined, whole)
  await check('POST', '/outcomes', { payment_method: 'dana', outcomes: ['otp'] })
  await check('POST', '/outcomes', { payment_method: 'dana', outcomes: ['win'] })
  await check('GET', '/outcomes')
  await check('GET', '/outcomes', undefined, whole)
  await check('GET', '/outcomes?nonsense=1')
  const paid = await make()
  await check('POST', '/shopper', { payment_intent: paid })
  await check('POST', '/shopper', { payment_intent: paid })
  await check('POST', '/shopper', { payment_intent: await make(), outcome: 'insufficient-balance' })
  await check('POST', '/shopper', { payment_intent: await make(), outcome: 'fail-later', wallet: '081200000001' })
  await check('POST', '/shopper', { payment_intent: await make(), outcome: 'pay-and-close' })
  const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', {
    success_url: 'https://shop.test/done', line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
  })
  await check('POST', '/shopper', { checkout_session: session.id, payment_method: 'dana', outcome: 'cancel' })
  await check('POST', '/shopper', { url: session.url }, whole)
  await check('DELETE', '/outcomes?payment_method=dana')
  await check('DELETE', '/outcomes?payment_method=paypal')

  const refund = async (intent: string): Promise<string> => (await sandbox.call('POST', '/v1/refunds', { payment_intent: intent, reason: 'duplicate' })).body.id
  for (const [action, intent] of [['settle', paid], ['fail', session.payment_intent]] as const) {
    const id = await refund(intent)
    const as = `/refunds/{id}/${action}`
    await check('POST', `/refunds/${id}/${action}`, {}, { as })
    await check('POST', `/refunds/${id}/${action}`, {}, { as })
    await check('POST', `/refunds/none/${action}`, {}, { as })
  }

  await check('POST', '/refunds', { payment_intent: await make() })
  const other = await make()
  await sandbox.call('POST', '/_sandbox/shopper', { payment_intent: other, outcome: 'pay' })
  await check('POST', '/refunds', { payment_intent: other, amount: 5000, reason: 'duplicate' })

  await check('POST', '/settle', {})
  await check('POST', '/settle', { timeout_ms: -1 })
  await check('GET', `/wait?payment_intent=${paid}&status=succeeded`)
  await check('GET', '/wait?event=payment_intent.succeeded')
  await check('GET', '/wait?event=payment_intent.succeeded&deliveries=99&timeout_ms=0')
  await check('GET', `/wait?payment_intent=${paid}&status=canceled&timeout_ms=0`)
  for (const options of [{}, whole]) await check('GET', '/deliveries?limit=2', undefined, options)
  await check('GET', '/deliveries?status=lost')
  const { data: [pending] } = await check('GET', '/deliveries?status=pending')
  t.match(pending.attempts, [{ status: 500 }], 'one of them waits for its next try')
  await check('GET', `/deliveries/${pending.id}`, undefined, { as: '/deliveries/{id}' })
  await check('GET', '/deliveries/none', undefined, { as: '/deliveries/{id}' })
  await check('POST', `/deliveries/${pending.id}/resend`, {}, { as: '/deliveries/{id}/resend' })
  await check('POST', '/deliveries/none/resend', {}, { as: '/deliveries/{id}/resend' })
  await receiver.stop()
  t.match(await check('POST', `/deliveries/${pending.id}/resend`, {}, { as: '/deliveries/{id}/resend' }), { attempts: [{}, {}, { error: /ECONNREFUSED/ }] })

  const { id: fault } = await check('POST', '/faults', { match: { path: '/v1/events' }, probability: 0.5, then: { status: 429, retry_after: 1, latency_ms: 1 } })
  await check('POST', '/faults', { then: {} })
  await check('GET', '/faults')
  await check('GET', '/faults?nonsense=1')
  await check('DELETE', `/faults/${fault}`, undefined, { as: '/faults/{id}' })
  await check('DELETE', `/faults/${fault}`, undefined, { as: '/faults/{id}' })
  await check('DELETE', '/faults')
  await check('DELETE', '/faults?nonsense=1')
  await check('POST', '/events', { type: 'checkout.session.completed' })
  await check('POST', '/events', { type: 'payment_intent.succeeded', payment_intent: paid })
  await check('POST', '/events', { type: 'nonsense' })
  await check('POST', '/scenarios/own', { steps: [{ call: 'GET /v1/events', as: 'events' }] }, { as: '/scenarios/{name}' })
  await check('POST', '/scenarios/none', {}, { as: '/scenarios/{name}' })
  for (const options of [{}, whole]) {
    await check('GET', '/requests', undefined, options)
    await check('GET', '/coverage', undefined, options)
  }
  await check('GET', '/requests?limit=0')
  await check('GET', '/coverage?require=100')
  await check('GET', '/coverage?require=nonsense')

  await check('POST', '/account', { name: 'Apples', switches: { WEBHOOK_RETRIES: [1, 2], STRICT_PARAMETERS: true } })
  await check('POST', '/account', { switches: { NONSENSE: 1 } })
  await check('POST', '/account', { switches: { WEBHOOK_RETRIES: 'none' } }, whole)
  for (const options of [{}, whole]) await check('GET', '/account', undefined, options)
  await check('GET', '/account?nonsense=1')

  for (const options of [{}, whole]) {
    await check('POST', '/snapshots/a', {}, { as: '/snapshots/{name}', ...options })
    await check('GET', '/snapshots', undefined, options)
    await check('GET', '/clock', undefined, options)
    const { ran } = await check('POST', '/clock', { advance_ms: 86_400_000, frozen: true }, options)
    t.ok(options === whole || ran.length > 0, 'something was due')
    await check('POST', '/snapshots/a/restore', {}, { as: '/snapshots/{name}/restore', ...options })
    await check('DELETE', '/snapshots/a', undefined, { as: '/snapshots/{name}', ...options })
    await check('DELETE', '/snapshots/a', undefined, { as: '/snapshots/{name}', ...options })
    await check('POST', '/snapshots/a/restore', {}, { as: '/snapshots/{name}/restore', ...options })
    await check('POST', '/reset', {}, options)
  }
  await check('POST', '/snapshots/a%20b', {}, { as: '/snapshots/{name}' })
  await check('GET', '/snapshots?nonsense=1')
  await check('GET', '/clock?nonsense=1')
  await check('POST', '/clock', { now: 0 })
  await check('POST', '/reset', { nonsense: 1 })

  const all = operationsOf(document)
  // Health takes whatever it is asked.
  const expected = all.flatMap(operation => operation.endsWith('/health') ? [`200 ${operation}`] : [`200 ${operation}`, `4XX ${operation}`])
  t.same([...called].toSorted(), expected.toSorted(), 'every operation was called, in both ways')
})

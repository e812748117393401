import { join } from 'node:path'
import t, { type Test } from 'tap'
import { deliveryDefinition, type Delivery } from '../../src/webhooks/deliveries.ts'
import { verify } from '../support/documented-verifier.ts'
import { newFolder } from '../support/process.ts'
import { startReceiver, type Received } from '../support/receiver.ts'
import { eventually, KEY, startSandbox, type RunningSandbox } from '../support/sandbox.ts'

const DANA = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/back' }

async function pay (sandbox: RunningSandbox, outcome = 'pay'): Promise<string> {
  const { body } = await sandbox.call('POST', '/v1/payment_intents', DANA)
  await sandbox.call('POST', `/v1/receives/dana/pay/${body.id}/outcome`, { outcome }, { key: null })
  return body.id
}

function deliveries (sandbox: RunningSandbox): Delivery[] {
  return [...sandbox.database.collection(deliveryDefinition).newest(sandbox.account().id)].reverse()
}

/** Each payment's events came once and in the order in which they happened. */
function inOrder (t: Test, received: readonly Received[]): void {
  for (const id of new Set(received.map(({ event }) => event.data.object.id))) {
    const types = received.filter(({ event }) => event.data.object.id === id).map(({ event }) => event.type)
    t.same(types, ['payment_intent.created', 'payment_intent.requires_action', 'payment_intent.succeeded'])
  }
}

t.test('the receiver is down, the sandbox is stopped and started, the receiver comes back: the webhook arrives once', async t => {
  const flags = { DATA_FILE: join(newFolder(t), 'state.json'), WEBHOOK_RETRIES: '0,0,50,50,50,50,50,50,50,50,50,50,50,50,50,50,50' }
  const before = await startSandbox(t, flags)
  const gone = await startReceiver(t)
  await gone.stop()
  const { body: endpoint } = await before.call('POST', '/v1/webhook_endpoints', { url: gone.url, enabled_events: ['payment_intent.succeeded'] })
  const intent = await pay(before)
  await eventually(before, () => deliveries(before)[0]?.attempts.length === 3)
  t.match(deliveries(before)[0]?.attempts[0]?.error, /ECONNREFUSED/)
  await before.stop()

  const receiver = await startReceiver(t, { port: gone.port })
  const after = await startSandbox(t, flags)
  const [webhook] = await receiver.waitFor(1)
  t.equal(webhook?.event.data.object.id, intent)
  t.ok(verify(String(webhook?.headers['wooshpay-signature']), String(webhook?.raw), endpoint.secret))
  await after.call('GET', '/v1/events')
  await eventually(after, () => deliveries(after)[0]?.status === 'succeeded')
  t.equal(receiver.received.length, 1)
  const [delivery] = deliveries(after)
  t.equal(delivery?.attempts.at(-1)?.status, 200)
  t.equal(delivery?.attempts.length, Number(delivery?.attempts.at(-1)?.number), 'attempts are counted over the restart')
})

t.test('18 attempts follow the clock over 69.2 hours, sign the same body and time, and are then given up', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01T00:00:00Z' })
  const receiver = await startReceiver(t, { reply: response => { response.statusCode = 500; response.end('no') } })
  const { body: endpoint } = await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.created'] })
  await sandbox.call('POST', '/v1/payment_intents', DANA)
  await receiver.waitFor(1)
  await eventually(sandbox, () => deliveries(sandbox)[0]?.attempts.length === 1)
  t.equal(deliveries(sandbox)[0]?.next_attempt_at, Date.UTC(2026, 0, 1) + 1900)

  const { clock } = sandbox.account()
  const ran = await clock.moveTo(clock.now() + 72 * 3600_000)
  t.equal(ran.filter(({ what }) => what === 'delivery.attempt').length, 17)
  t.equal(receiver.received.length, 18)
  const [delivery] = deliveries(sandbox)
  t.equal(delivery?.status, 'failed')
  t.equal(delivery?.next_attempt_at, undefined)
  t.same(delivery?.attempts.map(({ at }, index, all) => at - (all[index - 1]?.at ?? at)), [
    0, 1900, 3800, 7600, 15200, 30400, 60800, 121600, 243200, 486400, 972800, 1945600, 3891200, 7782400, 15564800, 31129600, 62259200, 124518400
  ])
  t.match(delivery?.attempts[0], { number: 1, status: 500, duration_ms: 0, response: 'no' })
  t.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 1)
  t.equal(new Set(receiver.received.map(({ headers }) => headers['wooshpay-signature'])).size, 1)
  t.match(receiver.received[17]?.headers['wooshpay-signature'], new RegExp(`^t=${Date.UTC(2026, 0, 1) / 1000},v1=`))
  t.equal(receiver.received[0]?.headers['content-type'], 'application/json')
  t.equal(receiver.received[0]?.raw, JSON.stringify(receiver.received[0]?.event), 'the body is compact')
  t.ok(verify(String(receiver.received[17]?.headers.signature), String(receiver.received[17]?.raw), endpoint.secret))
})

t.test('a receiver that never answers holds up neither the API nor other receivers, and its own events stay in order', async t => {
  const sandbox = await startSandbox(t, { WEBHOOK_TIMEOUT_MS: '400', WEBHOOK_RETRIES: 'none' })
  const silent = await startReceiver(t, { reply: () => {} })
  const quick = await startReceiver(t)
  for (const { url } of [silent, quick]) await sandbox.call('POST', '/v1/webhook_endpoints', { url, enabled_events: ['*'] })
  for (let count = 0; count < 20; count++) await pay(sandbox)
  await quick.waitFor(60)
  t.ok(silent.received.length < 60, 'the quick one has everything while the silent one is waited for')
  inOrder(t, quick.received)
  await eventually(sandbox, () => deliveries(sandbox).every(({ status }) => status !== 'pending'))
  const failed = deliveries(sandbox).filter(({ status, url }) => status === 'failed' && url === silent.url)
  t.equal(failed.length, 60)
  t.ok(failed.every(({ attempts }) => attempts[0]?.error === 'no answer within 400 ms'))
  inOrder(t, silent.received)
})

t.test('ten attempts for one endpoint are under way at once, and another one on the same server is not held up', async t => {
  const sandbox = await startSandbox(t)
  const waiting: Array<() => void> = []
  const receiver = await startReceiver(t, {
    reply: (response, { path }) => {
      if (path === '/slow') waiting.push(() => { response.end() })
      else response.end()
    }
  })
  for (const path of ['/slow', '/quick']) {
    await sandbox.call('POST', '/v1/webhook_endpoints', { url: new URL(path, receiver.url).href, enabled_events: ['payment_intent.created'] })
  }
  await Promise.all(Array.from({ length: 50 }, () => sandbox.call('POST', '/v1/payment_intents', DANA)))
  await receiver.waitFor(60)
  t.equal(receiver.received.filter(({ path }) => path === '/quick').length, 50)
  t.equal(waiting.length, 10)
  for (let answered = 0; answered < 50; answered++) {
    await receiver.waitFor(Math.min(60 + answered, 100))
    waiting[answered]?.()
  }
  await receiver.waitFor(100)
  await eventually(sandbox, () => deliveries(sandbox).every(({ status }) => status === 'succeeded'))
})

t.test('only 2xx counts: redirects are not followed, odd answers are recorded', async t => {
  const elsewhere = await startReceiver(t)
  const table: ReadonlyArray<[string, Parameters<typeof startReceiver>[1], object]> = [
    ['204', { reply: response => { response.statusCode = 204; response.end() } }, { status: 'succeeded', attempts: [{ status: 204, response: '' }] }],
    ['a redirect', { reply: response => { response.statusCode = 302; response.setHeader('location', elsewhere.url); response.end() } }, { status: 'failed', attempts: [{ status: 302 }] }],
    ['a reset', { reply: response => { response.socket?.resetAndDestroy() } }, { status: 'failed', attempts: [{ error: /ECONNRESET|other side closed/ }] }],
    ['a long body', { reply: response => { response.end('x'.repeat(200_000)) } }, { status: 'succeeded', attempts: [{ status: 200, response: 'x'.repeat(1024) }] }],
    ['a body that never ends', { reply: response => { response.write('on and on') } }, { status: 'succeeded', attempts: [{ status: 200, response: 'on and on' }] }]
  ]
  const sandbox = await startSandbox(t, { WEBHOOK_RETRIES: 'none', WEBHOOK_TIMEOUT_MS: '300' })
  for (const [name, options, expected] of table) {
    const receiver = await startReceiver(t, options)
    const { body: endpoint } = await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.created'] })
    await sandbox.call('POST', '/v1/payment_intents', DANA)
    await eventually(sandbox, () => deliveries(sandbox).at(-1)?.status !== 'pending')
    t.match(deliveries(sandbox).at(-1), expected, name)
    await sandbox.call('DELETE', `/v1/webhook_endpoints/${endpoint.id}`)
  }
  t.equal(elsewhere.received.length, 0)
})

t.test('endpoints are created, listed without secrets, updated, disabled and deleted', async t => {
  const sandbox = await startSandbox(t, { WEBHOOK_RETRIES: 'documented' })
  const receiver = await startReceiver(t)
  const { body: endpoint } = await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.canceled'], description: 'shop', metadata: { a: 1 }, api_version: '1.0.1' })
  t.same(Object.keys(endpoint), ['id', 'object', 'api_version', 'created', 'description', 'enabled_events', 'livemode', 'metadata', 'status', 'url', 'secret'])
  t.same((await sandbox.call('GET', `/v1/webhook_endpoints/${endpoint.id}`)).body, endpoint, 'retrieving shows the secret, as the documentation\'s example does')
  const { secret: _secret, ...shown } = endpoint
  t.same((await sandbox.call('GET', '/v1/webhook_endpoints')).body.data, [shown])

  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', DANA)
  await sandbox.call('POST', `/v1/webhook_endpoints/${endpoint.id}`, { status: 'disabled' })
  await sandbox.call('POST', `/v1/payment_intents/${intent.id}/cancel`, {})
  await sandbox.call('POST', `/v1/webhook_endpoints/${endpoint.id}`, { disabled: false, enabled_events: ['payment_intent.created'], metadata: { a: '', b: 'x' } })
  await sandbox.call('POST', '/v1/payment_intents', DANA)
  await receiver.waitFor(1)
  t.same(receiver.types(), ['payment_intent.created'], 'a disabled endpoint got nothing')
  t.equal(receiver.received[0]?.event.api_version, '1.0.1')
  t.same((await sandbox.call('GET', `/v1/webhook_endpoints/${endpoint.id}`)).body.metadata, { b: 'x' })

  t.same((await sandbox.call('DELETE', `/v1/webhook_endpoints/${endpoint.id}`)).body, { id: endpoint.id, object: 'webhook_endpoint', deleted: true })
  t.equal((await sandbox.call('GET', `/v1/webhook_endpoints/${endpoint.id}`)).status, 404)
})

t.test('WEBHOOK_URL gives every account an endpoint from its first use', async t => {
  const receiver = await startReceiver(t)
  const sandbox = await startSandbox(t, { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: 'whsec_chosen', WEBHOOK_EVENTS: 'payment_intent.created' })
  for (const key of [KEY, 'sk_test_two']) await sandbox.call('POST', '/v1/payment_intents', DANA, { key })
  await receiver.waitFor(2)
  t.ok(receiver.received.every(({ headers, raw }) => verify(String(headers.signature), raw, 'whsec_chosen')))
})

t.test('the endpoint of the settings follows them at every start, also for who only looks at a page, and no other does', async t => {
  const DATA_FILE = join(newFolder(t), 'state.json')
  const begun = await startSandbox(t, { DATA_FILE })
  const { body: intent } = await begun.call('POST', '/v1/payment_intents', DANA)
  await begun.stop()

  const first = await startReceiver(t)
  const sandbox = await startSandbox(t, { DATA_FILE, WEBHOOK_URL: first.url, WEBHOOK_SECRET: 'whsec_one' })
  await sandbox.call('POST', `/v1/receives/dana/pay/${intent.id}/outcome`, { outcome: 'cancel' }, { key: null })
  const [webhook] = await first.waitFor(1)
  t.ok(verify(String(webhook?.headers.signature), String(webhook?.raw), 'whsec_one'))
  const { body: own } = await sandbox.call('POST', '/v1/webhook_endpoints', { url: first.url, enabled_events: ['payment_intent.canceled'] })
  await sandbox.stop()

  const second = await startReceiver(t)
  const again = await startSandbox(t, { DATA_FILE, WEBHOOK_URL: second.url, WEBHOOK_SECRET: 'whsec_two', WEBHOOK_EVENTS: 'payment_intent.created' })
  const { data } = (await again.call('GET', '/v1/webhook_endpoints')).body
  t.match(data, [
    { id: own.id, url: first.url, enabled_events: ['payment_intent.canceled'] },
    { url: second.url, enabled_events: ['payment_intent.created'] }
  ])
  t.equal(data.length, 2)
  t.equal((await again.call('GET', `/v1/webhook_endpoints/${own.id}`)).body.secret, own.secret)
  t.equal((await again.call('GET', `/v1/webhook_endpoints/${data[1].id}`)).body.secret, 'whsec_two')
})

t.test('nobody waits behind attempts that concern nobody any more', async t => {
  const FLAGS = { WEBHOOK_TIMEOUT_MS: '60000', WEBHOOK_RETRIES: 'none', WEBHOOK_EVENTS: 'payment_intent.created' }
  let hangs = true
  const receiver = await startReceiver(t, { reply: response => { if (!hangs) response.end('ok') } })
  /** More attempts than are sent at once. */
  const hang = async (sandbox: RunningSandbox): Promise<void> => {
    hangs = true
    const { length } = receiver.received
    for (let count = 0; count < 12; count++) await sandbox.call('POST', '/v1/payment_intents', DANA)
    await receiver.waitFor(length + 10)
    hangs = false
  }

  t.test('since their state is gone', async t => {
    const sandbox = await startSandbox(t, { ...FLAGS, WEBHOOK_URL: receiver.url })
    await sandbox.call('POST', '/_sandbox/snapshots/before')
    for (const path of ['/_sandbox/snapshots/before/restore', '/_sandbox/reset']) {
      await hang(sandbox)
      t.equal((await sandbox.call('POST', path)).status, 200)
      const { body: { id } } = await sandbox.call('POST', '/v1/payment_intents', DANA)
      t.match((await sandbox.call('GET', `/_sandbox/wait?payment_intent=${id}&event=payment_intent.created`)).body, { data: [{ attempts: [{ number: 1, status: 200 }] }] }, path)
    }
  })

  t.test('since their endpoint has another address', async t => {
    const sandbox = await startSandbox(t, FLAGS)
    const { id } = (await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.created'] })).body
    const other = await startReceiver(t)
    await hang(sandbox)
    await sandbox.call('POST', `/v1/webhook_endpoints/${id}`, { metadata: { a: 'b' } })
    t.ok(deliveries(sandbox).every(({ status }) => status === 'pending'), 'which they wait for as long as it is the same')
    await sandbox.call('POST', `/v1/webhook_endpoints/${id}`, { url: other.url })
    await eventually(sandbox, () => deliveries(sandbox).every(({ status }) => status !== 'pending'))
    t.equal(other.received.length, 2, 'those that were not sent yet come there')
    t.same(deliveries(sandbox).map(({ attempts: [attempt] }) => attempt?.error ?? attempt?.status), [...Array.from({ length: 10 }, () => 'the endpoint has changed, or is gone'), 200, 200])
  })
})

t.test('a customer who waits for the webhook leaves nothing behind', async t => {
  const receiver = await startReceiver(t)
  const sandbox = await startSandbox(t, { WEBHOOK_URL: receiver.url, WEBHOOK_EVENTS: 'payment_intent.succeeded' })
  const warnings: Error[] = []
  const note = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', note)
  t.teardown(() => { process.off('warning', note) })
  for (let count = 1; count <= 12; count++) {
    await pay(sandbox, 'webhook-first')
    t.equal(receiver.received.length, count)
  }
  t.same(warnings, [])
})

t.test('CLOCK is the time of an empty file, and no later start changes it', async t => {
  const DATA_FILE = join(newFolder(t), 'state.json')
  const nowOf = async (key: string, flags: object): Promise<[number, number]> => {
    const sandbox = await startSandbox(t, { DATA_FILE, ...flags })
    const { body } = await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' }, { key })
    const { now } = (await sandbox.call('GET', '/_sandbox/health')).body
    await sandbox.stop()
    return [body.created, now]
  }
  const began = Date.UTC(2026, 0, 1)
  t.same(await nowOf(KEY, { CLOCK: '2026-01-01' }), [began, began])
  t.same(await nowOf(KEY, { CLOCK: '2030-01-01' }), [began, began])
  t.same(await nowOf('sk_test_later', {}), [began, began], 'for accounts that come later too')
})

t.test('with a seed and a clock, two runs send the same bytes', async t => {
  const runs: string[][] = []
  for (let run = 0; run < 2; run++) {
    const receiver = await startReceiver(t)
    const sandbox = await startSandbox(t, { SEED: 'seven', CLOCK: '2026-01-01', PUBLIC_URL: 'https://sandbox.test', WEBHOOK_URL: receiver.url })
    await pay(sandbox)
    await receiver.waitFor(3)
    runs.push(receiver.received.map(({ raw, headers }) => `${headers.signature} ${raw}`))
  }
  t.same(runs[0], runs[1])
  t.match(runs[0]?.[1], '"url":"https://sandbox.test/v1/receives/dana/pay/pi_')
})

t.test('all of one payment arrives in order at a slow receiver: its states, its session, its refund', async t => {
  const sandbox = await startSandbox(t, { SESSION_EVENTS: 'true' })
  const receiver = await startReceiver(t, { reply: response => { setImmediate(() => setImmediate(() => response.end())) } })
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['*'] })
  const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', {
    success_url: 'https://shop.test',
    payment_method_types: ['dana'],
    line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
  })
  await sandbox.call('POST', `/v1/payment_intents/${session.payment_intent}/confirm`)
  await sandbox.call('POST', `/v1/receives/dana/pay/${session.payment_intent}/outcome`, { outcome: 'pay' })
  await sandbox.call('POST', '/v1/refunds', { payment_intent: session.payment_intent })
  await receiver.waitFor(5)
  t.same(receiver.types(), [
    'payment_intent.created', 'payment_intent.requires_action', 'payment_intent.succeeded', 'checkout.session.completed', 'charge.refund.updated'
  ])
})

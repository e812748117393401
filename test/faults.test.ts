import t from 'tap'
import { startReceiver } from './support/receiver.ts'
import { startSandbox } from './support/sandbox.ts'

const DANA = { amount: 20000, currency: 'IDR', payment_method_types: ['dana'] }

t.test('a call fails as asked, as often as asked, and other calls do not', async t => {
  const { call } = await startSandbox(t)
  const { body: fault } = await call('POST', '/_sandbox/faults', { match: { method: 'POST', path: '/v1/payment_intents' }, times: 2, then: { status: 503, retry_after: 7 } })
  t.equal((await call('GET', '/v1/payment_intents')).status, 200)
  for (const _ of [1, 2]) {
    const refused = await call('POST', '/v1/payment_intents', DANA, { headers: { 'idempotency-key': 'order-7' } })
    t.match(refused, { status: 503, body: { error: { type: 'api_error', code: 'fault_injected' } } })
    t.equal(refused.headers.get('retry-after'), '7')
  }
  const done = await call('POST', '/v1/payment_intents', DANA, { headers: { 'idempotency-key': 'order-7' } })
  t.equal(done.status, 200, 'an injected refusal is not kept for the key')
  t.equal(done.headers.get('idempotent-replayed'), null)
  t.match((await call('GET', '/_sandbox/faults')).body.data, [{ id: fault.id, times: 2, hits: 2, seen: 2 }])
})

t.test('an answer that is lost leaves what was done, and the same Idempotency-Key finds it', async t => {
  const { call } = await startSandbox(t)
  await call('POST', '/_sandbox/faults', { match: { path: '/v1/payment_intents' }, then: { lose_answer: true } })
  const headers = { 'idempotency-key': 'order-7' }
  await t.rejects(call('POST', '/v1/payment_intents', DANA, { headers }), 'the connection is dropped')
  const { body: { data } } = await call('GET', '/v1/payment_intents')
  t.equal(data.length, 1, 'the payment was made')
  const again = await call('POST', '/v1/payment_intents', DANA, { headers })
  t.equal(again.body.id, data[0].id)
  t.equal(again.headers.get('idempotent-replayed'), 'true')
})

t.test('a connection that is dropped at once leaves nothing, one that hangs answers nobody', async t => {
  const sandbox = await startSandbox(t)
  await sandbox.call('POST', '/_sandbox/faults', { match: { path: '/v1/*' }, then: { reset: true } })
  await t.rejects(sandbox.call('POST', '/v1/payment_intents', DANA))
  await sandbox.call('POST', '/_sandbox/faults', { match: { path: '/v1/payment_intents/{id}' }, then: { hang: true } })
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', DANA)
  const gaveUp = AbortSignal.timeout(100)
  await t.rejects(fetch(`${sandbox.url}/v1/payment_intents/${intent.id}`, { signal: gaveUp, headers: { authorization: `Basic ${btoa('sk_test_journey:')}` } }))
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${intent.id}`)).status, 200, 'the next call is answered')
  t.equal((await sandbox.call('GET', '/v1/payment_intents')).body.data.length, 1)
})

t.test('faults of an account concern it alone, those of the whole concern everybody', async t => {
  const { call } = await startSandbox(t)
  await call('POST', '/_sandbox/faults', { then: { status: 429 } }, { key: 'sk_test_a' })
  t.equal((await call('GET', '/v1/events', undefined, { key: 'sk_test_b' })).status, 200)
  t.equal((await call('GET', '/v1/events', undefined, { key: 'sk_test_a' })).status, 429)
  const { body: fault } = await call('POST', '/_sandbox/faults', { times: 9, then: { status: 500 } }, { key: null })
  for (const key of ['sk_test_a', 'sk_test_b', 'sk_test_new']) t.equal((await call('GET', '/v1/events', undefined, { key })).status, 500)
  t.equal((await call('DELETE', `/_sandbox/faults/${fault.id}`, undefined, { key: 'sk_test_a' })).status, 404)
  t.same((await call('DELETE', `/_sandbox/faults/${fault.id}`, undefined, { key: null })).body, { id: fault.id, object: 'fault', deleted: true })
  t.equal((await call('GET', '/v1/events', undefined, { key: 'sk_test_a' })).status, 200)
  t.same((await call('DELETE', '/_sandbox/faults', undefined, { key: 'sk_test_a' })).body.data, [])
})

t.test('webhooks come lost, twice, swapped, late, badly signed or old, exactly once', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01' })
  const receiver = await startReceiver(t)
  const { body: endpoint } = await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.created', 'payment_intent.canceled'] })
  const made = async (then: object, cancel = false): Promise<string[]> => {
    receiver.received.length = 0
    await sandbox.call('POST', '/_sandbox/faults', { match: { endpoint: endpoint.id, type: 'payment_intent.created' }, then })
    const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', DANA)
    if (cancel) await sandbox.call('POST', `/v1/payment_intents/${intent.id}/cancel`)
    await sandbox.call('POST', '/_sandbox/settle')
    return receiver.types()
  }
  t.same(await made({ drop: true }, true), ['payment_intent.canceled'])
  t.match((await sandbox.call('GET', '/_sandbox/deliveries?type=payment_intent.created')).body.data, [{ status: 'failed', attempts: [{ error: 'lost by a fault, nothing was sent' }] }])
  t.same(await made({ duplicate: true }), ['payment_intent.created', 'payment_intent.created'])
  t.equal(receiver.received[0]?.event.id, receiver.received[1]?.event.id, 'the same event')
  t.same(await made({ swap_with_next: true }, true), ['payment_intent.canceled', 'payment_intent.created'])
  t.same(await made({ delay_ms: 60_000 }, true), ['payment_intent.canceled'])
  await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 59_999 })
  t.same(receiver.types(), ['payment_intent.canceled'])
  await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 1 })
  t.same(receiver.types(), ['payment_intent.canceled', 'payment_intent.created'])

  const { createHmac } = await import('node:crypto')
  const signature = (): [string, boolean] => {
    const [webhook] = receiver.received
    const [, time = '', v1 = ''] = /t=(\d+),v1=(\w+)/.exec(String(webhook?.headers.signature)) ?? []
    return [time, v1 === createHmac('sha256', endpoint.secret).update(`${time}.${webhook?.raw}`).digest('hex')]
  }
  const now = Math.floor(sandbox.account().clock.now() / 1000)
  await made({ bad_signature: true })
  t.same(signature(), [String(now), false])
  await made({ old_timestamp: true })
  t.same(signature(), [String(now - 3600), true])
  receiver.received.length = 0
  await sandbox.call('POST', '/v1/payment_intents', DANA)
  await sandbox.call('POST', '/_sandbox/settle')
  t.same(signature(), [String(now), true], 'and then all is as ever')
})

t.test('a rule that can never do anything is refused with the reason', async t => {
  const { call } = await startSandbox(t)
  const rows: Array<[object, string, RegExp]> = [
    [{ then: {} }, 'then', /does nothing; there are status, /],
    [{ then: { status: 500, drop: true } }, 'then', /mixes status, which is for calls, with drop, which is for webhooks/],
    [{ then: { hang: true, reset: true } }, 'then', /can do only one of hang, reset/],
    [{ then: { drop: true, duplicate: true } }, 'then', /can do only one of drop, duplicate/],
    [{ then: { retry_after: 1, latency_ms: 1 } }, 'then[retry_after]', /goes with a status only/],
    [{ match: { type: 'payment_intent.created' }, then: { status: 500 } }, 'match[type]', /never matches, since status is for calls/],
    [{ match: { path: '/v1/events' }, then: { drop: true } }, 'match[path]', /never matches, since drop is for webhooks/],
    [{ match: { type: 'payment_intent.paid' }, then: { drop: true } }, 'match[type]', /is never raised; there are payment_intent.created, /],
    [{ match: { endpoint: 'we_1' }, then: { drop: true } }, 'match[endpoint]', /is no webhook endpoint/],
    [{ match: { payment_intent: 'pi_1' }, then: { drop: true } }, 'match[payment_intent]', /is no PaymentIntent/],
    [{ match: { path: '/v1/payment_intent' }, then: { status: 500 } }, 'match[path]', /is the path of no call/],
    [{ match: { method: 'DELETE', path: '/v1/refunds' }, then: { status: 500 } }, 'match[method]', /never comes to \/v1\/refunds; there are (POST, GET|GET, POST)/],
    [{ then: { status: 200 } }, 'then[status]', /must be >= 400/],
    [{ times: 0, then: { status: 500 } }, 'times', /must be >= 1/],
    [{ probability: 0, then: { status: 500 } }, 'probability', /must be > 0/],
    [{ then: { explode: true } }, 'then[explode]', /there are: status, /]
  ]
  for (const [rule, param, message] of rows) {
    const { status, body } = await call('POST', '/_sandbox/faults', rule)
    t.match({ status, param: body.error?.param, message: body.message }, { status: 400, param, message }, JSON.stringify(rule))
  }
  t.same((await call('GET', '/_sandbox/faults')).body.data, [])
})

t.test('with a seed, what is left to chance repeats', async t => {
  const run = async (): Promise<number[]> => {
    const { call } = await startSandbox(t, { SEED: 'seven' })
    await call('POST', '/_sandbox/faults', { times: 100, probability: 0.5, then: { status: 500 } })
    const statuses: number[] = []
    for (let count = 0; count < 20; count++) statuses.push((await call('GET', '/v1/events')).status)
    return statuses
  }
  const first = await run()
  t.same(new Set(first), new Set([200, 500]))
  t.same(await run(), first)
})

t.test('a webhook that is held is not waited for, and can be resent', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.created'] })
  await sandbox.call('POST', '/_sandbox/faults', { then: { swap_with_next: true } })
  await sandbox.call('POST', '/v1/payment_intents', DANA)
  t.equal((await sandbox.call('POST', '/_sandbox/settle')).status, 200)
  t.same(receiver.types(), [])
  const { body: { data: [held] } } = await sandbox.call('GET', '/_sandbox/deliveries')
  t.match(held, { held: true, status: 'pending' })
  const { body: resent } = await sandbox.call('POST', `/_sandbox/deliveries/${held.id}/resend`)
  t.equal(resent.status, 'succeeded')
  t.notOk('held' in resent)
})

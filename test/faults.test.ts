import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { Delivery } from '../src/webhooks/deliveries.ts'
import { startReceiver, type Receiver } from './support/receiver.ts'
import { KEY, startSandbox, type RunningSandbox } from './support/sandbox.ts'

const DANA = { amount: 20000, currency: 'IDR', payment_method_types: ['dana'] }
const CLOCK = '2026-01-01'
const BEGAN = Date.UTC(2026, 0, 1)
const MINUTE = 60_000

interface Shop {
  readonly sandbox: RunningSandbox
  readonly receiver: Receiver
  /** Asks for a fault; answers its id. */
  readonly fault: (then: object, more?: object) => Promise<string>
  /** Makes a payment of each amount, one after the other, each when the webhooks of those before have arrived. */
  readonly pay: (...amounts: number[]) => Promise<void>
  /** The amounts of the webhooks that have arrived, in order. */
  readonly arrived: () => number[]
  /** The deliveries, oldest first. */
  readonly deliveries: () => Promise<Delivery[]>
}

/** A shop that is told of new payments, on a clock that stands still. */
async function newShop (t: Test, statuses: readonly number[] = []): Promise<Shop> {
  const sandbox = await startSandbox(t, { CLOCK })
  const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(statuses[count - 1] ?? 200).end() } })
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.created'] })
  return {
    sandbox,
    receiver,
    fault: async (then, more = {}) => (await sandbox.call('POST', '/_sandbox/faults', { then, ...more })).body.id,
    pay: async (...amounts) => {
      for (const amount of amounts) {
        await sandbox.call('POST', '/v1/payment_intents', { ...DANA, amount })
        await sandbox.call('POST', '/_sandbox/settle')
      }
    },
    arrived: () => receiver.received.map(({ event }) => event.data.object.amount),
    deliveries: async () => (await sandbox.call('GET', '/_sandbox/deliveries')).body.data.toReversed()
  }
}

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

t.test('a fault comes before the call is looked at, and a HEAD is a GET', async t => {
  const { call } = await startSandbox(t)
  const hits = async (): Promise<number> => (await call('GET', '/_sandbox/faults')).body.data[0].hits
  await call('POST', '/_sandbox/faults', { match: { method: 'POST', path: '/v1/payment_intents' }, times: 3, then: { status: 503 } })
  for (const body of [{ amount: 'many', currency: 7 }, {}, [1]]) {
    t.match(await call('POST', '/v1/payment_intents', body), { status: 503, body: { error: { code: 'fault_injected' } } }, JSON.stringify(body))
  }
  t.match(await call('POST', '/v1/payment_intents', { amount: 'many', currency: 7 }), { status: 400, body: { error: { code: 'parameter_invalid' } } }, 'then it is looked at')
  t.equal(await hits(), 3)
  await call('DELETE', '/_sandbox/faults')
  await call('POST', '/_sandbox/faults', { match: { method: 'GET', path: '/v1/events' }, times: 2, then: { status: 429 } })
  for (const method of ['HEAD', 'GET']) t.equal((await call(method, '/v1/events')).status, 429, method)
  t.equal(await hits(), 2)
})

t.test('a fault finds the payment in the address, in the query and in the body', async t => {
  const { call } = await startSandbox(t)
  const [{ body: one }, { body: other }] = [await call('POST', '/v1/payment_intents', DANA), await call('POST', '/v1/payment_intents', DANA)]
  await call('POST', '/_sandbox/faults', { match: { payment_intent: one.id }, times: 100, then: { status: 500 } })
  for (const [method, path, body] of [
    ['GET', '/v1/payment_intents/:id', undefined], ['POST', '/v1/payment_intents/:id/cancel', undefined], ['GET', '/v1/charges?payment_intent=:id', undefined],
    ['GET', '/v1/refunds?limit=1&payment_intent=:id', undefined], ['POST', '/v1/refunds', { payment_intent: ':id' }]
  ] as const) {
    const made = async (id: string): Promise<number> => (await call(method, path.replace(':id', id), body && { payment_intent: id })).status
    t.equal(await made(one.id), 500, `${method} ${path}`)
    t.not(await made(other.id), 500, `${method} ${path} of another payment`)
  }
  t.equal((await call('GET', `/v1/payment_intents?limit=1&starting_after=${one.id}`)).status, 200, 'a place in a list is no payment')
})

t.test('a fault that has happened as often as asked lets the next one happen, and counts no more', async t => {
  const { call } = await startSandbox(t)
  for (const status of [500, 502]) await call('POST', '/_sandbox/faults', { match: { path: '/v1/events' }, then: { status } })
  for (const status of [500, 502, 200, 200]) t.equal((await call('GET', '/v1/events')).status, status)
  t.match((await call('GET', '/_sandbox/faults')).body.data, [{ then: { status: 500 }, seen: 1, hits: 1 }, { then: { status: 502 }, seen: 1, hits: 1 }])
})

t.test('over TLS, too, a connection is dropped at once', async t => {
  const tls = (name: string): string => fileURLToPath(new URL(`support/tls/${name}.pem`, import.meta.url))
  const sandbox = await startSandbox(t, { TLS_CERT: tls('cert'), TLS_KEY: tls('key') })
  t.match(sandbox.url, /^https:/)
  const call = async (method: string, path: string, body: object): Promise<number | undefined> => {
    const call = request(`${sandbox.url}${path}`, {
      method, auth: `${KEY}:`, ca: readFileSync(tls('cert')), headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(10_000)
    }).end(JSON.stringify(body))
    const [response] = await once(call, 'response') as [IncomingMessage]
    await json(response)
    return response.statusCode
  }
  for (const then of [{ reset: true }, { lose_answer: true }]) {
    await call('POST', '/_sandbox/faults', { match: { path: '/v1/payment_intents' }, then })
    await t.rejects(call('POST', '/v1/payment_intents', DANA), { code: 'ECONNRESET' }, JSON.stringify(then))
    t.equal(await call('POST', '/v1/payment_intents', DANA), 200)
  }
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

t.test('webhooks that are delayed are so once each, and say by which fault', async t => {
  const { sandbox, fault, pay, arrived, deliveries } = await newShop(t)
  const id = await fault({ delay_ms: MINUTE }, { times: 3 })
  await pay(20001, 20002, 20003, 20004)
  t.same(arrived(), [20004])
  const late = { status: 'pending', fault: id, attempts: [], next_attempt_at: BEGAN + MINUTE }
  t.match(await deliveries(), [late, late, late, { status: 'succeeded', fault: undefined }])
  await sandbox.call('POST', '/_sandbox/clock', { advance_ms: MINUTE })
  t.same(arrived().toSorted(), [20001, 20002, 20003, 20004])
  t.match((await sandbox.call('GET', '/_sandbox/faults')).body.data, [{ id, seen: 3, hits: 3 }])
})

t.test('webhooks are swapped two by two, as often as asked', async t => {
  for (const [times, order] of [
    [1, [20002, 20001, 20003, 20004]],
    [2, [20002, 20001, 20004, 20003]],
    [4, [20002, 20001, 20004, 20003]]
  ] as const) {
    const { fault, pay, arrived } = await newShop(t)
    await fault({ swap_with_next: true }, { times })
    await pay(20001, 20002, 20003, 20004)
    t.same(arrived(), order, `${times} times`)
  }
})

t.test('a webhook that is held goes when the next one was sent, not when that was delayed or lost', async t => {
  const { sandbox, fault, pay, arrived, deliveries } = await newShop(t)
  const id = await fault({ swap_with_next: true })
  await pay(20001)
  await fault({ drop: true })
  await fault({ delay_ms: MINUTE })
  await pay(20002, 20003)
  t.same(arrived(), [])
  t.match(await deliveries(), [{ status: 'pending', held: true, fault: id, attempts: [] }, { status: 'failed' }, { status: 'pending', next_attempt_at: BEGAN + MINUTE }])
  await pay(20004)
  t.same(arrived(), [20004, 20001])
  await sandbox.call('POST', '/_sandbox/clock', { advance_ms: MINUTE })
  t.same(arrived(), [20004, 20001, 20003])
})

t.test('a webhook that is held goes when its fault is taken back, that of an account or of the whole', async t => {
  for (const key of [KEY, null]) {
    for (const which of ['one', 'all']) {
      const { sandbox, pay, arrived, deliveries } = await newShop(t)
      const { body: { id } } = await sandbox.call('POST', '/_sandbox/faults', { then: { swap_with_next: true } }, { key })
      await pay(20001)
      t.match(await deliveries(), [{ held: true, fault: id }])
      await sandbox.call('DELETE', '/_sandbox/faults', undefined, { key: 'sk_test_other' })
      await sandbox.call('POST', '/_sandbox/settle')
      t.same(arrived(), [], 'what others take back does not concern it')
      await sandbox.call('DELETE', `/_sandbox/faults${which === 'one' ? `/${id}` : ''}`, undefined, { key })
      await sandbox.call('POST', '/_sandbox/settle')
      t.same(arrived(), [20001], `${which} of ${key}`)
      t.match(await deliveries(), [{ status: 'succeeded', held: undefined }])
    }
  }
})

t.test('a webhook that came twice has succeeded when it was taken once, and is tried again when it was not', async t => {
  for (const [statuses, expected] of [
    [[200, 409], { status: 'succeeded', next_attempt_at: undefined }],
    [[500, 200], { status: 'succeeded', next_attempt_at: undefined }],
    [[500, 503], { status: 'pending', next_attempt_at: BEGAN + 1900 }]
  ] as const) {
    const { sandbox, receiver, fault, pay, deliveries } = await newShop(t, statuses)
    const id = await fault({ duplicate: true })
    await pay(20001)
    t.match(await deliveries(), [{ ...expected, attempts: statuses.map((status, index) => ({ number: index + 1, status, fault: id })) }])
    await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 10 * MINUTE })
    t.match(await deliveries(), [{ status: 'succeeded' }])
    t.equal(receiver.received.length, expected.status === 'pending' ? 3 : 2)
  }
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
    ...['/v1/*/*/*', '/v1/events?limit=1', '/v1/events#top', '/v1/{a-b}', '/v1/payment_intents/{2,1}', '/v1/payment_intents/pi_{id}', '/v1/{id', 'v1/events', ''].map(
      (path): [object, string, RegExp] => [{ match: { path }, then: { status: 500 } }, 'match[path]', /is no path; it may have up to 2 `\*`, and `\{id\}` in the place of a whole part/]
    ),
    [{ then: { latency_ms: 0 } }, 'then[latency_ms]', /must be >= 1/],
    [{ then: { delay_ms: 0 } }, 'then[delay_ms]', /must be >= 1/],
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
  t.match(await sandbox.call('POST', '/_sandbox/settle'), { status: 200, body: { deliveries: 1, pending_retries: 0 } })
  t.same(receiver.types(), [])
  const { body: { data: [held] } } = await sandbox.call('GET', '/_sandbox/deliveries')
  t.match(held, { held: true, status: 'pending' })
  const { body: resent } = await sandbox.call('POST', `/_sandbox/deliveries/${held.id}/resend`)
  t.equal(resent.status, 'succeeded')
  t.notOk('held' in resent)
})

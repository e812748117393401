import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { faultDefinition } from '../src/faults/fault.ts'
import { newFolder } from './support/process.ts'
import { startReceiver, type Receiver } from './support/receiver.ts'
import { eventually, startSandbox } from './support/sandbox.ts'

const SCENARIOS = readdirSync(new URL('../fixtures/scenarios/', import.meta.url)).map(name => name.replace('.json', '')).toSorted()

t.test('the scenarios that ship can be played, and leave what they promise', async t => {
  t.same(SCENARIOS, ['month-of-payments', 'receiver-down', 'refund-backlog'])
  const { call } = await startSandbox(t, { CLOCK: '2026-01-01' })
  const play = async (name: string, key: string) => {
    const { status, body } = await call('POST', `/_sandbox/scenarios/${name}`, undefined, { key })
    t.equal(status, 200, body.message)
    return async (path: string) => (await call('GET', path, undefined, { key })).body
  }
  const month = await play('month-of-payments', 'sk_test_month')
  const { data: payments } = await month('/v1/payment_intents?limit=100')
  t.equal(payments.length, 34)
  t.same([...new Set(payments.map(({ status }: { status: string }) => status))].toSorted(), ['canceled', 'requires_payment_method', 'succeeded'])
  t.same((await month('/v1/checkout/sessions')).data.map(({ status }: { status: string }) => status), ['expired', 'complete'])
  t.same((await month('/_sandbox/coverage')).groups.find(({ name }: { name: string }) => name === 'outcomes').missing, [])

  const backlog = await play('refund-backlog', 'sk_test_backlog')
  const { data: refunds } = await backlog('/v1/refunds?limit=100')
  t.same(refunds.map(({ status }: { status: string }) => status).toSorted(), [...Array(5).fill('failed'), ...Array(25).fill('pending')])

  const down = await play('receiver-down', 'sk_test_down')
  const { data: deliveries } = await down('/_sandbox/deliveries?status=pending')
  t.equal(deliveries.length, 10)
  for (const { attempts } of deliveries) t.equal(attempts.length, 16, '16 of 18 attempts fall into the first day')
})

t.test('a scenario may come in the body, and stops at the call that is refused', async t => {
  const { call } = await startSandbox(t)
  const own = await call('POST', '/_sandbox/scenarios/own', {
    steps: [
      { call: 'POST /v1/customers', body: { email: 'siti@shop.test' }, as: 'customer' },
      { times: 3, steps: [{ call: 'POST /v1/payment_intents', body: { amount: 100, currency: 'IDR', customer: '{customer.id}', description: 'round {n} of {customer.email}', quantity: '{n}' }, as: 'payment' }] }
    ]
  })
  t.match(own.body, { scenario: 'own', calls: 4, results: { payment: { description: 'round 3 of siti@shop.test', quantity: 3 } } })
  const rows: Array<[string, object | undefined, string, RegExp]> = [
    ['none', undefined, 'name', /"none" is not one of: month-of-payments, receiver-down, refund-backlog/],
    ['..%2Fwallets', undefined, 'name', /must match pattern/],
    ['own', { steps: [] }, 'steps', /must NOT have fewer than 1 items/],
    ['own', { steps: [{ call: 'PATCH /v1/x' }] }, 'steps[0][call]', /must match pattern/],
    ['own', { steps: [{ call: 'POST /v1/payment_intents', body: { amount: 99, currency: 'IDR', payment_method_types: ['dana'] } }] }, 'steps', /stopped at POST \/v1\/payment_intents, which was refused: The amount 99 is too small/],
    ['own', { steps: [{ call: 'GET /v1/customers/{customer.id}' }] }, 'steps', /"\{customer.id\}" names nothing; known are n/],
    ['own', { steps: [{ times: 1000, steps: Array(11).fill({ call: 'GET /v1/events' }) }] }, 'steps', /too many calls; the most is 10000/]
  ]
  for (const [name, body, param, message] of rows) {
    const { status, body: { error } } = await call('POST', `/_sandbox/scenarios/${name}`, body)
    t.match({ status, ...error }, { status: 400, param, message }, `${name} ${JSON.stringify(body)}`)
  }
  t.equal((await call('POST', '/_sandbox/scenarios/receiver-down', undefined, { key: null })).status, 401)
})

t.test('a step is one call or rounds of several, and keeps its answer under a name of its own', async t => {
  const { call } = await startSandbox(t)
  const listed = { call: 'GET /v1/events', as: 'events' }
  const rows: Array<[unknown[], string, RegExp]> = [
    [[{}], 'steps[0]', /needs either call or steps/],
    [[listed, { times: 2 }], 'steps[1]', /needs either call or steps/],
    [[listed, listed, { as: 'events', body: {} }], 'steps[2]', /needs either call or steps/],
    [[listed, { call: 'GET /v1/events', steps: [listed] }], 'steps[1]', /needs either call or steps/],
    [[{ steps: [] }], 'steps[0][steps]', /must NOT have fewer than 1 items/],
    [[{ steps: [listed, {}] }], 'steps[0][steps][1][call]', /Missing required parameter/],
    [[{ steps: [{ steps: [listed] }] }], 'steps[0][steps][0][call]', /Missing required parameter/],
    [[{ call: 'GET /v1/events', as: 'n' }], 'steps[0][as]', /must match pattern/],
    [[{ call: 'GET /v1/events', as: 'a.b' }], 'steps[0][as]', /must match pattern/],
    [[{ call: 'GET /docs' }], 'steps[0][call]', /must match pattern/]
  ]
  for (const [steps, param, message] of rows) {
    const { status, body: { error } } = await call('POST', '/_sandbox/scenarios/own', { steps })
    t.match({ status, ...error }, { status: 400, param, message }, JSON.stringify(steps))
  }
  t.equal((await call('GET', '/v1/events')).status, 200, 'and the sandbox goes on')
  for (const name of ['x.constructor', 'x.data.constructor', 'x.__proto__', 'x.url.length', 'x.toString.name', 'constructor', 'x.data.0']) {
    const { body: { error } } = await call('POST', '/_sandbox/scenarios/own', { steps: [{ call: 'GET /v1/events', as: 'x' }, { call: `GET /v1/events/{${name}}` }] })
    t.match(error, { code: 'parameter_invalid', message: `Invalid steps: "{${name}}" names nothing; known are x, n.` }, name)
  }
})

t.test('a call of a scenario may have a body whatever its method, blanks in its address, and an answer that is no JSON', async t => {
  const { call } = await startSandbox(t)
  const customer = (name: string) => ({ call: 'POST /v1/payment_intents', body: { amount: 20000, currency: 'IDR', merchant_order_id: name } })
  const { status, body } = await call('POST', '/_sandbox/scenarios/own', {
    steps: [
      customer('order 7'),
      customer('order 8'),
      { call: 'GET /v1/payment_intents', body: { limit: 1 }, as: 'page' },
      { call: 'GET /v1/payment_intents/search?query=merchant_order_id:\'order 7\'', as: 'search' },
      { call: 'GET /_sandbox/coverage?format=text', as: 'coverage' }
    ]
  })
  t.equal(status, 200, body.message)
  const { page, search, coverage } = body.results
  t.match(page, { has_more: true, data: [{ merchant_order_id: 'order 8' }] })
  t.equal(page.data.length, 1)
  t.match(search.data, [{ merchant_order_id: 'order 7' }])
  t.equal(search.data.length, 1)
  t.match(coverage, /^calls +3\/\d+\n/)
  t.match(await call('POST', '/_sandbox/scenarios/own', { steps: [{ call: 'DELETE /_sandbox/outcomes', body: { colour: 'blue' } }] }), {
    status: 400, body: { error: { code: 'scenario_failed', message: /stopped at DELETE \/_sandbox\/outcomes, which was refused: Unknown parameter: colour/ } }
  })
})

t.test('a call that is never answered stops the scenario, whether it was done or not', async t => {
  const sandbox = await startSandbox(t)
  const { call } = sandbox
  const play = async () => await call('POST', '/_sandbox/scenarios/own', {
    steps: [{ call: 'GET /v1/events' }, { call: 'POST /v1/customers', body: { email: 'siti@shop.test' } }, { call: 'POST /v1/products', body: { name: 'apple' } }]
  })
  const stopped = { status: 400, body: { error: { code: 'scenario_failed', param: 'steps', message: /stopped at POST \/v1\/customers, which got no answer/ } } }
  const match = { path: '/v1/customers' }
  for (const [then, done] of [[{ reset: true }, 0], [{ lose_answer: true }, 1]] as const) {
    await call('POST', '/_sandbox/faults', { match, then })
    t.match(await play(), stopped, JSON.stringify(then))
    t.equal((await call('GET', '/v1/customers')).body.data.length, done)
    t.same((await call('GET', '/v1/products')).body.data, [])
  }
  await call('POST', '/_sandbox/faults', { match, then: { hang: true } })
  const played = play()
  await eventually(sandbox, () => sandbox.database.collection(faultDefinition).of(sandbox.account().id).every(({ hits }) => hits === 1))
  await sandbox.stop()
  t.match(await played, stopped, 'also at a stop')
})

t.test('a call whose answer never ends is not begun, however it is written', async t => {
  const { call } = await startSandbox(t)
  for (const step of ['GET /_sandbox/stream', 'GET /_sandbox/stream?a=1', 'GET /v1/../_sandbox/stream', 'GET /_sandbox/%2e/stream', 'GET /_sandbox/str%65am']) {
    t.match(await call('POST', '/_sandbox/scenarios/own', { steps: [{ call: step }] }), {
      status: 400, body: { error: { code: 'scenario_failed', message: `The scenario stopped at ${step}, which has an answer that never ends.` } }
    })
  }
})

t.test('a scenario needs the key itself, which no header stands for', async t => {
  const sandbox = await startSandbox(t)
  await sandbox.call('GET', '/v1/events')
  t.match(await sandbox.call('POST', '/_sandbox/scenarios/month-of-payments', undefined, { key: null, headers: { 'sandbox-account': sandbox.account().id } }), {
    status: 401, body: { error: { code: 'api_key_missing' } }
  })
})

t.test('over TLS, what a scenario makes has addresses of https', async t => {
  const tls = (name: string): string => fileURLToPath(new URL(`./support/tls/${name}.pem`, import.meta.url))
  const { url } = await startSandbox(t, { TLS_CERT: tls('cert'), TLS_KEY: tls('key') })
  const sent = request(`${url}/_sandbox/scenarios/own`, {
    method: 'POST', auth: 'sk_test_sandbox:', headers: { 'content-type': 'application/json' }, ca: readFileSync(tls('cert'))
  }).end(JSON.stringify({
    steps: [{
      call: 'POST /v1/payment_intents',
      body: { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/done' },
      as: 'payment'
    }]
  }))
  const [response] = await once(sent, 'response') as [IncomingMessage]
  t.match(await json(response), {
    results: { payment: { next_action: { dana_handle_redirect: { url: new RegExp(`^${url}/v1/receives/dana/pay/pi_`) } } } }
  })
  t.match(url, /^https:/)
})

t.test('with seed, clock and public url two runs send the same bytes and leave the same file', async t => {
  // Of both runs, since its address is in the file.
  const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(count < 4 ? 500 : 200, { date: '' }).end() } })
  const [first, second] = [await run(t, receiver), await run(t, receiver)]
  t.ok(first.webhooks.length >= 10, 'webhooks were sent')
  t.same(second.webhooks, first.webhooks)
  t.equal(second.file, first.file)
})

/** Plays a scenario call after call in a file of its own, with a receiver that is down at first. */
async function run (t: Test, receiver: Receiver): Promise<{ webhooks: string[], file: string }> {
  const file = join(newFolder(t), 'sandbox.json')
  const sandbox = await startSandbox(t, { DATA_FILE: file, SEED: 'seven', CLOCK: '2026-01-01', PUBLIC_URL: 'http://sandbox.test', WEBHOOK_URL: receiver.url })
  const { status } = await sandbox.call('POST', '/_sandbox/scenarios/month-of-payments')
  t.equal(status, 200)
  await sandbox.call('POST', '/_sandbox/settle')
  await sandbox.stop()
  const webhooks = receiver.received.splice(0).map(({ raw, headers }) => `${raw} ${String(headers.signature)}`)
  return { webhooks, file: readFileSync(file, 'utf8') }
}

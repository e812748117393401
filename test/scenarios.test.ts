import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startReceiver } from './support/receiver.ts'
import { startSandbox } from './support/sandbox.ts'

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

t.test('with seed, clock and public url two runs send the same bytes and leave the same file', async t => {
  const [first, second] = [await run(t), await run(t)]
  t.ok(first.webhooks.length >= 10, 'webhooks were sent')
  t.same(second.webhooks, first.webhooks)
  t.equal(second.file, first.file)
})

/** Plays a scenario call after call in a file of its own, with a receiver that is down at first. */
async function run (t: Test): Promise<{ webhooks: string[], file: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'scenario-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const receiver = await startReceiver(t, { port: 6299, reply: (response, _webhook, count) => { response.writeHead(count < 4 ? 500 : 200, { date: '' }).end() } })
  const sandbox = await startSandbox(t, {
    DATA_FILE: join(folder, 'sandbox.json'), SEED: 'seven', CLOCK: '2026-01-01', PUBLIC_URL: 'http://sandbox.test', WEBHOOK_URL: receiver.url
  })
  const { status } = await sandbox.call('POST', '/_sandbox/scenarios/month-of-payments')
  t.equal(status, 200)
  await sandbox.call('POST', '/_sandbox/settle')
  await sandbox.stop()
  await receiver.stop()
  return {
    webhooks: receiver.received.map(({ raw, headers }) => `${raw} ${String(headers.signature)}`),
    file: readFileSync(join(folder, 'sandbox.json'), 'utf8')
  }
}

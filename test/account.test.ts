import t from 'tap'
import { startSandbox } from './support/sandbox.ts'

const SWITCHES = [
  'STRICT_PARAMETERS', 'IDEMPOTENCY', 'RETURN_PARAMETERS', 'REFUND_MODE', 'REFUND_DELAY_MS', 'SESSION_EVENTS', 'SIGNATURE_HEADERS',
  'SIGNATURE_TIMESTAMP', 'SIGNATURE_TIME', 'WEBHOOK_RETRIES', 'WEBHOOK_TIMEOUT_MS'
]

t.test('no switch takes nothing, and a value of the wrong shape is none', async t => {
  const { call } = await startSandbox(t)
  const before = (await call('GET', '/_sandbox/account')).body
  t.same(Object.keys(before.switches), SWITCHES)
  const rows: Array<[string, unknown]> = [
    ...SWITCHES.flatMap((name): Array<[string, unknown]> => [[name, ''], [name, []], [name, {}]]),
    ['REFUND_MODE', ['async']], ['REFUND_DELAY_MS', [7]], ['REFUND_DELAY_MS', ' '], ['STRICT_PARAMETERS', [true]],
    ['WEBHOOK_RETRIES', ['fast']], ['WEBHOOK_RETRIES', [[10], 20]], ['WEBHOOK_RETRIES', [10, '']], ['WEBHOOK_RETRIES', [{}]]
  ]
  for (const [name, value] of rows) {
    const answer = await call('POST', '/_sandbox/account', { name: 'Pears', switches: { [name]: value } })
    t.match(answer, { status: 400, body: { error: { code: 'parameter_invalid', param: `switches[${name}]`, message: /is not allowed; allowed: / } } }, `${name} ${JSON.stringify(value)}`)
  }
  t.same((await call('GET', '/_sandbox/account')).body, before)
})

t.test('without a key, what would concern no account is refused, since it would not concern later ones either', async t => {
  const { call } = await startSandbox(t)
  const nobody = { key: null }
  for (const [path, body] of [
    ['/account', { name: 'Pears' }], ['/account', {}], ['/outcomes', { payment_method: 'dana', outcomes: ['cancel'] }]
  ] as const) {
    t.match(await call('POST', `/_sandbox${path}`, body, nobody), {
      status: 400, body: { error: { code: 'account_missing', message: /No account was used yet.*Send the secret key/ } }
    }, path)
  }
  t.match(await call('GET', '/_sandbox/account'), { body: { name: 'Sandbox Shop' } })
  t.same((await call('GET', '/_sandbox/outcomes', undefined, nobody)).body.data, [])
  t.match(await call('POST', '/_sandbox/account', { name: 'Pears' }, nobody), { status: 200, body: { data: [{ name: 'Pears' }] } }, 'with one, it concerns that')
})

t.test('outcomes that wait tell their account', async t => {
  const { call } = await startSandbox(t)
  const queue = async (key: string | null, name: string, outcome: string) => (await call('POST', '/_sandbox/outcomes', { payment_method: name, outcomes: [outcome] }, { key })).body
  const idOf = async (key: string): Promise<string> => (await call('GET', '/_sandbox/account', undefined, { key })).body.id
  const [apples, pears] = [await idOf('sk_test_apples'), await idOf('sk_test_pears')]
  t.same(await queue('sk_test_apples', 'dana', 'cancel'), { account: apples, payment_method: 'dana', outcomes: ['cancel'] })
  t.same(await queue('sk_test_pears', 'gcash', 'lapse'), { account: pears, payment_method: 'gcash', outcomes: ['lapse'] })
  await queue(null, 'dana', 'otp')
  const all = [
    { account: apples, payment_method: 'dana', outcomes: ['cancel', 'otp'] },
    { account: pears, payment_method: 'dana', outcomes: ['otp'] },
    { account: pears, payment_method: 'gcash', outcomes: ['lapse'] }
  ]
  t.same((await call('GET', '/_sandbox/outcomes', undefined, { key: null })).body.data, all)
  t.same((await call('GET', '/_sandbox/outcomes', undefined, { key: 'sk_test_pears' })).body.data, all.slice(1))
})

t.test('an account counts records of every kind, also those that no list shows', async t => {
  const { call } = await startSandbox(t)
  const { body: { id } } = await call('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/back'
  }, { headers: { 'idempotency-key': 'order-7' } })
  await call('POST', '/_sandbox/shopper', { payment_intent: id })
  await call('POST', '/_sandbox/outcomes', { payment_method: 'dana', outcomes: ['cancel'] })
  await call('POST', '/_sandbox/faults', { then: { status: 500 } })
  await call('POST', '/_sandbox/snapshots/paid')
  const { body: { counts } } = await call('GET', '/_sandbox/account')
  t.same(counts, {
    accounts: 1,
    payment_intents: 1,
    payment_methods: 1,
    charges: 1,
    events: 3,
    wallet_visits: 1,
    wallet_balances: 1,
    queued_outcomes: 1,
    idempotency_keys: 1,
    faults: 1,
    snapshots: 1,
    coverage: 1
  })
})

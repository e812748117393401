import { join } from 'node:path'
import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { deliveryDefinition, type Delivery } from '../src/webhooks/deliveries.ts'
import { newCustomer } from './support/customer.ts'
import { verify } from './support/documented-verifier.ts'
import { operationsOf, readDocument } from './support/openapi-document.ts'
import { newFolder } from './support/process.ts'
import { startReceiver, type Received } from './support/receiver.ts'
import { call, KEY, startSandbox, type Answer, type CallOptions, type RunningSandbox } from './support/sandbox.ts'

const CLOCK = '2026-01-01'
const BEGAN = Date.UTC(2026, 0, 1)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const OTHER = 'sk_test_other'
/** The accounts of these two keys. */
const [OWN_ACCOUNT, OTHER_ACCOUNT] = ['acct_7e1fe7dd2304c30c', 'acct_e3e0e6427495b389']

/** All calls but that of health: those of the document, and the stream, which it leaves out. */
const CALLS = [...operationsOf(readDocument('sandbox')), 'GET /_sandbox/stream']
  .filter(operation => !operation.endsWith('/health'))
  .map(operation => {
    const [method = '', path = ''] = operation.replace(/\{\w+\}/, 'none').split(' ')
    return { method, path }
  })
/** What the calls need that do nothing without a body. */
const NEEDED: Readonly<Record<string, object>> = {
  'POST /_sandbox/outcomes': { payment_method: 'dana', outcomes: ['pay'] },
  'POST /_sandbox/refunds': { payment_intent: 'pi_1' },
  'POST /_sandbox/faults': { then: { status: 500 } },
  'POST /_sandbox/events': { type: 'payment_intent.created' }
}

const OUTCOMES = [
  'pay', 'insufficient-balance', 'account-blocked', 'otp', 'pay-later', 'fail-later', 'pay-and-close', 'wallet-down', 'limit-exceeded',
  'wrong-pin', 'cancel', 'lapse', 'webhook-first', 'return-first'
]
const SWITCHES = [
  'STRICT_PARAMETERS', 'IDEMPOTENCY', 'RETURN_PARAMETERS', 'REFUND_MODE', 'REFUND_DELAY_MS', 'SESSION_EVENTS', 'SIGNATURE_HEADERS',
  'SIGNATURE_TIMESTAMP', 'SIGNATURE_TIME', 'WEBHOOK_RETRIES', 'WEBHOOK_TIMEOUT_MS'
]
const PAYMENT = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/back' }
const BASKET = {
  success_url: 'https://shop.test/done',
  cancel_url: 'https://shop.test/basket',
  payment_method_types: ['dana'],
  line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
}
/** With these, a payment's webhooks are the one that it has succeeded. */
const SUCCEEDED_ONLY = 'payment_intent.succeeded'

/** A call under `/_sandbox`, which has to succeed. */
async function ask (sandbox: RunningSandbox, method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer['body']> {
  const answer = await sandbox.call(method, `/_sandbox${path}`, body, options)
  if (answer.status !== 200) throw new Error(`${method} ${path} was answered with ${answer.status}: ${answer.text}`)
  return answer.body
}

/** A payment that waits for its customer. */
async function waiting (sandbox: RunningSandbox, options?: CallOptions): Promise<{ id: string, url: string }> {
  const { body } = await sandbox.call('POST', '/v1/payment_intents', PAYMENT, options)
  return { id: body.id, url: body.next_action.dana_handle_redirect.url }
}

/** A payment that its customer has made. */
async function paid (sandbox: RunningSandbox, options?: CallOptions): Promise<string> {
  const { id } = await waiting(sandbox, options)
  await ask(sandbox, 'POST', '/shopper', { payment_intent: id }, options)
  return id
}

async function session (sandbox: RunningSandbox, more: object = {}): Promise<{ id: string, url: string, payment_intent: string, expires_at: number }> {
  return (await sandbox.call('POST', '/v1/checkout/sessions', { ...BASKET, ...more })).body
}

async function statusOf (sandbox: RunningSandbox, intent: string, options?: CallOptions): Promise<string> {
  return (await sandbox.call('GET', `/v1/payment_intents/${intent}`, undefined, options)).body.status
}

async function endpoint (sandbox: RunningSandbox, url: string, events = [SUCCEEDED_ONLY], options?: CallOptions): Promise<string> {
  return (await sandbox.call('POST', '/v1/webhook_endpoints', { url, enabled_events: events }, options)).body.id
}

type Refusal = [method: string, path: string, body: object | undefined, status: number, error: { code: string, param?: string, message?: string | RegExp }]

async function refuses (t: Test, sandbox: RunningSandbox, rows: readonly Refusal[], options?: CallOptions): Promise<void> {
  for (const [method, path, body, status, error] of rows) {
    const answer = await sandbox.call(method, `/_sandbox${path}`, body, options)
    t.match(answer, { status, body: { error } }, `${method} ${path} ${JSON.stringify(body)}`)
    t.equal(answer.body.message, answer.body.error?.message)
  }
}

t.test('what a call does not know is refused everywhere, and what there is is said', async t => {
  const sandbox = await startSandbox(t)
  const intent = await paid(sandbox)
  const unknown = { status: 400, body: { error: { code: 'parameter_unknown', param: 'nonsense' } } }
  for (const { method, path } of CALLS) {
    const needed = NEEDED[`${method} ${path}`]
    t.match(await sandbox.call(method, `${path}?nonsense=1`, needed), unknown, `${method} ${path} in its address`)
    if (method !== 'GET') t.match(await sandbox.call(method, path, { ...needed, nonsense: 1 }), unknown, `${method} ${path} in its body`)
  }
  t.match(await sandbox.call('POST', '/_sandbox/shopper', { payment_intent: intent, nonsense: 1 }), {
    body: { error: { message: 'Unknown parameter: nonsense; there are: payment_intent, checkout_session, url, outcome, wallet, payment_method.' } }
  })
  t.match(await sandbox.call('POST', '/_sandbox/reset', { nonsense: 1 }), { body: { error: { message: 'Unknown parameter: nonsense; there are none here.' } } })
  t.match(await sandbox.call('POST', '/_sandbox/reset', [1]), { status: 400, body: { error: { code: 'body_malformed', message: /it has to be an object/ } } })
  t.equal(await statusOf(sandbox, intent), 'succeeded', 'and no reset has happened')
})

t.test('a call that there is not is answered with the list of those that there are', async t => {
  const sandbox = await startSandbox(t)
  const unknown = (call: string) => ({ status: 404, body: { error: { code: 'route_unknown', message: `There is no ${call}. The list of routes is at /docs-sandbox.` } } })
  for (const [method, path, body] of [
    ['POST', '/_sandbox/nonsense', undefined], ['POST', '/_sandbox/nonsense', { name: 'Pears' }], ['POST', '/_sandbox/nonsense', [1]],
    ['DELETE', '/_sandbox/account', { name: 'Pears' }], ['GET', '/_sandbox', undefined]
  ] as const) t.match(await sandbox.call(method, path, body), unknown(`${method} ${path}`), `${method} ${path} ${JSON.stringify(body)}`)
  t.match(await sandbox.call('GET', '/_sandbox/nonsense?colour=blue'), unknown('GET /_sandbox/nonsense'))
  const head = await fetch(`${sandbox.url}/_sandbox/stream`, { method: 'HEAD', signal: AbortSignal.timeout(10_000) })
  t.equal(head.status, 404, 'a stream has no head, which would have no end')
})

t.test('a key that is none is refused, and a publishable one too', async t => {
  const sandbox = await startSandbox(t, { API_KEYS: KEY })
  const { publishable_key: publishable } = await ask(sandbox, 'GET', '/account')
  for (const [key, status, code] of [
    [OTHER, 401, 'api_key_invalid'], ['sk_live_1', 401, 'api_key_live'], ['nonsense', 401, 'api_key_invalid'], [publishable, 403, 'secret_key_required']
  ] as const) {
    for (const [method, path] of [['GET', '/clock'], ['POST', '/reset'], ['GET', '/account'], ['POST', '/settle']] as const) {
      t.match(await sandbox.call(method, `/_sandbox${path}`, undefined, { key }), { status, body: { error: { code } } }, `${method} ${path} ${code}`)
    }
  }
})

t.test('SANDBOX_TOKEN guards every call but health', async t => {
  const sandbox = await startSandbox(t, { SANDBOX_TOKEN: 'secret' })
  const { id } = await waiting(sandbox)
  const refused = { status: 401, body: { error: { code: 'sandbox_token_required' } } }
  for (const { method, path } of CALLS) {
    t.match(await sandbox.call(method, path), refused, `${method} ${path}: the key is no token`)
    t.match(await sandbox.call(method, path, undefined, { headers: { 'x-sandbox-token': 'Secret' } }), refused)
  }
  t.equal(await statusOf(sandbox, id), 'requires_action', 'nothing was done')
  const headers = { authorization: `Basic ${btoa(`${KEY}:`)}`, 'x-sandbox-token': 'secret' }
  for (const { method, path } of CALLS) {
    // The stream goes on for ever, so its body is left.
    const { status, body } = await fetch(`${sandbox.url}${path}`, { method, headers })
    await body?.cancel()
    t.ok([200, 400, 404].includes(status), `${method} ${path}: ${status}`)
  }
  t.equal((await sandbox.call('GET', '/_sandbox/health', undefined, { key: null })).status, 200)
})

t.test('the shopper', async t => {
  t.test('finds the payment by its id, by its address, by its session and by that one\'s address', async t => {
    const sandbox = await startSandbox(t)
    for (const options of [undefined, { key: null }] as const) {
      const [first, second] = [await waiting(sandbox), await waiting(sandbox)]
      const [third, fourth, fifth] = [await session(sandbox), await session(sandbox), await session(sandbox)]
      const confirmed = (await sandbox.call('POST', `/v1/payment_intents/${fifth.payment_intent}/confirm`)).body.next_action.dana_handle_redirect.url
      for (const [body, intent, checkout, back] of [
        [{ payment_intent: first.id }, first.id, undefined, 'https://shop.test/back'],
        [{ url: `${second.url}?lang=id` }, second.id, undefined, 'https://shop.test/back'],
        [{ checkout_session: third.id }, third.payment_intent, third.id, 'https://shop.test/done'],
        [{ url: fourth.url }, fourth.payment_intent, fourth.id, 'https://shop.test/done'],
        [{ url: confirmed }, fifth.payment_intent, fifth.id, 'https://shop.test/done']
      ] as const) {
        const answer = await ask(sandbox, 'POST', '/shopper', body, options)
        t.same(Object.keys(answer), ['outcome', 'payment_intent', ...checkout === undefined ? [] : ['checkout_session'], 'return_url'])
        t.match(answer, { outcome: 'pay', payment_intent: { id: intent, status: 'succeeded', amount_received: 20000 }, return_url: back })
        t.same(answer.payment_intent, (await sandbox.call('GET', `/v1/payment_intents/${intent}`)).body, 'the whole object')
        if (checkout === undefined) continue
        t.match(answer.checkout_session, { status: 'complete', payment_status: 'paid' })
        t.same(answer.checkout_session, (await sandbox.call('GET', `/v1/checkout/sessions/${checkout}`)).body)
      }
    }
  })

  t.test('ends a payment as every outcome says', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    const failed = (code: string, declineCode?: string) => ({ status: 'requires_payment_method', last_payment_error: { code, decline_code: declineCode } })
    const back = 'https://shop.test/back'
    const table: Readonly<Record<string, [now: object, back: string | undefined, later?: object]>> = {
      pay: [{ status: 'succeeded' }, back],
      'insufficient-balance': [failed('payment_method_declined', 'insufficient_funds'), back],
      'account-blocked': [failed('payment_method_declined', 'account_blocked'), back],
      otp: [{ status: 'succeeded' }, back],
      'pay-later': [{ status: 'processing' }, back, { status: 'succeeded' }],
      'fail-later': [{ status: 'processing' }, back, failed('payment_method_declined', 'generic_decline')],
      'pay-and-close': [{ status: 'succeeded' }, undefined],
      'wallet-down': [failed('processing_error'), back],
      'limit-exceeded': [failed('payment_method_declined', 'transaction_limit_exceeded'), back],
      'wrong-pin': [failed('payment_method_declined', 'pin_attempts_exceeded'), back],
      cancel: [failed('payment_method_canceled'), back],
      lapse: [failed('payment_method_expired'), back],
      'webhook-first': [{ status: 'succeeded' }, back],
      'return-first': [{ status: 'succeeded' }, back]
    }
    t.same(Object.keys(table), OUTCOMES)
    for (const [outcome, [now, address, later = now]] of Object.entries(table)) {
      const { id } = await waiting(sandbox)
      const answer = await ask(sandbox, 'POST', '/shopper', { payment_intent: id, outcome })
      t.equal(answer.outcome, outcome)
      t.match(answer.payment_intent, now, outcome)
      t.equal(answer.return_url, address, outcome)
      await ask(sandbox, 'POST', '/clock', { advance_ms: 5000 })
      t.match((await sandbox.call('GET', `/v1/payment_intents/${id}`)).body, later, `${outcome}, five seconds later`)
    }
  })

  t.test('ends a payment as the number says that it logs in with, however it is written', async t => {
    const sandbox = await startSandbox(t)
    for (const [wallet, outcome] of [
      ['081200000001', 'pay'], ['+6281200000002', 'insufficient-balance'], ['0812-0000-0003', 'account-blocked'], ['62 812 0000 0004', 'otp'],
      ['081200000005', 'pay-later'], ['081200000006', 'fail-later'], ['081200000007', 'pay-and-close'], ['081200000008', 'wallet-down'],
      ['081200000009', 'limit-exceeded'], ['08123456789', 'pay'], [undefined, 'pay']
    ] as const) {
      const { id } = await waiting(sandbox)
      t.equal((await ask(sandbox, 'POST', '/shopper', { payment_intent: id, wallet })).outcome, outcome, String(wallet))
    }
    const { id } = await waiting(sandbox)
    t.equal((await ask(sandbox, 'POST', '/shopper', { payment_intent: id, wallet: '081200000003', outcome: 'pay' })).outcome, 'pay', 'a choice goes before it')
  })

  t.test('pays at the wallet that is chosen on the checkout page', async t => {
    const sandbox = await startSandbox(t)
    for (const [chosen, method, wallet] of [[undefined, 'dana', undefined], ['ovo', 'ovo', '081200000001'], ['dana', 'dana', undefined]] as const) {
      const { id } = await session(sandbox, { payment_method_types: ['dana', 'ovo'] })
      const { payment_intent: intent } = await ask(sandbox, 'POST', '/shopper', { checkout_session: id, payment_method: chosen, wallet })
      t.equal(intent.status, 'succeeded')
      t.match((await sandbox.call('GET', `/v1/charges/${intent.latest_charge}`)).body.payment_method_details, { type: method })
    }
  })

  t.test('of a session that cancels or fails is led back to the checkout, and may pay there then', async t => {
    const sandbox = await startSandbox(t)
    const { id, url } = await session(sandbox)
    for (const outcome of ['cancel', 'insufficient-balance', 'lapse']) {
      const answer = await ask(sandbox, 'POST', '/shopper', { checkout_session: id, outcome })
      t.match(answer, { outcome, payment_intent: { status: 'requires_payment_method' }, checkout_session: { status: 'open' }, return_url: url })
    }
    t.match(await ask(sandbox, 'POST', '/shopper', { url }), { outcome: 'pay', checkout_session: { status: 'complete' }, return_url: 'https://shop.test/done' })
  })

  t.test('does not wait for a webhook that a fault keeps, though it is to come first', async t => {
    for (const [then, delivery, held] of [
      [{ swap_with_next: true }, { status: 'pending', held: true, attempts: [] }, undefined],
      [{ delay_ms: MINUTE }, { status: 'pending', next_attempt_at: BEGAN + MINUTE, attempts: [] }, MINUTE]
    ] as const) {
      const sandbox = await startSandbox(t, { CLOCK })
      const receiver = await startReceiver(t)
      await endpoint(sandbox, receiver.url)
      await ask(sandbox, 'POST', '/faults', { then })
      const { id } = await waiting(sandbox)
      t.match(await ask(sandbox, 'POST', '/shopper', { payment_intent: id, outcome: 'webhook-first' }), {
        outcome: 'webhook-first', payment_intent: { status: 'succeeded' }, return_url: 'https://shop.test/back'
      })
      t.match((await ask(sandbox, 'GET', '/deliveries')).data, [delivery])
      t.same(receiver.received, [])
      if (held === undefined) continue
      await ask(sandbox, 'POST', '/clock', { advance_ms: held })
      t.same(receiver.types(), [SUCCEEDED_ONLY], 'it comes when its time has come')
    }
  })

  t.test('goes on where the customer is, with the number that has logged in', async t => {
    const sandbox = await startSandbox(t)
    const { id, url } = await waiting(sandbox)
    const customer = newCustomer()
    await customer.open(url)
    await customer.press('continue', { phone: '081200000001' })
    for (const wallet of ['081200000002', '08123456789']) {
      await refuses(t, sandbox, [['POST', '/shopper', { payment_intent: id, wallet }, 400, {
        code: 'parameter_invalid', param: 'wallet', message: `Invalid wallet: "${wallet}" is not the number with which the customer has logged in already: +6281200000001.`
      }]])
    }
    t.equal(await statusOf(sandbox, id), 'requires_action')
    t.match(await ask(sandbox, 'POST', '/shopper', { payment_intent: id, wallet: '+62 812 0000 0001' }), { outcome: 'pay', payment_intent: { status: 'succeeded' } })
  })

  t.test('is refused what it cannot do, and then has changed nothing', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    const { id, url } = await waiting(sandbox)
    const { id: foreign, url: foreignUrl } = await waiting(sandbox, { key: OTHER })
    const [open, expired] = [await session(sandbox), await session(sandbox)]
    await sandbox.call('POST', `/v1/checkout/sessions/${expired.id}/expire`)
    const complete = await session(sandbox)
    await ask(sandbox, 'POST', '/shopper', { checkout_session: complete.id })
    const slow = await session(sandbox)
    await ask(sandbox, 'POST', '/shopper', { checkout_session: slow.id, outcome: 'pay-later' })
    const done = await paid(sandbox)
    const { body: bare } = await sandbox.call('POST', '/v1/payment_intents', { amount: 20000, currency: 'IDR' })
    const { body: canceled } = await sandbox.call('POST', `/v1/payment_intents/${(await waiting(sandbox)).id}/cancel`)
    await ask(sandbox, 'POST', '/outcomes', { payment_method: 'dana', outcomes: ['cancel'] })
    const before = (await sandbox.call('GET', '/v1/events?limit=100')).body.data

    const state = (status: string): { code: string, message: RegExp } => ({ code: 'payment_intent_unexpected_state', message: new RegExp(`has the status ${status};`) })
    const sessionState = (message: RegExp) => ({ code: 'checkout_session_unexpected_state', message })
    await refuses(t, sandbox, [
      ['POST', '/shopper', {}, 400, { code: 'parameter_missing', param: 'payment_intent' }],
      ['POST', '/shopper', { payment_intent: id, url }, 400, { code: 'parameter_invalid', param: 'url', message: /cannot be combined with payment_intent/ }],
      ['POST', '/shopper', { checkout_session: open.id, payment_intent: id }, 400, { code: 'parameter_invalid', param: 'checkout_session' }],
      ['POST', '/shopper', { checkout_session: open.id, url }, 400, { code: 'parameter_invalid', param: 'url' }],
      ['POST', '/shopper', { payment_intent: 7 }, 400, { code: 'parameter_invalid', param: 'payment_intent' }],
      ['POST', '/shopper', { payment_intent: id, outcome: 'win' }, 400, {
        code: 'parameter_invalid', param: 'outcome', message: `Invalid outcome: "win" is not one of: ${OUTCOMES.join(', ')}.`
      }],
      ['POST', '/shopper', { payment_intent: id, outcome: 'toString' }, 400, { code: 'parameter_invalid', param: 'outcome' }],
      ...['', '12', '021555', '+1 202 555 0100', 'siti'].map((wallet): Refusal =>
        ['POST', '/shopper', { payment_intent: id, wallet }, 400, { code: 'parameter_invalid', param: 'wallet', message: /is no mobile number for DANA/ }]),
      ['POST', '/shopper', { checkout_session: open.id, wallet: '12' }, 400, { code: 'parameter_invalid', param: 'wallet' }],
      ['POST', '/shopper', { checkout_session: open.id, payment_method: 'ovo' }, 400, { code: 'parameter_invalid', param: 'payment_method', message: /dana/ }],
      ['POST', '/shopper', { checkout_session: open.id, payment_method: 'paypal' }, 400, { code: 'parameter_invalid', param: 'payment_method', message: /"paypal" is not one of: dana\./ }],
      ['POST', '/shopper', { payment_intent: 'pi_1' }, 400, { code: 'resource_missing', param: 'payment_intent' }],
      ['POST', '/shopper', { checkout_session: 'cs_1' }, 400, { code: 'resource_missing', param: 'checkout_session' }],
      ['POST', '/shopper', { url: `${sandbox.url}/v1/receives/dana/pay/pi_1` }, 400, { code: 'resource_missing', param: 'url' }],
      ['POST', '/shopper', { url: `${sandbox.url}/pay/cs_test_1` }, 400, { code: 'resource_missing', param: 'url' }],
      ...['', 'nonsense', 'https://shop.test/back', `${sandbox.url}/pay/${open.id}`, `${url}/phone`].map((address): Refusal =>
        ['POST', '/shopper', { url: address }, 400, { code: 'parameter_invalid', param: 'url', message: /is neither the address of next_action nor that of a checkout session/ }]),
      ...[
        url.replace(sandbox.url, 'https://shop.test'), url.replace('http:', 'https:'), url.replace('/dana/', '/ovo/'), url.replace('/dana/', '/nonsense/')
      ].map((address): Refusal => ['POST', '/shopper', { url: address }, 400, {
        code: 'parameter_invalid', param: 'url', message: new RegExp(`does not lead to the page; the address that was answered is ${url}\\.$`)
      }]),
      ...[
        open.url.replace(/\?.*/, ''), open.url.replace(/key=.*/, 'key=pk_test_wrong'), open.url.replace(sandbox.url, 'https://shop.test')
      ].map((address): Refusal => ['POST', '/shopper', { url: address }, 400, { code: 'parameter_invalid', param: 'url', message: /does not lead to the page/ }]),
      ['POST', '/shopper', { payment_intent: foreign }, 400, { code: 'resource_missing', param: 'payment_intent' }],
      ['POST', '/shopper', { url: foreignUrl }, 400, { code: 'resource_missing', param: 'url' }],
      ['POST', '/shopper', { payment_intent: done }, 400, state('succeeded')],
      ['POST', '/shopper', { payment_intent: bare.id }, 400, state('requires_payment_method')],
      ['POST', '/shopper', { payment_intent: canceled.id }, 400, state('canceled')],
      ['POST', '/shopper', { checkout_session: expired.id }, 400, sessionState(/has the status expired;/)],
      ['POST', '/shopper', { url: expired.url }, 400, sessionState(/has the status expired;/)],
      ['POST', '/shopper', { checkout_session: expired.id, payment_method: 'dana' }, 400, sessionState(/has the status expired;/)],
      ['POST', '/shopper', { checkout_session: complete.id }, 400, sessionState(/has the status complete;/)],
      ['POST', '/shopper', { checkout_session: complete.id, payment_method: 'dana' }, 400, sessionState(/has the status complete;/)],
      ['POST', '/shopper', { checkout_session: slow.id }, 400, sessionState(/has the status open and is being paid;/)]
    ])
    await refuses(t, sandbox, [['POST', '/shopper', { checkout_session: open.id }, 400, { code: 'resource_missing', param: 'checkout_session' }]], { key: OTHER })
    t.same((await sandbox.call('GET', '/v1/events?limit=100')).body.data, before, 'nothing happened')
    t.equal(await statusOf(sandbox, id), 'requires_action')
    t.same((await ask(sandbox, 'GET', '/outcomes')).data, [{ account: OWN_ACCOUNT, payment_method: 'dana', outcomes: ['cancel'] }], 'and the queue is as it was')
    const page = await (await fetch(url, { headers: { accept: 'application/json' } })).json() as { step: string }
    t.equal(page.step, 'phone', 'nobody has logged in')
  })
})

t.test('outcomes that are lined up are used once each, in order', async t => {
  t.test('by the shopper, who leaves them where it chooses itself', async t => {
    const sandbox = await startSandbox(t)
    t.match(await ask(sandbox, 'GET', '/outcomes'), { object: 'list', data: [] })
    t.same(await ask(sandbox, 'POST', '/outcomes', { payment_method: 'dana', outcomes: ['insufficient-balance', 'otp'] }), {
      account: OWN_ACCOUNT, payment_method: 'dana', outcomes: ['insufficient-balance', 'otp']
    })
    t.same(await ask(sandbox, 'POST', '/outcomes', { payment_method: 'dana', outcomes: ['cancel', 'cancel'] }), {
      account: OWN_ACCOUNT, payment_method: 'dana', outcomes: ['insufficient-balance', 'otp', 'cancel', 'cancel']
    })
    const left = async (): Promise<string[]> => (await ask(sandbox, 'GET', '/outcomes')).data[0]?.outcomes ?? []
    for (const [more, outcome, queue] of [
      [{}, 'insufficient-balance', ['otp', 'cancel', 'cancel']],
      [{ outcome: 'wallet-down' }, 'wallet-down', ['otp', 'cancel', 'cancel']],
      [{ outcome: 'otp' }, 'otp', ['otp', 'cancel', 'cancel']],
      [{ outcome: 'cancel' }, 'cancel', ['otp', 'cancel', 'cancel']],
      [{ wallet: '081200000003' }, 'otp', ['cancel', 'cancel']],
      [{ wallet: '081200000004' }, 'cancel', ['cancel']],
      [{}, 'cancel', []],
      [{}, 'pay', []],
      [{ wallet: '081200000003' }, 'account-blocked', []]
    ] as const) {
      const { id } = await waiting(sandbox)
      t.equal((await ask(sandbox, 'POST', '/shopper', { payment_intent: id, ...more })).outcome, outcome)
      t.same(await left(), queue)
    }
    t.same((await ask(sandbox, 'GET', '/outcomes')).data, [])
  })

  t.test('by a customer who pays with a browser', async t => {
    const sandbox = await startSandbox(t)
    await ask(sandbox, 'POST', '/outcomes', { payment_method: 'dana', outcomes: ['limit-exceeded', 'otp', 'pay'] })
    const customer = newCustomer()
    const logIn = async (): Promise<string> => {
      const { id, url } = await waiting(sandbox)
      await customer.open(url)
      await customer.press('continue', { phone: '081200000001' })
      await customer.press('continue', { pin: '123456' })
      return id
    }
    const left = async (): Promise<unknown> => (await ask(sandbox, 'GET', '/outcomes')).data[0]?.outcomes
    await logIn()
    await customer.press('cancel')
    t.same(await left(), ['limit-exceeded', 'otp', 'pay'], 'leaving uses none')
    await logIn()
    await customer.press('outcome-pay')
    t.same(await left(), ['limit-exceeded', 'otp', 'pay'], 'nor does a button of the strip')
    const declined = await logIn()
    await customer.press('pay')
    t.match((await sandbox.call('GET', `/v1/payment_intents/${declined}`)).body.last_payment_error, { decline_code: 'transaction_limit_exceeded' })
    const coded = await logIn()
    t.same(await left(), ['otp', 'pay'], 'logging in uses none')
    await customer.press('continue', { otp: '888888' })
    await customer.press('pay')
    t.equal(await statusOf(sandbox, coded), 'succeeded')
    t.same(await left(), ['pay'])
  })

  t.test('of one account, wallet by wallet, or of all accounts', async t => {
    const sandbox = await startSandbox(t)
    await ask(sandbox, 'GET', '/account', undefined, { key: OTHER })
    await ask(sandbox, 'POST', '/outcomes', { payment_method: 'dana', outcomes: ['cancel'] })
    await ask(sandbox, 'POST', '/outcomes', { payment_method: 'gcash', outcomes: ['lapse'] })
    t.same((await ask(sandbox, 'GET', '/outcomes', undefined, { key: OTHER })).data, [])
    await ask(sandbox, 'POST', '/outcomes', { payment_method: 'dana', outcomes: ['pay-later'] }, { key: null })
    const [lapse, theirs] = [{ account: OWN_ACCOUNT, payment_method: 'gcash', outcomes: ['lapse'] }, { account: OTHER_ACCOUNT, payment_method: 'dana', outcomes: ['pay-later'] }]
    const own = { account: OWN_ACCOUNT, payment_method: 'dana', outcomes: ['cancel', 'pay-later'] }
    t.same((await ask(sandbox, 'GET', '/outcomes')).data, [own, lapse])
    t.same((await ask(sandbox, 'GET', '/outcomes', undefined, { key: OTHER })).data, [theirs])
    t.same((await ask(sandbox, 'GET', '/outcomes', undefined, { key: null })).data, [theirs, own, lapse])

    const { id } = await waiting(sandbox)
    t.equal((await ask(sandbox, 'POST', '/shopper', { payment_intent: id })).outcome, 'cancel')
    t.same((await ask(sandbox, 'DELETE', '/outcomes?payment_method=dana')).data, [lapse])
    t.same((await ask(sandbox, 'GET', '/outcomes', undefined, { key: OTHER })).data, [theirs], 'of the others too')
    t.same((await ask(sandbox, 'DELETE', '/outcomes')).data, [])
    t.same((await ask(sandbox, 'DELETE', '/outcomes', undefined, { key: null })).data, [])
    t.same((await ask(sandbox, 'GET', '/outcomes', undefined, { key: OTHER })).data, [])
  })

  t.test('unless one of them is unknown: then none is', async t => {
    const sandbox = await startSandbox(t)
    await refuses(t, sandbox, [
      ['POST', '/outcomes', { payment_method: 'dana', outcomes: ['pay', 'win'] }, 400, {
        code: 'parameter_invalid', param: 'outcomes[1]', message: `Invalid outcomes[1]: "win" is not one of: ${OUTCOMES.join(', ')}.`
      }],
      ['POST', '/outcomes', { payment_method: 'dana', outcomes: [] }, 400, { code: 'parameter_invalid', param: 'outcomes' }],
      ['POST', '/outcomes', { payment_method: 'dana', outcomes: 'pay' }, 400, { code: 'parameter_invalid', param: 'outcomes' }],
      ['POST', '/outcomes', { payment_method: 'dana' }, 400, { code: 'parameter_missing', param: 'outcomes' }],
      ['POST', '/outcomes', { outcomes: ['pay'] }, 400, { code: 'parameter_missing', param: 'payment_method' }],
      ['POST', '/outcomes', { payment_method: 'paypal', outcomes: ['pay'] }, 400, { code: 'payment_method_not_supported', param: 'payment_method', message: /it has: dana, gcash/ }],
      ['DELETE', '/outcomes?payment_method=paypal', undefined, 400, { code: 'payment_method_not_supported', param: 'payment_method' }]
    ])
    t.same((await ask(sandbox, 'GET', '/outcomes')).data, [])
  })
})

t.test('pending refunds are settled and failed, with and without the key of their account', async t => {
  const sandbox = await startSandbox(t, { REFUND_MODE: 'async', CLOCK })
  const pending = async (): Promise<{ id: string }> => (await sandbox.call('POST', '/v1/refunds', { payment_intent: await paid(sandbox) })).body
  const [one, two, three, four] = [await pending(), await pending(), await pending(), await pending()]
  t.same(await ask(sandbox, 'POST', `/refunds/${one.id}/settle`), { ...one, status: 'succeeded' })
  t.same(await ask(sandbox, 'POST', `/refunds/${two.id}/settle`, undefined, { key: null }), { ...two, status: 'succeeded' })
  t.same(await ask(sandbox, 'POST', `/refunds/${three.id}/fail`, { failure_reason: 'lost_or_stolen_card' }), { ...three, status: 'failed', failure_reason: 'lost_or_stolen_card' })
  await refuses(t, sandbox, [
    ['POST', `/refunds/${one.id}/settle`, undefined, 400, { code: 'refund_unexpected_state', message: /succeeded/ }],
    ['POST', `/refunds/${one.id}/fail`, undefined, 400, { code: 'refund_unexpected_state', message: /succeeded/ }],
    ['POST', `/refunds/${three.id}/fail`, undefined, 400, { code: 'refund_unexpected_state', message: /failed/ }],
    ['POST', `/refunds/${four.id}/fail`, { failure_reason: 'bad_luck' }, 400, {
      code: 'parameter_invalid', param: 'failure_reason', message: 'Invalid failure_reason: "bad_luck" is not one of: lost_or_stolen_card, expired_or_canceled_card, unknown.'
    }],
    ['POST', '/refunds/re_1/settle', undefined, 404, { code: 'resource_missing' }],
    ['POST', '/refunds/re_1/fail', undefined, 404, { code: 'resource_missing' }]
  ])
  await refuses(t, sandbox, [
    ['POST', `/refunds/${four.id}/settle`, undefined, 404, { code: 'resource_missing' }],
    ['POST', `/refunds/${four.id}/fail`, undefined, 404, { code: 'resource_missing' }]
  ], { key: OTHER })
  t.equal((await sandbox.call('GET', `/v1/refunds/${four.id}`)).body.status, 'pending')
})

t.test('the clock', async t => {
  t.test('is moved by milliseconds or to a time, one account or all, and new accounts begin at the moved time', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    await ask(sandbox, 'GET', '/account', undefined, { key: OTHER })
    t.same(await ask(sandbox, 'GET', '/clock'), { now: BEGAN, frozen: true })
    t.same(await ask(sandbox, 'POST', '/clock', { advance_ms: 1000 }), { now: BEGAN + 1000, frozen: true, ran: [] })
    t.same(await ask(sandbox, 'POST', '/clock', { now: BEGAN + 2000 }), { now: BEGAN + 2000, frozen: true, ran: [] })
    t.same(await ask(sandbox, 'POST', '/clock', { now: '2026-01-01T00:00:03Z' }), { now: BEGAN + 3000, frozen: true, ran: [] })
    t.same(await ask(sandbox, 'POST', '/clock', { now: '2026-01-01T07:00:04+07:00' }), { now: BEGAN + 4000, frozen: true, ran: [] })
    t.same(await ask(sandbox, 'POST', '/clock', { advance_ms: 0 }), { now: BEGAN + 4000, frozen: true, ran: [] })
    t.same(await ask(sandbox, 'POST', '/clock', {}), { now: BEGAN + 4000, frozen: true, ran: [] })
    t.equal((await sandbox.call('POST', '/v1/payment_intents', PAYMENT)).body.created, BEGAN + 4000)
    t.same(await ask(sandbox, 'GET', '/clock', undefined, { key: OTHER }), { now: BEGAN, frozen: true }, 'the other account stays')
    t.same(await ask(sandbox, 'GET', '/clock', undefined, { key: null }), { now: BEGAN, frozen: true }, 'and so does that of accounts to come')

    t.same(await ask(sandbox, 'POST', '/clock', { advance_ms: DAY }, { key: null }), {
      now: BEGAN + DAY, frozen: true, ran: [{ at: BEGAN + 4000 + 10 * MINUTE, what: 'payment_intent.lapse', id: (await sandbox.call('GET', '/v1/payment_intents')).body.data[0].id }]
    })
    for (const [key, now] of [[KEY, BEGAN + 4000 + DAY], [OTHER, BEGAN + DAY], ['sk_test_new', BEGAN + DAY], [null, BEGAN + DAY]] as const) {
      t.same(await ask(sandbox, 'GET', '/clock', undefined, { key }), { now, frozen: true })
    }
    t.equal((await ask(sandbox, 'GET', '/health')).now, BEGAN + DAY)
    await refuses(t, sandbox, [['POST', '/clock', { now: BEGAN + DAY }, 400, {
      code: 'parameter_invalid', param: 'now', message: /lies before the present time of the account sk_test_…, 2026-01-02T00:00:04\.000Z;/
    }]], { key: null })
    await ask(sandbox, 'POST', '/clock', { now: BEGAN + 2 * DAY }, { key: null })
    for (const key of [KEY, OTHER, 'sk_test_new', 'sk_test_newer', null]) t.equal((await ask(sandbox, 'GET', '/clock', undefined, { key })).now, BEGAN + 2 * DAY)
  })

  t.test('never goes back, nor to a time that is none, whether it stands still or runs', async t => {
    for (const frozen of [true, false]) {
      const sandbox = await startSandbox(t, { CLOCK })
      for (const key of [KEY, null]) {
        await ask(sandbox, 'POST', '/clock', { advance_ms: DAY, frozen }, { key })
        const { now: before } = await ask(sandbox, 'GET', '/clock', undefined, { key })
        const past = (param: string) => ({ code: 'parameter_invalid', param, message: /lies before the present time, 2026-01-02T.*; the clock moves forward only/ })
        const noTime = { code: 'parameter_invalid', param: 'now' }
        await refuses(t, sandbox, [
          ['POST', '/clock', { advance_ms: -1 }, 400, { code: 'parameter_invalid', param: 'advance_ms' }],
          ['POST', '/clock', { advance_ms: 1.5 }, 400, { code: 'parameter_invalid', param: 'advance_ms' }],
          ['POST', '/clock', { advance_ms: '1000' }, 400, { code: 'parameter_invalid', param: 'advance_ms' }],
          ['POST', '/clock', { advance_ms: 1e300 }, 400, { code: 'parameter_invalid', param: 'advance_ms' }],
          ['POST', '/clock', { now: BEGAN }, 400, past('now')],
          ['POST', '/clock', { now: BEGAN + DAY - 1 }, 400, past('now')],
          ['POST', '/clock', { now: 0 }, 400, past('now')],
          ['POST', '/clock', { now: '2026-01-01T23:59:59.999Z' }, 400, past('now')],
          ['POST', '/clock', { now: '2025-12-31' }, 400, past('now')],
          ['POST', '/clock', { now: '' }, 400, noTime],
          ['POST', '/clock', { now: 'tomorrow' }, 400, noTime],
          ['POST', '/clock', { now: '2026-02-31T00:00:00+99:99' }, 400, noTime],
          ['POST', '/clock', { now: '2027-02-31' }, 400, noTime],
          ['POST', '/clock', { now: '2027-01-01 (x)' }, 400, noTime],
          ['POST', '/clock', { now: 1.5 }, 400, noTime],
          ['POST', '/clock', { now: {} }, 400, noTime],
          ['POST', '/clock', { now: '2080-06-02' }, 400, noTime],
          ['POST', '/clock', { now: BEGAN + 2 * DAY, advance_ms: 1 }, 400, { code: 'parameter_invalid', param: 'now', message: /cannot be combined with advance_ms/ }],
          ['POST', '/clock', { frozen: 'yes' }, 400, { code: 'parameter_invalid', param: 'frozen' }]
        ], { key })
        const { now: after, frozen: still } = await ask(sandbox, 'GET', '/clock', undefined, { key })
        t.equal(still, frozen)
        if (frozen) t.equal(after, before)
        else t.ok(after >= before && after < before + HOUR, 'nothing but real time has passed')
      }
    }
  })

  t.test('takes ISO 8601 and no other way of writing a time', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    await refuses(t, sandbox, ['tomorrow, 2030', '1 Feb 2030', '2/1/2030', 'Fri, 01 Feb 2030 00:00:00 GMT'].map(now =>
      ['POST', '/clock', { now }, 400, { code: 'parameter_invalid', param: 'now', message: /is not a time in epoch milliseconds or ISO 8601/ }]))
  })

  t.test('stands still and runs on as it is told to', async t => {
    const sandbox = await startSandbox(t)
    const real = Date.now()
    const { now } = await ask(sandbox, 'GET', '/clock')
    t.ok(now >= real && now <= Date.now(), 'it runs with real time at first')
    const { now: stopped } = await ask(sandbox, 'POST', '/clock', { frozen: true, advance_ms: HOUR })
    t.ok(stopped >= now + HOUR)
    const { id } = await waiting(sandbox)
    await ask(sandbox, 'POST', '/shopper', { payment_intent: id, outcome: 'pay-later' })
    t.same(await ask(sandbox, 'GET', '/clock'), { now: stopped, frozen: true })
    const moved = await ask(sandbox, 'POST', '/clock', { advance_ms: 4999, frozen: false })
    t.match(moved, { frozen: false, ran: [] })
    t.ok(moved.now >= stopped + 4999)
    t.equal((await ask(sandbox, 'GET', `/wait?payment_intent=${id}&status=succeeded`)).status, 'succeeded', 'the rest passes by itself')
  })

  t.test('runs what falls due on the way, in order: lapses, expiries, slow wallets, refunds', async t => {
    const sandbox = await startSandbox(t, { CLOCK, REFUND_MODE: 'async', REFUND_DELAY_MS: '60000' })
    const lapsing = await waiting(sandbox)
    const checkout = await session(sandbox)
    t.equal(checkout.expires_at, BEGAN + DAY)
    const { body: refund } = await sandbox.call('POST', '/v1/refunds', { payment_intent: await paid(sandbox) })
    const slow = await waiting(sandbox)
    await ask(sandbox, 'POST', '/shopper', { payment_intent: slow.id, outcome: 'fail-later' })
    const late = await waiting(sandbox, { key: OTHER })
    const { now, ran } = await ask(sandbox, 'POST', '/clock', { advance_ms: 2 * DAY }, { key: null })
    t.equal(now, BEGAN + 2 * DAY)
    t.same(ran, [
      { at: BEGAN + 5000, what: 'payment_intent.settle', id: slow.id },
      { at: BEGAN + MINUTE, what: 'refund.settle', id: refund.id },
      { at: BEGAN + 10 * MINUTE, what: 'payment_intent.lapse', id: lapsing.id },
      { at: BEGAN + 10 * MINUTE, what: 'payment_intent.lapse', id: late.id },
      { at: BEGAN + DAY, what: 'checkout_session.expire', id: checkout.id }
    ])
    t.equal((await sandbox.call('GET', `/v1/refunds/${refund.id}`)).body.status, 'succeeded')
    t.equal((await sandbox.call('GET', `/v1/checkout/sessions/${checkout.id}`)).body.status, 'expired')
    for (const [id, key, code] of [[lapsing.id, KEY, 'payment_method_expired'], [late.id, OTHER, 'payment_method_expired'], [slow.id, KEY, 'payment_method_declined']] as const) {
      t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`, undefined, { key })).body.last_payment_error.code, code)
    }
    t.same((await sandbox.call('GET', '/v1/events?limit=4')).body.data.map(({ type, created }: { type: string, created: number }) => [type, created - BEGAN]), [
      ['payment_intent.canceled', DAY], ['payment_intent.payment_failed', 10 * MINUTE], ['charge.refund.updated', MINUTE], ['payment_intent.payment_failed', 5000]
    ], 'each happened at its own time')
  })

  t.test('runs the 18 documented attempts of a webhook within 72 hours', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: 'documented' })
    const receiver = await startReceiver(t, { reply: response => { response.writeHead(500).end('no') } })
    const id = await endpoint(sandbox, receiver.url)
    const intent = await paid(sandbox)
    t.same(await ask(sandbox, 'POST', '/settle'), { deliveries: 1, pending_retries: 1 })
    const { data: [pending] } = await ask(sandbox, 'GET', '/deliveries')
    t.match(pending, { status: 'pending', attempts: [{ number: 1, status: 500, response: 'no' }], next_attempt_at: BEGAN + 1900 })
    t.same((await ask(sandbox, 'POST', '/clock', { advance_ms: 1899 })).ran, [])
    const due = [
      1900, 5700, 13300, 28500, 58900, 119700, 241300, 484500, 970900, 1943700, 3889300, 7780500, 15562900, 31127700, 62257300, 124516500, 249034900
    ]
    const { ran } = await ask(sandbox, 'POST', '/clock', { now: BEGAN + 72 * HOUR })
    t.same(ran, due.map(after => ({ at: BEGAN + after, what: 'delivery.attempt', id: pending.id })))
    t.equal(receiver.received.length, 18)
    t.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 1)
    const delivery = await ask(sandbox, 'GET', `/deliveries/${pending.id}`)
    t.same(Object.keys(delivery), ['id', 'object', 'created', 'event', 'type', 'endpoint', 'url', 'payment_intent', 'status', 'attempts'])
    t.match(delivery, { object: 'delivery', type: SUCCEEDED_ONLY, endpoint: id, url: receiver.url, payment_intent: intent, status: 'failed' })
    t.same(delivery.attempts.map(({ number, at, status }: { number: number, at: number, status: number }) => [number, at - BEGAN, status]), [0, ...due].map((at, index) => [index + 1, at, 500]))
    t.same((await ask(sandbox, 'POST', '/clock', { advance_ms: 365 * DAY })).ran, [], 'then it is given up')
  })

  t.test('waits for a webhook that is under way, so that what follows from it belongs to the move', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: '1000,1000' })
    let held: ServerResponse | undefined
    const receiver = await startReceiver(t, {
      reply: (response, _webhook, count) => {
        if (count === 1) held = response
        else response.writeHead(500).end()
      }
    })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await receiver.waitFor(1)
    const state = { ended: false }
    const move = ask(sandbox, 'POST', '/clock', { advance_ms: MINUTE }).finally(() => { state.ended = true })
    const { clock } = sandbox.account()
    while (!clock.moving && !state.ended) await nextTurn()
    held?.writeHead(500).end()
    const { ran } = await move
    t.match(ran, [{ at: BEGAN + 1000, what: 'delivery.attempt' }, { at: BEGAN + 2000, what: 'delivery.attempt' }])
    t.match(await ask(sandbox, 'POST', '/settle'), { deliveries: 1, pending_retries: 0 })
  })

  t.test('moves on for every call that asks for it, also while it is moved', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: '1000' })
    let held: ServerResponse | undefined
    const receiver = await startReceiver(t, {
      reply: (response, _webhook, count) => {
        if (count === 1) response.writeHead(500).end()
        else held = response
      }
    })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await ask(sandbox, 'POST', '/settle')
    const moves = [ask(sandbox, 'POST', '/clock', { advance_ms: HOUR })]
    await receiver.waitFor(2)
    moves.push(ask(sandbox, 'POST', '/clock', { advance_ms: HOUR }))
    // Answered after the second move has come in.
    await sandbox.call('GET', '/_sandbox/health')
    held?.end()
    await Promise.all(moves)
    t.equal((await ask(sandbox, 'GET', '/clock')).now, BEGAN + 2 * HOUR)
  })

  t.test('stays where a reset or a snapshot has put it during a move', async t => {
    for (const [path, key] of [['/reset', KEY], ['/reset', null], ['/snapshots/a/restore', KEY], ['/snapshots/a/restore', null]] as const) {
      const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: '1000,1000' })
      let held: ServerResponse | undefined
      const receiver = await startReceiver(t, {
        reply: (response, _webhook, count) => {
          if (count === 1) response.writeHead(500).end()
          else held = response
        }
      })
      await endpoint(sandbox, receiver.url)
      await paid(sandbox)
      await waiting(sandbox)
      await ask(sandbox, 'POST', '/settle')
      await ask(sandbox, 'POST', '/snapshots/a', undefined, { key })
      const move = ask(sandbox, 'POST', '/clock', { advance_ms: 10 * DAY }, { key })
      await receiver.waitFor(2)
      await ask(sandbox, 'POST', path, undefined, { key })
      held?.writeHead(500).end()
      t.match(await move, { now: BEGAN, frozen: true, ran: [{ at: BEGAN + 1000, what: 'delivery.attempt' }] }, `${path} ${key}`)
      for (const each of [KEY, 'sk_test_new', null]) t.same(await ask(sandbox, 'GET', '/clock', undefined, { key: each }), { now: BEGAN, frozen: true })
      t.equal(receiver.received.length, 2, 'what was to come later has not happened')
    }
  })

  t.test('cuts an attempt short that was under way before, so that all of its retries belong to the move', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: 'documented', WEBHOOK_TIMEOUT_MS: '60000' })
    const receiver = await startReceiver(t, {
      reply: (response, _webhook, count) => { if (count > 1) response.writeHead(500).end() }
    })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await receiver.waitFor(1)
    const { ran } = await ask(sandbox, 'POST', '/clock', { advance_ms: 72 * HOUR })
    t.equal(ran.length, 17)
    const { data: [delivery] } = await ask(sandbox, 'GET', '/deliveries')
    t.match(delivery, { status: 'failed', attempts: [{ at: BEGAN, error: 'no answer within 1000 ms' }, { at: BEGAN + 1900, status: 500 }] })
    t.equal(delivery.attempts.length, 18)
  })

  t.test('gives a receiver one second during a move', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: '1000', WEBHOOK_TIMEOUT_MS: '60000' })
    const receiver = await startReceiver(t, {
      reply: (response, _webhook, count) => { if (count === 1) response.writeHead(500).end() }
    })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await ask(sandbox, 'POST', '/settle')
    const began = performance.now()
    const { ran } = await ask(sandbox, 'POST', '/clock', { advance_ms: 1000 })
    const took = performance.now() - began
    t.ok(took >= 900 && took < 10_000, `it took ${Math.round(took)} ms`)
    t.match(ran, [{ at: BEGAN + 1000, what: 'delivery.attempt' }])
    t.match((await ask(sandbox, 'GET', '/deliveries')).data[0], { status: 'failed', attempts: [{ status: 500 }, { error: 'no answer within 1000 ms' }] })
  })

  t.test('goes on where it was after a restart, of one account and of those to come', async t => {
    for (const [flags, frozen] of [[{ CLOCK }, true], [{}, false]] as const) {
      const DATA_FILE = join(newFolder(t), 'state.json')
      const before = await startSandbox(t, { DATA_FILE, ...flags })
      const { id } = await waiting(before)
      await ask(before, 'POST', '/clock', { advance_ms: DAY }, { key: null })
      const own = await waiting(before)
      const { now: time } = await ask(before, 'POST', '/clock', { advance_ms: 5 * MINUTE })
      await before.stop()

      const after = await startSandbox(t, { DATA_FILE })
      const isAt = (now: number, expected: number): boolean => frozen ? now === expected : now >= expected && now < expected + HOUR
      for (const [key, expected] of [[KEY, time], ['sk_test_new', time - 5 * MINUTE], [null, time - 5 * MINUTE]] as const) {
        const clock = await ask(after, 'GET', '/clock', undefined, { key })
        t.ok(isAt(clock.now, expected), `${key}: ${clock.now - expected} ms apart`)
        t.equal(clock.frozen, frozen)
      }
      t.match((await after.call('GET', `/v1/payment_intents/${id}`)).body.last_payment_error, { code: 'payment_method_expired' })
      t.equal(await statusOf(after, own.id), 'requires_action')
      t.match((await ask(after, 'POST', '/clock', { advance_ms: 5 * MINUTE })).ran, [{ what: 'payment_intent.lapse', id: own.id }], 'what was due still is')
      await ask(after, 'POST', '/clock', { frozen: !frozen }, { key: null })
      await after.stop()
      const again = await startSandbox(t, { DATA_FILE })
      for (const key of [KEY, 'sk_test_newest', null]) t.equal((await ask(again, 'GET', '/clock', undefined, { key })).frozen, !frozen)
      await again.stop()
    }
  })
})

t.test('settle', async t => {
  t.test('answers when nothing is under way any more; later tries do not hold it', async t => {
    const sandbox = await startSandbox(t)
    t.same(await ask(sandbox, 'POST', '/settle'), { deliveries: 0, pending_retries: 0 })
    t.same(await ask(sandbox, 'POST', '/settle', {}, { key: null }), { deliveries: 0, pending_retries: 0 })
    const held: ServerResponse[] = []
    const receiver = await startReceiver(t, { reply: response => { held.push(response) } })
    await endpoint(sandbox, receiver.url, ['*'])
    await paid(sandbox)
    await receiver.waitFor(1)
    let isSettled = false
    const settled = ask(sandbox, 'POST', '/settle').finally(() => { isSettled = true })
    for (let count = 1; count <= 3; count++) {
      await receiver.waitFor(count)
      t.equal(isSettled, false)
      held[count - 1]?.writeHead(count === 3 ? 500 : 200).end()
    }
    t.same(await settled, { deliveries: 3, pending_retries: 1 })
    t.same(await ask(sandbox, 'POST', '/settle', undefined, { key: null }), { deliveries: 3, pending_retries: 1 }, 'of all accounts')
    t.same(await ask(sandbox, 'POST', '/settle', undefined, { key: OTHER }), { deliveries: 0, pending_retries: 0 }, 'of another account')
  })

  t.test('says after its time what is still under way', async t => {
    const sandbox = await startSandbox(t, { WEBHOOK_TIMEOUT_MS: '60000' })
    const receiver = await startReceiver(t, { reply: () => {} })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await receiver.waitFor(1)
    await refuses(t, sandbox, [
      ['POST', '/settle', { timeout_ms: 0 }, 408, { code: 'wait_timeout', message: new RegExp(`1 deliver.* such as dlv_\\d+ \\(payment_intent\\.succeeded\\) to ${receiver.url}`) }],
      ['POST', '/settle', { timeout_ms: 50 }, 408, { code: 'wait_timeout' }],
      ['POST', '/settle', { timeout_ms: -1 }, 400, { code: 'parameter_invalid', param: 'timeout_ms' }],
      ['POST', '/settle', { timeout_ms: 60_001 }, 400, { code: 'parameter_invalid', param: 'timeout_ms' }],
      ['POST', '/settle', { timeout_ms: 'long' }, 400, { code: 'parameter_invalid', param: 'timeout_ms' }]
    ])
    await refuses(t, sandbox, [['POST', '/settle', { timeout_ms: 0 }, 408, { code: 'wait_timeout' }]], { key: null })
  })
})

t.test('wait', async t => {
  t.test('ends, as settle does, when whoever asked has hung up', async t => {
    const silent = await startReceiver(t, { reply: () => {} })
    const sandbox = await startSandbox(t, { WEBHOOK_URL: silent.url })
    const { id } = await waiting(sandbox)
    const { database } = sandbox
    const listening = { count: 0 }
    const listen = database.onSettled.bind(database)
    database.onSettled = listener => {
      listening.count++
      const stop = listen(listener)
      return () => {
        listening.count--
        stop()
      }
    }
    for (const [method, path, body] of [
      ['GET', `/wait?payment_intent=${id}&status=succeeded&timeout_ms=60000`, null], ['GET', '/wait?event=payment_intent.succeeded&timeout_ms=60000', null], ['POST', '/settle', '{"timeout_ms":60000}']
    ] as const) {
      const client = new AbortController()
      const headers = { authorization: `Basic ${btoa(`${KEY}:`)}`, 'content-type': 'application/json' }
      const answer = fetch(`${sandbox.url}/_sandbox${path}`, { method, signal: client.signal, headers, body })
      while (listening.count === 0) await new Promise(resolve => { setImmediate(resolve) })
      client.abort()
      await t.rejects(answer, { name: 'AbortError' }, path)
      while (listening.count > 0) await new Promise(resolve => { setImmediate(resolve) })
    }
  })

  t.test('answers the object when it has the status', async t => {
    const sandbox = await startSandbox(t, { REFUND_MODE: 'async', CLOCK })
    const checkout = await session(sandbox)
    const intent = checkout.payment_intent
    let seen = 0
    const waits = [`payment_intent=${intent}&status=succeeded`, `checkout_session=${checkout.id}&status=complete`].map(async query => {
      const body = await ask(sandbox, 'GET', `/wait?${query}`, undefined, { key: query.startsWith('checkout') ? null : KEY })
      seen++
      return body
    })
    await ask(sandbox, 'GET', `/wait?payment_intent=${intent}&status=requires_payment_method`)
    t.equal(seen, 0)
    await ask(sandbox, 'POST', '/shopper', { checkout_session: checkout.id })
    const [paidIntent, complete] = await Promise.all(waits)
    t.same(paidIntent, (await sandbox.call('GET', `/v1/payment_intents/${intent}`)).body)
    t.same(complete, (await sandbox.call('GET', `/v1/checkout/sessions/${checkout.id}`)).body)
    const { body: refund } = await sandbox.call('POST', '/v1/refunds', { payment_intent: intent })
    t.same(await ask(sandbox, 'GET', `/wait?refund=${refund.id}&status=pending`), refund)
    const failed = ask(sandbox, 'GET', `/wait?refund=${refund.id}&status=failed`)
    await ask(sandbox, 'POST', `/refunds/${refund.id}/fail`)
    t.match(await failed, { id: refund.id, status: 'failed' })
  })

  t.test('answers the deliveries when the event was taken often enough', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: '1000,1000' })
    const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(count === 1 ? 500 : 200).end() } })
    await endpoint(sandbox, receiver.url)
    const waited = ask(sandbox, 'GET', `/wait?event=${SUCCEEDED_ONLY}&deliveries=2`)
    const first = await paid(sandbox)
    await ask(sandbox, 'POST', '/settle')
    await refuses(t, sandbox, [
      ['GET', `/wait?payment_intent=${first}&event=${SUCCEEDED_ONLY}&timeout_ms=20`, undefined, 408, {
        code: 'wait_timeout', message: /payment_intent\.succeeded was answered with 2xx 0 times, not 1; there are 1 deliveries of it with 1 attempts/
      }]
    ])
    await ask(sandbox, 'POST', '/clock', { advance_ms: 1000 })
    t.match(await ask(sandbox, 'GET', `/wait?payment_intent=${first}&event=${SUCCEEDED_ONLY}`), {
      object: 'list', data: [{ payment_intent: first, status: 'succeeded', attempts: [{ status: 500 }, { status: 200 }] }]
    })
    const second = await paid(sandbox)
    const { data } = await waited
    t.same(data.map((delivery: Delivery) => delivery.payment_intent).toSorted(), [first, second])
    t.match(await ask(sandbox, 'GET', `/wait?event=${SUCCEEDED_ONLY}&deliveries=2`, undefined, { key: null }), { object: 'list' })
  })

  t.test('says after its time what it has seen, and refuses what there cannot be', async t => {
    const sandbox = await startSandbox(t)
    const { id } = await waiting(sandbox)
    const checkout = await session(sandbox)
    const sessionStatuses = /open, complete, expired/
    const intentStatuses = /requires_payment_method, requires_confirmation, requires_action, processing, requires_capture, succeeded, canceled/
    await refuses(t, sandbox, [
      ['GET', `/wait?payment_intent=${id}&status=succeeded&timeout_ms=0`, undefined, 408, {
        code: 'wait_timeout', message: `The time to wait is over: PaymentIntent ${id} has the status requires_action, not succeeded.`
      }],
      ['GET', `/wait?payment_intent=${id}&status=succeeded&timeout_ms=50`, undefined, 408, { code: 'wait_timeout' }],
      ['GET', `/wait?checkout_session=${checkout.id}&status=complete&timeout_ms=0`, undefined, 408, { code: 'wait_timeout', message: /has the status open, not complete/ }],
      ['GET', `/wait?event=${SUCCEEDED_ONLY}&timeout_ms=0`, undefined, 408, { code: 'wait_timeout', message: /0 times, not 1/ }],
      ['GET', '/wait', undefined, 400, { code: 'parameter_missing', param: 'payment_intent' }],
      ['GET', '/wait?status=succeeded', undefined, 400, { code: 'parameter_missing', param: 'payment_intent' }],
      ['GET', `/wait?payment_intent=${id}`, undefined, 400, { code: 'parameter_missing', param: 'status' }],
      ['GET', `/wait?payment_intent=${id}&checkout_session=${checkout.id}&status=open`, undefined, 400, { code: 'parameter_invalid', param: 'checkout_session' }],
      ['GET', '/wait?payment_intent=pi_1&status=succeeded', undefined, 400, { code: 'resource_missing', param: 'payment_intent' }],
      ['GET', '/wait?checkout_session=cs_1&status=open', undefined, 400, { code: 'resource_missing', param: 'checkout_session' }],
      ['GET', '/wait?refund=re_1&status=failed', undefined, 400, { code: 'resource_missing', param: 'refund' }],
      ['GET', `/wait?payment_intent=${id}&status=succeeded&timeout_ms=60001`, undefined, 400, { code: 'parameter_invalid', param: 'timeout_ms' }],
      ['GET', `/wait?event=${SUCCEEDED_ONLY}&deliveries=0`, undefined, 400, { code: 'parameter_invalid', param: 'deliveries' }],
      ['GET', `/wait?payment_intent=${id}&status=requires_action&deliveries=2`, undefined, 400, {
        code: 'parameter_invalid', param: 'deliveries', message: /counts those of an event; give event instead of status/
      }],
      ['GET', `/wait?payment_intent=${id}&status=paid&timeout_ms=0`, undefined, 400, { code: 'parameter_invalid', param: 'status', message: intentStatuses }],
      ['GET', `/wait?checkout_session=${checkout.id}&status=succeeded&timeout_ms=0`, undefined, 400, { code: 'parameter_invalid', param: 'status', message: sessionStatuses }],
      ['GET', '/wait?event=payment_intent.paid&timeout_ms=0', undefined, 400, { code: 'parameter_invalid', param: 'event', message: /payment_intent\.created, payment_intent\.requires_action/ }]
    ])
    await refuses(t, sandbox, [['GET', `/wait?payment_intent=${id}&status=requires_action`, undefined, 400, { code: 'resource_missing', param: 'payment_intent' }]], { key: OTHER })
  })

  t.test('ends at once when the sandbox stops', async t => {
    const sandbox = await startSandbox(t)
    const { id } = await waiting(sandbox)
    const waits = [
      call(sandbox.url, 'GET', `/_sandbox/wait?payment_intent=${id}&status=succeeded&timeout_ms=60000`),
      call(sandbox.url, 'GET', `/_sandbox/wait?event=${SUCCEEDED_ONLY}&timeout_ms=60000`)
    ].map(async wait => await wait.then(({ status }) => status, () => 'hung up'))
    await ask(sandbox, 'GET', '/health')
    const began = performance.now()
    await sandbox.stop()
    for (const answer of await Promise.all(waits)) t.ok(answer === 408 || answer === 'hung up', String(answer))
    t.ok(performance.now() - began < 10_000)
  })
})

t.test('deliveries', async t => {
  t.test('are listed by event, type, payment and status, of one account or of all', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: 'none' })
    const [taking, refusing] = [await startReceiver(t), await startReceiver(t, { reply: response => { response.writeHead(500).end() } })]
    const types = ['payment_intent.created', SUCCEEDED_ONLY]
    await endpoint(sandbox, taking.url, types)
    await endpoint(sandbox, refusing.url, [SUCCEEDED_ONLY])
    await endpoint(sandbox, taking.url, types, { key: OTHER })
    const [one, two] = [await paid(sandbox), await paid(sandbox)]
    const foreign = await paid(sandbox, { key: OTHER })
    await ask(sandbox, 'POST', '/settle', undefined, { key: null })
    const { body: { data: [event] } } = await sandbox.call('GET', '/v1/events?limit=1')
    t.equal(event.type, SUCCEEDED_ONLY)
    type Row = [intent: string, type: string, status: string]
    const list = async (query: string, options?: CallOptions): Promise<Row[]> => {
      const { object, url, data } = await ask(sandbox, 'GET', `/deliveries?limit=100${query}`, undefined, options)
      t.same([object, url], ['list', '/_sandbox/deliveries'])
      t.same(data.map(({ id }: Delivery) => id), data.map(({ id }: Delivery) => id).toSorted().reverse(), 'newest first')
      return data.map(({ payment_intent: intent, type, status }: Delivery) => [intent, type, status]).toSorted()
    }
    const rowsOf = (intent: string): Row[] => [
      [intent, 'payment_intent.created', 'succeeded'], [intent, SUCCEEDED_ONLY, 'failed'], [intent, SUCCEEDED_ONLY, 'succeeded']
    ]
    const foreignRows: Row[] = [[foreign, 'payment_intent.created', 'succeeded'], [foreign, SUCCEEDED_ONLY, 'succeeded']]
    t.same(await list(''), [...rowsOf(one), ...rowsOf(two)])
    t.same(await list(`&payment_intent=${one}`), rowsOf(one))
    t.same(await list(`&event=${event.id}`), rowsOf(two).slice(1))
    t.same(await list('&type=payment_intent.created'), [rowsOf(one)[0], rowsOf(two)[0]])
    t.same(await list('&status=failed'), [rowsOf(one)[1], rowsOf(two)[1]])
    t.same(await list('&status=pending'), [])
    t.same(await list(`&status=succeeded&payment_intent=${two}&type=${SUCCEEDED_ONLY}`), [rowsOf(two)[2]])
    t.same(await list(`&payment_intent=${foreign}`), [])
    t.same(await list('&event=evt_1'), [])
    t.same(await list(`&created[gt]=${BEGAN}`), [])
    t.same(await list('', { key: OTHER }), foreignRows)
    t.same(await list('', { key: null }), [...rowsOf(one), ...rowsOf(two), ...foreignRows].toSorted())
    t.same(await list('&type=payment_intent.created', { key: null }), [rowsOf(one)[0], rowsOf(two)[0], foreignRows[0]].toSorted())

    for (const key of [KEY, null]) {
      const { data: all } = await ask(sandbox, 'GET', '/deliveries', undefined, { key })
      const pages: Delivery[] = []
      let more = true
      while (more) {
        const cursor = pages.length === 0 ? '' : `&starting_after=${pages.at(-1)?.id}`
        const page = await ask(sandbox, 'GET', `/deliveries?limit=2${cursor}`, undefined, { key })
        pages.push(...page.data)
        more = page.has_more
      }
      t.same(pages, all)
      t.same((await ask(sandbox, 'GET', `/deliveries?limit=2&ending_before=${all[3].id}`, undefined, { key })).data, [all[1], all[2]])
      for (const delivery of all) t.same(await ask(sandbox, 'GET', `/deliveries/${delivery.id}`, undefined, { key }), delivery)
    }
    const { data: [theirs] } = await ask(sandbox, 'GET', '/deliveries', undefined, { key: OTHER })
    await refuses(t, sandbox, [
      ['GET', '/deliveries?status=lost', undefined, 400, { code: 'parameter_invalid', param: 'status', message: /pending, succeeded, failed/ }],
      ['GET', '/deliveries?limit=0', undefined, 400, { code: 'parameter_invalid', param: 'limit' }],
      ['GET', '/deliveries?starting_after=dlv_1', undefined, 400, { code: 'resource_missing', param: 'starting_after' }],
      ['GET', '/deliveries/dlv_1', undefined, 404, { code: 'resource_missing' }],
      ['POST', '/deliveries/dlv_1/resend', undefined, 404, { code: 'resource_missing' }],
      ['GET', `/deliveries/${theirs.id}`, undefined, 404, { code: 'resource_missing' }],
      ['POST', `/deliveries/${theirs.id}/resend`, undefined, 404, { code: 'resource_missing' }]
    ])
    await refuses(t, sandbox, [
      ['GET', '/deliveries?starting_after=dlv_1', undefined, 400, { code: 'resource_missing', param: 'starting_after' }],
      ['GET', `/deliveries?starting_after=${theirs.id}&ending_before=${theirs.id}`, undefined, 400, { code: 'parameter_invalid', param: 'ending_before' }]
    ], { key: null })
  })

  t.test('are sent again: after a success, after a failure, and to a receiver that is down', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: 'none' })
    const statuses = [200, 200, 500, 204]
    const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(statuses[count - 1] ?? 200).end() } })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await ask(sandbox, 'POST', '/settle')
    const { data: [{ id }] } = await ask(sandbox, 'GET', '/deliveries')
    for (const [status, attempts, key] of [['succeeded', [200, 200], KEY], ['failed', [200, 200, 500], null], ['succeeded', [200, 200, 500, 204], KEY]] as const) {
      const sent = await ask(sandbox, 'POST', `/deliveries/${id}/resend`, undefined, { key })
      t.match(sent, { id, status, attempts: attempts.map((status, index) => ({ number: index + 1, status })) })
      t.equal(sent.attempts.length, attempts.length)
      t.equal(sent.next_attempt_at, undefined)
      t.same(await ask(sandbox, 'GET', `/deliveries/${id}`), sent)
    }
    t.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 1, 'the same event each time')
    await receiver.stop()
    t.match(await ask(sandbox, 'POST', `/deliveries/${id}/resend`), { status: 'failed', attempts: [{}, {}, {}, {}, { number: 5, error: /ECONNREFUSED/ }] })
    const back = await startReceiver(t, { port: receiver.port })
    t.match(await ask(sandbox, 'POST', `/deliveries/${id}/resend`), { status: 'succeeded', attempts: [{}, {}, {}, {}, {}, { number: 6, status: 200 }] })
    t.equal(back.received[0]?.raw, receiver.received[0]?.raw)
    t.same(await ask(sandbox, 'POST', '/settle'), { deliveries: 1, pending_retries: 0 })
  })

  t.test('that wait for their next try are sent at once, and go on from there', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: '1000,5000' })
    const receiver = await startReceiver(t, { reply: response => { response.writeHead(500).end() } })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await ask(sandbox, 'POST', '/settle')
    const { data: [{ id, next_attempt_at: next }] } = await ask(sandbox, 'GET', '/deliveries')
    t.equal(next, BEGAN + 1000)
    t.match(await ask(sandbox, 'POST', `/deliveries/${id}/resend`), { status: 'pending', attempts: [{ at: BEGAN }, { at: BEGAN }], next_attempt_at: BEGAN + 5000 })
    t.same((await ask(sandbox, 'POST', '/clock', { advance_ms: MINUTE })).ran, [{ at: BEGAN + 5000, what: 'delivery.attempt', id }])
    t.equal(receiver.received.length, 3)
  })

  t.test('are sent as often as that was asked for, also at once', async t => {
    const sandbox = await startSandbox(t)
    const resends: Array<Promise<unknown>> = []
    const resend = (): void => { resends.push(ask(sandbox, 'POST', `/deliveries/${id}/resend`)) }
    const receiver = await startReceiver(t, {
      // Another one comes in when the one before is just being recorded.
      reply: (response, _webhook, count) => {
        response.end()
        if (count > 1 && count <= 15) resend()
      }
    })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await ask(sandbox, 'POST', '/settle')
    const { data: [{ id }] } = await ask(sandbox, 'GET', '/deliveries')
    for (let count = 1; count <= 5; count++) resend()
    // One by one, since there come more.
    for (const each of resends) await each
    const { status, attempts } = await ask(sandbox, 'GET', `/deliveries/${id}`)
    t.equal(status, 'succeeded')
    t.same(attempts.map(({ number, status }: { number: number, status: number }) => [number, status]), Array.from({ length: 20 }, (_, index) => [index + 1, 200]))
    t.equal(receiver.received.length, 20)
  })

  t.test('are not sent again to an endpoint that is disabled or gone, and stay as they are', async t => {
    const sandbox = await startSandbox(t, { WEBHOOK_RETRIES: '60000' })
    const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(count === 1 ? 200 : 500).end() } })
    const to = await endpoint(sandbox, receiver.url)
    for (const _ of ['succeeded', 'pending']) {
      await paid(sandbox)
      await ask(sandbox, 'POST', '/settle')
    }
    const { data: before } = await ask(sandbox, 'GET', '/deliveries')
    t.match(before, [{ status: 'pending' }, { status: 'succeeded' }])
    for (const [state, change] of [
      ['disabled', () => sandbox.call('POST', `/v1/webhook_endpoints/${to}`, { status: 'disabled' })],
      ['deleted', () => sandbox.call('DELETE', `/v1/webhook_endpoints/${to}`)]
    ] as const) {
      await change()
      await refuses(t, sandbox, before.map(({ id }: Delivery): Refusal =>
        ['POST', `/deliveries/${id}/resend`, undefined, 400, { code: 'parameter_invalid', param: 'id', message: `Invalid id: "${id}" goes to ${to}, which is ${state}.` }]))
      t.same((await ask(sandbox, 'GET', '/deliveries')).data, before)
    }
    t.equal(receiver.received.length, 2)
  })

  t.test('that are under way are not lost by being sent again', async t => {
    const sandbox = await startSandbox(t)
    let held: ServerResponse | undefined
    const receiver = await startReceiver(t, {
      reply: (response, _webhook, count) => {
        if (count === 1) held = response
        else response.end()
      }
    })
    await endpoint(sandbox, receiver.url)
    await paid(sandbox)
    await receiver.waitFor(1)
    const stored = (): Delivery | undefined => [...sandbox.database.collection(deliveryDefinition).newest(sandbox.account().id)][0]
    const before = stored()
    const resent = ask(sandbox, 'POST', `/deliveries/${before?.id}/resend`)
    // Answered after the resend has come in.
    await sandbox.call('GET', '/_sandbox/health')
    held?.end()
    const answer = await resent
    t.match(answer, { status: 'succeeded' })
    t.ok(answer.attempts.length >= 1, 'what the receiver has answered is recorded')
    t.match(await sandbox.call('POST', '/_sandbox/settle', { timeout_ms: 1000 }), { status: 200, body: { deliveries: 1, pending_retries: 0 } })
  })
})

t.test('an account', async t => {
  t.test('tells its key, its name, its switches, its endpoints and how much it holds', async t => {
    const sandbox = await startSandbox(t, { CLOCK, MERCHANT_NAME: 'Apples' })
    const id = await endpoint(sandbox, 'https://shop.test/hook', ['*'])
    await sandbox.call('POST', `/v1/webhook_endpoints/${id}`, { status: 'disabled' })
    await paid(sandbox)
    const account = await ask(sandbox, 'GET', '/account')
    t.match(account, {
      object: 'account',
      key: /^sk_test_…/,
      publishable_key: /^pk_test_[0-9A-Za-z]{24}$/,
      name: 'Apples',
      switches: { STRICT_PARAMETERS: false, IDEMPOTENCY: 'strict', REFUND_MODE: 'sync', WEBHOOK_RETRIES: 'documented', WEBHOOK_TIMEOUT_MS: 10000 },
      webhook_endpoints: [{ id, url: 'https://shop.test/hook', status: 'disabled', enabled_events: ['*'] }],
      counts: { payment_intents: 1, charges: 1, events: 3, webhook_endpoints: 1 }
    })
    t.same(Object.keys(account.switches), SWITCHES)
    t.notMatch(JSON.stringify(account), KEY)
    await ask(sandbox, 'GET', '/account', undefined, { key: OTHER })
    const all = await ask(sandbox, 'GET', '/account', undefined, { key: null })
    t.equal(all.object, 'list')
    t.same(all.data[0], account)
    t.equal(all.data.length, 2)
  })

  t.test('changes its name and switches at once, with and without a key, and keeps them over a restart', async t => {
    const DATA_FILE = join(newFolder(t), 'state.json')
    const sandbox = await startSandbox(t, { DATA_FILE, REFUND_MODE: 'async' })
    await ask(sandbox, 'GET', '/account', undefined, { key: OTHER })
    t.match(await ask(sandbox, 'POST', '/account', { name: 'Pears' }), { name: 'Pears', switches: { STRICT_PARAMETERS: false } })
    t.match(await ask(sandbox, 'POST', '/account', { switches: { STRICT_PARAMETERS: true, REFUND_DELAY_MS: 7, WEBHOOK_RETRIES: [10, 20] } }), {
      name: 'Pears', switches: { STRICT_PARAMETERS: true, REFUND_MODE: 'async', REFUND_DELAY_MS: 7, WEBHOOK_RETRIES: [10, 20] }
    })
    t.match(await sandbox.call('POST', '/v1/payment_intents', { ...PAYMENT, nonsense: 1 }), { status: 400, body: { error: { code: 'parameter_unknown' } } })
    t.equal((await sandbox.call('POST', '/v1/payment_intents', { ...PAYMENT, nonsense: 1 }, { key: OTHER })).status, 200)
    const { url } = await waiting(sandbox)
    t.match(await newCustomer().open(url), 'Pears')
    t.match(await ask(sandbox, 'POST', '/account', { switches: { IDEMPOTENCY: 'off', WEBHOOK_RETRIES: 'fast' } }, { key: null }), {
      object: 'list', data: [{ name: 'Sandbox Shop', switches: { IDEMPOTENCY: 'off', STRICT_PARAMETERS: false } }, { name: 'Pears', switches: { IDEMPOTENCY: 'off', STRICT_PARAMETERS: true } }]
    })
    await sandbox.stop()
    const again = await startSandbox(t, { DATA_FILE })
    t.match(await ask(again, 'GET', '/account'), { name: 'Pears', switches: { STRICT_PARAMETERS: true, REFUND_MODE: 'sync', REFUND_DELAY_MS: 7, IDEMPOTENCY: 'off', WEBHOOK_RETRIES: 'fast' } })
  })

  t.test('refuses switches that there are not and values that they do not take, and changes nothing then', async t => {
    const sandbox = await startSandbox(t)
    const before = await ask(sandbox, 'GET', '/account')
    const invalid = (name: string, message: RegExp) => ({ code: 'parameter_invalid', param: `switches[${name}]`, message })
    await refuses(t, sandbox, [
      ['POST', '/account', { name: 'Pears', switches: { NONSENSE: 1 } }, 400, {
        code: 'parameter_unknown', param: 'switches[NONSENSE]', message: `Unknown parameter: switches[NONSENSE]; there are: ${SWITCHES.join(', ')}.`
      }],
      ['POST', '/account', { switches: { toString: 1 } }, 400, { code: 'parameter_unknown' }],
      ['POST', '/account', { switches: { port: 1 } }, 400, { code: 'parameter_unknown' }],
      ['POST', '/account', { name: 'Pears', switches: { STRICT_PARAMETERS: true, REFUND_MODE: 'later' } }, 400, invalid('REFUND_MODE', /allowed: sync, async/)],
      ['POST', '/account', { switches: { REFUND_DELAY_MS: -1 } }, 400, invalid('REFUND_DELAY_MS', /allowed: an integer from 0 to 2592000000/)],
      ['POST', '/account', { switches: { STRICT_PARAMETERS: 'maybe' } }, 400, invalid('STRICT_PARAMETERS', /allowed: true or false/)],
      ['POST', '/account', { switches: { WEBHOOK_RETRIES: ['fast', 1] } }, 400, invalid('WEBHOOK_RETRIES', /allowed: documented, fast, none/)],
      ['POST', '/account', { switches: { SIGNATURE_HEADERS: { a: 1 } } }, 400, invalid('SIGNATURE_HEADERS', /allowed: both, english, chinese/)],
      ['POST', '/account', { switches: 1 }, 400, { code: 'parameter_invalid', param: 'switches' }],
      ['POST', '/account', { name: '' }, 400, { code: 'parameter_invalid', param: 'name' }],
      ['POST', '/account', { name: 'a'.repeat(201) }, 400, { code: 'parameter_invalid', param: 'name' }]
    ])
    t.same(await ask(sandbox, 'GET', '/account'), before)
  })
})

t.test('snapshots', async t => {
  t.test('that come back after a restart keep their ids to themselves', async t => {
    const flags = { DATA_FILE: join(newFolder(t), 'state.json') }
    // Far ahead, so that no other id lies there.
    const create = async (running: RunningSandbox, key: string): Promise<string> => {
      await ask(running, 'POST', '/clock', { frozen: true, now: 3_000_000_000_000 }, { key })
      return (await running.call('POST', '/v1/customers', { email: 'a@shop.test' }, { key })).body.id
    }
    const before = await startSandbox(t, flags)
    const first = await create(before, KEY)
    await ask(before, 'POST', '/snapshots/all', undefined, { key: null })
    await ask(before, 'POST', '/reset', undefined, { key: null })
    await before.stop()
    const after = await startSandbox(t, flags)
    await ask(after, 'POST', '/snapshots/all/restore', undefined, { key: null })
    const second = await create(after, OTHER)
    t.not(second, first)
    for (const [key, id] of [[KEY, first], [OTHER, second]] as const) t.equal((await after.call('GET', `/v1/customers/${id}`, undefined, { key })).status, 200)
  })

  t.test('bring back objects, time, switches, queue and balances of an account; ids go on, later objects are gone', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    const kept = await waiting(sandbox)
    await ask(sandbox, 'POST', '/outcomes', { payment_method: 'dana', outcomes: ['insufficient-balance'] })
    const held = (await sandbox.call('GET', '/v1/events')).body
    const taken = await ask(sandbox, 'POST', '/snapshots/before')
    const before = await ask(sandbox, 'GET', '/account')
    t.match(taken, { object: 'snapshot', name: 'before', created: BEGAN, accounts: 1, records: Number })

    await ask(sandbox, 'POST', '/clock', { advance_ms: DAY, frozen: false })
    const later = await paid(sandbox)
    const { body: hook } = await sandbox.call('POST', '/v1/webhook_endpoints', { url: 'https://shop.test/hook', enabled_events: ['*'] })
    const { body: customer } = await sandbox.call('POST', '/v1/customers', { email: 'siti@shop.test' })
    await ask(sandbox, 'POST', '/account', { name: 'Later', switches: { REFUND_MODE: 'async' } })
    const { body: { data: [lastEvent] } } = await sandbox.call('GET', '/v1/events?limit=1')

    t.same(await ask(sandbox, 'POST', '/snapshots/before/restore'), taken)
    t.same(await ask(sandbox, 'GET', '/clock'), { now: BEGAN, frozen: true })
    for (const path of [`payment_intents/${later}`, `webhook_endpoints/${hook.id}`, `customers/${customer.id}`, `events/${lastEvent.id}`]) {
      t.equal((await sandbox.call('GET', `/v1/${path}`)).status, 404, path)
    }
    t.same((await sandbox.call('GET', '/v1/events')).body, held)
    t.same(await ask(sandbox, 'GET', '/account'), before)
    t.equal(await statusOf(sandbox, kept.id), 'requires_action')
    t.equal((await ask(sandbox, 'POST', '/shopper', { payment_intent: kept.id })).outcome, 'insufficient-balance')
    const { id: next } = await waiting(sandbox)
    t.ok(next > later && `evt${next.slice(2)}` > lastEvent.id, 'ids go on')

    await ask(sandbox, 'POST', '/snapshots/before/restore')
    t.equal(await statusOf(sandbox, kept.id), 'requires_action', 'as often as one likes')
    t.equal((await sandbox.call('GET', `/v1/payment_intents/${next}`)).status, 404)
  })

  t.test('bring back what the wallets hold', async t => {
    const sandbox = await startSandbox(t)
    const balance = async (): Promise<string | undefined> => {
      const customer = newCustomer()
      await customer.open((await waiting(sandbox)).url)
      await customer.press('continue', { phone: '081200000001' })
      await customer.press('continue', { pin: '123456' })
      return customer.read('balance')
    }
    await paid(sandbox)
    await ask(sandbox, 'POST', '/snapshots/a')
    await paid(sandbox)
    t.equal(await balance(), 'Rp1.999.960.000')
    await ask(sandbox, 'POST', '/snapshots/a/restore')
    t.equal(await balance(), 'Rp1.999.980.000')
  })

  t.test('are kept, listed and forgotten by name, for each account and for the whole, over a restart too', async t => {
    const DATA_FILE = join(newFolder(t), 'state.json')
    const sandbox = await startSandbox(t, { CLOCK, DATA_FILE })
    t.match(await ask(sandbox, 'GET', '/snapshots'), { object: 'list', data: [] })
    const names = async (running: RunningSandbox, key: string | null): Promise<string[]> =>
      (await ask(running, 'GET', '/snapshots', undefined, { key })).data.map(({ name }: { name: string }) => name).toSorted()
    const kept = await waiting(sandbox)
    for (const [name, key] of [['a', KEY], ['B.2_x-y', KEY], ['a', null], ['whole', null], ['a', OTHER]] as const) await ask(sandbox, 'POST', `/snapshots/${name}`, undefined, { key })
    for (const [key, expected] of [[KEY, ['B.2_x-y', 'a']], [null, ['a', 'whole']], [OTHER, ['a']]] as const) t.same(await names(sandbox, key), expected)
    await sandbox.call('POST', `/v1/payment_intents/${kept.id}/cancel`)
    await ask(sandbox, 'POST', '/snapshots/a')
    await ask(sandbox, 'POST', '/snapshots/a/restore')
    t.equal(await statusOf(sandbox, kept.id), 'canceled', 'a name that is used again keeps the later state')
    t.same(await ask(sandbox, 'DELETE', '/snapshots/a'), { object: 'snapshot', name: 'a', deleted: true })
    await sandbox.stop()

    const again = await startSandbox(t, { DATA_FILE })
    for (const [key, expected] of [[KEY, ['B.2_x-y']], [null, ['a', 'whole']], [OTHER, ['a']]] as const) t.same(await names(again, key), expected)
    const missing = (message: string): Refusal[4] => ({ code: 'snapshot_missing', param: 'name', message })
    await refuses(t, again, [
      ['POST', '/snapshots/a/restore', undefined, 400, missing('There is no snapshot "a"; there are: B.2_x-y.')],
      ['DELETE', '/snapshots/a', undefined, 400, missing('There is no snapshot "a"; there are: B.2_x-y.')],
      ['POST', '/snapshots/a%20b', undefined, 400, { code: 'parameter_invalid', param: 'name' }],
      ['POST', `/snapshots/${'a'.repeat(101)}`, undefined, 400, { code: 'parameter_invalid', param: 'name' }]
    ])
    await refuses(t, again, [['POST', '/snapshots/a/restore', undefined, 400, missing('There is no snapshot "a"; there are none.')]], { key: 'sk_test_third' })
    await ask(again, 'POST', '/snapshots/B.2_x-y/restore')
    t.equal(await statusOf(again, kept.id), 'requires_action')
  })

  t.test('are listed newest first', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    for (const name of ['b', 'c', 'a']) {
      await ask(sandbox, 'POST', `/snapshots/${name}`)
      await ask(sandbox, 'POST', '/clock', { advance_ms: 1000 })
    }
    t.same((await ask(sandbox, 'GET', '/snapshots')).data.map(({ name }: { name: string }) => name), ['a', 'c', 'b'])
  })

  t.test('of the whole bring back all accounts, and empty those that came later', async t => {
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_URL: 'http://127.0.0.1:9/hook', WEBHOOK_RETRIES: 'none' })
    const [one, two] = [await waiting(sandbox), await waiting(sandbox, { key: OTHER })]
    t.match(await ask(sandbox, 'POST', '/snapshots/all', undefined, { key: null }), { accounts: 2 })
    await ask(sandbox, 'POST', '/clock', { advance_ms: HOUR }, { key: null })
    await ask(sandbox, 'POST', '/clock', { advance_ms: HOUR })
    const late = await waiting(sandbox, { key: 'sk_test_late' })
    await ask(sandbox, 'POST', '/snapshots/all/restore', undefined, { key: null })
    for (const key of [KEY, OTHER, 'sk_test_late', 'sk_test_latest', null]) t.same(await ask(sandbox, 'GET', '/clock', undefined, { key }), { now: BEGAN, frozen: true })
    t.equal(await statusOf(sandbox, one.id), 'requires_action')
    t.equal(await statusOf(sandbox, two.id, { key: OTHER }), 'requires_action')
    t.equal((await sandbox.call('GET', `/v1/payment_intents/${late.id}`, undefined, { key: 'sk_test_late' })).status, 404)
    const { counts: { coverage: _reached, ...counts }, webhook_endpoints: endpoints } = await ask(sandbox, 'GET', '/account', undefined, { key: 'sk_test_late' })
    t.same(counts, { accounts: 1, webhook_endpoints: 1 }, 'what tests have reached is no part of it')
    t.match(endpoints, [{ url: 'http://127.0.0.1:9/hook' }])
  })

  t.test('of one account leave the others alone', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    const own = await waiting(sandbox)
    await ask(sandbox, 'POST', '/snapshots/mine')
    const theirs = await waiting(sandbox, { key: OTHER })
    await ask(sandbox, 'POST', '/clock', { advance_ms: HOUR }, { key: null })
    await ask(sandbox, 'POST', '/snapshots/mine/restore')
    t.equal(await statusOf(sandbox, own.id), 'requires_action')
    t.equal(await statusOf(sandbox, theirs.id, { key: OTHER }), 'requires_payment_method')
    t.equal((await ask(sandbox, 'GET', '/clock', undefined, { key: OTHER })).now, BEGAN + HOUR)
    t.equal((await ask(sandbox, 'GET', '/clock', undefined, { key: null })).now, BEGAN + HOUR)
  })

  t.test('bring back what was to happen, and it happens again', async t => {
    for (const key of [KEY, null]) {
      const sandbox = await startSandbox(t, { CLOCK, REFUND_MODE: 'async', WEBHOOK_RETRIES: '1000,60000' })
      const statuses = [500, 200, 500, 200]
      const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(statuses[count - 1] ?? 200).end() } })
      await endpoint(sandbox, receiver.url)
      const intent = await paid(sandbox)
      await ask(sandbox, 'POST', '/settle')
      const { body: refund } = await sandbox.call('POST', '/v1/refunds', { payment_intent: intent })
      const lapsing = await waiting(sandbox)
      const checkout = await session(sandbox)
      const { data: [{ id: delivery }] } = await ask(sandbox, 'GET', '/deliveries')
      await ask(sandbox, 'POST', '/snapshots/a', undefined, { key })
      const expected = [
        { at: BEGAN + 1000, what: 'delivery.attempt', id: delivery }, { at: BEGAN + 5000, what: 'refund.settle', id: refund.id },
        { at: BEGAN + 10 * MINUTE, what: 'payment_intent.lapse', id: lapsing.id }, { at: BEGAN + DAY, what: 'checkout_session.expire', id: checkout.id }
      ]
      t.same((await ask(sandbox, 'POST', '/clock', { advance_ms: DAY })).ran, expected)
      await ask(sandbox, 'POST', '/snapshots/a/restore', undefined, { key })
      t.match(await ask(sandbox, 'GET', `/deliveries/${delivery}`), { status: 'pending', attempts: [{ status: 500 }], next_attempt_at: BEGAN + 1000 })
      t.equal((await sandbox.call('GET', `/v1/refunds/${refund.id}`)).body.status, 'pending')
      t.same((await ask(sandbox, 'POST', '/clock', { advance_ms: 30_000 })).ran, expected.slice(0, 2))
      t.match(await ask(sandbox, 'GET', `/deliveries/${delivery}`), { status: 'pending', attempts: [{ status: 500 }, { status: 500 }], next_attempt_at: BEGAN + 61_000 })
      t.equal((await sandbox.call('GET', `/v1/refunds/${refund.id}`)).body.status, 'succeeded')
      t.same((await ask(sandbox, 'POST', '/clock', { advance_ms: DAY })).ran, [{ at: BEGAN + 61_000, what: 'delivery.attempt', id: delivery }, ...expected.slice(2)])
      t.equal((await sandbox.call('GET', `/v1/checkout/sessions/${checkout.id}`)).body.status, 'expired')
      t.equal(receiver.received.length, 4)
    }
  })

  t.test('send a webhook again that had not left when they were taken', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    const receiver = await startReceiver(t)
    await endpoint(sandbox, receiver.url)
    const { id } = await waiting(sandbox)
    await ask(sandbox, 'POST', '/shopper', { payment_intent: id, outcome: 'return-first' })
    await ask(sandbox, 'POST', '/snapshots/a')
    for (const count of [1, 2, 3]) {
      t.match((await ask(sandbox, 'POST', '/clock', { advance_ms: 3000 })).ran, [{ at: BEGAN + 3000, what: 'delivery.attempt' }])
      t.equal(receiver.received.length, count)
      await ask(sandbox, 'POST', '/snapshots/a/restore')
    }
    t.equal(new Set(receiver.received.map(({ event }) => event.id)).size, 1)
  })

  t.test('bring back the endpoint of WEBHOOK_URL with the address and events that it has now', async t => {
    const DATA_FILE = join(newFolder(t), 'state.json')
    const [former, present] = [await startReceiver(t), await startReceiver(t)]
    const before = await startSandbox(t, { DATA_FILE, WEBHOOK_URL: former.url })
    const { webhook_endpoints: [first] } = await ask(before, 'GET', '/account')
    for (const key of [KEY, null]) await ask(before, 'POST', '/snapshots/a', undefined, { key })
    await before.stop()
    const after = await startSandbox(t, { DATA_FILE, WEBHOOK_URL: present.url, WEBHOOK_EVENTS: SUCCEEDED_ONLY })
    for (const [count, key] of [KEY, null].entries()) {
      await ask(after, 'POST', '/snapshots/a/restore', undefined, { key })
      t.match((await ask(after, 'GET', '/account')).webhook_endpoints, [{ id: first.id, url: present.url, enabled_events: [SUCCEEDED_ONLY] }])
      await paid(after)
      await present.waitFor(count + 1)
    }
    t.same(former.received, [])
  })

  t.test('never let an id come twice, a restart between them or not', async t => {
    const DATA_FILE = join(newFolder(t), 'state.json')
    const sandbox = await startSandbox(t, { CLOCK, DATA_FILE })
    await ask(sandbox, 'POST', '/snapshots/empty')
    const gone = await waiting(sandbox)
    await ask(sandbox, 'POST', '/snapshots/empty/restore')
    await sandbox.stop()
    const again = await startSandbox(t, { DATA_FILE })
    t.ok((await waiting(again)).id > gone.id)
  })
})

t.test('reset', async t => {
  t.test('empties one account: objects, switches, name, queue, time; the endpoint of WEBHOOK_URL comes again', async t => {
    const receiver = await startReceiver(t)
    const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_URL: receiver.url, WEBHOOK_EVENTS: SUCCEEDED_ONLY })
    const before = await ask(sandbox, 'GET', '/account')
    const own = await paid(sandbox)
    const theirs = await paid(sandbox, { key: OTHER })
    await endpoint(sandbox, 'https://shop.test/other')
    await ask(sandbox, 'POST', '/account', { name: 'Pears', switches: { REFUND_MODE: 'async' } })
    await ask(sandbox, 'POST', '/outcomes', { payment_method: 'dana', outcomes: ['cancel'] })
    await ask(sandbox, 'POST', '/snapshots/kept')
    await sandbox.call('POST', '/v1/customers', { email: 'a@shop.test' }, { headers: { 'idempotency-key': 'once' } })
    await ask(sandbox, 'POST', '/settle', undefined, { key: null })
    await ask(sandbox, 'POST', '/clock', { advance_ms: HOUR, frozen: false })

    t.same(await ask(sandbox, 'POST', '/reset'), { accounts: 1 })
    const after = await ask(sandbox, 'GET', '/account')
    t.same({ ...after, webhook_endpoints: [], counts: {} }, { ...before, webhook_endpoints: [], counts: {} })
    t.match(after, { counts: { accounts: 1, webhook_endpoints: 1 }, webhook_endpoints: [{ url: receiver.url, enabled_events: [SUCCEEDED_ONLY] }] })
    t.same(await ask(sandbox, 'GET', '/clock'), { now: BEGAN, frozen: true })
    t.same((await ask(sandbox, 'GET', '/outcomes')).data, [])
    t.same((await ask(sandbox, 'GET', '/deliveries')).data, [])
    for (const path of ['payment_intents', 'charges', 'events', 'customers']) t.same((await sandbox.call('GET', `/v1/${path}`)).body.data, [], path)
    t.equal((await sandbox.call('GET', `/v1/payment_intents/${own}`)).status, 404)
    t.equal(await statusOf(sandbox, theirs, { key: OTHER }), 'succeeded')
    const repeated = await sandbox.call('POST', '/v1/customers', { email: 'b@shop.test' }, { headers: { 'idempotency-key': 'once' } })
    t.equal(repeated.status, 200, 'the key is forgotten')
    const next = await paid(sandbox)
    t.ok(next > own, 'ids go on')
    t.equal((await receiver.waitFor(3)).at(-1)?.event.data.object.id, next, 'and webhooks arrive')
    await ask(sandbox, 'POST', '/snapshots/kept/restore')
    t.equal(await statusOf(sandbox, own), 'succeeded', 'snapshots stay')
  })

  t.test('leaves the endpoint of WEBHOOK_URL its id and its secret, which a shop may know already', async t => {
    const receiver = await startReceiver(t)
    const sandbox = await startSandbox(t, { WEBHOOK_URL: receiver.url, WEBHOOK_EVENTS: SUCCEEDED_ONLY })
    const { webhook_endpoints: before } = await ask(sandbox, 'GET', '/account')
    const { body: { secret } } = await sandbox.call('GET', `/v1/webhook_endpoints/${before[0].id}`)
    t.match(secret, /^whsec_/)
    for (const [count, key] of [KEY, null].entries()) {
      await sandbox.call('POST', `/v1/webhook_endpoints/${before[0].id}`, { url: 'https://shop.test/hook', enabled_events: ['*'] })
      await ask(sandbox, 'POST', '/reset', undefined, { key })
      t.same((await ask(sandbox, 'GET', '/account')).webhook_endpoints, before)
      await paid(sandbox)
      const { headers, raw } = (await receiver.waitFor(count + 1))[count] as Received
      t.ok(verify(String(headers.signature), raw, secret))
    }
  })

  t.test('empties all accounts, which begin anew at the time at which all began', async t => {
    const sandbox = await startSandbox(t, { CLOCK })
    await ask(sandbox, 'GET', '/account')
    await ask(sandbox, 'POST', '/clock', { advance_ms: HOUR }, { key: null })
    const ids = [await waiting(sandbox), await waiting(sandbox, { key: OTHER })]
    await ask(sandbox, 'POST', '/clock', { advance_ms: HOUR }, { key: null })
    t.same(await ask(sandbox, 'POST', '/reset', undefined, { key: null }), { accounts: 2 })
    for (const key of [KEY, OTHER, 'sk_test_new', null]) t.same(await ask(sandbox, 'GET', '/clock', undefined, { key }), { now: BEGAN, frozen: true }, String(key))
    for (const [index, key] of [KEY, OTHER].entries()) t.equal((await sandbox.call('GET', `/v1/payment_intents/${ids[index]?.id}`, undefined, { key })).status, 404)
    t.match((await ask(sandbox, 'GET', '/health')).counts, { payment_intents: 0, events: 0, deliveries: 0, payment_methods: 0 })
  })

  t.test('leads back to CLOCK also where no account was used before', async t => {
    const whole = { key: null }
    const resetting = await startSandbox(t, { CLOCK })
    t.same(await ask(resetting, 'POST', '/reset', undefined, whole), { accounts: 0 })
    t.same(await ask(resetting, 'GET', '/clock', undefined, whole), { now: BEGAN, frozen: true })
    const moving = await startSandbox(t, { CLOCK })
    await ask(moving, 'POST', '/clock', { advance_ms: HOUR }, whole)
    await waiting(moving)
    await ask(moving, 'POST', '/reset', undefined, whole)
    for (const key of [KEY, null]) t.same(await ask(moving, 'GET', '/clock', undefined, { key }), { now: BEGAN, frozen: true }, String(key))
  })

  t.test('lets clocks that began with real time run with it again', async t => {
    const sandbox = await startSandbox(t)
    await ask(sandbox, 'POST', '/clock', { advance_ms: DAY, frozen: true }, { key: null })
    await ask(sandbox, 'GET', '/account')
    const real = Date.now()
    await ask(sandbox, 'POST', '/reset', undefined, { key: null })
    for (const key of [KEY, 'sk_test_new', null]) {
      const { now, frozen } = await ask(sandbox, 'GET', '/clock', undefined, { key })
      t.ok(now >= real && now <= Date.now(), `${now - real} ms`)
      t.equal(frozen, false)
    }
  })

  t.test('forgets a webhook that is under way, and what was to happen later', async t => {
    for (const key of [KEY, null]) {
      const sandbox = await startSandbox(t, { CLOCK, WEBHOOK_RETRIES: '0,0' })
      let held: ServerResponse | undefined
      const receiver = await startReceiver(t, {
        reply: (response, webhook) => {
          if (webhook.path === '/webhooks') held = response
          else response.end()
        }
      })
      await endpoint(sandbox, receiver.url)
      await paid(sandbox)
      await waiting(sandbox)
      await receiver.waitFor(1)
      await ask(sandbox, 'POST', '/reset', undefined, { key })
      held?.writeHead(500).end()
      await endpoint(sandbox, `${receiver.url}/later`)
      const next = await paid(sandbox)
      await receiver.waitFor(2)
      t.same(await ask(sandbox, 'POST', '/settle'), { deliveries: 1, pending_retries: 0 })
      t.match((await ask(sandbox, 'GET', '/deliveries')).data, [{ payment_intent: next }])
      t.same((await ask(sandbox, 'POST', '/clock', { advance_ms: 9 * DAY })).ran, [], 'the payment that waited does not lapse')
      t.equal(receiver.received.length, 2)
    }
  })

  t.test('is kept over a restart', async t => {
    const DATA_FILE = join(newFolder(t), 'state.json')
    const sandbox = await startSandbox(t, { CLOCK, DATA_FILE })
    const { id } = await waiting(sandbox)
    await ask(sandbox, 'POST', '/clock', { advance_ms: HOUR }, { key: null })
    await ask(sandbox, 'POST', '/reset', undefined, { key: null })
    await sandbox.stop()
    const again = await startSandbox(t, { DATA_FILE })
    t.equal((await again.call('GET', `/v1/payment_intents/${id}`)).status, 404)
    for (const key of [KEY, 'sk_test_new', null]) t.same(await ask(again, 'GET', '/clock', undefined, { key }), { now: BEGAN, frozen: true })
  })
})

import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { verify } from './support/documented-verifier.ts'
import { startReceiver } from './support/receiver.ts'
import { KEY, startSandbox, type CallOptions, type RunningSandbox } from './support/sandbox.ts'

const DANA = { amount: 20000, currency: 'IDR', payment_method_types: ['dana'] }
const CONFIRMED = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/back' }

type Group = 'calls' | 'transitions' | 'outcomes' | 'errors' | 'events' | 'refunds' | 'deliveries'

/** What a group of the report says of an account. */
async function group ({ call }: RunningSandbox, name: Group, key: string | null = KEY): Promise<{ reached: string[], missing: string[] }> {
  const { body: { groups } } = await call('GET', '/_sandbox/coverage', undefined, { key })
  const { reached, missing } = groups.find((each: { name: string }) => each.name === name)
  return { reached, missing }
}

t.test('every error that is asked for can be reached by calls of the API, and those of the key are not asked for', async t => {
  const sandbox = await startSandbox(t)
  const make = async (path: string, body: object) => (await sandbox.call('POST', `/v1/${path}`, body)).body
  const { publishable_key: publishable } = (await sandbox.call('GET', '/_sandbox/account')).body
  const intent = await make('payment_intents', DANA)
  const canceled = await make('payment_intents', DANA)
  await make(`payment_intents/${canceled.id}/cancel`, {})
  const method = await make('payment_methods', { type: 'dana' })
  const session = await make('checkout/sessions', {
    success_url: 'https://shop.test', line_items: [{ price_data: { currency: 'IDR', unit_amount: 100, product_data: { name: 'apple' } }, quantity: 1 }]
  })
  await make(`checkout/sessions/${session.id}/expire`, {})
  const { id: ovo } = await make('payment_intents', { ...CONFIRMED, payment_method_data: { type: 'ovo' } })
  await sandbox.call('POST', '/_sandbox/shopper', { payment_intent: ovo })
  await sandbox.call('POST', '/_sandbox/faults', { match: { path: '/v1/charges' }, then: { status: 503 } })
  await sandbox.call('POST', '/v1/customers', { email: 'siti@shop.test' }, { headers: { 'idempotency-key': 'used' } })

  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  const rows: Array<[string, number, string, string, unknown, CallOptions?]> = [
    ['client_secret_invalid', 403, 'GET', `/v1/payment_intents/${intent.id}`, undefined, { key: publishable }],
    ['body_malformed', 400, 'POST', '/v1/customers', '{'],
    ['body_too_large', 413, 'POST', '/v1/customers', { description: 'a'.repeat(1 << 20) }],
    ['request_malformed', 400, 'POST', '/v1/customers', 'a=1&'.repeat(10_001), form],
    ['content_type_unsupported', 415, 'POST', '/v1/customers', '<email/>', { headers: { 'content-type': 'application/xml' } }],
    ['content_encoding_unsupported', 415, 'POST', '/v1/customers', '{}', { headers: { 'content-encoding': 'br' } }],
    ['route_unknown', 404, 'POST', '/v1/payments', {}],
    ['parameter_missing', 400, 'POST', '/v1/payment_intents', { amount: 100 }],
    ['parameter_invalid', 400, 'POST', '/v1/payment_intents', { amount: 'much', currency: 'IDR' }],
    ['resource_missing', 404, 'GET', '/v1/payment_intents/pi_1', undefined],
    ['currency_not_supported', 400, 'POST', '/v1/payment_intents', { ...DANA, currency: 'PHP' }],
    ['amount_too_small', 400, 'POST', '/v1/payment_intents', { ...DANA, amount: 99 }],
    ['amount_too_large', 400, 'POST', '/v1/payment_intents', { ...DANA, amount: 300000001 }],
    ['payment_method_not_supported', 400, 'POST', '/v1/payment_intents', { ...DANA, payment_method_types: ['paypal'] }],
    ['capture_method_not_supported', 400, 'POST', '/v1/payment_intents', { ...DANA, capture_method: 'manual' }],
    ['payment_intent_unexpected_state', 400, 'POST', `/v1/payment_intents/${canceled.id}/cancel`, {}],
    ['payment_method_unexpected_state', 400, 'POST', `/v1/payment_methods/${method.id}/detach`, {}],
    ['checkout_session_unexpected_state', 400, 'POST', `/v1/checkout/sessions/${session.id}/expire`, {}],
    ['refund_not_allowed', 400, 'POST', '/v1/refunds', { payment_intent: ovo }],
    ['fault_injected', 503, 'GET', '/v1/charges', undefined],
    ['idempotency_key_invalid', 400, 'POST', '/v1/customers', {}, { headers: { 'idempotency-key': 'k'.repeat(256) } }],
    ['idempotency_key_reused', 400, 'POST', '/v1/customers', { email: 'budi@shop.test' }, { headers: { 'idempotency-key': 'used' } }]
  ]
  for (const [code, status, verb, path, body, options] of rows) {
    t.match(await sandbox.call(verb, path, body, options), { status, body: { error: { code } } }, code)
  }
  t.match(await twice(sandbox, 'POST /v1/customers'), /^HTTP\/1.1 200 .*HTTP\/1.1 409 .*"idempotency_key_in_use"/s)
  await sandbox.call('POST', '/_sandbox/account', { switches: { STRICT_PARAMETERS: true } })
  t.match(await sandbox.call('POST', '/v1/customers', { emial: 'a@b.test' }), { status: 400, body: { error: { code: 'parameter_unknown' } } })

  const { reached, missing } = await group(sandbox, 'errors')
  t.same(missing, [])
  t.same(reached.toSorted(), [...rows.map(([code]) => code), 'idempotency_key_in_use', 'parameter_unknown'].toSorted(), 'and there are no others')
})

/** The answers to a call that comes twice in one packet under one Idempotency-Key, so that the first is still running. */
async function twice ({ url }: RunningSandbox, call: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const head = (connection: string): string =>
    `${call} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic ${btoa(`${KEY}:`)}\r\nIdempotency-Key: twice\r\nContent-Length: 0\r\nConnection: ${connection}\r\n\r\n`
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(head('keep-alive') + head('close'))
  return await text(socket)
}

t.test('a call counts when it was done, whether its answer came or not', async t => {
  const sandbox = await startSandbox(t)
  const { call } = sandbox
  const fault = async (path: string, then: object) => { await call('POST', '/_sandbox/faults', { match: { path }, then }) }
  await fault('/v1/customers', { lose_answer: true })
  await t.rejects(call('POST', '/v1/customers', {}))
  await fault('/v1/products', { reset: true })
  await t.rejects(call('POST', '/v1/products', { name: 'apple' }))
  await fault('/v1/prices', { status: 500 })
  await call('GET', '/v1/prices')
  await call('GET', '/v1/charges/ch_1')
  await call('GET', '/v1/refunds?limit=0')
  t.same((await group(sandbox, 'calls')).reached, ['POST /v1/customers'])
  t.same((await group(sandbox, 'errors')).reached, ['parameter_invalid', 'resource_missing', 'fault_injected'])
  t.same((await group(sandbox, 'errors', 'sk_test_other')).reached, [], 'for its own account')
  await call('GET', '/v1/products', undefined, { key: 'sk_test_other' })
  t.same((await group(sandbox, 'calls', null)).reached, ['POST /v1/customers', 'GET /v1/products'], 'without a key, of all')
})

t.test('a webhook is given up when its receiver never takes it, and lost when it was never sent', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01' })
  const down = await startReceiver(t)
  await down.stop()
  const deliveriesOf = async (key: string, fault: object | undefined, url: string, hours: number): Promise<string[]> => {
    await sandbox.call('POST', '/v1/webhook_endpoints', { url, enabled_events: ['payment_intent.created'] }, { key })
    if (fault !== undefined) await sandbox.call('POST', '/_sandbox/faults', fault, { key })
    await sandbox.call('POST', '/v1/payment_intents', DANA, { key })
    await sandbox.call('POST', '/_sandbox/settle', {}, { key })
    await sandbox.call('POST', '/_sandbox/clock', { advance_ms: hours * 3_600_000 }, { key })
    return (await group(sandbox, 'deliveries', key)).reached
  }
  const failing = await startReceiver(t, { reply: response => { response.writeHead(500).end() } })
  const taking = await startReceiver(t)
  const rows: Array<[string, object | undefined, string, number, string[]]> = [
    ['down for a day', undefined, down.url, 24, ['retried']],
    ['down for three', undefined, down.url, 72, ['retried', 'given up']],
    ['failing for three', undefined, failing.url, 72, ['retried', 'given up']],
    ['badly signed each time', { times: 18, then: { bad_signature: true } }, failing.url, 72, ['retried', 'given up', 'bad signature refused']],
    ['dropped', { then: { drop: true } }, taking.url, 72, ['lost']],
    ['dropped, where nobody is', { then: { drop: true } }, down.url, 72, ['lost']],
    ['taken', undefined, taking.url, 0, ['answered']],
    ['taken twice', { then: { duplicate: true } }, taking.url, 0, ['answered', 'duplicate answered']]
  ]
  for (const [index, [name, fault, url, hours, reached]] of rows.entries()) {
    t.same(await deliveriesOf(`sk_test_${index}`, fault, url, hours), reached, name)
  }
})

t.test('that a bad signature or an old timestamp is refused counts where the receiver refuses just that', async t => {
  const sandbox = await startSandbox(t)
  for (const [name, effect, isCareful, reached] of [
    ['bad signature', { bad_signature: true }, true, ['answered', 'retried', 'bad signature refused']],
    ['old timestamp', { old_timestamp: true }, true, ['answered', 'retried', 'old timestamp refused']],
    ['bad signature that is taken', { bad_signature: true }, false, ['answered']],
    ['old timestamp that is taken', { old_timestamp: true }, false, ['answered']],
    ['something else that is refused', { delay_ms: 1 }, undefined, ['answered', 'retried']]
  ] as const) {
    const key = `sk_test_${name.replaceAll(' ', '_')}`
    let secret = ''
    const receiver = await startReceiver(t, {
      reply: (response, { headers, raw }, count) => {
        const signature = String(headers.signature)
        const isRecent = Math.abs(Date.now() / 1000 - Number(/t=(\d+)/.exec(signature)?.[1])) < 300
        const isRight = isCareful === undefined ? count > 1 : !isCareful || (isRecent && verify(signature, raw, secret))
        response.writeHead(isRight ? 200 : 400).end()
      }
    })
    const send = async (path: string, body: object) => (await sandbox.call('POST', path, body, { key })).body
    secret = (await send('/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.created'] })).secret
    await send('/_sandbox/account', { switches: { WEBHOOK_RETRIES: [0] } })
    await send('/_sandbox/faults', { then: effect })
    await send('/v1/payment_intents', DANA)
    await sandbox.call('GET', '/_sandbox/wait?event=payment_intent.created', undefined, { key })
    t.same((await group(sandbox, 'deliveries', key)).reached, reached, name)
  }
})

t.test('what a snapshot brings back was reached before, or not at all', async t => {
  const sandbox = await startSandbox(t)
  const { call } = sandbox
  const { body: { id } } = await call('POST', '/v1/payment_intents', CONFIRMED)
  await call('POST', '/_sandbox/snapshots/waiting')
  await call('POST', '/_sandbox/shopper', { payment_intent: id, outcome: 'wrong-pin' })
  const reached = ['payment_intent: nothing → requires_action', 'payment_intent: requires_action → requires_payment_method']
  t.same((await group(sandbox, 'transitions')).reached, reached)
  t.equal((await call('POST', '/_sandbox/snapshots/waiting/restore')).status, 200)
  t.equal((await call('GET', `/v1/payment_intents/${id}`)).body.status, 'requires_action')
  t.same((await group(sandbox, 'transitions')).reached, reached)
  await call('POST', '/_sandbox/reset')
  t.same((await group(sandbox, 'transitions')).reached, reached, 'and a reset forgets nothing of it')
})

t.test('a gate asks for a share, for groups, or for one situation and no other', async t => {
  const { call } = await startSandbox(t)
  await call('POST', '/v1/payment_intents', DANA)
  const rows: Array<[string, number, string, RegExp]> = [
    ['100', 412, 'coverage_missing', /: \d % were reached, 100 % are required\.$/],
    ['101', 400, 'parameter_invalid', /"101" is neither a share from 0 to 100 in percent, nor a group/],
    ['-1', 400, 'parameter_invalid', /"-1" is neither a share/],
    ['1.5', 400, 'parameter_invalid', /"1\.5" is neither a share/],
    ['calls/POST /v1', 400, 'parameter_invalid', /"calls\/POST \/v1" is neither a share/],
    ['errors/api_key_missing', 400, 'parameter_invalid', /"errors\/api_key_missing" is neither a share/],
    ['calls/POST /v1/refunds', 412, 'coverage_missing', /: not reached: calls\/POST \/v1\/refunds\.$/],
    ['calls/POST /v1/payment_intents/{id}', 412, 'coverage_missing', /: not reached: calls\/POST \/v1\/payment_intents\/\{id\}\.$/],
    ['refunds, calls/POST /v1/payment_intents', 412, 'coverage_missing', /: not reached: refunds\/full, refunds\/partial, refunds\/pending, refunds\/failed\.$/]
  ]
  for (const [required, status, code, message] of rows) {
    t.match(await call('GET', `/_sandbox/coverage?require=${encodeURIComponent(required)}`), { status, body: { error: { code, message } } }, required)
  }
  for (const required of ['0', '1', 'calls/POST /v1/payment_intents', 'events/payment_intent.created,calls/POST /v1/payment_intents']) {
    t.equal((await call('GET', `/_sandbox/coverage?require=${encodeURIComponent(required)}`)).status, 200, required)
  }
})

t.test('the report comes as the client would have it', async t => {
  const { call } = await startSandbox(t)
  for (const [accept, type] of [
    ['application/json, text/plain, */*', 'application/json'],
    ['*/*', 'application/json'],
    ['application/json;q=0.1, text/html', 'text/html'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['application/xml', 'application/xml'],
    ['text/xml;q=0.9, text/plain;q=0.2', 'application/xml'],
    ['text/plain', 'text/plain'],
    ['image/png', 'application/json']
  ] as const) {
    const { headers } = await call('GET', '/_sandbox/coverage', undefined, { headers: { accept } })
    t.equal(headers.get('content-type')?.split(';', 1)[0], type, accept)
  }
  const { headers } = await call('GET', '/_sandbox/coverage?format=text', undefined, { headers: { accept: 'text/html' } })
  t.equal(headers.get('content-type'), 'text/plain; charset=utf-8', 'what is asked for by name goes first')
})

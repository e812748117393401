import { connect } from 'node:net'
import { text as consume } from 'node:stream/consumers'
import Fastify from 'fastify'
import t from 'tap'
import { SnowflakeIds } from '../src/core/ids.ts'
import { idempotencyDefinition, keepIdempotency } from '../src/http/idempotency.ts'
import { createCommit } from '../src/store/commit.ts'
import { Database } from '../src/store/database.ts'
import { publishableKey } from '../src/core/api-keys.ts'
import { call, counts, KEY, startSandbox } from './support/sandbox.ts'

const DANA = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/back' }

t.test('a key is taken as HTTP Basic only, and every other credential is refused with a reason', async t => {
  const sandbox = await startSandbox(t)
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
  const pk = publishableKey(KEY)
  await sandbox.call('GET', '/v1/events')
  const table: ReadonlyArray<[string, string | undefined, number, string | undefined, RegExp?]> = [
    ['a key with a colon', basic(`${KEY}:`), 200, undefined],
    ['a key without a colon', basic(KEY), 200, undefined],
    ['a scheme in lower case', basic(`${KEY}:`).replace('Basic', 'basic'), 200, undefined],
    ['a key with a password, which is ignored', basic(`${KEY}:secret`), 200, undefined],
    ['nothing', undefined, 401, 'api_key_missing', /Basic/],
    ['Bearer', `Bearer ${KEY}`, 401, 'api_key_invalid', /Use HTTP Basic/],
    ['a key that is not encoded', `Basic ${KEY}`, 401, 'api_key_invalid', /base64/],
    ['another scheme', `Digest ${KEY}`, 401, 'api_key_invalid', /HTTP Basic/],
    ['no key at all', basic('admin:admin'), 401, 'api_key_invalid', /sk_test_/],
    ['a live key as Bearer', 'Bearer sk_live_abcdefghijkl', 401, 'api_key_live', /live key sk_live_…ijkl/],
    ['an empty key', basic(':'), 401, 'api_key_invalid', /sk_test_/],
    ['a prefix alone', basic('sk_test_:'), 401, 'api_key_invalid', /sk_test_/],
    ['a live secret key', basic('sk_live_abcdefghijkl:'), 401, 'api_key_live', /live key sk_live_…ijkl was sent to a sandbox/],
    ['a live publishable key', basic('pk_live_abcdefghijkl:'), 401, 'api_key_live', /live/],
    ['a publishable key on a secret route', basic(`${pk}:`), 403, 'secret_key_required', /GET \/v1\/events needs a secret key/],
    ['a publishable key of nobody', basic('pk_test_abcdefghijklmnopqrstuvwx:'), 403, 'secret_key_required']
  ]
  for (const [name, authorization, status, code, message] of table) {
    const answer = await sandbox.call('GET', '/v1/events', undefined, { key: null, ...(authorization !== undefined && { headers: { authorization } }) })
    t.equal(answer.status, status, name)
    t.equal(answer.body.error?.code, code, name)
    if (message !== undefined) t.match(answer.body.message, message, name)
    if (status === 401) t.match(answer.headers.get('www-authenticate'), /^Basic /, name)
    t.notMatch(answer.text, 'abcdefghijkl', `${name}: no key is repeated`)
  }
})

t.test('a closed list of keys takes those keys and their publishable keys, and no other', async t => {
  const sandbox = await startSandbox(t, { API_KEYS: `${KEY},sk_test_second` })
  t.equal((await sandbox.call('GET', '/v1/events')).status, 200)
  t.equal((await sandbox.call('GET', '/v1/events', undefined, { key: 'sk_test_second' })).status, 200)
  const other = await sandbox.call('GET', '/v1/events', undefined, { key: 'sk_test_third' })
  t.equal(other.status, 401)
  t.match(other.body.error.message, /API_KEYS/)
})

t.test('a publishable key retrieves and confirms the PaymentIntent whose client_secret it presents', async t => {
  const sandbox = await startSandbox(t)
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'IDR', payment_method_types: ['dana'], return_url: 'https://shop.test'
  })
  const key = publishableKey(KEY)
  const path = `/v1/payment_intents/${intent.id}`
  t.equal((await sandbox.call('GET', path, undefined, { key })).body.error.code, 'client_secret_invalid')
  t.equal((await sandbox.call('GET', `${path}?client_secret=${intent.id}_secret_no`, undefined, { key })).status, 403)
  t.equal((await sandbox.call('POST', `${path}/confirm`, { client_secret: 'no' }, { key })).status, 403)
  t.equal((await sandbox.call('GET', path)).body.status, 'requires_payment_method', 'nothing has changed')
  t.same((await sandbox.call('GET', `${path}?client_secret=${intent.client_secret}`, undefined, { key })).body, intent)
  t.equal((await sandbox.call('POST', `${path}/confirm`, { client_secret: intent.client_secret }, { key })).body.status, 'requires_action')
  t.equal((await sandbox.call('POST', `${path}/cancel`, { client_secret: intent.client_secret }, { key })).status, 403)

  const headers = { 'idempotency-key': 'of-the-shop' }
  t.equal((await sandbox.call('POST', `${path}/confirm`, {}, { headers })).status, 200)
  t.equal((await sandbox.call('POST', `${path}/confirm`, {}, { headers, key })).body.error.code, 'client_secret_invalid', 'the shop\'s Idempotency-Key opens nothing')
})

t.test('accounts see nothing of each other', async t => {
  const sandbox = await startSandbox(t)
  const other = { key: 'sk_test_other' }
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', DANA)
  const { body: endpoint } = await sandbox.call('POST', '/v1/webhook_endpoints', { url: 'http://127.0.0.1:9/', enabled_events: ['charge.refunded'] })
  const event = (await sandbox.call('GET', '/v1/events')).body.data[0]
  const before = await counts(sandbox) as Record<string, number>
  const calls: ReadonlyArray<[string, string, object?]> = [
    ['GET', `/v1/payment_intents/${intent.id}`], ['POST', `/v1/payment_intents/${intent.id}`, { amount: 5 }],
    ['POST', `/v1/payment_intents/${intent.id}/confirm`, {}], ['POST', `/v1/payment_intents/${intent.id}/cancel`, {}],
    ['POST', `/v1/payment_intents/${intent.id}/capture`, {}], ['GET', `/v1/events/${event.id}`],
    ['GET', `/v1/webhook_endpoints/${endpoint.id}`], ['POST', `/v1/webhook_endpoints/${endpoint.id}`, {}], ['DELETE', `/v1/webhook_endpoints/${endpoint.id}`]
  ]
  for (const [method, path, body] of calls) {
    const answer = await sandbox.call(method, path, body, other)
    t.equal(answer.status, 404, `${method} ${path}`)
    t.equal(answer.body.error.code, 'resource_missing')
  }
  for (const list of ['payment_intents', 'events', 'webhook_endpoints', 'payment_intents/search?query=amount:20000']) {
    t.same((await sandbox.call('GET', `/v1/${list}`, undefined, other)).body.data, [], list)
  }
  t.same(await counts(sandbox), { ...before, accounts: (before.accounts ?? 0) + 1 })
})

t.test('bodies arrive as JSON, as forms, empty, or with GET', async t => {
  const sandbox = await startSandbox(t)
  const form = 'amount=20000&currency=IDR&confirm=true&payment_method_data[type]=dana&return_url=https%3A%2F%2Fshop.test&payment_method_types[]=dana&metadata[order]=7&payment_method_types[]=dana'
  const fromForm = await sandbox.call('POST', '/v1/payment_intents', form, { headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  t.match(fromForm.body, { amount: 20000, status: 'requires_action', payment_method_types: ['dana'], metadata: { order: '7' } })

  const nulls = await sandbox.call('POST', '/v1/payment_intents', { ...DANA, description: null, metadata: { a: 'null', b: null, c: 1, d: true }, shipping: null })
  t.notOk('description' in nulls.body)
  t.same(nulls.body.metadata, { a: 'null', c: '1', d: 'true' }, 'numbers and booleans are kept as text, nulls are nothing')

  const proto = await sandbox.call('POST', '/v1/payment_intents', '{"__proto__":{"amount":1},"metadata":{"__proto__":"kept","constructor":"too"},"amount":100,"currency":"IDR"}')
  t.equal(proto.body.amount, 100)
  t.match(proto.text, '"metadata":{"__proto__":"kept","constructor":"too"}', 'a key is only a key')

  const names = await sandbox.call('POST', '/v1/payment_intents', 'amount=100&currency=IDR&metadata[constructor]=a&metadata[toString]=b&metadata[hasOwnProperty]=c', { headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  t.same(names.body.metadata, { constructor: 'a', toString: 'b', hasOwnProperty: 'c' }, 'in forms too')
  const nested = await sandbox.call('POST', '/v1/payment_intents', { ...DANA, shipping: JSON.parse(`${'{"a":'.repeat(62)}"[[[[{{{{"${'}'.repeat(62)}`) })
  t.equal(nested.status, 200, 'what is nested as deep as is allowed, with brackets in its text')

  const { body: intent } = nulls
  for (const contentType of ['application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded', 'text/plain']) {
    const answer = await sandbox.call('POST', `/v1/payment_intents/${intent.id}`, '', { headers: { 'content-type': contentType } })
    t.equal(answer.status, 200, `an empty body as ${contentType}`)
  }
  const bare = await fetch(`${sandbox.url}/v1/payment_intents/${intent.id}/cancel`, {
    method: 'POST', headers: { authorization: `Basic ${Buffer.from(KEY).toString('base64')}` }
  })
  t.equal(bare.status, 200, 'no body and no content type')
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${intent.id}`, undefined, { headers: { 'content-type': 'application/json' } })).status, 200, 'GET with the documented headers')
  t.equal((await sandbox.call('GET', '/_sandbox/health', undefined, { key: null, headers: { 'content-type': 'application/json' } })).status, 200)
})

t.test('a body that cannot be read is refused with the place, and changes nothing', async t => {
  const sandbox = await startSandbox(t)
  await sandbox.call('GET', '/v1/events')
  const before = await counts(sandbox)
  const table: ReadonlyArray<[string, string, string, number, string, RegExp]> = [
    ['a cut-off object', 'application/json', '{"amount":100,\n "currency":', 400, 'body_malformed', /not valid JSON: ValueExpected at line 2, column 13/],
    ['a trailing comma', 'application/json', '{"amount":100,}', 400, 'body_malformed', /line 1, column 15/],
    ['a comment', 'application/json', '{/* no */"amount":100}', 400, 'body_malformed', /line 1, column 2/],
    ['a bare word', 'application/json', 'amount', 400, 'body_malformed', /line 1, column 1/],
    ['a list', 'application/json', '[1]', 400, 'parameter_invalid', /object/],
    ['a text', 'application/json', '"x"', 400, 'parameter_invalid', /object/],
    ['more than 64 levels', 'application/json', `${'{"shipping":'.repeat(65)}1${'}'.repeat(65)}`, 400, 'body_malformed', /nested more than 64 levels deep/],
    ['brackets that would end a parser', 'application/json', '['.repeat(100_000), 400, 'body_malformed', /nested more than 64 levels deep/],
    ['more parameters than a form may have', 'application/x-www-form-urlencoded', 'a=1&'.repeat(10_001), 400, 'request_malformed', /Parameter limit exceeded/],
    ['XML', 'application/xml', '<amount>1</amount>', 415, 'content_type_unsupported', /"application\/xml" is not supported; send application\/json/],
    ['a wrong content type', ';;', '{}', 415, 'content_type_unsupported', /application\/json/],
    ['more than 1 MiB', 'application/json', JSON.stringify({ description: 'x'.repeat(1 << 20) }), 413, 'body_too_large', /1048576 bytes/]
  ]
  for (const [name, contentType, body, status, code, message] of table) {
    const answer = await sandbox.call('POST', '/v1/payment_intents', body, { headers: { 'content-type': contentType } })
    t.equal(answer.status, status, name)
    t.equal(answer.body.error.code, code, name)
    t.match(answer.body.error.message, message, name)
    t.equal(answer.body.message, answer.body.error.message, name)
  }
  const packed = await sandbox.call('POST', '/v1/payment_intents', '{}', { headers: { 'content-encoding': 'gzip' } })
  t.match(packed.body.error, { code: 'content_encoding_unsupported', message: /"gzip" is not supported/ })
  t.same(await counts(sandbox), before)
})

t.test('a wrong parameter is refused with its name, its value and what is allowed, and changes nothing', async t => {
  const sandbox = await startSandbox(t)
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', { amount: 20000, currency: 'IDR', payment_method_types: ['dana'] })
  const before = await counts(sandbox)
  const table: ReadonlyArray<[string, string, object | string | undefined, number, string, string | undefined, RegExp]> = [
    ['POST', '/v1/payment_intents', {}, 400, 'parameter_missing', 'amount', /Missing required parameter: amount/],
    ['POST', '/v1/payment_intents', { amount: 100 }, 400, 'parameter_missing', 'currency', /currency/],
    ['POST', '/v1/payment_intents', { ...DANA, amount: '100' }, 400, 'parameter_invalid', 'amount', /"100" is not of type integer/],
    ['POST', '/v1/payment_intents', { ...DANA, amount: 100.5 }, 400, 'parameter_invalid', 'amount', /100.5/],
    ['POST', '/v1/payment_intents', { ...DANA, amount: null }, 400, 'parameter_missing', 'amount', /amount/],
    ['POST', '/v1/payment_intents', { ...DANA, amount: 99 }, 400, 'amount_too_small', 'amount', /99 is too small; the least is 100 IDR for DANA/],
    ['POST', '/v1/payment_intents', { ...DANA, amount: 300000001 }, 400, 'amount_too_large', 'amount', /300000001 is too large; the most is 300000000 IDR/],
    ['POST', '/v1/payment_intents', { ...DANA, currency: 'USD' }, 400, 'currency_not_supported', 'currency', /DANA does not take USD; allowed: IDR/],
    ['POST', '/v1/payment_intents', { ...DANA, currency: 'rupiah' }, 400, 'parameter_invalid', 'currency', /"rupiah"/],
    ['POST', '/v1/payment_intents', { ...DANA, currency: 7 }, 400, 'parameter_invalid', 'currency', /7 is not of type string/],
    ['POST', '/v1/payment_intents', '{"amount":1e400,"currency":"IDR"}', 400, 'parameter_invalid', 'amount', /integer/],
    ['POST', '/v1/payment_intents', '{"amount":100,"currency":"IDR","quantity":1e400}', 400, 'parameter_invalid', 'quantity', /integer/],
    ['POST', '/v1/payment_intents', 'null', 400, 'parameter_missing', 'amount', /amount/],
    ['GET', '/v1/payment_intents/%ff', undefined, 400, 'request_malformed', undefined, /cannot be read/],
    ['GET', `/v1/payment_intents/${'1'.repeat(2000)}`, undefined, 404, 'resource_missing', 'id', /No such PaymentIntent/],
    ['GET', '/v1/payment_intents/', undefined, 404, 'resource_missing', 'id', /No such PaymentIntent: ""/],
    ['POST', '/v1/payment_intents', { ...DANA, confirm: 'yes' }, 400, 'parameter_invalid', 'confirm', /"yes" is not of type boolean/],
    ['POST', '/v1/payment_intents', { ...DANA, payment_method_data: {} }, 400, 'parameter_missing', 'payment_method_data[type]', /payment_method_data\[type\]/],
    ['POST', '/v1/payment_intents', { ...DANA, payment_method_data: { type: 'card' } }, 400, 'payment_method_not_supported', 'payment_method_data[type]', /"card"; it has: dana/],
    ['POST', '/v1/payment_intents', { ...DANA, payment_method_types: [] }, 400, 'parameter_invalid', 'payment_method_types', /must NOT have fewer than 1 items/],
    ['POST', '/v1/payment_intents', { ...DANA, payment_method_types: ['dana', 7] }, 400, 'parameter_invalid', 'payment_method_types[1]', /7/],
    ['POST', '/v1/payment_intents', { ...DANA, capture_method: 'manual' }, 400, 'capture_method_not_supported', 'capture_method', /automatic capture only/],
    ['POST', '/v1/payment_intents', { ...DANA, capture_method: 'later' }, 400, 'parameter_invalid', 'capture_method', /"later" is not one of: automatic, manual/],
    ['POST', '/v1/payment_intents', { ...DANA, return_url: 'javascript:alert(1)' }, 400, 'parameter_invalid', 'return_url', /javascript/],
    ['POST', '/v1/payment_intents', { ...DANA, return_url: 'https://shop.test/\r\nSet-Cookie: a=b' }, 400, 'parameter_invalid', 'return_url', /control characters/],
    ['POST', '/v1/payment_intents', { ...DANA, return_url: undefined }, 400, 'parameter_missing', 'return_url', /way back/],
    ['POST', '/v1/payment_intents', { ...DANA, payment_method_data: undefined, payment_method: 'pm_1' }, 400, 'resource_missing', 'payment_method', /No such payment method: "pm_1"/],
    ['POST', '/v1/payment_intents', { ...DANA, metadata: { a: {} } }, 400, 'parameter_invalid', 'metadata[a]', /string or number or boolean/],
    ['POST', `/v1/payment_intents/${intent.id}`, { amount: 1 }, 400, 'amount_too_small', 'amount', /too small/],
    ['POST', `/v1/payment_intents/${intent.id}`, { currency: 'PHP' }, 400, 'currency_not_supported', 'currency', /PHP/],
    ['POST', `/v1/payment_intents/${intent.id}/capture`, {}, 400, 'payment_intent_unexpected_state', undefined, /requires_payment_method/],
    ['POST', '/v1/payment_intents/pi_1/confirm', {}, 404, 'resource_missing', 'id', /No such PaymentIntent: "pi_1"/],
    ['GET', '/v1/payment_intents?limit=0', undefined, 400, 'parameter_invalid', 'limit', /must be >= 1/],
    ['GET', '/v1/payment_intents?limit=101', undefined, 400, 'parameter_invalid', 'limit', /must be <= 100/],
    ['GET', '/v1/payment_intents?limit=many', undefined, 400, 'parameter_invalid', 'limit', /"many"/],
    ['GET', '/v1/payment_intents?starting_after=pi_1', undefined, 400, 'resource_missing', 'starting_after', /pi_1/],
    ['GET', `/v1/payment_intents?starting_after=${intent.id}&ending_before=${intent.id}`, undefined, 400, 'parameter_invalid', 'ending_before', /combined/],
    ['GET', '/v1/payment_intents?created[gt]=yesterday', undefined, 400, 'parameter_invalid', 'created[gt]', /yesterday/],
    ['GET', '/v1/payment_intents/search', undefined, 400, 'parameter_missing', 'query', /query/],
    ['GET', '/v1/payment_intents/search?query=order1234', undefined, 400, 'parameter_invalid', 'query', /character 1/],
    ['GET', '/v1/events/evt_1', undefined, 404, 'resource_missing', 'id', /event/],
    ['POST', '/v1/webhook_endpoints', { enabled_events: ['*'] }, 400, 'parameter_missing', 'url', /url/],
    ['POST', '/v1/webhook_endpoints', { url: 'ftp://shop.test', enabled_events: ['*'] }, 400, 'parameter_invalid', 'url', /http or https/],
    ['POST', '/v1/webhook_endpoints', { url: 'shop.test', enabled_events: ['*'] }, 400, 'parameter_invalid', 'url', /"shop.test"/],
    ['POST', '/v1/webhook_endpoints', { url: 'http://shop.test' }, 400, 'parameter_missing', 'enabled_events', /enabled_events/],
    ['POST', '/v1/webhook_endpoints', { url: 'http://shop.test', enabled_events: 'all' }, 400, 'parameter_invalid', 'enabled_events', /array/],
    ['POST', '/v1/webhook_endpoints', { url: 'http://shop.test', enabled_events: ['*', 'Paid!'] }, 400, 'parameter_invalid', 'enabled_events[1]', /"Paid!" is not a type of event; there are \*, payment_intent.created/],
    ['DELETE', '/v1/webhook_endpoints/we_1', undefined, 404, 'resource_missing', 'id', /we_1/],
    ['GET', '/v1/nothing', undefined, 404, 'route_unknown', undefined, /There is no GET \/v1\/nothing/],
    ['PUT', '/v1/payment_intents', {}, 404, 'route_unknown', undefined, /There is no PUT/],
    ['GET', '/nothing?key=1', undefined, 404, 'route_unknown', undefined, /There is no GET \/nothing\. /]
  ]
  for (const [method, path, body, status, code, param, message] of table) {
    const answer = await sandbox.call(method, path, body)
    const name = `${method} ${path} ${JSON.stringify(body)}`
    t.equal(answer.status, status, name)
    t.match(answer.body.error, { type: 'invalid_request_error', code }, name)
    t.equal(answer.body.error.param, param, name)
    t.match(answer.body.message, message, name)
  }
  t.same(await counts(sandbox), before)
  t.same((await sandbox.call('GET', `/v1/payment_intents/${intent.id}`)).body, intent)
})

t.test('a number without end is refused as text, too', async t => {
  const { call } = await startSandbox(t)
  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  const rows: Array<[string, string, string | undefined, string]> = [
    ['GET', '/v1/events?limit=Infinity', undefined, 'limit'], ['GET', '/v1/events?limit=1e400', undefined, 'limit'],
    ['POST', '/v1/payment_intents', 'amount=100&currency=IDR&quantity=Infinity', 'quantity'],
    ['POST', '/_sandbox/faults', 'times=-Infinity&then[status]=503', 'times'], ['POST', '/_sandbox/faults', 'then[latency_ms]=Infinity', 'then[latency_ms]']
  ]
  for (const [method, path, body, param] of rows) {
    t.match(await call(method, path, body, body === undefined ? {} : form), { status: 400, body: { error: { code: 'parameter_invalid', param } } }, `${path} ${body ?? ''}`)
  }
})

t.test('a number in a form or a query is written in plain digits, and is else refused as it was sent', async t => {
  const { call } = await startSandbox(t)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const text of ['0x64', '0b11', '+100', '00100', ' 100', '100 ', '1e3', '100.0', '1_000', '-', '\u0661']) {
    const message = `Invalid amount: "${text}" is not of type integer.`
    const form = `amount=${encodeURIComponent(text)}&currency=IDR&metadata[text]=${encodeURIComponent(text)}`
    t.match(await call('POST', '/v1/payment_intents', form, { headers }), { status: 400, body: { error: { code: 'parameter_invalid', param: 'amount', message } } }, text)
    t.match(await call('GET', `/v1/events?limit=${encodeURIComponent(text)}`), { status: 400, body: { error: { param: 'limit' } } }, text)
  }
  t.match((await call('POST', '/v1/checkout/sessions', 'line_items[0][quantity]=0x1', { headers })).body.error, { param: 'line_items[0][quantity]' }, 'in lists too')
  for (const text of ['0x64', '1e3', '.5', '5.', '+1', ' 1']) {
    const message = `Invalid created[gt]: "${text}" is not of type number.`
    t.match(await call('GET', `/v1/events?created[gt]=${encodeURIComponent(text)}`), { status: 400, body: { error: { param: 'created[gt]', message } } }, text)
  }
  for (const text of ['0', '-5', '1.50', '-0.25', '1700000000000']) t.equal((await call('GET', `/v1/events?created[gt]=${text}`)).status, 200, text)
  t.match((await call('POST', '/v1/payment_intents', 'amount=-5&currency=IDR', { headers })).body.error, { param: 'amount', message: /-5/ }, 'a minus is read')
  const { body } = await call('POST', '/v1/payment_intents', 'amount=100&currency=IDR&quantity=10&metadata[text]=0x64&description=1e3', { headers })
  t.match(body, { amount: 100, quantity: 10, metadata: { text: '0x64' }, description: '1e3' }, 'what is text stays as it is')
})

t.test('a payment that only some of the methods take is updated like any other', async t => {
  const { call } = await startSandbox(t)
  const { body: intent } = await call('POST', '/v1/payment_intents', { amount: 50, currency: 'IDR' })
  const path = `/v1/payment_intents/${intent.id}`
  t.match(await call('POST', path, { description: 'apples' }), { status: 200, body: { description: 'apples' } })
  t.match(await call('POST', path, { amount: 60 }), { status: 200, body: { amount: 60 } })
  t.match((await call('POST', path, { payment_method_types: ['dana', 'ovo'] })).body.error, { code: 'amount_too_small' }, 'named methods all have to take it')
})

t.test('unknown parameters are ignored, or refused by name where an account wants it so', async t => {
  const relaxed = await startSandbox(t)
  t.equal((await relaxed.call('POST', '/v1/payment_intents', { ...DANA, colour: 'blue' })).status, 200)
  const strict = await startSandbox(t, { STRICT_PARAMETERS: 'true' })
  t.equal((await strict.call('POST', '/v1/payment_intents', { ...DANA, metadata: { anything: 1 }, shipping: { name: 'x' } })).status, 200)
  for (const [body, param] of [[{ ...DANA, colour: 'blue' }, 'colour']] as const) {
    const answer = await strict.call('POST', '/v1/payment_intents', body)
    t.match(answer.body.error, { code: 'parameter_unknown', param })
  }
  const { body: session } = await strict.call('POST', '/v1/checkout/sessions', {
    success_url: 'https://shop.test', line_items: [{ price_data: { currency: 'IDR', unit_amount: 100, product_data: { name: 'a' } }, quantity: 1 }]
  })
  const path = `/v1/checkout/sessions/${session.id}`
  t.match((await strict.call('POST', `${path}/expire`, { mode: 2 })).body.error, { code: 'parameter_unknown', param: 'mode', message: 'Unknown parameter: mode; there are none here.' })
  t.match((await strict.call('GET', `${path}?expand[]=x`)).body.error, { code: 'parameter_unknown', param: 'expand' })
  t.match((await strict.call('POST', '/v1/payment_intents?foo=1', DANA)).body.error, { code: 'parameter_unknown', param: 'foo' })
  t.match((await relaxed.call('POST', '/_sandbox/refunds/re_1/fail', { failure_reson: 'unknown' })).body.error, {
    code: 'parameter_unknown', param: 'failure_reson', message: 'Unknown parameter: failure_reson; there are: failure_reason.'
  }, 'the sandbox\'s own calls are always strict')
  t.match((await strict.call('GET', '/v1/events?page=2')).body.error, { code: 'parameter_unknown', param: 'page' })
  t.match((await strict.call('GET', '/v1/events?created[after]=2')).body.error, { code: 'parameter_unknown', param: 'created[after]' })
})

t.test('a parameter that a call does not know has no effect, whatever it is called', async t => {
  const { call } = await startSandbox(t)
  const { body: customer } = await call('POST', '/v1/customers', { email: 'siti@shop.test' })
  const stray = '{"id":"cus_1","object":"x","created":1,"livemode":true,"__proto__":{"name":"x"},"constructor":1}'
  t.same((await call('POST', `/v1/customers/${customer.id}`, stray)).body, customer)
  t.same((await call('GET', `/v1/customers/${customer.id}`)).body, customer)
  const { body: price } = await call('POST', '/v1/prices', { currency: 'IDR', unit_amount: 100, product_data: { name: 'apple', id: 'prod_1' } })
  t.match(price.product.id, /^prod_\d{19}$/)
  t.same((await call('POST', `/v1/prices/${price.id}`, { id: 'price_1', unit_amount: 1, currency: 'USD', product: 'x', type: 'x' })).body, price)
  const { body: session } = await call('POST', '/v1/checkout/sessions', {
    success_url: 'https://shop.test',
    line_items: [{ price: price.id, quantity: 1, amount_total: 1 }],
    payment_intent_data: { amount: 1, confirm: true, payment_method_data: { type: 'dana' } }
  })
  t.match((await call('GET', `/v1/payment_intents/${session.payment_intent}`)).body, { amount: 100, status: 'requires_payment_method' })
})

t.test('an Idempotency-Key gives the first answer again', async t => {
  const sandbox = await startSandbox(t)
  const with7 = { headers: { 'idempotency-key': 'order-7' } }
  const first = await sandbox.call('POST', '/v1/payment_intents', DANA, with7)
  const again = await sandbox.call('POST', '/v1/payment_intents', DANA, with7)
  t.equal(again.text, first.text)
  const reordered = Object.fromEntries(Object.entries(DANA).toReversed())
  t.equal((await sandbox.call('POST', '/v1/payment_intents', reordered, with7)).text, first.text, 'in whatever order the keys stand')
  t.equal(first.headers.get('idempotent-replayed'), null)
  t.equal(again.headers.get('idempotent-replayed'), 'true')
  t.not(again.headers.get('request-id'), first.headers.get('request-id'))
  t.equal((await sandbox.call('GET', '/v1/events')).body.data[0].request.idempotency_key, 'order-7')

  const other = await sandbox.call('POST', '/v1/payment_intents', { ...DANA, amount: 5000 }, with7)
  t.equal(other.status, 400)
  t.match(other.body.error, { type: 'idempotency_error', code: 'idempotency_key_reused' })
  t.equal((await sandbox.call('POST', `/v1/payment_intents/${first.body.id}/cancel`, {}, with7)).body.status, 'canceled', 'the key is free on another path')
  t.not((await sandbox.call('POST', '/v1/payment_intents', DANA, { ...with7, key: 'sk_test_other' })).body.id, first.body.id, 'and in another account')
  t.equal((await sandbox.call('GET', '/v1/events', undefined, with7)).status, 200, 'GET ignores it')

  const twenty = await Promise.all(Array.from({ length: 20 }, () => sandbox.call('POST', '/v1/payment_intents', DANA, { headers: { 'idempotency-key': 'twenty' } })))
  t.equal(new Set(twenty.map(({ body }) => body.id)).size, 1, '20 calls at once make one PaymentIntent')

  const { clock } = sandbox.account()
  await clock.moveTo(clock.now() + 24 * 3600_000 - 5000)
  t.equal((await sandbox.call('POST', '/v1/payment_intents', DANA, with7)).body.id, first.body.id, 'kept for 24 hours')
  await clock.moveTo(clock.now() + 6000)
  t.not((await sandbox.call('POST', '/v1/payment_intents', DANA, with7)).body.id, first.body.id, 'and no longer')

  for (const key of ['', 'x'.repeat(256)]) {
    t.match((await sandbox.call('POST', '/v1/payment_intents', DANA, { headers: { 'idempotency-key': key } })).body.error, { code: 'idempotency_key_invalid' })
  }
})

t.test('a refusal for a parameter frees its Idempotency-Key; one for the object\'s state is kept', async t => {
  const sandbox = await startSandbox(t)
  const options = { headers: { 'idempotency-key': 'k' } }
  t.equal((await sandbox.call('POST', '/v1/payment_intents', { ...DANA, amount: 'x' }, options)).status, 400)
  t.equal((await sandbox.call('POST', '/v1/payment_intents', { ...DANA, amount: 1 }, options)).status, 400)
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', DANA, options)
  t.equal(intent.status, 'requires_action', 'the corrected call may use the key')
  await sandbox.call('POST', `/v1/payment_intents/${intent.id}/cancel`)
  const refused = await sandbox.call('POST', `/v1/payment_intents/${intent.id}/confirm`, {}, options)
  t.match(refused.body.error, { code: 'payment_intent_unexpected_state' })
  const again = await sandbox.call('POST', `/v1/payment_intents/${intent.id}/confirm`, {}, options)
  t.equal(again.headers.get('idempotent-replayed'), 'true')
  t.equal(again.text, refused.text)
})

t.test('an account may take a key with another body as a new request, or ignore keys', async t => {
  const options = { headers: { 'idempotency-key': 'k' } }
  for (const [IDEMPOTENCY, repeats, changes] of [['lenient', true, 200], ['off', false, 200], ['strict', true, 400]] as const) {
    const sandbox = await startSandbox(t, { IDEMPOTENCY })
    const first = await sandbox.call('POST', '/v1/payment_intents', DANA, options)
    const again = await sandbox.call('POST', '/v1/payment_intents', DANA, options)
    t.equal(again.body.id === first.body.id, repeats, IDEMPOTENCY)
    t.equal((await sandbox.call('POST', '/v1/payment_intents', { ...DANA, amount: 5000 }, options)).status, changes, IDEMPOTENCY)
  }
})

t.test('a key whose first request is still running is refused with 409', async t => {
  const database = await Database.open({ file: ':memory:', durability: 'process', definitions: [idempotencyDefinition] })
  const commit = createCommit({ database, ids: new SnowflakeIds(), derivers: [], deliver: () => ({}) })
  const sandbox = await startSandbox(t)
  await sandbox.call('GET', '/v1/events')
  const app = Fastify()
  let finish: (() => void) | undefined
  app.addHook('onRequest', (request, _reply, done) => {
    request.caller = { account: sandbox.account(), publicUrl: '', isPublishable: false, cause: { id: request.id } }
    done()
  })
  keepIdempotency(app, { database, commit, accounts: sandbox.accounts, keep: { count: 10, ms: 1000 } })
  const started = new Promise<void>(resolve => {
    app.post('/slow', async () => {
      resolve()
      await new Promise<void>(resolve => { finish = resolve })
      return { done: true }
    })
  })
  const url = await app.listen({ port: 0 })
  t.teardown(() => app.close())
  const options = { headers: { 'idempotency-key': 'slow' } }
  const first = call(url, 'POST', '/slow', {}, options)
  await started
  const second = await call(url, 'POST', '/slow', {}, options)
  t.equal(second.status, 409)
  t.match(second.text, /still running/)
  finish?.()
  t.same((await first).body, { done: true })
  t.same((await call(url, 'POST', '/slow', {}, options)).body, { done: true })
})

t.test('every answer of the API has a Request-Id, and pages of other sites may read it', async t => {
  const sandbox = await startSandbox(t)
  for (const [path, options] of [['/v1/events', {}], ['/v1/events', { key: null }], ['/v1/nothing', {}]] as const) {
    const answer = await sandbox.call('GET', path, undefined, { ...options, headers: { origin: 'https://shop.test' } })
    t.match(answer.headers.get('request-id'), /^req_[0-9A-Za-z]{24}$/)
    t.equal(answer.headers.get('access-control-allow-origin'), '*')
    t.match(answer.headers.get('access-control-expose-headers'), /Request-Id/)
  }
  const preflight = await sandbox.call('OPTIONS', '/v1/payment_intents/pi_1/confirm', undefined, {
    key: null,
    headers: { origin: 'https://shop.test', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type,idempotency-key' }
  })
  t.equal(preflight.status, 204)
  t.equal((await sandbox.call('OPTIONS', '/v1/payment_intents', undefined, { key: null })).status, 204)
  t.match(preflight.headers.get('access-control-allow-headers'), /authorization,content-type,idempotency-key/)
  t.match(preflight.headers.get('access-control-allow-methods'), /POST/)
})

t.test('what is no HTTP, or too large for it, is answered with the envelope too', async t => {
  const sandbox = await startSandbox(t)
  const { port } = new URL(sandbox.url)
  for (const [text, status] of [
    ['GET / HTTP/1.1\r\nno colon\r\n\r\n', 400], ['nonsense\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431]
  ] as const) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(text)
    const answer = await consume(socket)
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
    t.match(JSON.parse(answer.slice(answer.indexOf('{'))), { error: { type: 'invalid_request_error', code: 'request_malformed' } })
  }
  t.equal((await sandbox.call('GET', '/_sandbox/health')).status, 200, 'and others are served')
})

t.test('many metadata keys cost their number, not its square', async t => {
  const sandbox = await startSandbox(t)
  const metadata = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key-${index}`, index]))
  const { body } = await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR', metadata })
  const started = process.cpuUsage()
  await sandbox.call('POST', `/v1/payment_intents/${body.id}`, { metadata: { 'key-7': 'seven' } })
  const { user } = process.cpuUsage(started)
  t.ok(user < 5_000_000, `${user / 1e6} s of work; compared pair by pair it would be more than 10`)
  t.equal((await sandbox.call('GET', `/v1/payment_intents/search?query=${encodeURIComponent('metadata["key-7"]:"seven"')}`)).body.data.length, 1)
  t.equal((await sandbox.call('GET', `/v1/payment_intents/search?query=${encodeURIComponent('metadata["key-7"]:"7"')}`)).body.data.length, 0)
})

t.test('lists page by cursor in both directions, filter by time and customer, and search finds by every field', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01T00:00:00Z' })
  const made: string[] = []
  const { body: { id: customer } } = await sandbox.call('POST', '/v1/customers', { email: 'siti@shop.test' })
  for (let number = 1; number <= 12; number++) {
    const { body } = await sandbox.call('POST', '/v1/payment_intents', {
      amount: 1000 * number,
      currency: 'IDR',
      merchant_order_id: `order-${number}`,
      metadata: { shop: `it's ${number % 2}` },
      ...(number % 3 === 0 && { customer })
    })
    made.unshift(body.id)
    await sandbox.account().clock.moveTo(sandbox.account().clock.now() + 60_000)
  }
  const ids = async (query: string): Promise<[string[], boolean]> => {
    const { body } = await sandbox.call('GET', `/v1/payment_intents${query}`)
    return [body.data.map(({ id }: { id: string }) => id), body.has_more]
  }
  t.same(await ids(''), [made.slice(0, 10), true])
  t.same(await ids('?limit=12'), [made, false])
  t.same(await ids(`?limit=5&starting_after=${made[4]}`), [made.slice(5, 10), true])
  t.same(await ids(`?limit=5&starting_after=${made[9]}`), [made.slice(10), false])
  t.same(await ids(`?limit=3&ending_before=${made[4]}`), [made.slice(1, 4), true])
  t.same(await ids(`?limit=5&ending_before=${made[4]}`), [made.slice(0, 4), false])
  t.same(await ids(`?customer=${customer}`), [[made[0], made[3], made[6], made[9]], false])
  t.same(await ids(`?customer=${customer}&limit=2&starting_after=${made[2]}`), [[made[3], made[6]], true])
  const start = Date.UTC(2026, 0, 1)
  t.same(await ids(`?created[gt]=${start + 600_000}`), [[made[0]], false])
  t.same(await ids(`?created[gte]=${start + 600_000}&created[lt]=${start + 660_000}`), [[made[1]], false])
  t.same(await ids(`?created[lte]=${start}`), [[made[11]], false])

  const search = async (query: string): Promise<string[]> => {
    const { body } = await sandbox.call('GET', `/v1/payment_intents/search?limit=100&query=${encodeURIComponent(query)}`)
    return body.data.map(({ id }: { id: string }) => id)
  }
  t.same(await search('merchant_order_id:\'order-3\''), [made[9]])
  t.same(await search('merchant_order_id:"order-3"'), [made[9]])
  t.same(await search('amount:12000'), [made[0]])
  t.same(await search('currency:"idr" AND status:"requires_payment_method"'), made)
  t.same(await search(`customer:'${customer}' and metadata['shop']:'it\\'s 0'`), [made[0], made[6]])
  t.same(await search('metadata["shop"]:"it\'s 1" AND amount:1000'), [made[11]])
  t.same(await search('status:\'succeeded\''), [])
  await sandbox.call('POST', `/v1/payment_intents/${made[0]}/cancel`)
  t.same(await search('status:\'canceled\''), [made[0]], 'what has changed is found under what it is now')
  t.same(await search('status:\'requires_payment_method\' AND amount:12000'), [])
})

t.test('the documents and the page that shows them are served without a network', async t => {
  const sandbox = await startSandbox(t)
  const document = await sandbox.call('GET', '/openapi/wooshpay.json', undefined, { key: null })
  t.equal(document.body.openapi, '3.1.0')
  const moved = await sandbox.call('GET', '/docs', undefined, { key: null })
  t.equal(moved.status, 302)
  const page = await sandbox.call('GET', '/docs/', undefined, { key: null })
  t.equal(page.status, 200)
  const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => new URL(path, `${sandbox.url}/docs/`))
  t.ok(parts.length >= 3)
  for (const part of parts) {
    t.equal(part.origin, sandbox.url, `${part.pathname} comes from the sandbox`)
    t.equal((await sandbox.call('GET', part.pathname, undefined, { key: null })).status, 200, part.pathname)
  }
  t.equal((await sandbox.call('GET', '/docs/json', undefined, { key: null })).body.info.title, document.body.info.title)
})

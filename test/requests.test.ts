import t from 'tap'
import { startReceiver } from './support/receiver.ts'
import { KEY, startSandbox, type RunningSandbox } from './support/sandbox.ts'

async function logged ({ call }: RunningSandbox, query = '', key: string | null = KEY) {
  return (await call('GET', `/_sandbox/requests${query}`, undefined, { key })).body.data
}

interface Stream {
  /** What has come, as `name id`, once it matches; fails when the stream ends before. */
  readonly until: (end: RegExp) => Promise<string[]>
  /** All that was read so far. */
  readonly text: () => string
}

async function listen ({ url }: RunningSandbox, key: string | null): Promise<Stream> {
  const response = await fetch(`${url}/_sandbox/stream`, { headers: key === null ? {} : { authorization: `Basic ${btoa(`${key}:`)}` } })
  const type = response.headers.get('content-type')
  if (type !== 'text/event-stream; charset=utf-8' || response.body === null) throw new Error(`The stream was answered with ${response.status} and ${type}.`)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    text: () => text,
    until: async end => {
      while (!end.test(text)) {
        const { done, value } = await reader.read()
        if (done) throw new Error(`The stream has ended; it told:\n${text}`)
        text += value
      }
      return [...text.matchAll(/event: (\w+)\ndata: (.*)\n/g)].map(([, name, data = '']) => `${name} ${JSON.parse(data).id}`)
    }
  }
}

t.test('the log holds calls and answers, newest first, of one account or of all, and no secret', async t => {
  const sandbox = await startSandbox(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: 'http://siti:geheim@127.0.0.1:9', enabled_events: ['payment_intent.canceled'] })
  const { headers, body: intent } = await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR', colour: 'blue' })
  await sandbox.call('GET', `/v1/payment_intents/${intent.id}?client_secret=${intent.client_secret}`)
  await sandbox.call('GET', '/v1/payment_intents', undefined, { key: 'sk_test_other' })
  const entries = await logged(sandbox)
  // However it is written, and wherever it is put.
  for (const path of [
    `/${intent.id}?client%5Fsecret=${intent.client_secret}`, `/${intent.id}?client_secret%5B%5D=${intent.client_secret}`, `/${intent.client_secret}`, `?description=${intent.client_secret}`
  ]) await sandbox.call('GET', `/v1/payment_intents${path}`, undefined, { key: 'sk_test_third' })
  await sandbox.call('POST', '/v1/customers', { name: `whsec_${'a'.repeat(32)} ${intent.client_secret}` }, { key: 'sk_test_third' })
  t.same(entries.map(({ method, url, status }: { method: string, url: string, status: number }) => [method, url, status]), [
    ['GET', `/v1/payment_intents/${intent.id}?client_secret=…`, 200], ['POST', '/v1/payment_intents', 200], ['POST', '/v1/webhook_endpoints', 200]
  ])
  t.match(entries[1], {
    id: headers.get('request-id'), object: 'request', body: { amount: 100, currency: 'IDR', colour: 'blue' }, unknown: ['colour'], credential: 'Basic sk_test', answer: { id: intent.id }
  })
  const text = JSON.stringify(await logged(sandbox, '', null))
  t.notMatch(text, /_secret_[0-9A-Za-z]/)
  t.notMatch(text, /whsec_[0-9A-Za-z]/)
  t.notMatch(text, /geheim/)
  t.notMatch(text, KEY)
  t.equal((await logged(sandbox, '', null)).length, 9)
  t.equal((await logged(sandbox, '?limit=1')).length, 1)
  t.same((await logged(sandbox, `?starting_after=${entries[0].id}&limit=1`)).map(({ id }: { id: string }) => id), [entries[1].id])
})

t.test('no key is left in the log, nor in the stream, wherever it was sent', async t => {
  const sandbox = await startSandbox(t)
  const stream = await listen(sandbox, null)
  const rows: Array<[string, object | undefined, string, number, object]> = [
    // As a header: with the right scheme, with another, with none.
    ['/v1/events', undefined, `Basic ${btoa('sk_live_HIDDEN-1:')}`, 401, { credential: 'Basic sk_live', error: 'api_key_live' }],
    ['/v1/events', undefined, 'Bearer sk_test_HIDDEN.1', 401, { credential: 'Bearer sk_test', error: 'api_key_invalid' }],
    ['/v1/events', undefined, 'sk_test_HIDDEN', 401, { credential: 'sk_test', error: 'api_key_invalid' }],
    ['/v1/events', undefined, 'sk_live_HIDDEN', 401, { credential: 'sk_live', error: 'api_key_live', hints: [/A live key was sent to a sandbox/] }],
    ['/v1/events', undefined, 'Token sk_live_HIDDEN', 401, { credential: 'sk_live', error: 'api_key_live' }],
    // As a parameter, or as the name of one.
    ['/v1/events?api_key=sk_test_HIDDEN-1.a&limit=1', undefined, '', 200, { url: '/v1/events?api_key=sk_test_…&limit=1' }],
    ['/v1/events?api_key=sk%5Ftest%5FHIDDEN&a=%zz', undefined, '', 200, { url: '/v1/events?api_key=sk_test_…&a=%zz' }],
    ['/v1/events?a=%73k_test_HIDDEN', undefined, '', 200, { url: '/v1/events?a=sk_test_…' }],
    ['/v1/events?a=b%26c', undefined, '', 200, { url: '/v1/events?a=b%26c' }],
    ['/v1/events?sk_test_HIDDEN', undefined, '', 200, { url: '/v1/events?sk_test_…', unknown: ['sk_test_…'] }],
    ['/v1/events/sk_live_HIDDEN', undefined, '', 404, { url: '/v1/events/sk_live_…', answer: { message: /sk_live_…/ } }],
    ['/v1/customers', { name: 'sk_live_HIDDEN-1', metadata: { key: 'of pk_test_HIDDEN, sk_test_HIDDEN' } }, '', 200, {
      body: { name: 'sk_live_…', metadata: { key: 'of pk_test_…, sk_test_…' } }, answer: { name: 'sk_live_…' }
    }],
    ['/v1/customers', { sk_test_HIDDEN: '' }, '', 200, { body: { 'sk_test_…': '' }, unknown: ['sk_test_…'] }]
  ]
  for (const [path, body, authorization, status, entry] of rows) {
    const answer = await sandbox.call(body === undefined ? 'GET' : 'POST', path, body, authorization === '' ? {} : { key: null, headers: { authorization } })
    t.equal(answer.status, status, `${path} ${authorization}`)
    const [latest] = await logged(sandbox, '', null)
    t.match(latest, { id: answer.headers.get('request-id'), ...entry }, `${path} ${authorization}`)
    await stream.until(new RegExp(latest.id))
  }
  t.notMatch(JSON.stringify(await logged(sandbox, '', null)), /HIDDEN/)
  t.notMatch(stream.text(), /HIDDEN/)
})

t.test('bodies and answers of more than 10,000 bytes are not kept, however they were sent', async t => {
  const sandbox = await startSandbox(t)
  for (const [length, isKept] of [[10_000, true], [10_001, false]] as const) {
    // As one piece, whose length is told, and as a stream, whose length is not.
    for (const duplex of [undefined, 'half'] as const) {
      const text = JSON.stringify({ description: 'a'.repeat(length - '{"description":""}'.length) })
      const response = await fetch(`${sandbox.url}/v1/customers`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${KEY}:`)}`, 'content-type': 'application/json' },
        body: duplex === undefined ? text : new Blob([text]).stream(),
        ...(duplex && { duplex })
      })
      t.match(await response.json(), { object: 'customer' })
      const [latest] = await logged(sandbox)
      t.same(['body' in latest, 'answer' in latest], [isKept, false], `${length} ${duplex}`)
    }
  }
})

t.test('a call that a fault leaves without an answer is listed once, with the fault and no status', async t => {
  const sandbox = await startSandbox(t)
  for (const then of [{ hang: true }, { reset: true }, { lose_answer: true }]) {
    const { body: fault } = await sandbox.call('POST', '/_sandbox/faults', { then })
    const stream = await listen(sandbox, KEY)
    const gaveUp = new AbortController()
    const lost = fetch(`${sandbox.url}/v1/customers`, {
      method: 'POST',
      signal: gaveUp.signal,
      headers: { authorization: `Basic ${btoa(`${KEY}:`)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'siti@shop.test', colour: 'blue' })
    })
    const rejected = t.rejects(lost, JSON.stringify(then))
    await stream.until(/event: request\n/)
    gaveUp.abort()
    await rejected
    await sandbox.call('GET', '/v1/events')
    const [after, entry, ...others] = await logged(sandbox, '?limit=3')
    t.equal(after.url, '/v1/events')
    t.match(entry, { method: 'POST', url: '/v1/customers', fault: fault.id, body: { email: 'siti@shop.test', colour: 'blue' }, unknown: ['colour'] }, JSON.stringify(then))
    t.notOk('status' in entry)
    t.notOk(others.some((other: { fault: string }) => other.fault === fault.id), 'once')
  }
})

t.test('a refused call tells which of its parameters there are not', async t => {
  const sandbox = await startSandbox(t)
  const rows: Array<[object, string, string[]]> = [
    [{ amount: 'much', currency: 'IDR', colour: 'blue' }, 'parameter_invalid', ['colour']],
    [{ ammount: 20000, currency: 'IDR' }, 'parameter_missing', ['ammount']],
    [{ amount: 1, currency: 'IDR', payment_method_types: ['dana'], shiping: {} }, 'amount_too_small', ['shiping']]
  ]
  for (const [body, code, unknown] of rows) {
    await sandbox.call('POST', '/v1/payment_intents', body)
    t.match((await logged(sandbox))[0], { status: 400, error: code, unknown, body, hints: [new RegExp(`does not know ${unknown.join()}`)] }, code)
  }
  await sandbox.call('POST', '/_sandbox/account', { switches: { STRICT_PARAMETERS: true } })
  await sandbox.call('POST', '/v1/customers', { emial: 'siti@shop.test' })
  t.match((await logged(sandbox))[0], { status: 400, error: 'parameter_unknown', unknown: ['emial'] })
})

t.test('the usual mistakes get a hint', async t => {
  const sandbox = await startSandbox(t)
  const basic = { key: null, headers: { authorization: `Bearer ${KEY}` } }
  const rows: Array<[string, string, object | undefined, object, RegExp]> = [
    ['POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' }, basic, /sent as Bearer\. WooshPay takes HTTP Basic/],
    ['GET', '/v1/payment_intents', undefined, { key: 'sk_live_abcdefghijkl' }, /A live key was sent to a sandbox/],
    ['POST', '/v1/payment_intents', { amount: 2000000000, currency: 'IDR', payment_method_types: ['dana'] }, {}, /The amount 2000000000 looks like sen/],
    ['POST', '/v1/payment_intents', { amount: 15000000, currency: 'idr' }, {}, /The amount 15000000 looks like sen/],
    ['POST', '/v1/prices', { currency: 'IDR', unit_amount: 2500000000, product_data: { name: 'apple' } }, {}, /The amount 2500000000 looks like sen/],
    ['POST', '/v1/checkout/sessions', {
      success_url: 'https://shop.test',
      line_items: [
        { price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'pear' } }, quantity: 1 },
        { price_data: { currency: 'IDR', unit_amount: 30000000, product_data: { name: 'apple' } }, quantity: 1 }
      ]
    }, {}, /The amount 30000000 looks like sen/],
    ['GET', '/v1/payment_intents?created[gte]=1795365744', undefined, {}, /looks like seconds/],
    ['GET', '/v1/payment_intents?customer=%ff&created[gte]=1795365744', undefined, {}, /looks like seconds/],
    ['GET', '/v1/events?created%5Blt%5D=1795365744&type=100%', undefined, {}, /looks like seconds/],
    ['POST', '/v1/payment_intents', { amount: 100, currency: 'IDR', colour: 'blue' }, {}, /does not know colour/],
    ['POST', '/v1/payment_intents/pi_1/confirm', { error_on_requires_action: true }, {}, /Only older pages of the documentation have error_on_requires_action/]
  ]
  for (const [method, path, body, options, hint] of rows) {
    await sandbox.call(method, path, body, options)
    const [latest] = await logged(sandbox, '?hinted=true', null)
    t.equal(latest.method, method)
    t.ok(latest.hints.some((text: string) => hint.test(text)), `${method} ${path}: ${latest.hints.join(' ')}`)
  }
  const count = (await logged(sandbox, '?hinted=true', null)).length
  await sandbox.call('POST', '/v1/payment_intents', { amount: 20000, currency: 'IDR' })
  await sandbox.call('POST', '/v1/payment_intents', { amount: 20000000, currency: 'PHP' })
  for (const query of ['created[gte]=1795365744000', 'created[gte]=%', 'customer=%ff', '%', 'created[%', 'created[gt][a]=1795365744']) await sandbox.call('GET', `/v1/payment_intents?${query}`)
  await sandbox.call('POST', '/v1/payment_intents', 'currency=IDR&amount[a]=15000000', { headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  t.equal((await logged(sandbox, '?hinted=true', null)).length, count, 'what is right gets none')
})

t.test('a success_url that is trusted without a look is told', async t => {
  const sandbox = await startSandbox(t)
  interface Session { readonly id: string, readonly payment_intent: string }
  const session = async (): Promise<Session> => (await sandbox.call('POST', '/v1/checkout/sessions', {
    success_url: 'https://shop.test', line_items: [{ price_data: { currency: 'IDR', unit_amount: 100, product_data: { name: 'apple' } }, quantity: 1 }]
  })).body
  const pay = async ({ id }: Session): Promise<void> => { await sandbox.call('POST', '/_sandbox/shopper', { checkout_session: id }) }
  const trusted = async (): Promise<string[]> => (await logged(sandbox, '?hinted=true')).map(({ answer }: { answer: { id: string } }) => answer.id)
  const looks: Array<[string, (session: Session) => string]> = [
    ['a fetch of the session', ({ id }) => `/v1/checkout/sessions/${id}`],
    ['a list that shows it as complete', () => '/v1/checkout/sessions?limit=1'],
    ['a fetch of the payment', ({ payment_intent: intent }) => `/v1/payment_intents/${intent}`],
    ['a list that shows the payment as succeeded', () => '/v1/payment_intents?limit=1']
  ]
  for (const [name, path] of looks) {
    const open = await session()
    await sandbox.call('GET', path(open))
    await pay(open)
    // It shows in what was answered: when it was made, and when it was looked at too early.
    const early = await trusted()
    t.ok(early.includes(open.id), `${name} is none before the payment`)
    const other = await session()
    await sandbox.call('GET', `/v1/checkout/sessions/${other.id}`)
    t.same(await trusted(), early, 'nor is a fetch of another one')
    await sandbox.call('POST', `/v1/checkout/sessions/${other.id}/expire`)
    await sandbox.call('GET', path(open).replace('limit=1', 'limit=2'))
    t.same(await trusted(), [], `${name} is a look`)
  }
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
  await pay(await session())
  await sandbox.call('POST', '/_sandbox/settle')
  t.same(await trusted(), [], 'a webhook that was answered is one too')
})

t.test('the stream tells what changes and what is called, of one account or of all', async t => {
  const sandbox = await startSandbox(t)
  for (const key of [KEY, 'sk_test_other']) await sandbox.call('GET', '/_sandbox/account', undefined, { key })
  const [all, own] = [await listen(sandbox, null), await listen(sandbox, KEY)]
  await sandbox.call('GET', '/v1/events', undefined, { key: 'sk_test_other' })
  const { body: intent, headers } = await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' })
  const request = headers.get('request-id')
  const { body: { data: [event] } } = await sandbox.call('GET', '/v1/events')
  const expected = [`payment_intent ${intent.id}`, `event ${event.id}`, `request ${request}`]
  t.same((await own.until(/event: request/)).slice(0, 3), expected)
  t.same((await all.until(new RegExp(String(request)))).slice(1, 4), expected, 'after the request of the other account')
  await sandbox.stop()
  await t.rejects(own.until(/nothing/), /The stream has ended/, 'when the sandbox stops')
})

import t from 'tap'
import { startReceiver } from './support/receiver.ts'
import { KEY, startSandbox, type RunningSandbox } from './support/sandbox.ts'

async function logged ({ call }: RunningSandbox, query = '', key: string | null = KEY) {
  return (await call('GET', `/_sandbox/requests${query}`, undefined, { key })).body.data
}

t.test('the log holds calls and answers, newest first, of one account or of all, and no secret', async t => {
  const sandbox = await startSandbox(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: 'http://127.0.0.1:9', enabled_events: ['payment_intent.canceled'] })
  const { headers, body: intent } = await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR', colour: 'blue' })
  await sandbox.call('GET', `/v1/payment_intents/${intent.id}?client_secret=${intent.client_secret}`)
  await sandbox.call('GET', '/v1/payment_intents', undefined, { key: 'sk_test_other' })
  const entries = await logged(sandbox)
  t.same(entries.map(({ method, url, status }: { method: string, url: string, status: number }) => [method, url, status]), [
    ['GET', `/v1/payment_intents/${intent.id}?client_secret=…`, 200], ['POST', '/v1/payment_intents', 200], ['POST', '/v1/webhook_endpoints', 200]
  ])
  t.match(entries[1], {
    id: headers.get('request-id'), object: 'request', body: { amount: 100, currency: 'IDR', colour: 'blue' }, unknown: ['colour'], credential: 'Basic sk_test', answer: { id: intent.id }
  })
  const text = JSON.stringify(await logged(sandbox, '', null))
  t.notMatch(text, /_secret_[0-9A-Za-z]/)
  t.notMatch(text, /whsec_/)
  t.notMatch(text, KEY)
  t.equal((await logged(sandbox, '', null)).length, 4)
  t.equal((await logged(sandbox, '?limit=1')).length, 1)
  t.same((await logged(sandbox, `?starting_after=${entries[0].id}&limit=1`)).map(({ id }: { id: string }) => id), [entries[1].id])
})

t.test('the usual mistakes get a hint', async t => {
  const sandbox = await startSandbox(t)
  const basic = { key: null, headers: { authorization: `Bearer ${KEY}` } }
  const rows: Array<[string, string, object | undefined, object, RegExp]> = [
    ['POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' }, basic, /sent as Bearer\. WooshPay takes HTTP Basic/],
    ['GET', '/v1/payment_intents', undefined, { key: 'sk_live_abcdefghijkl' }, /A live key was sent to a sandbox/],
    ['POST', '/v1/payment_intents', { amount: 2000000000, currency: 'IDR', payment_method_types: ['dana'] }, {}, /The amount 2000000000 looks like sen/],
    ['POST', '/v1/payment_intents', { amount: 15000000, currency: 'idr' }, {}, /The amount 15000000 looks like sen/],
    ['GET', '/v1/payment_intents?created[gte]=1795365744', undefined, {}, /looks like seconds/],
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
  await sandbox.call('GET', '/v1/payment_intents?created[gte]=1795365744000')
  t.equal((await logged(sandbox, '?hinted=true', null)).length, count, 'what is right gets none')
})

t.test('a success_url that is trusted without a look is told', async t => {
  const sandbox = await startSandbox(t)
  const session = async (): Promise<{ id: string, payment_intent: string }> => {
    const { body } = await sandbox.call('POST', '/v1/checkout/sessions', {
      success_url: 'https://shop.test', line_items: [{ price_data: { currency: 'IDR', unit_amount: 100, product_data: { name: 'apple' } }, quantity: 1 }]
    })
    await sandbox.call('POST', '/_sandbox/shopper', { checkout_session: body.id })
    return body
  }
  const trusted = async (): Promise<string[]> => (await logged(sandbox, '?hinted=true')).map(({ answer }: { answer: { id: string } }) => answer.id)
  const first = await session()
  t.same(await trusted(), [first.id])
  await sandbox.call('GET', `/v1/checkout/sessions/${first.id}`)
  t.same(await trusted(), [], 'a fetch is a look')
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
  await session()
  await sandbox.call('POST', '/_sandbox/settle')
  t.same(await trusted(), [], 'a webhook that was answered is one too')
})

t.test('the stream tells what changes and what is called, of one account or of all', async t => {
  const sandbox = await startSandbox(t)
  const open = async (key: string | null) => {
    const response = await fetch(`${sandbox.url}/_sandbox/stream`, { headers: key === null ? {} : { authorization: `Basic ${btoa(`${key}:`)}` } })
    t.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    return async (end: RegExp): Promise<string[]> => {
      while (!end.test(text)) text += (await reader?.read())?.value ?? ''
      return [...text.matchAll(/event: (\w+)\ndata: (.*)\n/g)].map(([, name, data = '']) => `${name} ${JSON.parse(data).id}`)
    }
  }
  const [all, own] = [await open(null), await open(KEY)]
  await sandbox.call('GET', '/v1/events', undefined, { key: 'sk_test_other' })
  const { body: intent, headers } = await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' })
  const request = headers.get('request-id')
  const { body: { data: [event] } } = await sandbox.call('GET', '/v1/events')
  const expected = [`payment_intent ${intent.id}`, `event ${event.id}`, `request ${request}`]
  t.same((await own(/event: request/)).slice(0, 3), expected)
  t.same((await all(new RegExp(String(request)))).slice(1, 4), expected, 'after the request of the other account')
  await sandbox.stop()
})

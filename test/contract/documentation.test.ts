import { readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { call, KEY, startSandbox, type RunningSandbox } from '../support/sandbox.ts'

interface Example {
  readonly page: string
  readonly request: { readonly method: string, readonly path: string, readonly body?: object }
  /** Keys whose values differ, or that are left out, each with its reason. */
  readonly differs?: Readonly<Record<string, string>>
  readonly response: Readonly<Record<string, unknown>>
}

const folder = new URL('../../fixtures/documentation/', import.meta.url)
const examples = readdirSync(folder).map(name => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Example)

/** How a documented value looks: what a merchant's parser may rely on. */
const formats: ReadonlyArray<[string, RegExp]> = [
  ['an id', /^(?:pi|pm|cs|li|price|prod|re|ch|we|evt|cus)_\d{19}$/],
  ['a client secret', /^pi_\d{19}_secret_[0-9A-Za-z]{24}$/],
  ['a webhook secret', /^whsec_[0-9A-Za-z]{32}$/],
  ['a request id', /^req_[0-9A-Za-z]{24}$/],
  ['milliseconds of whole seconds', /^1\d{9}000$/]
]

t.test('every documented request gets the documented answer', async t => {
  t.equal(examples.length, 11, 'the examples are found')
  const sandbox = await startSandbox(t)
  const made = await prepare(sandbox)
  for (const { page, request, response, differs = {} } of examples) {
    await t.test(page, async t => {
      const { path, body } = JSON.parse(JSON.stringify(request).replace(/\{(\w+)\}/g, (_, name: string) => made[name] ?? name)) as Example['request']
      const answer = await send(sandbox.url, request.method, path, body)
      t.equal(answer.status, 200)
      compare(t, answer.body, response, differs)
    })
  }
})

/** What the examples' requests name in braces, made as a merchant makes it. */
async function prepare ({ call }: RunningSandbox): Promise<Readonly<Record<string, string>>> {
  for (const order of [1, 2]) {
    await call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR', payment_method_types: ['dana'], merchant_order_id: `order-${order}` })
    await call('POST', '/v1/checkout/sessions', {
      success_url: 'https://shop.test', line_items: [{ price_data: { currency: 'IDR', unit_amount: 100, product_data: { name: 'apple' } }, quantity: 1 }]
    })
  }
  const { body: { data: [event] } } = await call('GET', '/v1/events')
  const { body: paid } = await call('POST', '/v1/payment_intents', {
    amount: 100, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://your.website'
  })
  await call('POST', `/v1/receives/dana/pay/${paid.id}/outcome`, { outcome: 'pay' })
  const { body: customer } = await call('POST', '/v1/customers', { email: 'siti@shop.test' })
  const { body: method } = await call('POST', '/v1/payment_methods', {
    type: 'dana',
    metadata: { shop: '7' },
    billing_details: { address: { city: 'Jakarta' }, email: 'siti@shop.test', name: 'Siti', phone: '081200000001' }
  })
  return { event: event.id, paid: paid.id, customer: customer.id, method: method.id }
}

/** `fetch` sends no body with GET, as the documentation of lists does; so these go through node:http. */
async function send (url: string, method: string, path: string, body?: object) {
  if (method !== 'GET' || body === undefined) return await call(url, method, path, body)
  const { request } = await import('undici')
  const answer = await request(`${url}${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: `Basic ${Buffer.from(`${KEY}:`).toString('base64')}` }
  })
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  return { status: answer.statusCode, body: await answer.body.json() as any }
}

/** Compares keys and their order, types and formats; the values themselves where they are the same in every run. */
function compare (
  t: Test, answered: Record<string, unknown>, documented: Readonly<Record<string, unknown>>, differs: Example['differs'] = {}, path = ''
): void {
  const keys = Object.keys(documented).filter(key => !(key in differs && !(key in answered)))
  t.same(Object.keys(answered), keys, `${path || 'the answer '}has the documented keys in the documented order`)
  for (const key of keys.filter(key => !(key in differs))) compareValue(t, answered[key], documented[key], `${path}${key}`)
}

function compareValue (t: Test, actual: unknown, expected: unknown, name: string): void {
  const format = formats.find(([, pattern]) => pattern.test(String(expected)))
  if (Array.isArray(expected)) {
    if (expected.length > 0) t.equal((actual as unknown[]).length, expected.length, `${name} is as long`)
    else t.ok(Array.isArray(actual), `${name} is a list`)
    for (const [index, item] of expected.entries()) compareValue(t, (actual as unknown[])[index], item, `${name}[${index}]`)
  } else if (typeof expected === 'object' && expected !== null) {
    if (Object.keys(expected).length > 0 || name !== 'data.object') compare(t, actual as Record<string, unknown>, expected as Record<string, unknown>, {}, `${name}.`)
  } else {
    t.type(actual, typeof expected, `${name} has the documented type`)
    if (format !== undefined) t.match(String(actual), format[1], `${name} is ${format[0]}`)
    else if (name === 'expires_at') t.ok(Number(actual) > Date.UTC(2026, 0, 1), `${name} is a time in milliseconds`)
    else if (!String(expected).includes('XXXX')) t.equal(actual, expected, `${name} is the documented value`)
  }
}

t.test('ids hold the time at which they were made, and times are rounded to the second', async t => {
  const sandbox = await startSandbox(t)
  const before = Date.now()
  const { body } = await sandbox.call('POST', '/v1/payment_intents', examples.find(({ page }) => page.endsWith('Direct API'))?.request.body)
  const after = Date.now()
  const made = Number((BigInt(body.id.slice(3)) >> 22n) + 1288834974657n)
  t.ok(made >= before && made <= after)
  t.ok(Math.abs(body.created - made) <= 500)
  t.ok(BigInt(body.payment_method.slice(3)) < BigInt(body.id.slice(3)), 'the payment method is made before the PaymentIntent')
})

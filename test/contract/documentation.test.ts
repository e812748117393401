import { readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { call, KEY, startSandbox } from '../support/sandbox.ts'

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
  t.equal(examples.length, 5, 'the examples are found')
  const sandbox = await startSandbox(t)
  for (const order of [1, 2]) {
    await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR', payment_method_types: ['dana'], merchant_order_id: `order-${order}` })
  }
  const event = (await sandbox.call('GET', '/v1/events')).body.data[0].id as string

  for (const { page, request, response, differs = {} } of examples) {
    await t.test(page, async t => {
      const answer = await send(sandbox.url, request.method, request.path.replace('{event}', event), request.body)
      t.equal(answer.status, 200)
      const documented = Object.keys(response).filter(key => !(key in differs && !(key in answer.body)))
      t.same(Object.keys(answer.body), documented, 'the same keys in the same order')
      compare(t, answer.body, response, Object.keys(differs))
    })
  }
})

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

/** Compares types and formats; the values themselves where they are the same in every run. */
function compare (t: Test, answered: Record<string, unknown>, documented: Readonly<Record<string, unknown>>, differs: readonly string[], path = ''): void {
  for (const [key, expected] of Object.entries(documented)) {
    if (differs.includes(key)) continue
    const actual = answered[key]
    const name = `${path}${key}`
    const format = formats.find(([, pattern]) => pattern.test(String(expected)))
    if (format !== undefined) t.match(String(actual), format[1], `${name} is ${format[0]}`)
    else if (Array.isArray(expected)) t.ok(Array.isArray(actual) && (expected.length === 0 || JSON.stringify(actual) === JSON.stringify(expected)), `${name} is the documented list`)
    else if (typeof expected === 'object' && expected !== null) compare(t, actual as Record<string, unknown>, expected as Record<string, unknown>, differs, `${name}.`)
    else if (String(expected).includes('XXXX')) t.type(actual, 'string', `${name} is text, as the masked example`)
    else t.equal(actual, expected, `${name} is the documented value`)
    if (typeof expected !== 'object') t.type(actual, typeof expected, `${name} has the documented type`)
  }
}

t.test('ids hold the time at which they were made, and times are rounded to the second', async t => {
  const sandbox = await startSandbox(t)
  const before = Date.now()
  const { body } = await sandbox.call('POST', '/v1/payment_intents', examples.find(({ page }) => page.startsWith('DANA'))?.request.body)
  const after = Date.now()
  const made = Number((BigInt(body.id.slice(3)) >> 22n) + 1288834974657n)
  t.ok(made >= before && made <= after)
  t.ok(Math.abs(body.created - made) <= 500)
  t.ok(BigInt(body.payment_method.slice(3)) < BigInt(body.id.slice(3)), 'the payment method is made before the PaymentIntent')
})

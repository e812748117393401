import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { TABS } from '../src/dashboard/layout.ts'
import { newCustomer } from './support/customer.ts'
import { newFolder, run } from './support/process.ts'
import { startReceiver } from './support/receiver.ts'
import { operationsWithFields, withField, type Field, type Operation } from './support/request-fields.ts'
import { call, KEY, startSandbox, type Answer, type CallOptions, type RunningSandbox } from './support/sandbox.ts'

/*
 * The lines of the table in SECURITY.md that no other test shows. What can be taken from the OpenAPI documents is taken
 * from there, so that a new call or field is not forgotten.
 */

type Body = Answer['body']
type Make = (path: string, body: unknown, options?: CallOptions) => Promise<Body>

const OPERATIONS = [...operationsWithFields('wooshpay'), ...operationsWithFields('sandbox')]

const INTENT = { amount: 20000, currency: 'IDR', payment_method_types: ['dana'], return_url: 'https://shop.test' }
const CONFIRMED = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test' }
const SESSION = {
  success_url: 'https://shop.test/done',
  line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
}

/** A call that has to be taken. */
function maker (sandbox: RunningSandbox): Make {
  return async (path, body, options) => {
    const answer = await sandbox.call('POST', path, body, options)
    if (answer.status !== 200) throw new Error(`POST ${path} → ${answer.text}`)
    return answer.body
  }
}

/** Any call at all, with headers that `fetch` does not send and a path that it would tidy up. */
async function rawCall (url: string, method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number, location: string | undefined, text: string }> {
  const { hostname, port } = new URL(url)
  const sent = request({ hostname, port, path, method, headers }).end()
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, location: response.headers.location, text: await text(response) }
}

/** For every POST that takes texts: where it goes, and the least that it needs. */
const REQUESTS: Readonly<Record<string, (make: Make) => Promise<readonly [path: string, body: object]>>> = {
  '/v1/payment_intents': async () => ['/v1/payment_intents', CONFIRMED],
  '/v1/payment_intents/{id}': async make => [`/v1/payment_intents/${(await make('/v1/payment_intents', INTENT)).id}`, {}],
  '/v1/payment_intents/{id}/confirm': async make => [`/v1/payment_intents/${(await make('/v1/payment_intents', INTENT)).id}/confirm`, {}],
  '/v1/payment_intents/{id}/cancel': async make => [`/v1/payment_intents/${(await make('/v1/payment_intents', INTENT)).id}/cancel`, {}],
  '/v1/payment_methods': async () => ['/v1/payment_methods', { type: 'dana' }],
  '/v1/payment_methods/{id}': async make => [`/v1/payment_methods/${(await make('/v1/payment_methods', { type: 'dana' })).id}`, {}],
  '/v1/payment_methods/{id}/attach': async make => [
    `/v1/payment_methods/${(await make('/v1/payment_methods', { type: 'dana' })).id}/attach`, { customer: (await make('/v1/customers', {})).id }
  ],
  '/v1/customers': async () => ['/v1/customers', {}],
  '/v1/customers/{id}': async make => [`/v1/customers/${(await make('/v1/customers', {})).id}`, {}],
  '/v1/products': async () => ['/v1/products', { name: 'apple' }],
  '/v1/products/{id}': async make => [`/v1/products/${(await make('/v1/products', { name: 'apple' })).id}`, {}],
  '/v1/prices': async () => ['/v1/prices', { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }],
  '/v1/prices/{id}': async make => [`/v1/prices/${(await make('/v1/prices', { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } })).id}`, {}],
  '/v1/checkout/sessions': async () => ['/v1/checkout/sessions', SESSION],
  '/v1/refunds': async make => ['/v1/refunds', { payment_intent: await paid(make) }],
  '/v1/webhook_endpoints': async () => ['/v1/webhook_endpoints', { url: 'http://127.0.0.1:9', enabled_events: ['payment_intent.canceled'] }],
  '/v1/webhook_endpoints/{id}': async make => [
    `/v1/webhook_endpoints/${(await make('/v1/webhook_endpoints', { url: 'http://127.0.0.1:9', enabled_events: ['payment_intent.canceled'] })).id}`, {}
  ],
  '/_sandbox/shopper': async make => ['/_sandbox/shopper', { payment_intent: (await make('/v1/payment_intents', CONFIRMED)).id }],
  '/_sandbox/outcomes': async () => ['/_sandbox/outcomes', { payment_method: 'gcash', outcomes: ['pay'] }],
  '/_sandbox/refunds': async make => ['/_sandbox/refunds', { payment_intent: await paid(make) }],
  '/_sandbox/clock': async () => ['/_sandbox/clock', {}],
  '/_sandbox/scenarios/{name}': async () => ['/_sandbox/scenarios/own', { steps: [{ call: 'GET /v1/events' }] }],
  '/_sandbox/faults': async () => ['/_sandbox/faults', { match: { method: 'DELETE', path: '/v1/webhook_endpoints/none' }, then: { status: 500 } }],
  '/_sandbox/events': async () => ['/_sandbox/events', { type: 'payment_intent.canceled' }],
  '/_sandbox/account': async () => ['/_sandbox/account', {}]
}

async function paid (make: Make): Promise<string> {
  const { id } = await make('/v1/payment_intents', CONFIRMED)
  await make('/_sandbox/shopper', { payment_intent: id, outcome: 'pay' })
  return id
}

const WITH_FIELDS = OPERATIONS.filter(({ method, fields }) => method === 'POST' && fields.length > 0)

/** All pages that a person can open, by their addresses. */
async function pagesOf (sandbox: RunningSandbox, also: readonly string[] = []): Promise<Map<string, string>> {
  const { body: { data: intents } } = await sandbox.call('GET', '/v1/payment_intents?limit=100')
  const { body: { data: sessions } } = await sandbox.call('GET', '/v1/checkout/sessions?limit=100')
  const addresses = [
    '/', ...Object.keys(TABS).map(view => `/dashboard/${view}`), '/_sandbox/coverage?format=html', '/docs/', '/docs-sandbox/',
    ...intents.flatMap(({ id }: Body) => [`/dashboard/payments/${id}`, `/v1/receives/dana/pay/${id}?lang=id`, `/v1/receives/dana/pay/${id}?lang=en`]),
    ...sessions.flatMap(({ url }: Body) => [`${url.slice(sandbox.url.length)}&lang=id`, `${url.slice(sandbox.url.length)}&lang=en`]),
    ...also
  ]
  const pages = new Map<string, string>()
  for (const address of addresses) {
    const answer = await sandbox.call('GET', address, undefined, { key: null, headers: { accept: 'text/html' } })
    if (answer.status !== 302) pages.set(address, answer.text)
  }
  return pages
}

/** A tag as the sandbox writes it: every value in quotes, and no `<` in it. */
const TAG = /<(?:!doctype html|\/?[a-z][a-z0-9]*(?:\s+[a-z][a-z0-9-]*(?:="[^"<]*")?)*\s*\/?)>/gi

/** What is wrong with a page on which somebody's texts stand. */
function faultsOf (page: string): string[] {
  const tags = page.match(TAG) ?? []
  const rest = page.replace(TAG, '')
  const addresses = tags.flatMap(tag => [...tag.matchAll(/\s(?:href|src|action|data-next)="([^"]*)"/g)].map(([, address = '']) => address))
  return [
    ...rest.match(/<.{0,40}/g) ?? [],
    ...tags.filter(tag => /^<\/?(?:img|zqx|iframe|object|embed|base|template|style)\b|\son\w+[\s=>]|\sstyle=|\ssrcdoc=/i.test(tag)),
    ...addresses.filter(address => !/^(?:\/(?![/\\])|\?|#|data:,$|https?:\/\/)/.test(address))
  ]
}

/** The sandbox's own documentation is made by a library, in its own way. */
const isDocs = (address: string): boolean => address.startsWith('/docs')

/** What gets out of attributes, texts, titles, comments, styles and scripts, and what a careless reader might make of it. */
const hostile = (mark: string): string =>
  `${mark}"'><img src=x onerror=zqx()></style></script></textarea></title>--><zqx onzqx=zqx()>{{zqx}}\${zqx}&lt;zqx&gt;&#60;zqx>%3Czqx%3E＜zqx＞\u202e\u2028\ufeff\ud800`

t.test('markup in any text that a call takes is text on every page', async t => {
  t.setTimeout(240_000)
  t.same(Object.keys(REQUESTS).toSorted(), WITH_FIELDS.map(({ path }) => path).toSorted(), 'there is a request for every call of both documents that takes a text')
  // First, which fields take such a text, one at a time: others are ids, currencies and the like, and are refused.
  const probe = await startSandbox(t, { WEBHOOK_RETRIES: 'none' })
  const taken = new Map<string, Array<Field & { value: unknown }>>()
  let count = 0
  for (const { path, fields } of WITH_FIELDS) {
    const found: Array<Field & { value: unknown }> = []
    for (const field of fields) {
      const text = hostile(`mark${++count};`)
      const values = field.kind === 'object' ? [{ name: text, [text]: text }, { line1: text }] : [text, `https://shop.test/?${text}`]
      for (const value of values) {
        const [address, body] = await REQUESTS[path]?.(maker(probe)) ?? ['', {}]
        const answer = await probe.call('POST', address, withField(body, field.path, value))
        if (answer.status === 200) {
          found.push({ ...field, value })
          break
        }
        t.equal(answer.status, 400, `${path} ${field.name} is refused for what it is`)
        t.match(answer.headers.get('content-type'), 'application/json', `${path} ${field.name} is no page`)
      }
    }
    taken.set(path, found)
  }
  const names = [...taken].flatMap(([path, fields]) => fields.map(({ name }) => `${path} ${name}`))
  t.comment(`${names.length} of ${count} fields take any text`)
  for (const name of [
    '/v1/payment_intents description', '/v1/payment_intents merchant_order_id', '/v1/payment_intents metadata', '/v1/payment_intents return_url', '/v1/payment_intents shipping',
    '/v1/customers name', '/v1/products name', '/v1/products url', '/v1/products images[0]', '/v1/prices nickname', '/v1/webhook_endpoints url', '/v1/webhook_endpoints description',
    '/v1/checkout/sessions success_url', '/v1/checkout/sessions cancel_url', '/v1/checkout/sessions client_reference_id', '/v1/checkout/sessions line_items[0][price_data][product_data][name]',
    '/v1/refunds metadata', '/_sandbox/account name'
  ]) t.ok(names.includes(name), `${name} takes it`)

  // Then all of them at once, in objects that are walked through.
  const sandbox = await startSandbox(t, { WEBHOOK_RETRIES: 'none' })
  const make = maker(sandbox)
  const receiver = await startReceiver(t, { reply: response => { response.end(hostile('answer;')) } })
  await make('/v1/webhook_endpoints', { url: `${receiver.url}?${hostile('hook;')}`, enabled_events: ['*'] })
  const marks = new Map<string, string>()
  for (const [path, fields] of taken) {
    const [address, body] = await REQUESTS[path]?.(make) ?? ['', {}]
    let full: unknown = body
    for (const field of fields) {
      marks.set(`${path} ${field.name}`, /mark\d+;/.exec(JSON.stringify(field.value))?.[0] ?? '')
      full = withField(full, field.path, field.value)
    }
    const answer = await sandbox.call('POST', address, full)
    // Some exclude each other, such as a product and the data of one; then one by one.
    if (answer.status !== 200) for (const field of fields) await sandbox.call('POST', address, withField(body, field.path, field.value))
  }
  for (const name of Object.keys(TABS)) await sandbox.call('GET', `/v1/${name}/${encodeURIComponent(hostile('path;').toWellFormed())}`)
  const pages = new Map(await pagesOf(sandbox))
  const { body: { data: intents } } = await sandbox.call('GET', '/v1/payment_intents?limit=100')
  const waiting = intents.find(({ status }: Body) => status === 'requires_action')
  const customer = newCustomer()
  const walk: Array<readonly [string, () => Promise<string>]> = [
    ['the phone', async () => await customer.open(`${sandbox.url}/v1/receives/dana/pay/${waiting.id}`)],
    ['a wrong phone', async () => await customer.press('continue', { phone: hostile('phone;').toWellFormed() })],
    ['the PIN', async () => await customer.press('continue', { phone: '081200000001' })],
    ['a wrong PIN', async () => await customer.press('continue', { pin: hostile('pin;').toWellFormed() })],
    ['the summary', async () => await customer.press('continue', { pin: '123456' })],
    ['the result', async () => await customer.press('pay')]
  ]
  for (const [name, open] of walk) pages.set(name, await open())
  const { data: sessions } = (await sandbox.call('GET', '/v1/checkout/sessions')).body
  await make('/_sandbox/shopper', { checkout_session: sessions[0].id, outcome: 'pay' })
  await make('/_sandbox/settle', {})
  for (const [address, page] of await pagesOf(sandbox)) pages.set(`${address} at the end`, page)

  for (const [address, page] of pages) {
    if (isDocs(address)) t.notMatch(page, /zqx|mark\d+;/, `${address} has nothing of it`)
    else t.same(faultsOf(page), [], address)
  }
  const all = [...pages.values()].join('\n')
  for (const own of ['answer', 'hook', 'path']) t.match(all, `${own};`, `${own} stands on a page`)
  // As a text, in an address, and inside JSON.
  const forms = (mark: string): string[] => [`${mark}&quot;&#39;&gt;&lt;img`, `${mark}%22`, `${mark}&quot;`, `${mark}\\&quot;`]
  const shown = [...marks].filter(([, mark]) => forms(mark).some(form => all.includes(form))).map(([name]) => name)
  t.comment(`${shown.length} of ${marks.size} stand on a page: ${shown.join(', ')}`)
  for (const name of ['/v1/payment_intents merchant_order_id', '/v1/payment_intents metadata', '/v1/checkout/sessions line_items[0][price_data][product_data][name]', '/_sandbox/account name']) {
    t.ok(shown.includes(name), `${name} is shown`)
  }
  const junit = await sandbox.call('GET', '/_sandbox/coverage?format=junit', undefined, { key: null })
  t.notMatch(junit.text, /<zqx|<img/)
})

/** Addresses that lead to a script, to another place than they seem to, or end a header. */
const ADDRESSES: ReadonlyArray<readonly [address: string, wayBack: string | undefined, webhook: 'refused' | 'taken']> = [
  ['javascript:alert(1)', undefined, 'refused'],
  ['JaVaScRiPt:alert(1)', undefined, 'refused'],
  [' javascript:alert(1)', undefined, 'refused'],
  ['java\tscript:alert(1)', undefined, 'refused'],
  ['javascript://shop.test/%0aalert(1)', undefined, 'refused'],
  ['data:text/html,<script>alert(1)</script>', undefined, 'refused'],
  ['vbscript:msgbox(1)', undefined, 'refused'],
  ['file:///etc/passwd', undefined, 'refused'],
  ['blob:https://shop.test/1', undefined, 'refused'],
  ['https://shop.test/\r\nSet-Cookie: a=b', undefined, 'refused'],
  ['https://shop.test/\nX: y', undefined, 'refused'],
  ['https://shop.test/\u0000', undefined, 'refused'],
  // These are taken as the shop's own: they lead to the host that they name, and to nothing else.
  ['//evil.example', 'https://evil.example', 'refused'],
  ['\\\\evil.example', 'https://\\\\evil.example', 'refused'],
  ['/\\evil.example', 'https://\\evil.example', 'refused'],
  ['http://user:pass@evil.example/', 'http://user:pass@evil.example/', 'taken']
]

/** Names of the fields that hold an address. */
const isAddress = ({ path }: Field): boolean => path.some(part => /(?:^|_)url$|^images$/.test(String(part)))

t.test('an address in any field is refused where it leads to a script or ends a header, and is never followed as one', async t => {
  const sandbox = await startSandbox(t, { WEBHOOK_RETRIES: 'none', KEEP_DELIVERIES: '0' })
  const make = maker(sandbox)
  /** Where the browser is sent to after the wallet. */
  const leadsTo = async (intent: string): Promise<string | null> => {
    const entry = new URLSearchParams({ outcome: 'pay-later' })
    return (await fetch(`${sandbox.url}/v1/receives/dana/pay/${intent}/outcome`, { method: 'POST', body: entry, redirect: 'manual' })).headers.get('location')
  }
  const confirmed = async (id: string): Promise<string> => {
    const { status } = (await sandbox.call('GET', `/v1/payment_intents/${id}`)).body
    if (status !== 'requires_action') await make(`/v1/payment_intents/${id}/confirm`, { payment_method_data: { type: 'dana' } })
    return id
  }
  const kinds = new Map<string, 'way back' | 'webhook' | 'text' | 'compared'>()
  for (const { path, fields } of WITH_FIELDS) {
    for (const field of fields.filter(isAddress)) {
      const name = `${path} ${field.name}`
      const kind = path === '/_sandbox/shopper' ? 'compared' : path.startsWith('/v1/webhook_endpoints') ? 'webhook' : /(?:return|success|cancel)_url$/.test(field.name) ? 'way back' : 'text'
      kinds.set(name, kind)
      for (const [address, wayBack, webhook] of ADDRESSES) {
        const [at, body] = await REQUESTS[path]?.(make) ?? ['', {}]
        const answer = await sandbox.call('POST', at, withField(path === '/_sandbox/shopper' ? {} : body, field.path, address))
        const what = `${name}: ${JSON.stringify(address)}`
        // What is no way for a browser is kept as a text, and is a link nowhere.
        const isTaken = { text: true, compared: false, webhook: webhook === 'taken', 'way back': wayBack !== undefined }[kind]
        t.equal(answer.status, isTaken ? 200 : kind === 'compared' && answer.status === 404 ? 404 : 400, what)
        if (!isTaken) t.match(answer.body.error.param, field.name, what)
        if (kind !== 'way back' || !isTaken) continue
        if (path === '/v1/checkout/sessions') {
          const page = await sandbox.call('GET', answer.body.url.slice(sandbox.url.length), undefined, { key: null, headers: { accept: 'text/html' } })
          t.same(faultsOf(page.text), [], what)
          if (field.name === 'cancel_url') t.ok(page.text.includes(`data-testid="cancel" href="${wayBack}"`), what)
          else {
            const { return_url: way } = await make('/_sandbox/shopper', { checkout_session: answer.body.id, outcome: 'pay' })
            t.equal(way, wayBack, what)
          }
        } else {
          const intent = await confirmed(answer.body.id)
          t.same(faultsOf((await sandbox.call('GET', `/v1/receives/dana/pay/${intent}`, undefined, { key: null })).text), [], what)
          t.equal(await leadsTo(intent), wayBack, what)
        }
      }
    }
  }
  t.same([...new Set(kinds.values())].toSorted(), ['compared', 'text', 'way back', 'webhook'])
  t.same([...kinds].filter(([, kind]) => kind === 'way back').map(([name]) => name).toSorted(), [
    '/v1/checkout/sessions cancel_url', '/v1/checkout/sessions success_url', '/v1/payment_intents return_url', '/v1/payment_intents/{id} return_url', '/v1/payment_intents/{id}/confirm return_url'
  ])
  for (const [address, page] of await pagesOf(sandbox)) {
    if (isDocs(address)) continue
    t.same(faultsOf(page), [], address)
    if (address === '/' || address.startsWith('/dashboard')) t.notMatch(page, /(?:href|action)="[^"]*user:pass@/, `${address} leads nowhere with a password`)
  }
})

t.test('every call of the sandbox\'s own API and of the dashboard refuses strangers\' names and pages, whatever a proxy is believed to have said', async t => {
  for (const flags of [{}, { TRUST_PROXY: 'true' }]) {
    const sandbox = await startSandbox(t, { PUBLIC_URL: 'https://pay.shop.test', ALLOWED_HOSTS: 'ci.example', ...flags })
    const { id } = await maker(sandbox)('/v1/payment_intents', INTENT)
    const calls = [
      ...operationsWithFields('sandbox').filter(({ path }) => path !== '/_sandbox/health').map(({ method, path }) => [method, path.replace(/\{\w+\}/, 'x')] as const),
      ['GET', '/_sandbox/stream'], ['GET', '/'], ...Object.keys(TABS).map(view => ['GET', `/dashboard/${view}`] as const), ['GET', `/dashboard/payments/${id}`], ['POST', '/dashboard/actions/reset']
    ] as const
    for (const [method, path] of calls) {
      for (const headers of [
        { host: 'evil.example' }, { host: 'evil.example:6262', origin: 'http://evil.example:6262', 'sec-fetch-site': 'same-origin' },
        { host: 'evil.example', 'x-forwarded-host': 'localhost' }, { host: 'localhost.evil.example', 'x-forwarded-host': 'pay.shop.test', 'sec-fetch-site': 'same-origin' },
        { host: 'localhost', origin: 'https://evil.example' }, { host: 'localhost', origin: 'null' }, { host: 'localhost', origin: 'http://localhost.evil.example' },
        { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
        ...method === 'GET' ? [] : [{ host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }]
      ]) {
        const { status, text } = await rawCall(sandbox.url, method, path, headers)
        t.equal(status, 403, `${method} ${path} ${JSON.stringify(headers)}`)
        t.match(text, /may not (?:be called|use)/)
      }
    }
    t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).status, 200, 'nothing was reset')
    const link = { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    t.equal((await rawCall(sandbox.url, 'GET', '/', link)).status, 200, 'a link may lead here')
    if ('TRUST_PROXY' in flags) t.equal((await rawCall(sandbox.url, 'GET', '/', { host: '127.0.0.1:6262', 'x-forwarded-host': 'pay.shop.test' })).status, 200, 'a proxy may')
  }
})

t.test('no name of a scenario or snapshot, and no path, leads to a file', async t => {
  const sandbox = await startSandbox(t)
  const headers = { authorization: `Basic ${btoa(`${KEY}:`)}` }
  const names = [
    '../wallets', '..%2fwallets', '..%2Fwallets', '%2e%2e%2fwallets', '%2e%2e/wallets', '..%5cwallets', '..\\wallets', '....//wallets', '%252e%252e%252fwallets', '/etc/passwd', '%2fetc%2fpasswd',
    'month-of-payments%00', 'month-of-payments.json', '.%2fmonth-of-payments', '..', '.', 'scenarios%2f..%2f..%2fwallets', '%c0%ae%c0%ae%2fwallets', 'file:%2f%2f%2fetc%2fpasswd', '__proto__', 'constructor'
  ]
  const paths = names.flatMap(name => [
    ['POST', `/_sandbox/scenarios/${name}`], ['POST', `/_sandbox/snapshots/${name}/restore`], ['DELETE', `/_sandbox/snapshots/${name}`],
    ['GET', `/assets/${name}`], ['GET', `/docs/static/${name}`], ['GET', `/docs/${name}`], ['GET', `/openapi/${name}`], ['GET', `/dashboard/${name}`]
  ] as const)
  for (const [method, path] of paths) {
    const { status, text } = await rawCall(sandbox.url, method, path, headers)
    t.ok([302, 400, 403, 404].includes(status) || (status === 200 && /swagger-ui|data-testid="account"/.test(text)), `${method} ${path} → ${status}`)
    t.notMatch(text, /081200000001|balance|root:x:|\n\s+at /, `${method} ${path} shows no file`)
  }
})

t.test('an id of another account is answered on every route as one that does not exist', async t => {
  const sandbox = await startSandbox(t, { REFUND_MODE: 'async', WEBHOOK_RETRIES: 'none' })
  const [mine, other] = [{ key: 'sk_test_mine' }, { key: 'sk_test_other' }]
  const make: Make = async (path, body) => await maker(sandbox)(path, body, mine)
  const customer = await make('/v1/customers', { email: 'siti@shop.test' })
  const method = await make('/v1/payment_methods', { type: 'dana' })
  await make(`/v1/payment_methods/${method.id}/attach`, { customer: customer.id })
  const product = await make('/v1/products', { name: 'apple' })
  const price = await make('/v1/prices', { currency: 'IDR', unit_amount: 20000, product: product.id })
  const endpoint = await make('/v1/webhook_endpoints', { url: 'http://127.0.0.1:9', enabled_events: ['*'] })
  const session = await make('/v1/checkout/sessions', SESSION)
  const intent = await paid(make)
  const refund = await make('/v1/refunds', { payment_intent: intent, amount: 5000 })
  const fault = await make('/_sandbox/faults', { match: { method: 'DELETE', path: '/v1/webhook_endpoints/none' }, then: { status: 500 } })
  await make('/_sandbox/settle', {})
  const first = async (path: string): Promise<string> => (await sandbox.call('GET', path, undefined, mine)).body.data[0].id
  const ids: Readonly<Record<string, string>> = {
    payment_intents: intent,
    payment_methods: method.id,
    customers: customer.id,
    products: product.id,
    prices: price.id,
    sessions: session.id,
    webhook_endpoints: endpoint.id,
    refunds: refund.id,
    faults: fault.id,
    charges: await first('/v1/charges'),
    events: await first('/v1/events'),
    deliveries: await first('/_sandbox/deliveries')
  }
  // What a parameter names, by its name.
  const named: Readonly<Record<string, string | undefined>> = {
    payment_intent: intent, payment_method: method.id, customer: customer.id, product: product.id, price: price.id, checkout_session: session.id, refund: refund.id, endpoint: endpoint.id
  }
  /** An id of the same look that nobody has. */
  const unknown = (id: string): string => id.replace(/\d{6}$/, digits => String((Number(digits) + 1) % 1_000_000).padStart(6, '0'))
  const sources = [...Object.values(ids), session.payment_intent].map(id => [id, unknown(id)] as const)
  for (const [, id] of sources) t.notOk(sandbox.database.has(id), `${id} does not exist`)
  /** An answer in which the two ids cannot be told from each other; nor can what is new with each call. */
  const seen = ({ status, text }: Answer): string => `${status} ${sources.reduce((all, [id, none]) => all.replaceAll(id, 'ID').replaceAll(none, 'ID'), text)}`

  const state = async (): Promise<string> => JSON.stringify(await Promise.all(['/v1/payment_intents', '/v1/customers', '/v1/payment_methods', '/v1/products', '/v1/prices', '/v1/checkout/sessions',
    '/v1/refunds', '/v1/charges', '/v1/events', '/v1/webhook_endpoints', '/_sandbox/faults', '/_sandbox/deliveries'].map(async path => (await sandbox.call('GET', path, undefined, mine)).text)))
  await sandbox.call('GET', '/v1/events', undefined, other)
  const own = (await sandbox.call('POST', '/v1/customers', {}, other)).body.id
  const before = await state()
  let tried = 0
  const same = async (operation: Operation, path: (id: string) => string, body: (id: string) => unknown, id: string, what: string): Promise<void> => {
    tried++
    const name = `${operation.method} ${operation.path} ${what}`
    const [ofAnother, ofNobody] = [await sandbox.call(operation.method, path(id), body(id), other), await sandbox.call(operation.method, path(unknown(id)), body(unknown(id)), other)]
    t.equal(seen(ofAnother), seen(ofNobody), name)
    t.ok(ofAnother.status < 500, name)
    if (what === '{id}') t.match(ofAnother, { status: 404, body: { error: { code: 'resource_missing' } } }, name)
  }
  const refused = new Set<string>()
  for (const operation of OPERATIONS) {
    const { method: verb, path, query, fields } = operation
    // What is needed beside the id, so that the id is what it is refused for.
    const least = path === '/v1/payment_methods/{id}/attach' ? { customer: own } : {}
    const body = verb === 'POST' ? least : undefined
    const fill = (id: string): string => path.replace('{id}', id).replace('{payment_method}', method.id).replace('{name}', 'own')
    const resource = /\/(\w+)\/\{id\}/.exec(path)?.[1]
    if (resource !== undefined) {
      const id = ids[resource]
      if (id === undefined) throw new Error(`There is nothing of ${resource}`)
      await same(operation, fill, () => body, id, '{id}')
      refused.add(`${verb} ${path}`)
    }
    // The rest of the call has the caller's own id.
    const at = resource === undefined ? fill('') : fill(own)
    if (resource === undefined || resource === 'customers') {
      if (path.includes('{payment_method}')) await same(operation, id => at.replace(method.id, id), () => undefined, method.id, '{payment_method}')
      for (const name of query) {
        const id = named[name] ?? (['starting_after', 'ending_before'].includes(name) ? ids[path.split('/').findLast(part => part in ids) ?? ''] : undefined)
        const rest = path === '/_sandbox/wait' ? '&status=canceled&timeout_ms=0' : ''
        if (id !== undefined) await same(operation, id => `${at}?${name}=${id}${rest}`, () => undefined, id, name)
      }
    }
    for (const field of verb === 'POST' ? fields : []) {
      const id = named[String(field.path.at(-1))]
      // A method's name stands there, or the id of a method.
      if (id === undefined || resource !== undefined) continue
      const [address, needed] = await REQUESTS[path]?.(async (path, body) => await maker(sandbox)(path, body, other)) ?? ['', {}]
      const bare = path === '/_sandbox/shopper' ? {} : path === '/v1/payment_intents' ? INTENT : needed
      await same(operation, () => address, id => withField(bare, field.path, id), id, field.name)
    }
    if (fields.some(({ name }) => name === 'url') && path === '/_sandbox/shopper') {
      await same(operation, () => path, id => ({ url: session.url.replace(session.id.slice(3), id.slice(3)) }), session.id, 'url')
    }
  }
  t.comment(`${tried} ids, ${refused.size} routes with one`)
  t.same([...refused].toSorted(), OPERATIONS.filter(({ path }) => path.includes('{id}')).map(({ method, path }) => `${method} ${path}`).toSorted(), 'every route with an id was tried')
  t.equal(await state(), before, 'nothing of the other account has changed')

  // Nor does the time tell: the middle of many calls, by turns.
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < 400; round++) {
    for (const [index, id] of [intent, unknown(intent)].entries()) {
      const began = performance.now()
      await sandbox.call('GET', `/v1/payment_intents/${id}`, undefined, other)
      if (round >= 100) times[index]?.push(performance.now() - began)
    }
  }
  const [ofAnother = 0, ofNobody = 0] = times.map(each => each.toSorted((a, b) => a - b)[150])
  t.comment(`${ofAnother.toFixed(3)} ms and ${ofNobody.toFixed(3)} ms`)
  t.ok(Math.abs(ofAnother - ofNobody) < 0.5, 'both take the same time')
})

t.test('no key, token or password is printed, shown, answered or stored', async t => {
  t.setTimeout(120_000)
  const [body, live, token, password] = ['Qk7keyQk7keyQk7', 'Lv9liveLv9liveLv9', 'Tk5tokenTk5tokenTk5', 'Pw3passwordPw3']
  const key = `sk_test_${body}`
  const folder = newFolder(t)
  const child = run(t, folder, {
    flags: ['--port', '0', '--log-level', 'debug', '--data-file', 'state/sandbox.json', '--webhook-retries', 'none'],
    environment: { SANDBOX_TOKEN: token, WEBHOOK_URL: `http://siti:${password}@127.0.0.1:9/`, API_KEYS: `${key},sk_test_sandbox` }
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', part => { printed += String(part) })
  while (!/curl [^]*\n\n$/.test(printed)) await once(child.stdout ?? child, 'data')
  const url = /listens on (https?:\/\/\S+)/.exec(printed)?.[1] ?? ''
  // There the first of API_KEYS stands to be copied, and nowhere else.
  const greeting = printed
  printed = ''

  const answers: Array<readonly [what: string, text: string]> = []
  const ask = async (method: string, path: string, sent?: unknown, { key: as = key, headers = {} }: CallOptions = {}): Promise<Answer> => {
    const answer = await call(url, method, path, sent, { key: as, headers: { ...(path.startsWith('/v1') ? {} : { 'x-sandbox-token': token }), ...headers } })
    const head = JSON.stringify([...answer.headers].filter(([name]) => name !== 'set-cookie'))
    answers.push([`${method} ${path} → ${answer.status}`, `${head}\n${answer.text}`])
    return answer
  }
  const listening = new AbortController()
  const stream = await fetch(`${url}/_sandbox/stream`, { headers: { 'x-sandbox-token': token }, signal: listening.signal })
  const told: string[] = []
  const heard = (async () => { for await (const part of stream.body ?? []) told.push(Buffer.from(part).toString()) })().catch(() => {})

  // A journey.
  const { body: { secret, id: endpoint } } = await ask('POST', '/v1/webhook_endpoints', { url: 'http://127.0.0.1:9/own', enabled_events: ['*'] })
  const { body: intent } = await ask('POST', '/v1/payment_intents', { ...CONFIRMED, metadata: { order: '7' } })
  const { body: session } = await ask('POST', '/v1/checkout/sessions', SESSION)
  const page = `/v1/receives/dana/pay/${intent.id}`
  await ask('GET', page)
  await ask('GET', session.url.slice(url.length))
  await ask('POST', '/_sandbox/shopper', { payment_intent: intent.id, outcome: 'pay' })
  await ask('POST', '/v1/refunds', { payment_intent: intent.id }, { headers: { 'idempotency-key': 'once' } })
  const publishable = new URL(session.url).searchParams.get('key') ?? ''
  await ask('GET', `/v1/payment_intents/${intent.id}?client_secret=${intent.client_secret}`, undefined, { key: publishable })
  await ask('GET', `/v1/payment_intents/${intent.id}?client_secret=${intent.client_secret}x`, undefined, { key: publishable })
  await ask('POST', '/_sandbox/settle', {})

  // Keys and tokens where they do not belong.
  for (const wrong of [`sk_live_${live}`, key]) {
    for (const authorization of [`Bearer ${wrong}`, wrong, `Token ${wrong}`, `Basic ${wrong}`]) await ask('GET', '/v1/events', undefined, { key: null, headers: { authorization } })
    for (const path of ['/v1/events', '/v1/nothing', '/_sandbox', '/_sandbox/deliveries', '/_sandbox/scenarios', '/dashboard', '/dashboard/payments', '/pay', '/v1/receives/dana/pay', '/assets', '/docs', '/elsewhere']) {
      await ask('GET', `${path}/${wrong}`)
      await ask('POST', `${path}/${wrong}`, {})
    }
    for (const path of ['/v1/events', '/v1/payment_intents/search', '/_sandbox/clock', '/', '/dashboard/requests', page, '/docs/']) {
      await ask('GET', `${path}?api_key=${wrong}`)
      await ask('GET', `${path}?${wrong}=1`)
    }
    for (const sent of [{ api_key: wrong }, { [wrong]: 1 }, { ...INTENT, currency: wrong }, { ...INTENT, amount: wrong }, { ...INTENT, customer: wrong }, { ...INTENT, payment_method: wrong }, { ...CONFIRMED, return_url: `javascript:${wrong}` }, `{"api_key":"${wrong}"`]) {
      await ask('POST', '/v1/payment_intents', sent)
      await ask('POST', '/_sandbox/shopper', sent)
      await ask('POST', '/_sandbox/account', typeof sent === 'string' ? sent : { switches: sent })
    }
    await ask('GET', '/v1/events', undefined, { headers: { cookie: `key=${wrong}`, 'x-api-key': wrong, 'x-sandbox-token': token, 'user-agent': wrong } })
    await ask('GET', '/_sandbox/clock', undefined, { key: null, headers: { 'sandbox-account': wrong } })
    await ask('POST', `${page}/outcome`, { outcome: wrong })
    await ask('POST', '/dashboard/actions/shopper', `payment_intent=${wrong}&outcome=pay`, { headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  }
  await ask('GET', '/v1/events', undefined, { key: `sk_live_${live}` })
  await ask('GET', '/v1/events', undefined, { key: 'sk_test_of_nobody' })
  await ask('GET', `/?token=${token}`, undefined, { headers: { 'x-sandbox-token': '' } })
  await ask('GET', `/?token=${token}x`, undefined, { headers: { 'x-sandbox-token': '' } })
  await ask('GET', '/_sandbox/clock', undefined, { headers: { 'x-sandbox-token': `${token}x` } })
  const wayBack = await ask('POST', '/_sandbox/shopper', { checkout_session: session.id, outcome: 'insufficient-balance' })
  t.equal(wayBack.status, 200)
  await ask('POST', '/_sandbox/settle', {})

  // Whatever can be read, of the account and of all.
  const delivery = (await ask('GET', '/_sandbox/deliveries?limit=100')).body.data.find(({ endpoint: of }: Body) => of !== endpoint)
  t.match(delivery.url, 'http://127.0.0.1:9/', 'a webhook has gone to the address with the password')
  const reads = OPERATIONS.filter(({ method, path }) => method === 'GET' && path.startsWith('/_sandbox')).map(({ path }) => path.replace('{id}', delivery.id))
  const views = ['/', ...Object.keys(TABS).map(view => `/dashboard/${view}`), `/dashboard/payments/${intent.id}`, `/dashboard/payments/${session.payment_intent}`]
  const shown: string[] = []
  for (const path of [...reads, ...views, ...['html', 'junit', 'json'].map(format => `/_sandbox/coverage?format=${format}`), '/_sandbox/requests?limit=100', '/_sandbox/deliveries?limit=100', '/docs/json', page]) {
    for (const as of [key, null]) {
      const answer = await ask('GET', path, undefined, { key: as })
      shown.push(answer.text)
    }
  }
  listening.abort()
  await heard
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit

  const files = readdirSync(join(folder, 'state')).map(name => join(folder, 'state', name))
  t.ok(files.length > 0)
  const stored = files.map(file => readFileSync(file, 'utf8')).join('\n')
  for (const file of files) t.equal(statSync(file).mode & 0o777, 0o600, `${file.slice(folder.length)} is its owner's only`)
  t.match(printed, `GET ${page} → 200`, 'calls were logged')
  t.match(told.join(''), 'event: request', 'the stream has told of calls')
  t.match(stored, intent.id)
  t.match(shown.join('\n'), '/v1/events/sk_live_…', 'the log of requests shows where a key was sent')

  const base64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '')
  const never = { 'the key': body, 'its base64 form': base64(key).slice(0, -1), 'the live key': live, 'its base64 form, live': base64(`sk_live_${live}`).slice(0, -1), 'the token': token }
  const secrets = { 'a webhook secret': secret, 'a client_secret': intent.client_secret, 'that of a session': session.client_secret }
  const leaks = (text: string, needles: Readonly<Record<string, string>>): string[] => Object.entries(needles).flatMap(([what, needle]) => {
    const at = text.indexOf(needle)
    return at === -1 ? [] : [`${what}: ${text.slice(Math.max(0, at - 60), at + needle.length)}`]
  })
  const has = (place: string, text: string, needles: Readonly<Record<string, string>>): void => { t.same(leaks(text, needles), [], `${place} has none`) }
  has('the log', printed, { ...never, ...secrets, 'a password': password })
  has('the greeting', greeting.replaceAll(key, ''), { ...never, 'a password': password })
  has('the stream', told.join(''), { ...never, ...secrets, 'a password': password })
  has('the state', stored, never)
  t.same(answers.flatMap(([what, text]) => leaks(text, never).map(leak => `${what}: ${leak}`)), [], 'no answer has any')
  has('what is shown', shown.join('\n'), { ...secrets, 'a password': password })
})

interface Lock { readonly packages: Readonly<Record<string, { readonly dev?: boolean, readonly hasInstallScript?: boolean }>> }

const npm = async (args: readonly string[]): Promise<{ stdout: string, failed: boolean }> =>
  await promisify(execFile)('npm', args, { maxBuffer: 1 << 26 }).then(({ stdout }) => ({ stdout, failed: false }), ({ stdout }: { stdout: string }) => ({ stdout, failed: true }))

/** Packages whose code ships: installed beside the program, or built into it. */
function shippedPackages (): Set<string> {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
  const beside = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true).map(([path]) => path.replace(/^.*node_modules\//, ''))
  const within = [...readFileSync('dist/licenses.txt', 'utf8').matchAll(/^((?:@[\w.-]+\/)?[\w.-]+) \d+\.\d+\.\d+\S* \(.+\)$/gm)].map(([, name = '']) => name)
  return new Set([...beside, ...within])
}

t.test('no package that ships runs anything when it is installed, and the lock file is in step with the manifest', async t => {
  t.setTimeout(60_000)
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
  const shipped = shippedPackages()
  for (const name of ['fastify', '@fastify/swagger-ui', 'undici', 'typebox']) t.ok(shipped.has(name), `${name} ships`)
  t.same(Object.entries(packages).filter(([path, { hasInstallScript }]) => hasInstallScript === true && shipped.has(path.replace(/^.*node_modules\//, ''))).map(([path]) => path), [])
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  t.same(Object.keys(scripts).filter(name => /^(?:pre|post)?install$/.test(name)), [], 'nor does the sandbox itself')
  t.notOk((await npm(['ci', '--dry-run', '--offline', '--ignore-scripts', '--no-audit'])).failed, 'npm ci takes the lock file')
})

const audit = JSON.parse((await npm(['audit', '--json'])).stdout || '{}') as { vulnerabilities?: Readonly<Record<string, { readonly severity: string }>> }
const noAudit = audit.vulnerabilities === undefined && { skip: 'the registry does not answer npm audit' }

t.test('no package that ships has a known vulnerability of high severity', noAudit || {}, t => {
  const shipped = shippedPackages()
  const known = Object.entries(audit.vulnerabilities ?? {}).filter(([name, { severity }]) => shipped.has(name) && ['high', 'critical'].includes(severity))
  t.same(known.map(([name, { severity }]) => `${name}: ${severity}`), [])
  t.end()
})

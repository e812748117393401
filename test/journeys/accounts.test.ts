import t, { type Test } from 'tap'
import { newCustomer } from '../support/customer.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'
import { type Answer, counts, type RunningSandbox, startSandbox } from '../support/sandbox.ts'

const A = 'sk_test_a'
const B = 'sk_test_b'

const INTENT = { amount: 5000, currency: 'IDR', return_url: 'https://shop.test' }
const SESSION = {
  success_url: 'https://shop.test/done',
  line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
}

type Body = Answer['body']
type Call = (method: string, path: string, body?: unknown) => Promise<Answer>

/** Objects by the path of their resource, or answers by the path of the call. */
type Things = Readonly<Record<string, Body>>

interface Schema { readonly properties?: Readonly<Record<string, Schema>>, readonly items?: Schema }
interface Operation {
  readonly parameters?: ReadonlyArray<{ readonly in: string, readonly name: string }>
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
}

/** All that the OpenAPI document describes, one row for each operation. */
interface Described { readonly method: string, readonly path: string, readonly operation: Operation }

interface Shops {
  readonly sandbox: RunningSandbox
  readonly operations: readonly Described[]
  readonly a: Call
  readonly b: Call
  /** One of everything that A has. */
  readonly things: Things
  readonly receiver: Receiver
  /** All that account A can read. */
  readonly everythingOfA: () => Promise<Things>
}

/** A sandbox in which account A has one of everything, and account B was never heard of. */
async function open (t: Test): Promise<Shops> {
  // Refunds stay pending, since the clock stands still.
  const sandbox = await startSandbox(t, { REFUND_MODE: 'async', CLOCK: '2026-01-01' })
  const receiver = await startReceiver(t)
  const document = (await sandbox.call('GET', '/openapi/wooshpay.json', undefined, { key: null })).body as { paths: Record<string, Record<string, Operation>> }
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })))
  const a: Call = (method, path, body) => sandbox.call(method, path, body, { key: A })
  const b: Call = (method, path, body) => sandbox.call(method, path, body, { key: B })
  const things = await makeEverything(a, receiver.url)

  const reads = operations.filter(({ method }) => method === 'GET').map(({ path, operation }) => addressOf(path, operation, things))
  const everythingOfA = async (): Promise<Things> => {
    const answers: Record<string, Body> = {}
    for (const path of reads) {
      const { status, body } = await a('GET', path)
      if (status !== 200) throw new Error(`The owner cannot read ${path}: ${JSON.stringify(body)}`)
      answers[path] = body
    }
    return answers
  }
  return { sandbox, operations, a, b, things, receiver, everythingOfA }
}

async function makeEverything (a: Call, webhooks: string): Promise<Things> {
  const make = (path: string, body: object): Promise<Body> => create(a, path, body)
  const endpoint = await make('/v1/webhook_endpoints', { url: webhooks, enabled_events: ['*'] })
  const customer = await make('/v1/customers', { email: 'siti@shop.test', name: 'Siti' })
  const { id: method } = await make('/v1/payment_methods', { type: 'dana', metadata: { shop: 'a' } })
  const attached = await make(`/v1/payment_methods/${method}/attach`, { customer: customer.id })
  const product = await make('/v1/products', { name: 'apple' })
  const price = await make('/v1/prices', { currency: 'IDR', unit_amount: 20000, product: product.id, lookup_key: 'apple' })
  const session = await make('/v1/checkout/sessions', {
    success_url: 'https://shop.test/done',
    line_items: [{ price: price.id, quantity: 2 }],
    payment_method_types: ['dana'],
    customer: customer.id,
    client_reference_id: 'order-7'
  })
  const shopper = newCustomer()
  await shopper.open(session.url)
  await shopper.press('pay')
  await shopper.press('continue', { phone: '081200000001' })
  await shopper.press('continue', { pin: '123456' })
  await shopper.press('pay')
  const intent = await make('/v1/payment_intents', { ...INTENT, customer: customer.id, payment_method: method, merchant_order_id: 'order-8' })
  const refund = await make('/v1/refunds', { payment_intent: session.payment_intent, amount: 5000 })
  return {
    '/v1/webhook_endpoints': endpoint,
    '/v1/customers': customer,
    '/v1/payment_methods': attached,
    '/v1/products': product,
    '/v1/prices': price,
    '/v1/checkout/sessions': (await a('GET', `/v1/checkout/sessions/${session.id}`)).body,
    '/v1/payment_intents': intent,
    '/v1/refunds': refund,
    '/v1/charges': (await a('GET', `/v1/charges?payment_intent=${session.payment_intent}`)).body.data[0],
    '/v1/events': (await a('GET', '/v1/events?type=payment_intent.succeeded')).body.data[0]
  }
}

async function create (call: Call, path: string, body: object): Promise<Body> {
  const answer = await call('POST', path, body)
  if (answer.status !== 200) throw new Error(`POST ${path} → ${answer.text}`)
  return answer.body
}

/** A documented path with the ids of these things in it, and a query where one is needed. */
function addressOf (path: string, { parameters = [] }: Operation, things: Things): string {
  const id = things[path.slice(0, path.indexOf('/{id}'))]?.id ?? 'none of these'
  const address = path.replace('{id}', id).replace('{payment_method}', things['/v1/payment_methods']?.id)
  return parameters.some(({ name }) => name === 'query') ? `${address}?query=amount:5000` : address
}

function parametersOf ({ parameters = [] }: Operation): string[] {
  return parameters.filter(place => place.in === 'query').map(({ name }) => name)
}

t.test('what one account has is in no list of another, whatever the list is asked for', async t => {
  const { operations, a, b, things, everythingOfA } = await open(t)
  const before = await everythingOfA()
  const [session, customer] = [things['/v1/checkout/sessions'], things['/v1/customers']]
  // Each of them finds something of A's.
  const filters: Readonly<Record<string, readonly string[]>> = {
    query: [
      'query=merchant_order_id:%27order-7%27', 'query=status:%27succeeded%27', 'query=currency:%27IDR%27', 'query=amount:40000', `query=customer:%27${customer.id}%27`
    ],
    customer: [`customer=${customer.id}`],
    customer_details: ['customer_details[email]=siti@shop.test'],
    payment_intent: [`payment_intent=${session.payment_intent}`],
    email: ['email=siti@shop.test'],
    type: ['type=dana', 'type=payment_intent.succeeded'],
    active: ['active=true'],
    product: [`product=${things['/v1/products'].id}`],
    lookup_key: ['lookup_key=apple'],
    created: ['created[gte]=1767225600000']
  }
  const lists = operations.filter(({ method, path }) => method === 'GET' && !path.includes('{'))
  t.ok(lists.length >= 12)
  for (const { path, operation } of lists) {
    const names = parametersOf(operation)
    if (!names.includes('query')) {
      t.same((await b('GET', path)).body, { object: 'list', url: path, has_more: false, data: [] }, path)
      t.not((await a('GET', path)).body.data.length, 0, `${path} of its owner`)
    }
    for (const name of names.filter(name => !['limit', 'starting_after', 'ending_before'].includes(name))) {
      const queries = filters[name]?.filter(query => !query.startsWith('type=') || query.includes('.') === (path === '/v1/events')) ?? []
      t.not(queries.length, 0, `there is something to ask ${path} for by ${name}`)
      for (const query of queries) {
        t.not((await a('GET', `${path}?${query}`)).body.data.length, 0, `${path}?${query} finds what its owner has`)
        t.same((await b('GET', `${path}?${query}`)).body, { object: 'list', url: path, has_more: false, data: [] }, `${path}?${query}`)
      }
    }
  }
  t.same(await everythingOfA(), before)
})

t.test('what one account has is unknown to another at every path with an id', async t => {
  const { sandbox, operations, a, b, things, everythingOfA } = await open(t)
  const before = await everythingOfA()
  const own = await create(b, '/v1/customers', { email: 'budi@shop.test' })
  const bodies: Readonly<Record<string, object>> = {
    '/v1/payment_intents/{id}': { amount: 6000, description: 'of another' },
    '/v1/payment_intents/{id}/confirm': { payment_method_data: { type: 'dana' }, return_url: 'https://shop.test' },
    '/v1/payment_intents/{id}/cancel': { cancellation_reason: 'duplicate' },
    '/v1/payment_intents/{id}/capture': {},
    '/v1/payment_methods/{id}': { metadata: { shop: 'b' } },
    '/v1/payment_methods/{id}/attach': { customer: own.id },
    '/v1/payment_methods/{id}/detach': {},
    '/v1/customers/{id}': { name: 'Budi' },
    '/v1/products/{id}': { name: 'pear' },
    '/v1/prices/{id}': { active: false },
    '/v1/checkout/sessions/{id}/expire': {},
    '/v1/webhook_endpoints/{id}': { status: 'disabled' }
  }
  const calls = operations.filter(({ path }) => path.includes('{id}'))
  t.same(calls.filter(({ method }) => method === 'POST').map(({ path }) => path).toSorted(), Object.keys(bodies).toSorted(), 'there is a body for every call')
  t.ok(calls.some(({ method }) => method === 'DELETE'))
  const held = await counts(sandbox)
  for (const { method, path, operation } of calls) {
    const address = addressOf(path, operation, things)
    t.notMatch(address, 'none of these', 'A has one')
    const answer = await b(method, address, method === 'POST' ? bodies[path] : undefined)
    t.equal(answer.status, 404, `${method} ${path}`)
    t.match(answer.body.error, { type: 'invalid_request_error', code: 'resource_missing', param: 'id', message: /^No such / }, `${method} ${path}`)
  }
  const method = things['/v1/payment_methods'].id
  t.equal((await b('GET', `/v1/customers/${own.id}/payment_methods/${method}`)).body.error?.code, 'resource_missing', 'nor under a customer of its own')
  t.same((await b('GET', `/v1/customers/${own.id}/payment_methods`)).body.data, [])
  t.same(await counts(sandbox), held)
  t.same(await everythingOfA(), before)

  const [session, intent] = [things['/v1/checkout/sessions'], things['/v1/payment_intents']]
  const keyOfA = new URL(session.url).searchParams.get('key') ?? ''
  const keyOfB = new URL((await create(b, '/v1/checkout/sessions', SESSION)).url).searchParams.get('key') ?? ''
  const page = session.url.slice(sandbox.url.length)
  t.equal((await sandbox.call('GET', page, undefined, { key: null })).status, 200)
  t.equal((await sandbox.call('GET', page.replace(keyOfA, keyOfB), undefined, { key: null })).status, 404, 'a page opens with the key of its own account only')
  const withSecret = `/v1/payment_intents/${intent.id}?client_secret=${intent.client_secret}`
  t.same((await sandbox.call('GET', withSecret, undefined, { key: keyOfA })).body, intent)
  t.match(await sandbox.call('GET', withSecret, undefined, { key: keyOfB }), { status: 404, body: { error: { code: 'resource_missing' } } })
  t.match(await sandbox.call('POST', `/v1/payment_intents/${intent.id}/confirm`, { client_secret: intent.client_secret }, { key: keyOfB }), { status: 404 })
  t.equal((await a('GET', `/v1/payment_intents/${intent.id}`)).body.status, 'requires_confirmation')
})

t.test('what one account has cannot be named by another in a parameter', async t => {
  const { sandbox, operations, b, things, receiver, everythingOfA } = await open(t)
  const before = await everythingOfA()
  const mine = await startReceiver(t)
  await create(b, '/v1/webhook_endpoints', { url: mine.url, enabled_events: ['*'] })
  const own = {
    customer: await create(b, '/v1/customers', { email: 'budi@shop.test' }),
    method: await create(b, '/v1/payment_methods', { type: 'dana' }),
    intent: await create(b, '/v1/payment_intents', { ...INTENT, payment_method_types: ['dana'] }),
    session: await create(b, '/v1/checkout/sessions', SESSION)
  }
  const [customer, method, product, price] = ['customers', 'payment_methods', 'products', 'prices'].map(name => things[`/v1/${name}`].id)
  const paid = things['/v1/checkout/sessions'].payment_intent
  const [{ price_data: data }] = SESSION.line_items as [(typeof SESSION.line_items)[0]]

  const table: ReadonlyArray<[string, string, object]> = [
    ['/v1/payment_intents', 'customer', { ...INTENT, customer }],
    ['/v1/payment_intents', 'payment_method', { ...INTENT, payment_method: method }],
    ['/v1/payment_intents/{id}/confirm', 'payment_method', { payment_method: method }],
    ['/v1/checkout/sessions', 'customer', { ...SESSION, customer }],
    ['/v1/checkout/sessions', 'line_items[0][price]', { ...SESSION, line_items: [{ price, quantity: 1 }] }],
    ['/v1/checkout/sessions', 'line_items[0][price_data][product]', {
      ...SESSION, line_items: [{ price_data: { ...data, product, product_data: undefined }, quantity: 1 }]
    }],
    ['/v1/prices', 'product', { currency: 'IDR', unit_amount: 20000, product }],
    ['/v1/refunds', 'payment_intent', { payment_intent: paid }],
    ['/v1/customers', 'payment_method', { email: 'ani@shop.test', payment_method: method }],
    ['/v1/customers/{id}', 'payment_method', { payment_method: method }],
    ['/v1/payment_methods/{id}/attach', 'customer', { customer }]
  ]
  const naming = operations.filter(({ method }) => method === 'POST')
    .flatMap(({ path, operation }) => namingParameters(operation).map(param => [path, param]))
  t.same(naming.toSorted(), table.map(([path, param]) => [path, param]).toSorted(), 'the table has every parameter of the document that names an object')

  const addresses: Things = {
    '/v1/customers': own.customer, '/v1/payment_methods': own.method, '/v1/payment_intents': own.intent, '/v1/checkout/sessions': own.session
  }
  const held = await counts(sandbox)
  for (const [path, param, body] of table) {
    const answer = await b('POST', addressOf(path, {}, addresses), body)
    t.equal(answer.status, 400, `${path} ${param}`)
    t.match(answer.body.error, { code: 'resource_missing', param, message: /^No such / }, `${path} ${param}`)
  }

  // Cursors: the ids of A's own list, sent to the same list of B's.
  const paged = operations.filter(({ operation }) => parametersOf(operation).includes('starting_after'))
  t.ok(paged.length >= 13)
  for (const { path, operation } of paged) {
    const [{ id }] = before[addressOf(path, operation, things)].data
    for (const cursor of ['starting_after', 'ending_before']) {
      const answer = await b('GET', `${addressOf(path, operation, addresses)}?${cursor}=${id}`)
      t.equal(answer.status, 400, `${path} ${cursor}`)
      t.match(answer.body.error, { code: 'resource_missing', param: cursor, message: id }, `${path} ${cursor}`)
    }
  }
  t.same(await counts(sandbox), held)
  t.same(await everythingOfA(), before)

  // Each is told of its own only; events of different objects arrive in any order.
  await mine.waitFor(2)
  await receiver.waitFor(4)
  const told = ({ received }: Receiver): string[] => received.map(({ event }) => `${event.type} ${event.data.object.id}`).toSorted()
  t.same(told(mine), [`payment_intent.created ${own.intent.id}`, `payment_intent.created ${own.session.payment_intent}`])
  t.same(told(receiver), [
    `payment_intent.created ${paid}`, `payment_intent.created ${things['/v1/payment_intents'].id}`,
    `payment_intent.requires_action ${paid}`, `payment_intent.succeeded ${paid}`
  ])
})

/** The parameters of a body that name an object by its id. */
function namingParameters ({ requestBody }: Operation): string[] {
  const names = ['customer', 'payment_intent', 'payment_method', 'price', 'product', 'refund', 'charge', 'checkout_session']
  const walk = ({ properties = {}, items }: Schema, path: string): string[] => [
    ...items === undefined ? [] : walk(items, `${path}[0]`),
    ...Object.entries(properties).flatMap(([name, schema]) => {
      const inner = path === '' ? name : `${path}[${name}]`
      return names.includes(name) ? [inner] : walk(schema, inner)
    })
  ]
  return walk(requestBody?.content['application/json'].schema ?? {}, '')
}

t.test('a pending refund is ended by its own account, or by a call without a key', async t => {
  const { sandbox, a, things, everythingOfA } = await open(t)
  const refund = things['/v1/refunds']
  t.equal(refund.status, 'pending')
  const before = await everythingOfA()
  const publishable = new URL(things['/v1/checkout/sessions'].url).searchParams.get('key') ?? ''
  for (const end of ['settle', 'fail']) {
    const path = `/_sandbox/refunds/${refund.id}/${end}`
    const ofAnother = await sandbox.call('POST', path, {}, { key: B })
    t.equal(ofAnother.status, 404)
    t.match(ofAnother.body.error, { code: 'resource_missing', param: 'id', message: `No such refund: "${refund.id}".` })
    const ofThePage = await sandbox.call('POST', path, {}, { key: publishable })
    t.equal(ofThePage.status, 403)
    t.match(ofThePage.body.error, { code: 'secret_key_required', message: 'takes a secret key, or none; not a publishable one' })
    t.match(await sandbox.call('POST', `/_sandbox/refunds/re_1/${end}`, {}, { key: null }), { status: 404, body: { error: { code: 'resource_missing' } } })
  }
  t.same(await everythingOfA(), before)

  const settled = await sandbox.call('POST', `/_sandbox/refunds/${refund.id}/settle`, {}, { key: null })
  t.equal(settled.status, 200)
  t.same(settled.body, { ...refund, status: 'succeeded' })
  t.same((await a('GET', `/v1/refunds/${refund.id}`)).body, settled.body)
  t.equal((await sandbox.call('GET', '/v1/events', undefined, { key: B })).body.data.length, 0, 'nobody else is told')
})

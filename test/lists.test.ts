import t, { type Test } from 'tap'
import { request } from 'undici'
import { newCustomer } from './support/customer.ts'
import { type Answer, counts, KEY, type RunningSandbox, startSandbox } from './support/sandbox.ts'

const INTENT = { amount: 5000, currency: 'IDR', payment_method_types: ['dana'], return_url: 'https://shop.test' }
const APPLE = { price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }
const SESSION = { success_url: 'https://shop.test/done', cancel_url: 'https://shop.test/basket', payment_method_types: ['dana'], line_items: [APPLE] }

/** When the three objects of a list are made. */
const TIMES = [1767225600000, 1767225660000, 1767225720000] as const
const NAMES = ['first', 'second', 'third'] as const

type Body = Answer['body']
type Parameters = Readonly<Record<string, unknown>>

/** One account, as its owner uses it. */
interface Shop {
  readonly key: string
  readonly make: (path: string, body?: object) => Promise<Body>
  readonly get: (path: string) => Promise<Body>
  /** Makes a payment that the customer has made. */
  readonly sell: (details?: object) => Promise<Body>
}

function openShop (sandbox: RunningSandbox, key: string): Shop {
  const call = async (method: string, path: string, body?: object): Promise<Body> => {
    const answer = await sandbox.call(method, path, body, { key })
    if (answer.status !== 200) throw new Error(`${method} ${path} → ${answer.text}`)
    return answer.body
  }
  return {
    key,
    make: (path, body) => call('POST', path, body ?? {}),
    get: path => call('GET', path),
    sell: async details => {
      const { id } = await call('POST', '/v1/payment_intents', { ...INTENT, confirm: true, ...details })
      await sandbox.call('POST', `/v1/receives/dana/pay/${id}/outcome`, { outcome: 'pay' })
      return await call('GET', `/v1/payment_intents/${id}`)
    }
  }
}

/** What a list is tested with. */
interface Case {
  /** Its path, where the document's has braces. */
  readonly path?: string
  /** Makes the first, the second and the third object. */
  readonly makers: ReadonlyArray<() => Promise<Body>>
  /** By the parameter of the document: what is asked for, and what then is answered. */
  readonly filters?: (made: readonly Body[]) => Readonly<Record<string, ReadonlyArray<[Parameters, string]>>>
}

/** Every list but the line items, which have an order of their own, and search, which takes no cursors. */
const LISTS: Readonly<Record<string, (shop: Shop) => Promise<Case>>> = {
  '/v1/payment_intents': async ({ make }) => {
    const { id: customer } = await make('/v1/customers')
    const ofCustomer = (): Promise<Body> => make('/v1/payment_intents', { ...INTENT, customer })
    return {
      makers: [ofCustomer, () => make('/v1/payment_intents', INTENT), ofCustomer],
      filters: ([, second]) => ({
        customer: [
          [{ customer }, 'third first'], [{ customer, limit: 1 }, 'third …'], [{ customer, starting_after: second.id }, 'first'],
          [{ customer, created: { gt: 1767225600000 } }, 'third'], [{ customer: 'cus_1' }, '']
        ]
      })
    }
  },
  '/v1/payment_methods': async ({ make }) => {
    const { id: customer } = await make('/v1/customers')
    const attached = async (type: string): Promise<Body> => make(`/v1/payment_methods/${(await make('/v1/payment_methods', { type })).id}/attach`, { customer })
    return {
      makers: [() => attached('dana'), () => make('/v1/payment_methods', { type: 'ovo' }), () => attached('ovo')],
      filters: () => ({
        customer: [[{ customer }, 'third first'], [{ customer: 'cus_1' }, '']],
        type: [[{ type: 'ovo' }, 'third second'], [{ type: 'dana' }, 'first'], [{ type: 'gcash' }, ''], [{ type: 'ovo', customer }, 'third']]
      })
    }
  },
  '/v1/customers/{id}/payment_methods': async ({ make }) => {
    const [{ id: customer }, { id: another }] = [await make('/v1/customers'), await make('/v1/customers')]
    const attached = async (type: string, owner: string): Promise<Body> =>
      make(`/v1/payment_methods/${(await make('/v1/payment_methods', { type })).id}/attach`, { customer: owner })
    await attached('dana', another)
    return {
      path: `/v1/customers/${customer}/payment_methods`,
      makers: [() => attached('dana', customer), () => attached('ovo', customer), () => attached('dana', customer)],
      filters: () => ({
        type: [
          [{ type: 'dana' }, 'third first'], [{ type: 'ovo' }, 'second'], [{ type: 'gcash' }, ''],
          [{ type: 'dana', customer: another }, 'third first'], [{ created: { gt: 1767225720000 } }, 'third second first']
        ]
      })
    }
  },
  '/v1/customers': async ({ make }) => {
    const withEmail = (email: string) => (): Promise<Body> => make('/v1/customers', { email })
    return {
      makers: [withEmail('siti@shop.test'), withEmail('budi@shop.test'), withEmail('siti@shop.test')],
      filters: () => ({ email: [[{ email: 'siti@shop.test' }, 'third first'], [{ email: 'budi@shop.test' }, 'second'], [{ email: 'shop.test' }, '']] })
    }
  },
  '/v1/products': async ({ make }) => ({
    makers: [
      () => make('/v1/products', { name: 'apple' }),
      () => make('/v1/products', { name: 'pear', active: false }),
      async () => make(`/v1/products/${(await make('/v1/products', { name: 'plum', active: false })).id}`, { active: true })
    ],
    filters: () => ({ active: [[{ active: true }, 'third first'], [{ active: false }, 'second']] })
  }),
  '/v1/prices': async ({ make }) => {
    const { id: product } = await make('/v1/products', { name: 'apple' })
    const price = { currency: 'IDR', unit_amount: 20000 }
    return {
      makers: [
        () => make('/v1/prices', { ...price, product, lookup_key: 'apple' }),
        () => make('/v1/prices', { ...price, product_data: { name: 'pear' }, lookup_key: 'pear', active: false }),
        async () => make(`/v1/prices/${(await make('/v1/prices', { ...price, product })).id}`, { lookup_key: 'apple' })
      ],
      filters: ([, second]) => ({
        active: [[{ active: true }, 'third first'], [{ active: false }, 'second'], [{ active: false, product }, '']],
        product: [[{ product }, 'third first'], [{ product: second.product.id }, 'second'], [{ product: 'prod_1' }, '']],
        lookup_key: [[{ lookup_key: 'apple' }, 'third first'], [{ lookup_key: 'pear' }, 'second'], [{ lookup_key: 'app' }, '']]
      })
    }
  },
  '/v1/checkout/sessions': sessions,
  '/v1/checkout/sessions/list': sessions,
  '/v1/charges': async shop => {
    const { id: customer } = await shop.make('/v1/customers')
    const charged = (details: object) => async (): Promise<Body> => shop.get(`/v1/charges/${(await shop.sell(details)).latest_charge}`)
    return {
      makers: [charged({ customer }), charged({}), charged({ customer })],
      filters: ([first, second]) => ({
        payment_intent: [
          [{ payment_intent: first.payment_intent }, 'first'], [{ payment_intent: second.payment_intent }, 'second'],
          [{ payment_intent: second.payment_intent, customer }, ''], [{ payment_intent: 'pi_1' }, '']
        ],
        customer: [[{ customer }, 'third first'], [{ customer: 'cus_1' }, '']]
      })
    }
  },
  '/v1/refunds': async shop => {
    const refunded = async (): Promise<Body> => shop.make('/v1/refunds', { payment_intent: (await shop.sell()).id })
    return {
      makers: [refunded, refunded, refunded],
      filters: ([first]) => ({
        payment_intent: [
          [{ payment_intent: first.payment_intent }, 'first'], [{ payment_intent: first.payment_intent, ending_before: first.id }, ''],
          [{ payment_intent: 'pi_1' }, '']
        ]
      })
    }
  },
  '/v1/webhook_endpoints': async ({ make }) => {
    const endpoint = (): Promise<Body> => make('/v1/webhook_endpoints', { url: 'http://127.0.0.1:9/', enabled_events: ['*'] })
    return { makers: [endpoint, endpoint, endpoint] }
  },
  '/v1/events': async shop => {
    const raised = async (path: string): Promise<Body> => {
      await shop.make(path, INTENT)
      return (await shop.get('/v1/events')).data[0]
    }
    let first = ''
    return {
      makers: [
        async () => {
          const event = await raised('/v1/payment_intents')
          first = event.data.object.id
          return event
        },
        () => raised(`/v1/payment_intents/${first}/cancel`),
        () => raised('/v1/payment_intents')
      ],
      filters: () => ({
        type: [[{ type: 'payment_intent.created' }, 'third first'], [{ type: 'payment_intent.canceled' }, 'second'], [{ type: 'payment_intent' }, '']]
      })
    }
  }
}

async function sessions ({ make }: Shop): Promise<Case> {
  const { id: customer } = await make('/v1/customers', { email: 'siti@shop.test' })
  return {
    makers: [
      () => make('/v1/checkout/sessions', { ...SESSION, customer }),
      () => make('/v1/checkout/sessions', { ...SESSION, customer_email: 'budi@shop.test' }),
      () => make('/v1/checkout/sessions', { ...SESSION, customer, customer_email: 'other@shop.test' })
    ],
    filters: ([first, second]) => ({
      customer: [[{ customer }, 'third first'], [{ customer: 'cus_1' }, '']],
      customer_details: [
        [{ customer_details: { email: 'siti@shop.test' } }, 'third first'], [{ customer_details: { email: 'budi@shop.test' } }, 'second'],
        [{ customer_details: { email: 'siti@shop.test' }, limit: 1, starting_after: second.id }, 'first'],
        [{ customer_details: { email: 'budi@shop.test' }, customer }, ''], [{ customer_details: { email: 'nobody@shop.test' } }, '']
      ],
      payment_intent: [
        [{ payment_intent: first.payment_intent }, 'first'], [{ payment_intent: second.payment_intent, customer }, ''], [{ payment_intent: 'pi_1' }, '']
      ]
    })
  }
}

/** The parameters of every list of the OpenAPI document, by its path. */
async function documentedLists (sandbox: RunningSandbox): Promise<Readonly<Record<string, readonly string[]>>> {
  interface Operation { readonly parameters?: ReadonlyArray<{ readonly in: string, readonly name: string }>, readonly responses: Body }
  const { paths } = (await sandbox.call('GET', '/openapi/wooshpay.json', undefined, { key: null })).body as { paths: Record<string, { get?: Operation }> }
  return Object.fromEntries(Object.entries(paths).flatMap(([path, { get }]) => {
    if (get?.responses['200'].content['application/json'].schema.properties?.has_more === undefined) return []
    return [[path, get.parameters?.filter(place => place.in === 'query').map(({ name }) => name) ?? []]]
  }))
}

/** Asks for a list with parameters in the query, in a JSON body (which `fetch` cannot send with GET), or in both. */
async function ask (
  { url }: RunningSandbox, key: string, path: string, { query = {}, body }: { query?: Parameters, body?: Parameters }
): Promise<Omit<Answer, 'headers'>> {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'object' || value === null) search.set(name, String(value))
    else for (const [inner, text] of Object.entries(value)) search.set(`${name}[${inner}]`, String(text))
  }
  const answer = await request(`${url}${path}?${search}`, {
    method: 'GET',
    headers: { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) })
  })
  const text = await answer.body.text()
  return { status: answer.statusCode, text, body: JSON.parse(text) }
}

async function askBothWays (sandbox: RunningSandbox, key: string, path: string, parameters: Parameters): Promise<Array<Awaited<ReturnType<typeof ask>>>> {
  return [await ask(sandbox, key, path, { query: parameters }), await ask(sandbox, key, path, { body: parameters })]
}

/** Names of the objects as they are answered; `…` when there are more. */
function named ({ data, has_more: hasMore }: Body, made: readonly Body[]): string {
  const names = data.map(({ id }: { id: string }) => NAMES[made.findIndex(object => object.id === id)])
  return [...names, ...hasMore === true ? ['…'] : []].join(' ')
}

async function makeThree (sandbox: RunningSandbox, { key }: Shop, makers: Case['makers']): Promise<Body[]> {
  const made: Body[] = []
  for (const [index, make] of makers.entries()) {
    if (index > 0) await sandbox.account(key).clock.moveTo(TIMES[index] ?? 0)
    made.push(await make())
  }
  return made
}

/** Parameters, and the code, the parameter and a piece of the message of their refusal. */
type Refusal = readonly [Parameters, string, string, string]

/** What every list with cursors refuses. */
function pageRefusals (id: string): readonly Refusal[] {
  return [
    [{ limit: 0 }, 'parameter_invalid', 'limit', 'must be >= 1'],
    [{ limit: 101 }, 'parameter_invalid', 'limit', 'must be <= 100'],
    [{ limit: 'x' }, 'parameter_invalid', 'limit', '"x" is not of type integer'],
    [{ limit: 1.5 }, 'parameter_invalid', 'limit', 'is not of type integer'],
    [{ starting_after: 'none_1' }, 'resource_missing', 'starting_after', ': "none_1".'],
    [{ ending_before: 'none_1' }, 'resource_missing', 'ending_before', ': "none_1".'],
    [{ starting_after: id, ending_before: id }, 'parameter_invalid', 'ending_before', 'cannot be combined with starting_after']
  ]
}

async function checkRefusals (t: Test, sandbox: RunningSandbox, key: string, path: string, table: readonly Refusal[]): Promise<void> {
  for (const [parameters, code, param, message] of table) {
    for (const { status, body } of await askBothWays(sandbox, key, path, parameters)) {
      t.equal(status, 400, `${path} ${JSON.stringify(parameters)}`)
      t.match(body.error, { type: 'invalid_request_error', code, param, message }, `${path} ${JSON.stringify(parameters)}`)
    }
  }
}

t.test('every list answers the newest first, by limit, cursor, time and filter, asked for by query or by body', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01T00:00:00Z' })
  const documented = await documentedLists(sandbox)
  t.same(Object.keys(documented).toSorted(), [...Object.keys(LISTS), '/v1/checkout/sessions/{id}/line_items', '/v1/payment_intents/search'].toSorted(),
    'every list of the document is tested')
  // An account for each, in which nothing else is listed.
  const shopOf = (template: string): Shop => openShop(sandbox, `sk_test${template.replace(/\W+/g, '_')}`)
  for (const [template, prepare] of Object.entries(LISTS)) {
    await t.test(template, async t => {
      const shop = shopOf(template)
      const { path = template, makers, filters = () => ({}) } = await prepare(shop)
      const made = await makeThree(sandbox, shop, makers)
      const [first, second, third] = made.map(({ id }) => id)
      t.same(made.map(({ created }) => created), TIMES)
      const parameters = documented[template] ?? []
      const paging: ReadonlyArray<[Parameters, string]> = [
        [{}, 'third second first'],
        [{ limit: 1 }, 'third …'],
        [{ limit: 2 }, 'third second …'],
        [{ limit: 3 }, 'third second first'],
        [{ limit: 100 }, 'third second first'],
        [{ starting_after: third }, 'second first'],
        [{ starting_after: third, limit: 1 }, 'second …'],
        [{ starting_after: second, limit: 1 }, 'first'],
        [{ starting_after: first }, ''],
        [{ ending_before: first }, 'third second'],
        [{ ending_before: first, limit: 1 }, 'second …'],
        [{ ending_before: second, limit: 1 }, 'third'],
        [{ ending_before: third }, '']
      ]
      const times: typeof paging = [
        [{ created: { gt: 1767225660000 } }, 'third'],
        [{ created: { gte: 1767225660000 } }, 'third second'],
        [{ created: { lt: 1767225660000 } }, 'first'],
        [{ created: { lte: 1767225660000 } }, 'second first'],
        [{ created: { gt: 1767225600000, lt: 1767225720000 } }, 'second'],
        [{ created: { gte: 1767225600000 }, limit: 2 }, 'third second …'],
        [{ created: { lt: 1767225720000 }, limit: 1 }, 'second …'],
        [{ created: { lt: 1767225720000 }, limit: 2 }, 'second first'],
        [{ created: { lte: 1767225660000 }, starting_after: second }, 'first'],
        [{ created: { gt: 1767225720000 } }, '']
      ]
      const filtered: ReturnType<NonNullable<Case['filters']>> = filters(made)
      t.same(Object.keys(filtered).toSorted(), parameters.filter(name => !['limit', 'starting_after', 'ending_before', 'created'].includes(name)).toSorted(),
        'every filter of the document is tested')
      for (const [asked, expected] of [...paging, ...parameters.includes('created') ? times : [], ...Object.values(filtered).flat()]) {
        const answers = await askBothWays(sandbox, shop.key, path, asked)
        for (const [way, { status, body }] of answers.entries()) {
          const name = `${JSON.stringify(asked)} in the ${way === 0 ? 'query' : 'body'}`
          t.equal(status, 200, name)
          t.same(Object.keys(body), ['object', 'url', 'has_more', 'data'], name)
          t.match(body, { object: 'list', url: path }, name)
          t.equal(named(body, made), expected, name)
        }
      }
      const noTimes: readonly Refusal[] = [
        [{ created: { gt: 'yesterday' } }, 'parameter_invalid', 'created[gt]', '"yesterday" is not of type number'],
        [{ created: 'yesterday' }, 'parameter_invalid', 'created', '"yesterday" is not of type object']
      ]
      await checkRefusals(t, sandbox, shop.key, path, [...pageRefusals(first), ...parameters.includes('created') ? noTimes : []])
    })
  }

  const shop = shopOf('/v1/payment_intents')
  const { id: more } = await shop.make('/v1/payment_intents', INTENT)
  for (let number = 5; number <= 11; number++) await shop.make('/v1/payment_intents', INTENT)
  const { data, has_more: hasMore } = await shop.get('/v1/payment_intents')
  t.same([data.length, hasMore], [10, true], 'ten, when no limit is given')
  t.equal(data[7].id, more, 'in the order in which they were made, also within one millisecond')
  t.notOk('secret' in (await shopOf('/v1/webhook_endpoints').get('/v1/webhook_endpoints')).data[0], 'no list shows the secret of an endpoint')
  const both = await ask(sandbox, shop.key, '/v1/payment_intents', { query: { limit: 2 }, body: { limit: 3, starting_after: data[0].id } })
  t.same(both.body.data, data.slice(1, 3), 'query and body together, of which the query counts more')
})

t.test('line items are listed in the order of the request, by limit and cursor', async t => {
  const sandbox = await startSandbox(t)
  const shop = openShop(sandbox, KEY)
  const { id: price } = await shop.make('/v1/prices', { currency: 'IDR', unit_amount: 100, product_data: { name: 'plum' } })
  const line = (name: string) => ({ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name } }, quantity: 2 })
  const session = await shop.make('/v1/checkout/sessions', { ...SESSION, line_items: [line('pear'), { price, quantity: 3 }, line('apple')] })
  const { id: another } = (await shop.make('/v1/checkout/sessions', SESSION)).line_items.data[0]
  const made: Body[] = session.line_items.data
  t.same(made.map(({ description, quantity, amount_total: amount }) => [description, quantity, amount]), [['pear', 2, 40000], ['plum', 3, 300], ['apple', 2, 40000]])
  const path = `/v1/checkout/sessions/${session.id}/line_items`
  t.same(await shop.get(path), { object: 'list', url: path, has_more: false, data: made })

  const [first, second, third] = made.map(({ id }) => id)
  const table: ReadonlyArray<[Parameters, string]> = [
    [{ limit: 1 }, 'first …'],
    [{ limit: 2 }, 'first second …'],
    [{ limit: 3 }, 'first second third'],
    [{ starting_after: first }, 'second third'],
    [{ starting_after: first, limit: 1 }, 'second …'],
    [{ starting_after: second, limit: 1 }, 'third'],
    [{ starting_after: third }, ''],
    [{ ending_before: third }, 'first second'],
    [{ ending_before: third, limit: 1 }, 'second …'],
    [{ ending_before: second, limit: 1 }, 'first'],
    [{ ending_before: first }, ''],
    [{ created: { gt: 9999999999999 } }, 'first second third']
  ]
  for (const [asked, expected] of table) {
    for (const { body } of await askBothWays(sandbox, KEY, path, asked)) t.equal(named(body, made), expected, JSON.stringify(asked))
  }
  await checkRefusals(t, sandbox, KEY, path, [
    ...pageRefusals(first), [{ starting_after: another }, 'resource_missing', 'starting_after', `No such line item: "${another}".`]
  ])
})

t.test('search answers the newest first, by limit, asked for by query or by body', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01T00:00:00Z' })
  const shop = openShop(sandbox, KEY)
  const order = (details: object) => (): Promise<Body> => shop.make('/v1/payment_intents', { ...INTENT, ...details })
  const made = await makeThree(sandbox, shop, [order({ merchant_order_id: 'order-7' }), order({ metadata: { shop: 'a b' } }), order({ merchant_order_id: 'order-7' })])
  const path = '/v1/payment_intents/search'
  const table: ReadonlyArray<[Parameters, string]> = [
    [{ query: 'amount:5000' }, 'third second first'],
    [{ query: 'amount:5000', limit: 2 }, 'third second …'],
    [{ query: 'merchant_order_id:\'order-7\'' }, 'third first'],
    [{ query: 'merchant_order_id:\'order-7\' AND amount:5000', limit: 1 }, 'third …'],
    [{ query: 'metadata[\'shop\']:\'a b\'' }, 'second'],
    [{ query: 'merchant_order_id:\'order-7\' AND metadata[\'shop\']:\'a b\'' }, '']
  ]
  for (const [asked, expected] of table) {
    for (const { body } of await askBothWays(sandbox, KEY, path, asked)) {
      t.match(body, { object: 'list', url: path })
      t.equal(named(body, made), expected, JSON.stringify(asked))
    }
  }
  await checkRefusals(t, sandbox, KEY, path, [
    [{}, 'parameter_missing', 'query', 'Missing required parameter: query'],
    [{ query: 'amount:5000', limit: 0 }, 'parameter_invalid', 'limit', 'must be >= 1'],
    [{ query: 'amount:5000', limit: 101 }, 'parameter_invalid', 'limit', 'must be <= 100'],
    [{ query: 'amount:5000', limit: 'x' }, 'parameter_invalid', 'limit', '"x" is not of type integer'],
    [{ query: '' }, 'parameter_invalid', 'query', 'must NOT have fewer than 1 characters'],
    [{ query: 'order-7' }, 'parameter_invalid', 'query', 'cannot be read at character 1: expected a condition'],
    [{ query: 'status:\'succeeded\' OR amount:1' }, 'parameter_invalid', 'query', 'cannot be read at character 20: expected AND, or the end'],
    [{ query: 'amount:1 AND' }, 'parameter_invalid', 'query', 'cannot be read at character 13: expected a condition'],
    [{ query: 'amount:1 AND colour:\'red\'' }, 'parameter_invalid', 'query', 'cannot be read at character 14: expected one of the fields merchant_order_id, status'],
    [{ query: 'amount:1 AND status:\'succeeded' }, 'parameter_invalid', 'query', 'cannot be read at character 14: expected a condition']
  ])
})

/** All that the default account can read in lists, and how much there is of everything. */
async function everything (sandbox: RunningSandbox): Promise<unknown> {
  const lists = Object.keys(await documentedLists(sandbox)).filter(path => !path.includes('{') && !path.endsWith('/search'))
  const { counts } = (await sandbox.call('GET', '/_sandbox/health', undefined, { key: null })).body
  return { counts, lists: await Promise.all(lists.map(async path => (await sandbox.call('GET', `${path}?limit=100`)).body)) }
}

async function visit (sandbox: RunningSandbox, address: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await sandbox.call('GET', address.replace(sandbox.url, ''), undefined, { key: null, headers: { accept: 'text/html', 'accept-language': 'en', ...headers } })
}

async function submit (sandbox: RunningSandbox, address: string, form: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await sandbox.call('POST', address.replace(sandbox.url, '').replace('?', '/pay?'), form, {
    key: null, headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', 'accept-language': 'en', ...headers }
  })
}

t.test('the checkout page opens with its whole address only, and says in words what is wrong', async t => {
  const sandbox = await startSandbox(t)
  const { make } = openShop(sandbox, KEY)
  const { url, id } = await make('/v1/checkout/sessions', SESSION)
  const other = new URL((await openShop(sandbox, 'sk_test_other').make('/v1/checkout/sessions', SESSION)).url).searchParams.get('key') ?? ''
  const key = new URL(url).searchParams.get('key') ?? ''
  const page = url.slice(0, url.indexOf('?'))
  const before = await everything(sandbox)
  const missing = [
    `${sandbox.url}/pay/cs_test_1?key=${key}`, `${sandbox.url}/pay/${id}?key=${key}`, `${sandbox.url}/pay/cs_test_%3Cscript%3E?key=${key}`,
    `${page}?key=${other}`, `${page}?key=pk_test_none`, `${page}?key=${KEY}`, `${page}?key=`, `${page}?key=${key}&key=${key}`, `${page}?key[a]=${key}`, page, `${page}?`
  ]
  for (const address of missing) {
    for (const answer of [await visit(sandbox, address), ...address.includes('?') ? [await submit(sandbox, address, 'method=dana')] : []]) {
      t.equal(answer.status, 404, address)
      t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
      t.match(answer.text, '<h1>No such payment</h1>')
      t.notMatch(answer.text, /<script(?! type="module" src="\/assets\/sandbox\.js")|node:|\.[jt]s:\d|\n\s+at /, 'no stack, no markup')
    }
  }
  t.match(await visit(sandbox, `${page}?key=${other}`, { 'accept-language': 'id' }), { status: 404, text: '<h1>Pembayaran tidak ditemukan</h1>' })
  t.match(await visit(sandbox, `${page}?key=${other}`, { accept: 'application/json' }), { status: 404, body: { error: { code: 'resource_missing', param: 'key' } } })
  t.equal((await sandbox.call('GET', `${new URL(page).pathname}/pay?key=${key}&lang=id`, undefined, { key: null })).headers.get('location'),
    `${new URL(page).pathname}?key=${key}&lang=id`, 'where the form is sent to leads to the page')

  t.equal((await visit(sandbox, url)).status, 200)
  for (const form of ['method=gcash', 'method=', 'method=card', 'method[]=dana&method[]=ovo', 'method[a]=dana']) {
    const answer = await submit(sandbox, url, form)
    t.equal(answer.status, 400, form)
    t.match(answer.text, '<h1>This cannot be done</h1>', form)
    t.match(answer.text, 'is not one of: dana', form)
  }
  t.match(await submit(sandbox, url, 'method=gcash', { accept: 'application/json' }), {
    status: 400, body: { error: { code: 'parameter_invalid', param: 'method', message: '"gcash" is not one of: dana' } }
  })
  t.same(await everything(sandbox), before, 'nothing has changed')
})

t.test('the checkout page offers what takes the payment, and wants one of them', async t => {
  const sandbox = await startSandbox(t)
  const { make } = openShop(sandbox, KEY)
  const { payment_method_types: _types, ...anyMethod } = SESSION
  const all = await make('/v1/checkout/sessions', anyMethod)
  const dear = await make('/v1/checkout/sessions', { ...anyMethod, line_items: [{ ...APPLE, quantity: 15001 }] })
  const offered = async (url: string): Promise<string[]> => [...(await visit(sandbox, url)).text.matchAll(/data-testid="method-(\w+)"/g)].map(([, name = '']) => name)
  t.same(await offered(all.url), ['dana', 'ovo', 'bank_transfer_id'])
  t.same(await offered(dear.url), ['ovo', 'bank_transfer_id'], 'Rp300.020.000 are too much for DANA')
  const before = await everything(sandbox)
  const none = await submit(sandbox, all.url, '')
  t.equal(none.status, 400)
  t.match(none.text, 'Missing required parameter: method. Choose one of: dana, ovo, bank_transfer_id.')
  const tooDear = await submit(sandbox, dear.url, 'method=dana')
  t.equal(tooDear.status, 400)
  t.match(tooDear.text, '&quot;dana&quot; is not one of: ovo, bank_transfer_id.')
  t.same(await everything(sandbox), before)
  const paying = await submit(sandbox, dear.url, 'method=ovo')
  t.match(paying, { status: 303 })
  t.equal(paying.headers.get('location'), `/v1/receives/ovo/pay/${dear.payment_intent}`)
})

t.test('paying a session that is over, or being paid, leads back to its page and changes nothing', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01' })
  const { make, get } = openShop(sandbox, KEY)
  const end: ReadonlyArray<[string, string, (session: Body) => Promise<unknown>]> = [
    ['expired', 'This checkout has expired', ({ id }) => make(`/v1/checkout/sessions/${id}/expire`)],
    ['complete', 'Payment successful', ({ url }) => finish(url, 'pay')],
    ['open', 'Payment is being processed', ({ url }) => finish(url, 'pay-later')]
  ]
  const finish = async (url: string, outcome: string): Promise<void> => {
    const customer = newCustomer()
    await customer.open(url)
    await customer.press('pay')
    await customer.press(`outcome-${outcome}`)
  }
  for (const [status, result, act] of end) {
    const session = await make('/v1/checkout/sessions', SESSION)
    await act(session)
    t.equal((await get(`/v1/checkout/sessions/${session.id}`)).status, status)
    const before = await everything(sandbox)
    for (const form of ['method=dana', '', 'method=gcash']) {
      const answer = await submit(sandbox, `${session.url}&lang=en`, form)
      t.equal(answer.status, 303, `${result}, ${form}`)
      t.equal(answer.headers.get('location'), `${session.url.slice(sandbox.url.length)}&lang=en`)
    }
    const page = await visit(sandbox, session.url)
    t.match(page, { status: 200, text: result })
    t.notMatch(page.text, '<form')
    t.same(await everything(sandbox), before, result)
  }
})

t.test('opening the checkout page changes nothing, and what merchants write is text on it', async t => {
  const sandbox = await startSandbox(t, { MERCHANT_NAME: 'Tom & <b>Jerry</b>' })
  const { make, get } = openShop(sandbox, KEY)
  const markup = await make('/v1/checkout/sessions', {
    ...SESSION,
    success_url: 'https://shop.test/done?a=\'><script>alert(1)</script>',
    cancel_url: 'https://shop.test/basket?a="><img src=x onerror=alert(1)>&b={CHECKOUT_SESSION_ID}',
    line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: '<script>alert("apple")</script> & \'co\'' } }, quantity: 1 }]
  })
  const { cancel_url: _cancel, ...withoutCancel } = SESSION
  const bare = await make('/v1/checkout/sessions', withoutCancel)
  const expired = await make('/v1/checkout/sessions', withoutCancel)
  await make(`/v1/checkout/sessions/${expired.id}/expire`)
  const before = await everything(sandbox)

  const { text } = await visit(sandbox, `${markup.url}&lang=%22%3E%3Cscript%3E`)
  t.match(text, 'Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;')
  t.match(text, '&lt;script&gt;alert(&quot;apple&quot;)&lt;/script&gt; &amp; &#39;co&#39;</bdi> × 1')
  t.match(text, `data-testid="cancel" href="https://shop.test/basket?a=&quot;&gt;&lt;img%20src=x%20onerror=alert(1)&gt;&amp;b=${markup.id}"`)
  t.notMatch(text, /<script(?! type="module" src="\/assets\/sandbox\.js")|<img|<b>/)
  t.match((await visit(sandbox, bare.url)).text, 'data-testid="pay"')
  t.notMatch((await visit(sandbox, bare.url)).text, 'data-testid="cancel"', 'no way out that the merchant has not named')
  const over = (await visit(sandbox, expired.url)).text
  t.match(over, 'This checkout has expired')
  t.notMatch(over, /data-testid="back-to-merchant"|href="https:/)
  for (const { url } of [markup, bare, expired]) {
    for (const language of ['id', 'en', 'xx', '&lang=en']) t.equal((await visit(sandbox, `${url}&lang=${language}`)).status, 200)
  }
  t.same(await everything(sandbox), before, 'nothing has changed by looking')

  const customer = newCustomer()
  await customer.open(markup.url)
  await customer.press('pay')
  await customer.press('outcome-pay')
  t.equal((await get(`/v1/checkout/sessions/${markup.id}`)).status, 'complete')
  const paid = (await visit(sandbox, markup.url)).text
  t.match(paid, 'data-testid="back-to-merchant" href="https://shop.test/done?a=&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
  t.notMatch(paid, /<script(?! type="module" src="\/assets\/sandbox\.js")|<img|<b>/)
})

t.test('whatever is refused says why, and changes nothing', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01' })
  const shop = openShop(sandbox, KEY)
  const { make, sell } = shop
  const customer = await make('/v1/customers', { email: 'siti@shop.test' })
  const another = await make('/v1/customers', { email: 'budi@shop.test' })
  const method = await make('/v1/payment_methods', { type: 'dana' })
  await make(`/v1/payment_methods/${method.id}/attach`, { customer: customer.id })
  const free = await make('/v1/payment_methods', { type: 'dana' })
  const product = await make('/v1/products', { name: 'apple' })
  const price = await make('/v1/prices', { currency: 'IDR', unit_amount: 20000, product: product.id })
  const inactive = await make('/v1/prices', { currency: 'IDR', unit_amount: 20000, product: product.id, active: false })
  const pesos = await make('/v1/prices', { currency: 'PHP', unit_amount: 20000, product: product.id })
  const monthly = await make('/v1/prices', { currency: 'IDR', unit_amount: 20000, product: product.id, recurring: { interval: 'month' } })
  const open = await make('/v1/checkout/sessions', SESSION)
  const expired = await make('/v1/checkout/sessions', SESSION)
  await make(`/v1/checkout/sessions/${expired.id}/expire`)
  const complete = await make('/v1/checkout/sessions', SESSION)
  const shopper = newCustomer()
  await shopper.open(complete.url)
  await shopper.press('pay')
  await shopper.press('outcome-pay')
  const [unpaid, paid, refunded, part] = [await make('/v1/payment_intents', INTENT), await sell(), await sell(), await sell()]
  const refund = await make('/v1/refunds', { payment_intent: refunded.id })
  await make('/v1/refunds', { payment_intent: part.id, amount: 2000 })
  const ofAnother = await openShop(sandbox, 'sk_test_other').sell()
  const ovo = await make('/v1/payment_intents', { ...INTENT, payment_method_types: ['ovo'], confirm: true })
  await sandbox.call('POST', `/v1/receives/ovo/pay/${ovo.id}/outcome`, { outcome: 'pay' })
  const gone = await make('/v1/customers')
  await sandbox.call('DELETE', `/v1/customers/${gone.id}`)
  const later = await make('/v1/payment_intents', { ...INTENT, confirm: true })
  await sandbox.call('POST', `/v1/receives/dana/pay/${later.id}/outcome`, { outcome: 'pay-later' })

  const sessionOf = (...lines: object[]): object => ({ ...SESSION, line_items: lines })
  const inline = (changes: object, quantity: unknown = 1): object => ({ price_data: { ...APPLE.price_data, ...changes }, quantity })
  const sessions = '/v1/checkout/sessions'
  const table: ReadonlyArray<[string, string, unknown, number, string, string | undefined, string]> = [
    // What a session is made of
    ['POST', sessions, sessionOf(APPLE, inline({ currency: 'PHP' })), 400, 'parameter_invalid', 'line_items[1][price_data][currency]', '"PHP" differs from the IDR of line_items[0]'],
    ['POST', sessions, sessionOf(APPLE, { price: pesos.id, quantity: 1 }), 400, 'parameter_invalid', 'line_items[1][price]', 'differs from the IDR of line_items[0]; all lines have to have one currency'],
    ['POST', sessions, sessionOf({ ...APPLE, quantity: 0 }), 400, 'parameter_invalid', 'line_items[0][quantity]', '0 must be >= 1'],
    ['POST', sessions, sessionOf({ ...APPLE, quantity: -1 }), 400, 'parameter_invalid', 'line_items[0][quantity]', '-1 must be >= 1'],
    ['POST', sessions, sessionOf({ ...APPLE, quantity: 1.5 }), 400, 'parameter_invalid', 'line_items[0][quantity]', '1.5 is not of type integer'],
    ['POST', sessions, sessionOf(APPLE, { ...APPLE, quantity: '2' }), 400, 'parameter_invalid', 'line_items[1][quantity]', '"2" is not of type integer'],
    ['POST', sessions, sessionOf({ price_data: APPLE.price_data }), 400, 'parameter_missing', 'line_items[0][quantity]', 'Missing required parameter: line_items[0][quantity]'],
    ['POST', sessions, sessionOf(), 400, 'parameter_invalid', 'line_items', 'must NOT have fewer than 1 items'],
    ['POST', sessions, { ...SESSION, line_items: undefined }, 400, 'parameter_missing', 'line_items', 'Missing required parameter: line_items'],
    ['POST', sessions, sessionOf({ quantity: 1 }), 400, 'parameter_missing', 'line_items[0][price_data]', 'name a price by its id in line_items[0][price]'],
    ['POST', sessions, sessionOf({ ...APPLE, price: price.id }), 400, 'parameter_invalid', 'line_items[0][price]', 'cannot be combined with line_items[0][price_data]'],
    ['POST', sessions, sessionOf(inline({ unit_amount: 300000001 })), 400, 'amount_too_large', 'line_items', 'total of line_items 300000001 is too large; the most is 300000000 IDR for DANA'],
    ['POST', sessions, sessionOf(inline({ unit_amount: 150000000 }), inline({ unit_amount: 75000000 }, 2), inline({ unit_amount: 1 })), 400, 'amount_too_large', 'line_items', 'total of line_items 300000001 is too large'],
    ['POST', sessions, sessionOf(inline({ unit_amount: 33 }, 3)), 400, 'amount_too_small', 'line_items', 'total of line_items 99 is too small; the least is 100 IDR for DANA'],
    ['POST', sessions, { ...sessionOf(inline({ unit_amount: 999999999999 }, 2)), payment_method_types: ['ovo'] }, 400, 'amount_too_large', 'line_items', 'total of line_items 1999999999998 is too large; the most is 999999999999 IDR for OVO'],
    ['POST', sessions, { ...sessionOf(inline({ unit_amount: 999999999999 }, 1000000)), payment_method_types: ['ovo'] }, 400, 'amount_too_large', 'line_items', 'the most is 999999999999 IDR for OVO'],
    ['POST', sessions, { ...sessionOf(inline({ unit_amount: 999999999999 }, 2)), payment_method_types: undefined }, 400, 'amount_too_large', 'line_items', 'is too large'],
    ['POST', sessions, { ...sessionOf(inline({ unit_amount: 0 })), payment_method_types: ['ovo'] }, 400, 'amount_too_small', 'line_items', 'total of line_items 0 is too small; the least is 1 IDR for OVO'],
    ['POST', sessions, sessionOf(inline({ unit_amount: 1000000000000 })), 400, 'amount_too_large', 'line_items[0][price_data][unit_amount]', 'the most is 999999999999'],
    ['POST', sessions, sessionOf(inline({ unit_amount: -1 })), 400, 'amount_too_small', 'line_items[0][price_data][unit_amount]', 'the least is 0'],
    ['POST', sessions, sessionOf(inline({ unit_amount: '1e3' })), 400, 'parameter_invalid', 'line_items[0][price_data][unit_amount]', '"1e3" is not a whole number of the currency\'s smallest unit'],
    ['POST', sessions, sessionOf(inline({ unit_amount: 0.5 })), 400, 'parameter_invalid', 'line_items[0][price_data][unit_amount]', '0.5 is not of type integer or string'],
    ['POST', sessions, sessionOf(inline({ currency: 'rupiah' })), 400, 'parameter_invalid', 'line_items[0][price_data][currency]', '"rupiah" is not a currency of ISO 4217'],
    ['POST', sessions, sessionOf(inline({ currency: 'PHP' })), 400, 'currency_not_supported', 'line_items[0][price_data][currency]', 'DANA does not take PHP; allowed: IDR'],
    ['POST', sessions, sessionOf({ price: pesos.id, quantity: 1 }), 400, 'currency_not_supported', 'line_items[0][price]', 'DANA does not take PHP; allowed: IDR'],
    ['POST', sessions, { ...sessionOf(inline({ currency: 'USD' })), payment_method_types: undefined }, 400, 'currency_not_supported', 'line_items[0][price_data][currency]', 'does not take USD; allowed: IDR, PHP, THB'],
    ['POST', sessions, sessionOf(inline({ billing_scheme: 'tiered' })), 400, 'parameter_invalid', 'line_items[0][price_data][billing_scheme]', '"tiered" is not possible here; the sandbox has per_unit only'],
    ['POST', sessions, sessionOf(inline({ product_data: { name: '' } })), 400, 'parameter_invalid', 'line_items[0][price_data][product_data][name]', 'must NOT have fewer than 1 characters'],
    ['POST', sessions, sessionOf(inline({ product_data: undefined })), 400, 'parameter_missing', 'line_items[0][price_data][product_data]', 'name a product by its id in line_items[0][price_data][product]'],
    ['POST', sessions, sessionOf(inline({ product: product.id })), 400, 'parameter_invalid', 'line_items[0][price_data][product]', 'cannot be combined with line_items[0][price_data][product_data]'],
    ['POST', sessions, sessionOf(inline({ product_data: undefined, product: 'prod_1' })), 400, 'resource_missing', 'line_items[0][price_data][product]', 'No such product: "prod_1"'],
    ['POST', sessions, sessionOf({ price: 'price_1', quantity: 1 }), 400, 'resource_missing', 'line_items[0][price]', 'No such price: "price_1"'],
    ['POST', sessions, sessionOf(APPLE, { price: inactive.id, quantity: 1 }), 400, 'parameter_invalid', 'line_items[1][price]', 'is not active; activate it, or take another price'],
    ['POST', sessions, sessionOf({ price: monthly.id, quantity: 1 }), 400, 'parameter_invalid', 'line_items[0][price]', 'is to be paid again and again'],
    ['POST', sessions, sessionOf(inline({ recurring: { interval: 'month' } })), 400, 'parameter_invalid', 'line_items[0][price_data][recurring]', 'is to be paid again and again'],
    ['POST', sessions, { ...SESSION, mode: 'subscription' }, 400, 'parameter_invalid', 'mode', '"subscription" is not possible here; the sandbox has payment only'],
    ['POST', sessions, { ...SESSION, payment_method_types: ['dana', 'card'] }, 400, 'payment_method_not_supported', 'payment_method_types', 'does not have the payment method "card"; it has: dana, gcash'],
    ['POST', sessions, { ...SESSION, payment_method_types: ['dana', 'gcash'] }, 400, 'currency_not_supported', 'line_items[0][price_data][currency]', 'GCash does not take IDR; allowed: PHP'],
    ['POST', sessions, { ...SESSION, customer: 'cus_1' }, 400, 'resource_missing', 'customer', 'No such customer: "cus_1"'],
    ['POST', sessions, { ...SESSION, success_url: undefined }, 400, 'parameter_missing', 'success_url', 'Missing required parameter: success_url'],
    ['POST', sessions, { ...SESSION, success_url: 'javascript:alert(1)' }, 400, 'parameter_invalid', 'success_url', 'uses javascript:, which is not a way back to a shop'],
    ['POST', sessions, { ...SESSION, cancel_url: 'data:text/html,x' }, 400, 'parameter_invalid', 'cancel_url', 'uses data:'],
    ['POST', sessions, { ...SESSION, cancel_url: 'https://shop.test/\r\nSet-Cookie: a=b' }, 400, 'parameter_invalid', 'cancel_url', 'contains control characters'],
    ['POST', sessions, { ...SESSION, expires_at: 1767225600 }, 400, 'parameter_invalid', 'expires_at', '1767225600 is not 30 minutes to 24 hours ahead: from 1767227400000 to 1767312000000'],
    ['POST', sessions, { ...SESSION, expires_at: 1767312011000 }, 400, 'parameter_invalid', 'expires_at', '1767312011000 is not 30 minutes to 24 hours ahead'],
    ['POST', sessions, { ...SESSION, payment_intent_data: { capture_method: 'manual' } }, 400, 'capture_method_not_supported', 'payment_intent_data[capture_method]', 'DANA takes automatic capture only'],
    // The end of a session, and what its PaymentIntent may not do by itself
    ['POST', `${sessions}/${complete.id}/expire`, {}, 400, 'checkout_session_unexpected_state', undefined, `The checkout session ${complete.id} has the status complete; it can be expired only while that is one of: open.`],
    ['POST', `${sessions}/${expired.id}/expire`, {}, 400, 'checkout_session_unexpected_state', undefined, `The checkout session ${expired.id} has the status expired; it can be expired only while that is one of: open.`],
    ['POST', `${sessions}/cs_1/expire`, {}, 404, 'resource_missing', 'id', 'No such checkout session: "cs_1"'],
    ['GET', `${sessions}/cs_1/line_items`, undefined, 404, 'resource_missing', 'id', 'No such checkout session: "cs_1"'],
    ['POST', `/v1/payment_intents/${open.payment_intent}/cancel`, {}, 400, 'payment_intent_unexpected_state', undefined, `expire the session: POST /v1/checkout/sessions/${open.id}/expire.`],
    ['POST', `/v1/payment_intents/${complete.payment_intent}/cancel`, {}, 400, 'payment_intent_unexpected_state', undefined, 'has the status succeeded'],
    ['POST', `/v1/payment_intents/${expired.payment_intent}/cancel`, {}, 400, 'payment_intent_unexpected_state', undefined, 'has the status canceled'],
    ['POST', `/v1/payment_intents/${open.payment_intent}`, { amount: 10000 }, 400, 'payment_intent_unexpected_state', undefined, `The amount of ${open.payment_intent} is that of its checkout session ${open.id} and cannot change.`],
    ['POST', `/v1/payment_intents/${open.payment_intent}`, { currency: 'IDR' }, 400, 'payment_intent_unexpected_state', undefined, `The currency of ${open.payment_intent} is that of its checkout session`],
    ['POST', `/v1/payment_intents/${open.payment_intent}`, { payment_method_types: ['ovo'] }, 400, 'payment_intent_unexpected_state', undefined, `The payment_method_types of ${open.payment_intent} is that of its checkout session`],
    ['POST', `/v1/payment_intents/${complete.payment_intent}`, { description: 'late' }, 400, 'payment_intent_unexpected_state', undefined, 'has the status succeeded'],
    ['POST', `/v1/payment_intents/${later.id}/cancel`, {}, 400, 'payment_intent_unexpected_state', undefined, 'has the status processing'],
    // Refunds
    ['POST', '/v1/refunds', {}, 400, 'parameter_missing', 'payment_intent', 'Missing required parameter: payment_intent'],
    ['POST', '/v1/refunds', { payment_intent: 'pi_1' }, 400, 'resource_missing', 'payment_intent', 'No such PaymentIntent: "pi_1"'],
    ['POST', '/v1/refunds', { payment_intent: ofAnother.id }, 400, 'resource_missing', 'payment_intent', `No such PaymentIntent: "${ofAnother.id}"`],
    ['POST', '/v1/refunds', { payment_intent: unpaid.id }, 400, 'payment_intent_unexpected_state', undefined, `PaymentIntent ${unpaid.id} has the status requires_payment_method`],
    ['POST', '/v1/refunds', { payment_intent: later.id }, 400, 'payment_intent_unexpected_state', undefined, `PaymentIntent ${later.id} has the status processing`],
    ['POST', '/v1/refunds', { payment_intent: expired.payment_intent }, 400, 'payment_intent_unexpected_state', undefined, 'has the status canceled'],
    ['POST', '/v1/refunds', { payment_intent: paid.id, amount: 5001 }, 400, 'amount_too_large', 'amount', `The amount 5001 is too large; the most is the 5000 IDR that are left of ${paid.id}.`],
    ['POST', '/v1/refunds', { payment_intent: paid.id, amount: 0 }, 400, 'amount_too_small', 'amount', 'The amount 0 is too small; the least is 1.'],
    ['POST', '/v1/refunds', { payment_intent: paid.id, amount: '-5' }, 400, 'amount_too_small', 'amount', 'The amount -5 is too small; the least is 1.'],
    ['POST', '/v1/refunds', { payment_intent: paid.id, amount: 'all' }, 400, 'parameter_invalid', 'amount', '"all" is not a whole number'],
    ['POST', '/v1/refunds', { payment_intent: paid.id, amount: '' }, 400, 'parameter_invalid', 'amount', '"" is not a whole number'],
    ['POST', '/v1/refunds', { payment_intent: paid.id, amount: 1.5 }, 400, 'parameter_invalid', 'amount', '1.5 is not of type integer or string'],
    ['POST', '/v1/refunds', { payment_intent: paid.id, reason: 'none' }, 400, 'parameter_invalid', 'reason', '"none" is not one of: duplicate, fraudulent, requested_by_customer, requested_by_merchant, resolved_dispute'],
    ['POST', '/v1/refunds', { payment_intent: refunded.id }, 400, 'refund_not_allowed', undefined, `${refunded.id} has a refund already: DANA takes one refund of a payment, full or partial.`],
    ['POST', '/v1/refunds', { payment_intent: part.id, amount: 1 }, 400, 'refund_not_allowed', undefined, 'DANA takes one refund of a payment, full or partial'],
    ['POST', '/v1/refunds', { payment_intent: part.id, amount: 9999 }, 400, 'refund_not_allowed', undefined, 'DANA takes one refund of a payment, full or partial'],
    ['POST', '/v1/refunds', { payment_intent: ovo.id }, 400, 'refund_not_allowed', undefined, `OVO takes no refunds, so ${ovo.id} cannot be refunded.`],
    ['POST', `/_sandbox/refunds/${refund.id}/settle`, {}, 400, 'refund_unexpected_state', undefined, `Refund ${refund.id} has the status succeeded; it can be settled only while that is one of: pending.`],
    ['POST', `/_sandbox/refunds/${refund.id}/fail`, {}, 400, 'refund_unexpected_state', undefined, 'has the status succeeded; it can be failed only while that is one of: pending'],
    ['POST', `/_sandbox/refunds/${refund.id}/fail`, { failure_reason: 'bored' }, 400, 'parameter_invalid', 'failure_reason', '"bored" is not one of: lost_or_stolen_card, expired_or_canceled_card, unknown'],
    // Customers, their payment methods, products and prices
    ['POST', '/v1/customers', { email: 'ani@shop.test', payment_method: 'pm_1' }, 400, 'resource_missing', 'payment_method', 'No such payment method: "pm_1"'],
    ['POST', '/v1/customers', { email: 'ani@shop.test', payment_method: method.id }, 400, 'payment_method_unexpected_state', undefined, `The payment method ${method.id} is attached to ${customer.id}; detach it before`],
    ['POST', '/v1/customers', { email: 7 }, 400, 'parameter_invalid', 'email', '7 is not of type string'],
    ['POST', `/v1/payment_methods/${method.id}/attach`, { customer: another.id }, 400, 'payment_method_unexpected_state', undefined, `is attached to ${customer.id}; detach it before it is attached to ${another.id}`],
    ['POST', `/v1/payment_methods/${method.id}/attach`, {}, 400, 'parameter_missing', 'customer', 'Missing required parameter: customer'],
    ['POST', `/v1/payment_methods/${free.id}/attach`, { customer: 'cus_1' }, 400, 'resource_missing', 'customer', 'No such customer: "cus_1"'],
    ['POST', `/v1/payment_methods/${free.id}/detach`, {}, 400, 'payment_method_unexpected_state', undefined, `The payment method ${free.id} is attached to no customer`],
    ['POST', '/v1/payment_methods', { type: 'card' }, 400, 'payment_method_not_supported', 'type', '"card"; it has: dana, gcash'],
    ['POST', '/v1/products', {}, 400, 'parameter_missing', 'name', 'Missing required parameter: name'],
    ['POST', '/v1/products', { name: 'apple', active: 'yes' }, 400, 'parameter_invalid', 'active', '"yes" is not one of: true, false'],
    ['POST', '/v1/prices', { currency: 'IDR', unit_amount: 1 }, 400, 'parameter_missing', 'product_data', 'name a product by its id in product'],
    ['POST', '/v1/prices', { currency: 'IDR', unit_amount: 1, product: 'prod_1' }, 400, 'resource_missing', 'product', 'No such product: "prod_1"'],
    ['POST', '/v1/prices', { currency: 'IDR', unit_amount: 1, product: product.id, product_data: { name: 'x' } }, 400, 'parameter_invalid', 'product', 'cannot be combined with product_data'],
    ['POST', '/v1/prices', { currency: 'IDR', unit_amount: 1, product: product.id, billing_scheme: 'tiered' }, 400, 'parameter_invalid', 'billing_scheme', 'per_unit only'],
    ['GET', `/v1/customers/${customer.id}/payment_methods/${free.id}`, undefined, 404, 'resource_missing', 'payment_method', `No such payment method of ${customer.id}: "${free.id}"`],
    // Cursors and searches
    ['GET', '/v1/customers?starting_after=cus_1', undefined, 400, 'resource_missing', 'starting_after', 'No such customer: "cus_1"'],
    ['GET', `/v1/customers?starting_after=${gone.id}`, undefined, 400, 'resource_missing', 'starting_after', `No such customer: "${gone.id}"`],
    ['GET', `/v1/charges?ending_before=${paid.id}`, undefined, 400, 'resource_missing', 'ending_before', `No such charge: "${paid.id}"`],
    ['GET', '/v1/prices?active=perhaps', undefined, 400, 'parameter_invalid', 'active', '"perhaps" is not of type boolean'],
    ['GET', '/v1/payment_intents/search?query=status%3Asucceeded', undefined, 400, 'parameter_invalid', 'query', 'cannot be read at character 1: expected a condition'],
    ['GET', '/v1/payment_intents/search?query=amount%3A1%20amount%3A2', undefined, 400, 'parameter_invalid', 'query', 'cannot be read at character 10: expected AND, or the end']
  ]
  const before = await everything(sandbox)
  for (const [verb, path, body, status, code, param, message] of table) {
    const held = await counts(sandbox)
    const answer = await sandbox.call(verb, path, body)
    const name = `${verb} ${path} ${body === undefined ? '' : JSON.stringify(body)}`
    t.equal(answer.status, status, name)
    t.match(answer.body.error, { type: 'invalid_request_error', code, message }, name)
    t.equal(answer.body.error?.param, param, `${name}: param`)
    t.same(await counts(sandbox), held, `${name}: nothing has come or gone`)
  }
  t.same(await everything(sandbox), before, 'nor has anything changed that was there')
})

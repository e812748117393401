import { Agent, request as openRequest, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ODD_BODIES, ODD_FORMS, ODD_HEADERS, ODD_JSON, ODD_TEXTS, ODD_TYPES } from '../support/odd-values.ts'
import { startReceiver } from '../support/receiver.ts'
import { faultOfRefusal } from '../support/refusal.ts'
import { counts, KEY, startSandbox, type RunningSandbox } from '../support/sandbox.ts'
import { readDocument } from '../support/openapi-document.ts'

/** Random requests for each operation, after those of the tables. `INPUTS_RUNS=5000 npx tap --timeout 3600 test/robustness/inputs.test.ts` tries more; `INPUTS_SEED` repeats a run. */
const RUNS = Number(process.env.INPUTS_RUNS ?? 20)
const SEED = Number(process.env.INPUTS_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** The values that a short run takes of each table: every n-th, beginning with another one each time. */
const STEP = RUNS < 500 ? 7 : 1
/** Of the requests that are taken, each so-manyth is looked at in the dashboard. */
const LOOK_EACH = RUNS < 500 ? 10 : 2
/** Far more than any call takes; none of these waits for anything. */
const LIMIT_MS = 5000
const SHOWN = 5

interface Schema {
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
}

interface Operation {
  readonly operationId: string
  readonly method: string
  readonly path: string
  /** The places in a body where a value may stand, each with those around it. */
  readonly places: ReadonlyArray<readonly string[]>
  readonly queries: readonly string[]
}

/** A request that is taken, for an operation, on objects that exist. */
interface Good {
  /** What stands in the place of the path's parameters, in their order. */
  readonly ids?: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
  /** What it is answered with; 200 unless no method of the sandbox can be asked for it. */
  readonly status?: number
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | undefined
}

/** Takes a snapshot of the account. */
const KEPT = '/_sandbox/snapshots/one'
const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

function operations (name: 'wooshpay' | 'sandbox'): Operation[] {
  const { paths, components: { schemas } } = JSON.parse(readDocument(name).text) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, {
      readonly operationId: string
      readonly parameters?: ReadonlyArray<{ readonly in: string, readonly name: string }>
      readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
    }>>>>
    readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
  }
  const placesIn = (schema: Schema, path: readonly string[] = []): Array<readonly string[]> => {
    const { properties = {}, items, additionalProperties } = schema.$ref === undefined ? schema : schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}
    return [
      ...path.length === 0 ? [] : [path],
      ...Object.entries(properties).flatMap(([key, inner]) => placesIn(inner, [...path, key])),
      ...items === undefined ? [] : placesIn(items, [...path, '0']),
      ...additionalProperties === undefined || additionalProperties === false ? [] : [[...path, 'any']]
    ]
  }
  return Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { operationId, parameters = [], requestBody }]) => ({
    operationId,
    method: method.toUpperCase(),
    path,
    places: requestBody === undefined ? [] : placesIn(requestBody.content['application/json'].schema),
    queries: parameters.filter(parameter => parameter.in === 'query').map(parameter => parameter.name)
  })))
}

/** Makes one object of every kind, in every state that an operation needs, and says how each operation is asked rightly. */
async function prepare (t: Test, sandbox: RunningSandbox): Promise<Readonly<Record<string, Good>>> {
  const receiver = await startReceiver(t)
  const made = async (path: string, body: object = {}): Promise<{ readonly id: string, readonly payment_intent: string }> => {
    const answer = await sandbox.call('POST', path, body)
    if (answer.status !== 200) throw new Error(`${path} → ${answer.text}`)
    return answer.body
  }
  const first = async (path: string): Promise<string> => (await sandbox.call('GET', path)).body.data[0].id
  const dana = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana', billing_details: { name: 'Siti' } }, return_url: 'https://shop.test' }
  const line = { price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }
  const checkout = { success_url: 'https://shop.test/done', cancel_url: 'https://shop.test', line_items: [line], metadata: { order: '7' } }
  const price = { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' }, nickname: 'one', metadata: { a: '1' } }

  const { id: endpoint } = await made('/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['*'] })
  const { id: customer } = await made('/v1/customers', { email: 'siti@shop.test', metadata: { a: '1' } })
  const { id: attached } = await made('/v1/payment_methods', { type: 'dana' })
  await made(`/v1/payment_methods/${attached}/attach`, { customer })
  const { id: loose } = await made('/v1/payment_methods', { type: 'dana' })
  const { id: product } = await made('/v1/products', { name: 'apple' })
  const { id: priceId } = await made('/v1/prices', price)
  const { id: session } = await made('/v1/checkout/sessions', checkout)
  const { id: waiting } = await made('/v1/payment_intents', dana)
  const { id: open } = await made('/v1/payment_intents', { amount: 20000, currency: 'IDR', payment_method_types: ['dana'], return_url: 'https://shop.test', metadata: { a: '1' } })
  const [{ id: paid }, { id: refunded }] = [await made('/v1/payment_intents', dana), await made('/v1/payment_intents', dana)]
  for (const id of [paid, refunded]) await made('/_sandbox/shopper', { payment_intent: id })
  const { id: refund } = await made('/v1/refunds', { payment_intent: refunded, amount: 5000 })
  const { id: fault } = await made('/_sandbox/faults', { match: { type: 'checkout.session.expired' }, then: { drop: true } })
  await made('/_sandbox/settle')
  await made(KEPT)
  const [event, charge, delivery] = await Promise.all(['/v1/events', '/v1/charges', '/_sandbox/deliveries'].map(first)) as [string, string, string]

  const page = { limit: '2' }
  const created = { ...page, 'created[gte]': '0' }
  return {
    createPaymentIntent: { body: { ...dana, metadata: { order: '7' }, description: 'apples', customer } },
    listPaymentIntents: { query: { ...created, customer } },
    searchPaymentIntents: { query: { ...page, query: 'amount:20000 AND metadata["a"]:"1"' } },
    retrievePaymentIntent: { ids: [open] },
    updatePaymentIntent: { ids: [open], body: { amount: 30000, metadata: { b: '2' } } },
    confirmPaymentIntent: { ids: [open], body: { payment_method_data: { type: 'dana' } } },
    cancelPaymentIntent: { ids: [waiting], body: { cancellation_reason: 'duplicate' } },
    capturePaymentIntent: { ids: [waiting], body: {}, status: 400 },
    createPaymentMethod: { body: { type: 'dana', metadata: { a: '1' }, billing_details: { name: 'Siti' } } },
    listPaymentMethods: { query: { ...created, customer, type: 'dana' } },
    retrievePaymentMethod: { ids: [attached] },
    updatePaymentMethod: { ids: [attached], body: { metadata: { a: '2' } } },
    createCustomer: { body: { email: 'budi@shop.test', metadata: { a: '1' } } },
    listCustomers: { query: { ...created, email: 'siti@shop.test' } },
    retrieveCustomer: { ids: [customer] },
    updateCustomer: { ids: [customer], body: { name: 'Siti' } },
    deleteCustomer: { ids: [customer] },
    listCustomerPaymentMethods: { ids: [customer], query: { ...page, type: 'dana' } },
    retrieveCustomerPaymentMethod: { ids: [customer, attached] },
    attachPaymentMethod: { ids: [loose], body: { customer } },
    detachPaymentMethod: { ids: [attached] },
    createProduct: { body: { name: 'pear', images: ['https://shop.test/a.png'], metadata: { a: '1' } } },
    listProducts: { query: { ...created, active: 'true' } },
    retrieveProduct: { ids: [product] },
    updateProduct: { ids: [product], body: { active: false } },
    createPrice: { body: price },
    listPrices: { query: { ...created, active: 'true', product } },
    retrievePrice: { ids: [priceId] },
    updatePrice: { ids: [priceId], body: { nickname: 'another' } },
    createCheckoutSession: { body: checkout },
    listCheckoutSessions: { query: { ...created, customer, 'customer_details[email]': 'siti@shop.test' } },
    listAllCheckoutSessions: { query: created },
    retrieveCheckoutSession: { ids: [session] },
    listLineItems: { ids: [session], query: page },
    expireCheckoutSession: { ids: [session] },
    listCharges: { query: { ...created, payment_intent: paid } },
    retrieveCharge: { ids: [charge] },
    createRefund: { body: { payment_intent: paid, amount: 5000, reason: 'duplicate', metadata: { a: '1' } } },
    listRefunds: { query: { ...created, payment_intent: refunded } },
    retrieveRefund: { ids: [refund] },
    createWebhookEndpoint: { body: { url: receiver.url, enabled_events: ['charge.refunded'] } },
    listWebhookEndpoints: { query: created },
    retrieveWebhookEndpoint: { ids: [endpoint] },
    updateWebhookEndpoint: { ids: [endpoint], body: { description: 'here' } },
    deleteWebhookEndpoint: { ids: [endpoint] },
    listEvents: { query: { ...created, type: 'payment_intent.succeeded' } },
    retrieveEvent: { ids: [event] },
    health: {},
    playShopper: { body: { payment_intent: waiting, outcome: 'pay' } },
    queueOutcomes: { body: { payment_method: 'dana', outcomes: ['pay'] } },
    listOutcomes: {},
    clearOutcomes: { query: { payment_method: 'dana' } },
    refundByHand: { body: { payment_intent: paid, amount: 5000 } },
    settleRefund: { ids: [refund] },
    failRefund: { ids: [refund], body: { failure_reason: 'unknown' } },
    retrieveClock: {},
    moveClock: { body: { advance_ms: 1000 } },
    settle: { body: { timeout_ms: 0 } },
    // What it waits for is there already, so that a wrong time to wait is none.
    wait: { query: { payment_intent: paid, status: 'succeeded', timeout_ms: '0' } },
    listDeliveries: { query: { ...created, status: 'succeeded' } },
    retrieveDelivery: { ids: [delivery] },
    resendDelivery: { ids: [delivery] },
    listRequests: { query: page },
    playScenario: { ids: ['own'], body: { steps: [{ call: 'GET /v1/events', as: 'events' }] } },
    createFault: { body: { match: { path: '/v1/events' }, then: { status: 503 } } },
    listFaults: {},
    deleteFaults: {},
    deleteFault: { ids: [fault] },
    sendEvent: { body: { type: 'payment_intent.succeeded', payment_intent: paid } },
    retrieveCoverage: { query: { format: 'text' } },
    retrieveAccount: {},
    updateAccount: { body: { name: 'Apples', switches: { STRICT_PARAMETERS: false } } },
    takeSnapshot: { ids: ['two'] },
    deleteSnapshot: { ids: ['one'] },
    restoreSnapshot: { ids: ['one'] },
    listSnapshots: {},
    reset: {}
  }
}

/** Further values for single parameters, of forms that only these have. */
const FURTHER: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  searchPaymentIntents: {
    query: [
      'metadata["__proto__"]:"x"', 'metadata["a"]', 'metadata["', 'metadata["\\', 'amount:9e999', 'amount:-1', 'amount:"', 'status:"\\"', 'constructor:"x"', 'AND', `${'amount:1 AND '.repeat(200)}amount:1`,
      `metadata["${'\\a'.repeat(2000)}`, `amount:'${'\\\''.repeat(2000)}`, ' '.repeat(5000), `${'amount:1'}${' '.repeat(3000)}x`
    ]
  },
  playScenario: {
    'steps.0.call': [
      'GET /v1/', 'GET /v1/%ff', 'GET /v1/ x', 'GET /v1/\r\nX: y', 'GET /v1/\u0000', 'GET /v1/\ud800', 'GET /v1//../..//x', 'GET /v1/events?created[gt]=%', 'GET /v1/#', 'GET /v1/{a.b}', 'GET /v1/{__proto__.x}',
      'POST /_sandbox/scenarios/own', 'POST /_sandbox/reset', 'GET /_sandbox/coverage?format=text', `GET /v1/${'x'.repeat(20_000)}`
    ]
  },
  createFault: {
    'match.path': ['*', '**', '/*/*', `/${'*'.repeat(30)}b`, '/v1/{', '/v1/{id', '/v1/(((', '/v1/[', '/v1/\\', '/v1/:id', '/v1/{id}{id}', `/${'{id}/'.repeat(100)}`, `/${':a'.repeat(100)}`]
  },
  moveClock: { now: ['2026-02-30', '9999-12-31T23:59:59Z', '+010000-01-01', '-1', '8640000000000001', '2026-03-01T00:00:00+99:99'], advance_ms: [] },
  playShopper: { url: ['http://127.0.0.1/v1/receives/dana/pay/%ff', '/v1/receives/dana/pay/__proto__', 'http://x/v1/receives/__proto__/pay/1', '//', '#'], wallet: ['+62', '08', `0${'8'.repeat(5000)}`, '+62 812 (0000) 0002'] },
  updateAccount: { switches: [] }
}

/** Text with lone surrogates and names that objects have by themselves. */
const text = fc.oneof(fc.string(), fc.array(fc.nat(0xffff), { maxLength: 20 }).map(units => String.fromCharCode(...units)), fc.constantFrom(...ODD_TEXTS, '__proto__', 'toString'))
/** As JSON, of any size. */
const number = fc.oneof(fc.double().map(value => JSON.stringify(value)), fc.bigInt().map(String), fc.integer().map(String))
/** Any value, as JSON. */
const { value: oddJson } = fc.letrec<{ value: string }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('null', 'true', 'false', ...ODD_JSON),
    number,
    text.map(value => JSON.stringify(value)),
    fc.array(tie('value'), { maxLength: 4 }).map(items => `[${items.join()}]`),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map(entries => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`)
  )
}))

t.setTimeout((60 + RUNS * 3) * 1000)

t.test('whatever is sent to an operation, it answers in time, as documented, and what it refuses has changed nothing', async t => {
  t.comment(`INPUTS_SEED=${SEED} INPUTS_RUNS=${RUNS}`)
  const sandbox = await startSandbox(t, { CLOCK: '2026-03-01T00:00:00Z', REFUND_MODE: 'async' })
  const good = await prepare(t, sandbox)
  const all = [...operations('wooshpay'), ...operations('sandbox')]
  t.same(all.map(({ operationId }) => operationId).toSorted(), Object.keys(good).toSorted(), 'every operation has a request that reaches it')

  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => { agent.destroy() })
  const { port } = new URL(sandbox.url)
  const authorization = `Basic ${btoa(`${KEY}:`)}`

  /** Kinds of records that were written; what tests have reached is noted for refusals as well, and some answers are kept under their Idempotency-Key. */
  const written = new Set<string>()
  t.teardown(sandbox.database.onSettled(changes => {
    for (const { collection } of changes) if (collection !== 'coverage' && collection !== 'idempotency_keys') written.add(collection)
  }))
  const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype))

  /** Takes everything back to what was made at the beginning. */
  const restore = async (): Promise<void> => {
    const { status, text } = await send({ method: 'POST', path: '/_sandbox/snapshots/made/restore', headers: { authorization: '' } })
    if (status !== 200) throw new Error(`What was made cannot be brought back: ${status} ${text}`)
    // Snapshots are no part of what a snapshot brings back.
    if (written.has('snapshots')) await send({ method: 'POST', path: KEPT })
  }

  async function send ({ method, path, headers = {}, body }: Sent): Promise<{ status: number, text: string, requestId: unknown }> {
    const all = { authorization, ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) }
    const { authorization: key, ...others } = all
    const request = openRequest({
      agent, port, method, path, headers: key === '' ? others : all, signal: AbortSignal.timeout(LIMIT_MS)
    })
    request.end(body)
    const [response] = await once(request, 'response') as [IncomingMessage]
    const text = (await buffer(response)).toString()
    return { status: response.statusCode ?? 0, text, requestId: response.headers['request-id'] }
  }

  /** @returns what is wrong with the answer to a request, in a line; undefined when nothing is */
  async function wrongAnswer (sent: Sent): Promise<string | undefined> {
    written.clear()
    requests++
    const { status, text, requestId } = await send(sent).catch((error: Error) => ({ status: 0, text: `no answer: ${error.message}`, requestId: undefined }))
    const isRefused = status !== 200
    const why = status === 0 || status >= 500
      ? 'is a failure'
      : typeof requestId !== 'string' || !/^req_[0-9A-Za-z]{24}$/.test(requestId)
        ? 'has no Request-Id'
        : JSON.stringify(Object.getOwnPropertyNames(Object.prototype)) !== prototype
          ? 'has polluted Object.prototype'
          : isRefused
            // The calls of a scenario before the one that was refused have been made.
            ? faultOfRefusal(status, text) ?? (written.size > 0 && !text.includes('"scenario_failed"') ? `has changed ${[...written].join(', ')}` : undefined)
            : undefined
    if (!isRefused && sent.method === 'POST' && ++accepted % LOOK_EACH === 0) await look(sent)
    if (sent.method !== 'GET' && (!isRefused || sent.headers?.['idempotency-key'] !== undefined)) await restore()
    if (why === undefined) return undefined
    const { method, path, headers, body } = sent
    return `${method} ${shortened(path)} ${shortened(JSON.stringify(headers ?? {}))} ${shortened(typeof body === 'string' ? body : body?.toString('latin1') ?? '')} → ${status} ${shortened(text)}: ${why}`
  }

  /** Whoever looks at what was taken, and at the log of all calls, sees it. */
  async function look (sent?: Sent): Promise<void> {
    for (const path of sent === undefined ? ['/_sandbox/requests?hinted=true&limit=100', '/dashboard/requests'] : ['/', '/dashboard/sessions', '/dashboard/faults']) {
      const { status, text } = await send({ method: 'GET', path })
      if (status !== 200) t.fail(`${path} is answered with ${status} ${shortened(text)}${sent === undefined ? '' : ` after ${sent.path} ${shortened(String(sent.body))}`}`)
    }
  }

  const { status } = await send({ method: 'POST', path: '/_sandbox/snapshots/made', headers: { authorization: '' } })
  t.equal(status, 200)
  const made = await counts(sandbox)
  let turn = SEED
  let requests = 0
  let accepted = 0

  const some = <T>(values: readonly T[]): T[] => {
    turn++
    return values.filter((_, index) => (index + turn) % STEP === 0)
  }

  for (const operation of all) {
    const { operationId, method, path, places, queries } = operation
    const { ids = [], query = {}, body, status: usual = 200 } = good[operationId] ?? {}
    const addressOf = (given: readonly string[], search: string): string => {
      let index = 0
      const filled = path.replace(/\{\w+\}/g, () => given[index++] ?? '')
      return search === '' ? filled : `${filled}?${search}`
    }
    const address = addressOf(ids.map(encodeURIComponent), new URLSearchParams(query).toString())
    const text = JSON.stringify(body ?? {})
    const asJson = (json: string | Buffer): Sent => ({ method, path: address, headers: JSON_TYPE, body: json })
    const asForm = (form: string): Sent => ({ method, path: address, headers: FORM_TYPE, body: form })
    const asQuery = (name: string, value: string): Sent => {
      const others = new URLSearchParams(query)
      others.delete(name)
      return { method, path: addressOf(ids, `${others.toString()}&${name}=${value}`) }
    }
    /** Whether several wrong values at once could make it wait. */
    const isWaiting = operationId === 'wait' || operationId === 'settle'

    function * tables (): Generator<Sent> {
      for (const place of places) {
        yield asJson(placed(body ?? {}, place, undefined))
        for (const json of some(ODD_JSON)) yield asJson(placed(body ?? {}, place, json))
        for (const odd of some(ODD_TEXTS)) yield asForm(formOf(body ?? {}, place, odd))
        for (const odd of FURTHER[operationId]?.[place.join('.')] ?? []) yield asJson(placed(body ?? {}, place, JSON.stringify(odd)))
      }
      for (const name of queries) {
        for (const odd of some(ODD_TEXTS)) yield asQuery(name, odd)
        for (const odd of some(ODD_FORMS.filter(({ length }) => length < 6000))) yield { method, path: addressOf(ids, odd.replaceAll('*', name)) }
        for (const json of some(ODD_JSON)) yield { ...asJson(`{"${name}":${json}}`), path: addressOf(ids, '') }
        for (const odd of FURTHER[operationId]?.[name] ?? []) yield asQuery(name, encodeURIComponent(odd.toWellFormed()))
      }
      for (const [index] of ids.entries()) {
        for (const odd of [...some(ODD_TEXTS), '.', '..', '%2e%2e', '%5c', encodeURIComponent(ids[index] ?? '').toUpperCase(), `${ids[index] ?? ''}%00`]) {
          yield { method, path: addressOf(ids.with(index, odd), ''), headers: JSON_TYPE, body: text }
        }
      }
      const [name = 'a'] = [...places.map(([first = '']) => first), ...queries]
      for (const odd of some(ODD_BODIES)) yield asJson(typeof odd === 'string' ? odd.replace('*', text === '{}' ? '"b":1' : text.slice(1, -1)) : odd)
      for (const [key, value] of Object.entries(body ?? {})) yield asJson(`{"${key}":[],${text.slice(1, -1)},"${key}":${JSON.stringify(value)}}`)
      for (const odd of some(ODD_FORMS)) yield asForm(odd.replaceAll('*', name))
      for (const odd of some(ODD_TYPES)) yield { ...asJson(text), headers: { 'content-type': odd } }
      for (const odd of some(ODD_HEADERS)) yield { ...asJson(text), headers: { ...JSON_TYPE, ...odd } }
      yield { ...asJson(text), headers: {} }
      yield { ...asJson(' '.repeat((1 << 20) + 1)) }
    }

    const asked = await send(asJson(text))
    t.equal(asked.status, usual, `${operationId} is reached: ${shortened(asked.text)}`)
    await restore()
    const wrong: string[] = []
    for (const sent of tables()) {
      const why = await wrongAnswer(sent)
      if (why !== undefined) wrong.push(why)
    }

    const change = fc.record({ place: fc.nat(), json: oddJson })
    const random = fc.record({
      how: fc.constantFrom<'json' | 'form' | 'query'>('json', 'form', 'query'),
      changes: fc.array(change, { minLength: 1, maxLength: isWaiting ? 1 : 3 })
    })
    const found = await fc.check(fc.asyncProperty(random, async ({ how, changes }) => {
      const from = how === 'query' ? queries.map(name => [name]) : places
      const chosen = changes.map(({ place, json }) => ({ place: from[place % from.length] ?? ['any'], json }))
      const json = chosen.reduce<object>((whole, { place, json }) => JSON.parse(placed(whole, place, json)) as object, how === 'query' ? {} : body ?? {})
      const sent = how === 'json'
        ? asJson(JSON.stringify(json))
        : how === 'form' ? asForm(formOf(json)) : { method, path: addressOf(ids, `${new URLSearchParams(query).toString()}&${formOf(json)}`) }
      // Node takes no longer address.
      if (sent.path.length > 12_000) return
      const why = await wrongAnswer(sent)
      if (why !== undefined) throw new Error(why)
    }), { seed: SEED, numRuns: RUNS })
    if (found.failed) wrong.push(`${String(found.errorInstance)} (found at random, by the path ${found.counterexamplePath})`)
    t.same(wrong.slice(0, SHOWN), [], `${operationId}${wrong.length > SHOWN ? `: ${wrong.length} in all` : ''}`)
    await restore()
    await look()
    t.match(await counts(sandbox), { ...made, snapshots: Number }, `after ${operationId} all is as it was, and others are answered`)
  }
  t.comment(`${requests} odd requests`)
})

/** A body as JSON with some other JSON at a place, or without the place. */
function placed (body: object, place: readonly string[], json: string | undefined): string {
  const marker = 'the-place'
  const written = JSON.stringify(withValue(body, place, json === undefined ? undefined : marker))
  return written.replace(`"${marker}"`, () => json ?? '')
}

function withValue (whole: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value
  if (name === '0') return [withValue(Array.isArray(whole) ? whole[0] : undefined, rest, value), ...Array.isArray(whole) ? whole.slice(1) : []]
  const fields = typeof whole === 'object' && whole !== null && !Array.isArray(whole) ? whole : {}
  return { ...fields, [name]: withValue(Object.hasOwn(fields, name) ? Reflect.get(fields, name) : undefined, rest, value) }
}

/** A body as a form with brackets. @param odd percent-encoded text for a place */
function formOf (body: object, place?: readonly string[], odd = ''): string {
  const fields: string[] = []
  const write = (name: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) write(name === '' ? encoded(key) : `${name}[${encoded(key)}]`, inner)
    } else if (value !== undefined) fields.push(`${name}=${value === '\u0001' ? odd : encoded(String(value))}`)
  }
  write('', place === undefined ? body : withValue(body, place, '\u0001'))
  return fields.join('&')
}

function encoded (text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function shortened (text: string): string {
  return text.length > 300 ? `${text.slice(0, 200)}…${text.slice(-60)}` : text
}

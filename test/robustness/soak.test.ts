import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { newCustomer } from '../support/customer.ts'
import { startMoodyReceiver, type Arrival } from '../support/moody-receiver.ts'
import { newFolder } from '../support/process.ts'
import { seeded, type Random } from '../support/random.ts'
import { call } from '../support/sandbox.ts'
import { ALONE, PHONES, TOGETHER, type Shop } from '../support/soak-journeys.ts'
import { startWatched, type Memory } from '../support/watched-process.ts'

/** `SOAK_SECONDS=600 npx tap test/robustness/soak.test.ts` goes on for longer; `SOAK_SEED` repeats the choices of a run. */
const SECONDS = Number(process.env.SOAK_SECONDS ?? 20)
const SEED = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31))
const SHOPS = 6
const PERIODS = 10
/** Periods before whose end the process may still grow: caches fill, code is compiled. */
const WARM_UP = 2
/** What a short run may differ by, besides 10 %: it ends while the heap, which is small, still settles. */
const SLACK_BYTES = SECONDS < 120 ? 1_500_000 : 0
const MOST_ON_DISK_BYTES = 64 << 20
/** How many differences a failed comparison shows. */
const SHOWN = 10
const BALANCE = 2_000_000_000

interface Delivery {
  readonly event: string
  readonly status: string
  readonly attempts: ReadonlyArray<{ readonly status?: number, readonly error?: string }>
}

const figures = { journeys: new Map<string, number>(), calls: 0, events: 0, deliveries: 0, retries: 0, unanswered: 0 }
const failedCalls: string[] = []
const secrets = new Map<string, string>()
let uniques = 0

t.setTimeout((SECONDS + 100) * 1000)

t.test(`mixed journeys of ${SHOPS} shops for ${SECONDS} s: nothing is lost, doubled or misordered, and memory stays flat`, async t => {
  t.comment(`SOAK_SEED=${SEED} SOAK_SECONDS=${SECONDS}`)
  const random = seeded(SEED)
  const folder = newFolder(t)
  const receiver = await startMoodyReceiver(t, random.split(), name => secrets.get(name) ?? '')
  const sandbox = await startWatched(t, folder, {
    WEBHOOK_RETRIES: 'fast',
    WEBHOOK_TIMEOUT_MS: '1000',
    SESSION_EVENTS: 'true',
    // The journeys of a minute can move an account's clock by more than the 30 days of the default.
    KEEP_DELIVERIES_MS: String(365 * 24 * 60 * 60 * 1000)
  })
  const began = performance.now()
  const randoms = Array.from({ length: SHOPS }, () => random.split())
  const memories: Array<Memory & { disk: number }> = []

  /** One shop from its empty account to the next: journeys until a time, then the comparison and the reset. */
  const season = async (name: string, key: string, random: Random, until: number): Promise<void> => {
    const inbox = receiver.open(name)
    const shop = newShop(sandbox.url, name, key, random)
    const { body: { id, secret } } = await shop.call('POST', '/v1/webhook_endpoints', { url: inbox.url, enabled_events: ['*'] })
    secrets.set(name, secret)
    do await round(shop)
    while (performance.now() < until)
    await settle(shop)
    const differences = await compare(shop, inbox.arrivals, id)
    t.same(differences.slice(0, SHOWN), [], `${name}: ${shop.payments.length} payments, ${inbox.arrivals.length} webhooks (${differences.length} differences)`)
    await shop.call('POST', '/_sandbox/reset')
    t.same((await shop.call('GET', '/_sandbox/account')).body.counts, { accounts: 1, coverage: 1 }, `${name} is empty`)
    inbox.close()
    secrets.delete(name)
  }

  for (let period = 1; period <= PERIODS; period++) {
    const end = began + period * SECONDS * 1000 / PERIODS
    await Promise.all(randoms.map(async (random, number) => {
      const key = `sk_test_soak${number}`
      // Once in the middle of what the others do, and once with them, so that the store is empty.
      const left = end - performance.now()
      await season(`${period}a${number}`, key, random, performance.now() + left * random.integer(30, 70) / 100)
      await season(`${period}b${number}`, key, random, end)
    }))
    memories.push({ ...await sandbox.memory(), disk: sizeOf(join(folder, 'data')) })
  }
  const seconds = (performance.now() - began) / 1000

  const { journeys, ...counts } = figures
  t.comment([...journeys].sort().map(([name, count]) => `${name} ${count}`).join(', '))
  t.comment(`${seconds.toFixed(1)} s: ${[...journeys.values()].reduce((sum, count) => sum + count, 0)} journeys, ${Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(', ')}`)
  for (const name of ['heapUsed', 'rss', 'disk'] as const) t.comment(`${name}, MB after each period: ${memories.map(memory => (memory[name] / 1e6).toFixed(1)).join(' ')}`)

  const heaps = memories.slice(WARM_UP).map(({ heapUsed }) => heapUsed)
  const least = Math.min(...heaps)
  const most = Math.max(...heaps)
  t.ok(most <= least * 1.1 + SLACK_BYTES, `the heap in use stays between ${(least / 1e6).toFixed(2)} and ${(most / 1e6).toFixed(2)} MB`)
  t.ok(Math.max(...memories.map(({ disk }) => disk)) <= MOST_ON_DISK_BYTES, 'the files do not grow for ever')
  t.same(failedCalls.slice(0, SHOWN), [], 'no answer is 5xx')
  t.same(receiver.strays.slice(0, SHOWN), [], 'no webhook comes after the reset of its account')
  t.equal(await sandbox.end(), 0)
  t.equal(sandbox.log(), '', 'the process has logged no error')
})

function newShop (url: string, name: string, key: string, random: Random): Shop {
  const headers = { authorization: `Basic ${btoa(`${key}:`)}` }
  const ask: Shop['ask'] = async (method, path, body, { key: idempotencyKey } = {}) => {
    figures.calls++
    const answer = await call(url, method, path, body, { key, headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey } })
    if (answer.status >= 500) failedCalls.push(`${method} ${path} → ${answer.status} ${answer.text}`)
    return answer
  }
  const shopCall: Shop['call'] = async (method, path, body, options = {}) => {
    const answer = await ask(method, path, body, options)
    if (answer.status !== (options.status ?? 200)) throw new Error(`${name}: ${method} ${path} ${JSON.stringify(body)} → ${answer.status} ${answer.text}`)
    return answer
  }
  return {
    random,
    payments: [],
    sessions: [],
    refunds: [],
    customers: new Map(),
    spent: new Map(),
    ask,
    call: shopCall,
    begin: path => {
      figures.calls++
      const end = new AbortController()
      const answered = fetch(`${url}${path}`, { headers, signal: end.signal })
      return async () => {
        end.abort()
        const name = await answered.then(({ status }) => status, (error: Error) => error.name)
        if (name !== 'AbortError') throw new Error(`GET ${path} was not left, but ended with ${name}.`)
      }
    },
    unique: what => `${what}-${++uniques}`,
    move: async ms => { await shopCall('POST', '/_sandbox/clock', { advance_ms: ms }) },
    listen: async () => {
      const end = new AbortController()
      const { body } = await fetch(`${url}/_sandbox/stream`, { headers, signal: end.signal })
      if (body === null) throw new Error('The stream has no body.')
      const reader = body.pipeThrough(new TextDecoderStream()).getReader()
      return {
        until: async text => {
          for (let seen = ''; !seen.includes(text);) {
            const { value, done } = await reader.read()
            if (done) throw new Error(`The stream ended before ${text}.`)
            seen += value
          }
        },
        stop: () => { end.abort() }
      }
    }
  }
}

/** Some journeys beside each other, then perhaps one that needs the account for itself. */
async function round (shop: Shop): Promise<void> {
  const { random } = shop
  const play = async (kinds: Readonly<Record<string, (shop: Shop) => Promise<void>>>): Promise<void> => {
    const name = random.one(Object.keys(kinds) as [string])
    await kinds[name]?.({ ...shop, random: random.split() })
    figures.journeys.set(name, (figures.journeys.get(name) ?? 0) + 1)
  }
  await Promise.all(Array.from({ length: random.integer(4, 12) }, async () => { await play(TOGETHER) }))
  if (random.chance(0.5)) await play(ALONE)
}

/** Until no webhook is due, now or later; the clock is moved past the gaps between attempts. */
async function settle ({ call, move }: Shop): Promise<void> {
  for (;;) {
    const { body } = await call('POST', '/_sandbox/settle', { timeout_ms: 60_000 })
    if (body.pending_retries === 0) return
    await move(1000)
  }
}

/** Everything in which the account or what was received differs from what the journeys must have brought about. */
async function compare (shop: Shop, arrivals: readonly Arrival[], endpoint: string): Promise<string[]> {
  const { payments, sessions, refunds, customers } = shop
  const balances = await balancesOf(shop)
  await settle(shop)
  const events = (await all(shop, '/v1/events')).reverse()
  const deliveries = await all(shop, '/_sandbox/deliveries') as Array<Listed & Delivery>
  // What the sandbox has given up may not have arrived before the next one, as on a machine that stood still for a moment.
  const givenUp = new Set(deliveries.filter(({ attempts }) => attempts[0]?.error !== undefined).map(({ event }) => event))
  const found = {
    events: listsOf(events.map(event => [paymentOf(event), event.type])),
    intents: (await all(shop, '/v1/payment_intents')).map(({ id, status, amount, amount_received: received }) => [id, `${status} ${amount} ${received ?? 0}`]),
    charges: (await all(shop, '/v1/charges')).map(({ payment_intent: id, amount, amount_refunded: back, refunded }) => [id, `${amount} ${back} ${refunded}`]),
    sessions: (await all(shop, '/v1/checkout/sessions')).map(({ id, status, payment_status: paid, payment_intent: intent, amount_total: total }) => [id, `${status} ${paid} ${intent} ${total}`]),
    refunds: (await all(shop, '/v1/refunds')).map(({ id, status, amount, payment_intent: intent }) => [id, `${status} ${amount} ${intent}`]),
    customers: (await all(shop, '/v1/customers')).map(({ id, email }) => [id, email]),
    balances,
    arrivals: listsOf(firstOf(arrivals).filter(({ event }) => !givenUp.has(event)).map(({ payment, event }) => [payment, event]))
  } satisfies Record<string, string[][]>
  const expected = {
    events: payments.map(({ id, events }) => [id, events.join(' ')]),
    intents: payments.map(({ id, status, amount }) => [id, `${status} ${amount} ${status === 'succeeded' ? amount : 0}`]),
    charges: payments.filter(({ status }) => status === 'succeeded').map(({ id, amount, refunded }) => [id, `${amount} ${refunded} ${refunded === amount}`]),
    sessions: sessions.map(({ id, status, payment }) => [id, `${status} ${status === 'complete' ? 'paid' : 'unpaid'} ${payment.id} ${payment.amount}`]),
    refunds: refunds.map(({ id, status, amount, payment }) => [id, `${status} ${amount} ${payment.id}`]),
    customers: [...customers],
    balances: PHONES.map(phone => [phone, rupiah(BALANCE - (shop.spent.get(phone) ?? 0))]),
    arrivals: listsOf(events.filter(({ id }) => !givenUp.has(id)).map(event => [paymentOf(event), event.id]))
  } satisfies Record<keyof typeof found, string[][]>
  const kinds = Object.keys(found) as Array<keyof typeof found>
  return [
    ...kinds.flatMap(kind => differences(kind, found[kind], expected[kind])),
    ...wrongDeliveries(deliveries, arrivals, events, endpoint)
  ]
}

/** Compares what the receiver got with the events and with what the sandbox says that it sent. */
function wrongDeliveries (deliveries: ReadonlyArray<Listed & Delivery>, arrivals: readonly Arrival[], events: readonly Listed[], endpoint: string): string[] {
  const wrong: string[] = []
  const expect = (holds: boolean, what: string): void => { if (!holds) wrong.push(what) }
  const byEvent = grouped(arrivals, ({ event }) => event)
  const sent = new Map(deliveries.map(delivery => [delivery.event, delivery]))
  expect(sent.size === deliveries.length && deliveries.every(delivery => delivery.endpoint === endpoint), 'there is more than one delivery of an event')
  for (const event of events) {
    const got = byEvent.get(event.id) ?? []
    const { status, attempts } = sent.get(event.id) ?? { status: 'none', attempts: [] }
    const history = `${event.id} (${event.type}), ${status}: received ${got.map(({ answer }) => answer ?? 'no answer').join(' ')}, sent ${attempts.map(({ status, error }) => status ?? error).join(' ')}`
    expect(got.every(({ isSigned }) => isSigned), `a signature is wrong: ${history}`)
    expect(got.every(({ raw }) => raw === JSON.stringify(event)), `the body is not the event: ${history}`)
    expect(status === 'succeeded' && attempts.filter(({ status }) => status === 200).length === 1 && attempts.at(-1)?.status === 200, `it was not taken once: ${history}`)
    // An attempt that the sandbox has given up may have been answered too late, or not have arrived.
    const failed = attempts.filter(({ error }) => error !== undefined).length
    expect(got.length <= attempts.length && got.length >= attempts.length - failed, `not every attempt arrived: ${history}`)
    if (failed === 0) expect(got.map(({ answer }) => answer).join() === attempts.map(({ status }) => status).join(), `the answers differ: ${history}`)
    figures.retries += attempts.length - 1
    figures.unanswered += failed
  }
  expect(deliveries.length === events.length && byEvent.size === events.length, `${events.length} events, ${deliveries.length} deliveries, ${byEvent.size} received`)
  figures.events += events.length
  figures.deliveries += arrivals.length
  return wrong
}

/** What the wallets hold, as the customer reads it on the summary of one more payment, which is then cancelled. */
async function balancesOf (shop: Shop): Promise<string[][]> {
  const balances: string[][] = []
  for (const phone of PHONES) {
    const { body: { id, amount, next_action: next } } = await shop.call('POST', '/v1/payment_intents', {
      amount: 100, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test'
    })
    const customer = newCustomer()
    await customer.open(next.dana_handle_redirect.url)
    await customer.press('continue', { phone })
    await customer.press('continue', { pin: '123456' })
    if (customer.read('balance') === undefined) await customer.press('continue', { otp: '888888' })
    balances.push([phone, customer.read('balance') ?? 'no balance on the page'])
    await shop.call('POST', `/v1/payment_intents/${id}/cancel`)
    shop.payments.push({ id, amount, status: 'canceled', refunded: 0, events: ['payment_intent.created', 'payment_intent.requires_action', 'payment_intent.canceled'] })
  }
  return balances
}

function rupiah (amount: number): string {
  return `Rp${String(amount).replace(/\B(?=(\d{3})+$)/g, '.')}`
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Listed = Record<string, any> & { readonly id: string }

/** The payment that an event belongs to, that of a session or a refund too. */
function paymentOf ({ data: { object } }: Listed): string {
  return object.object === 'payment_intent' ? object.id : object.payment_intent
}

/** All of a list, newest first. */
async function all ({ call }: Shop, path: string): Promise<Listed[]> {
  const items: Listed[] = []
  for (let more = true; more;) {
    const last = items.at(-1)
    const { body } = await call('GET', `${path}?limit=100${last === undefined ? '' : `&starting_after=${last.id}`}`)
    items.push(...body.data)
    more = body.has_more
  }
  return items
}

/** The values of each key, in their order, as one text. */
function listsOf (pairs: ReadonlyArray<readonly [key: string, value: string]>): string[][] {
  return [...grouped(pairs, ([key]) => key)].map(([key, values]) => [key, values.map(([, value]) => value).join(' ')])
}

/** `Map.groupBy`, which Node 20 does not have. */
function grouped<K, T> (items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function firstOf (arrivals: readonly Arrival[]): Arrival[] {
  const known = new Set<string>()
  return arrivals.filter(({ event }) => !known.has(event) && known.add(event))
}

function differences (kind: string, found: readonly string[][], expected: readonly string[][]): string[] {
  const rest = new Map<string, string>()
  const wrong: string[] = []
  for (const [key = '', value = ''] of found) {
    if (rest.has(key)) wrong.push(`${kind}: ${key} is there twice`)
    rest.set(key, value)
  }
  for (const [key = '', value] of expected) {
    const there = rest.get(key)
    if (there !== value) wrong.push(`${kind}: ${key} is ${there ?? 'missing'}, expected ${value}`)
    rest.delete(key)
  }
  return [...wrong, ...[...rest].map(([key, value]) => `${kind}: ${key} is ${value}, expected none`)]
}

function sizeOf (folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0)
}

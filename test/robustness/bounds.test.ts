import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.ts'
import { newFolder, start, type Process } from '../support/process.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'
import { call, counts, KEY, startSandbox, type Answer, type RunningSandbox } from '../support/sandbox.ts'

const OTHER = 'sk_test_other'
/** A clock that stands still until it is moved. */
const CLOCK = '2026-03-01T00:00:00Z'

t.test('limits are refused like every other setting, and 0 and the greatest are taken', async t => {
  const rows = [
    ['KEEP_REQUESTS', 100000, 1000], ['KEEP_IDEMPOTENCY_KEYS', 1000000, 100000], ['KEEP_DELIVERIES', 1000000, 100000],
    ['KEEP_REQUESTS_MS', 31536000000, 604800000], ['KEEP_IDEMPOTENCY_KEYS_MS', 31536000000, 86400000], ['KEEP_DELIVERIES_MS', 31536000000, 2592000000]
  ] as const
  for (const [name, most, usual] of rows) {
    for (const value of ['-1', '1.5', '1e3', 'many', ' 1', '', String(most + 1)]) {
      t.throws(() => readConfig({ [name]: value }, {}), { message: `${name} is "${value}"; allowed: an integer from 0 to ${most}.` })
    }
    for (const value of [0, 1, most]) t.equal(readConfig({}, { [name]: String(value) })[name], value, name)
    t.equal(readConfig({}, { [name]: '' })[name], usual, `${name}: an empty variable counts as none`)
  }
})

t.test('the log of requests', async t => {
  const logged = async ({ call }: RunningSandbox, key: string | null = null): Promise<string[]> =>
    (await call('GET', '/_sandbox/requests', undefined, { key })).body.data.map(({ url }: { url: string }) => url.replace('/v1/events?limit=', ''))
  const look = async ({ call }: RunningSandbox, number: number, key = KEY): Promise<void> => {
    t.equal((await call('GET', `/v1/events?limit=${number}`, undefined, { key })).status, 200)
  }

  t.test('holds as many as KEEP_REQUESTS says, of all accounts together', async t => {
    const sandbox = await startSandbox(t, { KEEP_REQUESTS: '3' })
    for (const number of [1, 2, 3]) await look(sandbox, number)
    t.same(await logged(sandbox), ['3', '2', '1'])
    for (const number of [4, 5]) await look(sandbox, number, OTHER)
    t.same(await logged(sandbox), ['5', '4', '3'], 'the newest three')
    t.same(await logged(sandbox, KEY), ['3'])
    t.same(await logged(sandbox, OTHER), ['5', '4'])
    for (const [KEEP_REQUESTS, left] of [['0', []], ['1', ['7']]] as const) {
      const other = await startSandbox(t, { KEEP_REQUESTS })
      for (const number of [6, 7]) await look(other, number)
      t.same(await logged(other), left, KEEP_REQUESTS)
    }
  })

  t.test('forgets what is older than KEEP_REQUESTS_MS in real time, also when nothing else is called', async t => {
    const sandbox = await startSandbox(t, { KEEP_REQUESTS_MS: '600000' })
    await look(sandbox, 1)
    for (const key of [KEY, null]) t.equal((await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 86_400_000 }, { key })).status, 200)
    t.same(await logged(sandbox), ['1'], 'a clock that is moved lets nothing go')
    for (const KEEP_REQUESTS_MS of ['0', '50']) {
      const other = await startSandbox(t, { KEEP_REQUESTS_MS })
      await look(other, 2)
      while ((await logged(other)).length > 0);
      await look(other, 3)
    }
  })
})

t.test('keys of idempotency', async t => {
  /** @returns whether the answer was one that had been given before */
  const use = async ({ call }: RunningSandbox, name: string, key = KEY): Promise<boolean> => {
    const { status, headers } = await call('POST', '/v1/customers', { name: 'Siti' }, { key, headers: { 'idempotency-key': name } })
    t.equal(status, 200, name)
    return headers.get('idempotent-replayed') === 'true'
  }
  const kept = async (sandbox: RunningSandbox): Promise<number | undefined> => (await counts(sandbox)).idempotency_keys

  t.test('are as many as KEEP_IDEMPOTENCY_KEYS says, of all accounts together; the oldest goes, and is a new request', async t => {
    const sandbox = await startSandbox(t, { KEEP_IDEMPOTENCY_KEYS: '3' })
    for (const [name, key] of [['first', KEY], ['second', OTHER], ['third', KEY]] as const) t.notOk(await use(sandbox, name, key))
    t.ok(await use(sandbox, 'first'), 'three are kept')
    t.notOk(await use(sandbox, 'fourth', OTHER))
    t.equal(await kept(sandbox), 3)
    t.ok(await use(sandbox, 'second', OTHER))
    t.ok(await use(sandbox, 'third'))
    t.ok(await use(sandbox, 'fourth', OTHER))
    t.equal((await sandbox.call('GET', '/v1/customers')).body.data.length, 2)
    t.notOk(await use(sandbox, 'first'), 'the one that went is a new request')
    t.equal((await sandbox.call('GET', '/v1/customers')).body.data.length, 3)
    t.notOk(await use(sandbox, 'second', OTHER), 'to be asked for again makes none younger')
    t.equal((await sandbox.call('POST', '/v1/customers', { name: 7 }, { headers: { 'idempotency-key': 'fifth' } })).status, 400)
    t.ok(await use(sandbox, 'fourth', OTHER), 'one that is not kept takes nobody\'s place')
    t.equal(await kept(sandbox), 3)
  })

  t.test('are none with 0, and one with 1', async t => {
    for (const [KEEP_IDEMPOTENCY_KEYS, isKept] of [['0', false], ['1', true]] as const) {
      const sandbox = await startSandbox(t, { KEEP_IDEMPOTENCY_KEYS })
      t.notOk(await use(sandbox, 'first'))
      t.equal(await use(sandbox, 'first'), isKept)
      t.notOk(await use(sandbox, 'second'))
      t.equal(await use(sandbox, 'second'), isKept)
      t.equal(await kept(sandbox), isKept ? 1 : 0)
    }
  })

  t.test('are kept for KEEP_IDEMPOTENCY_KEYS_MS, by the clock of their account', async t => {
    const sandbox = await startSandbox(t, { KEEP_IDEMPOTENCY_KEYS_MS: '1000', CLOCK })
    for (const key of [KEY, OTHER]) t.notOk(await use(sandbox, 'first', key))
    await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 999 })
    t.ok(await use(sandbox, 'first'))
    await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 1 })
    t.equal(await kept(sandbox), 1, 'it has gone by itself')
    t.notOk(await use(sandbox, 'first'))
    t.ok(await use(sandbox, 'first', OTHER))
    const never = await startSandbox(t, { KEEP_IDEMPOTENCY_KEYS_MS: '0', CLOCK })
    for (let time = 1; time <= 3; time++) t.notOk(await use(never, 'first'))
  })

  t.test('are as few as a lower limit says after a restart: the newest, of whichever account', async t => {
    const DATA_FILE = join(newFolder(t), 'sandbox.json')
    const names = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth']
    const owner = (index: number): string => index % 2 === 0 ? KEY : OTHER
    const before = await startSandbox(t, { DATA_FILE, KEEP_IDEMPOTENCY_KEYS: '6' })
    for (const [index, name] of names.entries()) await use(before, name, owner(index))
    t.equal(await kept(before), 6)
    await before.stop()
    const after = await startSandbox(t, { DATA_FILE, KEEP_IDEMPOTENCY_KEYS: '3' })
    t.notOk(await use(after, 'seventh'))
    t.equal(await kept(after), 3)
    t.ok(await use(after, 'fifth', KEY))
    t.ok(await use(after, 'sixth', OTHER))
    t.ok(await use(after, 'seventh'))
    t.notOk(await use(after, 'fourth', OTHER))
  })
})

t.test('deliveries that have ended', async t => {
  /** Sends an event and waits until its webhooks have had their attempt; answers its id. */
  const send = async ({ call }: RunningSandbox, key = KEY): Promise<string> => {
    const { body } = await call('POST', '/_sandbox/events', { type: 'payment_intent.succeeded' }, { key })
    t.equal((await call('POST', '/_sandbox/settle', {}, { key })).status, 200)
    return body.id
  }
  const sendSome = async (sandbox: RunningSandbox, count: number, key = KEY): Promise<string[]> => {
    const ids: string[] = []
    while (ids.length < count) ids.push(await send(sandbox, key))
    return ids
  }
  /** The events of an account's deliveries, oldest first. */
  const kept = async ({ call }: RunningSandbox, query = '', key = KEY): Promise<string[]> =>
    (await call('GET', `/_sandbox/deliveries?limit=100${query}`, undefined, { key })).body.data.map(({ event }: { event: string }) => event).reverse()
  const events = async ({ call }: RunningSandbox, key = KEY): Promise<number> => (await call('GET', '/v1/events?limit=100', undefined, { key })).body.data.length
  const endpoint = async ({ call }: RunningSandbox, url: string, key = KEY): Promise<void> => {
    t.equal((await call('POST', '/v1/webhook_endpoints', { url, enabled_events: ['payment_intent.succeeded'] }, { key })).status, 200)
  }

  t.test('are as many as KEEP_DELIVERIES says in each account; what is pending stays, and so do the events', async t => {
    let isBroken = false
    const receiver = await startReceiver(t, { reply: response => { response.writeHead(isBroken ? 500 : 200).end() } })
    const sandbox = await startSandbox(t, { KEEP_DELIVERIES: '3', CLOCK, WEBHOOK_RETRIES: '1000' })
    for (const key of [OTHER, KEY]) await endpoint(sandbox, receiver.url, key)
    const others = await sendSome(sandbox, 3, OTHER)
    isBroken = true
    const pending = await sendSome(sandbox, 4)
    isBroken = false
    const ended = await sendSome(sandbox, 3)
    t.same(await kept(sandbox), [...pending, ...ended])
    const later = await sendSome(sandbox, 2)
    t.same(await kept(sandbox), [...pending, ...ended.slice(2), ...later], 'the oldest of those that have ended go')
    t.same(await kept(sandbox, '', OTHER), others, 'none of another account')
    t.equal(await events(sandbox), 9)
    await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 1000 })
    t.same(await kept(sandbox), [...ended.slice(2), ...later], 'when they end at last, they are the oldest')
    t.equal(receiver.received.length, 16, 'each was sent, those that were pending twice')
    t.equal(await events(sandbox), 9)
  })

  t.test('are kept for KEEP_DELIVERIES_MS after the event, and go when the next one ends', async t => {
    let isBroken = true
    const receiver = await startReceiver(t, { reply: response => { response.writeHead(isBroken ? 500 : 200).end() } })
    const sandbox = await startSandbox(t, { KEEP_DELIVERIES_MS: '1000', CLOCK, WEBHOOK_RETRIES: '100000000' })
    const move = async (ms: number): Promise<Answer> => await sandbox.call('POST', '/_sandbox/clock', { advance_ms: ms })
    for (const key of [OTHER, KEY]) await endpoint(sandbox, receiver.url, key)
    const pending = await send(sandbox)
    isBroken = false
    const others = await sendSome(sandbox, 1, OTHER)
    const [first, second] = await sendSome(sandbox, 2)
    await move(1000)
    const third = await send(sandbox)
    t.same(await kept(sandbox), [pending, first, second, third], 'just as old as it may be')
    await move(1)
    t.same(await kept(sandbox), [pending, first, second, third])
    const fourth = await send(sandbox)
    t.same(await kept(sandbox), [pending, third, fourth])
    await move(86_400_000)
    const fifth = await send(sandbox)
    t.same(await kept(sandbox), [pending, fifth])
    t.same(await kept(sandbox, '&status=pending'), [pending])
    await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 86_400_000 }, { key: OTHER })
    t.same(await kept(sandbox, '', OTHER), others, 'nothing has ended there since')
    t.equal(await events(sandbox), 6)
  })

  t.test('are none with KEEP_DELIVERIES=0: every webhook is still sent, tried again and awaited', async t => {
    const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(count === 1 ? 500 : 200).end() } })
    const sandbox = await startSandbox(t, { KEEP_DELIVERIES: '0', CLOCK, WEBHOOK_RETRIES: '1000' })
    await endpoint(sandbox, receiver.url)
    const first = await send(sandbox)
    t.same(await kept(sandbox), [first], 'it is to be tried again')
    const second = await send(sandbox)
    t.same(await kept(sandbox), [first])
    await sandbox.call('POST', '/_sandbox/clock', { advance_ms: 1000 })
    t.same(await kept(sandbox), [])
    t.same(receiver.received.map(({ event }) => event.id), [first, second, first])
    t.equal(await events(sandbox), 2)
  })

  t.test('can be sent again before they go: the answer is the delivery as it ended', async t => {
    let isBroken = true
    const receiver = await startReceiver(t, { reply: response => { response.writeHead(isBroken ? 500 : 200).end() } })
    const deliveryOf = async ({ call }: RunningSandbox, event: string): Promise<string> => (await call('GET', `/_sandbox/deliveries?event=${event}`)).body.data[0].id

    const none = await startSandbox(t, { KEEP_DELIVERIES: '0', CLOCK })
    await endpoint(none, receiver.url)
    const pending = await deliveryOf(none, await send(none))
    isBroken = false
    t.match(await none.call('POST', `/_sandbox/deliveries/${pending}/resend`), { status: 200, body: { id: pending, status: 'succeeded', attempts: [{ status: 500 }, { status: 200 }] } })
    t.same(await kept(none), [])

    const usual = await startSandbox(t, { CLOCK })
    await endpoint(usual, receiver.url)
    const old = await deliveryOf(usual, await send(usual))
    await usual.call('POST', '/_sandbox/clock', { advance_ms: 2_592_000_001 })
    t.match(await usual.call('POST', `/_sandbox/deliveries/${old}/resend`), { status: 200, body: { id: old, status: 'succeeded', attempts: [{ status: 200 }, { status: 200 }] } }, 'after 30 days')
    t.equal(receiver.received.length, 4)
  })

  t.test('come down to a lower limit after a restart, some with each that ends', async t => {
    const receiver = await startReceiver(t)
    const DATA_FILE = join(newFolder(t), 'sandbox.json')
    const before = await startSandbox(t, { DATA_FILE })
    for (const key of [KEY, OTHER]) await endpoint(before, receiver.url, key)
    for (const [key, count] of [[KEY, 120], [OTHER, 5]] as const) {
      await Promise.all(Array.from({ length: count }, async () => await before.call('POST', '/_sandbox/events', { type: 'payment_intent.succeeded' }, { key })))
      await before.call('POST', '/_sandbox/settle', {}, { key })
    }
    t.equal((await counts(before)).deliveries, 125)
    await before.stop()
    const after = await startSandbox(t, { DATA_FILE, KEEP_DELIVERIES: '10' })
    t.match(await counts(after), { deliveries: 125, events: 125 })
    const newest = (await kept(after)).slice(-8)
    const sent = await sendSome(after, 2)
    t.same(await kept(after), [...newest, ...sent])
    t.equal((await kept(after, '', OTHER)).length, 5)
    t.equal((await counts(after)).events, 127)
    await after.stop()
    const again = await startSandbox(t, { DATA_FILE, KEEP_DELIVERIES: '10' })
    t.same(await kept(again), [...newest, ...sent])
  })
})

/** How long a receiver has to answer. `BOUNDS_FIGURES=yes npx tap test/robustness/bounds.test.ts` prints what was measured. */
const TIMEOUT_MS = 2000
const GOOD = 20
const PAYMENTS = 10
const OK = 'HTTP/1.1 200 OK\r\n'
const HINTS = 'HTTP/1.1 103 Early Hints\r\n\r\n'
const CHUNK = Buffer.alloc(64 * 1024, 'x')

/** A receiver that does something else than answering. */
interface Bad {
  readonly url: string
  readonly sockets: readonly Socket[]
  /** The most connections that were open at once. */
  readonly most: () => number
  /** Resolves when a request has begun to arrive, or at least a connection. */
  readonly asked: Promise<unknown>
  readonly stop: () => Promise<void>
}

async function startBad (t: Test, behave: (socket: Socket) => void): Promise<Bad> {
  const sockets: Socket[] = []
  let most = 0
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    behave(socket)
    // What was ended before this one was opened is known a turn of the event loop later.
    const earlier = [...sockets]
    setImmediate(() => {
      setImmediate(() => { most = Math.max(most, earlier.filter(({ readableEnded, destroyed }) => !readableEnded && !destroyed).length) })
    })
  })
  const asked = once(server, 'connection')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  t.teardown(stop)
  return { url: `http://127.0.0.1:${port}/`, sockets, most: () => most, asked, stop }
}

/** Writes for as long as the other side takes it. */
function pour (socket: Socket, bytes: number, chunk: Buffer): void {
  let left = bytes
  const more = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= chunk.length
      if (!socket.write(chunk)) return
    }
  }
  socket.on('drain', more)
  more()
}

/** Writes a text again and again, a piece at a time. */
function drip (socket: Socket, text: string, size: number, everyMs: number): void {
  let at = 0
  const timer = setInterval(() => {
    socket.write(text.slice(at, at + size))
    at = (at + size) % text.length
  }, everyMs)
  socket.on('close', () => { clearInterval(timer) })
}

/** Does something when a request has begun to arrive, and reads all of it. */
function whenAsked (behave: (socket: Socket) => void): (socket: Socket) => void {
  return socket => {
    socket.resume()
    socket.once('data', () => { behave(socket) })
  }
}

interface Kind {
  readonly name: string
  readonly behave: (socket: Socket) => void
  readonly isClosed?: true
  /** Whether it does not see that a connection was ended. */
  readonly isBlind?: true
  readonly retries: string
  readonly attempts: number
  /** What attempts are recorded with. */
  readonly ends: RegExp
  /** Whether attempts last until the time is over. */
  readonly takesAllTime?: true
}

const hanging = { retries: 'none', attempts: 1, ends: /^no answer within 2000 ms$/, takesAllTime: true } as const
const long = { retries: 'none', attempts: 1, ends: /^200 x{1024}$/ } as const
/** The third attempt comes when the good receivers have had everything for long. */
const failing = { retries: '100,5000', attempts: 3 } as const

const KINDS: readonly Kind[] = [
  { name: 'never answers', behave: whenAsked(() => {}), ...hanging, retries: '100', attempts: 2 },
  { name: 'resets the connection', behave: whenAsked(socket => { socket.resetAndDestroy() }), ...failing, ends: /^read ECONNRESET$/ },
  { name: 'closes at once', behave: socket => { socket.destroy() }, ...failing, ends: /^(?:read ECONNRESET|write EPIPE|UND_ERR_SOCKET: other side closed)$/ },
  { name: 'refuses', behave: () => {}, isClosed: true, ...failing, ends: /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/ },
  { name: 'never reads', behave: socket => { socket.pause() }, ...hanging, isBlind: true },
  { name: 'writes a byte of its status a second', behave: whenAsked(socket => { drip(socket, OK, 1, 1000) }), ...hanging },
  {
    name: 'writes a byte of its body a second',
    behave: whenAsked(socket => {
      socket.write(`${OK}Content-Length: 1000\r\n\r\n`)
      drip(socket, 'x', 1, 1000)
    }),
    ...hanging,
    ends: /^200 x{0,2}$/
  },
  { name: 'sends early hints without end', behave: whenAsked(socket => { drip(socket, HINTS, HINTS.length, 10) }), ...hanging },
  {
    name: 'sends 1 GB',
    behave: whenAsked(socket => {
      socket.write(`${OK}Content-Length: 1073741824\r\n\r\n`)
      pour(socket, 1073741824, CHUNK)
    }),
    ...long
  },
  {
    name: 'sends a body without end',
    behave: whenAsked(socket => {
      socket.write(`${OK}\r\n`)
      pour(socket, Infinity, CHUNK)
    }),
    ...long
  },
  {
    name: 'sends headers without end',
    behave: whenAsked(socket => {
      socket.write(OK)
      pour(socket, Infinity, Buffer.from('X-More: and more\r\n'.repeat(1000)))
    }),
    ...long,
    ends: /^UND_ERR_HEADERS_OVERFLOW: Headers Overflow Error$/
  }
]

const DANA = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test' }

/** Lets payments happen to an account of 20 good receivers and a bad one; answers after how many milliseconds the good ones had every webhook. */
async function pay (t: Test, sandbox: Process, bad: Bad | undefined): Promise<number> {
  const receivers: Receiver[] = []
  for (let number = 0; number < GOOD; number++) receivers.push(await startReceiver(t))
  // The bad one first, so that all others come after it.
  for (const { url } of bad === undefined ? receivers : [bad, ...receivers]) {
    t.equal((await call(sandbox.url, 'POST', '/v1/webhook_endpoints', { url, enabled_events: ['*'] })).status, 200)
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: PAYMENTS }, async () => await call(sandbox.url, 'POST', '/v1/payment_intents', DANA)))
  await Promise.all(receivers.map(async receiver => await receiver.waitFor(2 * PAYMENTS)))
  const took = performance.now() - started
  for (const { received } of receivers) {
    const stories: Partial<Record<string, string[]>> = {}
    for (const { event } of received) (stories[event.data.object.id] ??= []).push(event.type)
    t.same(Object.values(stories), Array.from({ length: PAYMENTS }, () => ['payment_intent.created', 'payment_intent.requires_action']), 'in order, for each payment')
  }
  return took
}

interface Attempted { readonly url: string, readonly attempts: ReadonlyArray<{ status?: number, response?: string, error?: string, duration_ms: number }> }

async function deliveriesTo (sandbox: Process, url: string, query: string): Promise<Attempted[]> {
  const found: Attempted[] = []
  for (let after = ''; ;) {
    const { body } = await call(sandbox.url, 'GET', `/_sandbox/deliveries?limit=100${query}${after}`)
    found.push(...body.data.filter((delivery: Attempted) => delivery.url === url))
    if (body.has_more !== true) return found
    after = `&starting_after=${body.data.at(-1).id}`
  }
}

/** Resolves when nothing is pending any more; the stream tells of every change. */
async function ended (sandbox: Process): Promise<void> {
  const end = new AbortController()
  const { body } = await fetch(`${sandbox.url}/_sandbox/stream`, { headers: { authorization: `Basic ${btoa(`${KEY}:`)}` }, signal: end.signal })
  const reader = body?.getReader()
  while ((await call(sandbox.url, 'GET', '/_sandbox/deliveries?limit=1&status=pending')).body.data.length > 0) await reader?.read()
  end.abort()
}

/** The most memory that a process has ever held, in MB; undefined where no Linux tells. */
function peak ({ child }: Process): number | undefined {
  const file = `/proc/${child.pid}/status`
  if (!existsSync(file)) return undefined
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1]) / 1024
}

t.test('a bad receiver holds up nobody else, and takes bounded connections, bytes, time and memory, in whatever way it is bad', async t => {
  const begin = async (retries: string): Promise<Process> => await start(t, newFolder(t), {
    flags: ['--data-file', ':memory:', '--webhook-timeout-ms', String(TIMEOUT_MS), '--webhook-retries', retries]
  })
  const plain = await begin('none')
  const usual = await pay(t, plain, undefined)
  const usualPeak = peak(plain) ?? 0
  const rounds: Array<{ kind: Kind, bad: Bad, sandbox: Process, took: number }> = []
  for (const kind of KINDS) {
    const bad = await startBad(t, kind.behave)
    if (kind.isClosed === true) await bad.stop()
    const sandbox = await begin(kind.retries)
    const took = await pay(t, sandbox, bad)
    if (kind.takesAllTime === true || kind.attempts > 1) {
      t.not((await deliveriesTo(sandbox, bad.url, '&status=pending')).length, 0, `one that ${kind.name} is still tried when the others have everything`)
    }
    t.ok(took < 3 * usual + 2000, `one that ${kind.name}: ${Math.round(took)} ms, without it ${Math.round(usual)}`)
    rounds.push({ kind, bad, sandbox, took })
  }
  await Promise.all(rounds.map(async ({ kind, bad, sandbox, took }) => {
    await ended(sandbox)
    const deliveries = await deliveriesTo(sandbox, bad.url, '')
    t.same(deliveries.map(({ attempts }) => attempts.length), Array.from({ length: 2 * PAYMENTS }, () => kind.attempts), `attempts for one that ${kind.name}`)
    const attempts = deliveries.flatMap(({ attempts }) => attempts)
    const texts = attempts.map(({ status, response, error }) => error ?? `${status} ${response}`)
    t.same(texts.filter(text => !kind.ends.test(text)), [], `what became of them for one that ${kind.name}`)
    const durations = attempts.map(({ duration_ms: ms }) => ms)
    const [shortest, longest] = [Math.min(...durations), Math.max(...durations)]
    if (kind.takesAllTime === true) t.ok(shortest >= TIMEOUT_MS - 5, `one that ${kind.name}: ${shortest} ms`)
    t.ok(longest < TIMEOUT_MS + 5000, `one that ${kind.name}: ${longest} ms`)
    if (kind.isBlind !== true) t.ok(bad.most() <= 10, `one that ${kind.name} has ${bad.most()} connections at once`)
    t.ok(bad.sockets.length <= attempts.length + 10, `one that ${kind.name} has ${bad.sockets.length} connections for ${attempts.length} attempts`)
    // 64 KB are read; the system holds some MB on both sides of a connection.
    const sent = Math.max(0, ...bad.sockets.map(socket => socket.bytesWritten - socket.writableLength))
    t.ok(sent < 16_000_000, `one that ${kind.name} gets rid of ${sent} bytes`)
    const grown = (peak(sandbox) ?? usualPeak) - usualPeak
    t.ok(grown < 60, `one that ${kind.name}: ${Math.round(grown)} MB more`)
    if (process.env.BOUNDS_FIGURES === 'yes') console.error(`${kind.name}: ${Math.round(took)} ms (${Math.round(usual)}), most ${bad.most()}, connections ${bad.sockets.length}/${attempts.length}, ${shortest}–${longest} ms, sent ${sent}, +${Math.round(grown)} MB of ${Math.round(usualPeak)}, ${texts[0]?.slice(0, 60)}`)
  }))
  for (const sandbox of [plain, ...rounds.map(({ sandbox }) => sandbox)]) t.equal(await sandbox.end('SIGTERM'), 0)
})

t.test('a stop ends with 0 within 5 s while receivers hang', async t => {
  const sandbox = await start(t, newFolder(t), { flags: ['--data-file', ':memory:', '--webhook-timeout-ms', '60000'] })
  const bad = await Promise.all(KINDS.filter(({ takesAllTime }) => takesAllTime).map(async ({ behave }) => await startBad(t, behave)))
  t.equal(bad.length, 5)
  for (const { url } of bad) t.equal((await call(sandbox.url, 'POST', '/v1/webhook_endpoints', { url, enabled_events: ['*'] })).status, 200)
  t.equal((await call(sandbox.url, 'POST', '/v1/payment_intents', DANA)).status, 200)
  await Promise.all(bad.map(async ({ asked }) => await asked))
  const signalled = performance.now()
  t.equal(await sandbox.end('SIGTERM'), 0)
  const took = performance.now() - signalled
  t.ok(took < 5000, `${Math.round(took)} ms`)
})

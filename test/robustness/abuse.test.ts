import { execSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { newFolder } from '../support/process.ts'
import { faultOfRefusal } from '../support/refusal.ts'
import { call, KEY, startSandbox } from '../support/sandbox.ts'
import { startWatched, type WatchedProcess } from '../support/watched-process.ts'

/** Idle connections; fewer where the machine allows fewer open files. `ABUSE_CONNECTIONS=15000 npx tap test/robustness/abuse.test.ts` opens more. */
const CONNECTIONS = Math.min(Number(process.env.ABUSE_CONNECTIONS ?? 3000), openFiles() - 500)
/** For what is answered at once, on a busy machine. */
const LIMIT_MS = 5000
/** More of the heap than this, after all connections are closed, is held by something. */
const SLACK_BYTES = 8_000_000

const HOST = 'Host: 127.0.0.1\r\n'
const AUTHORIZATION = `Authorization: Basic ${btoa(`${KEY}:`)}\r\n`
const CLOSE = 'Connection: close\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'
const EVENTS = `GET /v1/events HTTP/1.1\r\n${HOST}${AUTHORIZATION}`
const CUSTOMERS = `POST /v1/customers HTTP/1.1\r\n${HOST}${AUTHORIZATION}${JSON_TYPE}`
const CHUNKED = `${CUSTOMERS}Transfer-Encoding: chunked\r\n\r\n`

interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
}

function openFiles (): number {
  const limit = execSync('ulimit -n', { encoding: 'utf8' }).trim()
  return limit === 'unlimited' ? Infinity : Number(limit)
}

function portOf (url: string): number {
  return Number(new URL(url).port)
}

/** Opens a connection that the test destroys at its end, if nobody did before. */
async function open (t: Test, url: string): Promise<Socket> {
  const socket = connect(portOf(url), '127.0.0.1')
  // A refusal may close it while it is still written to.
  socket.on('error', () => {})
  t.teardown(() => { socket.destroy() })
  await once(socket, 'connect')
  return socket
}

/** The answers that stand one after the other in what a socket has read; bodies by their Content-Length or as one chunk after the other. */
function answersIn (read: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let rest = read; rest !== '';) {
    const end = rest.indexOf('\r\n\r\n')
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1])
    if (end === -1 || Number.isNaN(status)) throw new Error(`This is no answer: ${rest.slice(0, 300)}`)
    const headers = new Map(lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
    rest = rest.slice(end + 4)
    const length = Number(headers.get('content-length') ?? (status < 200 || status === 204 ? 0 : rest.length))
    // Bodies of these tests are ASCII, so that characters are bytes.
    answers.push({ status, headers, text: rest.slice(0, length) })
    rest = rest.slice(length)
  }
  return answers
}

/** Writes bytes and reads until the sandbox closes the connection. @param half whether this side is closed after writing */
async function exchange (t: Test, url: string, bytes: string | Buffer, { half = false } = {}): Promise<RawAnswer[]> {
  const socket = await open(t, url)
  let read = ''
  socket.setEncoding('latin1').on('data', (part: string) => { read += part })
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })
  if (half) socket.end(bytes)
  else socket.write(bytes)
  await closed
  return answersIn(read)
}

/** Others are answered, and soon. */
async function othersAreAnswered (t: Test, { url }: WatchedProcess, name: string): Promise<void> {
  const began = performance.now()
  const made = await call(url, 'POST', '/v1/customers', { email: 'siti@shop.test' })
  const health = await call(url, 'GET', '/_sandbox/health', undefined, { key: null })
  t.same([made.status, health.status], [200, 200], `${name}: others are answered`)
  t.ok(performance.now() - began < LIMIT_MS, `${name}: soon, in ${Math.round(performance.now() - began)} ms`)
}

async function startProcess (t: Test): Promise<WatchedProcess> {
  const sandbox = await startWatched(t, newFolder(t), { DATA_FILE: ':memory:' })
  await call(sandbox.url, 'GET', '/v1/events')
  return sandbox
}

/** It has logged no failure of its own, and ends as it should. */
async function endsWell (t: Test, sandbox: WatchedProcess): Promise<void> {
  t.equal(sandbox.log(), '', 'nothing has gone wrong in it')
  t.equal(await sandbox.end(), 0)
}

t.test('requests that are none, and odd ones, are answered with the envelope or as usual, and nobody else notices', async t => {
  const sandbox = await startProcess(t)
  const table: ReadonlyArray<readonly [string, string | Buffer, number, string | undefined, { readonly half?: boolean }?]> = [
    ['no version', 'GET /v1/events\r\n\r\n', 401, 'api_key_missing'],
    ['HTTP/1.0', `GET /v1/events HTTP/1.0\r\n${AUTHORIZATION}\r\n`, 200, undefined],
    ['HTTP/2 without being asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'request_malformed'],
    ['a version that there is not', `GET / HTTP/3.0\r\n${HOST}\r\n`, 400, 'request_malformed'],
    ['TLS', Buffer.from([0x16, 3, 1, 0, 0x20, 1, 0, 0, 0x1c, 3, 3]), 400, 'request_malformed'],
    ['a method that there is not', `BREW /v1/events HTTP/1.1\r\n${HOST}\r\n`, 400, 'request_malformed'],
    ['a method of others', `PROPFIND /v1/events HTTP/1.1\r\n${HOST}${AUTHORIZATION}${CLOSE}\r\n`, 404, 'route_unknown'],
    ['TRACE', `TRACE /v1/events HTTP/1.1\r\n${HOST}${AUTHORIZATION}${CLOSE}\r\n`, 404, 'route_unknown'],
    ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, 404, 'route_unknown'],
    ['an absolute target', `GET http://shop.test/v1/events HTTP/1.1\r\n${HOST}${AUTHORIZATION}${CLOSE}\r\n`, 200, undefined],
    ['an absolute target of the sandbox\'s own API', `GET http://shop.test/_sandbox/clock HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, 200, undefined],
    ['the same under a name of strangers', `GET http://localhost/_sandbox/clock HTTP/1.1\r\nHost: shop.test\r\n${CLOSE}\r\n`, 403, 'host_not_allowed'],
    ['an absolute target with a body', `${CUSTOMERS.replace(' /v1', ' https://shop.test/v1')}${CLOSE}Content-Length: 0\r\n\r\n`, 200, undefined],
    ['two slashes', `GET //shop.test/v1/events HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, 404, 'route_unknown'],
    ['a way out of the folder', `GET /../../etc/passwd HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, 404, 'route_unknown'],
    ['a NUL in the target', `GET /v1/ev\0ents HTTP/1.1\r\n${HOST}\r\n`, 400, 'request_malformed'],
    ['bytes that are no text in the target', Buffer.from(`GET /v1/\xff\xfe HTTP/1.1\r\n${HOST}\r\n`, 'latin1'), 400, 'request_malformed'],
    ['a space in the target', `GET /v1/events all HTTP/1.1\r\n${HOST}\r\n`, 400, 'request_malformed'],
    ['a long target', `GET /v1/events?${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431, 'request_malformed'],
    ['lines without CR', EVENTS.replaceAll('\r', '') + '\n', 400, 'request_malformed'],
    ['a folded header', `${EVENTS}X: a\r\n b\r\n\r\n`, 400, 'request_malformed'],
    ['a space before the colon', `${EVENTS}X : a\r\n\r\n`, 400, 'request_malformed'],
    ['a NUL in a header', `${EVENTS}X: \0\r\n\r\n`, 400, 'request_malformed'],
    ['one long header', `${EVENTS}X: ${'x'.repeat(100_000)}\r\n\r\n`, 431, 'request_malformed'],
    ['long headers', `${EVENTS}${`X: ${'x'.repeat(1000)}\r\n`.repeat(100)}\r\n`, 431, 'request_malformed'],
    ['more headers than Node reads', `${EVENTS}${'a:b\r\n'.repeat(2500)}${CLOSE}\r\n`, 200, undefined],
    ['no host', `GET /v1/events HTTP/1.1\r\n${AUTHORIZATION}${CLOSE}\r\n`, 400, 'request_malformed'],
    ['CONNECT', `CONNECT shop.test:443 HTTP/1.1\r\n${HOST}\r\n`, 400, 'request_malformed'],
    ['two hosts', `${EVENTS}${HOST}${CLOSE}\r\n`, 200, undefined],
    ...['[', 'a b', 'ev"il', 'a<b>', 'a/b', 'user@a', 'a:b', 'a:1:2', 'é'].map(host =>
      [`the host ${host}`, `GET /v1/events HTTP/1.1\r\nHost: ${host}\r\n${AUTHORIZATION}${CLOSE}\r\n`, 400, 'request_malformed'] as const),
    ...['', 'sandbox_1:4242', '[::1]:1', 'Shop.TEST:'].map(host =>
      [`the host ${host || 'that is empty'}`, `GET /v1/events HTTP/1.1\r\nHost: ${host}\r\n${AUTHORIZATION}${CLOSE}\r\n`, 200, undefined] as const),
    ['an upgrade', `${EVENTS}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`, 200, undefined],
    ['Expect that nobody knows', `${CUSTOMERS}Expect: a-miracle\r\nContent-Length: 2\r\n${CLOSE}\r\n{}`, 200, undefined],
    ['Expect that nobody knows, without a key', `POST /v1/customers HTTP/1.1\r\n${HOST}Expect: a-miracle\r\nContent-Length: 2\r\n${CLOSE}\r\n{}`, 401, 'api_key_missing'],
    ['a negative length', `${CUSTOMERS}Content-Length: -1\r\n\r\n{}`, 400, 'request_malformed'],
    ['two lengths', `${CUSTOMERS}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400, 'request_malformed'],
    ['a length and chunks', `${CUSTOMERS}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'request_malformed'],
    ['a length beyond numbers', `${CUSTOMERS}Content-Length: ${'9'.repeat(30)}\r\n\r\n{}`, 400, 'request_malformed'],
    ['a length beyond the limit, of which nothing is sent', `${CUSTOMERS}Content-Length: 99999999999\r\n\r\n{}`, 413, 'body_too_large'],
    ['an encoding that nobody knows', `${CUSTOMERS}Transfer-Encoding: x\r\n\r\n{}`, 400, 'request_malformed'],
    ['a chunk without a length', `${CHUNKED}zz\r\n{}`, 400, 'request_malformed'],
    ['a chunk with a long extension', `${CHUNKED}2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`, 400, 'request_malformed'],
    ['chunks beyond the limit', `${CHUNKED}${`10000\r\n${' '.repeat(65_536)}\r\n`.repeat(20)}0\r\n\r\n`, 413, 'body_too_large'],
    ['chunks of one byte, and trailers', `${CHUNKED.replace('Transfer', `${CLOSE}Transfer`)}1\r\n{\r\n1\r\n}\r\n0\r\nAuthorization: none\r\n\r\n`, 200, undefined],
    ['half a request line', 'GET /v1/ev', 400, 'request_malformed', { half: true }],
    ['half a header', `${EVENTS}X-Half`, 400, 'request_malformed', { half: true }],
    ['half a body', `${CUSTOMERS}Content-Length: 20\r\n\r\n{"email"`, 400, 'request_malformed', { half: true }],
    ['half a chunk', `${CHUNKED}10\r\n{`, 400, 'request_malformed', { half: true }]
  ]
  const counted = async (): Promise<number> => (await call(sandbox.url, 'GET', '/_sandbox/health', undefined, { key: null })).body.counts.customers
  for (const [name, bytes, status, code, options] of table) {
    const before = await counted()
    const [answer, ...others] = await exchange(t, sandbox.url, bytes, options)
    t.equal(answer?.status, status, name)
    t.same(others, [], `${name}: one answer`)
    if (code === undefined) t.match(answer?.headers.get('request-id'), /^req_/, name)
    else {
      const text = answer?.text ?? ''
      t.equal(JSON.parse(text).error?.code, code, name)
      t.equal(faultOfRefusal(status, text), undefined, name)
      t.equal(await counted(), before, `${name}: nothing was done`)
    }
  }
  t.same(await exchange(t, sandbox.url, '', { half: true }), [], 'where nothing is asked, nothing is answered')
  await othersAreAnswered(t, sandbox, 'afterwards')
  await endsWell(t, sandbox)
})

t.test('a client that waits for 100 Continue is told to go on, and its body is read', async t => {
  const sandbox = await startProcess(t)
  const socket = await open(t, sandbox.url)
  let read = ''
  socket.setEncoding('latin1').on('data', (part: string) => { read += part })
  socket.write(`${CUSTOMERS}Expect: 100-continue\r\nContent-Length: 26\r\n${CLOSE}\r\n`)
  await once(socket, 'data', { signal: AbortSignal.timeout(LIMIT_MS) })
  t.equal(read, 'HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('{"email":"siti@shop.test"}')
  await once(socket, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })
  t.match(answersIn(read).map(({ status }) => status), [100, 200])
  await endsWell(t, sandbox)
})

t.test('requests that are written before earlier ones are answered are answered in their order', async t => {
  const sandbox = await startProcess(t)
  const names = Array.from({ length: 200 }, (_, index) => `customer-${index}`)
  const requests = names.map((name, index) => {
    const body = index % 10 === 7 ? '{"name":7}' : JSON.stringify({ name })
    return `${CUSTOMERS}Content-Length: ${body.length}\r\n${index === names.length - 1 ? CLOSE : ''}\r\n${body}`
  })
  const answers = await exchange(t, sandbox.url, requests.join(''))
  t.same(answers.map(({ status, text }) => status === 200 ? JSON.parse(text).name : JSON.parse(text).error.code),
    names.map((name, index) => index % 10 === 7 ? 'parameter_invalid' : name))
  t.equal(new Set(answers.map(({ headers }) => headers.get('request-id'))).size, names.length, 'each has a Request-Id of its own')

  const large = `${CUSTOMERS}Content-Length: 2000000\r\n\r\n`
  const ended = await exchange(t, sandbox.url, `${EVENTS}\r\n${large}${' '.repeat(2_000_000)}${EVENTS}\r\n`)
  t.same(ended.map(({ status }) => status), [200, 413], 'what comes behind a body that was refused for its length is not answered')
  await endsWell(t, sandbox)
})

t.test('what is no request, on a connection on which an answer is under way, is not written into that answer', async t => {
  const sandbox = await startProcess(t)
  const socket = await open(t, sandbox.url)
  let read = ''
  socket.setEncoding('latin1').on('data', (part: string) => { read += part })
  socket.write(`GET /_sandbox/stream HTTP/1.1\r\n${HOST}\r\n`)
  while (!read.includes(': connected')) await once(socket, 'data', { signal: AbortSignal.timeout(LIMIT_MS) })
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })
  socket.write('nonsense\r\n\r\n')
  await closed
  t.equal(read.match(/HTTP\/1\.1/g)?.length, 1)
  await endsWell(t, sandbox)
})

t.test('a client that asks on and on and reads nothing is made to wait, in bounded memory', async t => {
  const sandbox = await startProcess(t)
  const before = await sandbox.memory()
  const socket = await open(t, sandbox.url)
  socket.pause()
  const asked = `${EVENTS}\r\n`.repeat(1000)
  const most = 64 << 20
  let written = 0
  const taken: number[] = []
  for (let sent = 0; sent === taken.length && written < most; sent++) {
    written += asked.length
    socket.write(asked, () => { taken.push(sent) })
    // What is not taken while others are answered so often is not going to be.
    for (let times = 0; times < 20 && taken.length === sent; times++) await call(sandbox.url, 'GET', '/v1/events')
  }
  t.ok(written < most, `it takes no more after ${written} bytes`)
  const { rss } = await sandbox.memory()
  t.ok(rss - before.rss < 200_000_000, `${Math.round((rss - before.rss) / 1e6)} MB more`)
  socket.destroy()
  await othersAreAnswered(t, sandbox, 'afterwards')
  await endsWell(t, sandbox)
})

t.test(`${CONNECTIONS} idle connections, half requests among them, are in nobody's way, are let go when they close, and hold up no stop`, async t => {
  const sandbox = await startProcess(t)
  await othersAreAnswered(t, sandbox, 'before')
  const before = await sandbox.memory()
  const sockets: Socket[] = []
  const openSome = async (): Promise<void> => {
    while (sockets.length < CONNECTIONS) {
      const opened = await Promise.all(Array.from({ length: Math.min(100, CONNECTIONS - sockets.length) }, async () => await open(t, sandbox.url)))
      for (const [index, socket] of opened.entries()) {
        const said = ['', 'GET /v1/ev', `${EVENTS}X-Half: `, `${CUSTOMERS}Content-Length: 100\r\n\r\n{`, `${CHUNKED}ffffffff\r\n{`][index % 5] ?? ''
        if (said !== '') socket.write(said)
      }
      sockets.push(...opened)
    }
  }
  await openSome()
  await othersAreAnswered(t, sandbox, `beside ${CONNECTIONS}`)
  const { rss } = await sandbox.memory()
  const each = Math.max(rss - before.rss, 0) / CONNECTIONS
  t.ok(each < 60_000, `${Math.round(each / 1000)} kB each`)
  t.ok(sockets.every(({ destroyed }) => !destroyed), 'none was refused')

  const closed = sockets.splice(0).map(async socket => {
    const close = once(socket, 'close')
    socket.destroy()
    await close
  })
  await Promise.all(closed)
  await othersAreAnswered(t, sandbox, 'after they are closed')
  const { heapUsed } = await sandbox.memory()
  t.ok(heapUsed - before.heapUsed < SLACK_BYTES, `${Math.round((heapUsed - before.heapUsed) / 1000)} kB of the heap are left of them`)

  await openSome()
  const began = performance.now()
  await endsWell(t, sandbox)
  t.ok(performance.now() - began < 2 * LIMIT_MS, `stopped in ${Math.round(performance.now() - began)} ms with all of them open`)
})

t.test('bodies that come byte by byte are read to their end, and others are answered meanwhile', async t => {
  const sandbox = await startProcess(t)
  const body = JSON.stringify({ name: 'a slow customer', description: 'x'.repeat(100) })
  const start = async (index: number): Promise<{ readonly drip: (from: number, to?: number) => Promise<void>, readonly answer: () => Promise<RawAnswer | undefined> }> => {
    const socket = await open(t, sandbox.url)
    socket.setNoDelay()
    let read = ''
    socket.setEncoding('latin1').on('data', (part: string) => { read += part })
    const closed = once(socket, 'close')
    const isWhole = index % 2 === 0
    const parts = isWhole ? [...body] : [...[...body].map(byte => `1\r\n${byte}\r\n`), '0\r\n\r\n']
    const head = `${CUSTOMERS}${CLOSE}${isWhole ? `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked'}\r\n\r\n`
    parts.unshift(...head)
    return {
      drip: async (from, to) => {
        for (const part of parts.slice(from, to)) await new Promise(resolve => { socket.write(part, resolve) })
      },
      answer: async () => {
        await closed
        return answersIn(read)[0]
      }
    }
  }
  const slow = await Promise.all(Array.from({ length: 100 }, async (_, index) => await start(index)))
  // In the middle of the headers, and of the body.
  for (const [from, to] of [[0, 50], [50, -50]] as const) {
    await Promise.all(slow.map(async ({ drip }) => { await drip(from, to) }))
    await othersAreAnswered(t, sandbox, `after byte ${to}`)
  }
  await Promise.all(slow.map(async ({ drip }) => { await drip(-50) }))
  const answers = await Promise.all(slow.map(async ({ answer }) => await answer()))
  t.same(answers.map(answer => answer?.status), answers.map(() => 200))
  await endsWell(t, sandbox)
})

t.test('clients that hang up in the middle, at any byte, leave nothing behind', async t => {
  const sandbox = await startProcess(t)
  const whole = `${CUSTOMERS}Content-Length: 2\r\n\r\n{}`
  const before = await sandbox.memory()
  for (let length = 1; length < whole.length; length++) {
    const socket = await open(t, sandbox.url)
    await new Promise(resolve => { socket.write(whole.slice(0, length), resolve) })
    const closed = once(socket, 'close')
    socket.resetAndDestroy()
    await closed
  }
  const { body: { counts: { customers } } } = await call(sandbox.url, 'GET', '/_sandbox/health', undefined, { key: null })
  t.equal(customers, 0)
  const { heapUsed } = await sandbox.memory()
  t.ok(heapUsed - before.heapUsed < SLACK_BYTES)
  await othersAreAnswered(t, sandbox, 'afterwards')
  await endsWell(t, sandbox)
})

t.test('a request has to arrive within a time, though its answer may take longer', async t => {
  const { app } = await startSandbox(t)
  // The times themselves are Node's work, and longer than a test.
  t.equal(app.server.headersTimeout, 60_000)
  t.equal(app.server.requestTimeout, 300_000)
  t.equal(app.server.timeout, 0)
})

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { accountId, publishableKey } from '../src/core/api-keys.ts'
import { newCustomer } from './support/customer.ts'
import { freePort, newFolder, start, type Process } from './support/process.ts'
import { startReceiver } from './support/receiver.ts'
import { call, type Answer } from './support/sandbox.ts'

const RECIPE = new URL('../examples/sharding/nginx.conf', import.meta.url)
/** Debian has it in /usr/sbin, where ordinary users do not look. */
const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }
const skip = spawnSync('nginx', ['-v'], { env: environment }).error === undefined ? false : 'nginx is not installed'

/** Keys of every length modulo 3, since that decides how base64 ends, with and without a colon. */
const KEYS = Array.from({ length: 40 }, (_, index) => `sk_test_${'worker'.slice(index % 3)}${index}`)
const PAYMENT = { amount: 20000, currency: 'IDR', payment_method_data: { type: 'dana' }, return_url: 'https://your.website' }

interface Shard extends Process { readonly restart: () => Promise<void> }

interface Sharded {
  /** The one address. */
  readonly url: string
  readonly shards: readonly [Shard, Shard]
  /** Which of them have a key's account. */
  readonly homes: (key: string) => Promise<Shard[]>
  /** A key of each. */
  readonly keys: () => Promise<readonly [string, string]>
}

/** A sandbox that is where its public address says, and comes back there with its state. */
async function startShard (t: Test, port: number): Promise<Shard> {
  const folder = newFolder(t)
  const settings = { flags: ['--port', String(port), '--public-url', `http://127.0.0.1:${port}`] }
  const first = await start(t, folder, settings)
  return { ...first, restart: async () => { await start(t, folder, settings) } }
}

/** Two sandboxes behind nginx, by the very recipe but for the ports. */
async function startSharded (t: Test): Promise<Sharded> {
  const [port, ...ports] = [await freePort(), await freePort(), await freePort()] as const
  const shards = [await startShard(t, ports[0]), await startShard(t, ports[1])] as const
  const folder = newFolder(t)
  const configuration = join(folder, 'nginx.conf')
  writeFileSync(configuration, readFileSync(RECIPE, 'utf8')
    .replaceAll(':6262', `:${port}`).replaceAll(':6263', `:${ports[0]}`).replaceAll(':6264', `:${ports[1]}`))
  mkdirSync(join(folder, 'prefix'))
  const nginx = spawn('nginx', ['-e', 'stderr', '-p', join(folder, 'prefix'), '-c', configuration, '-g', 'error_log stderr notice;'], {
    env: environment, stdio: ['ignore', 'ignore', 'pipe']
  })
  const exit = once(nginx, 'exit')
  t.teardown(async () => {
    nginx.kill('SIGTERM')
    await exit
  })
  // It listens before it starts what answers.
  let log = ''
  nginx.stderr.setEncoding('utf8')
  for await (const part of nginx.stderr.iterator({ destroyOnReturn: false })) {
    log += String(part)
    if (log.includes('start worker process ')) break
  }
  nginx.stderr.resume()
  const url = `http://127.0.0.1:${port}`

  const homes = async (key: string): Promise<Shard[]> => {
    const lists = await Promise.all(shards.map(async shard => (await call(shard.url, 'GET', '/_sandbox/account', undefined, { key: null })).body.data))
    return shards.filter((_, index) => lists[index].some(({ id }: { id: string }) => id === accountId(key)))
  }
  const keyOf = async (shard: Shard): Promise<string> => {
    for (const key of KEYS) {
      await call(url, 'GET', '/_sandbox/account', undefined, { key })
      if ((await homes(key)).includes(shard)) return key
    }
    throw new Error(`No key leads to ${shard.url}.\n${log}`)
  }
  return { url, shards, homes, keys: async () => [await keyOf(shards[0]), await keyOf(shards[1])] }
}

/** Expects an answer with 200. */
function body (answer: Answer): Answer['body'] {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`)
  return answer.body
}

const basic = (credential: string): string => `Basic ${Buffer.from(credential).toString('base64')}`

t.test('forty keys are spread over both sandboxes, and each stays at one, over many connections and with or without a colon', { skip }, async t => {
  const { url, shards, homes } = await startSharded(t)
  for (const key of KEYS) {
    await Promise.all([`${key}:`, key, `${key}:`, key].map(async credential => {
      body(await call(url, 'POST', '/v1/customers', {}, { key: null, headers: { authorization: basic(credential) } }))
    }))
    t.equal((await homes(key)).length, 1, key)
    t.equal(body(await call(url, 'GET', '/_sandbox/account', undefined, { key })).counts.customers, 4, `${key}: one account with all four`)
  }
  const sizes = await Promise.all(shards.map(async shard => body(await call(shard.url, 'GET', '/_sandbox/account', undefined, { key: null })).data.length))
  t.equal(Number(sizes[0]) + Number(sizes[1]), 40)
  t.ok(Math.min(...sizes) >= 4, `${sizes.join(' and ')}`)
})

t.test('a customer pays at the sandbox that has the payment, and its webhook arrives, whichever it is', { skip }, async t => {
  const { url, shards, keys } = await startSharded(t)
  for (const [index, key] of (await keys()).entries()) {
    const at = (method: string, path: string, parameters?: unknown): Promise<Answer> => call(url, method, path, parameters, { key })
    const receiver = await startReceiver(t)
    body(await at('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] }))

    const { id, next_action: next } = body(await at('POST', '/v1/payment_intents', { ...PAYMENT, confirm: true }))
    t.equal(next.dana_handle_redirect.url, `${shards[index]?.url}/v1/receives/dana/pay/${id}`)
    const customer = newCustomer()
    await customer.open(next.dana_handle_redirect.url)
    await customer.press('continue', { phone: '081200000001' })
    await customer.press('continue', { pin: '123456' })
    await customer.press('pay')
    body(await at('GET', `/_sandbox/wait?payment_intent=${id}&event=payment_intent.succeeded`))
    t.equal(body(await at('GET', `/v1/payment_intents/${id}`)).status, 'succeeded')
    t.equal(receiver.received[0]?.event.data.object.id, id)

    const session = body(await at('POST', '/v1/checkout/sessions', {
      success_url: 'https://your.website/done',
      line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
    }))
    t.ok(session.url.startsWith(`${shards[index]?.url}/pay/cs_test_`), session.url)
    t.equal(body(await at('POST', '/_sandbox/shopper', { url: session.url })).checkout_session.status, 'complete')
    body(await at('POST', '/_sandbox/settle'))
    t.equal(receiver.received.length, 2)
  }
})

t.test('a page of the shop confirms with its publishable key, at whichever sandbox its account is', { skip }, async t => {
  const { url, shards, keys } = await startSharded(t)
  for (const [index, key] of (await keys()).entries()) {
    const { id, client_secret: secret } = body(await call(url, 'POST', '/v1/payment_intents', PAYMENT, { key }))
    const publishable = { key: publishableKey(key), headers: { origin: 'https://your.website' } }
    const confirmed = await call(url, 'POST', `/v1/payment_intents/${id}/confirm`, { client_secret: secret, payment_method_data: { type: 'dana' } }, publishable)
    t.equal(body(confirmed).next_action.dana_handle_redirect.url, `${shards[index]?.url}/v1/receives/dana/pay/${id}`)
    t.equal(confirmed.headers.get('access-control-allow-origin'), '*')
    t.equal(body(await call(url, 'GET', `/v1/payment_intents/${id}?client_secret=${secret}`, undefined, publishable)).status, 'requires_action')
    t.match(await call(url, 'GET', `/v1/payment_intents/${id}?client_secret=wrong`, undefined, publishable), { status: 403, body: { error: { code: 'client_secret_invalid' } } })
  }
  t.match(await call(url, 'GET', '/v1/payment_intents/pi_1', undefined, { key: 'pk_test_nobody' }), { status: 401, body: { error: { code: 'api_key_invalid' } } })
})

t.test('a reset empties the account of its key and no other, and without a key nothing is reset', { skip }, async t => {
  const { url, keys } = await startSharded(t)
  const [one, two] = await keys()
  const neighbour = 'sk_test_neighbour'
  for (const key of [one, two, neighbour]) body(await call(url, 'POST', '/v1/customers', {}, { key }))
  const customers = async (): Promise<number[]> => await Promise.all([one, two, neighbour].map(async key => body(await call(url, 'GET', '/v1/customers', undefined, { key })).data.length))

  for (const [method, path] of [['POST', '/reset'], ['POST', '/clock'], ['GET', '/coverage'], ['GET', '/stream']] as const) {
    t.match(await call(url, method, `/_sandbox${path}`, method === 'POST' ? {} : undefined, { key: null }),
      { status: 400, body: { error: { code: 'api_key_missing', message: /call each sandbox at its own address/ } } }, path)
  }
  t.same(await customers(), [1, 1, 1])
  body(await call(url, 'POST', '/_sandbox/reset', {}, { key: one }))
  t.same(await customers(), [0, 1, 1])
  t.equal(body(await call(url, 'GET', '/_sandbox/health', undefined, { key: null })).status, 'ok', 'the health needs no key')
  t.equal((await call(url, 'GET', '/', undefined, { key: null })).status, 404, 'the dashboard is at each sandbox')
})

t.test('the stream tells through the proxy at once, and a wait is answered when there is something to tell', { skip }, async t => {
  const { url, keys } = await startSharded(t)
  for (const key of await keys()) {
    const stream = await fetch(`${url}/_sandbox/stream`, { headers: { authorization: basic(`${key}:`) } })
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    let told = ''
    const listen = async (text: string): Promise<void> => {
      while (!told.includes(text)) {
        const { value, done } = await reader?.read() ?? { done: true }
        if (done) throw new Error(`The stream has ended; it told:\n${told}`)
        told += value
      }
    }
    await listen(': connected')
    const { id } = body(await call(url, 'POST', '/v1/payment_intents', { ...PAYMENT, confirm: true }, { key }))
    await listen(`event: payment_intent\ndata: {"id":"${id}"`)
    const waiting = call(url, 'GET', `/_sandbox/wait?payment_intent=${id}&status=canceled`, undefined, { key })
    body(await call(url, 'POST', `/v1/payment_intents/${id}/cancel`, {}, { key }))
    t.equal(body(await waiting).status, 'canceled')
    await reader?.cancel()
  }
})

t.test('the sandbox itself refuses a body that is too large, and a dropped connection is not tried elsewhere', { skip }, async t => {
  const { url, homes } = await startSharded(t)
  const key = 'sk_test_large'
  const metadata = (length: number): object => ({ metadata: { note: 'x'.repeat(length) } })
  t.equal((await call(url, 'POST', '/v1/customers', metadata(1_050_000), { key })).body.error.code, 'body_too_large')
  t.not((await call(url, 'POST', '/v1/customers', metadata(1_000_000), { key })).status, 413)

  body(await call(url, 'POST', '/_sandbox/faults', { match: { path: '/v1/customers' }, times: 2, then: { reset: true } }, { key }))
  for (const method of ['GET', 'POST']) t.equal((await call(url, method, '/v1/customers', method === 'POST' ? {} : undefined, { key })).status, 502, method)
  t.equal((await homes(key)).length, 1)
})

t.test('when one sandbox ends, the keys of the other go on, and its own come back with it', { skip }, async t => {
  const { url, shards: [first], homes, keys } = await startSharded(t)
  const [one, two] = await keys()
  for (const key of [one, two]) body(await call(url, 'POST', '/v1/customers', {}, { key }))
  await first.end('SIGKILL')

  // More calls than nginx would need to give a server up.
  for (let round = 0; round < 5; round++) {
    t.equal((await call(url, 'POST', '/v1/customers', {}, { key: one })).status, 502)
    body(await call(url, 'POST', '/v1/customers', {}, { key: two }))
  }
  await first.restart()
  t.equal(body(await call(url, 'GET', '/v1/customers', undefined, { key: one })).data.length, 1)
  t.equal(body(await call(url, 'GET', '/v1/customers', undefined, { key: two })).data.length, 6)
  t.same((await homes(one)).length, 1, 'no second account was opened elsewhere meanwhile')
})

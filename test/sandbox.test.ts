import { request } from 'node:http'
import t from 'tap'
import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { startSandbox, type RunningSandbox } from './support/sandbox.ts'

/** A call under any host name, which `fetch` does not allow. */
async function under (sandbox: RunningSandbox, host: string, path: string, headers = {}): Promise<{ status: number | undefined, code: unknown }> {
  const call = request(`${sandbox.url}${path}`, { headers: { host, ...headers } }).end()
  const [response] = await once(call, 'response')
  const { error } = await json(response) as { error?: { code: unknown } }
  return { status: response.statusCode, code: error?.code }
}

t.test('health tells that the sandbox answers, and how much it holds, without a key', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01', SANDBOX_TOKEN: 'secret' })
  await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' })
  const { status, body } = await sandbox.call('GET', '/_sandbox/health', undefined, { key: null })
  t.equal(status, 200)
  t.match(body, { status: 'ok', version: /^\d+\.\d+\.\d+$/, uptime_ms: Number, now: Date.UTC(2026, 0, 1), counts: { accounts: 1, payment_intents: 1, events: 1 } })
})

t.test('the sandbox\'s own API is called under local names only', async t => {
  const sandbox = await startSandbox(t, { PUBLIC_URL: 'https://Pay.Shop.test', ALLOWED_HOSTS: 'ci.example,Other.example' })
  for (const host of ['localhost', 'localhost:6262', '127.0.0.1:80', '[::1]:6262', 'sandbox', 'x.localhost', 'docker.internal', 'mac.local', 'pay.shop.test', 'ci.example:1', 'other.example']) {
    t.same(await under(sandbox, host, '/_sandbox/nothing'), { status: 404, code: 'route_unknown' }, host)
  }
  for (const host of ['attacker.test', 'localhost.attacker.test', '127.0.0.1.attacker.test', 'local.attacker', 'shop.test']) {
    t.same(await under(sandbox, host, '/_sandbox/nothing'), { status: 403, code: 'host_not_allowed' }, host)
  }
  t.equal((await under(sandbox, 'attacker.test', '/_sandbox/health')).status, 200, 'health is for everybody')
})

t.test('web pages from elsewhere may not use the sandbox\'s own API, and change nothing', async t => {
  const sandbox = await startSandbox(t, { PUBLIC_URL: 'https://Pay.Shop.test', ALLOWED_HOSTS: 'ci.example' })
  const { body: { id } } = await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' })
  const foreign = ['https://attacker.test', 'http://127.0.0.1.attacker.test', 'https://shop.test', 'http://203.0.113.5', 'http://neighbour.local', 'http://frontend:5173', 'null', '', 'nonsense']
  const ours = ['http://localhost:3000', 'http://127.0.0.1:6262', 'http://[::1]:1', 'https://pay.shop.test', 'http://ci.example:8080']
  const refused = { status: 403, body: { error: { code: 'origin_not_allowed' } } }
  for (const origin of foreign) {
    t.match(await sandbox.call('POST', '/_sandbox/reset', undefined, { headers: { origin } }), refused, `POST from ${origin}`)
    t.match(await sandbox.call('GET', '/_sandbox/requests', undefined, { headers: { origin } }), refused, `GET from ${origin}`)
  }
  for (const method of ['POST', 'DELETE']) {
    t.match(await sandbox.call(method, '/_sandbox/reset', undefined, { headers: { 'sec-fetch-site': 'cross-site' } }), refused, `${method} from another site`)
  }
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).status, 200, 'no reset has happened')

  for (const origin of ours) t.equal((await sandbox.call('POST', '/_sandbox/settle', undefined, { headers: { origin } })).status, 200, origin)
  for (const site of ['same-origin', 'same-site', 'none']) {
    t.equal((await sandbox.call('POST', '/_sandbox/settle', undefined, { headers: { 'sec-fetch-site': site } })).status, 200, site)
  }
  t.equal((await under(sandbox, 'localhost', '/_sandbox/clock', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status, 200, 'a link may lead here')
  t.equal((await under(sandbox, 'localhost', '/_sandbox/clock', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status, 403, 'a picture or script of another page may not')
  t.equal((await sandbox.call('GET', '/_sandbox/health', undefined, { headers: { origin: 'https://attacker.test' } })).status, 200, 'health is for everybody')
})

t.test('a token guards the sandbox\'s own API', async t => {
  const sandbox = await startSandbox(t, { SANDBOX_TOKEN: 'secret' })
  for (const [headers, expected] of [
    [{}, { status: 401, code: 'sandbox_token_required' }],
    [{ 'x-sandbox-token': 'secre' }, { status: 401, code: 'sandbox_token_required' }],
    [{ 'x-sandbox-token': 'secret' }, { status: 404, code: 'route_unknown' }]
  ] as const) {
    t.same(await under(sandbox, 'localhost', '/_sandbox/nothing', headers), expected)
  }
})

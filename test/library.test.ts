import { fileURLToPath } from 'node:url'
import t from 'tap'
import { connectSandbox, sandboxFixture, sandboxHooks, SandboxError, startSandbox, verifySignature, type Sandbox } from '../src/index.ts'
import { startReceiver } from './support/receiver.ts'
import { call, DOCUMENTED_REQUEST } from './support/sandbox.ts'

const pay = async (sandbox: Sandbox, key = sandbox.secretKey) => (await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST, { key })).body
const statusOf = async (sandbox: Sandbox, id: string, key = sandbox.secretKey) => (await call(sandbox.url, 'GET', `/v1/payment_intents/${id}`, undefined, { key })).body.status

t.test('a merchant\'s test: start, pay, verify the webhook, move time, let things go wrong, reset, stop', async t => {
  const receiver = await startReceiver(t)
  const sandbox = await startSandbox({ webhookUrl: receiver.url, refundMode: 'async', webhookEvents: ['payment_intent.succeeded', 'charge.refund.updated'] })
  t.teardown(sandbox.stop)
  t.match(sandbox, { url: /^http:\/\/127\.0\.0\.1:\d+$/, secretKey: 'sk_test_sandbox', publishableKey: /^pk_test_\w{24}$/, webhookSecret: /^whsec_\w{32}$/ })

  await sandbox.outcomes.queue('dana', ['cancel'])
  t.match(await sandbox.outcomes.list(), [{ payment_method: 'dana', outcomes: ['cancel'] }], 'before the first payment')
  await sandbox.outcomes.clear()

  const intent = await pay(sandbox)
  const played = await sandbox.shopper({ url: intent.next_action.dana_handle_redirect.url, outcome: 'pay' })
  t.match(played, { outcome: 'pay', payment_intent: { id: intent.id, status: 'succeeded' }, return_url: 'https://your.website' })
  const [webhook] = await receiver.waitFor(1)
  t.ok(verifySignature(webhook?.raw ?? '', String(webhook?.headers['wooshpay-signature']), sandbox.webhookSecret))
  t.match(await sandbox.settle(), { pending_retries: 0 })
  t.match(await sandbox.deliveries.list({ payment_intent: intent.id }), [{ type: 'payment_intent.succeeded', status: 'succeeded' }])

  const refund = await call(sandbox.url, 'POST', '/v1/refunds', { payment_intent: intent.id }, { key: sandbox.secretKey })
  t.match(await sandbox.refunds.fail(refund.body.id, 'lost_or_stolen_card'), { status: 'failed', failure_reason: 'lost_or_stolen_card' })
  const second = await call(sandbox.url, 'POST', '/v1/refunds', { payment_intent: intent.id }, { key: sandbox.secretKey })
  const { now } = await sandbox.clock.freeze()
  t.match(await sandbox.clock.advance(5000), { now: now + 5000, frozen: true, ran: [{ what: 'refund.settle', id: second.body.id }] })
  t.match(await sandbox.wait({ refund: second.body.id, status: 'succeeded' }), { status: 'succeeded' })
  t.equal((await sandbox.clock.moveTo(new Date(now + 60_000))).now, now + 60_000)
  t.equal((await sandbox.clock.unfreeze()).frozen, false)
  t.equal((await sandbox.clock.read()).frozen, false)

  await sandbox.outcomes.queue('dana', ['insufficient-balance', 'pay'])
  t.match(await sandbox.outcomes.list(), [{ payment_method: 'dana', outcomes: ['insufficient-balance', 'pay'] }])
  t.match(await sandbox.shopper({ payment_intent: (await pay(sandbox)).id }), { outcome: 'insufficient-balance', payment_intent: { last_payment_error: { decline_code: 'insufficient_funds' } } })
  await sandbox.outcomes.clear()
  t.same(await sandbox.outcomes.list(), [])

  await sandbox.faults.add({ match: { method: 'POST', path: '/v1/refunds' }, then: { status: 503 } })
  t.equal((await call(sandbox.url, 'POST', '/v1/refunds', { payment_intent: intent.id }, { key: sandbox.secretKey })).status, 503)
  t.match(await sandbox.faults.list(), [{ match: { path: '/v1/refunds' } }])
  await sandbox.faults.clear()
  t.same(await sandbox.faults.list(), [])

  const [delivery] = await sandbox.deliveries.list({ type: 'payment_intent.succeeded' })
  t.equal((await sandbox.deliveries.resend(delivery?.id ?? '')).attempts.length, 2)
  const { percent, groups } = await sandbox.coverage()
  t.ok(percent > 0)
  t.match(groups.find(({ name }) => name === 'outcomes')?.reached, ['pay', 'insufficient-balance'])

  await sandbox.reset()
  t.equal(await statusOf(sandbox, intent.id), undefined)
  await sandbox.stop()
  await t.rejects(sandbox.settle(), { name: 'SandboxError', status: undefined, message: `No sandbox answers at ${sandbox.url}: it was stopped.` })
})

t.test('many run at once, and end by `await using`', async t => {
  let url = ''
  {
    await using one = await startSandbox()
    await using other = await startSandbox()
    url = one.url
    const { id } = await pay(one)
    t.equal(await statusOf(one, id), 'requires_action')
    t.equal(await statusOf(other, id), undefined, 'they share nothing')
  }
  await t.rejects(connectSandbox({ url }).settle(), SandboxError)
})

t.test('the calls concern all accounts, those of an account its own', async t => {
  const sandbox = await startSandbox({ sandboxToken: 'let-me-in' })
  t.teardown(sandbox.stop)
  const [a, b] = [await pay(sandbox, 'sk_test_a'), await pay(sandbox, 'sk_test_b')]
  const shop = sandbox.account('sk_test_a')
  await shop.clock.advance(10 * 60_000)
  t.same([await statusOf(sandbox, a.id, 'sk_test_a'), await statusOf(sandbox, b.id, 'sk_test_b')], ['requires_payment_method', 'requires_action'])
  await shop.reset()
  t.same([await statusOf(sandbox, a.id, 'sk_test_a'), await statusOf(sandbox, b.id, 'sk_test_b')], [undefined, 'requires_action'])
  await t.rejects(shop.shopper({ payment_intent: b.id }), { name: 'SandboxError', status: 400, message: /^No such PaymentIntent/ })
  await sandbox.reset()
  t.equal(await statusOf(sandbox, b.id, 'sk_test_b'), undefined)
  await t.rejects(connectSandbox({ url: sandbox.url, secretKey: 'sk_test_a' }).reset(), { status: 401, message: /X-Sandbox-Token/ })
  await connectSandbox({ url: sandbox.url, secretKey: 'sk_test_a', token: 'let-me-in' }).reset()
})

t.test('a wrong option is named, with what is allowed; nothing is started', async t => {
  const wrong: Array<[object, RegExp]> = [
    [{ webhookURL: 'http://localhost' }, /^"webhookURL" is not an option; allowed: port, host, publicUrl, .*webhookTimeoutMs\.$/],
    [{ port: 70000 }, /^port is "70000"; allowed: an integer from 0 to 65535\.$/],
    [{ webhookUrl: 'nope' }, /^webhookUrl is "nope"; allowed: an http or https address/],
    [{ refundMode: 'later' }, /^refundMode is "later"; allowed: sync, async\.$/],
    [{ clock: 'yesterday' }, /^clock is "yesterday"; allowed: a time from /],
    [{ merchantName: {} }, /^merchantName is an object; allowed: any text but the empty one\.$/],
    [{ apiKeys: ['sk_live_0123456789'] }, /^apiKeys is "sk_live_…6789"; allowed: keys that start with sk_test_/]
  ]
  for (const [options, message] of wrong) await t.rejects(startSandbox(options), { message }, JSON.stringify(options))
})

t.test('what would do something else than it says is refused', async t => {
  const sandbox = await startSandbox()
  t.teardown(sandbox.stop)
  for (const ms of [NaN, undefined as unknown as number, Infinity]) await t.rejects(sandbox.clock.advance(ms), { name: 'SandboxError', message: `clock.advance takes milliseconds, and not ${ms}.` })
  for (const time of [NaN, undefined as unknown as number, new Date('x')]) await t.rejects(sandbox.clock.moveTo(time), { name: 'SandboxError', message: `clock.moveTo takes epoch milliseconds, ISO 8601 or a Date, and not ${String(time)}.` })
  t.throws(() => sandbox.account(undefined as unknown as string), { name: 'SettingError', message: 'secretKey is "undefined"; allowed: keys that start with sk_test_.' })
  t.throws(() => sandbox.account('sk_test_ключ'), { name: 'SettingError' })
  t.throws(() => connectSandbox({ url: `${sandbox.url}/v1` }), { name: 'SettingError', message: /^url is "http:.*\/v1"; allowed: an http or https address without a path/ })
  t.throws(() => connectSandbox({ url: undefined as unknown as string }), { name: 'SettingError' })
})

t.test('the calls need neither the public address nor a certificate', async t => {
  const tls = (name: string): string => fileURLToPath(new URL(`support/tls/${name}.pem`, import.meta.url))
  for (const options of [{ publicUrl: 'http://pay.shop.test' }, { tlsCert: tls('cert'), tlsKey: tls('key') }, { host: '::' }]) {
    const sandbox = await startSandbox(options)
    await sandbox.reset()
    t.match(sandbox.url, /^https?:\/\/(?:127\.0\.0\.1|\[::1\]):\d+$/)
    t.equal((await sandbox.account(sandbox.secretKey).clock.freeze()).frozen, true)
    await sandbox.stop()
  }
})

t.test('options take values and the texts of flags', async t => {
  for (const options of [{ webhookRetries: [10, 20], clock: Date.UTC(2026, 0, 1), strictParameters: true }, { webhookRetries: '10,20', clock: '2026-01-01T00:00:00Z', strictParameters: 'yes' }] as const) {
    const sandbox = await startSandbox(options)
    t.equal((await sandbox.clock.read()).now, Date.UTC(2026, 0, 1))
    t.equal((await call(sandbox.url, 'GET', '/v1/events?page=2', undefined, { key: sandbox.secretKey })).status, 400)
    await sandbox.stop()
  }
})

t.test('nothing is read from the environment and nothing is printed', async t => {
  const environment = { PORT: '1', WEBHOOK_URL: 'nope', LOG_LEVEL: 'debug' }
  const before = { ...process.env }
  t.teardown(() => { process.env = before })
  Object.assign(process.env, environment)
  const printed = [t.capture(process.stdout, 'write'), t.capture(process.stderr, 'write')]
  const sandbox = await startSandbox()
  await pay(sandbox)
  await sandbox.stop()
  t.same(printed.map(calls => calls()), [[], []])
})

t.test('hooks start a sandbox once, empty it before each test, and stop it', async t => {
  const hooks: Record<string, () => Promise<void>> = {}
  const hook = (name: string) => (run: () => Promise<void>): void => { hooks[name] = run }
  const failing = sandboxHooks({ beforeAll: hook('beforeAll'), beforeEach: hook('beforeEach'), afterAll: hook('afterAll') }, { port: 70_000 })
  await t.rejects(Promise.resolve(hooks.beforeAll?.()), { name: 'SettingError', message: /^port is "70000"/ })
  t.throws(failing, { name: 'SettingError', message: /^port is "70000"/ })
  const sandbox = sandboxHooks({ beforeAll: hook('beforeAll'), beforeEach: hook('beforeEach'), afterAll: hook('afterAll') }, async () => await Promise.resolve({ merchantName: 'Late Shop' }))
  t.throws(sandbox, { message: /starts before the first test/ })
  await hooks.beforeAll?.()
  const { id } = await pay(sandbox())
  const { url } = sandbox()
  t.match(await (await fetch(`${url}/v1/receives/dana/pay/${id}`)).text(), /Late Shop/)
  await hooks.beforeEach?.()
  t.equal(sandbox().url, url)
  t.equal(await statusOf(sandbox(), id), undefined)
  await hooks.afterAll?.()
  await t.rejects(sandbox().settle(), SandboxError)
})

t.test('a fixture gives a sandbox, and stops it when it is not needed any more, whatever the test did', async t => {
  const fixture = sandboxFixture({ seed: 'fixture' })
  t.match(String(fixture), /^async \(\{\s*\}, \w+\) =>/, 'Vitest and Playwright read the fixtures that it needs from its text')
  let given: Sandbox | undefined
  await fixture({}, async sandbox => {
    given = sandbox
    t.match(await pay(sandbox), { status: 'requires_action' })
  })
  await t.rejects(Promise.resolve(given?.settle()), SandboxError)
  await t.rejects(fixture({}, async sandbox => {
    given = sandbox
    throw new Error('the test has failed')
  }), { message: 'the test has failed' })
  await t.rejects(Promise.resolve(given?.settle()), SandboxError)
})

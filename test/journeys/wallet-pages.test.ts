import t from 'tap'
import { newCustomer } from '../support/customer.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox, type RunningSandbox } from '../support/sandbox.ts'

const MINUTE = 60_000

/** A payment that waits for its customer, and the address that the shop would redirect to. */
async function waiting (sandbox: RunningSandbox, more: object = {}): Promise<{ id: string, url: string }> {
  const { body } = await sandbox.call('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/back?order=7', ...more
  })
  return { id: body.id, url: body.next_action.dana_handle_redirect.url }
}

async function stateOf (url: string): Promise<{ status: string, step: string, outcomes: string[], return_url?: string }> {
  return await (await fetch(url, { headers: { accept: 'application/json' } })).json() as { status: string, step: string, outcomes: string[], return_url?: string }
}

t.test('every button of the strip ends the payment as its name says', async t => {
  const sandbox = await startSandbox(t)
  const at = (status: string, code?: string, declineCode?: string, sentTo?: string) => ({ status, code, declineCode, sentTo })
  const back = 'https://shop.test/back?order=7'
  const table: Readonly<Record<string, ReturnType<typeof at>>> = {
    pay: at('succeeded'),
    'insufficient-balance': at('requires_payment_method', 'payment_method_declined', 'insufficient_funds'),
    'account-blocked': at('requires_payment_method', 'payment_method_declined', 'account_blocked'),
    otp: at('requires_action'),
    'pay-later': at('processing', undefined, undefined, back),
    'fail-later': at('processing', undefined, undefined, back),
    'pay-and-close': at('succeeded'),
    'wallet-down': at('requires_payment_method', 'processing_error'),
    'limit-exceeded': at('requires_payment_method', 'payment_method_declined', 'transaction_limit_exceeded'),
    'wrong-pin': at('requires_payment_method', 'payment_method_declined', 'pin_attempts_exceeded'),
    cancel: at('requires_payment_method', 'payment_method_canceled'),
    lapse: at('requires_payment_method', 'payment_method_expired'),
    'webhook-first': at('succeeded'),
    'return-first': at('succeeded', undefined, undefined, back)
  }
  const { url } = await waiting(sandbox)
  t.same((await stateOf(url)).outcomes, Object.keys(table), 'the strip has these buttons and no other')
  for (const [outcome, { status, code, declineCode, sentTo }] of Object.entries(table)) {
    const { id, url } = await waiting(sandbox)
    const customer = newCustomer()
    await customer.open(url)
    await customer.press(`outcome-${outcome}`)
    const { body } = await sandbox.call('GET', `/v1/payment_intents/${id}`)
    t.equal(body.status, status, outcome)
    t.equal(body.last_payment_error?.code, code, outcome)
    t.equal(body.last_payment_error?.decline_code, declineCode, outcome)
    t.equal(customer.leftTo(), sentTo, outcome)
    t.equal((await stateOf(url)).return_url, outcome === 'pay-and-close' ? undefined : back, outcome)
  }
})

t.test('every test number ends the payment as the table says', async t => {
  const sandbox = await startSandbox(t)
  for (const [end, status, declineCode] of [
    ['0001', 'succeeded'], ['0002', 'requires_payment_method', 'insufficient_funds'], ['0003', 'requires_payment_method', 'account_blocked'],
    ['0004', 'succeeded'], ['0005', 'succeeded'], ['0006', 'requires_payment_method', 'generic_decline'], ['0007', 'succeeded'],
    ['0008', 'requires_payment_method', undefined], ['0009', 'requires_payment_method', 'transaction_limit_exceeded'], ['4711', 'succeeded']
  ] as const) {
    const { id, url } = await waiting(sandbox)
    const customer = newCustomer()
    await customer.open(url)
    await customer.press('continue', { phone: `08123456${end}` })
    await customer.press('continue', { pin: '123456' })
    if (end === '0004') {
      await customer.press('continue', { otp: '000000' })
      t.equal(customer.read('fault'), 'Wrong SMS code. Try again.')
      await customer.press('continue', { otp: '888888' })
    }
    await customer.press('pay')
    const { clock } = sandbox.account()
    await clock.moveTo(clock.now() + 5000)
    const { body } = await sandbox.call('GET', `/v1/payment_intents/${id}`)
    t.equal(body.status, status, end)
    t.equal(body.last_payment_error?.decline_code, declineCode, end)
    t.equal((await stateOf(url)).return_url === undefined, end === '0007', `${end} has a way back`)
  }
})

t.test('a slow wallet is processing for five seconds of the account\'s clock', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01T00:00:00Z' })
  const { id, url } = await waiting(sandbox)
  const customer = newCustomer()
  await customer.open(url)
  await customer.press('outcome-pay-later')
  const { clock } = sandbox.account()
  await clock.moveTo(clock.now() + 4999)
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).body.status, 'processing')
  t.same(await clock.moveTo(clock.now() + 1), [{ at: Date.UTC(2026, 0, 1, 0, 0, 5), what: 'payment_intent.settle', id }])
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).body.status, 'succeeded')
  const types = (await sandbox.call('GET', '/v1/events')).body.data.map(({ type }: { type: string }) => type)
  t.same(types, ['payment_intent.succeeded', 'payment_intent.processing', 'payment_intent.requires_action', 'payment_intent.created'])
})

t.test('three wrong PINs end the attempt, and a correct one after two wrong ones does not', async t => {
  const sandbox = await startSandbox(t)
  const patient = await waiting(sandbox)
  const customer = newCustomer()
  await customer.open(patient.url)
  await customer.press('continue', { phone: '081200000001' })
  await customer.press('continue', { pin: '000000' })
  t.equal(customer.read('fault'), 'Wrong PIN. Attempts left: 2.')
  await customer.press('continue', { pin: '111111' })
  t.equal(customer.read('fault'), 'Wrong PIN. Attempts left: 1.')
  await customer.press('continue', { pin: '123456' })
  t.equal(customer.read('fault'), undefined)
  await customer.press('pay')
  t.equal(customer.read('result'), 'Payment successful')

  const hasty = await waiting(sandbox)
  await customer.open(hasty.url)
  await customer.press('continue', { phone: '081200000001' })
  for (const pin of ['1', '2', '3']) await customer.press('continue', { pin })
  t.equal(customer.read('result'), 'Wrong PIN three times')
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${hasty.id}`)).body.last_payment_error.decline_code, 'pin_attempts_exceeded')
})

t.test('a number that is none is asked for again', async t => {
  const sandbox = await startSandbox(t)
  const { url } = await waiting(sandbox)
  const customer = newCustomer({ language: 'id' })
  for (const phone of ['', '12', '021555', '+1 202 555 0100', '<script>', '08'.repeat(40)]) {
    await customer.open(url)
    await customer.press('continue', { phone })
    t.equal(customer.read('fault'), 'Ini bukan nomor ponsel untuk DANA.', phone)
  }
})

t.test('after ten minutes the page is over, and a payment that comes too late is not taken', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01T00:00:00Z' })
  const { id, url } = await waiting(sandbox)
  const customer = newCustomer()
  await customer.open(url)
  await customer.press('continue', { phone: '081200000001' })
  await customer.press('continue', { pin: '123456' })
  const { clock } = sandbox.account()
  t.same(await clock.moveTo(clock.now() + 10 * MINUTE - 1), [])
  t.same(await clock.moveTo(clock.now() + 1), [{ at: Date.UTC(2026, 0, 1, 0, 10), what: 'payment_intent.lapse', id }])
  await customer.press('pay')
  t.equal(customer.read('result'), 'The time to pay is over')
  const { body } = await sandbox.call('GET', `/v1/payment_intents/${id}`)
  t.equal(body.status, 'requires_payment_method')
  t.equal(body.last_payment_error.code, 'payment_method_expired')

  await sandbox.call('POST', `/v1/payment_intents/${id}/confirm`, { payment_method_data: { type: 'dana' } })
  t.same(await clock.moveTo(clock.now() + 10 * MINUTE - 1), [], 'a new confirm gives ten new minutes')
  t.equal((await stateOf(url)).step, 'phone', 'and begins at the first step')
})

t.test('a form sent twice, from two tabs, late, or of an earlier attempt never pays twice', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
  const { id, url } = await waiting(sandbox)
  const first = newCustomer()
  const second = newCustomer()
  await first.open(url)
  await second.open(url)
  await first.press('continue', { phone: '081200000001' })
  await second.press('continue', { phone: '081200000002' })
  t.match(await second.open(url), /data-testid="pin"/, 'the late tab shows the present step')
  await first.press('continue', { pin: '123456' })
  await second.open(url)
  await Promise.all([first.press('pay'), second.press('pay'), second.press('cancel')])
  await first.open(url)
  t.equal(first.read('result'), 'Payment successful')
  const { body } = await sandbox.call('GET', `/v1/payment_intents/${id}`)
  t.equal(body.status, 'succeeded')
  const { body: events } = await sandbox.call('GET', '/v1/events?type=payment_intent.succeeded')
  t.equal(events.data.length, 1)
  await receiver.waitFor(1)

  const again = await waiting(sandbox)
  await first.open(again.url)
  await second.open(again.url)
  await first.press('outcome-cancel')
  await sandbox.call('POST', `/v1/payment_intents/${again.id}/confirm`, { payment_method_data: { type: 'dana' } })
  await second.press('outcome-pay')
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${again.id}`)).body.status, 'requires_action', 'the page of the first attempt does not pay the second')
  await second.press('outcome-pay')
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${again.id}`)).body.status, 'succeeded')
})

t.test('looking at a page changes nothing, whatever its address', async t => {
  const sandbox = await startSandbox(t)
  const { id, url } = await waiting(sandbox)
  const before = (await sandbox.call('GET', '/_sandbox/health')).body.counts
  for (const path of ['', '/phone', '/pay', '/outcome?outcome=pay', '/cancel']) await fetch(`${url}${path}`, { redirect: 'manual' })
  await fetch(url, { method: 'HEAD' })
  t.same((await sandbox.call('GET', '/_sandbox/health')).body.counts, before)
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).body.status, 'requires_action')
})

t.test('a wrong address or entry is answered as a page for people and as JSON for programs', async t => {
  const sandbox = await startSandbox(t)
  const { id, url } = await waiting(sandbox)
  const table: ReadonlyArray<[string, string, RegExp]> = [
    ['GET', `${sandbox.url}/v1/receives/dana/pay/pi_1`, /No such PaymentIntent/],
    ['GET', `${sandbox.url}/v1/receives/gcash/pay/${id}`, /No such PaymentIntent/],
    ['POST', `${url}/outcome`, /Missing required parameter: outcome/],
    ['POST', `${url}/outcome?outcome=pay`, /Missing required parameter: outcome/],
    ['POST', `${url}/sing`, /is not one of: phone, pin, otp, pay, cancel, outcome/],
    ['POST', `${url}/phone`, /Missing required parameter: phone/]
  ]
  for (const [method, address, message] of table) {
    const page = await fetch(address, { method })
    t.ok([400, 404].includes(page.status), address)
    t.match(page.headers.get('content-type'), /text\/html/)
    t.match(await page.text(), message, address)
    const json = await fetch(address, { method, headers: { accept: 'application/json' } })
    t.match(await json.json(), { error: { message } }, address)
  }
  const large = await fetch(`${url}/phone`, { method: 'POST', body: new URLSearchParams({ phone: '0'.repeat(1 << 20) }) })
  t.equal(large.status, 413)
  t.match(await large.text(), /larger than 1048576 bytes/)
  const unknown = await fetch(`${url}/outcome`, { method: 'POST', body: new URLSearchParams({ outcome: 'refuse' }), headers: { accept: 'application/json' } })
  t.match(await unknown.json(), { error: { code: 'parameter_invalid', message: /"refuse" is not one of: pay, insufficient-balance/ } })
})

t.test('pages show markup as text, load nothing from elsewhere and may be framed', async t => {
  const sandbox = await startSandbox(t, { MERCHANT_NAME: '<script>alert(1)</script>' })
  const { url } = await waiting(sandbox, { merchant_order_id: '"><img src=x onerror=alert(2)>', return_url: 'https://shop.test/"><script>alert(3)</script>' })
  const response = await fetch(url)
  const policy = response.headers.get('content-security-policy') ?? ''
  t.match(policy, /default-src 'none'/)
  t.match(policy, /frame-ancestors \*/)
  t.notMatch(policy, /form-action|unsafe/)
  t.equal(response.headers.get('x-content-type-options'), 'nosniff')
  const customer = newCustomer()
  const pages = [await customer.open(url)]
  pages.push(await customer.press('continue', { phone: '081200000001' }))
  pages.push(await customer.press('continue', { pin: '123456' }))
  pages.push(await customer.press('pay'))
  for (const page of pages) {
    t.notMatch(page, /<script(?! type="module" src="\/assets\/sandbox\.js")|<img|onerror=alert\(2\)>/)
    t.match(page, '&lt;script&gt;alert(1)&lt;/script&gt;')
    for (const [, address = ''] of page.matchAll(/(?:src|href|action)="([^"]*)"/g)) t.match(address, /^(?:\/|\?|data:,$|https:\/\/shop\.test\/)/)
  }
  t.equal((await fetch(`${sandbox.url}/assets/sandbox.css`)).headers.get('content-type'), 'text/css; charset=utf-8')
})

t.test('the language is the one asked for, else the browser\'s, and stays through the steps', async t => {
  const sandbox = await startSandbox(t)
  const { url } = await waiting(sandbox)
  const indonesian = newCustomer({ language: 'id-ID,id;q=0.9,en;q=0.8' })
  t.match(await indonesian.open(url), /<html lang="id">[\s\S]*Nomor ponsel/)
  t.match(await indonesian.open(`${url}?lang=en`), /<html lang="en">[\s\S]*Mobile number/)
  t.match(await indonesian.press('continue', { phone: '081200000001' }), /<html lang="en">/, 'a form keeps the chosen language')
})

t.test('paying takes the money out of the wallet of that account only', async t => {
  const sandbox = await startSandbox(t)
  const customer = newCustomer()
  const balance = async (key: string | undefined): Promise<string | undefined> => {
    const { body } = await sandbox.call('POST', '/v1/payment_intents', {
      amount: 300_000_000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test'
    }, key === undefined ? {} : { key })
    await customer.open(body.next_action.dana_handle_redirect.url)
    await customer.press('continue', { phone: '+6281200000001' })
    await customer.press('continue', { pin: '123456' })
    const shown = customer.read('balance')
    await customer.press('pay')
    t.equal(customer.read('result'), 'Payment successful')
    return shown
  }
  for (const expected of ['2.000.000.000', '1.700.000.000', '1.400.000.000', '1.100.000.000', '800.000.000', '500.000.000', '200.000.000', '1.900.000.000']) {
    t.equal(await balance(undefined), `Rp${expected}`, 'a wallet that would run short has been filled up')
  }
  t.equal(await balance('sk_test_other'), 'Rp2.000.000.000')
})

t.test('the webhook comes before the browser goes on, or three seconds after, as the outcome says', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01T00:00:00Z' })
  let answered = false
  const receiver = await startReceiver(t, {
    reply: response => { setImmediate(() => setImmediate(() => { answered = true; response.end() })) }
  })
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
  const customer = newCustomer()
  await customer.open((await waiting(sandbox)).url)
  const page = await customer.press('outcome-webhook-first')
  t.ok(answered)
  t.match(page, /payment_intent\.succeeded → http:\/\/127\.0\.0\.1:\d+\/webhooks<br><span class="good">200 · 0 ms/, 'the result page shows where the webhook went')

  await customer.open((await waiting(sandbox)).url)
  await customer.press('outcome-return-first')
  t.equal(customer.leftTo(), 'https://shop.test/back?order=7')
  t.equal(receiver.received.length, 1)
  const { clock } = sandbox.account()
  await clock.moveTo(clock.now() + 2999)
  t.equal(receiver.received.length, 1)
  await clock.moveTo(clock.now() + 1)
  t.equal(receiver.received.length, 2)
})

t.test('return parameters are added where an account wants them', async t => {
  const sandbox = await startSandbox(t, { RETURN_PARAMETERS: 'true' })
  for (const [outcome, status] of [['pay', 'succeeded'], ['cancel', 'failed'], ['pay-later', 'pending']] as const) {
    const { id, url } = await waiting(sandbox, { return_url: 'localhost:3000/back?order=7#top' })
    const { body } = await sandbox.call('GET', `/v1/payment_intents/${id}`)
    const customer = newCustomer()
    await customer.open(url)
    await customer.press(`outcome-${outcome}`)
    t.equal((await stateOf(url)).return_url,
      `http://localhost:3000/back?order=7&payment_intent=${id}&payment_intent_client_secret=${body.client_secret}&redirect_status=${status}#top`)
  }
})

t.test('behind a proxy, customers are sent to the public address', async t => {
  const forwarded = { headers: { 'x-forwarded-host': 'pay.shop.test', 'x-forwarded-proto': 'https' } }
  const create = { amount: 100, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test' }
  for (const [flags, expected] of [
    [{ TRUST_PROXY: 'true' }, 'https://pay.shop.test'],
    [{ PUBLIC_URL: 'https://sandbox.test/' }, 'https://sandbox.test']
  ] as const) {
    const sandbox = await startSandbox(t, flags)
    const { body } = await sandbox.call('POST', '/v1/payment_intents', create, forwarded)
    t.equal(body.next_action.dana_handle_redirect.url, `${expected}/v1/receives/dana/pay/${body.id}`)
  }
  const sandbox = await startSandbox(t)
  const { body } = await sandbox.call('POST', '/v1/payment_intents', create, forwarded)
  t.match(body.next_action.dana_handle_redirect.url, sandbox.url, 'the headers count only where they are trusted')
})

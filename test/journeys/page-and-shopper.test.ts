import t, { type Test } from 'tap'
import { newCustomer } from '../support/customer.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'
import { startSandbox, type RunningSandbox } from '../support/sandbox.ts'

const PHONE = '081200000001'
const FULL = 'Rp2.000.000.000'
const LESS = 'Rp1.999.980.000'
const SHOP = 'https://shop.test/done?order=7'

interface Expected {
  readonly status: string
  /** What is told besides that the payment was made and waits for its customer. */
  readonly types: readonly string[]
  /** What the wallet holds at the next payment. */
  readonly balance: string
  readonly isSentBack?: false
}

const paid: Expected = { status: 'succeeded', types: ['payment_intent.succeeded'], balance: LESS }
const failed: Expected = { status: 'requires_payment_method', types: ['payment_intent.payment_failed'], balance: FULL }

const EXPECTED: Readonly<Record<string, Expected>> = {
  pay: paid,
  'insufficient-balance': failed,
  'account-blocked': failed,
  otp: paid,
  'pay-later': { ...paid, types: ['payment_intent.processing', 'payment_intent.succeeded'] },
  'fail-later': { ...failed, types: ['payment_intent.processing', 'payment_intent.payment_failed'] },
  'pay-and-close': { ...paid, isSentBack: false },
  'wallet-down': failed,
  'limit-exceeded': failed,
  'wrong-pin': failed,
  cancel: failed,
  lapse: failed,
  'webhook-first': paid,
  'return-first': paid
}

/** One way of getting to an outcome. */
interface Way {
  readonly name: string
  readonly outcome: string
  readonly phone?: string
  readonly queue?: readonly string[]
  /** What the shopper is told. */
  readonly told: object
  /** What the customer does after logging in; answers the page. */
  readonly walk: (press: ReturnType<typeof newCustomer>['press']) => Promise<string>
}

const WAYS: readonly Way[] = Object.keys(EXPECTED).flatMap((outcome, index): Way[] => {
  const code = async (press: ReturnType<typeof newCustomer>['press']): Promise<void> => { if (outcome === 'otp') await press('continue', { otp: '888888' }) }
  const pay: Way['walk'] = async press => {
    await code(press)
    return await press('pay')
  }
  const number = `0812000000${String(index + 1).padStart(2, '0')}`
  return [
    {
      name: `the button ${outcome}`,
      outcome,
      told: { outcome },
      walk: async press => {
        const page = await press(`outcome-${outcome}`)
        return outcome === 'otp' ? await pay(press) : page
      }
    },
    { name: `${outcome}, lined up`, outcome, told: {}, queue: [outcome], walk: pay },
    ...index < 9 ? [{ name: `the number ${number}`, outcome, phone: number, told: { wallet: number }, walk: pay }] : []
  ]
})

/** All that a merchant can see of a payment, without what is different in every account, and the language of the browser. */
interface Seen {
  readonly intent: object
  readonly session: object | undefined
  readonly types: readonly string[]
  readonly webhooks: readonly string[]
  readonly back: string | undefined
  readonly balance: string | undefined
}

function plain<T> (value: T): T {
  const text = JSON.stringify(value) as string | undefined
  return text === undefined
    ? value
    : JSON.parse(text.replaceAll(/_secret_\w{24}/g, '_secret').replaceAll(/pk_test_\w{24}/g, 'pk').replaceAll(/(?<=[a-z]_)\d{19}/g, '0').replaceAll(/127\.0\.0\.1:\d+/g, 'sandbox').replaceAll('&lang=en', '')) as T
}

async function logIn (customer: ReturnType<typeof newCustomer>, phone: string): Promise<void> {
  await customer.press('continue', { phone })
  await customer.press('continue', { pin: '123456' })
}

/** Makes a payment in an account of its own, lets somebody end it, and looks. */
async function seen (
  sandbox: RunningSandbox, receiver: Receiver, key: string, { checkout, way: { phone = PHONE, queue } }: { checkout: boolean, way: Way },
  end: (payment: { intent: string, session: string | undefined, url: string }) => Promise<string | undefined>
): Promise<Seen> {
  const call = async (method: string, path: string, body?: object) => (await sandbox.call(method, path, body, { key })).body
  await call('POST', '/v1/webhook_endpoints', { url: `${receiver.url}/${key}`, enabled_events: ['*'] })
  if (queue !== undefined) await call('POST', '/_sandbox/outcomes', { payment_method: 'dana', outcomes: queue })
  const payment = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: SHOP }
  const made = checkout
    ? await call('POST', '/v1/checkout/sessions', {
      success_url: SHOP,
      payment_method_types: ['dana'],
      line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
    })
    : await call('POST', '/v1/payment_intents', payment)
  const intent: string = checkout ? made.payment_intent : made.id
  const session: string | undefined = checkout ? made.id : undefined
  const back = await end({ intent, session, url: checkout ? made.url : made.next_action.dana_handle_redirect.url })
  await call('POST', '/_sandbox/settle')
  await call('POST', '/_sandbox/clock', { advance_ms: 5000 })
  await call('POST', '/_sandbox/settle')
  const types = (await call('GET', '/v1/events')).data.map(({ type }: { type: string }) => type).reverse()
  const seen = {
    intent: await call('GET', `/v1/payment_intents/${intent}`),
    session: session === undefined ? undefined : await call('GET', `/v1/checkout/sessions/${session}`),
    types,
    webhooks: receiver.received.filter(({ path }) => path.endsWith(`/${key}`)).map(({ event }) => event.type),
    back
  }
  const customer = newCustomer()
  await customer.open((await call('POST', '/v1/payment_intents', payment)).next_action.dana_handle_redirect.url)
  await logIn(customer, phone)
  if (phone.endsWith('0004')) await customer.press('continue', { otp: '888888' })
  return { ...plain(seen), balance: customer.read('balance') }
}

async function byPages (url: string, checkout: boolean, { phone = PHONE, walk }: Way): Promise<string | undefined> {
  const customer = newCustomer()
  await customer.open(url)
  if (checkout) await customer.press('pay')
  await logIn(customer, phone)
  const page = await walk(customer.press)
  const link = /data-testid="back-to-merchant"[^>]*href="([^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
  return customer.leftTo() ?? link
}

async function compare (t: Test, checkout: boolean): Promise<void> {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01', SESSION_EVENTS: 'true' })
  const receiver = await startReceiver(t)
  for (const [index, way] of WAYS.entries()) {
    const pages = await seen(sandbox, receiver, `sk_test_page_${index}`, { checkout, way }, async ({ url }) => await byPages(url, checkout, way))
    const shopper = await seen(sandbox, receiver, `sk_test_shopper_${index}`, { checkout, way }, async ({ intent, session }) => {
      const target = session === undefined ? { payment_intent: intent } : { checkout_session: session }
      const { status, body } = await sandbox.call('POST', '/_sandbox/shopper', { ...target, ...way.told }, { key: null })
      t.match({ status, body }, { status: 200, body: { outcome: way.outcome } }, way.name)
      return body.return_url
    })
    t.same(shopper, pages, way.name)

    const { status, types, balance, isSentBack } = EXPECTED[way.outcome] ?? {}
    const isPaid = status === 'succeeded'
    t.match(pages.intent, { status }, way.name)
    t.same(pages.types, ['payment_intent.created', 'payment_intent.requires_action', ...types ?? [], ...checkout && isPaid ? ['checkout.session.completed'] : []])
    t.same(pages.webhooks, pages.types, 'webhooks arrive in the order of the events')
    t.match(pages.back, isSentBack === false ? undefined : isPaid || way.outcome === 'fail-later' || !checkout ? SHOP : '/pay/cs_test_', way.name)
    t.equal(pages.balance, way.phone?.endsWith('02') === true ? 'Rp99' : balance, way.name)
  }
}

t.test('the shopper does what the wallet\'s pages do, for every outcome', async t => { await compare(t, false) })

t.test('the shopper does what the checkout and the wallet\'s pages do, for every outcome', async t => { await compare(t, true) })

t.test('three wrong PINs are what the shopper calls wrong-pin', async t => {
  const sandbox = await startSandbox(t, { CLOCK: '2026-01-01' })
  const receiver = await startReceiver(t)
  const way: Way = { name: 'wrong-pin', outcome: 'wrong-pin', told: { outcome: 'wrong-pin' }, walk: async press => await press('continue', { pin: '1' }) }
  const pages = await seen(sandbox, receiver, 'sk_test_page', { checkout: false, way }, async ({ url }) => {
    const customer = newCustomer()
    await customer.open(url)
    await customer.press('continue', { phone: PHONE })
    for (const pin of ['1', '2', '3']) await customer.press('continue', { pin })
    await customer.press('back-to-merchant')
    return customer.leftTo()
  })
  const shopper = await seen(sandbox, receiver, 'sk_test_shopper', { checkout: false, way }, async ({ intent }) =>
    (await sandbox.call('POST', '/_sandbox/shopper', { payment_intent: intent, ...way.told }, { key: null })).body.return_url)
  t.same(shopper, pages)
  t.match(pages.intent, { last_payment_error: { decline_code: 'pin_attempts_exceeded' } })
})

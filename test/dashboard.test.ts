import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { storyOf, type Chapter, type Sources } from '../src/dashboard/story.ts'
import { checkoutSessionDefinition } from '../src/wooshpay/checkout-sessions/schema.ts'
import { paymentIntentDefinition } from '../src/wooshpay/payment-intents/schema.ts'
import { startReceiver } from './support/receiver.ts'
import { startSandbox, type Answer, type RunningSandbox } from './support/sandbox.ts'

/** Two shops, and their accounts. */
const [APPLE, PEAR] = ['sk_test_apple_shop_1234', 'sk_test_pear_shop_5678']
const [APPLES, PEARS] = ['acct_6d22f279a284be31', 'acct_b4b91229a0d27fcc']
const CLOCK = '2026-01-01T09:00:00Z'
const BEGAN = Date.UTC(2026, 0, 1, 9)
const TABS = ['/', '/dashboard/sessions', '/dashboard/refunds', '/dashboard/deliveries', '/dashboard/requests', '/dashboard/customers', '/dashboard/clock', '/dashboard/faults', '/dashboard/coverage']
const PAYMENT = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/back' }
const BASKET = {
  success_url: 'https://shop.test/done',
  payment_method_types: ['dana'],
  line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 2 }]
}

/** What one shop does; every call has to succeed. */
interface Shop {
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Answer['body']>
  /** A payment that waits for its customer. */
  readonly waiting: (details?: object) => Promise<string>
  /** A payment that its customer has made. */
  readonly paid: (details?: object) => Promise<string>
  readonly statusOf: (intent: string) => Promise<string>
}

function openShop (sandbox: RunningSandbox, key: string): Shop {
  const ask: Shop['ask'] = async (method, path, body) => {
    const answer = await sandbox.call(method, path, body, { key })
    if (answer.status !== 200) throw new Error(`${method} ${path} → ${answer.status} ${answer.text}`)
    return answer.body
  }
  const waiting: Shop['waiting'] = async details => (await ask('POST', '/v1/payment_intents', { ...PAYMENT, ...details })).id
  return {
    ask,
    waiting,
    paid: async details => {
      const id = await waiting(details)
      await ask('POST', '/_sandbox/shopper', { payment_intent: id, outcome: 'pay' })
      return id
    },
    statusOf: async intent => (await ask('GET', `/v1/payment_intents/${intent}`)).status
  }
}

/** Opens an address as a browser does, without following redirects. */
async function open (sandbox: RunningSandbox, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await sandbox.call('GET', path, undefined, { key: null, headers: { accept: 'text/html', ...headers } })
}

/** Sends a form as a browser does. */
async function press (sandbox: RunningSandbox, action: string, fields: Readonly<Record<string, string>> = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await sandbox.call('POST', `/dashboard/actions/${action}`, new URLSearchParams(fields).toString(), {
    key: null, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }
  })
}

/** What a reader sees of a piece of HTML, in one line. */
function seen (piece: string): string {
  return unescape(piece.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim()
}

function unescape (text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', '\'').replaceAll('&amp;', '&')
}

function mainOf ({ text }: Answer): string {
  return /<main>(.*)<\/main>/s.exec(text)?.[1] ?? ''
}

/** The cells of each row of a view's table, without the details. */
function rowsOf ({ text }: Answer): string[][] {
  return [...text.matchAll(/<tr (?:id="[^"]*" )?data-testid="row">(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.replace(/<pre.*?<\/pre>/gs, '').matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = '']) => seen(cell)))
}

function idsOf ({ text }: Answer): string[] {
  return [...text.matchAll(/<tr id="([^"]*)" data-testid="row">/g)].map(([, id = '']) => id)
}

/** The addresses that a page leads to. */
function linksOf ({ text }: Answer): string[] {
  return [...text.matchAll(/<a\b[^>]* href="([^"]*)"/g)].map(([, href = '']) => unescape(href))
}

/** Where the link with this text leads to. */
function linkTo (page: Answer, name: string): string | undefined {
  return [...page.text.matchAll(/<a\b[^>]* href="([^"]*)"[^>]*>([^<]*)</g)].filter(([, , text]) => text === name).map(([, href = '']) => unescape(href))[0]
}

/** The first line of each chapter of a payment's page. */
function chaptersOf ({ text }: Answer): string[] {
  const story = /data-testid="story">(.*)<\/ol>/s.exec(text)?.[1] ?? ''
  return [...story.matchAll(/<li class="\w+" id="[^"]*"><span class="quiet">.*?<\/span>\s*<p>(.*?)<\/p>/gs)].map(([, line = '']) => seen(line))
}

function faultOn ({ text }: Answer): string | undefined {
  const fault = /data-testid="fault">([^<]*)</.exec(text)?.[1]
  return fault === undefined ? undefined : unescape(fault)
}

/** Expects a page that tells what is wrong. */
function isErrorPage (t: Test, answer: Answer, status: number, message: string | RegExp, name: string): void {
  t.equal(answer.status, status, `${name}: status`)
  t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8', `${name}: HTML`)
  t.match(faultOn(answer) ?? '', message, `${name}: message`)
}

/** One shop with something in every view, another with a payment that waits; time stands still. */
async function stage (t: Test, flags: Readonly<Record<string, string>> = {}) {
  const sandbox = await startSandbox(t, { CLOCK, REFUND_MODE: 'async', ...flags })
  const receiver = await startReceiver(t)
  const [apple, pear] = [openShop(sandbox, APPLE), openShop(sandbox, PEAR)]
  await apple.ask('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
  const paid = await apple.paid({ merchant_order_id: 'order-1', description: 'Two apples' })
  await receiver.waitFor(1)
  const refund: string = (await apple.ask('POST', '/v1/refunds', { payment_intent: paid, amount: 5000, reason: 'requested_by_customer' })).id
  const { id: session, payment_intent: ofSession } = await apple.ask('POST', '/v1/checkout/sessions', BASKET)
  await apple.ask('POST', '/_sandbox/faults', { then: { drop: true } })
  const waiting = await pear.waiting({ merchant_order_id: 'order-2', amount: 3000 })
  await apple.ask('POST', '/_sandbox/settle')
  const { data: [{ id: delivery }] } = await apple.ask('GET', '/_sandbox/deliveries')
  return { sandbox, receiver, apple, pear, paid, refund, session: String(session), ofSession: String(ofSession), waiting, delivery: String(delivery) }
}

const NOW = '2026-01-01 09:00:00 UTC'

t.test('every view shows what there is, of one account and of all', async t => {
  const { sandbox, receiver, paid, session, ofSession, waiting } = await stage(t)
  const own = [
    [NOW, 'Rp40.000', 'requires_payment_method', '', '', ofSession],
    [NOW, 'Rp20.000', 'succeeded', 'dana', 'order-1', paid]
  ]
  const ofOther = [NOW, 'Rp3.000', 'requires_action', 'dana', 'order-2', waiting]

  for (const [name, query] of [['of all accounts', ''], ['of one account', `?account=${APPLES}`]] as const) {
    const isAll = query === ''
    const views: Readonly<Record<string, unknown[][]>> = {
      '/': isAll ? [ofOther, ...own] : own,
      '/dashboard/sessions': [[NOW, 'Rp40.000', 'open', session, ofSession]],
      '/dashboard/refunds': [[NOW, 'Rp5.000', 'pending', 'requested_by_customer', paid, 'Succeed Fail']],
      '/dashboard/deliveries': [[NOW, 'payment_intent.succeeded', 'succeeded', `200 attempts: 1 attempt 1: 200 , 0 ms, ${NOW}`, receiver.url, 'payment', 'Resend']],
      '/dashboard/requests': [
        ...isAll ? [[NOW, 'POST /v1/payment_intents', '200', '0 ms', '', 'details']] : [],
        [NOW, 'POST /v1/checkout/sessions', '200', '0 ms', '', 'details'],
        [NOW, 'POST /v1/refunds', '200', '0 ms', '', 'details'],
        [NOW, 'POST /v1/payment_intents', '200', '0 ms', '', 'details'],
        [NOW, 'POST /v1/webhook_endpoints', '200', '0 ms', '', 'details']
      ],
      '/dashboard/faults': isAll ? [] : [['drop', '0 of 1', 'rule', 'Take back']]
    }
    for (const [path, rows] of Object.entries(views)) {
      const view = await open(sandbox, `${path}${query}`)
      t.equal(view.status, 200, `${path} ${name}`)
      t.same(rowsOf(view), rows, `${path} ${name}`)
    }
    const texts: Readonly<Record<string, string[]>> = {
      '/dashboard/customers': isAll
        ? ['DANA sk_test_…1234', 'DANA sk_test_…5678', '081200000001 Siti Rahmawati pay Rp1.999.980.000', '081200000001 Siti Rahmawati pay Rp2.000.000.000']
        : ['DANA', '081200000001 Siti Rahmawati pay Rp1.999.980.000', '081200000002 Budi Santoso insufficient-balance Rp99'],
      '/dashboard/clock': [`${isAll ? 'All accounts' : 'sk_test_…1234'}: ${NOW} stands still`, '+ 1 min', '+ 10 min', '+ 1 h', '+ 1 d', '+ 3 d', 'Let it run', isAll ? 'Reset all accounts' : 'Reset the account'],
      '/dashboard/faults': isAll ? ['Nothing is going to go wrong in all accounts; those of one account are shown when it is chosen.'] : ['Lose the next webhook'],
      '/dashboard/coverage': ['situations were reached', 'POST /v1/refunds', 'GET /v1/charges: not reached', 'outcomes 1 of 14']
    }
    for (const [path, parts] of Object.entries(texts)) {
      const view = await open(sandbox, `${path}${query}`)
      t.equal(view.status, 200, `${path} ${name}`)
      for (const part of parts) t.ok(seen(mainOf(view)).includes(part), `${path} ${name}: ${part}`)
      if (!isAll) t.notOk(mainOf(view).includes('5678'), `${path} ${name}: nothing of the other`)
    }
    for (const path of TABS) {
      const { text } = await open(sandbox, `${path}${query}`)
      const chooser = /<select id="account".*?<\/select>/s.exec(text)?.[0] ?? ''
      t.same([...chooser.matchAll(/<option value="(\w*)"( selected)?>([^<]*)</g)].map(([, id, chosen, title]) => [id, chosen !== undefined, title]), [
        ['', false, 'all'], [APPLES, !isAll, 'sk_test_…1234'], [PEARS, false, 'sk_test_…5678']
      ], `${path} ${name}: the accounts to choose from`)
      t.match(text, `Sandbox clock: <time datetime="2026-01-01T09:00:00.000Z">${NOW}</time> (stands still)`, `${path} ${name}: the time`)
      t.match(text, new RegExp(`href="${path.replace('/', '\\/')}${query.replace('?', '\\?')}" aria-current="page"`), `${path} ${name}: its tab`)
      t.match(text, '<strong>Sandbox: no money moves</strong>', `${path} ${name}: the banner`)
    }
  }
})

t.test('a payment\'s page tells what it is and offers what can be done with it', async t => {
  const { sandbox, apple, paid, waiting, session, ofSession } = await stage(t)
  const declined = await apple.waiting({ merchant_order_id: 'order-3' })
  await apple.ask('POST', '/_sandbox/shopper', { payment_intent: declined, outcome: 'insufficient-balance' })
  const slow = await apple.waiting()
  await apple.ask('POST', '/_sandbox/shopper', { payment_intent: slow, outcome: 'pay-later' })
  const canceled = await apple.waiting()
  await apple.ask('POST', `/v1/payment_intents/${canceled}/cancel`)
  for (const [id, title, facts, buttons] of [
    [paid, 'Rp20.000 succeeded', [`Payment ${paid}`, 'Account sk_test_…1234', `Created ${NOW}`, 'Method dana', 'Order order-1', 'Description Two apples', 'Way back https://shop.test/back', 'Received Rp20.000', 'Refund of Rp5.000 pending'],
      ['settle-refund', 'fail-refund', 'resend']],
    [waiting, 'Rp3.000 requires_action', ['Account sk_test_…5678', 'Order order-2'], ['shopper']],
    [ofSession, 'Rp40.000 requires_payment_method', [`Checkout session ${session}`], []],
    [declined, 'Rp20.000 requires_payment_method', ['Failure The wallet\'s balance is too low.'], []],
    [slow, 'Rp20.000 processing', [], ['advance']],
    [canceled, 'Rp20.000 canceled', [], []]
  ] as const) {
    const page = await open(sandbox, `/dashboard/payments/${id}`)
    t.equal(page.status, 200)
    t.equal(seen(/<h1>(.*?)<\/h1>/s.exec(page.text)?.[1] ?? ''), title)
    for (const fact of facts) t.ok(seen(mainOf(page)).includes(fact), `${title}: ${fact}`)
    t.same([...mainOf(page).matchAll(/<button[^>]* data-testid="([\w-]+)"/g)].map(([, name]) => name), buttons, `${title}: its buttons`)
    t.equal((await open(sandbox, `/dashboard/payments/${id}?account=${id === waiting ? PEARS : APPLES}`)).status, 200, `${title}: with its account`)
  }
  const wallet = linkTo(await open(sandbox, `/dashboard/payments/${waiting}`), 'Open the wallet\'s page') ?? ''
  t.match((await open(sandbox, wallet)).text, 'Mobile number', 'the customer\'s page is a link away')
  const [page] = linksOf(await open(sandbox, '/dashboard/sessions')).filter(href => href.includes('/pay/'))
  t.equal((await fetch(page ?? '')).status, 200, 'so is the page of an open session')
})

t.test('a payment\'s page offers a refund of what can still be given back, where the wallet gives anything back', async t => {
  const sandbox = await startSandbox(t, { REFUND_MODE: 'async' })
  const { ask, paid } = openShop(sandbox, APPLE)
  const offered = async (id: string): Promise<string | undefined> => /data-testid="amount"/.test((await open(sandbox, `/dashboard/payments/${id}`)).text)
    ? /name="amount"[^>]* value="(\d+)"/.exec((await open(sandbox, `/dashboard/payments/${id}`)).text)?.[1]
    : undefined
  const dana = await paid()
  t.equal(await offered(dana), '20000', 'all of it at first')
  const { id: refund } = await ask('POST', '/v1/refunds', { payment_intent: dana, amount: 5000 })
  t.equal(await offered(dana), undefined, 'DANA takes one refund only')
  await ask('POST', `/_sandbox/refunds/${refund}/fail`)
  t.equal(await offered(dana), '20000', 'unless that has failed')
  const ovo = await paid({ payment_method_data: { type: 'ovo' } })
  t.equal(await offered(ovo), undefined, 'OVO takes none')
  const promptpay = await paid({ payment_method_data: { type: 'promptpay' }, currency: 'THB' })
  await ask('POST', '/v1/refunds', { payment_intent: promptpay, amount: 5000 })
  t.equal(await offered(promptpay), '15000', 'PromptPay takes several')
  await ask('POST', '/v1/refunds', { payment_intent: promptpay })
  t.equal(await offered(promptpay), undefined, 'until all is given back')
})

t.test('lists are filtered and searched by their address', async t => {
  const { sandbox, apple, pear, paid, refund, session, ofSession, waiting, delivery } = await stage(t)
  await apple.ask('POST', `/v1/checkout/sessions/${session}/expire`)
  const { id: second } = await apple.ask('POST', '/v1/checkout/sessions', { ...BASKET, client_reference_id: 'Basket-9' })
  const { payment_intent: ofSecond } = await apple.ask('GET', `/v1/checkout/sessions/${second}`)
  await pear.ask('POST', '/v1/payment_intents', { amount: 2_000_000_000, currency: 'IDR', payment_method_types: ['dana'] }).catch(() => {})
  const tagged = await pear.waiting({ metadata: { colour: 'Green & red' } })
  for (const [path, ids] of [
    ['/?status=succeeded', [paid]],
    ['/?status=requires_action', [tagged, waiting]],
    ['/?status=processing', []],
    ['/?status=nonsense', []],
    ['/?status=&q=', [tagged, ofSecond, waiting, ofSession, paid]],
    ['/?q=order-1', [paid]],
    ['/?q=ORDER-', [waiting, paid]],
    ['/?q=order-&status=succeeded', [paid]],
    [`/?q=order-&account=${PEARS}`, [waiting]],
    ['/?q=two+apples', [paid]],
    ['/?q=green+%26+red', [tagged]],
    ['/?q=no+such+thing', []],
    ['/?q=pi_1', []],
    [`/?account=${PEARS}`, [tagged, waiting]],
    [`/?account=${PEARS}&status=succeeded`, []],
    ['/dashboard/sessions?status=open', [second]],
    ['/dashboard/sessions?status=expired', [session]],
    ['/dashboard/sessions?status=complete', []],
    ['/dashboard/sessions?q=basket-9', [second]],
    [`/dashboard/sessions?account=${PEARS}`, []],
    ['/dashboard/refunds?status=pending', [refund]],
    ['/dashboard/refunds?status=failed', []],
    [`/dashboard/refunds?q=${paid}`, [refund]],
    ['/dashboard/deliveries?status=succeeded', [delivery]],
    ['/dashboard/deliveries?status=failed', []],
    ['/dashboard/deliveries?q=webhooks', [delivery]],
    [`/dashboard/deliveries?q=${paid}&status=pending`, []]
  ] as const) {
    const view = await open(sandbox, path)
    t.equal(view.status, 200, path)
    t.same(idsOf(view), ids, path)
    if (ids.length === 0) t.match(mainOf(view), /data-testid="nothing">Nothing here/, `${path} says so`)
  }
  for (const [path, calls] of [
    ['/dashboard/requests?q=refunds', ['POST /v1/refunds']],
    ['/dashboard/requests?q=post+%2Fv1%2Frefunds', ['POST /v1/refunds']],
    ['/dashboard/requests?status=with+hints', ['POST /v1/payment_intents']],
    [`/dashboard/requests?status=with+hints&account=${APPLES}`, []]
  ] as const) t.same(rowsOf(await open(sandbox, path)).map(([, name]) => name), calls, path)
  const [[, , status, , hints] = []] = rowsOf(await open(sandbox, '/dashboard/requests?status=with+hints'))
  t.same([status, hints], ['400 amount_too_large', 'The amount 2000000000 looks like sen. Rupiah have no smaller unit: 20000 is Rp20.000.'])

  const filled = await open(sandbox, `/?q=order-&status=succeeded&account=${APPLES}`)
  t.match(filled.text, 'type="search" value="order-"', 'what was searched for stays')
  t.match(filled.text, '<option selected>succeeded</option>', 'so does the status')
  t.match(filled.text, `<input type="hidden" name="account" value="${APPLES}">`, 'and the account')
})

t.test('a search for a payment\'s id leads to the payment', async t => {
  const { sandbox, paid } = await stage(t)
  for (const path of [`/?q=${paid}`, `/?q=${paid}&status=`, `/?q=${paid}&account=${APPLES}`]) {
    const answer = await open(sandbox, path)
    t.equal(answer.status, 303, path)
    t.equal(answer.headers.get('location'), `/dashboard/payments/${paid}`, path)
  }
  t.same(idsOf(await open(sandbox, `/dashboard/refunds?q=${paid}`)).length, 1, 'other lists look through what they have')
})

t.test('60 payments are paged through forth and back, complete and without doubles', async t => {
  const sandbox = await startSandbox(t)
  const [apple, pear] = [openShop(sandbox, APPLE), openShop(sandbox, PEAR)]
  const made: string[] = []
  for (let count = 0; count < 30; count++) {
    for (const [shop, order] of [[apple, 'apples'], [pear, 'pears']] as const) {
      made.push((await shop.ask('POST', '/v1/payment_intents', { amount: 5000, currency: 'IDR', merchant_order_id: `${order} & more` })).id)
    }
  }
  const all = made.toReversed()
  const own = all.filter((_id, index) => index % 2 === 1)
  for (const [path, expected] of [
    ['/', [all.slice(0, 25), all.slice(25, 50), all.slice(50)]],
    ['/?status=requires_payment_method', [all.slice(0, 25), all.slice(25, 50), all.slice(50)]],
    [`/?account=${APPLES}`, [own.slice(0, 25), own.slice(25)]],
    ['/?q=apples+%26+more', [own.slice(0, 25), own.slice(25)]]
  ] as const) {
    let view = await open(sandbox, path)
    /** Follows a link from page to page; answers what each of them lists. */
    const follow = async (name: string): Promise<string[][]> => {
      const pages = [idsOf(view)]
      for (let next = linkTo(view, name); next !== undefined; next = linkTo(view, name)) {
        view = await open(sandbox, next)
        pages.push(idsOf(view))
      }
      return pages
    }
    t.same(await follow('older →'), expected, `${path} forth`)
    t.same(await follow('← newer'), expected.toReversed(), `${path} back`)
    t.same(await follow('older →'), expected, `${path} and forth again`)
  }
  t.equal(rowsOf(await open(sandbox, '/dashboard/requests')).length, 25, 'so are calls')
  const second = await open(sandbox, linkTo(await open(sandbox, '/dashboard/requests'), 'older →') ?? '')
  t.equal(rowsOf(second).length, 25)
  t.ok(linkTo(second, '← newer'))
})

t.test('of 20,000 payments a page shows 25, at the newest end and at the oldest', async t => {
  const sandbox = await startSandbox(t)
  const { id } = await openShop(sandbox, APPLE).ask('POST', '/v1/payment_intents', { amount: 5000, currency: 'IDR' })
  const record = sandbox.database.collection(paymentIntentDefinition).get(APPLES, id)
  if (record === undefined) throw new Error('There is no payment to copy.')
  const idOf = (index: number): string => `pi_20000000000000${String(index).padStart(5, '0')}`
  for (let index = 1; index < 20_000; index++) {
    const copy = { ...record, id: idOf(index), intent: { ...record.intent, id: idOf(index) } }
    sandbox.database.stage(paymentIntentDefinition, APPLES, copy.id, copy)
  }
  await sandbox.database.written()
  for (const path of ['/', `/?account=${APPLES}`, '/?status=requires_payment_method', '/?q=idr']) {
    const view = await open(sandbox, path)
    t.equal(view.status, 200, path)
    t.same(idsOf(view), [id, ...Array.from({ length: 24 }, (_, row) => idOf(19_999 - row))], path)
  }
  t.same(idsOf(await open(sandbox, `/?before=${idOf(1)}`)), Array.from({ length: 25 }, (_, row) => idOf(26 - row)))
  t.equal((await open(sandbox, '/?q=no+such+thing')).status, 200)
})

t.test('what there is not is answered with a page that says so', async t => {
  const { sandbox, paid, waiting } = await stage(t)
  const unknown = /^There is no GET \/dashboard\//
  for (const [path, status, message] of [
    ['/?account=acct_nobody', 404, 'No such account: "acct_nobody".'],
    ['/dashboard/clock?account=sandbox', 404, 'No such account: "sandbox".'],
    ['/dashboard/nonsense', 404, unknown],
    ['/dashboard/constructor', 404, unknown],
    ['/dashboard/__proto__', 404, unknown],
    ['/dashboard/payments/pi_1', 404, 'No such PaymentIntent: "pi_1".'],
    ['/dashboard/payments/%3Cb%3E', 404, 'No such PaymentIntent: "<b>".'],
    [`/dashboard/payments/${waiting}?account=${APPLES}`, 404, `No such PaymentIntent: "${waiting}".`],
    ['/?after=pi_1', 400, 'No such payment: "pi_1".'],
    ['/?before=pi_1', 400, 'No such payment: "pi_1".'],
    [`/?after=${waiting}&account=${APPLES}`, 400, `No such payment: "${waiting}".`],
    [`/?after=${paid}&before=${paid}`, 400, /cannot be combined/],
    ['/dashboard/sessions?after=cs_1', 400, 'No such checkout session: "cs_1".'],
    ['/dashboard/refunds?before=re_1', 400, 'No such refund: "re_1".'],
    ['/dashboard/deliveries?after=dlv_1', 400, 'No such delivery: "dlv_1".'],
    ['/dashboard/requests?after=req_1', 400, 'No such request: "req_1".']
  ] as const) {
    const page = await open(sandbox, path)
    isErrorPage(t, page, status, message, path)
    t.same(linksOf(page), ['/'], `${path}: a way on`)
  }
  isErrorPage(t, await press(sandbox, 'nonsense'), 400,
    'Invalid action: "nonsense" is not one of: shopper, refund, settle-refund, fail-refund, resend, advance, freeze, run, reset, add-fault, delete-fault.', 'an unknown action')
  isErrorPage(t, await press(sandbox, 'constructor'), 400, /is not one of: shopper/, 'a name that every object has')
  for (const [path, target] of [['/dashboard', '/'], ['/dashboard/payments', '/'], ['/dashboard/payments?account=acct_1', '/?account=acct_1'], [`/?q=%20${paid}%20`, `/dashboard/payments/${paid}`]] as const) {
    const moved = await open(sandbox, path)
    t.equal(moved.headers.get('location'), target, path)
  }
  for (const path of ['/?account[]=x', '/?q=a&q=b', '/?status[a]=b', '/?nonsense=1', '/?']) t.equal((await open(sandbox, path)).status, 200, path)
})

t.test('an empty dashboard says how the first payment is made, and its line makes one', async t => {
  const run = async (lines: string): Promise<string> => (await promisify(execFile)('bash', ['-euc', lines])).stdout
  const hasCurl = await run('curl --version').then(() => true, () => false)
  const sandbox = await startSandbox(t)
  for (const path of TABS) t.equal((await open(sandbox, path)).status, 200, path)
  t.equal((await open(sandbox, '/?q=nothing')).text.includes('first-call'), false, 'a search finds nothing instead')
  const empty = await open(sandbox, '/')
  t.match(seen(mainOf(empty)), 'No payment was made yet')
  t.same(linksOf(empty).filter(href => href.startsWith('/docs')), ['/docs', '/docs-sandbox'])
  const line = unescape(/data-testid="first-call">(.*?)<\/pre>/s.exec(empty.text)?.[1] ?? '')
  t.match(line, `curl ${sandbox.url}/v1/payment_intents -u sk_test_sandbox: `)
  await t.test('with curl', { skip: !hasCurl && 'there is no curl' }, async t => {
    const intent = JSON.parse(await run(line)) as { id: string, status: string }
    t.equal(intent.status, 'requires_action')
    t.match(rowsOf(await open(sandbox, '/')), [[/UTC$/, 'Rp20.000', 'requires_action', 'dana', '', intent.id]])
  })
  await openShop(sandbox, APPLE).ask('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' })
  const other = openShop(sandbox, PEAR)
  await other.ask('GET', '/v1/payment_intents')
  t.match((await open(sandbox, `/?account=${PEARS}`)).text, 'first-call', 'an account without a payment says it too')
  t.notOk((await open(sandbox, '/')).text.includes('first-call'), 'all of them together do not')
})

t.test('the empty dashboard names the address that browsers are sent to', async t => {
  const sandbox = await startSandbox(t, { PUBLIC_URL: 'https://pay.shop.test' })
  t.match(seen(mainOf(await open(sandbox, '/'))), 'curl https://pay.shop.test/v1/payment_intents')
})

t.test('every button does what a call of the sandbox\'s own API does, and comes back', async t => {
  const { sandbox, receiver, apple, pear, paid, refund, delivery, waiting } = await stage(t)
  const here = `/dashboard/payments/${paid}?account=${APPLES}`
  /** Presses a button, which has to come back. */
  const does = async (action: string, fields: Readonly<Record<string, string>>): Promise<void> => {
    const answer = await press(sandbox, action, { ...fields, back: here })
    t.equal(answer.status, 303, `${action}: ${faultOn(answer) ?? ''}`)
    t.equal(answer.headers.get('location'), here, action)
  }
  const faultsOf = async (shop: Shop): Promise<unknown[]> => (await shop.ask('GET', '/_sandbox/faults')).data
  const timeOf = async (shop: Shop): Promise<unknown> => await shop.ask('GET', '/_sandbox/clock')

  for (const [outcome, status] of [['pay', 'succeeded'], ['cancel', 'requires_payment_method'], ['fail-later', 'processing']] as const) {
    const id = await apple.waiting()
    await does('shopper', { payment_intent: id, outcome })
    t.equal(await apple.statusOf(id), status, `the customer of ${outcome}`)
    t.match((await open(sandbox, `/dashboard/payments/${id}`)).text, `→ <strong>${outcome}</strong>`)
  }

  const thai = await apple.paid({ payment_method_data: { type: 'promptpay' }, currency: 'THB' })
  const refundsOf = async (): Promise<unknown> => (await apple.ask('GET', `/v1/refunds?payment_intent=${thai}`)).data.map(({ amount, status }: { amount: number, status: string }) => [amount, status])
  await does('refund', { payment_intent: thai, amount: '1000' })
  t.same(await refundsOf(), [[1000, 'pending']], 'a part is refunded')
  await does('refund', { payment_intent: thai, amount: '' })
  t.same(await refundsOf(), [[19000, 'pending'], [1000, 'pending']], 'without an amount all that is left is')
  const [{ id: rest }] = (await apple.ask('GET', '/v1/refunds')).data
  await does('settle-refund', { id: refund })
  t.equal((await apple.ask('GET', `/v1/refunds/${refund}`)).status, 'succeeded')
  await does('fail-refund', { id: rest })
  t.match(await apple.ask('GET', `/v1/refunds/${rest}`), { status: 'failed', failure_reason: 'unknown' })

  const arrived = receiver.received.length
  await apple.ask('DELETE', '/_sandbox/faults')
  await does('resend', { id: delivery })
  t.equal(receiver.received.length, arrived + 1, 'the webhook was sent before the page is back')
  t.same((await apple.ask('GET', `/_sandbox/deliveries/${delivery}`)).attempts.map(({ number }: { number: number }) => number), [1, 2])

  await does('advance', { advance_ms: '60000', account: APPLES })
  t.same([await timeOf(apple), await timeOf(pear)], [{ now: BEGAN + 60_000, frozen: true }, { now: BEGAN, frozen: true }], 'one account\'s time')
  await does('advance', { advance_ms: '600000' })
  t.same([await timeOf(apple), await timeOf(pear)], [{ now: BEGAN + 660_000, frozen: true }, { now: BEGAN + 600_000, frozen: true }], 'the time of all')
  t.equal(await pear.statusOf(waiting), 'requires_payment_method', 'what was due has happened')
  await does('run', { account: APPLES })
  t.match([await timeOf(apple), await timeOf(pear)], [{ frozen: false }, { frozen: true }])
  await does('run', {})
  t.match(await timeOf(pear), { frozen: false })
  await does('freeze', { account: PEARS })
  t.match([await timeOf(apple), await timeOf(pear)], [{ frozen: false }, { frozen: true }])

  await does('add-fault', { rule: '{"then":{"duplicate":true},"times":2}', account: APPLES })
  t.match(await faultsOf(apple), [{ then: { duplicate: true }, times: 2, hits: 0 }])
  t.same(await faultsOf(pear), [])
  const { data: [{ id: fault }] } = await apple.ask('GET', '/_sandbox/faults')
  await does('add-fault', { rule: '{"then":{"drop":true}}' })
  t.equal((await faultsOf(apple)).length, 1, 'one for all belongs to none')
  const { body: { data: [{ id: ofAll }] } } = await sandbox.call('GET', '/_sandbox/faults', undefined, { key: null })
  t.same(rowsOf(await open(sandbox, '/dashboard/faults')), [['drop', '0 of 1', 'rule', 'Take back']])
  await does('delete-fault', { id: fault, account: APPLES })
  t.same(await faultsOf(apple), [])
  await does('delete-fault', { id: ofAll })
  t.same(rowsOf(await open(sandbox, '/dashboard/faults')), [])

  await does('reset', { account: APPLES })
  t.same((await apple.ask('GET', '/v1/payment_intents')).data, [], 'one account is empty')
  t.equal((await pear.ask('GET', '/v1/payment_intents')).data.length, 1, 'the other is not')
  await does('reset', {})
  t.same((await pear.ask('GET', '/v1/payment_intents')).data, [], 'then all are')
})

t.test('the forms of the views hold what their buttons need', async t => {
  const { sandbox, apple, pear, paid, waiting, delivery, refund } = await stage(t)
  const slow = await apple.waiting()
  await apple.ask('POST', '/_sandbox/shopper', { payment_intent: slow, outcome: 'pay-later' })
  const fresh = await pear.paid()
  const { data: [{ id: fault }] } = await apple.ask('GET', '/_sandbox/faults')
  const formsOf = ({ text }: Answer): Array<Record<string, string>> => [...text.matchAll(/<form method="post" action="\/dashboard\/actions\/([\w-]+)">(.*?)<\/form>/gs)].map(([, action = '', form = '']) =>
    ({ action, ...Object.fromEntries([...form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [name, unescape(value)])) }))
  for (const [path, forms] of [
    [`/dashboard/payments/${waiting}`, [{ action: 'shopper', payment_intent: waiting, back: `/dashboard/payments/${waiting}` }]],
    [`/dashboard/payments/${slow}`, [{ action: 'advance', advance_ms: '5000', account: APPLES, back: `/dashboard/payments/${slow}` }]],
    [`/dashboard/payments/${fresh}`, [{ action: 'refund', payment_intent: fresh, back: `/dashboard/payments/${fresh}` }]],
    [`/dashboard/payments/${paid}`, [
      { action: 'settle-refund', id: refund, back: `/dashboard/payments/${paid}` },
      { action: 'fail-refund', id: refund, back: `/dashboard/payments/${paid}` },
      { action: 'resend', id: delivery, back: `/dashboard/payments/${paid}` }
    ]],
    [`/dashboard/deliveries?account=${APPLES}&q=1`, [{ action: 'resend', id: delivery, back: `/dashboard/deliveries?account=${APPLES}&q=1` }]],
    ['/dashboard/refunds?status=pending', [
      { action: 'settle-refund', id: refund, back: '/dashboard/refunds?status=pending' }, { action: 'fail-refund', id: refund, back: '/dashboard/refunds?status=pending' }
    ]],
    [`/dashboard/clock?account=${APPLES}`, [
      ...['60000', '600000', '3600000', '86400000', '259200000'].map(ms => ({ action: 'advance', advance_ms: ms, account: APPLES, back: `/dashboard/clock?account=${APPLES}` })),
      { action: 'run', account: APPLES, back: `/dashboard/clock?account=${APPLES}` }, { action: 'reset', account: APPLES, back: `/dashboard/clock?account=${APPLES}` }
    ]],
    ['/dashboard/clock', [
      ...['60000', '600000', '3600000', '86400000', '259200000'].map(ms => ({ action: 'advance', advance_ms: ms, back: '/dashboard/clock' })),
      { action: 'run', back: '/dashboard/clock' }, { action: 'reset', back: '/dashboard/clock' }
    ]],
    [`/dashboard/faults?account=${APPLES}`, [
      ...['{"then":{"drop":true}}', '{"then":{"duplicate":true}}', '{"then":{"delay_ms":60000}}', '{"then":{"bad_signature":true}}', '{"then":{"status":503,"retry_after":1}}', '{"then":{"lose_answer":true}}']
        .map(rule => ({ action: 'add-fault', rule, account: APPLES, back: `/dashboard/faults?account=${APPLES}` })),
      { action: 'delete-fault', id: fault, account: APPLES, back: `/dashboard/faults?account=${APPLES}` }
    ]]
  ] as const) t.same(formsOf(await open(sandbox, path)), forms, path)
  for (const form of formsOf(await open(sandbox, '/dashboard/faults'))) {
    const { action = '', ...fields } = form
    t.equal((await press(sandbox, action, fields)).status, 303, `${fields.rule} is taken`)
  }
})

t.test('a refused action shows what the API says, and changes nothing', async t => {
  const { sandbox, apple, pear, paid, waiting, refund } = await stage(t)
  await apple.ask('POST', `/_sandbox/refunds/${refund}/settle`)
  const fresh = await pear.paid()
  const state = async (): Promise<unknown> => await Promise.all(TABS.flatMap(path => ['', `?account=${APPLES}`, `?account=${PEARS}`].map(async query => mainOf(await open(sandbox, `${path}${query}`)))))
  const before = await state()
  for (const [action, fields, status, message] of [
    ['shopper', { payment_intent: waiting, outcome: 'nonsense' }, 400, /^Invalid outcome: "nonsense" is not one of: pay, /],
    ['shopper', { payment_intent: paid, outcome: 'pay' }, 400, `PaymentIntent ${paid} has the status succeeded; a customer can pay only while that is requires_action, which a confirm leads to.`],
    ['shopper', { payment_intent: 'pi_1', outcome: 'pay' }, 400, 'No such PaymentIntent: "pi_1".'],
    ['shopper', {}, 400, /^Missing required parameter: payment_intent\./],
    ['shopper', { payment_intent: waiting, outcome: 'pay', account: APPLES }, 400, `No such PaymentIntent: "${waiting}".`],
    ['refund', { payment_intent: waiting, amount: '100' }, 400, `PaymentIntent ${waiting} has the status requires_action; it can be refunded only when that is: succeeded.`],
    ['refund', { payment_intent: paid, amount: '100' }, 400, `${paid} has a refund already: DANA takes one refund of a payment, full or partial.`],
    ['refund', { payment_intent: fresh, amount: '20001' }, 400, `The amount 20001 is too large; the most is the 20000 IDR that are left of ${fresh}.`],
    ['refund', { payment_intent: fresh, amount: 'all' }, 400, /^Invalid amount: "all"/],
    ['refund', { payment_intent: fresh, amount: '0' }, 400, 'The amount 0 is too small; the least is 1.'],
    ['refund', { payment_intent: fresh, amount: '-5' }, 400, 'The amount -5 is too small; the least is 1.'],
    ['settle-refund', { id: refund }, 400, /succeeded/],
    ['fail-refund', { id: refund }, 400, /succeeded/],
    ['settle-refund', { id: 're_1' }, 404, 'No such refund: "re_1".'],
    ['settle-refund', {}, 404, 'No such refund: "".'],
    ['resend', { id: 'dlv_1' }, 404, 'No such delivery: "dlv_1".'],
    ['resend', { id: '../../reset?' }, 404, 'No such delivery: "../../reset?".'],
    ['settle-refund', { id: '..' }, 400, 'Invalid id: ".." is no id.'],
    ['fail-refund', { id: '.' }, 400, 'Invalid id: "." is no id.'],
    ['advance', { advance_ms: '-1' }, 400, /^Invalid advance_ms: -1 must be >= 0\./],
    ['advance', { advance_ms: 'soon' }, 400, /^Invalid advance_ms: "soon" is not of type integer\./],
    ['advance', { advance_ms: '1.5' }, 400, /^Invalid advance_ms: 1\.5/],
    ['advance', { advance_ms: '1e400' }, 400, /^Invalid advance_ms: "1e400" is not of type integer\./],
    ['advance', { advance_ms: '9e15' }, 400, /^Invalid advance_ms: 9000000000000000 lies after 2080-06-01/],
    ['advance', { advance_ms: '1000', account: 'acct_nobody' }, 400, `Invalid Sandbox-Account: "acct_nobody" is not one of: ${APPLES} (sk_test_…1234), ${PEARS} (sk_test_…5678).`],
    ['reset', { account: 'acct\nnobody' }, 400, /^Invalid Sandbox-Account: /],
    ['add-fault', { rule: '{"then":' }, 400, 'Invalid rule: "{\\"then\\":" is no JSON.'],
    ['add-fault', { rule: '{}' }, 400, 'Missing required parameter: then.'],
    ['add-fault', {}, 400, 'Missing required parameter: then.'],
    ['add-fault', { rule: '5' }, 400, /^Invalid body: 5/],
    ['add-fault', { rule: '{"then":{}}' }, 400, /^Invalid then: \{\} does nothing/],
    ['add-fault', { rule: '{"then":{"drop":true},"match":{"type":"nonsense"}}' }, 400, /^Invalid match\[type\]: "nonsense" is never raised/],
    ['delete-fault', { id: 'flt_1' }, 404, 'No such fault: "flt_1".'],
    ['nonsense', { back: '/' }, 400, /^Invalid action/]
  ] as const) {
    const name = `${action} ${JSON.stringify(fields)}`
    const answer = await press(sandbox, action, { ...fields, back: '/dashboard/clock' })
    isErrorPage(t, answer, status, message, name)
    t.equal(answer.headers.get('location'), null, name)
  }
  t.same(await state(), before)
})

t.test('a refused button leads back to where it was pressed, and the address of a form to the payments', async t => {
  const { sandbox, paid } = await stage(t)
  const back = `/dashboard/payments/${paid}?account=${PEARS}`
  const refused = await press(sandbox, 'refund', { payment_intent: paid, amount: 'all', back })
  t.same(linksOf(refused), [back])
  t.same(linksOf(await press(sandbox, 'refund', { payment_intent: paid, amount: 'all', back: '//evil.test' })), ['/'])
  t.equal((await open(sandbox, '/dashboard/actions/refund')).headers.get('location'), '/')
})

t.test('whoever has no token is asked for it, told when it is wrong, and comes to where it was missing', async t => {
  const sandbox = await startSandbox(t, { SANDBOX_TOKEN: 'sesame' })
  const asked = await open(sandbox, '/dashboard/refunds?status=pending&q=apple')
  t.equal(asked.status, 401)
  t.match(asked.text, 'Type in the SANDBOX_TOKEN that it was started with.')
  for (const input of ['name="status" value="pending"', 'name="q" value="apple"']) t.match(asked.text, `<input type="hidden" ${input}>`)
  t.match((await open(sandbox, '/?token=wrong')).text, 'That is not its token.')
  t.equal((await open(sandbox, '/dashboard/refunds?status=pending&q=apple&token=sesame')).headers.get('location'), '/dashboard/refunds?status=pending&q=apple')
})

t.test('a list says why a payment failed, and where webhooks go while none has gone anywhere', async t => {
  const sandbox = await startSandbox(t)
  const { body: { id } } = await sandbox.call('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test'
  })
  await sandbox.call('POST', '/_sandbox/shopper', { payment_intent: id, outcome: 'insufficient-balance' })
  t.match((await open(sandbox, '/')).text, '<span class="bad">insufficient_funds</span>')
  t.match((await open(sandbox, '/dashboard/deliveries')).text, 'registered by POST /v1/webhook_endpoints, or to WEBHOOK_URL.')
})

t.test('a button comes back to a path of the sandbox, and to no other site', async t => {
  const sandbox = await startSandbox(t)
  for (const [back, location] of [
    ['/', '/'],
    ['/dashboard/clock?account=x&q=%20', '/dashboard/clock?account=x&q=%20'],
    ['', '/'],
    ['//evil.test', '/'],
    ['///evil.test', '/'],
    ['/\\evil.test', '/'],
    ['\\\\evil.test', '/'],
    ['/\t/evil.test', '/'],
    ['\t//evil.test', '/'],
    ['/\n/evil.test', '/'],
    ['/\r\nSet-Cookie: a=b', '/'],
    [' //evil.test', '/'],
    ['https://evil.test', '/'],
    ['https:evil.test', '/'],
    ['HTTPS://evil.test/', '/'],
    ['javascript:alert(1)', '/'],
    ['data:text/html,hi', '/'],
    ['evil.test', '/'],
    ['dashboard/clock', '/'],
    ['/\u00e9', '/']
  ] as const) {
    const answer = await press(sandbox, 'freeze', { back })
    t.equal(answer.status, 303, JSON.stringify(back))
    t.equal(answer.headers.get('location'), location, JSON.stringify(back))
    t.equal(answer.headers.get('set-cookie'), null)
  }
  t.equal((await press(sandbox, 'freeze')).headers.get('location'), '/', 'without one')
  const twice = await sandbox.call('POST', '/dashboard/actions/freeze', 'back=/a&back=//evil.test', { key: null, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  t.equal(twice.headers.get('location'), '/', 'with two')
})

t.test('a payment\'s page tells its story in the order in which it happened', async t => {
  for (const [name, flags] of [['while time runs', {}], ['while time stands still', { CLOCK }]] as const) {
    const sandbox = await startSandbox(t, { REFUND_MODE: 'async', ...flags })
    const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(count === 1 ? 500 : 204).end() } })
    const { ask } = openShop(sandbox, APPLE)
    await ask('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
    const { id } = await ask('POST', '/v1/payment_intents', { amount: 20000, currency: 'IDR', payment_method_types: ['dana'], return_url: 'https://shop.test' })
    await ask('POST', `/v1/payment_intents/${id}/confirm`, { payment_method_data: { type: 'dana' } })
    for (const [step, form] of [['phone', { phone: '12' }], ['phone', { phone: '081200000001' }], ['pin', { pin: '000000' }], ['pin', { pin: '123456' }], ['pay', {}]] as const) {
      t.equal((await sandbox.call('POST', `/v1/receives/dana/pay/${id}/${step}`, form, { key: null })).status, 303)
    }
    await receiver.waitFor(1)
    await ask('POST', '/_sandbox/settle')
    const { data: [{ id: delivery }] } = await ask('GET', '/_sandbox/deliveries')
    await ask('POST', `/_sandbox/deliveries/${delivery}/resend`)
    const { id: refund } = await ask('POST', '/v1/refunds', { payment_intent: id, amount: 5000 })
    await sandbox.call('POST', '/v1/refunds', { payment_intent: id, amount: 99999 }, { key: APPLE })
    await ask('POST', `/_sandbox/refunds/${refund}/settle`)
    const page = await open(sandbox, `/dashboard/payments/${id}`)
    t.same(chaptersOf(page), [
      'POST /v1/payment_intents → 200',
      'payment_intent.created requires_payment_method',
      `POST /v1/payment_intents/${id}/confirm → 200`,
      'payment_intent.requires_action requires_payment_method → requires_action',
      'The customer entered a phone number, which was wrong',
      'The customer entered a phone number',
      'The customer entered the PIN, which was wrong',
      'The customer entered the PIN',
      'The customer pressed Pay → pay',
      'payment_intent.succeeded requires_action → succeeded',
      `Webhook payment_intent.succeeded to ${receiver.url}: 204`,
      'POST /v1/refunds → 200',
      'POST /v1/refunds → 400 refund_not_allowed',
      'charge.refund.updated succeeded'
    ], name)
    const webhook = /<li [^>]*id="dlv_.*?<\/li>/s.exec(page.text)?.[0] ?? ''
    t.same([...webhook.matchAll(/<summary>(attempt \d: <span class="\w+">\d+<\/span>)/g)].map(([, attempt = '']) => seen(attempt)), ['attempt 1: 500', 'attempt 2: 204'], `${name}: both attempts`)
    t.match(unescape(webhook), /"request_headers": \{[^}]*"wooshpay-signature": "t=/i, `${name}: what was sent`)
  }
})

t.test('a payment\'s page tells of hints, and of a webhook that a fault has lost', async t => {
  const { sandbox, apple } = await stage(t)
  const id = await apple.paid({ amount: 20_000_000, order: 7 })
  await apple.ask('POST', '/_sandbox/settle')
  const page = await open(sandbox, `/dashboard/payments/${id}`)
  t.same(chaptersOf(page).slice(3), [
    'The customer entered a phone number',
    'The customer entered the PIN',
    'An outcome was chosen → pay',
    'payment_intent.succeeded requires_action → succeeded',
    chaptersOf(page).at(-1)
  ])
  t.match(chaptersOf(page).at(-1), /^Webhook payment_intent\.succeeded to http:\/\/127\.0\.0\.1:\d+\/webhooks: lost by a fault, nothing was sent$/)
  t.match(seen(mainOf(page)), 'The amount 20000000 looks like sen. Rupiah have no smaller unit: 20000 is Rp20.000.')
  t.match(seen(mainOf(page)), 'The call does not know order, and ignores it unless STRICT_PARAMETERS is set.')
})

t.test('a story', async t => {
  /** An id of a millisecond after the beginning, and a number within it. */
  const id = (prefix: string, ms: number, sequence = 0): string => `${prefix}_${(BigInt(BEGAN + ms) - 1288834974657n << 22n) + BigInt(sequence)}`
  const asked = (name: string, ms: number, more: Partial<Sources['requests'][number]> = {}): Sources['requests'][number] => ({
    id: name, object: 'request', created: BEGAN + ms, method: 'POST', url: '/v1', status: 200, duration_ms: 1, unknown: [], deprecated: [], credential: '', hints: [], ...more
  })
  const raised = (ms: number, sequence: number, status: string, request?: string, object = 'pi_1'): Sources['events'][number] => ({
    id: id('evt', ms, sequence),
    object: 'event',
    created: BEGAN,
    livemode: false,
    type: 'payment_intent.created',
    ...(request !== undefined && { request: { id: request } }),
    data: { object: { id: object, ...{ status } } }
  })
  const visited = (...history: NonNullable<NonNullable<Sources['visit']>['history']>): Sources['visit'] => ({ id: 'pi_1', attempt: 1, step: 'phone', wrong_pins: 0, history })
  const sent = (ms: number, sequence: number, firstAttempt?: number): Sources['deliveries'][number] => ({
    id: id('dlv', ms, sequence),
    object: 'delivery',
    created: BEGAN + ms,
    event: 'evt_1',
    type: 'payment_intent.created',
    endpoint: 'we_1',
    url: 'http://shop.test',
    status: 'pending',
    attempts: firstAttempt === undefined ? [] : [{ number: 1, at: BEGAN + firstAttempt, duration_ms: 1, request_headers: {} }, { number: 2, at: BEGAN + firstAttempt + 99, duration_ms: 1, request_headers: {} }]
  })
  const nothing: Sources = { requests: [], events: [], visit: undefined, deliveries: [] }
  const line = (chapter: Chapter): string => {
    const at = chapter.at - BEGAN
    switch (chapter.kind) {
      case 'request': return `${at} ${chapter.request.id}`
      case 'event': return `${at} ${chapter.from ?? ''}→${chapter.to}`
      case 'customer': return `${at} ${chapter.done.entry}`
      case 'webhook': return `${at} webhook`
    }
  }

  for (const [name, sources, expected] of [
    ['of nothing is empty', nothing, []],
    ['of a visit without entries is empty', { ...nothing, visit: { id: 'pi_1', attempt: 1, step: 'phone', wrong_pins: 0 } }, []],
    ['begins with the call, though that is logged when it was answered', {
      ...nothing, requests: [asked('create', 9)], events: [raised(2, 0, 'new', 'create'), raised(3, 0, 'waiting', 'create')]
    }, ['2 create', '2 →new', '3 new→waiting']],
    ['has calls that changed nothing where they were answered', {
      ...nothing, requests: [asked('late', 7), asked('read', 5), asked('create', 1)], events: [raised(1, 0, 'new', 'create'), raised(6, 0, 'waiting')]
    }, ['1 create', '1 →new', '5 read', '6 new→waiting', '7 late']],
    ['puts what the customer did between the changes', {
      ...nothing,
      events: [raised(1, 0, 'waiting'), raised(5, 0, 'paid')],
      visit: visited({ at: BEGAN + 2, entry: 'phone', after: id('evt', 1) }, { at: BEGAN + 3, entry: 'pin', isWrong: true, after: id('evt', 1) }, { at: BEGAN + 4, entry: 'pay', ended: 'pay', after: id('evt', 1) })
    }, ['1 →waiting', '2 phone', '3 pin', '4 pay', '5 waiting→paid']],
    ['tells the change after what the customer did in the same millisecond', {
      ...nothing, events: [raised(1, 0, 'waiting'), raised(5, 0, 'paid')], visit: visited({ at: BEGAN + 5, entry: 'pay', ended: 'pay', after: id('evt', 1) })
    }, ['1 →waiting', '5 pay', '5 waiting→paid']],
    ['has a webhook where it was first sent', {
      ...nothing, events: [raised(1, 0, 'new'), raised(4, 0, 'waiting')], deliveries: [sent(1, 1, 6)]
    }, ['1 →new', '4 new→waiting', '6 webhook']],
    ['has a webhook that was not sent yet where its event is', {
      ...nothing, events: [raised(1, 0, 'new'), raised(4, 0, 'waiting')], deliveries: [sent(1, 1)]
    }, ['1 →new', '1 webhook', '4 new→waiting']],
    ['follows the status of each object for itself', {
      ...nothing, events: [raised(1, 0, 'waiting'), raised(2, 0, 'pending', undefined, 're_1'), raised(3, 0, 'paid'), raised(4, 0, 'done', undefined, 're_1')]
    }, ['1 →waiting', '2 →pending', '3 waiting→paid', '4 pending→done']],
    ['needs no order of what it is made from', {
      ...nothing, events: [raised(3, 0, 'paid'), raised(1, 0, 'new'), raised(2, 0, 'waiting')], deliveries: [sent(3, 1, 5), sent(1, 1, 4)]
    }, ['1 →new', '2 new→waiting', '3 waiting→paid', '4 webhook', '5 webhook']],
    ['of a clock that stands still is in order too', {
      requests: [asked('refund', 0), asked('confirm', 0), asked('create', 0)],
      events: [raised(0, 1, 'new', 'create'), raised(0, 2, 'waiting', 'confirm'), raised(0, 4, 'paid'), raised(0, 6, 'back', 'refund', 're_1')],
      visit: visited({ at: BEGAN, entry: 'phone', after: id('evt', 0, 2) }, { at: BEGAN, entry: 'pay', ended: 'pay', after: id('evt', 0, 2) }),
      deliveries: [sent(0, 3, 0), sent(0, 5, 0)]
    }, ['0 create', '0 →new', '0 confirm', '0 new→waiting', '0 phone', '0 pay', '0 webhook', '0 waiting→paid', '0 webhook', '0 refund', '0 →back']],
    ['has a call that changed nothing after all that its answer names, also on a clock that stands still', {
      ...nothing,
      requests: [asked('again', 0), asked('refund', 0, { answer: { id: id('re', 0, 5), payment_intent: id('pi', 0, 0) } }), asked('create', 0)],
      events: [raised(0, 1, 'new', 'create'), raised(0, 4, 'paid'), raised(0, 6, 'back', undefined, 're_1')],
      visit: visited({ at: BEGAN, entry: 'pay', ended: 'pay', after: id('evt', 0, 1) })
    }, ['0 create', '0 →new', '0 pay', '0 new→paid', '0 refund', '0 again', '0 →back']]
  ] as const satisfies ReadonlyArray<readonly [string, Sources, readonly string[]]>) {
    await t.test(name, t => {
      const before = structuredClone(sources)
      t.same(storyOf(sources).map(line), expected)
      t.same(sources, before, 'what it is made from stays as it was')
      t.end()
    })
  }
})

t.test('no view shows a key or a secret', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  const { ask, paid } = openShop(sandbox, APPLE)
  const { secret } = await ask('POST', '/v1/webhook_endpoints', { url: receiver.url.replace('//', '//user:password@'), enabled_events: ['*'] })
  const id = await paid({ metadata: { order: '7' } })
  const { client_secret: clientSecret } = await ask('GET', `/v1/payment_intents/${id}`)
  const { publishable_key: publishable } = await ask('GET', '/_sandbox/account')
  const { client_secret: ofSession, payment_intent: other } = await ask('POST', '/v1/checkout/sessions', BASKET)
  t.match([secret, clientSecret, ofSession], [/^whsec_/, /_secret_/, /_secret_/], 'there are secrets')
  await sandbox.call('GET', `/v1/payment_intents/${id}?client_secret=${clientSecret}`, undefined, { key: publishable })
  await sandbox.call('POST', `/v1/payment_intents/${id}/confirm`, { client_secret: clientSecret, api_key: APPLE, [APPLE]: 1 }, { key: publishable })
  await sandbox.call('GET', `/v1/payment_intents?key=${APPLE}`, undefined, { key: APPLE })
  await sandbox.call('POST', '/v1/payment_intents', { amount: 1 }, { key: 'sk_live_dangerous_1234' })
  await sandbox.call('POST', '/v1/payment_intents', { amount: 1 }, { key: null, headers: { authorization: `Bearer ${APPLE}` } })
  await receiver.waitFor(1)
  await ask('POST', '/_sandbox/settle')
  const paths = [...TABS, ...TABS.map(path => `${path}?account=${APPLES}`), `/dashboard/payments/${id}`, `/dashboard/payments/${other}`]
  for (const path of paths) {
    const view = await open(sandbox, path)
    t.equal(view.status, 200, path)
    for (const text of [APPLE, 'apple_shop_1234', 'dangerous', secret, 'whsec_', clientSecret, ofSession]) {
      t.notOk(view.text.includes(text), `${path}: ${text}`)
    }
    t.notMatch(view.text, /pi_\d+_secret_/, path)
  }
  for (const path of ['/dashboard/deliveries', `/dashboard/payments/${id}`]) {
    const { text } = await open(sandbox, path)
    t.ok(text.includes(receiver.url), `${path} shows the endpoint`)
    t.notOk(text.includes('password@'), `${path} leaves its password out`)
  }
  t.notOk((await open(sandbox, '/?q=secret_')).text.includes(`id="${id}"`), 'nothing is found by its secret')
  t.same(idsOf(await open(sandbox, `/?q=${clientSecret.slice(-10)}`)), [])
})

t.test('SANDBOX_TOKEN keeps everybody out who does not have it', async t => {
  const token = 'open;"sesame"=%41+&'
  const sandbox = await startSandbox(t, { SANDBOX_TOKEN: token })
  const { id } = (await sandbox.call('POST', '/v1/payment_intents', PAYMENT)).body
  const paths = [...TABS, `/dashboard/payments/${id}`, '/dashboard/nonsense']
  const given = `token=${encodeURIComponent(token)}`
  const cookie = `sandbox_token=${encodeURIComponent(token)}`

  for (const path of paths) {
    const page = await open(sandbox, path)
    isErrorPage(t, page, 401, /SANDBOX_TOKEN/, path)
    t.match(page.text, new RegExp(`<form method="get" action="${path}">`), `${path}: a form that leads there`)
    t.match(page.text, /<input id="token" name="token" type="password"[^>]* required/, path)
    t.notMatch(page.text, /<table|<dl|class="tabs"/, path)
  }
  for (const wrong of ['token=', 'token=open', `token=${token.toUpperCase()}`, 'token[]=x', `${given}x`, `token=x&${given}`]) {
    const page = await open(sandbox, `/?${wrong}`)
    t.equal(page.status, 401, wrong)
    t.equal(page.headers.get('set-cookie'), null, wrong)
    t.notOk(page.text.includes(encodeURIComponent(token)), `${wrong} is not repeated`)
  }
  for (const header of ['sandbox_token=open', 'sandbox_token=', 'sandbox_token=%', 'sandbox_token=%ff', `other_${cookie}`, `token=${token}`, cookie.toUpperCase()]) {
    t.equal((await open(sandbox, '/', { cookie: header })).status, 401, header)
    t.equal((await sandbox.call('GET', '/_sandbox/clock', undefined, { headers: { cookie: header } })).status, 401, header)
  }
  t.equal((await press(sandbox, 'reset')).status, 401, 'no button works')
  t.equal((await press(sandbox, 'reset', { token })).status, 401, 'nor with the token in the form')
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).status, 200, 'nothing was reset')
  t.equal((await sandbox.call('POST', `/dashboard/actions/reset?${given}`, 'a=b', { key: null, headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 401, 'nor with the token in the address')

  for (const [path, location] of [
    [`/?${given}`, '/'],
    [`/?${given}&status=succeeded&q=a+%26+b`, '/?status=succeeded&q=a+%26+b'],
    [`/dashboard/payments/${id}?${given}`, `/dashboard/payments/${id}`],
    [`/dashboard/clock?account=${APPLES}&${given}`, `/dashboard/clock?account=${APPLES}`]
  ] as const) {
    const answer = await open(sandbox, path)
    t.equal(answer.status, 303, path)
    t.equal(answer.headers.get('location'), location, path)
    t.equal(answer.headers.get('set-cookie'), `${cookie}; Path=/; HttpOnly; SameSite=Strict`, path)
  }

  for (const path of paths.slice(0, -1)) t.equal((await open(sandbox, path, { cookie })).status, 200, `${path} with the cookie`)
  t.equal((await open(sandbox, '/', { cookie: `theme=dark; ${cookie}; a=b` })).status, 200, 'among other cookies')
  t.equal((await open(sandbox, '/', { 'x-sandbox-token': token })).status, 200, 'with the header')
  t.equal((await press(sandbox, 'shopper', { payment_intent: id, outcome: 'pay' }, { cookie })).status, 303, 'buttons work')
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).body.status, 'succeeded')
  t.equal((await sandbox.call('GET', '/_sandbox/clock', undefined, { key: null, headers: { cookie } })).status, 200, 'so do calls')
  const stream = await fetch(`${sandbox.url}/_sandbox/stream`, { headers: { cookie } })
  t.equal(stream.status, 200, 'and the stream')
  await stream.body?.cancel()
  t.equal((await fetch(`${sandbox.url}/_sandbox/stream`)).status, 401, 'which is closed without it')
  for (const path of ['/assets/sandbox.css', '/assets/sandbox.js']) t.equal((await open(sandbox, path)).status, 200, `${path} is for everybody`)
})

/** A call under any host name, which `fetch` does not allow. */
async function under (sandbox: RunningSandbox, host: string, method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number | undefined, fault: string | undefined }> {
  const sent = request(`${sandbox.url}${path}`, { method, headers: { host, ...headers } }).end()
  const [response] = await once(sent, 'response')
  const text = await textOf(response)
  return { status: response.statusCode, fault: faultOn({ text } as Answer) }
}

t.test('strangers\' names and pages have no way to the dashboard', async t => {
  const sandbox = await startSandbox(t, { PUBLIC_URL: 'https://pay.shop.test', ALLOWED_HOSTS: 'ci.example' })
  const { id } = (await sandbox.call('POST', '/v1/payment_intents', PAYMENT)).body
  const paths = ['/', '/dashboard/clock', `/dashboard/payments/${id}`]
  for (const host of ['evil.test', 'localhost.evil.test', 'shop.test']) {
    for (const path of paths) {
      const { status, fault } = await under(sandbox, host, 'GET', path)
      t.equal(status, 403, `${path} under ${host}`)
      t.match(fault, `may not be called under the name "${host}"`)
    }
    t.equal((await under(sandbox, host, 'POST', '/dashboard/actions/reset')).status, 403, `an action under ${host}`)
  }
  for (const host of ['localhost:6262', '127.0.0.1', '[::1]:1', 'sandbox', 'pay.shop.test', 'ci.example']) {
    t.equal((await under(sandbox, host, 'GET', '/')).status, 200, host)
  }
  for (const origin of ['https://evil.test', 'http://127.0.0.1.evil.test', 'null', 'nonsense']) {
    const answer = await press(sandbox, 'reset', {}, { origin })
    isErrorPage(t, answer, 403, `A web page from ${origin} may not use`, `a form of ${origin}`)
    t.equal((await open(sandbox, '/', { origin })).status, 403, `a page of ${origin}`)
  }
  isErrorPage(t, await press(sandbox, 'reset', {}, { 'sec-fetch-site': 'cross-site' }), 403, 'A web page from another site may not use', 'a form of another site')
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).status, 200, 'nothing was reset')
  t.equal((await under(sandbox, 'localhost', 'GET', '/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status, 200, 'a link may lead here')
  for (const headers of [{ origin: sandbox.url, 'sec-fetch-site': 'same-origin' }, { origin: 'https://pay.shop.test' }, { origin: 'http://localhost:3000' }, { 'sec-fetch-site': 'none' }]) {
    t.equal((await press(sandbox, 'run', {}, headers)).status, 303, JSON.stringify(headers))
  }
})

t.test('every page says what browsers may do with it', async t => {
  const sandbox = await startSandbox(t, { SANDBOX_TOKEN: 'sesame' })
  const { id } = (await sandbox.call('POST', '/v1/payment_intents', PAYMENT)).body
  const headers = { 'x-sandbox-token': 'sesame' }
  for (const [path, status, sent] of [
    ['/', 401, {}],
    ...TABS.map(path => [path, 200, headers] as const),
    [`/dashboard/payments/${id}`, 200, headers],
    ['/dashboard/payments/pi_1', 404, headers],
    ['/?after=pi_1', 400, headers]
  ] as const) {
    const page = await open(sandbox, path, sent)
    t.equal(page.status, status, path)
    t.same(Object.fromEntries(['content-type', 'cache-control', 'content-security-policy', 'x-content-type-options', 'referrer-policy'].map(name => [name, page.headers.get(name)])), {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': 'default-src \'none\'; style-src \'self\'; script-src \'self\'; connect-src \'self\'; img-src data:; base-uri \'none\'; frame-ancestors \'none\'; form-action \'self\'',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin'
    }, path)
    t.notMatch(page.text, /<style|<script(?! type="module" src="\/assets\/sandbox\.js"><\/script>)|\sstyle=|\son\w+=/, `${path}: nothing inline`)
  }
  t.equal((await open(sandbox, '/assets/sandbox.js')).headers.get('x-content-type-options'), 'nosniff')
})

const HOSTILE = [
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\' onmouseover=\'alert(1)', '" autofocus onfocus="alert(1)', '</textarea></select></title><svg onload=alert(1)>',
  '&lt;b&gt;', 'javascript:alert(1)', 'data:text/html,<script>alert(1)</script>', '{{alert(1)}}', '\u202e\u0000\ufffe', 'é 中文 😀'
]
const LONG = '<&"\'>'.repeat(2000)

t.test('whatever texts objects have, pages show them as texts', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t, { reply: response => { response.end('<script>alert(2)</script>') } })
  const { ask, paid, waiting } = openShop(sandbox, APPLE)
  const all = HOSTILE.join(' ')
  await ask('POST', '/v1/webhook_endpoints', { url: `${receiver.url}/?a=<script>alert(1)</script>&b="'`, enabled_events: ['payment_intent.succeeded'] })
  await ask('POST', '/_sandbox/account', { name: '<script>alert(1)</script>"\'&' })
  const paidOne = await paid({ merchant_order_id: all, description: all, metadata: Object.fromEntries(HOSTILE.map((text, index) => [text, HOSTILE.at(-index)])), return_url: 'myapp://<b>"\'', shipping: { name: all }, [HOSTILE[0] ?? '']: 1 })
  const long = await waiting({ merchant_order_id: LONG, description: LONG, metadata: { [LONG]: LONG } })
  await ask('POST', '/v1/checkout/sessions', { ...BASKET, client_reference_id: all, line_items: [{ price_data: { currency: 'IDR', unit_amount: 100, product_data: { name: all } }, quantity: 1 }] })
  await ask('POST', '/v1/refunds', { payment_intent: paidOne, metadata: { note: all } })
  await sandbox.call('GET', '/v1/<script>alert(1)</script>?q="><b>', undefined, { key: APPLE })
  await under(sandbox, 'localhost', 'GET', '/v1/<script>alert(1)</script>?"><b>', { authorization: `Basic ${Buffer.from(`${APPLE}:`).toString('base64')}` })
  await receiver.waitFor(1)
  await ask('POST', '/_sandbox/settle')

  const searched = encodeURIComponent(all)
  const paths = [
    ...TABS, ...TABS.map(path => `${path}?account=${APPLES}`), ...TABS.map(path => `${path}?q=${searched}&status=${searched}`),
    `/dashboard/payments/${paidOne}`, `/dashboard/payments/${long}`, `/dashboard/payments/${searched}`, `/?account=${searched}`, `/?after=${searched}`, `/dashboard/${searched}`
  ]
  for (const path of paths) {
    const name = path.slice(0, 60)
    const view = await open(sandbox, path)
    t.ok(view.status < 500, name)
    for (const text of ['<script>alert', '<img', '<svg', '" autofocus', '\' onmouseover', '</textarea', '<b>', '<&"']) t.notOk(view.text.includes(text), `${name}: ${text}`)
    for (const address of linksOf(view)) t.match(address, /^(?:\/|http:\/\/127\.0\.0\.1:\d+\/pay\/)/, `${name}: ${address.slice(0, 60)}`)
    t.notMatch(view.text, /(?:href|src|action)="(?!data:,")(?:javascript|data|vbscript):/i, name)
  }
  const page = await open(sandbox, `/dashboard/payments/${paidOne}`)
  for (const text of HOSTILE) t.ok(unescape(page.text).includes(text), `${text} is shown as it is`)
  t.ok(seen(mainOf(page)).includes(`Order ${all}`.replace(/\s+/g, ' ')), 'the order')
  t.ok(unescape(page.text).includes(JSON.stringify('<script>alert(2)</script>')), 'what the receiver answered')
  t.equal((await open(sandbox, `/dashboard/payments/${long}`)).text.split('&lt;&amp;&quot;&#39;&gt;'.repeat(2000)).length > 2, true, '10,000 characters are shown as they are')
  t.ok((await open(sandbox, '/')).text.includes('&lt;&amp;&quot;&#39;&gt;'.repeat(2000)), 'in the list too')
})

t.test('an address is a link only where it leads to a web page', async t => {
  const { sandbox, session, paid } = await stage(t)
  const sessions = sandbox.database.collection(checkoutSessionDefinition)
  const payments = sandbox.database.collection(paymentIntentDefinition)
  for (const address of ['javascript:alert(1)', 'JavaScript:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,<p>', 'vbscript:x', 'file:///etc/passwd', 'myapp://done', 'www.shop.test', '']) {
    // No call of the API stores such an address; a data file may hold one.
    const [asSession, asPayment] = [sessions.get(APPLES, session), payments.get(APPLES, paid)]
    if (asSession === undefined || asPayment === undefined) throw new Error('They are gone.')
    sandbox.database.stage(checkoutSessionDefinition, APPLES, session, { ...asSession, session: { ...asSession.session, url: address } })
    sandbox.database.stage(paymentIntentDefinition, APPLES, paid, { ...asPayment, intent: { ...asPayment.intent, return_url: address } })
    const list = await open(sandbox, '/dashboard/sessions')
    t.equal(rowsOf(list)[0]?.[3], session, `${address} is a session`)
    for (const view of [list, await open(sandbox, `/dashboard/payments/${paid}`)]) {
      t.equal(view.status, 200, address)
      t.same(linksOf(view).filter(href => !/^\/(?!\/)/.test(href)), [], `${address} is no link`)
    }
  }
})

t.test('the header Sandbox-Account says which account a call of the sandbox\'s own API is for', async t => {
  const { sandbox, apple, pear, paid, waiting, refund, delivery } = await stage(t)
  const as = async (account: string, method: string, path: string, body?: unknown, key: string | null = null): Promise<Answer> =>
    await sandbox.call(method, `/_sandbox${path}`, body, { key, headers: { 'sandbox-account': account } })

  t.match((await as(APPLES, 'GET', '/account')).body, { object: 'account', id: APPLES, key: 'sk_test_…1234' })
  t.match((await as('', 'GET', '/account')).body, { object: 'list', data: [{ id: APPLES }, { id: PEARS }] }, 'an empty one is none')
  t.equal((await as(PEARS, 'GET', '/requests')).body.data.length, 1)
  t.match((await as(PEARS, 'GET', '/deliveries')).body.data, [])
  t.equal((await as(PEARS, 'GET', `/deliveries/${delivery}`)).status, 404)
  t.equal((await as(APPLES, 'GET', `/deliveries/${delivery}`)).status, 200)
  t.match((await as(PEARS, 'POST', `/refunds/${refund}/settle`)), { status: 404, body: { error: { code: 'resource_missing' } } })
  t.match((await as(APPLES, 'POST', '/shopper', { payment_intent: waiting })), { status: 400, body: { error: { code: 'resource_missing' } } })
  t.match((await as(PEARS, 'POST', '/clock', { advance_ms: 1000 })).body, { now: BEGAN + 1000 })
  t.match([await apple.ask('GET', '/_sandbox/clock'), await pear.ask('GET', '/_sandbox/clock')], [{ now: BEGAN }, { now: BEGAN + 1000 }])

  for (const unknown of ['acct_nobody', 'sandbox', APPLE, `${APPLES} `.trim().toUpperCase(), '__proto__']) {
    for (const [method, path] of [['GET', '/account'], ['POST', '/reset'], ['GET', '/stream'], ['GET', '/coverage']] as const) {
      t.match(await as(unknown, method, path), {
        status: 400,
        body: { error: { code: 'parameter_invalid', param: 'Sandbox-Account', message: `is not one of: ${APPLES} (sk_test_…1234), ${PEARS} (sk_test_…5678).` } }
      }, `${method} ${path} of ${unknown}`)
    }
  }
  t.equal((await as('acct_nobody', 'GET', '/health')).status, 200, 'health concerns none')

  t.match((await as(PEARS, 'GET', '/account', undefined, APPLE)).body, { id: APPLES }, 'a key wins')
  t.match((await as('acct_nobody', 'GET', '/account', undefined, APPLE)).body, { id: APPLES }, 'over an unknown one too')
  t.equal((await as(APPLES, 'GET', '/account', undefined, 'sk_live_1234')).status, 401, 'a key that is none is refused')

  t.equal((await as(PEARS, 'POST', '/reset')).status, 200)
  t.equal(await apple.statusOf(paid), 'succeeded')
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${waiting}`, undefined, { key: PEAR })).status, 404)
  t.equal((await sandbox.call('GET', '/v1/payment_intents', undefined, { key: null, headers: { 'sandbox-account': APPLES } })).status, 401, 'it is no key of the API')
})

t.test('the header Sandbox-Account, before any account was used, is told so', async t => {
  const sandbox = await startSandbox(t)
  const answer = await sandbox.call('GET', '/_sandbox/account', undefined, { key: null, headers: { 'sandbox-account': 'acct_1' } })
  t.match(answer, { status: 400, body: { message: 'Invalid Sandbox-Account: "acct_1" is not one of: there is no account yet.' } })
})

t.test('the stream tells of the account that the header names', async t => {
  const sandbox = await startSandbox(t)
  const [apple, pear] = [openShop(sandbox, APPLE), openShop(sandbox, PEAR)]
  await Promise.all([apple.waiting(), pear.waiting()])
  const stream = await fetch(`${sandbox.url}/_sandbox/stream`, { headers: { 'sandbox-account': PEARS } })
  const others = await apple.waiting()
  const own = await pear.waiting()
  let told = ''
  const decoder = new TextDecoder()
  for await (const part of stream.body ?? []) {
    told += decoder.decode(part as Uint8Array)
    if (told.includes('event: request')) break
  }
  t.match(told, `"id":"${own}"`)
  t.notOk(told.includes(others))
  t.notOk(told.includes(APPLES))
})

t.test('refunds are made by hand, as the merchant\'s people would', async t => {
  const sandbox = await startSandbox(t)
  const [apple, pear] = [openShop(sandbox, APPLE), openShop(sandbox, PEAR)]
  const byHand = async (body: unknown, key: string | null = null): Promise<Answer> => await sandbox.call('POST', '/_sandbox/refunds', body, { key })
  const [full, part, text, ofOther, withReason] = [await apple.paid(), await apple.paid(), await apple.paid(), await pear.paid(), await apple.paid()]

  t.match(await byHand({ payment_intent: full }), { status: 200, body: { id: /^re_\d{19}$/, object: 'refund', amount: 20000, currency: 'IDR', payment_intent: full, status: 'succeeded' } })
  t.match(await byHand({ payment_intent: part, amount: 5000 }, APPLE), { status: 200, body: { amount: 5000 } })
  t.match(await byHand({ payment_intent: text, amount: '5000' }), { status: 200, body: { amount: 5000 } })
  t.match(await byHand({ payment_intent: withReason, reason: 'duplicate' }), { status: 200, body: { reason: 'duplicate' } })
  t.match((await apple.ask('GET', `/v1/refunds?payment_intent=${full}`)).data, [{ amount: 20000 }], 'the shop sees it')
  const { data: [event] } = await apple.ask('GET', '/v1/events?type=charge.refund.updated')
  t.match(event, { type: 'charge.refund.updated', data: { object: { payment_intent: withReason } } })
  t.equal(event.request, undefined, 'no call of the shop caused it')

  const waiting = await apple.waiting()
  for (const [body, key, status, code, message] of [
    [{ payment_intent: full }, null, 400, 'refund_not_allowed', /refund already/],
    [{ payment_intent: part, amount: 100 }, APPLE, 400, 'refund_not_allowed', /DANA takes one refund/],
    [{ payment_intent: ofOther, amount: 20001 }, null, 400, 'amount_too_large', `The amount 20001 is too large; the most is the 20000 IDR that are left of ${ofOther}.`],
    [{ payment_intent: ofOther, amount: 0 }, null, 400, 'amount_too_small', 'The amount 0 is too small; the least is 1.'],
    [{ payment_intent: ofOther, amount: 'all' }, null, 400, 'parameter_invalid', /"all"/],
    [{ payment_intent: ofOther, reason: 'nonsense' }, null, 400, 'parameter_invalid', /"nonsense" is not one of: duplicate/],
    [{ payment_intent: ofOther, nonsense: 1 }, null, 400, 'parameter_unknown', 'Unknown parameter: nonsense; there are: payment_intent, amount, reason.'],
    [{ payment_intent: ofOther }, APPLE, 400, 'resource_missing', `No such PaymentIntent: "${ofOther}".`],
    [{ payment_intent: 'pi_1' }, null, 400, 'resource_missing', 'No such PaymentIntent: "pi_1".'],
    [{ payment_intent: 're_1' }, APPLE, 400, 'resource_missing', 'No such PaymentIntent: "re_1".'],
    [{ payment_intent: waiting }, null, 400, 'payment_intent_unexpected_state', /requires_action/],
    [{}, null, 400, 'parameter_missing', 'Missing required parameter: payment_intent.']
  ] as const) t.match(await byHand(body, key), { status, body: { error: { code }, message } }, `${JSON.stringify(body)} ${key ?? 'without a key'}`)
  t.equal((await apple.ask('GET', '/v1/refunds')).data.length, 4, 'none of them was made')
  t.same((await pear.ask('GET', '/v1/refunds')).data, [])
  t.match(await byHand({ payment_intent: ofOther, amount: 100 }, PEAR), { status: 200, body: { amount: 100 } })
})

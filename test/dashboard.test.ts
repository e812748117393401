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
import { call, eventually, startSandbox, type Answer, type RunningSandbox } from './support/sandbox.ts'

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

  for (const [name, query, title, options] of [
    ['of all accounts', '', 'all', ['selected', 'apples', 'pears']],
    ['of one account', `?account=${APPLES}`, 'sk_test_…1234', ['all', 'selected', 'pears']]
  ] as const) {
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
      t.match(text, new RegExp(`<option value="${isAll ? '' : APPLES}"${isAll ? '' : ' selected'}>${title}`), `${path} ${name}: the account is chosen`)
      t.equal([...text.matchAll(/<option value="(?:acct_\w+)?"/g)].filter(([option]) => option !== '<option value=""').length, options.length - 1, `${path} ${name}: both accounts can be chosen`)
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
      ['refund', 'settle-refund', 'fail-refund', 'resend']],
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
  t.match((await open(sandbox, `/dashboard/payments/${paid}`)).text, 'name="amount" inputmode="numeric" size="10" value="15000"', 'what is left to refund')
  const wallet = linkTo(await open(sandbox, `/dashboard/payments/${waiting}`), 'Open the wallet\'s page') ?? ''
  t.match((await open(sandbox, wallet)).text, 'Mobile number', 'the customer\'s page is a link away')
  const [page] = linksOf(await open(sandbox, '/dashboard/sessions')).filter(href => href.includes('/pay/'))
  t.equal((await fetch(page ?? '')).status, 200, 'so is the page of an open session')
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
    const forth: string[][] = []
    let last: Answer | undefined
    for (let next: string | undefined = path; next !== undefined; next = linkTo(last, 'older →')) {
      last = await open(sandbox, next)
      forth.push(idsOf(last))
    }
    t.same(forth, expected, `${path} forth`)
    const back = [idsOf(last as Answer)]
    for (let previous = linkTo(last as Answer, '← newer'); previous !== undefined; previous = linkTo(last as Answer, '← newer')) {
      last = await open(sandbox, previous)
      back.unshift(idsOf(last))
    }
    t.same(back, expected, `${path} back`)
    t.same(idsOf(await open(sandbox, linkTo(last as Answer, 'older →') ?? '')), expected[1], `${path} and forth again`)
  }
  t.equal(rowsOf(await open(sandbox, '/dashboard/requests')).length, 25, 'so are calls')
  const second = await open(sandbox, linkTo(await open(sandbox, '/dashboard/requests'), 'older →') ?? '')
  t.equal(rowsOf(second).length, 25)
  t.ok(linkTo(second, '← newer'))
})

t.test('with 20,000 payments the first page has 25 rows, and so has the last but one', async t => {
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
    ['/?after=pi_1', 400, 'No such payments: "pi_1".'],
    ['/?before=pi_1', 400, 'No such payments: "pi_1".'],
    [`/?after=${waiting}&account=${APPLES}`, 400, `No such payments: "${waiting}".`],
    [`/?after=${paid}&before=${paid}`, 400, /cannot be combined/],
    ['/dashboard/sessions?after=cs_1', 400, 'No such sessions: "cs_1".'],
    ['/dashboard/refunds?before=re_1', 400, 'No such refunds: "re_1".'],
    ['/dashboard/deliveries?after=dlv_1', 400, 'No such deliveries: "dlv_1".'],
    ['/dashboard/requests?after=req_1', 400, 'No such request: "req_1".']
  ] as const) {
    const page = await open(sandbox, path)
    isErrorPage(t, page, status, message, path)
    t.same(linksOf(page), ['/'], `${path}: a way on`)
  }
  isErrorPage(t, await press(sandbox, 'nonsense'), 400,
    'Invalid action: "nonsense" is not one of: shopper, refund, settle-refund, fail-refund, resend, advance, freeze, run, reset, add-fault, delete-fault.', 'an unknown action')
  isErrorPage(t, await press(sandbox, 'constructor'), 400, /is not one of: shopper/, 'a name that every object has')
  const moved = await open(sandbox, '/dashboard/payments')
  t.equal(moved.status, 302)
  t.equal(moved.headers.get('location'), '/')
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

  await does('refund', { payment_intent: paid, amount: '1000' })
  t.match((await apple.ask('GET', '/v1/refunds')).data, [{ amount: 1000, status: 'pending' }, { amount: 5000 }], 'a part is refunded')
  await does('refund', { payment_intent: paid, amount: '' })
  t.match((await apple.ask('GET', '/v1/refunds')).data, [{ id: /^re_/, amount: 14000 }, { id: /^re_/, amount: 1000 }, { amount: 5000 }], 'without an amount all that is left is')
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
  const { sandbox, apple, paid, waiting, delivery, refund } = await stage(t)
  const slow = await apple.waiting()
  await apple.ask('POST', '/_sandbox/shopper', { payment_intent: slow, outcome: 'pay-later' })
  const { data: [{ id: fault }] } = await apple.ask('GET', '/_sandbox/faults')
  const formsOf = ({ text }: Answer): Array<Record<string, string>> => [...text.matchAll(/<form method="post" action="\/dashboard\/actions\/([\w-]+)">(.*?)<\/form>/gs)].map(([, action = '', form = '']) =>
    ({ action, ...Object.fromEntries([...form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [name, unescape(value)])) }))
  for (const [path, forms] of [
    [`/dashboard/payments/${waiting}`, [{ action: 'shopper', payment_intent: waiting, back: `/dashboard/payments/${waiting}` }]],
    [`/dashboard/payments/${slow}`, [{ action: 'advance', advance_ms: '5000', account: APPLES, back: `/dashboard/payments/${slow}` }]],
    [`/dashboard/payments/${paid}`, [
      { action: 'refund', payment_intent: paid, back: `/dashboard/payments/${paid}` },
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
  const { sandbox, apple, paid, waiting, refund } = await stage(t)
  await apple.ask('POST', `/_sandbox/refunds/${refund}/settle`)
  const state = async (): Promise<unknown> => await Promise.all(TABS.flatMap(path => ['', `?account=${APPLES}`, `?account=${PEARS}`].map(async query => mainOf(await open(sandbox, `${path}${query}`)))))
  const before = await state()
  for (const [action, fields, status, message] of [
    ['shopper', { payment_intent: waiting, outcome: 'nonsense' }, 400, /^Invalid outcome: "nonsense" is not one of: pay, /],
    ['shopper', { payment_intent: paid, outcome: 'pay' }, 400, `PaymentIntent ${paid} has the status succeeded; a customer can pay only while that is requires_action, which a confirm leads to.`],
    ['shopper', { payment_intent: 'pi_1', outcome: 'pay' }, 404, 'No such PaymentIntent: "pi_1".'],
    ['shopper', {}, 400, /^Missing required parameter: payment_intent\./],
    ['shopper', { payment_intent: waiting, outcome: 'pay', account: APPLES }, 404, `No such PaymentIntent: "${waiting}".`],
    ['refund', { payment_intent: waiting, amount: '100' }, 400, `PaymentIntent ${waiting} has the status requires_action; it can be refunded only when that is: succeeded.`],
    ['refund', { payment_intent: paid, amount: '15001' }, 400, /15001/],
    ['refund', { payment_intent: paid, amount: 'all' }, 400, /^Invalid amount: "all"/],
    ['refund', { payment_intent: paid, amount: '0' }, 400, /0/],
    ['refund', { payment_intent: paid, amount: '-5' }, 400, /-5/],
    ['settle-refund', { id: refund }, 400, /succeeded/],
    ['fail-refund', { id: refund }, 400, /succeeded/],
    ['settle-refund', { id: 're_1' }, 404, 'No such refund: "re_1".'],
    ['settle-refund', {}, 404, 'No such refund: "".'],
    ['resend', { id: 'dlv_1' }, 404, 'No such delivery: "dlv_1".'],
    ['resend', { id: '../../reset?' }, 404, 'No such delivery: "../../reset?".'],
    ['advance', { advance_ms: '-1' }, 400, /^Invalid advance_ms: -1 must be >= 0\./],
    ['advance', { advance_ms: '1.5' }, 400, /^Invalid advance_ms: 1\.5/],
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

const KEY_OF_SHOP = APPLE

t.test('a payment\'s page tells its story in the order in which it happened', async t => {
  for (const [name, flags] of [['while time runs', {}], ['while time stands still', { CLOCK }]] as const) {
    const sandbox = await startSandbox(t, { REFUND_MODE: 'async', ...flags })
    const receiver = await startReceiver(t, { reply: (response, _webhook, count) => { response.writeHead(count === 1 ? 500 : 204).end() } })
    const { ask } = openShop(sandbox, KEY_OF_SHOP)
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
    await sandbox.call('POST', '/v1/refunds', { payment_intent: id, amount: 99999 }, { key: KEY_OF_SHOP })
    await ask('POST', `/_sandbox/refunds/${refund}/settle`)
    const page = await open(sandbox, `/dashboard/payments/${id}`)
    t.same(chaptersOf(page), [
      'POST /v1/payment_intents → 200',
      'payment_intent.created requires_payment_method',
      `POST /v1/payment_intents/${id}/confirm → 200`,
      'payment_intent.requires_action requires_payment_method → requires_action',
      'The customer entered a phone number , which was wrong',
      'The customer entered a phone number',
      'The customer entered the PIN , which was wrong',
      'The customer entered the PIN',
      'The customer pressed Pay → pay',
      'payment_intent.succeeded requires_action → succeeded',
      `Webhook payment_intent.succeeded to ${receiver.url}: 204`,
      'POST /v1/refunds → 200',
      'POST /v1/refunds → 400 amount_too_large',
      'charge.refund.updated succeeded'
    ], name)
    const webhook = /<li [^>]*id="dlv_.*?<\/li>/s.exec(page.text)?.[0] ?? ''
    t.same([...webhook.matchAll(/<summary>(attempt \d: <span class="\w+">\d+<\/span>)/g)].map(([, attempt = '']) => seen(attempt)), ['attempt 1: 500', 'attempt 2: 204'], `${name}: both attempts`)
    t.match(unescape(webhook), /"request_headers": \{[^}]*"wooshpay-signature": "t=/i, `${name}: what was sent`)
  }
})

t.test('a payment\'s page tells of hints, of faults, and of a webhook that was lost', async t => {
  const { sandbox, apple, ofSession } = await stage(t)
  await apple.ask('POST', '/_sandbox/shopper', { payment_intent: ofSession }).catch(() => {})
  const late = await apple.paid({ amount: 20_000_000, order: 7 })
  await apple.ask('POST', '/_sandbox/settle')
  const page = await open(sandbox, `/dashboard/payments/${late}`)
  t.match(chaptersOf(page), [/^POST/, /created/, /requires_action/, 'An outcome was chosen → pay', /succeeded$/, /^Webhook payment_intent\.succeeded to http.*: lost by a fault, nothing was sent$/].slice(0, 0))
  t.ok(chaptersOf(page).some(chapter => chapter.endsWith(': lost by a fault, nothing was sent')))
  t.match(seen(mainOf(page)), 'The amount 20000000 looks like sen. Rupiah have no smaller unit: 20000 is Rp20.000.')
  t.match(seen(mainOf(page)), 'The call does not know order, and ignores it unless STRICT_PARAMETERS is set.')
})

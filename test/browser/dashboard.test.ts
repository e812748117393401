import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { checkAccessibility, checkWidth, NETWORK_NAME, openBrowser } from '../support/browser.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox, type RunningSandbox } from '../support/sandbox.ts'

const browser = await openBrowser(t)
t.jobs = 4

/** Two shops, and their accounts. */
const [APPLE, PEAR] = ['sk_test_apple_shop_1234', 'sk_test_pear_shop_5678']
const [APPLES, PEARS] = ['acct_6d22f279a284be31', 'acct_b4b91229a0d27fcc']
const TABS = ['/', '/dashboard/sessions', '/dashboard/refunds', '/dashboard/deliveries', '/dashboard/requests', '/dashboard/customers', '/dashboard/clock', '/dashboard/faults', '/dashboard/coverage']
const PAYMENT = { amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test/back' }
const BASKET = {
  success_url: 'https://shop.test/done',
  payment_method_types: ['dana'],
  line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 2 }]
}

/** A sandbox of a case's own, and what its shops do. */
interface Scene {
  readonly sandbox: RunningSandbox
  readonly url: string
  readonly ask: (method: string, path: string, body?: unknown, key?: string) => Promise<ReturnType<typeof JSON.parse>>
  /** A payment that waits for its customer. */
  readonly waiting: (details?: object, key?: string) => Promise<string>
  /** A payment that its customer has made. */
  readonly paid: (details?: object, key?: string) => Promise<string>
}

async function newScene (t: Test, flags: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const sandbox = await startSandbox(t, flags)
  const ask: Scene['ask'] = async (method, path, body, key = APPLE) => {
    const answer = await sandbox.call(method, path, body, { key })
    if (answer.status !== 200) throw new Error(`${method} ${path} → ${answer.status} ${answer.text}`)
    return answer.body
  }
  const waiting: Scene['waiting'] = async (details, key) => (await ask('POST', '/v1/payment_intents', { ...PAYMENT, ...details }, key)).id
  return {
    sandbox,
    url: sandbox.url,
    ask,
    waiting,
    paid: async (details, key) => {
      const id = await waiting(details, key)
      await ask('POST', '/_sandbox/shopper', { payment_intent: id, outcome: 'pay' }, key)
      return id
    }
  }
}

/** A case; a few of them run at a time. */
function check (name: string, steps: (t: Test) => Promise<void>): void {
  t.test(name, { buffered: true, skip: browser.skip }, steps)
}

/** Opens a page until it follows the stream, and lets it remember that it was not loaded anew. */
async function watch (page: Page, address: string): Promise<void> {
  // It looks once more when it is connected.
  const connected = page.waitForResponse(response => response.url() === new URL(address).href && response.request().resourceType() === 'fetch')
  await page.goto(address)
  await connected
  await page.evaluate('window.isTheSame = true')
}

async function isTheSame (t: Test, page: Page): Promise<void> {
  t.equal(await page.evaluate('window.isTheSame'), true, 'the page was not loaded anew')
}

/** The ids of a list's rows. */
async function rowsOf (page: Page): Promise<string[]> {
  return await page.evaluate<string[]>('[...document.querySelectorAll("[data-testid=row]")].map(row => row.id)')
}

/** Presses Tab until an element is focused. */
async function tabTo (page: Page, selector: string): Promise<void> {
  await page.locator(selector).first().waitFor()
  for (let presses = 0; presses < 60; presses++) {
    if (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)})`) === true) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab leads to no ${selector}.`)
}

check('payments appear, and change, while somebody watches', async t => {
  const { url, ask, waiting } = await newScene(t)
  await browser.visit(t, { width: 1280 }, async page => {
    await watch(page, url)
    await page.getByTestId('first-call').waitFor()
    const first = await waiting({ merchant_order_id: 'order-1' })
    const row = page.locator(`#${first}`)
    await row.waitFor()
    t.match(await row.innerText(), /Rp20\.000\s+requires_action\s+dana\s+order-1/)
    t.equal(await page.getByTestId('first-call').count(), 0, 'the first steps are gone')
    await ask('POST', '/_sandbox/shopper', { payment_intent: first, outcome: 'pay' })
    await row.getByText('succeeded').waitFor()
    const second = await waiting({ amount: 3000 }, PEAR)
    await page.locator(`#${second}`).waitFor()
    t.same(await rowsOf(page), [second, first], 'the newest comes first')
    await ask('POST', '/_sandbox/reset')
    await row.waitFor({ state: 'detached' })
    t.equal(await page.locator(`#${second}`).count(), 1, 'the other account\'s stays')
    await isTheSame(t, page)
  })
})

check('a list that is filtered, searched or turned over follows too', async t => {
  const { url, ask, waiting, paid } = await newScene(t)
  const old: string[] = []
  for (let count = 0; count < 26; count++) old.unshift(await waiting({ merchant_order_id: 'old' }))
  await browser.visit(t, { width: 1280 }, async page => {
    await watch(page, `${url}/?status=succeeded&q=new`)
    await page.getByTestId('nothing').waitFor()
    await paid({ merchant_order_id: 'old' })
    const fresh = await paid({ merchant_order_id: 'new' })
    await page.locator(`#${fresh}`).waitFor()
    t.same(await rowsOf(page), [fresh])
    await watch(page, `${url}/?q=old&status=requires_action`)
    await page.getByRole('link', { name: 'older →' }).click()
    await page.locator(`#${old[25]}`).waitFor()
    t.same(await rowsOf(page), [old[25]])
    await ask('POST', `/v1/payment_intents/${old[25]}/cancel`)
    await page.getByTestId('nothing').waitFor()
  })
})

check('every view follows what happens', async t => {
  const { sandbox, url, ask, waiting, paid } = await newScene(t, { REFUND_MODE: 'async' })
  const receiver = await startReceiver(t)
  await ask('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
  const id = await paid()
  await ask('POST', '/_sandbox/clock', { frozen: true })
  const session = async (): Promise<string> => (await ask('POST', '/v1/checkout/sessions', BASKET)).id
  await browser.visit(t, { width: 1280 }, async page => {
    for (const [path, act, expected] of [
      ['/dashboard/sessions', session, page.getByRole('row', { name: /open cs_\d+/ })],
      ['/dashboard/refunds', async () => await ask('POST', '/v1/refunds', { payment_intent: id, amount: 5000 }), page.getByRole('row', { name: 'Rp5.000 pending' })],
      ['/dashboard/refunds', async () => await ask('POST', '/_sandbox/clock', { advance_ms: 60_000 }), page.getByRole('row', { name: 'Rp5.000 succeeded' })],
      ['/dashboard/deliveries?status=succeeded', async () => await paid({ amount: 777 }), page.getByTestId('row').nth(1)],
      ['/dashboard/requests', async () => await sandbox.call('GET', '/v1/charges?limit=77', undefined, { key: APPLE }), page.getByRole('row', { name: 'GET /v1/charges?limit=77 200' })],
      ['/dashboard/customers', async () => await paid({ amount: 1_000_000 }), page.getByRole('row', { name: 'Siti Rahmawati pay Rp1.998.984.223' })],
      [`/dashboard/clock?account=${APPLES}`, async () => await ask('POST', '/_sandbox/clock', { frozen: false }), page.getByRole('heading', { name: 'runs' })],
      [`/dashboard/faults?account=${APPLES}`, async () => await ask('POST', '/_sandbox/faults', { then: { status: 503 }, match: { path: '/v1/customers' } }), page.getByRole('row', { name: 'status 0 of 1' })],
      [`/dashboard/faults?account=${APPLES}`, async () => await sandbox.call('POST', '/v1/customers', {}, { key: APPLE }), page.getByRole('row', { name: 'status 1 of 1' })],
      ['/dashboard/coverage', async () => await ask('GET', '/v1/products'), page.locator('#coverage-calls summary', { hasText: /\b6 of \d+$/ })]
    ] as const) {
      await watch(page, `${url}${path}`)
      t.equal(await expected.count(), 0, `${path} before`)
      await act()
      await expected.waitFor()
      await isTheSame(t, page)
    }
    await watch(page, `${url}/?account=${APPLES}`)
    await ask('POST', '/_sandbox/clock', { frozen: true, now: '2031-07-01T12:00:00Z' })
    await page.locator('header time[datetime="2031-07-01T12:00:00.000Z"]').waitFor()
    t.match(await page.locator('header').innerText(), 'stands still', 'the header tells the time')
    await waiting()
    await isTheSame(t, page)
  })
})

check('of another account nothing appears where one is chosen', async t => {
  const { url, waiting } = await newScene(t)
  await Promise.all([waiting(), waiting({}, PEAR)])
  await browser.visit(t, { width: 1280 }, async page => {
    await watch(page, `${url}/?account=${APPLES}`)
    let loads = 0
    page.on('request', request => { if (request.url() === page.url()) loads++ })
    const others = await waiting({}, PEAR)
    const own = await waiting()
    await page.locator(`#${own}`).waitFor()
    t.equal(await page.locator('[data-testid=row]').count(), 2)
    t.equal(await page.locator(`#${others}`).count(), 0)
    t.equal(loads, 1, 'what happened to the other was not looked at')
    await page.getByLabel('Account').selectOption(PEARS)
    await page.waitForURL(`${url}/?account=${PEARS}`)
    await page.locator(`#${others}`).waitFor()
    t.equal(await page.locator('[data-testid=row]').count(), 2)
    t.equal(await page.locator(`#${own}`).count(), 0)
  })
})

check('a payment\'s page grows its story when the customer pays', async t => {
  const { url, ask, waiting } = await newScene(t)
  const receiver = await startReceiver(t)
  await ask('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
  const id = await waiting()
  await browser.visit(t, { width: 1280 }, async page => {
    await watch(page, `${url}/dashboard/payments/${id}`)
    const story = page.getByTestId('story')
    t.equal(await story.getByRole('listitem').count(), 3)
    await page.getByTestId('shopper').waitFor()
    await ask('POST', '/_sandbox/shopper', { payment_intent: id, outcome: 'pay' })
    await story.getByText('An outcome was chosen → pay').waitFor()
    await story.getByText('payment_intent.succeeded requires_action → succeeded').waitFor()
    await story.getByText(`Webhook payment_intent.succeeded to ${receiver.url}: 200`).waitFor()
    await page.getByRole('heading', { level: 1, name: 'Rp20.000 succeeded' }).waitFor()
    t.equal(await page.getByTestId('shopper').count(), 0, 'what can no longer be done is not offered')
    t.equal(await page.getByTestId('refund').count(), 1, 'what can be done is')
    await ask('POST', '/v1/refunds', { payment_intent: id })
    await story.getByText('charge.refund.updated succeeded').waitFor()
    await isTheSame(t, page)
  })
})

check('a payment\'s page tells every step of the customer while it happens', async t => {
  const { sandbox, url, waiting } = await newScene(t)
  const id = await waiting()
  await browser.visit(t, { width: 1280 }, async page => {
    await watch(page, `${url}/dashboard/payments/${id}`)
    for (const [step, form, text] of [
      ['phone', { phone: '081200000001' }, 'The customer entered a phone number'],
      ['pin', { pin: '000000' }, 'The customer entered the PIN, which was wrong'],
      ['pin', { pin: '123456' }, 'The customer entered the PIN'],
      ['pay', {}, 'The customer pressed Pay → pay']
    ] as const) {
      await sandbox.call('POST', `/v1/receives/dana/pay/${id}/${step}`, form, { key: null })
      await page.getByTestId('story').getByText(text, { exact: true }).waitFor()
    }
    await isTheSame(t, page)
  })
})

check('what was opened, typed in or chosen stays when the page changes', async t => {
  const { url, ask, waiting, paid } = await newScene(t, { REFUND_MODE: 'async' })
  const [first, ready] = [await waiting(), await paid()]
  await browser.visit(t, { width: 1280 }, async page => {
    const search = page.getByTestId('search')
    await watch(page, `${url}/dashboard/requests`)
    const details = page.locator('[data-testid=row]').last().locator('details')
    await details.locator('summary').click()
    await search.fill('charge')
    await page.evaluate('document.activeElement.setSelectionRange(2, 4)')
    await ask('GET', '/v1/charges?limit=7')
    await page.getByText('GET /v1/charges?limit=7').first().waitFor()
    t.equal(await details.getAttribute('open'), '', 'details')
    t.ok(await details.locator('pre').isVisible())
    t.equal(await search.inputValue(), 'charge', 'a text that is being typed')
    t.same(await page.evaluate('[document.activeElement.id, document.activeElement.selectionStart, document.activeElement.selectionEnd]'), ['q', 2, 4], 'where the cursor is')
    await search.blur()
    await ask('GET', '/v1/charges?limit=8')
    await page.getByText('GET /v1/charges?limit=8').first().waitFor()
    t.equal(await search.inputValue(), 'charge', 'a text that was typed')
    await details.locator('summary').click()
    await ask('GET', '/v1/charges?limit=9')
    await page.getByText('GET /v1/charges?limit=9').first().waitFor()
    t.equal(await details.getAttribute('open'), null, 'what was closed stays closed')

    await watch(page, `${url}/dashboard/payments/${first}`)
    await page.getByTestId('outcome').selectOption('cancel')
    await page.getByTestId('outcome').blur()
    await ask('POST', `/v1/payment_intents/${first}`, { description: 'Two apples' })
    await page.getByText('Two apples').first().waitFor()
    t.equal(await page.getByTestId('outcome').inputValue(), 'cancel', 'a choice')
    await page.getByTestId('shopper').click()
    await page.getByText('An outcome was chosen → cancel').waitFor()

    await watch(page, `${url}/dashboard/payments/${ready}`)
    await page.getByTestId('amount').fill('1234')
    await page.getByTestId('amount').blur()
    await ask('GET', `/v1/payment_intents/${ready}?seen=1`)
    await page.getByText('?seen=1').first().waitFor()
    t.equal(await page.getByTestId('amount').inputValue(), '1234', 'an amount')
    await page.getByTestId('refund').click()
    await page.getByRole('heading', { name: 'Refund of Rp1.234 pending' }).waitFor()
  })
})

check('a page that was out of touch shows what happened meanwhile', async t => {
  const { url, waiting } = await newScene(t)
  await waiting()
  await browser.visit(t, { width: 1280 }, async page => {
    let connections = 0
    await page.route('**/_sandbox/stream', async route => {
      // Before it is connected for the first time something happens, and again after that has ended; the browser connects again by itself.
      await waiting()
      if (connections++ === 0) await route.fulfill({ status: 200, contentType: 'text/event-stream', body: 'retry: 1\n: connected\n\n' })
      else await route.continue()
    })
    await page.goto(url)
    await page.getByTestId('row').nth(2).waitFor()
    t.equal(connections, 2)
  })
})

check('a tab that nobody sees takes no connection from others, and is up to date when it is seen again', async t => {
  const { url, waiting } = await newScene(t)
  await waiting()
  await browser.visit(t, {}, async page => {
    /** What a browser does when another tab comes before this one, which one without windows never does by itself. */
    const hide = async (tab: Page, isHidden: boolean): Promise<void> => {
      await tab.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${String(isHidden)} }); document.dispatchEvent(new Event('visibilitychange'))`)
    }
    await watch(page, url)
    await hide(page, true)
    // Browsers open six connections to a server.
    for (let tabs = 2; tabs <= 8; tabs++) {
      const tab = await page.context().newPage()
      await watch(tab, url)
      await hide(tab, true)
    }
    const missed = await waiting()
    t.equal(await page.locator(`#${missed}`).count(), 0)
    await hide(page, false)
    await page.locator(`#${missed}`).waitFor()
    await page.locator(`#${await waiting()}`).waitFor()
    await isTheSame(t, page)
  })
})

for (const script of [true, false]) {
  const how = script ? 'with a script' : 'without a script'

  check(`a payment's buttons do what they say, ${how}`, async t => {
    const { url, ask, waiting } = await newScene(t, { REFUND_MODE: 'async', REFUND_DELAY_MS: '2592000000' })
    const receiver = await startReceiver(t)
    await ask('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded'] })
    const [id, slow] = [await waiting(), await waiting()]
    await browser.visit(t, { width: 1280, script }, async page => {
      const here = `${url}/dashboard/payments/${id}`
      await page.goto(here)
      await page.getByRole('link', { name: 'Open the wallet\'s page' }).click()
      await page.getByLabel('Mobile number').waitFor()
      await page.goBack()
      await page.getByTestId('outcome').selectOption('pay')
      await page.getByRole('button', { name: 'Play the customer' }).click()
      await page.getByRole('heading', { name: 'Rp20.000 succeeded' }).waitFor()
      t.equal(page.url(), here)

      if (!script) {
        await receiver.waitFor(1)
        await ask('POST', '/_sandbox/settle')
        await page.reload()
      }
      await page.getByText('attempt 1: 200').waitFor({ state: 'attached' })
      await page.getByRole('button', { name: 'Resend' }).click()
      await page.getByText('attempt 2: 200').waitFor({ state: 'attached' })
      t.equal(receiver.received.length, 2)

      await page.getByLabel('Amount').fill('5000')
      await page.getByRole('button', { name: 'Refund' }).click()
      await page.getByRole('heading', { name: 'Refund of Rp5.000 pending' }).waitFor()
      await page.getByRole('button', { name: 'Succeed' }).click()
      await page.getByRole('heading', { name: 'Refund of Rp5.000 succeeded' }).waitFor()
      t.equal(page.url(), here)
      t.match((await ask('GET', '/v1/refunds')).data, [{ amount: 5000, status: 'succeeded' }])

      await page.goto(`${url}/dashboard/payments/${slow}`)
      await page.getByTestId('outcome').selectOption('pay-later')
      await page.getByRole('button', { name: 'Play the customer' }).click()
      await page.getByRole('button', { name: 'Let the wallet decide now' }).click()
      await page.getByRole('heading', { name: 'Rp20.000 succeeded' }).waitFor()
    })
  })

  check(`the buttons of clock and faults do what they say, ${how}`, async t => {
    const { url, ask, waiting } = await newScene(t, { CLOCK: '2026-01-01T09:00:00Z' })
    const id = await waiting()
    await browser.visit(t, { script }, async page => {
      await page.goto(`${url}/dashboard/clock?account=${APPLES}`)
      await page.getByRole('button', { name: '+ 10 min' }).click()
      await page.locator('h1 time[datetime="2026-01-01T09:10:00.000Z"]').waitFor()
      t.equal((await ask('GET', `/v1/payment_intents/${id}`)).status, 'requires_payment_method', 'the customer\'s time is over')
      await page.getByRole('button', { name: 'Let it run' }).click()
      await page.getByRole('button', { name: 'Let it stand still' }).click()
      await page.getByRole('button', { name: 'Let it run' }).waitFor()

      await page.getByRole('link', { name: 'Faults' }).click()
      await page.getByRole('button', { name: 'Refuse the next call with 503' }).click()
      await page.getByText('0 of 1').waitFor()
      await page.getByRole('button', { name: 'Take back' }).click()
      await page.getByTestId('nothing').waitFor()
      t.equal(page.url(), `${url}/dashboard/faults?account=${APPLES}`)

      await page.getByRole('link', { name: 'Clock' }).click()
      await page.getByText('Empty the account').click()
      await page.getByRole('button', { name: 'Reset the account' }).click()
      await page.waitForURL(`${url}/dashboard/clock?account=${APPLES}`)
      t.same((await ask('GET', '/v1/payment_intents')).data, [])
    })
  })

  check(`a refused button says why, and leads back, ${how}`, async t => {
    const { url, ask, paid } = await newScene(t)
    const id = await paid()
    await browser.visit(t, { script, expected: /status of 400/ }, async page => {
      await page.goto(`${url}/dashboard/payments/${id}`)
      await page.getByTestId('amount').fill('99999')
      await page.getByTestId('refund').click()
      t.equal(await page.getByRole('alert').innerText(), `The amount 99999 is too large; the most is the 20000 IDR that are left of ${id}.`)
      await page.goBack()
      await page.getByRole('heading', { name: 'Rp20.000 succeeded' }).waitFor()
      t.same((await ask('GET', '/v1/refunds')).data, [])
    })
  })

  check(`lists are filtered, searched and turned over, ${how}`, async t => {
    const { url, waiting, paid } = await newScene(t)
    for (let count = 1; count <= 26; count++) await waiting({ merchant_order_id: `order-${count}` })
    const done = await paid({ merchant_order_id: 'order-27' })
    const other = await waiting({}, PEAR)
    await browser.visit(t, { width: 1280, script }, async page => {
      const rows = page.locator('[data-testid=row]')
      await page.goto(url)
      t.equal(await rows.count(), 25)
      await page.getByRole('link', { name: 'older →' }).click()
      await page.getByText('order-1', { exact: true }).waitFor()
      t.equal(await rows.count(), 3)
      await page.getByRole('link', { name: '← newer' }).click()
      await page.locator(`#${other}`).waitFor()

      // The script that submits the choice has run by then.
      await page.waitForLoadState('load')
      await page.getByLabel('Status').selectOption('succeeded')
      if (!script) await page.getByRole('button', { name: 'Search' }).click()
      await page.waitForURL(`${url}/?q=&status=succeeded`)
      t.same(await rowsOf(page), [done])

      await page.goto(url)
      await page.getByLabel('Search').fill('order-27')
      await page.getByLabel('Search').press('Enter')
      await page.waitForURL(`${url}/?q=order-27&status=`)
      t.same(await rowsOf(page), [done])
      await page.getByLabel('Search').fill(done)
      await page.getByRole('button', { name: 'Search' }).click()
      await page.waitForURL(`${url}/dashboard/payments/${done}`)

      await page.goto(url)
      t.equal(await page.getByRole('button', { name: 'Show' }).isVisible(), !script, 'the button is there for those without a script')
      await page.getByLabel('Account').selectOption(PEARS)
      if (!script) await page.getByRole('button', { name: 'Show' }).click()
      await page.waitForURL(`${url}/?account=${PEARS}`)
      t.same(await rowsOf(page), [other])
      await page.getByRole('link', { name: 'API requests' }).click()
      await page.waitForURL(`${url}/dashboard/requests?account=${PEARS}`)
      t.equal(await rows.count(), 1, 'the account stays from view to view')
    })
  })
}

check('times are shown in the browser\'s own zone, in UTC without a script', async t => {
  const { url, waiting } = await newScene(t, { CLOCK: '2026-01-01T20:30:05Z' })
  await waiting()
  await browser.visit(t, { width: 1280 }, async page => {
    for (const [timezoneId, script, expected] of [
      ['Asia/Jakarta', true, 'Jan 2, 2026, 3:30:05 AM'],
      ['America/New_York', true, 'Jan 1, 2026, 3:30:05 PM'],
      ['Asia/Kathmandu', true, 'Jan 2, 2026, 2:15:05 AM'],
      ['Asia/Jakarta', false, '2026-01-01 20:30:05 UTC']
    ] as const) {
      const context = await page.context().browser()?.newContext({ timezoneId, locale: 'id-ID', javaScriptEnabled: script })
      const other = await context?.newPage()
      if (context === undefined || other === undefined) throw new Error('The browser is gone.')
      await other.goto(url)
      await other.locator('header', { hasText: expected }).waitFor()
      const times = other.locator('[data-testid=row]').getByText(expected)
      const count = await times.count()
      t.equal(count, await other.locator('[data-testid=row]').count(), `${timezoneId}: in every row`)
      if (script) {
        t.equal(await other.locator('td time').first().getAttribute('title'), '2026-01-01T20:30:05.000Z', 'with the exact time')
        await waiting()
        await times.nth(count).waitFor()
        t.equal(await other.getByText('UTC').count(), 0, 'after a change too')
      }
      await context.close()
    }
  })
})

for (const script of [true, false]) {
  check(`everything is within reach of the keyboard, ${script ? 'with' : 'without'} a script`, async t => {
    const { url, ask, waiting, paid } = await newScene(t)
    const [done, open] = [await paid(), await waiting()]
    await browser.visit(t, { width: 1280, script }, async page => {
      await page.goto(url)
      await tabTo(page, '#status')
      await page.keyboard.type('succ')
      if (!script) {
        await tabTo(page, '.filters button')
        await page.keyboard.press('Enter')
      }
      await page.waitForURL(`${url}/?q=&status=succeeded`)
      t.equal(await page.locator('[data-testid=row]').count(), 1)
      await tabTo(page, '[data-testid=row] a')
      await page.keyboard.press('Enter')
      await page.waitForURL(`${url}/dashboard/payments/${done}`)
      await tabTo(page, 'summary')
      await page.keyboard.press('Enter')
      t.ok(await page.locator('details pre').first().isVisible(), 'details open')

      await page.goto(url)
      await tabTo(page, '.tabs a[href="/dashboard/clock"]')
      t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none', 'one sees where one is')
      await tabTo(page, '#q')
      await page.keyboard.type(open)
      await page.keyboard.press('Enter')
      await page.waitForURL(`${url}/dashboard/payments/${open}`)
      await tabTo(page, '#outcome')
      await page.keyboard.type('canc')
      await tabTo(page, '[data-testid=shopper]')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Rp20.000 requires_payment_method' }).waitFor()
      t.equal((await ask('GET', `/v1/payment_intents/${open}`)).last_payment_error.code, 'payment_method_canceled')
    })
  })
}

/** One shop with something in every view; answers the addresses of all views. */
async function fill (t: Test, { ask, waiting, paid }: Scene): Promise<string[]> {
  const receiver = await startReceiver(t)
  await ask('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded', 'payment_intent.created'] })
  await ask('POST', '/v1/webhook_endpoints', { url: 'http://127.0.0.1:9/nobody-listens-here/with-a-long-path?and=a-query', enabled_events: ['*'] })
  await ask('POST', '/_sandbox/account', { name: 'The apple shop with a name that is longer than most names of shops are' })
  const [done, open] = [await paid({ merchant_order_id: 'order-with-a-long-number-1234567890', description: 'Two apples' }), await waiting({}, PEAR)]
  await ask('POST', '/v1/refunds', { payment_intent: done, amount: 5000 })
  await ask('POST', '/_sandbox/shopper', { payment_intent: await waiting({ amount: 20_000_000, order: 7 }), outcome: 'insufficient-balance' })
  const slow = await waiting()
  await ask('POST', '/_sandbox/shopper', { payment_intent: slow, outcome: 'pay-later' })
  await ask('POST', '/v1/checkout/sessions', BASKET)
  await ask('POST', '/_sandbox/faults', { then: { status: 503, retry_after: 1 }, match: { method: 'POST', path: '/v1/payment_intents' } })
  await receiver.waitFor(3)
  await ask('POST', '/_sandbox/settle')
  return [...TABS.filter(path => path !== '/dashboard/faults'), `/dashboard/faults?account=${APPLES}`, `/dashboard/clock?account=${APPLES}`, ...[done, open, slow].map(id => `/dashboard/payments/${id}`)]
}

/** A phone by day, a desk by night. */
const LOOKS = [[390, 'light'], [1280, 'dark']] as const

/** Expects that a page fits into its window and is accessible, at both widths and in both schemes unless fewer are asked for. */
async function inspect (t: Test, page: Page, what: string, looks: ReadonlyArray<(typeof LOOKS)[number]> = LOOKS): Promise<void> {
  for (const [width, colorScheme] of looks) {
    await page.setViewportSize({ width, height: 844 })
    await page.emulateMedia({ colorScheme })
    await checkWidth(t, page, `${what}, ${width} pixels`)
    await checkAccessibility(t, page, `${what}, ${width} pixels, ${colorScheme}`)
  }
}

const OPEN_ALL = 'document.querySelectorAll("details").forEach(details => { details.open = true })'

check('every empty view fits its window and is accessible', async t => {
  const { url } = await newScene(t)
  await browser.visit(t, {}, async page => {
    for (const [index, path] of TABS.entries()) {
      await page.goto(`${url}${path}`)
      await inspect(t, page, path, [LOOKS[index % 2 === 0 ? 0 : 1]])
    }
  })
})

check('every filled view fits its window and is accessible, also with all that can be opened', async t => {
  // Time stands still, so that the pages do.
  const scene = await newScene(t, { CLOCK: '2026-01-01T09:00:00Z', REFUND_MODE: 'async' })
  const paths = await fill(t, scene)
  await browser.visit(t, {}, async page => {
    for (const path of paths) {
      await page.goto(`${scene.url}${path}`)
      t.equal(await page.getByTestId('nothing').count(), 0, `${path} is filled`)
      await page.evaluate(OPEN_ALL)
      await inspect(t, page, path)
    }
  })
})

check('the page for what there is not and the one that asks for the token fit and are accessible', async t => {
  const [open, closed] = [await newScene(t), await newScene(t, { SANDBOX_TOKEN: 'sesame' })]
  await browser.visit(t, { expected: /status of (?:404|401)/ }, async page => {
    for (const [address, heading] of [
      [`${open.url}/dashboard/payments/pi_1`, 'This cannot be done'],
      [`${open.url}/dashboard/${'nonsense'.repeat(100)}`, 'This cannot be done'],
      [closed.url, 'This sandbox has a token']
    ] as const) {
      await page.goto(address)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await inspect(t, page, address.slice(0, 60))
    }
  })
})

for (const script of [true, false]) {
  check(`whoever types the token in gets in, ${script ? 'with' : 'without'} a script`, async t => {
    const token = 'open_sesame_&_"more"=%41'
    const { url, ask, waiting } = await newScene(t, { SANDBOX_TOKEN: token })
    const id = await waiting()
    await browser.visit(t, { script, expected: /status of 401/ }, async page => {
      await page.goto(`${url}/dashboard/payments/${id}`)
      await page.getByLabel('SANDBOX_TOKEN').fill('wrong')
      await page.getByRole('button', { name: 'Open' }).click()
      t.equal(await page.getByTestId('token').inputValue(), '', 'a wrong one stays out')
      await page.getByTestId('token').fill(token)
      await page.getByRole('button', { name: 'Open' }).click()
      await page.getByRole('heading', { name: 'Rp20.000 requires_action' }).waitFor()
      t.equal(page.url(), `${url}/dashboard/payments/${id}`, 'the token is not in the address')
      t.same((await page.context().cookies()).map(({ name, httpOnly, sameSite, expires }) => ({ name, httpOnly, sameSite, expires })), [{ name: 'sandbox_token', httpOnly: true, sameSite: 'Strict', expires: -1 }])
      if (script) {
        await watch(page, `${url}/dashboard/payments/${id}`)
        await ask('POST', `/v1/payment_intents/${id}`, { description: 'Two apples' })
        await page.getByText('Two apples').first().waitFor()
        await isTheSame(t, page)
      }
      await page.getByTestId('shopper').click()
      await page.getByRole('heading', { name: 'Rp20.000 succeeded' }).waitFor()
    })
  })
}

const HOSTILE = [
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\' onmouseover=\'alert(1)', '" autofocus onfocus="alert(1)',
  '</textarea></select></title></pre><svg onload=alert(1)>', '<iframe srcdoc="<script>parent.alert(1)</script>">', '<style>*{display:none}</style>',
  '<form action="https://evil.test"><button>', '<meta http-equiv="refresh" content="0;url=https://evil.test">', 'javascript:alert(1)', 'data:text/html,<script>alert(1)</script>'
].join(' ')
/** What no text may become. */
const FOREIGN = 'main :is(script, img, svg, iframe, style, meta, b), [onerror], [onload], [onfocus], [onmouseover], form:not([action^="/"]), a:not([href^="/"], [href*="/pay/"], [href^="?"])'

check('whatever texts objects have, they run nothing and break no page', async t => {
  const scene = await newScene(t)
  const { sandbox, url, ask, waiting, paid } = scene
  const receiver = await startReceiver(t, { reply: response => { response.end(HOSTILE) } })
  const long = '<&"\'>'.repeat(2000)
  await ask('POST', '/v1/webhook_endpoints', { url: `${receiver.url}/?a=<script>alert(1)</script>&b="'${'x'.repeat(500)}`, enabled_events: ['*'] })
  await ask('POST', '/_sandbox/account', { name: HOSTILE.slice(0, 200) })
  const done = await paid({ merchant_order_id: HOSTILE, description: HOSTILE, metadata: { [HOSTILE]: HOSTILE }, return_url: 'myapp://<b>"\'' })
  const large = await waiting({ merchant_order_id: 'x'.repeat(10_000), description: long, metadata: { [long]: long } })
  await ask('POST', '/v1/checkout/sessions', { ...BASKET, client_reference_id: HOSTILE })
  await ask('POST', '/v1/refunds', { payment_intent: done, metadata: { note: HOSTILE } })
  await sandbox.call('GET', `/v1/${'x'.repeat(1000)}?q=${encodeURIComponent(HOSTILE)}&<script>alert(1)</script>`, undefined, { key: APPLE })
  await ask('POST', '/_sandbox/settle')
  const query = new URLSearchParams({ q: HOSTILE }).toString()
  await browser.visit(t, { expected: /status of 40[04]/ }, async page => {
    const dialogs: string[] = []
    page.on('dialog', dialog => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    for (const path of [
      ...TABS.map(path => `${path}?account=${APPLES}`), ...TABS.slice(0, 5).map(path => `${path}?${query}`),
      `/dashboard/payments/${done}`, `/dashboard/payments/${large}`, `/?after=${encodeURIComponent(HOSTILE)}`, `/dashboard/${encodeURIComponent(HOSTILE)}`
    ]) {
      const what = path.slice(0, 60)
      await page.goto(`${url}${path}`)
      await page.evaluate(OPEN_ALL)
      t.equal(await page.locator(FOREIGN).count(), 0, `${what}: texts are texts`)
      t.equal(new URL(page.url()).host, new URL(url).host, `${what} stays`)
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 844 })
        await checkWidth(t, page, `${what}, ${width} pixels`)
      }
    }
    await watch(page, `${url}/dashboard/payments/${large}`)
    await ask('POST', `/v1/payment_intents/${large}`, { description: `${HOSTILE} again` })
    await page.locator('dd', { hasText: `${HOSTILE} again` }).waitFor()
    t.equal(await page.locator(FOREIGN).count(), 0, 'what changes is text too')
    await watch(page, url)
    const live = await waiting({ merchant_order_id: HOSTILE })
    await page.locator(`#${live}`).waitFor()
    t.equal(await page.locator(FOREIGN).count(), 0, 'what comes later is text too')
    t.ok((await page.locator(`#${live}`).innerText()).includes('<script>alert(1)</script>'))
    await isTheSame(t, page)
    t.same(dialogs, [])
  })
})

for (const [path, operation] of [['/docs/', 'GET /v1/events'], ['/docs-sandbox/', 'GET /_sandbox/clock']] as const) {
  check(`${path} shows what there is and tries it, also under a name that is not this machine's own`, async t => {
    const { url } = await newScene(t, { ALLOWED_HOSTS: NETWORK_NAME })
    await browser.visit(t, { width: 1280, expected: /401/ }, async page => {
      await page.goto(`${url.replace('127.0.0.1', NETWORK_NAME)}${path}`)
      const [method = '', route = ''] = operation.split(' ')
      const block = page.locator(`.opblock-${method.toLowerCase()}`).filter({ has: page.locator(`[data-path="${route}"]`) })
      await block.locator('.opblock-summary').click()
      await block.getByRole('button', { name: 'Try it out' }).click()
      await block.getByRole('button', { name: 'Execute' }).click()
      await block.locator('.live-responses-table .response .highlight-code').waitFor()
      t.match(await block.locator('.request-url').innerText(), `${NETWORK_NAME}:`, 'it was asked for where the page came from')
      t.match(await block.locator('.live-responses-table').innerText(), /"(?:frozen|error)"/)
    })
  })
}

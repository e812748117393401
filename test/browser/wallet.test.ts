import t, { type Test } from 'tap'
import { payWithDana, type DanaCustomer } from '../../src/index.ts'
import { OUTCOME_NAMES } from '../../src/wallet/outcomes.ts'
import { checkAccessibility, checkEverywhere, checkWidth, LOOKS, LOOKS_WITHOUT_SCRIPT, nameOf, openBrowser } from '../support/browser.ts'
import { startSandbox } from '../support/sandbox.ts'
import { enter, goBack, logIn, newMerchant, read, startShop, tabTo, type Merchant } from '../support/shop.ts'

const browser = await openBrowser(t)
const sandbox = await startSandbox(t)
const shop = await startShop(t)
t.jobs = 4

/** A case with an account of its own; a few of them run at a time. */
function check (name: string, steps: (t: Test, merchant: Merchant) => Promise<void>): void {
  t.test(name, { buffered: true, skip: browser.skip }, async t => { await steps(t, await newMerchant(t, sandbox)) })
}

let orders = 0
const newOrder = (): string => `order-${++orders}`

/** What the script and its absence change nothing about. */
const SCRIPT = [true, false]
const withScript = (script: boolean): string => script ? 'with a script' : 'without a script'

for (const script of SCRIPT) {
  check(`the browser goes back to the shop by itself after 5 seconds, unless the customer closed it, ${withScript(script)}`, async (t, merchant) => {
    const [closed, open] = [newOrder(), newOrder()]
    await browser.visit(t, { script }, async page => {
      const stays = await page.context().newPage()
      await stays.goto((await merchant.payment({ return_url: shop.back(closed) })).url)
      await stays.getByTestId('outcome-pay-and-close').click()
      t.equal(await read(stays, 'result'), 'Payment successful')
      const { id, url } = await merchant.payment({ return_url: shop.back(open) })
      await page.goto(url)
      await logIn(page)
      const pressedAt = performance.now()
      await page.getByTestId('pay').click()
      t.equal(await read(page, 'result'), 'Payment successful')
      await page.getByText('You will be taken back to the merchant in 5 seconds.').waitFor()
      await page.waitForURL(shop.back(open))
      t.ok(performance.now() - pressedAt >= 5000)
      await merchant.wasPaidOnce(t, id)
      t.equal(await read(stays, 'result'), 'Payment successful')
      await stays.getByText('You may close this page.').waitFor()
      t.equal(await stays.getByTestId('back-to-merchant').count(), 0)
      t.notOk(shop.arrivals.includes(closed))
    })
  })
}

const WORDS = {
  id: { phone: 'Nomor ponsel', pay: 'Bayar Rp20.000', paid: 'Pembayaran berhasil', back: 'Kembali ke penjual' },
  en: { phone: 'Mobile number', pay: 'Pay Rp20.000', paid: 'Payment successful', back: 'Back to merchant' }
} as const

for (const look of [...LOOKS, ...LOOKS_WITHOUT_SCRIPT]) {
  check(`a customer pays by phone and PIN and returns by the link: ${nameOf(look)}`, async (t, merchant) => {
    const words = WORDS[look.language]
    const order = newOrder()
    const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(order) })
    // Takes a script and its time: both widths, both schemes and both languages, but not all of their combinations.
    const isInspected = look.script && look.language === (look.dark ? 'en' : 'id')
    await browser.visit(t, look, async page => {
      const inspect = async (what: string): Promise<void> => {
        await checkWidth(t, page, what)
        if (isInspected) await checkAccessibility(t, page, what)
      }
      await page.goto(url)
      t.equal(await page.locator('html').getAttribute('lang'), look.language)
      t.equal(await read(page, 'amount'), 'Rp20.000')
      await page.getByLabel(words.phone).waitFor()
      await inspect('phone step')
      await enter(page, 'phone', '081200000001')
      await page.getByTestId('pin').waitFor()
      await inspect('PIN step')
      await enter(page, 'pin', '123456')
      t.equal(await read(page, 'balance'), 'Rp2.000.000.000')
      t.equal(await read(page, 'amount'), 'Rp20.000')
      await inspect('summary')
      await page.getByRole('button', { name: words.pay, exact: true }).click()
      t.equal(await read(page, 'result'), words.paid)
      t.equal(await read(page, 'amount'), 'Rp20.000')
      await inspect('result page')
      t.equal(await page.getByRole('link', { name: words.back }).getAttribute('href'), shop.backOnceOpen(order))
      await goBack(page, shop, order)
      t.equal(page.url(), shop.backOnceOpen(order))
    })
    await merchant.wasPaidOnce(t, id)
  })
}

interface End {
  /** What the result page says; left out: the browser goes straight back to the shop. */
  readonly result?: string
  readonly status: string
  readonly code?: string
  readonly declineCode?: string
  /** Once the account's clock has moved on by 5 seconds. */
  readonly later?: Omit<End, 'later' | 'result'>
}

const paid = { result: 'Payment successful', status: 'succeeded' }
const failed = (result: string, code: string, declineCode?: string): End => ({ result, status: 'requires_payment_method', code, ...(declineCode !== undefined && { declineCode }) })

const OUTCOMES: Readonly<Record<string, End>> = {
  pay: paid,
  'insufficient-balance': failed('The balance is too low', 'payment_method_declined', 'insufficient_funds'),
  'account-blocked': failed('The account is blocked', 'payment_method_declined', 'account_blocked'),
  otp: paid,
  'pay-later': { status: 'processing', later: { status: 'succeeded' } },
  'fail-later': { status: 'processing', later: { status: 'requires_payment_method', code: 'payment_method_declined', declineCode: 'generic_decline' } },
  'pay-and-close': paid,
  'wallet-down': failed('The wallet is out of order', 'processing_error'),
  'limit-exceeded': failed('The amount is above the limit', 'payment_method_declined', 'transaction_limit_exceeded'),
  'wrong-pin': failed('Wrong PIN three times', 'payment_method_declined', 'pin_attempts_exceeded'),
  cancel: failed('Payment cancelled', 'payment_method_canceled'),
  lapse: failed('The time to pay is over', 'payment_method_expired'),
  'webhook-first': paid,
  'return-first': { status: 'succeeded' }
}

check('the strip has a button for every outcome and no other', async (t, merchant) => {
  const { url } = await merchant.payment({ return_url: shop.url })
  t.same(Object.keys(OUTCOMES), OUTCOME_NAMES)
  await browser.visit(t, {}, async page => {
    await page.goto(url)
    t.equal(await page.getByTestId('sandbox-strip').getByTestId(/^outcome-/).count(), 14)
  })
})

for (const [index, [outcome, { result, later, ...end }]] of Object.entries(OUTCOMES).entries()) {
  check(`the button ${outcome} ends the payment as the table says`, async (t, merchant) => {
    const order = newOrder()
    // Moved by the test alone, which so knows what is still to come.
    await merchant.call('POST', '/_sandbox/clock', { frozen: true })
    const { id, url } = await merchant.payment({ return_url: result === undefined ? shop.back(order) : shop.backOnceOpen(order) })
    await browser.visit(t, { width: index % 2 === 0 ? 390 : 1280, script: index % 4 < 2 }, async page => {
      await page.goto(url)
      await page.getByTestId(`outcome-${outcome}`).click()
      if (outcome === 'otp') {
        await enter(page, 'otp', '888888')
        await page.getByTestId('pay').click()
      }
      if (result === undefined) {
        await page.waitForURL(shop.back(order))
      } else {
        t.equal(await read(page, 'result'), result)
        t.equal(await page.getByTestId('back-to-merchant').count(), outcome === 'pay-and-close' ? 0 : 1)
      }
      t.match(await merchant.intent(id), end)
      if (outcome === 'webhook-first') t.match(await read(page, 'webhooks'), /payment_intent\.succeeded → .*\/webhooks\s+200/)
      if (outcome === 'return-first') {
        await merchant.call('POST', '/_sandbox/settle')
        t.same(merchant.receiver.types(), [], 'the webhook leaves later')
        await merchant.call('POST', '/_sandbox/clock', { advance_ms: 2999 })
        t.same(merchant.receiver.types(), [])
        await merchant.call('POST', '/_sandbox/clock', { advance_ms: 1 })
      }
    })
    if (later !== undefined) {
      await merchant.call('POST', '/_sandbox/clock', { advance_ms: 5000 })
      t.match(await merchant.intent(id), later)
    }
    const { status } = later ?? end
    t.equal((await merchant.receiver.waitFor(1))[0]?.event.type, status === 'succeeded' ? 'payment_intent.succeeded' : 'payment_intent.payment_failed')
    if (status === 'succeeded') await merchant.wasPaidOnce(t, id)
    else await merchant.wasNotPaid(t, id)
  })
}

const FAULTS = {
  id: {
    phone: 'Ini bukan nomor ponsel untuk DANA.',
    pins: ['PIN salah. Sisa percobaan: 2.', 'PIN salah. Sisa percobaan: 1.'],
    over: 'PIN salah tiga kali',
    otp: 'Kode SMS salah. Coba lagi.',
    paid: 'Pembayaran berhasil'
  },
  en: {
    phone: 'This is not a mobile number for DANA.',
    pins: ['Wrong PIN. Attempts left: 2.', 'Wrong PIN. Attempts left: 1.'],
    over: 'Wrong PIN three times',
    otp: 'Wrong SMS code. Try again.',
    paid: 'Payment successful'
  }
} as const

for (const language of ['id', 'en'] as const) {
  const words = FAULTS[language]
  // Rules need a script; the wrong entries do not.
  const script = language === 'en'

  check(`wrong numbers and PINs are asked for again, and the third wrong PIN ends it, ${language}`, async (t, merchant) => {
    const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
    await browser.visit(t, { language, script }, async page => {
      await page.goto(url)
      t.equal(await page.getByTestId('fault').count(), 0)
      await enter(page, 'phone', '12345')
      t.equal(await read(page, 'fault'), words.phone)
      if (script) await checkAccessibility(t, page, 'phone step after a wrong number')
      await enter(page, 'phone', '+62 812-0000-0001')
      for (const fault of words.pins) {
        await enter(page, 'pin', '000000')
        await page.getByText(fault).waitFor()
        t.equal(await read(page, 'fault'), fault)
      }
      if (script) await checkAccessibility(t, page, 'PIN step after a wrong PIN')
      await enter(page, 'pin', '000000')
      t.equal(await read(page, 'result'), words.over)
    })
    t.same(await merchant.intent(id), { status: 'requires_payment_method', code: 'payment_method_declined', declineCode: 'pin_attempts_exceeded' })
    await merchant.wasNotPaid(t, id)
  })

  check(`a customer whose wallet sends an SMS pays with its code, ${language}`, async (t, merchant) => {
    const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
    await browser.visit(t, { language, script, width: 1280 }, async page => {
      await page.goto(url)
      await enter(page, 'phone', '081200000004')
      await enter(page, 'pin', '123456')
      await page.getByTestId('otp').waitFor()
      if (script) await checkAccessibility(t, page, 'SMS step')
      await enter(page, 'otp', '000000')
      t.equal(await read(page, 'fault'), words.otp)
      if (script) await checkAccessibility(t, page, 'SMS step after a wrong code')
      await enter(page, 'otp', '888888')
      await page.getByTestId('pay').click()
      t.equal(await read(page, 'result'), words.paid)
    })
    await merchant.wasPaidOnce(t, id)
  })
}

for (const script of SCRIPT) {
  check(`a customer pays without a mouse, ${withScript(script)}`, async (t, merchant) => {
    const order = newOrder()
    const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(order) })
    await browser.visit(t, { script }, async page => {
      await page.goto(url)
      for (const [field, value] of [['phone', '081200000001'], ['pin', '123456']] as const) {
        await tabTo(page, field)
        await page.keyboard.type(value)
        await page.keyboard.press('Enter')
      }
      await tabTo(page, 'pay')
      await page.keyboard.press('Enter')
      await tabTo(page, 'back-to-merchant')
      shop.open(order)
      await page.keyboard.press('Enter')
      await page.waitForURL(shop.backOnceOpen(order))
    })
    await merchant.wasPaidOnce(t, id)
  })
}

check('the PIN and the SMS code can be typed on the pad that the script opens', async (t, merchant) => {
  const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
  await browser.visit(t, {}, async page => {
    const press = async (keys: string): Promise<void> => {
      for (const key of keys) await page.getByRole('main').getByRole('group').getByRole('button', { name: key, exact: true }).click()
    }
    await page.goto(url)
    await enter(page, 'phone', '081200000004')
    const pin = page.getByTestId('pin')
    await pin.waitFor()
    await press('1234567')
    t.equal(await pin.inputValue(), '123456', 'a seventh digit is none of the PIN, as on a keyboard')
    await pin.fill('')
    await press('123457')
    await page.getByRole('button', { name: 'Erase', exact: true }).click()
    await press('6')
    t.equal(await pin.inputValue(), '123456')
    await page.getByTestId('continue').click()
    await page.getByTestId('otp').waitFor()
    await press('888888')
    await page.getByTestId('continue').click()
    await page.getByTestId('pay').click()
    t.equal(await read(page, 'result'), 'Payment successful')
  })
  await merchant.wasPaidOnce(t, id)
})

check('a customer pays in a frame of the shop, which is another site', async (t, merchant) => {
  const order = newOrder()
  const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(order) })
  // Only the page around it may move the focus, and the browser says so.
  await browser.visit(t, { expected: /Blocked autofocusing/ }, async page => {
    await page.goto(shop.framing(url))
    const frame = page.frameLocator('iframe')
    await logIn(frame)
    await frame.getByTestId('pay').click()
    t.equal(await read(frame, 'result'), 'Payment successful')
    await goBack(frame, shop, order)
    t.equal(page.url(), shop.framing(url), 'the page around it stays')
  })
  await merchant.wasPaidOnce(t, id)
})

check('a customer pays in a window that the shop opened, which then tells the shop', async (t, merchant) => {
  const order = newOrder()
  const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(order) })
  await browser.visit(t, { width: 1280 }, async page => {
    await page.goto(shop.opening(url))
    const [window] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Buy' }).click()])
    await logIn(window)
    await window.getByTestId('pay').click()
    t.equal(await read(window, 'result'), 'Payment successful')
    await goBack(window, shop, order)
    await page.getByText(`Back with ${order}`).waitFor()
  })
  await merchant.wasPaidOnce(t, id)
})

for (const script of SCRIPT) {
  check(`reloading and going back shows the present state and pays nothing twice, ${withScript(script)}`, async (t, merchant) => {
    const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
    await browser.visit(t, { script }, async page => {
      await page.goto(`${shop.url}/basket`)
      await page.goto(url)
      await enter(page, 'phone', '081200000001')
      await page.getByTestId('pin').waitFor()
      await page.reload()
      await enter(page, 'pin', '123456')
      await page.getByTestId('pay').waitFor()
      await page.reload()
      t.equal(await read(page, 'balance'), 'Rp2.000.000.000')
      await page.goBack()
      t.equal(await read(page, 'balance'), 'Rp2.000.000.000', 'the summary, not the step before it')
      await page.getByTestId('pay').click()
      t.equal(await read(page, 'result'), 'Payment successful')
      await page.reload()
      t.equal(await read(page, 'result'), 'Payment successful')
      for (let steps = 0; steps < 10; steps++) {
        await page.goBack()
        if (page.url() === `${shop.url}/basket`) break
        t.equal(await read(page, 'result'), 'Payment successful')
      }
      t.equal(page.url(), `${shop.url}/basket`)
      await page.goto(url)
      t.equal(await read(page, 'result'), 'Payment successful')
    })
    await merchant.wasPaidOnce(t, id)
  })

  check(`of several tabs one pays, and all show the present state, ${withScript(script)}`, async (t, merchant) => {
    const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
    await browser.visit(t, { script }, async page => {
      const context = page.context()
      const [early, first, second, last] = [page, await context.newPage(), await context.newPage(), await context.newPage()]
      await early.goto(url)
      await first.goto(url)
      await logIn(first)
      await enter(early, 'phone', '081200000002')
      t.equal(await read(early, 'balance'), 'Rp2.000.000.000', 'what the other tab has entered stays')
      for (const tab of [second, last]) {
        await tab.goto(url)
        await tab.getByTestId('pay').waitFor()
      }
      await Promise.all([first, second].map(async tab => { await tab.getByTestId('pay').click() }))
      for (const tab of [first, second]) t.equal(await read(tab, 'result'), 'Payment successful')
      await early.getByTestId('pay').click()
      t.equal(await read(early, 'result'), 'Payment successful')
      await last.getByTestId('cancel').click()
      t.equal(await read(last, 'result'), 'Payment successful', 'too late to cancel')
    })
    await merchant.wasPaidOnce(t, id)
  })

  check(`pressing twice pays once, ${withScript(script)}`, async (t, merchant) => {
    const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
    await browser.visit(t, { script }, async page => {
      await page.goto(url)
      await logIn(page)
      await page.getByTestId('pay').dblclick()
      t.equal(await read(page, 'result'), 'Payment successful')
    })
    await merchant.wasPaidOnce(t, id)
  })
}

check('a form that is sent twice pays once', async (t, merchant) => {
  const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
  await browser.visit(t, {}, async page => {
    await page.goto(url)
    await logIn(page)
    await page.evaluate("(form => { form.submit(); setTimeout(() => form.submit()) })(document.querySelector('[data-testid=pay]').form)")
    t.equal(await read(page, 'result'), 'Payment successful')
  })
  await merchant.wasPaidOnce(t, id)
})

for (const script of SCRIPT) {
  check(`when the 10 minutes are over nothing can be paid any more, ${withScript(script)}`, async (t, merchant) => {
    const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
    await browser.visit(t, { script }, async page => {
      const other = await page.context().newPage()
      await page.goto(url)
      await logIn(page)
      await other.goto(url)
      await other.getByTestId('pay').waitFor()
      await merchant.call('POST', '/_sandbox/clock', { advance_ms: 600_000 })
      t.same(await merchant.intent(id), { status: 'requires_payment_method', code: 'payment_method_expired', declineCode: undefined })
      await page.getByTestId('pay').click()
      t.equal(await read(page, 'result'), 'The time to pay is over')
      await other.reload()
      t.equal(await read(other, 'result'), 'The time to pay is over')
    })
    await merchant.wasNotPaid(t, id)
  })
}

check('a page tells by itself that the time is over, with a script', async (t, merchant) => {
  const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
  await browser.visit(t, {}, async page => {
    await page.clock.install()
    await page.goto(url)
    await page.getByTestId('phone').waitFor()
    await merchant.call('POST', '/_sandbox/clock', { advance_ms: 600_000 })
    t.equal(await page.getByTestId('result').count(), 0)
    await page.clock.runFor(600_000)
    t.equal(await read(page, 'result'), 'The time to pay is over')
  })
  await merchant.wasNotPaid(t, id)
})

check('the other language is a link away, and stays', async (t, merchant) => {
  const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
  await browser.visit(t, { language: 'en' }, async page => {
    await page.goto(url)
    await enter(page, 'phone', '081200000001')
    await page.getByTestId('pin').waitFor()
    await page.getByRole('link', { name: 'Bahasa Indonesia' }).click()
    await page.getByRole('button', { name: 'Lanjut' }).waitFor()
    await enter(page, 'pin', '123456')
    await page.getByRole('button', { name: 'Bayar Rp20.000' }).click()
    t.equal(await read(page, 'result'), 'Pembayaran berhasil')
    await page.getByRole('link', { name: 'English' }).click()
    await page.getByText('Payment successful').waitFor()
  })
  await merchant.wasPaidOnce(t, id)
})

/** What a result page can say, and how it comes to that: an outcome, or something else. */
const RESULTS: ReadonlyArray<readonly [string, string | ((merchant: Merchant, id: string) => Promise<unknown>)]> = [
  ['Payment successful', 'pay'],
  ['Payment successful', 'pay-and-close'],
  ['The balance is too low', 'insufficient-balance'],
  ['The account is blocked', 'account-blocked'],
  ['The amount is above the limit', 'limit-exceeded'],
  ['Wrong PIN three times', 'wrong-pin'],
  ['The wallet is out of order', 'wallet-down'],
  ['Payment cancelled', 'cancel'],
  ['The time to pay is over', 'lapse'],
  ['Payment is being processed', 'pay-later'],
  ['Payment declined', async ({ call }, id) => {
    await call('POST', '/_sandbox/shopper', { payment_intent: id, outcome: 'fail-later' })
    await call('POST', '/_sandbox/clock', { advance_ms: 5000 })
  }],
  ['The merchant cancelled this payment', async ({ call }, id) => await call('POST', `/v1/payment_intents/${id}/cancel`)]
]

check('every result page is accessible, in both schemes and at both widths', async (t, merchant) => {
  await merchant.call('POST', '/_sandbox/clock', { frozen: true })
  // A webhook that does not arrive is shown too.
  await merchant.call('POST', '/v1/webhook_endpoints', { url: 'http://127.0.0.1:1/webhooks', enabled_events: ['*'] })
  const { body: { id: waiting } } = await merchant.call('POST', '/v1/payment_intents', { amount: 20000, currency: 'IDR', payment_method_types: ['dana'] })
  await browser.visit(t, {}, async page => {
    const inspect = async (text: string): Promise<void> => {
      t.equal(await read(page, 'result'), text)
      await checkEverywhere(t, page, `"${text}"`)
    }
    for (const [text, end] of RESULTS) {
      const { id, url } = await merchant.payment({ return_url: shop.backOnceOpen(newOrder()) })
      if (typeof end === 'string') await merchant.call('POST', '/_sandbox/shopper', { payment_intent: id, outcome: end })
      else await end(merchant, id)
      await merchant.call('POST', '/_sandbox/settle')
      await page.goto(url)
      await inspect(text)
    }
    await page.goto(`${sandbox.url}/v1/receives/dana/pay/${waiting}`)
    await inspect('No payment is waiting here')
  })
})

for (const [language, text] of [['id', 'Pembayaran tidak ditemukan'], ['en', 'No such payment']] as const) {
  check(`an unknown payment has an accessible page of its own, ${language}`, async t => {
    await browser.visit(t, { language, expected: /404/ }, async page => {
      const answer = await page.goto(`${sandbox.url}/v1/receives/dana/pay/pi_1`)
      t.equal(answer?.status(), 404)
      await page.getByRole('heading', { name: text }).waitFor()
      await checkEverywhere(t, page, `"${text}"`)
    })
  })
}

for (const script of SCRIPT) {
  check(`payWithDana walks through the wallet and back to the shop, ${withScript(script)}`, async (t, merchant) => {
    const walks: Array<[DanaCustomer | undefined, string, string | undefined]> = [
      [undefined, 'succeeded', undefined],
      [{ phone: '081200000002' }, 'requires_payment_method', 'insufficient_funds'],
      [{ phone: '081200000003' }, 'requires_payment_method', 'account_blocked'],
      [{ phone: '081200000004' }, 'succeeded', undefined],
      [{ phone: '081200000005' }, 'processing', undefined],
      [{ phone: '081200000008' }, 'requires_payment_method', undefined]
    ]
    await browser.visit(t, { script }, async page => {
      for (const [customer, status, declineCode] of walks) {
        const order = newOrder()
        const { id, url } = await merchant.payment({ return_url: shop.back(order) })
        await page.goto(url)
        await payWithDana(page, customer)
        t.equal(page.url(), shop.back(order), `${customer?.phone}: back at the shop`)
        t.match((await merchant.call('GET', `/v1/payment_intents/${id}`)).body, { status, ...(declineCode !== undefined && { last_payment_error: { decline_code: declineCode } }) }, String(customer?.phone))
      }
      const { url } = await merchant.payment({ return_url: shop.back(newOrder()) })
      await page.goto(url)
      await payWithDana(page, { phone: '081200000007' })
      t.equal(await read(page, 'result'), 'Payment successful', 'who never comes back stays at the wallet')
      for (const [wrong, message] of [[{ phone: '12' }, /does not take "12" as phone: ./], [{ pin: '000000' }, /does not take "000000" as pin: ./], [{ phone: '081200000004', otp: '111111' }, /does not take "111111" as otp: ./]] as Array<[DanaCustomer, RegExp]>) {
        await page.goto((await merchant.payment({ return_url: shop.back(newOrder()) })).url)
        await t.rejects(payWithDana(page, wrong), { message })
      }
    })
  })
}

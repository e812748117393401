import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { checkAccessibility, checkEverywhere, checkWidth, LOOKS, LOOKS_WITHOUT_SCRIPT, nameOf, openBrowser } from '../support/browser.ts'
import { startSandbox } from '../support/sandbox.ts'
import { goBack, leave, logIn, newMerchant, read, startShop, tabTo, type Merchant } from '../support/shop.ts'

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

const SCRIPT = [true, false]
const withScript = (script: boolean): string => script ? 'with a script' : 'without a script'
const TRY_AGAIN = 'The last payment did not succeed. You may try again.'

check('a customer who is refused at the wallet comes back to the checkout by itself, and pays from another wallet', async (t, merchant) => {
  const order = newOrder()
  const { url, intent } = await merchant.session({ success_url: shop.backOnceOpen(order) })
  await browser.visit(t, {}, async page => {
    await page.goto(url)
    await page.getByTestId('pay').click()
    await logIn(page, '081200000002')
    await page.getByTestId('pay').click()
    t.equal(await read(page, 'fault'), TRY_AGAIN)
    t.equal(new URL(page.url()).pathname, new URL(url).pathname)
    await page.getByTestId('pay').click()
    await logIn(page)
    await page.getByTestId('pay').click()
    t.equal(await read(page, 'result'), 'Payment successful')
    await goBack(page, shop, order)
  })
  await merchant.wasPaidOnce(t, intent)
})

const WORDS = {
  id: { methods: 'Pilih metode pembayaran', pay: 'Bayar Rp20.000', paid: 'Pembayaran berhasil', back: 'Kembali ke penjual' },
  en: { methods: 'Choose how to pay', pay: 'Pay Rp20.000', paid: 'Payment successful', back: 'Back to merchant' }
} as const

for (const look of [...LOOKS, ...LOOKS_WITHOUT_SCRIPT]) {
  check(`a customer pays at the checkout by phone and PIN: ${nameOf(look)}`, async (t, merchant) => {
    const words = WORDS[look.language]
    const order = newOrder()
    const { id, url, intent } = await merchant.session({
      success_url: `${shop.backOnceOpen(order)}&session={CHECKOUT_SESSION_ID}`, cancel_url: shop.back('basket'), client_reference_id: order
    })
    const success = `${shop.backOnceOpen(order)}&session=${id}`
    // As at the wallet: not all combinations.
    const isInspected = look.script && look.language === (look.dark ? 'en' : 'id')
    await browser.visit(t, look, async page => {
      const inspect = async (what: string): Promise<void> => {
        t.equal(await page.locator('html').getAttribute('lang'), look.language)
        t.equal(await read(page, 'amount'), 'Rp20.000')
        await checkWidth(t, page, what)
        if (isInspected) await checkAccessibility(t, page, what)
      }
      await page.goto(url)
      await page.getByText('apple × 2').waitFor()
      t.ok(await page.getByRole('group', { name: words.methods }).getByRole('radio', { name: 'DANA' }).isChecked(), 'the first method is chosen')
      t.ok(await page.getByTestId('method-dana').isChecked())
      await inspect('open checkout')
      await page.getByRole('button', { name: words.pay, exact: true }).click()
      await logIn(page)
      await page.getByText(order).waitFor()
      await page.getByRole('button', { name: words.pay, exact: true }).click()
      t.equal(await read(page, 'result'), words.paid)
      await goBack(page, shop, order)
      t.equal(page.url(), success)
      await page.goto(url)
      t.equal(await read(page, 'result'), words.paid)
      await inspect('paid checkout')
      await page.getByRole('link', { name: words.back }).click()
      await page.waitForURL(success)
    })
    t.match((await merchant.call('GET', `/v1/checkout/sessions/${id}`)).body, { status: 'complete', payment_status: 'paid' })
    await merchant.wasPaidOnce(t, intent)
  })
}

for (const script of SCRIPT) {
  check(`a customer who cancels at the wallet comes back to the checkout, and tries again, ${withScript(script)}`, async (t, merchant) => {
    const order = newOrder()
    const { id, url, intent } = await merchant.session({ success_url: shop.backOnceOpen(order), cancel_url: shop.back('basket') })
    await browser.visit(t, { script }, async page => {
      await page.goto(url)
      t.equal(await page.getByTestId('fault').count(), 0)
      await page.getByTestId('pay').click()
      await logIn(page)
      await page.getByTestId('cancel').click()
      t.equal(await read(page, 'result'), 'Payment cancelled')
      await leave(page, page.getByTestId('fault'))
      t.equal(await read(page, 'fault'), TRY_AGAIN)
      if (script) await checkEverywhere(t, page, 'checkout after a cancelled payment')
      t.equal((await merchant.call('GET', `/v1/checkout/sessions/${id}`)).body.status, 'open')
      await page.getByTestId('pay').click()
      await logIn(page)
      await page.getByTestId('pay').click()
      t.equal(await read(page, 'result'), 'Payment successful')
      await goBack(page, shop, order)
    })
    await merchant.wasPaidOnce(t, intent)
  })
}

check('a customer who cancels at the checkout goes to the basket, and may come back', async (t, merchant) => {
  const { id, url, intent } = await merchant.session({ success_url: shop.back(newOrder()), cancel_url: `${shop.back('basket')}?session={CHECKOUT_SESSION_ID}` })
  await browser.visit(t, { width: 1280 }, async page => {
    await page.goto(url)
    await page.getByTestId('cancel').click()
    await page.waitForURL(`${shop.back('basket')}?session=${id}`)
    await page.goBack()
    await page.getByTestId('pay').waitFor()
    t.match((await merchant.call('GET', `/v1/checkout/sessions/${id}`)).body, { status: 'open', payment_status: 'unpaid' })
  })
  await merchant.wasNotPaid(t, intent)
})

check('a checkout that has expired takes no payment, also from a page that was open before', async (t, merchant) => {
  const { id, url, intent } = await merchant.session({ success_url: shop.back(newOrder()), cancel_url: shop.back('basket') })
  await browser.visit(t, {}, async page => {
    const wallet = await page.context().newPage()
    await wallet.goto(url)
    await wallet.getByTestId('pay').click()
    await logIn(wallet)
    await page.goto(url)
    await page.getByTestId('pay').waitFor()
    await merchant.call('POST', `/v1/checkout/sessions/${id}/expire`)
    await page.getByTestId('pay').click()
    t.equal(await read(page, 'result'), 'This checkout has expired')
    t.equal(await page.getByTestId('pay').count(), 0)
    await checkEverywhere(t, page, 'expired checkout')
    await page.getByTestId('back-to-merchant').click()
    await page.waitForURL(shop.back('basket'))
    await wallet.getByTestId('pay').click()
    t.equal(await read(wallet, 'result'), 'The merchant cancelled this payment')
  })
  await merchant.wasNotPaid(t, intent)
})

check('a checkout expires after a day; without a cancel_url it leads nowhere', async (t, merchant) => {
  const { url, intent } = await merchant.session({ success_url: shop.back(newOrder()) })
  await browser.visit(t, { language: 'id', script: false }, async page => {
    await page.goto(url)
    t.equal(await page.getByTestId('cancel').count(), 0)
    await merchant.call('POST', '/_sandbox/clock', { advance_ms: 24 * 60 * 60_000 })
    await page.reload()
    t.equal(await read(page, 'result'), 'Waktu pembayaran habis')
    t.equal(await page.getByTestId('back-to-merchant').count(), 0)
  })
  await merchant.wasNotPaid(t, intent)
})

check('with a slow wallet the customer returns at once, and the checkout says how far it is', async (t, merchant) => {
  await merchant.call('POST', '/_sandbox/clock', { frozen: true })
  const order = newOrder()
  const { url, intent } = await merchant.session({ success_url: shop.back(order) })
  await browser.visit(t, {}, async page => {
    await page.goto(url)
    await page.getByTestId('pay').click()
    await logIn(page, '081200000005')
    await page.getByTestId('pay').click()
    await page.waitForURL(shop.back(order))
    await page.goto(url)
    t.equal(await read(page, 'result'), 'Payment is being processed')
    t.equal(await page.getByTestId('pay').count(), 0)
    t.equal(await page.getByTestId('back-to-merchant').getAttribute('href'), shop.back(order))
    await checkEverywhere(t, page, 'checkout while the payment is being processed')
    await merchant.wasNotPaid(t, intent)
    await merchant.call('POST', '/_sandbox/clock', { advance_ms: 5000 })
    await page.reload()
    t.equal(await read(page, 'result'), 'Payment successful')
  })
  await merchant.wasPaidOnce(t, intent)
})

check('a customer chooses among several methods, by the mouse or by the keyboard', async (t, merchant) => {
  for (const [name, type, choose] of [
    ['OVO', 'ovo', async (page: Page) => {
      await page.getByRole('radio', { name: 'OVO' }).click()
      await page.getByTestId('pay').click()
    }],
    ['Bank transfer (Indonesia)', 'bank_transfer_id', async (page: Page) => {
      await page.getByTestId('method-dana').focus()
      for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
    }]
  ] as const) {
    const order = newOrder()
    const { url, intent } = await merchant.session({ success_url: shop.backOnceOpen(order), payment_method_types: undefined })
    await browser.visit(t, {}, async page => {
      await page.goto(url)
      t.same(await page.getByRole('radio').count(), 3)
      for (const [method, isChosen] of [['dana', true], ['ovo', false], ['bank_transfer_id', false]] as const) {
        t.equal(await page.getByTestId(`method-${method}`).isChecked(), isChosen, method)
      }
      await checkEverywhere(t, page, 'checkout with several methods')
      await choose(page)
      await page.getByTestId('phone').waitFor()
      t.match(await page.title(), name)
      await logIn(page)
      await page.getByTestId('pay').click()
      t.equal(await read(page, 'result'), 'Payment successful')
      await goBack(page, shop, order)
    })
    await merchant.wasPaidOnce(t, intent)
    const { body: { payment_method: id } } = await merchant.call('GET', `/v1/payment_intents/${intent}`)
    t.equal((await merchant.call('GET', `/v1/payment_methods/${id}`)).body.type, type)
  }
})

check('a customer gets from the checkout to the wallet without a mouse', async (t, merchant) => {
  const { url } = await merchant.session({ success_url: shop.back(newOrder()) })
  await browser.visit(t, { width: 1280 }, async page => {
    await page.goto(url)
    await tabTo(page, 'pay')
    await page.keyboard.press('Enter')
    await page.getByTestId('phone').waitFor()
  })
})

for (const script of SCRIPT) {
  check(`pressing twice, and paying in two tabs, pays once, ${withScript(script)}`, async (t, merchant) => {
    const order = newOrder()
    const { url, intent } = await merchant.session({ success_url: shop.backOnceOpen(order) })
    await browser.visit(t, { script }, async page => {
      const other = await page.context().newPage()
      await page.goto(url)
      await other.goto(url)
      await page.getByTestId('pay').dblclick()
      await logIn(page)
      await other.getByTestId('pay').click()
      await other.getByTestId('phone').waitFor()
      await page.getByTestId('pay').click()
      await page.getByTestId('phone').waitFor()
      t.equal(await page.getByTestId('result').count(), 0, 'the other tab began anew')
      await merchant.wasNotPaid(t, intent)
      await logIn(other)
      await other.getByTestId('pay').dblclick()
      t.equal(await read(other, 'result'), 'Payment successful')
      await page.reload()
      t.equal(await read(page, 'result'), 'Payment successful')
      await page.goto(url)
      t.equal(await read(page, 'result'), 'Payment successful')
    })
    await merchant.wasPaidOnce(t, intent)
  })
}

check('the other language is a link away, and stays as far as the shop', async (t, merchant) => {
  const order = newOrder()
  const { url, intent } = await merchant.session({ success_url: shop.backOnceOpen(order) })
  await browser.visit(t, { language: 'id' }, async page => {
    await page.goto(url)
    await page.getByRole('link', { name: 'English' }).click()
    await page.getByRole('button', { name: 'Pay Rp20.000' }).click()
    await page.getByLabel('Mobile number').waitFor()
    await page.getByTestId('cancel').click()
    t.equal(await read(page, 'result'), 'Payment cancelled')
    await leave(page, page.getByTestId('fault'))
    t.equal(await read(page, 'fault'), TRY_AGAIN)
  })
  await merchant.wasNotPaid(t, intent)
})

check('a customer pays at the checkout in a frame of the shop, which is another site', async (t, merchant) => {
  const order = newOrder()
  const { url, intent } = await merchant.session({ success_url: shop.backOnceOpen(order) })
  // Only the page around it may move the focus, and the browser says so.
  await browser.visit(t, { expected: /Blocked autofocusing/ }, async page => {
    await page.goto(shop.framing(url))
    const frame = page.frameLocator('iframe')
    await frame.getByTestId('pay').click()
    await logIn(frame)
    await frame.getByTestId('pay').click()
    t.equal(await read(frame, 'result'), 'Payment successful')
    await goBack(frame, shop, order)
  })
  await merchant.wasPaidOnce(t, intent)
})

for (const [language, text] of [['id', 'Pembayaran tidak ditemukan'], ['en', 'No such payment']] as const) {
  check(`an address that was cut short has an accessible page of its own, ${language}`, async (t, merchant) => {
    const { url } = await merchant.session({ success_url: shop.url })
    await browser.visit(t, { language, expected: /404/ }, async page => {
      const answer = await page.goto(url.slice(0, -5))
      t.equal(answer?.status(), 404)
      await page.getByRole('heading', { name: text }).waitFor()
      await checkEverywhere(t, page, `"${text}"`)
    })
  })
}

/** What a shop, or a customer of the shop, may have written anywhere. */
const HOSTILE_TEXTS: Readonly<Record<string, string>> = {
  markup: '<script>window.hacked=1</script>"><img src=x onerror="window.hacked=1">\'><svg onload=window.hacked=1></p></main>&lt;b&gt;{{7*7}}',
  'right-to-left text': 'تفاح أحمر \u202egpj.elppa\u202c \u2067שלום <b>עולם</b>\u2069',
  emoji: '👩‍👩‍👧‍👦🍎🇮🇩'.repeat(50),
  'a word of 10,000 characters': 'x'.repeat(10_000),
  '10,000 characters of markup': '<img src=x onerror=window.hacked=1> '.repeat(300).slice(0, 10_000).trim()
}

for (const [what, text] of Object.entries(HOSTILE_TEXTS)) {
  check(`pages show ${what} as text, within the window`, async (t, merchant) => {
    const order = newOrder()
    // The most that a name may have.
    const name = Array.from(text.slice(0, 200)).slice(0, -1).join('').trim()
    await merchant.call('POST', '/_sandbox/account', { name })
    await merchant.call('POST', '/v1/webhook_endpoints', { url: `${merchant.receiver.url}/${text.slice(0, 2000)}`, enabled_events: ['payment_intent.requires_action'] })
    const { url, intent } = await merchant.session({
      success_url: `${shop.backOnceOpen(order)}&${new URLSearchParams({ text: text.slice(0, 500) }).toString()}`,
      client_reference_id: text,
      metadata: { text, [text.slice(0, 500)]: 'key' },
      customer_email: 'siti@shop.test',
      // Above what DANA takes.
      payment_method_types: ['ovo'],
      line_items: [
        { price_data: { currency: 'IDR', unit_amount: 999_999_999, product_data: { name: text, description: text, metadata: { text } } }, quantity: 999 },
        { price_data: { currency: 'IDR', unit_amount: 1, product_data: { name: 'apple' } }, quantity: 1 }
      ]
    })
    await browser.visit(t, {}, async page => {
      const shows = async (where: string, texts: readonly string[]): Promise<void> => {
        for (const width of [390, 1280]) {
          await page.setViewportSize({ width, height: 844 })
          await checkWidth(t, page, `${where}, ${width} pixels`)
        }
        const shown = await page.getByRole('main').innerText()
        for (const text of texts) t.ok(shown.includes(text), `${where} shows it`)
        t.equal(await page.evaluate('window.hacked'), undefined)
      }
      await page.goto(url)
      await shows('checkout', [text, name, 'Rp998.999.999.001'])
      await page.getByTestId('pay').click()
      await page.getByTestId('phone').waitFor()
      await shows('phone step', [name])
      await logIn(page)
      await shows('summary', [text, name])
      await page.getByTestId('pay').click()
      t.equal(await read(page, 'result'), 'Payment successful')
      t.match(await read(page, 'webhooks'), 'payment_intent.requires_action → ')
      await shows('result page', [name])
      await goBack(page, shop, order)
      await page.goto(url)
      t.equal(await read(page, 'result'), 'Payment successful')
      await shows('paid checkout', [text, name])
    })
    await merchant.wasPaidOnce(t, intent)
  })
}

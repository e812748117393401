import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { buildApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { launch } from './support/browser.ts'
import { call } from './support/sandbox.ts'

/*
 * `npm run screenshots`: makes the README's pictures. With a seed, a clock that stands still and a fixed public
 * address, the same code makes the same pictures.
 */

const FOLDER = new URL('../docs/screenshots/', import.meta.url)
const KEY = 'sk_test_sandbox_apple'
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 760 }, locale: 'id-ID', timezoneId: 'Asia/Jakarta', deviceScaleFactor: 1 }
const DESK: BrowserContextOptions = { viewport: { width: 1280, height: 800 }, locale: 'en-US', timezoneId: 'Asia/Jakarta' }

mkdirSync(FOLDER, { recursive: true })
const { app } = await buildApp(readConfig({
  DATA_FILE: ':memory:', LOG_LEVEL: 'silent', SEED: 'screenshots', CLOCK: '2026-01-01T09:00:00Z', PUBLIC_URL: 'http://192.168.1.7:6262', MERCHANT_NAME: 'Toko Apel'
}, {}))
await app.listen({ port: 0, host: '127.0.0.1' })
const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
const browser = await launch()

await make('/_sandbox/scenarios/month-of-payments')
await make('/v1/webhook_endpoints', { url: 'http://127.0.0.1:9/webhooks', enabled_events: ['payment_intent.succeeded', 'payment_intent.payment_failed'] })

await look(PHONE, async page => {
  const { id } = await payment('apel-7')
  await page.goto(`${base}/v1/receives/dana/pay/${id}`)
  await page.getByTestId('phone').fill('081200000001')
  await take(page, 'wallet-phone')
  await page.getByTestId('continue').click()
  await page.getByTestId('pin').fill('123456')
  await take(page, 'wallet-pin')
  await page.getByTestId('continue').click()
  await page.getByTestId('balance').waitFor()
  await take(page, 'wallet-summary')
  await page.getByTestId('pay').click()
  await page.locator('[data-testid=webhooks] .bad').first().waitFor()
  await take(page, 'wallet-result')
})

await look({ ...DESK, colorScheme: 'dark' }, async page => {
  const { id } = await payment('apel-8')
  await page.goto(`${base}/v1/receives/dana/pay/${id}`)
  await take(page, 'wallet-desk')
})

await look(DESK, async page => {
  const session = await make('/v1/checkout/sessions', {
    success_url: 'https://toko-apel.test/done',
    cancel_url: 'https://toko-apel.test/basket',
    payment_method_types: ['dana', 'ovo'],
    line_items: [
      { price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'Apel Malang' } }, quantity: 2 },
      { price_data: { currency: 'IDR', unit_amount: 15000, product_data: { name: 'Ongkos kirim' } }, quantity: 1 }
    ]
  })
  await page.goto(base + new URL(session.url).pathname + new URL(session.url).search)
  await take(page, 'checkout')
  await page.goto(`${base}/`)
  await take(page, 'dashboard')
  const { id } = await payment('apel-9')
  await make('/_sandbox/shopper', { payment_intent: id })
  await make('/_sandbox/settle')
  await make('/v1/refunds', { payment_intent: id, amount: 5000 })
  await page.goto(`${base}/dashboard/payments/${id}`)
  await take(page, 'payment')
  await page.goto(`${base}/dashboard/coverage`)
  await take(page, 'coverage')
})

await browser.close()
await app.close()

async function look (options: BrowserContextOptions, steps: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext(options)
  await steps(await context.newPage())
  await context.close()
}

async function take (page: Page, name: string): Promise<void> {
  await page.screenshot({ path: new URL(`${name}.png`, FOLDER).pathname, animations: 'disabled', caret: 'hide' })
}

async function payment (order: string): Promise<{ id: string }> {
  return await make('/v1/payment_intents', {
    amount: 20000, currency: 'IDR', confirm: true, merchant_order_id: order, payment_method_data: { type: 'dana' }, return_url: 'https://toko-apel.test/done'
  })
}

/** The answer to a POST, which has to succeed. */
async function make (path: string, body?: object) {
  const { status, text, body: answer } = await call(base, 'POST', path, body, { key: KEY })
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`)
  return answer
}

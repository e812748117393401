import { expect, test as base } from '@playwright/test'
import { payWithDana, sandboxFixture, type Sandbox } from 'wooshpay-sandbox'
import { openShop, type Shop } from './merchant.ts'

// Each worker has a sandbox of its own; it is empty when a test begins.
const test = base.extend<{ shop: Shop }, { sandbox: Sandbox }>({
  sandbox: [sandboxFixture(), { scope: 'worker' }],
  shop: async ({ sandbox }, use) => {
    await sandbox.reset()
    const shop = await openShop(sandbox)
    await use(shop)
    shop.close()
  }
})

test('a payment, and its webhook', async ({ page, sandbox, shop }) => {
  const { id, next_action: { dana_handle_redirect: { url } } } = await shop.pay(20_000)
  await page.goto(url)
  await payWithDana(page)
  await expect(page.getByText('Thank you')).toBeVisible()
  await sandbox.wait({ payment_intent: id, event: 'payment_intent.succeeded' })
  expect(shop.paid).toEqual([id])
})

test('a decline', async ({ page, shop }) => {
  const { id, next_action: { dana_handle_redirect: { url } } } = await shop.pay(20_000)
  await page.goto(url)
  await payWithDana(page, { phone: '081200000002' })
  expect(await shop.look(id)).toMatchObject({ status: 'requires_payment_method', last_payment_error: { decline_code: 'insufficient_funds' } })
})

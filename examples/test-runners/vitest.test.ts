import { test as base } from 'vitest'
import { sandboxFixture, type Sandbox } from 'wooshpay-sandbox'
import { openShop, type Shop } from './merchant.ts'

// Each test gets a sandbox and a shop of its own.
const test = base.extend<{ sandbox: Sandbox, shop: Shop }>({
  sandbox: sandboxFixture(),
  shop: async ({ sandbox }, use) => {
    const shop = await openShop(sandbox)
    await use(shop)
    shop.close()
  }
})

test('a payment, and its webhook', async ({ sandbox, shop, expect }) => {
  const { id } = await shop.pay(20_000)
  await sandbox.shopper({ payment_intent: id, outcome: 'pay' })
  await sandbox.wait({ payment_intent: id, event: 'payment_intent.succeeded' })
  expect(shop.paid).toEqual([id])
})

test('a decline', async ({ sandbox, shop, expect }) => {
  const { id } = await shop.pay(20_000)
  await sandbox.shopper({ payment_intent: id, outcome: 'insufficient-balance' })
  expect(await shop.look(id)).toMatchObject({ status: 'requires_payment_method', last_payment_error: { decline_code: 'insufficient_funds' } })
})

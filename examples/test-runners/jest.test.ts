import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { sandboxHooks } from 'wooshpay-sandbox'
import { openShop, type Shop } from './merchant.ts'

// One sandbox for the file, empty before each test.
const sandbox = sandboxHooks({ beforeAll, beforeEach, afterAll })
let shop: Shop
beforeEach(async () => { shop = await openShop(sandbox()) })
afterEach(() => { shop.close() })

test('a payment, and its webhook', async () => {
  const { id } = await shop.pay(20_000)
  await sandbox().shopper({ payment_intent: id, outcome: 'pay' })
  await sandbox().wait({ payment_intent: id, event: 'payment_intent.succeeded' })
  expect(shop.paid).toEqual([id])
})

test('a decline', async () => {
  const { id } = await shop.pay(20_000)
  await sandbox().shopper({ payment_intent: id, outcome: 'insufficient-balance' })
  expect(await shop.look(id)).toMatchObject({ status: 'requires_payment_method', last_payment_error: { decline_code: 'insufficient_funds' } })
})

import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { sandboxHooks } from 'wooshpay-sandbox'
import { openShop, type Shop } from './merchant.ts'

// One sandbox for the file, empty before each test.
const sandbox = sandboxHooks({ beforeAll: before, beforeEach, afterAll: after })
let shop: Shop
beforeEach(async () => { shop = await openShop(sandbox()) })
afterEach(() => { shop.close() })

test('a payment, and its webhook', async () => {
  const { id } = await shop.pay(20_000)
  await sandbox().shopper({ payment_intent: id, outcome: 'pay' })
  await sandbox().wait({ payment_intent: id, event: 'payment_intent.succeeded' })
  assert.deepEqual(shop.paid, [id])
})

test('a decline', async () => {
  const { id } = await shop.pay(20_000)
  await sandbox().shopper({ payment_intent: id, outcome: 'insufficient-balance' })
  const { status, last_payment_error: failure } = await shop.look(id)
  assert.deepEqual([status, failure?.decline_code], ['requires_payment_method', 'insufficient_funds'])
})

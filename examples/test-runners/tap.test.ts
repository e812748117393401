import t from 'tap'
import { sandboxHooks } from 'wooshpay-sandbox'
import { openShop, type Shop } from './merchant.ts'

// One sandbox for the file, empty before each test.
const sandbox = sandboxHooks({ beforeAll: t.before, beforeEach: t.beforeEach, afterAll: t.teardown })
let shop: Shop
t.beforeEach(async () => { shop = await openShop(sandbox()) })
t.afterEach(() => { shop.close() })

t.test('a payment, and its webhook', async t => {
  const { id } = await shop.pay(20_000)
  await sandbox().shopper({ payment_intent: id, outcome: 'pay' })
  await sandbox().wait({ payment_intent: id, event: 'payment_intent.succeeded' })
  t.same(shop.paid, [id])
})

t.test('a decline', async t => {
  const { id } = await shop.pay(20_000)
  await sandbox().shopper({ payment_intent: id, outcome: 'insufficient-balance' })
  t.match(await shop.look(id), { status: 'requires_payment_method', last_payment_error: { decline_code: 'insufficient_funds' } })
})

/*
 * Tests against a sandbox that is there already, named by the environment: `npm run test:sandbox` starts one beside them.
 * They run against a sandbox in a container in the same way.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectSandbox } from 'wooshpay-sandbox'
import { createShop } from '../src/shop.ts'
import { Customer } from './customer.ts'

const { WOOSHPAY_BASE_URL = '', WOOSHPAY_SECRET_KEY = '', WOOSHPAY_WEBHOOK_SECRET = '', PORT = '3000' } = process.env

describe.skipIf(WOOSHPAY_BASE_URL === '')('a shop and a sandbox of the environment (npm run test:sandbox)', () => {
  const sandbox = connectSandbox({ url: WOOSHPAY_BASE_URL, secretKey: WOOSHPAY_SECRET_KEY })
  const fulfilled: string[] = []
  const server = createServer(createShop({
    baseUrl: WOOSHPAY_BASE_URL,
    secretKey: WOOSHPAY_SECRET_KEY,
    webhookSecret: WOOSHPAY_WEBHOOK_SECRET,
    fulfil: order => { fulfilled.push(order) }
  }))
  let customer: Customer

  beforeAll(async () => { await once(server.listen(Number(PORT), '127.0.0.1'), 'listening') })
  beforeEach(async () => {
    await sandbox.reset()
    fulfilled.length = 0
    customer = new Customer(`http://127.0.0.1:${PORT}`)
  })
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })

  test('a payment by the Direct API fulfils the order, though the customer never comes back', async () => {
    const { payment_intent: intent } = await sandbox.shopper({ url: await customer.press('pay'), outcome: 'pay-and-close' })
    await sandbox.wait({ payment_intent: intent.id, event: 'payment_intent.succeeded' })
    expect(fulfilled).toEqual([customer.order])
  })

  test('a payment by Checkout fulfils the order', async () => {
    const { return_url: back } = await sandbox.shopper({ url: await customer.press('checkout'), outcome: 'pay' })
    expect(back).toBe(`${customer.shop}/orders/${customer.order}`)
    expect(await customer.look()).toContain('Paid')
    expect(fulfilled).toEqual([customer.order])
  })

  test('a customer whose balance is too low is told so, and pays at the second attempt', async () => {
    await sandbox.shopper({ url: await customer.press('pay'), wallet: '081200000002' })
    expect(await customer.look()).toContain('insufficient_funds')
    expect(fulfilled).toEqual([])

    await sandbox.shopper({ url: await customer.press('pay'), wallet: '081200000001' })
    expect(await customer.look()).toContain('Paid')
    expect(fulfilled).toEqual([customer.order])
  })

  test('who opens the return page without paying has not paid', async () => {
    await customer.press('pay')
    expect(await customer.look()).toContain('Not paid')
  })

  test('a webhook that comes twice, before another one that is older, counts once', async () => {
    await sandbox.faults.add({ match: { type: 'payment_intent.requires_action' }, then: { swap_with_next: true } })
    await sandbox.faults.add({ match: { type: 'payment_intent.succeeded' }, then: { duplicate: true } })
    const { payment_intent: intent } = await sandbox.shopper({ url: await customer.press('pay'), outcome: 'pay' })
    await sandbox.wait({ payment_intent: intent.id, event: 'payment_intent.succeeded', deliveries: 2 })
    await sandbox.settle()
    expect(fulfilled).toEqual([customer.order])
  })

  test('a part is refunded once, however often the button is pressed; DANA takes no second refund', async () => {
    await sandbox.shopper({ url: await customer.press('pay'), outcome: 'pay' })
    expect(await customer.refund(5000, 'one-form')).toContain('Rp5000 went back')
    expect(await customer.refund(5000, 'one-form')).toContain('Rp5000 went back')
    expect(await customer.refund(5000)).toContain('refund_not_allowed')
    expect(await customer.look()).toContain('Rp5000 went back')
  })
})

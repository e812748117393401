/*
 * Tests that start a sandbox of their own, in this process, and empty it before each test. The shop's address has to be
 * known before the sandbox starts, and the sandbox's before the shop does: so the server comes first, the shop last.
 */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { sandboxHooks, verifySignature } from 'wooshpay-sandbox'
import { createShop } from '../src/shop.ts'
import { connectWooshPay, isSigned } from '../src/wooshpay.ts'
import { Customer } from './customer.ts'

const server = createServer()
await once(server.listen(0, '127.0.0.1'), 'listening')
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const sandbox = sandboxHooks({ beforeAll, beforeEach, afterAll }, { webhookUrl: `${address}/webhooks` })
const fulfilled: string[] = []
let customer: Customer

beforeEach(() => {
  const { url: baseUrl, secretKey, webhookSecret } = sandbox()
  fulfilled.length = 0
  server.removeAllListeners('request')
  server.on('request', createShop({ baseUrl, secretKey, webhookSecret, fulfil: order => { fulfilled.push(order) } }))
  customer = new Customer(address)
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

test('a webhook with a wrong signature is refused; the right one comes later', async () => {
  await sandbox().faults.add({ match: { type: 'payment_intent.succeeded' }, then: { bad_signature: true } })
  const wallet = await customer.press('pay')
  await sandbox().settle()
  const { payment_intent: intent } = await sandbox().shopper({ url: wallet, outcome: 'pay' })
  await sandbox().settle()
  const [delivery] = await sandbox().deliveries.list({ payment_intent: intent.id, type: 'payment_intent.succeeded' })
  expect(delivery?.attempts).toMatchObject([{ status: 400 }])
  expect(fulfilled).toEqual([])

  await sandbox().deliveries.resend(delivery!.id)
  expect(fulfilled).toEqual([customer.order])
})

test('a slow wallet: the customer comes back before the money', async () => {
  await sandbox().clock.freeze()
  await sandbox().shopper({ url: await customer.press('pay'), outcome: 'pay-later' })
  expect(await customer.look()).toContain('DANA is working on it')
  await sandbox().clock.advance(5000)
  expect(fulfilled).toEqual([customer.order])
  expect(await customer.look()).toContain('Paid')
})

test('a payment whose answer was lost is asked for again, and made once', async () => {
  await sandbox().faults.add({ match: { method: 'POST', path: '/v1/payment_intents' }, then: { lose_answer: true } })
  await sandbox().shopper({ url: await customer.press('pay'), outcome: 'pay' })
  expect(await sandbox().faults.list()).toMatchObject([{ hits: 1 }])
  await sandbox().settle()
  expect((await sandbox().deliveries.list({ type: 'payment_intent.created' })).length).toBe(1)
  expect(fulfilled).toEqual([customer.order])
})

test('a refund whose answer was lost gives the money back once', async () => {
  const { payment_intent: intent } = await sandbox().shopper({ url: await customer.press('pay'), outcome: 'pay' })
  await sandbox().faults.add({ match: { method: 'POST', path: '/v1/refunds' }, then: { lose_answer: true } })
  expect(await customer.refund(20_000)).toContain('Rp20000 went back')
  const { url: baseUrl, secretKey } = sandbox()
  expect(await connectWooshPay({ baseUrl, secretKey }).refundsOf(intent.id)).toHaveLength(1)
})

test('the shop finds the same signatures right as the sandbox does', () => {
  const body = '{"id":"evt_1"}'
  const v1 = createHmac('sha256', 'whsec_1').update(`1687845304.${body}`).digest('hex')
  for (const [header, secret, isRight] of [
    [`t=1687845304,v1=${v1}`, 'whsec_1', true],
    [`t=1687845304, v0=00, v1=${v1}`, 'whsec_1', true],
    [`t=1687845304,v1=${v1}`, 'whsec_2', false],
    [`t=1687845305,v1=${v1}`, 'whsec_1', false],
    [`t=1687845304,v1=${v1.slice(2)}`, 'whsec_1', false],
    [`v1=${v1}`, 'whsec_1', false],
    ['t=1687845304', 'whsec_1', false],
    ['', 'whsec_1', false],
    [undefined, 'whsec_1', false]
  ] as const) {
    expect(isSigned(body, header, secret), header).toBe(isRight)
    expect(verifySignature(body, header, secret), header).toBe(isRight)
  }
})

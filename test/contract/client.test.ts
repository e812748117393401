import createClient from 'openapi-fetch'
import t from 'tap'
// Made from the document by `npm run typecheck`, which so proves that a generated client compiles.
import type { paths } from './generated/wooshpay.ts'
import { newCustomer } from '../support/customer.ts'
import { KEY, startSandbox } from '../support/sandbox.ts'

t.test('a client generated from the OpenAPI document makes a payment, a checkout and a refund', async t => {
  const sandbox = await startSandbox(t)
  const client = createClient<paths>({
    baseUrl: sandbox.url, headers: { Authorization: `Basic ${Buffer.from(`${KEY}:`).toString('base64')}` }
  })

  const { data: session } = await client.POST('/v1/checkout/sessions', {
    body: {
      success_url: 'https://shop.test/done',
      payment_method_types: ['dana'],
      line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 2 }]
    }
  })
  const customer = newCustomer()
  await customer.open(session?.url ?? '')
  await customer.press('pay')
  await customer.press('outcome-pay')
  const { data: intent } = await client.GET('/v1/payment_intents/{id}', { params: { path: { id: session?.payment_intent ?? '' } } })
  t.match(intent, { status: 'succeeded', amount_received: 40000 })

  const { data: refund } = await client.POST('/v1/refunds', { body: { payment_intent: intent?.id ?? '', amount: 10000, reason: 'requested_by_customer' } })
  t.match(refund, { status: 'succeeded', amount: 10000 })
  const { data: charges } = await client.GET('/v1/charges', { params: { query: { payment_intent: intent?.id ?? '', limit: 1 } } })
  t.equal(charges?.data[0]?.amount_refunded, 10000)

  const { data, error } = await client.POST('/v1/payment_intents', { body: { amount: 99, currency: 'IDR', payment_method_types: ['dana'] } })
  t.equal(data, undefined)
  t.equal(error?.error.code, 'amount_too_small', 'errors are typed too')
})

import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { withSessionId } from '../src/core/addresses.ts'
import { ApiError } from '../src/core/errors.ts'
import type { IdPrefix } from '../src/core/ids.ts'
import { readSettings } from '../src/core/settings.ts'
import { step } from '../src/core/state-machine.ts'
import { switchTable } from '../src/core/switches.ts'
import type { Account } from '../src/store/accounts.ts'
import { customerOf, normalizePhone, testCustomers, testNumber } from '../src/wallet/customers.ts'
import { enter, newVisit } from '../src/wallet/visit.ts'
import { shopAddress, wayBack } from '../src/wallet/way-back.ts'
import { chargeOf, withRefunds } from '../src/wooshpay/charges/lifecycle.ts'
import type { Charge } from '../src/wooshpay/charges/schema.ts'
import * as sessions from '../src/wooshpay/checkout-sessions/lifecycle.ts'
import { pagePath, sessionOf } from '../src/wooshpay/checkout-sessions/page-address.ts'
import {
  checkoutSessionDefinition, SESSION_STATUSES, type CheckoutSessionRecord, type CreateParameters as SessionParameters, type LineItemParameters,
  type SessionStatus
} from '../src/wooshpay/checkout-sessions/schema.ts'
import { checkoutSessionTransitions, type SessionTrigger } from '../src/wooshpay/checkout-sessions/transitions.ts'
import * as customers from '../src/wooshpay/customers/lifecycle.ts'
import type { Customer } from '../src/wooshpay/customers/schema.ts'
import { listWithin } from '../src/wooshpay/lists.ts'
import { create as createIntent } from '../src/wooshpay/payment-intents/lifecycle.ts'
import { PAYMENT_INTENT_STATUSES, type PaymentIntentRecord, type PaymentIntentStatus } from '../src/wooshpay/payment-intents/schema.ts'
import * as methods from '../src/wooshpay/payment-methods/lifecycle.ts'
import { readPaymentMethodRules, type PaymentMethodRule } from '../src/wooshpay/payment-methods/rules.ts'
import * as prices from '../src/wooshpay/prices/lifecycle.ts'
import type { Price, PriceParameters } from '../src/wooshpay/prices/schema.ts'
import * as products from '../src/wooshpay/products/lifecycle.ts'
import type { Product } from '../src/wooshpay/products/schema.ts'
import * as refunds from '../src/wooshpay/refunds/lifecycle.ts'
import {
  REFUND_STATUSES, refundDefinition, type CreateParameters as RefundParameters, type RefundRecord, type RefundStatus
} from '../src/wooshpay/refunds/schema.ts'
import { refundTransitions, type RefundTrigger } from '../src/wooshpay/refunds/transitions.ts'
import { toAmount, toCurrency, toFlag } from '../src/wooshpay/wire.ts'
import { asJson } from './support/as-json.ts'

/** When the documented session was made: its `expires_at` is 24 hours later. */
const NOW = 1688455824918
const LATER = NOW + 60_000
/** Both as `created` and `updated` show them. */
const [AT_NOW, AT_LATER] = [1688455825000, 1688455885000]

const rules = readPaymentMethodRules()
const DANA = rules.get('dana', 'method')
const no = undefined

const BASICS = { created: 1688450000000, livemode: false } as const
const SITI: Customer = { id: 'cus_1', object: 'customer', ...BASICS, address: {}, email: 'siti@shop.test' }
const PEAR: Product = { id: 'prod_pear', object: 'product', ...BASICS, active: true, name: 'pear', updated: 1688450000000 }
const PEAR_PRICE: Price = {
  id: 'price_pear', object: 'price', ...BASICS, active: true, currency: 'IDR', product: PEAR, type: 'one_time', unit_amount: 700, billing_scheme: 'per_unit'
}
const PRICES: Readonly<Record<string, Price>> = {
  price_pear: PEAR_PRICE,
  price_old: { ...PEAR_PRICE, id: 'price_old', active: false },
  price_peso: { ...PEAR_PRICE, id: 'price_peso', currency: 'PHP' },
  price_month: { ...PEAR_PRICE, id: 'price_month', type: 'recurring', recurring: { interval: 'month' } }
}

function around (changes: Partial<sessions.Surroundings> = {}): sessions.Surroundings {
  const made: Partial<Record<IdPrefix, number>> = {}
  return {
    now: NOW,
    newId: prefix => {
      made[prefix] = (made[prefix] ?? 0) + 1
      return `${prefix}_${made[prefix]}`
    },
    newClientSecret: id => `${id}_secret_s`,
    rules,
    savedMethod: () => undefined,
    customer: id => id === 'cus_1' ? SITI : undefined,
    publicUrl: 'http://sandbox.test',
    publishableKey: 'pk_test_k',
    price: id => PRICES[id],
    product: id => id === 'prod_pear' ? PEAR : undefined,
    ...changes
  }
}

type Refusal = readonly [code: string, param: string | undefined, message: string]

function refuses (t: Test, decide: () => unknown, [code, param, message]: Refusal, name = message): void {
  let refusal
  try {
    decide()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    refusal = { status: error.status, code: error.code, param: error.param, message: error.message }
  }
  t.strictSame(refusal, { status: 400, code, param, message }, name)
}

/** An amount in rows: what it becomes, or why it is refused. */
function becomes (t: Test, decide: () => unknown, expected: number | Refusal, name: string): void {
  if (typeof expected === 'number') t.equal(decide(), expected, name)
  else refuses(t, decide, expected, name)
}

t.test('an amount in a request is a whole number, as a number or as its digits, within bounds', async t => {
  const small = (amount: number, least: number): Refusal => ['amount_too_small', 'p', `The p ${amount} is too small; the least is ${least}.`]
  const large = (amount: number): Refusal => ['amount_too_large', 'p', `The p ${amount} is too large; the most is 999999999999.`]
  const rows: Array<[number | string, least: number, number | Refusal]> = [
    [0, 0, 0], ['0', 0, 0], [1, 1, 1], ['1', 1, 1], [20000, 1, 20000], ['20000', 1, 20000], ['007', 1, 7],
    [999_999_999_999, 0, 999_999_999_999], ['999999999999', 0, 999_999_999_999],
    [0, 1, small(0, 1)], ['0', 1, small(0, 1)], [-1, 0, small(-1, 0)], ['-1', 0, small(-1, 0)], ['-5000', 1, small(-5000, 1)],
    [1_000_000_000_000, 0, large(1_000_000_000_000)], ['1000000000000', 0, large(1_000_000_000_000)]
  ]
  for (const [input, least, expected] of rows) becomes(t, () => toAmount(input, 'p', least), expected, JSON.stringify(input))
  for (const input of ['x', '', ' ', '-', ' 5', '5 ', '5.5', '5,5', '5.0', '1e3', '0x10', '+5', '5k', '٥', 'NaN', 'Infinity']) {
    refuses(t, () => toAmount(input, 'p', 0), ['parameter_invalid', 'p', `Invalid p: "${input}" is not a whole number of the currency's smallest unit.`])
  }
})

t.test('a flag and a currency in a request are read in every documented form', async t => {
  for (const [input, expected] of [[true, true], ['true', true], [false, false], ['false', false]] as const) t.equal(toFlag(input), expected)
  for (const [input, expected] of [['IDR', 'IDR'], ['idr', 'IDR'], ['Php', 'PHP']] as const) t.equal(toCurrency(input), expected)
  for (const input of ['XYZ', '', 'Rp', ' IDR', 'IDRR']) {
    const message = `"${input}" is not a currency of ISO 4217, such as IDR.`
    refuses(t, () => toCurrency(input), ['parameter_invalid', 'currency', `Invalid currency: ${message}`])
    refuses(t, () => toCurrency(input, 'p[0]'), ['parameter_invalid', 'p[0]', `Invalid p[0]: ${message}`])
  }
})

t.test('a list within an object is answered in its own order, page by page in both directions', async t => {
  const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'].map(id => ({ id }))
  const list = (parameters: Parameters<typeof listWithin>[1], from = items) => listWithin(from, parameters, { url: '/v1/x', what: 'letter' })
  const rows: Array<[Parameters<typeof listWithin>[1], string, hasMore: boolean]> = [
    [{}, 'abcdefghij', true],
    [{ limit: 1 }, 'a', true],
    [{ limit: 11 }, 'abcdefghijk', true],
    [{ limit: 12 }, 'abcdefghijkl', false],
    [{ limit: 100 }, 'abcdefghijkl', false],
    [{ starting_after: 'a' }, 'bcdefghijk', true],
    [{ starting_after: 'b' }, 'cdefghijkl', false],
    [{ starting_after: 'b', limit: 3 }, 'cde', true],
    [{ starting_after: 'k' }, 'l', false],
    [{ starting_after: 'l' }, '', false],
    [{ ending_before: 'l' }, 'bcdefghijk', true],
    [{ ending_before: 'l', limit: 3 }, 'ijk', true],
    [{ ending_before: 'd', limit: 3 }, 'abc', false],
    [{ ending_before: 'b' }, 'a', false],
    [{ ending_before: 'a' }, '', false]
  ]
  for (const [parameters, ids, hasMore] of rows) {
    t.strictSame(list(parameters), { object: 'list', url: '/v1/x', has_more: hasMore, data: [...ids].map(id => ({ id })) }, JSON.stringify(parameters))
  }
  t.strictSame(list({}, []), { object: 'list', url: '/v1/x', has_more: false, data: [] })
  refuses(t, () => list({ starting_after: 'z' }), ['resource_missing', 'starting_after', 'No such letter: "z".'])
  refuses(t, () => list({ ending_before: 'z' }), ['resource_missing', 'ending_before', 'No such letter: "z".'])
  refuses(t, () => list({ starting_after: 'a', ending_before: 'c' }),
    ['parameter_invalid', 'ending_before', 'Invalid ending_before: "c" cannot be combined with starting_after.'])
})

/** A line with a price and a product of its own. */
function line (unitAmount: number | string = 20000, quantity = 1, data: Partial<PriceParameters> = {}): LineItemParameters {
  return { price_data: { currency: 'IDR', unit_amount: unitAmount, product_data: { name: 'apple' }, ...data }, quantity }
}

function open (changes: Partial<SessionParameters> = {}, surroundings: Partial<sessions.Surroundings> = {}): sessions.Creation {
  return sessions.create({ success_url: 'https://shop.test/done', payment_method_types: ['dana'], line_items: [line()], ...changes }, around(surroundings))
}

t.test('a checkout session', async t => {
  t.test('is answered to the documented request as documented, to the order of the keys', async t => {
    const numbers: Partial<Record<IdPrefix, string>> = {
      cs: '1676131330724724736', li: '1676131330754084864', price: '1676131330766667776', prod: '1676131330783444992', pi: '1676131330947022848'
    }
    const { record } = sessions.create({
      cancel_url: 'www.wooshpay.com',
      mode: 'payment',
      success_url: 'https://wooshpay.com/',
      payment_method_types: ['dana'],
      line_items: [line(20000, 1, { nickname: 'apple', billing_scheme: 'testscheme', lookup_key: 'test_lookup_key' })]
    }, around({ newId: prefix => `${prefix}_${numbers[prefix]}`, newClientSecret: id => `${id}_secret_ENUbfvBKA7zljcENnlrG3K7q` }))
    t.equal(JSON.stringify(record.session), '{"id":"cs_1676131330724724736","object":"checkout.session","created":1688455825000,"livemode":false,' +
      '"currency":"IDR","customer":"","mode":"payment","status":"open","url":"http://sandbox.test/pay/cs_test_1676131330724724736?key=pk_test_k",' +
      '"cancel_url":"www.wooshpay.com","line_items":{"object":"list","data":[{"id":"li_1676131330754084864","object":"item","currency":"IDR",' +
      '"description":"apple","price":{"id":"price_1676131330766667776","object":"price","created":1688455825000,"livemode":false,"active":true,' +
      '"currency":"IDR","nickname":"apple","product":{"id":"prod_1676131330783444992","object":"product","created":1688455825000,"livemode":false,' +
      '"active":true,"name":"apple","updated":1688455825000},"type":"one_time","unit_amount":20000,"billing_scheme":"per_unit",' +
      '"lookup_key":"test_lookup_key"},"quantity":1,"amount_subtotal":20000,"amount_total":20000}]},"payment_intent":"pi_1676131330947022848",' +
      '"payment_method_types":["dana"],"payment_status":"unpaid","success_url":"https://wooshpay.com/","amount_subtotal":20000,"amount_total":20000,' +
      '"billing_address_collection":"auto","expires_at":1688542224918,"payment_link":"",' +
      '"client_secret":"pi_1676131330947022848_secret_ENUbfvBKA7zljcENnlrG3K7q"}')
    t.strictSame(Object.keys(asJson(record)), ['id', 'session'])
  })

  t.test('needs only lines and a way back; everything else has its default', async t => {
    const { record: { session }, intent } = sessions.create({ success_url: 'https://shop.test', line_items: [line()] }, around())
    t.strictSame(Object.keys(asJson(session)), [
      'id', 'object', 'created', 'livemode', 'currency', 'customer', 'mode', 'status', 'url', 'line_items', 'payment_intent', 'payment_method_types',
      'payment_status', 'success_url', 'amount_subtotal', 'amount_total', 'billing_address_collection', 'expires_at', 'payment_link', 'client_secret'
    ])
    t.match(session, { mode: 'payment', customer: '', billing_address_collection: 'auto', expires_at: 1688542224918 })
    t.strictSame(session.payment_method_types, ['dana', 'ovo', 'bank_transfer_id'], 'every method that takes the currency')
    t.strictSame(asJson(intent.record), {
      id: 'pi_1',
      attempt: 0,
      takes_any: true,
      checkout: { session: 'cs_1', url: 'http://sandbox.test/pay/cs_test_1?key=pk_test_k' },
      intent: {
        id: 'pi_1',
        object: 'payment_intent',
        created: AT_NOW,
        currency: 'IDR',
        amount: 20000,
        status: 'requires_payment_method',
        livemode: false,
        client_secret: 'pi_1_secret_s',
        payment_method_types: ['dana', 'ovo', 'bank_transfer_id'],
        confirmation_method: 'automatic',
        return_url: 'https://shop.test',
        capture_method: 'automatic'
      }
    })
    t.strictSame(intent.raise, [{ type: 'payment_intent.created', object: intent.record.intent }], 'and of the session itself no event')
  })

  t.test('keeps everything that the merchant says, further keys after the documented ones', async t => {
    const { record, intent } = open({
      shipping_address_collection: { allowed_countries: ['ID'] },
      payment_method_options: { dana: { a: 1 } },
      customer_email: 'other@shop.test',
      client_reference_id: 'order-7',
      metadata: { shop: 7, gift: true },
      billing_address_collection: 'required',
      customer: 'cus_1',
      cancel_url: 'www.shop.test',
      payment_intent_data: { billing_details: { name: 'Siti' }, description: 'Fruit', shipping: { name: 'Siti' }, setup_future_usage: 'off_session' }
    })
    t.strictSame(Object.keys(asJson(record.session)).slice(-8), [
      'payment_link', 'client_secret', 'metadata', 'client_reference_id', 'customer_email', 'customer_details', 'payment_method_options',
      'shipping_address_collection'
    ])
    t.match(record.session, {
      customer: 'cus_1',
      cancel_url: 'www.shop.test',
      billing_address_collection: 'required',
      metadata: { shop: '7', gift: 'true' },
      client_reference_id: 'order-7',
      customer_email: 'other@shop.test',
      payment_method_options: { dana: { a: 1 } },
      shipping_address_collection: { allowed_countries: ['ID'] }
    })
    t.strictSame(record.session.customer_details, SITI)
    t.strictSame(record.billing_details, { name: 'Siti' }, 'kept for the payment method')
    t.match(intent.record.intent, {
      return_url: 'https://shop.test/done',
      customer: 'cus_1',
      merchant_order_id: 'order-7',
      description: 'Fruit',
      shipping: { name: 'Siti' },
      payment_method_options: { dana: { a: 1 } },
      setup_future_usage: 'off_session'
    })
    t.notOk('billing_details' in asJson(intent.record.intent))
  })

  t.test('gives its metadata to the PaymentIntent, where payment_intent_data wins', async t => {
    const rows: Array<[SessionParameters['metadata'], SessionParameters['metadata'], session: object | undefined, intent: object | undefined]> = [
      [no, no, no, no],
      [{ a: 1, b: 2 }, no, { a: '1', b: '2' }, { a: '1', b: '2' }],
      [no, { b: 3 }, no, { b: '3' }],
      [{ a: 1, b: 2 }, { b: 3, c: 4 }, { a: '1', b: '2' }, { a: '1', b: '3', c: '4' }],
      [{}, no, {}, {}]
    ]
    for (const [own, forIntent, session, intent] of rows) {
      const made = open({ ...(own && { metadata: own }), ...(forIntent && { payment_intent_data: { metadata: forIntent } }) })
      t.strictSame(made.record.session.metadata, session)
      t.strictSame(made.intent.record.intent.metadata, intent)
    }
  })

  t.test('sums its lines, and makes ids in the order of the documented example', async t => {
    const saved = (price: string, quantity: number): LineItemParameters => ({ price, quantity })
    const rows: Array<[LineItemParameters[], amounts: number[], total: number, ids: string]> = [
      [[line(100)], [100], 100, 'cs li price prod pi'],
      [[line(100, 3)], [300], 300, 'cs li price prod pi'],
      [[line('20000', 2)], [40000], 40000, 'cs li price prod pi'],
      [[line(150), line(0), line(50, 7)], [150, 0, 350], 500, 'cs li price prod li price prod li price prod pi'],
      [[saved('price_pear', 4)], [2800], 2800, 'cs li pi'],
      [[saved('price_pear', 1), line(300), saved('price_pear', 2)], [700, 300, 1400], 2400, 'cs li li price prod li pi'],
      [[{ price_data: { currency: 'idr', unit_amount: 300, product: 'prod_pear' }, quantity: 2 }], [600], 600, 'cs li price pi'],
      [[line(1, 300_000_000)], [300_000_000], 300_000_000, 'cs li price prod pi']
    ]
    for (const [items, amounts, total, ids] of rows) {
      const asked: IdPrefix[] = []
      const { newId } = around()
      const { record: { session }, intent } = open({ line_items: items }, {
        newId: prefix => {
          asked.push(prefix)
          return newId(prefix)
        }
      })
      const { data } = session.line_items
      t.equal(asked.join(' '), ids)
      t.strictSame(data.map(({ amount_subtotal: subtotal }) => subtotal), amounts)
      t.strictSame(data.map(({ amount_total: amount }) => amount), amounts)
      t.strictSame([session.amount_subtotal, session.amount_total, intent.record.intent.amount], [total, total, total])
      t.strictSame(data.map(({ quantity }) => quantity), items.map(({ quantity }) => quantity))
      t.strictSame([session.currency, ...data.map(({ currency }) => currency)], ['IDR', ...amounts.map(() => 'IDR')])
    }
  })

  t.test('shows a saved price as it is, and makes what is inline', async t => {
    const { record: { session: { line_items: { data } } }, prices: made } = open({
      line_items: [{ price: 'price_pear', quantity: 2 }, line(), { price_data: { currency: 'IDR', unit_amount: '9', product: 'prod_pear' }, quantity: 1 }]
    })
    t.strictSame(data[0], {
      id: 'li_1', object: 'item', currency: 'IDR', description: 'pear', price: PEAR_PRICE, quantity: 2, amount_subtotal: 1400, amount_total: 1400
    })
    t.strictSame(data.map(({ description }) => description), ['pear', 'apple', 'pear'], 'the product\'s name')
    t.strictSame(made.map(({ record: { id, product }, isNewProduct }) => [id, product, isNewProduct]), [
      ['price_1', 'prod_1', true], ['price_2', 'prod_pear', false]
    ])
    t.strictSame(data[2]?.price.product, PEAR)
  })

  t.test('lives 24 hours, or 30 minutes to 24 hours as asked in seconds or milliseconds', async t => {
    const rows: Array<[number | undefined, number | undefined]> = [
      [no, 1688542224918],
      [1688457624918, 1688457624918],
      [1688542224918, 1688542224918],
      [1688500000, 1688500000000],
      [1688500000123, 1688500000123],
      // 10 seconds are allowed for the way of the request.
      [1688457614918, 1688457614918],
      [1688457614917, no],
      [1688542234918, 1688542234918],
      [1688542234919, no],
      [1688457615, 1688457615000],
      [1688457614, no],
      [1688542234, 1688542234000],
      [1688542235, no],
      [1688455824918, no],
      [1688455825, no],
      [1688400000, no],
      [0, no],
      [-1, no],
      [99_999_999_999, no],
      [100_000_000_000, no]
    ]
    for (const [asked, expected] of rows) {
      const decide = () => open(asked === undefined ? {} : { expires_at: asked }).record
      if (expected !== undefined) {
        t.equal(decide().session.expires_at, expected, `${asked}`)
        t.strictSame(checkoutSessionDefinition.due?.(decide()), { at: expected, what: 'checkout_session.expire' })
        continue
      }
      refuses(t, decide, ['parameter_invalid', 'expires_at', `Invalid expires_at: ${asked} is not 30 minutes to 24 hours ahead: ` +
        'from 1688457624918 to 1688542224918 in milliseconds, or the same in seconds.'])
    }
  })

  t.test('is refused where the contract says so, by the parameter that is wrong', async t => {
    const invalid = (param: string, why: string): Refusal => ['parameter_invalid', param, `Invalid ${param}: ${why}.`]
    const inline = 'line_items[0][price_data]'
    const notPossible = 'is not possible here; the sandbox has payment only'
    const notWhole = 'is not a whole number of the currency\'s smallest unit'
    const again = 'is to be paid again and again; a session of mode payment takes what is paid once'
    const oneCurrency = 'differs from the IDR of line_items[0]; all lines have to have one currency'
    const monthly = { recurring: { interval: 'month' } } as const
    const rows: Array<[Partial<SessionParameters>, Refusal]> = [
      [{ mode: 'setup' }, invalid('mode', `"setup" ${notPossible}`)],
      [{ mode: 'subscription' }, invalid('mode', `"subscription" ${notPossible}`)],
      [{ mode: '' }, invalid('mode', `"" ${notPossible}`)],
      [{ success_url: 'javascript:alert(1)' }, invalid('success_url', '"javascript:alert(1)" uses javascript:, which is not a way back to a shop')],
      [{ success_url: '' }, invalid('success_url', '"" is empty')],
      [{ cancel_url: 'data:text/html,x' }, invalid('cancel_url', '"data:text/html,x" uses data:, which is not a way back to a shop')],
      [{ cancel_url: 'https://shop.test/\n' }, invalid('cancel_url', '"https://shop.test/\\n" contains control characters')],
      [{ customer: 'cus_none' }, ['resource_missing', 'customer', 'No such customer: "cus_none".']],
      [{ payment_method_types: ['card'] }, ['payment_method_not_supported', 'payment_method_types',
        'This sandbox does not have the payment method "card"; it has: dana, gcash, truemoney, ovo, bank_transfer_id, promptpay.']],
      [{ payment_method_types: ['dana', 'gcash'] }, ['currency_not_supported', `${inline}[currency]`, 'GCash does not take IDR; allowed: PHP.']],
      [{ line_items: [line(), line(100, 1, { currency: 'PHP' })] }, invalid('line_items[1][price_data][currency]', `"PHP" ${oneCurrency}`)],
      [{ line_items: [line(), { price: 'price_peso', quantity: 1 }] }, invalid('line_items[1][price]', `"price_peso" is in PHP, which ${oneCurrency}`)],
      [{ line_items: [line(100, 1, { currency: 'XYZ' })] }, invalid(`${inline}[currency]`, '"XYZ" is not a currency of ISO 4217, such as IDR')],
      [{ line_items: [line(100, 1, { currency: 'PHP' })] }, ['currency_not_supported', `${inline}[currency]`, 'DANA does not take PHP; allowed: IDR.']],
      [{ line_items: [{ ...line(), price: 'price_pear' }] }, invalid('line_items[0][price]', '"price_pear" cannot be combined with line_items[0][price_data]')],
      [{ line_items: [line(), { quantity: 1 }] }, ['parameter_missing', 'line_items[1][price_data]',
        'Missing required parameter: line_items[1][price_data]. Or name a price by its id in line_items[1][price].']],
      [{ line_items: [{ price: 'price_none', quantity: 1 }] }, ['resource_missing', 'line_items[0][price]', 'No such price: "price_none".']],
      [{ line_items: [{ price: 'price_old', quantity: 1 }] },
        invalid('line_items[0][price]', '"price_old" is not active; activate it, or take another price')],
      [{ line_items: [{ price: 'price_month', quantity: 1 }] }, invalid('line_items[0][price]', `"price_month" ${again}`)],
      [{ line_items: [line(100, 1, monthly)] }, invalid(`${inline}[recurring]`, `{"interval":"month"} ${again}`)],
      [{ line_items: [line(100, 1, { billing_scheme: 'tiered' })] },
        invalid(`${inline}[billing_scheme]`, '"tiered" is not possible here; the sandbox has per_unit only')],
      [{ line_items: [line(100, 1, { product: 'prod_pear' })] }, invalid(`${inline}[product]`, `"prod_pear" cannot be combined with ${inline}[product_data]`)],
      [{ line_items: [{ price_data: { currency: 'IDR', unit_amount: 100, product: 'prod_none' }, quantity: 1 }] },
        ['resource_missing', `${inline}[product]`, 'No such product: "prod_none".']],
      [{ line_items: [{ price_data: { currency: 'IDR', unit_amount: 100 }, quantity: 1 }] }, ['parameter_missing', `${inline}[product_data]`,
        `Missing required parameter: ${inline}[product_data]. Or name a product by its id in ${inline}[product].`]],
      [{ line_items: [line('x')] }, invalid(`${inline}[unit_amount]`, `"x" ${notWhole}`)],
      [{ line_items: [line('5.5')] }, invalid(`${inline}[unit_amount]`, `"5.5" ${notWhole}`)],
      [{ line_items: [line(), line(-1)] },
        ['amount_too_small', 'line_items[1][price_data][unit_amount]', 'The line_items[1][price_data][unit_amount] -1 is too small; the least is 0.']],
      [{ line_items: [line(1_000_000_000_000)] },
        ['amount_too_large', `${inline}[unit_amount]`, `The ${inline}[unit_amount] 1000000000000 is too large; the most is 999999999999.`]],
      [{ line_items: [line(0)] }, ['amount_too_small', 'line_items', 'The total of line_items 0 is too small; the least is 100 IDR for DANA.']],
      [{ line_items: [line(49), line(25, 2)] }, ['amount_too_small', 'line_items', 'The total of line_items 99 is too small; the least is 100 IDR for DANA.']],
      [{ line_items: [line(150_000_000, 2), line(1)] },
        ['amount_too_large', 'line_items', 'The total of line_items 300000001 is too large; the most is 300000000 IDR for DANA.']],
      [{ line_items: [line(999_999_999_999, 1000, { currency: 'PHP' })], payment_method_types: ['gcash'] },
        ['amount_too_large', 'line_items', 'The total of line_items 999999999999000 is too large; the most is 999999999999 PHP for GCash.']]
    ]
    for (const [parameters, refusal] of rows) refuses(t, () => open(parameters), refusal)
  })

  t.test('names parameters that the request has, also where a saved price or payment_intent_data is to blame', async t => {
    refuses(t, () => open({ line_items: [{ price: 'price_peso', quantity: 1 }] }),
      ['currency_not_supported', 'line_items[0][price]', 'DANA does not take PHP; allowed: IDR.'])
    refuses(t, () => open({ payment_intent_data: { capture_method: 'manual' } }), ['capture_method_not_supported', 'payment_intent_data[capture_method]',
      'DANA takes automatic capture only: the customer\'s payment is final at once, so capture_method "manual" is not possible.'])
  })

  t.test('echoes addresses unchanged', async t => {
    for (const address of ['www.wooshpay.com', 'localhost:3000', 'myapp://done', 'https://shop.test/?s={CHECKOUT_SESSION_ID}']) {
      t.match(open({ success_url: address, cancel_url: address }).record.session, { success_url: address, cancel_url: address })
    }
  })

  t.test('has a page at the address that the documentation prints', async t => {
    t.equal(pagePath('cs_1580071142008291328'), '/pay/cs_test_1580071142008291328')
    t.equal(sessionOf('cs_test_1580071142008291328'), 'cs_1580071142008291328')
    for (const page of ['cs_1580071142008291328', 'cs_test_', 'cs_test_1x', '']) t.equal(sessionOf(page), undefined, page)
  })
})

/** A session in a status; frozen, so that no decision can write into it. */
function sessionIn (status: SessionStatus): CheckoutSessionRecord {
  const { record } = open()
  return Object.freeze({ ...record, session: Object.freeze({ ...record.session, status }) })
}

/** An intent in a status, direct or of the session cs_1. */
function intentIn (status: PaymentIntentStatus, isOfSession = true): PaymentIntentRecord {
  const { record } = createIntent({
    amount: 20000, currency: 'IDR', payment_method_types: ['dana'], return_url: 'https://shop.test/?s={CHECKOUT_SESSION_ID}'
  }, around())
  return Object.freeze({
    ...record,
    method: 'dana',
    ...(isOfSession && { checkout: { session: 'cs_1', url: 'http://sandbox.test/pay/cs_test_1?key=pk_test_k' } }),
    ...(status === 'requires_action' && { lapses_at_ms: LATER }),
    ...(status === 'processing' && { settles: { at_ms: LATER } }),
    intent: Object.freeze({ ...record.intent, status })
  })
}

t.test('a session\'s end', async t => {
  const MACHINE: Record<SessionStatus, Record<SessionTrigger, SessionStatus | undefined>> = {
    open: { complete: 'complete', expire: 'expired' },
    complete: { complete: no, expire: no },
    expired: { complete: no, expire: no }
  }

  t.test('follows every trigger from every status as the contract says, or is refused with the status', async t => {
    t.strictSame(SESSION_STATUSES, ['open', 'complete', 'expired'])
    for (const status of SESSION_STATUSES) {
      for (const [trigger, participle] of [['complete', 'completed'], ['expire', 'expired']] as const) {
        const record = sessionIn(status)
        const before = JSON.stringify(record)
        const decide = () => trigger === 'complete' ? sessions.complete(record) : sessions.expire(record, intentIn('requires_action'), LATER).record
        const next = MACHINE[status][trigger]
        t.equal(step(checkoutSessionTransitions, status, trigger), next, `${status} × ${trigger}`)
        if (next === undefined) {
          refuses(t, decide, ['checkout_session_unexpected_state', undefined,
            `The checkout session cs_1 has the status ${status}; it can be ${participle} only while that is one of: open.`])
        } else {
          const after = decide()
          t.strictSame(after.session, { ...record.session, status: next, payment_status: trigger === 'complete' ? 'paid' : 'unpaid' })
          t.equal(checkoutSessionDefinition.due?.(after), undefined, 'nothing is due any more')
        }
        t.equal(JSON.stringify(record), before, 'what was there before stays as it was')
      }
    }
  })

  t.test('by expiring cancels the PaymentIntent in every status that can, and waits while the wallet decides', async t => {
    const over = (status: string): Refusal => ['payment_intent_unexpected_state', undefined, `PaymentIntent pi_1 has the status ${status}; ` +
      'it can be cancelled only while that is one of: requires_payment_method, requires_confirmation, requires_action, requires_capture.']
    const EXPIRY: Record<PaymentIntentStatus, 'cancels' | Refusal> = {
      requires_payment_method: 'cancels',
      requires_confirmation: 'cancels',
      requires_action: 'cancels',
      requires_capture: 'cancels',
      processing: ['checkout_session_unexpected_state', undefined, 'The checkout session cs_1 cannot be expired now: ' +
        'its PaymentIntent pi_1 has the status processing, so the customer\'s payment may still succeed.'],
      succeeded: over('succeeded'),
      canceled: over('canceled')
    }
    for (const status of PAYMENT_INTENT_STATUSES) {
      const before = intentIn(status)
      const decide = () => sessions.expire(sessionIn('open'), before, LATER)
      t.equal(sessions.isBeingPaid(before), status === 'processing')
      const expected = EXPIRY[status]
      if (expected !== 'cancels') {
        refuses(t, decide, expected)
        continue
      }
      const { record: { session }, intent: { record: { intent, ...rest }, raise } } = decide()
      t.match(session, { status: 'expired', payment_status: 'unpaid' }, status)
      t.match(intent, { status: 'canceled', cancellation_reason: 'expired', canceled_at: AT_LATER })
      t.notOk('lapses_at_ms' in asJson(rest))
      t.strictSame(raise, [{ type: 'payment_intent.canceled', object: intent }])
    }
  })

  t.test('raises an event only where the account wants one', async t => {
    for (const [status, type] of [['complete', 'checkout.session.completed'], ['expired', 'checkout.session.expired']] as const) {
      const record = sessionIn(status)
      t.strictSame(sessions.sessionEvents(record, false), [])
      t.strictSame(sessions.sessionEvents(record, true), [{ type, object: record.session }])
    }
  })
})

t.test('the placeholder of an address becomes the session\'s id, raw or percent-encoded, as often as it stands there', async t => {
  const rows: Array<[string, string]> = [
    ['https://shop.test/?s={CHECKOUT_SESSION_ID}', 'https://shop.test/?s=cs_1'],
    ['https://shop.test/?s=%7BCHECKOUT_SESSION_ID%7D', 'https://shop.test/?s=cs_1'],
    ['https://shop.test/?s=%7bCHECKOUT_SESSION_ID%7d', 'https://shop.test/?s=cs_1'],
    ['https://shop.test/{CHECKOUT_SESSION_ID}/done?a=1&s={CHECKOUT_SESSION_ID}#top', 'https://shop.test/cs_1/done?a=1&s=cs_1#top'],
    ['myapp://done/{CHECKOUT_SESSION_ID}', 'myapp://done/cs_1'],
    ['https://shop.test/?a=1', 'https://shop.test/?a=1'],
    ['https://shop.test/?s=CHECKOUT_SESSION_ID', 'https://shop.test/?s=CHECKOUT_SESSION_ID'],
    ['https://shop.test/?s={SESSION}', 'https://shop.test/?s={SESSION}'],
    ['', '']
  ]
  for (const [address, expected] of rows) t.equal(withSessionId(address, 'cs_1'), expected)
})

t.test('the way back from the wallet', async t => {
  /** Of an account, only its switches are looked at. */
  const account = (parameters: 'true' | 'false'): Account => ({ switches: readSettings(switchTable, { RETURN_PARAMETERS: parameters }) } as unknown as Account)
  const added = (status: string): string => `payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_s&redirect_status=${status}`
  const ROWS: Record<PaymentIntentStatus, { redirectStatus: string, ofSession: 'shop' | 'checkout' }> = {
    requires_payment_method: { redirectStatus: 'failed', ofSession: 'checkout' },
    requires_confirmation: { redirectStatus: 'failed', ofSession: 'checkout' },
    requires_action: { redirectStatus: 'failed', ofSession: 'checkout' },
    processing: { redirectStatus: 'pending', ofSession: 'shop' },
    requires_capture: { redirectStatus: 'succeeded', ofSession: 'shop' },
    succeeded: { redirectStatus: 'succeeded', ofSession: 'shop' },
    canceled: { redirectStatus: 'failed', ofSession: 'checkout' }
  }

  t.test('leads to the shop, but to the checkout page where a session is not paid', async t => {
    for (const status of PAYMENT_INTENT_STATUSES) {
      const { redirectStatus, ofSession } = ROWS[status]
      const page = 'http://sandbox.test/pay/cs_test_1?key=pk_test_k'
      t.equal(wayBack(account('false'), intentIn(status, false)), 'https://shop.test/?s={CHECKOUT_SESSION_ID}', `${status}, direct`)
      t.equal(wayBack(account('true'), intentIn(status, false)), `https://shop.test/?s={CHECKOUT_SESSION_ID}&${added(redirectStatus)}`)
      t.equal(wayBack(account('false'), intentIn(status)), ofSession === 'shop' ? 'https://shop.test/?s=cs_1' : page, `${status}, of a session`)
      t.equal(wayBack(account('true'), intentIn(status)), ofSession === 'shop' ? `https://shop.test/?s=cs_1&${added(redirectStatus)}` : page)
      t.equal(wayBack(account('false'), intentIn(status), 'id'), ofSession === 'shop' ? 'https://shop.test/?s=cs_1' : `${page}&lang=id`, 'in its language')
      t.equal(wayBack(account('false'), intentIn(status, false), 'id'), 'https://shop.test/?s={CHECKOUT_SESSION_ID}')
    }
  })

  t.test('is none where the merchant gave none', async t => {
    const { record } = createIntent({ amount: 20000, currency: 'IDR' }, around())
    t.equal(wayBack(account('true'), record), undefined)
  })

  t.test('has a scheme, the session\'s id, and what the account wants added', async t => {
    const rows: Array<[string, plain: string, withParameters: string]> = [
      ['www.wooshpay.com', 'https://www.wooshpay.com', `https://www.wooshpay.com?${added('failed')}`],
      ['localhost:3000/?a=1#top', 'http://localhost:3000/?a=1#top', `http://localhost:3000/?a=1&${added('failed')}#top`],
      ['shop.test/%7BCHECKOUT_SESSION_ID%7D', 'https://shop.test/cs_1', `https://shop.test/cs_1?${added('failed')}`],
      ['myapp://done', 'myapp://done', `myapp://done?${added('failed')}`]
    ]
    for (const [address, plain, complete] of rows) {
      t.equal(shopAddress(account('false'), intentIn('canceled'), address), plain)
      t.equal(shopAddress(account('true'), intentIn('canceled'), address), complete)
    }
  })
})

/** Every row of `fixtures/payment-methods.json`, said once more: a new row there needs one here. */
interface Method {
  readonly name: string
  readonly currency: string
  readonly others: string[]
  readonly amounts: { readonly tooSmall: number, readonly least: number, readonly most: number, readonly tooLarge: number }
  readonly nextAction: object
  readonly phones: Readonly<Record<string, string | undefined>>
  /** What the test numbers begin with, as typed in and in the international form. */
  readonly testNumbers: readonly [string, string]
  /** Of a payment of 20,000: the amount of the refund, or why there is none. */
  readonly refunds: Readonly<Record<'full' | 'partial' | 'afterPartial' | 'afterFull' | 'afterFailed', number | string>>
}

const UNLIMITED = { tooSmall: 0, least: 1, most: 999_999_999_999, tooLarge: 1_000_000_000_000 }
const INDONESIAN: Method['phones'] = { '0812-3456-7890': '+6281234567890', '+62 812 3456 7890': '+6281234567890', '0212345678': no, '+639171234567': no }
const THAI: Method['phones'] = { '081-234-5678': '+66812345678', '+66 61 234 5678': '+66612345678', '0212345678': no, '08123456789': no, '+6281234567890': no }
const oneRefund = (name: string): Method['refunds'] => ({
  full: 20000,
  partial: 5000,
  afterPartial: `pi_1 has a refund already: ${name} takes one refund of a payment, full or partial.`,
  afterFull: `pi_1 has a refund already: ${name} takes one refund of a payment, full or partial.`,
  afterFailed: 20000
})
const noRefund = (name: string): Method['refunds'] => {
  const why = `${name} takes no refunds, so pi_1 cannot be refunded.`
  return { full: why, partial: why, afterPartial: why, afterFull: why, afterFailed: why }
}

const METHODS: Readonly<Record<string, Method>> = {
  dana: {
    name: 'DANA',
    currency: 'IDR',
    others: ['USD', 'PHP', 'THB'],
    amounts: { tooSmall: 99, least: 100, most: 300_000_000, tooLarge: 300_000_001 },
    nextAction: { type: 'redirect_to_url', dana_handle_redirect: { url: 'http://sandbox.test/v1/receives/dana/pay/pi_1' } },
    phones: INDONESIAN,
    testNumbers: ['08120000', '+628120000'],
    refunds: oneRefund('DANA')
  },
  gcash: {
    name: 'GCash',
    currency: 'PHP',
    others: ['USD', 'IDR', 'THB'],
    amounts: UNLIMITED,
    nextAction: { type: 'redirect_to_url', gcash_handle_redirect: { url: 'http://sandbox.test/v1/receives/gcash/pay/pi_1' } },
    phones: { '0917 123 4567': '+639171234567', '+63 917 123 4567': '+639171234567', '09171234': no, '08123456789': no, '+6281234567890': no },
    testNumbers: ['0917000', '+63917000'],
    refunds: oneRefund('GCash')
  },
  truemoney: {
    name: 'TrueMoney',
    currency: 'THB',
    others: ['USD', 'IDR', 'PHP'],
    amounts: { tooSmall: 0, least: 1, most: 700_000, tooLarge: 700_001 },
    nextAction: { type: 'redirect_to_url', truemoney_handle_redirect: { url: 'http://sandbox.test/v1/receives/truemoney/pay/pi_1' } },
    phones: THAI,
    testNumbers: ['081000', '+6681000'],
    refunds: oneRefund('TrueMoney')
  },
  ovo: {
    name: 'OVO',
    currency: 'IDR',
    others: ['USD', 'PHP', 'THB'],
    amounts: UNLIMITED,
    nextAction: { type: 'ovo_handle_redirect', ovo_handle_redirect: { url: 'http://sandbox.test/v1/receives/ovo/pay/pi_1' } },
    phones: INDONESIAN,
    testNumbers: ['08120000', '+628120000'],
    refunds: noRefund('OVO')
  },
  bank_transfer_id: {
    name: 'Bank transfer (Indonesia)',
    currency: 'IDR',
    others: ['USD', 'PHP', 'THB'],
    amounts: UNLIMITED,
    nextAction: {
      type: 'bank_transfer_id_handle_redirect',
      bank_transfer_id_handle_redirect: { url: 'http://sandbox.test/v1/receives/bank_transfer_id/pay/pi_1' }
    },
    phones: INDONESIAN,
    testNumbers: ['08120000', '+628120000'],
    refunds: noRefund('Bank transfer (Indonesia)')
  },
  promptpay: {
    name: 'PromptPay',
    currency: 'THB',
    others: ['USD', 'IDR', 'PHP'],
    amounts: UNLIMITED,
    nextAction: { type: 'promptpay_handle_redirect', promptpay_handle_redirect: { url: 'http://sandbox.test/v1/receives/promptpay/pay/pi_1' } },
    phones: THAI,
    testNumbers: ['081000', '+6681000'],
    refunds: { full: 20000, partial: 5000, afterPartial: 15000, afterFull: 'All of pi_1 is refunded already, or about to be.', afterFailed: 20000 }
  }
}

t.test('every payment method that ships keeps to its own rules', async t => {
  const fixture = JSON.parse(readFileSync(new URL('../fixtures/payment-methods.json', import.meta.url), 'utf8')) as object
  t.strictSame(Object.keys(METHODS), Object.keys(fixture), 'a new row of the fixture needs one in this table')

  for (const [method, { name, currency, others, amounts, nextAction, phones, testNumbers: [start, international] }] of Object.entries(METHODS)) {
    await t.test(method, async t => {
      const { tooSmall, least, most, tooLarge } = amounts
      const pay = (amount: number, more: object = {}) =>
        createIntent({ amount, currency, confirm: true, payment_method_data: { type: method }, return_url: 'https://shop.test', ...more }, around()).record.intent
      for (const amount of [least, most]) t.match(pay(amount), { amount, currency, status: 'requires_action', payment_method_types: [method] })
      refuses(t, () => pay(tooSmall), ['amount_too_small', 'amount', `The amount ${tooSmall} is too small; the least is ${least} ${currency} for ${name}.`])
      refuses(t, () => pay(tooLarge), ['amount_too_large', 'amount', `The amount ${tooLarge} is too large; the most is ${most} ${currency} for ${name}.`])
      for (const other of others) {
        refuses(t, () => pay(least, { currency: other }), ['currency_not_supported', 'currency', `${name} does not take ${other}; allowed: ${currency}.`])
      }
      refuses(t, () => pay(least, { capture_method: 'manual' }), ['capture_method_not_supported', 'capture_method',
        `${name} takes automatic capture only: the customer's payment is final at once, so capture_method "manual" is not possible.`])
      t.strictSame(pay(least).next_action, nextAction)

      const { phone: numbers } = rules.get(method, 'method')
      for (const [typed, expected] of Object.entries(phones)) {
        t.equal(normalizePhone(typed, numbers), expected, typed)
        t.match(enter(newVisit('pi_1', 1), { kind: 'phone', phone: typed }, { numbers }), expected === undefined ? { step: 'phone', notice: 'phone' } : { step: 'pin' })
      }
      for (const customer of testCustomers) {
        const number = `${start}${customer.ends_with}`
        t.equal(testNumber(customer, numbers), number)
        t.equal(normalizePhone(number, numbers), `${international}${customer.ends_with}`)
        t.equal(customerOf(`${international}${customer.ends_with}`).outcome, customer.outcome)
      }
    })
  }
})

t.test('a documented payment method that this sandbox does not have is refused by its name', async t => {
  const missing = [
    'card', 'alipayplus', 'alipay', 'wechat_pay', 'sepa_debit', 'alipay_hk', 'boost', 'kakaopay', 'touchngo', 'rabbit_line_pay', 'klarna', 'ideal', 'giropay',
    'sofort', 'eps', 'trustly', 'bancontact', 'p24', 'unionpay', 'fpx', 'mcash', 'grabpay', 'qris', 'shopeepay', 'upi', 'boleto', 'paynow', 'pix', '9pay',
    'stitch', 'bpi'
  ]
  t.equal(new Set([...missing, ...Object.keys(METHODS)]).size, 37, 'with those that it has, the whole documented list')
  for (const type of missing) {
    const message = `This sandbox does not have the payment method "${type}"; it has: dana, gcash, truemoney, ovo, bank_transfer_id, promptpay.`
    const money = { amount: 20000, currency: 'IDR' }
    refuses(t, () => createIntent({ ...money, payment_method_data: { type } }, around()), ['payment_method_not_supported', 'payment_method_data[type]', message])
    refuses(t, () => createIntent({ ...money, payment_method_types: ['dana', type] }, around()),
      ['payment_method_not_supported', 'payment_method_types', message])
  }
})

/** The charge of a payment of 20,000. */
function chargeIn (currency: string, refunded = 0): Charge {
  return Object.freeze({
    id: 'ch_1',
    object: 'charge',
    ...BASICS,
    currency,
    amount: 20000,
    amount_captured: 20000,
    amount_refunded: refunded,
    status: 'succeeded',
    captured: true,
    paid: true,
    refunded: refunded === 20000,
    payment_intent: 'pi_1',
    payment_method: 'pm_1',
    payment_method_details: { type: 'dana' }
  })
}

const SYNC = readSettings(switchTable, {})
const ASYNC = readSettings(switchTable, { REFUND_MODE: 'async', REFUND_DELAY_MS: '7000' })

function refund (rule: PaymentMethodRule, charge: Charge, parameters: Partial<RefundParameters> = {}, switches = SYNC): refunds.Decision {
  const { intent } = intentIn('succeeded', false)
  return refunds.create({ payment_intent: 'pi_1', ...parameters }, { intent, charge, rule }, { id: 're_1', now: NOW, switches })
}

t.test('a refund', async t => {
  t.test('keeps to the rules of every payment method, whether it succeeds at once or later', async t => {
    for (const [method, { currency, refunds: expected }] of Object.entries(METHODS)) {
      const rule = rules.get(method, 'method')
      const fresh = chargeIn(currency)
      const pending: RefundRecord = { id: 're_0', refund: { ...refund(DANA, fresh, { amount: 5000 }, ASYNC).record.refund, id: 're_0' } }
      const CASES: Record<keyof Method['refunds'], [Charge, Partial<RefundParameters>, before: number]> = {
        full: [fresh, {}, 0],
        partial: [fresh, { amount: 5000 }, 0],
        afterPartial: [chargeIn(currency, 5000), {}, 5000],
        afterFull: [chargeIn(currency, 20000), {}, 20000],
        afterFailed: [refunds.fail(pending, chargeIn(currency, 5000), 'unknown').charge, {}, 0]
      }
      for (const name of ['full', 'partial', 'afterPartial', 'afterFull', 'afterFailed'] as const) {
        const [charge, parameters, before] = CASES[name]
        const amount = expected[name]
        for (const [switches, status] of [[SYNC, 'succeeded'], [ASYNC, 'pending']] as const) {
          const decide = () => refund(rule, charge, parameters, switches)
          if (typeof amount === 'string') {
            refuses(t, decide, ['refund_not_allowed', undefined, amount], `${method}, ${name}: ${amount}`)
            continue
          }
          const decision = decide()
          t.match(decision.record.refund, { amount, currency, status }, `${method}, ${name}`)
          t.strictSame(decision.charge, { ...charge, amount_refunded: before + amount, refunded: before + amount === 20000 })
        }
      }
    }
  })

  t.test('keeps to rules that no method has yet', async t => {
    const whole: PaymentMethodRule = { ...DANA, name: 'Wholepay', partial_refund: false }
    t.equal(refund(whole, chargeIn('IDR'), { amount: 20000 }).record.refund.amount, 20000)
    refuses(t, () => refund(whole, chargeIn('IDR'), { amount: 19999 }),
      ['refund_not_allowed', undefined, 'Wholepay takes no partial refunds: 19999 IDR are less than the 20000 of pi_1.'])
    const several: PaymentMethodRule = { ...DANA, several_partial_refunds: true }
    t.strictSame(refund(several, chargeIn('IDR', 5000), { amount: 15000 }).charge, chargeIn('IDR', 20000))
    const unknown: PaymentMethodRule = { ...DANA, refund: null, partial_refund: null, several_partial_refunds: null }
    t.equal(refund(unknown, chargeIn('IDR', 5000), { amount: 1 }).charge.amount_refunded, 5001, 'what is not documented is not checked')
  })

  t.test('that fails leaves the others counted', async t => {
    const rule = rules.get('promptpay', 'method')
    const first = refund(rule, chargeIn('THB'), { amount: 5000 }, ASYNC)
    const second = refund(rule, first.charge, {}, ASYNC)
    t.strictSame(second.charge, chargeIn('THB', 20000))
    t.strictSame(refunds.fail(first.record, second.charge, 'unknown').charge, chargeIn('THB', 15000))
    t.strictSame(refunds.fail(second.record, second.charge, 'unknown').charge, chargeIn('THB', 5000))
  })

  t.test('takes an amount up to what is left, as a number or as text', async t => {
    const more = (amount: number, left: number): Refusal =>
      ['amount_too_large', 'amount', `The amount ${amount} is too large; the most is the ${left} THB that are left of pi_1.`]
    const small = (amount: number): Refusal => ['amount_too_small', 'amount', `The amount ${amount} is too small; the least is 1.`]
    const none = (amount: string): Refusal =>
      ['parameter_invalid', 'amount', `Invalid amount: "${amount}" is not a whole number of the currency's smallest unit.`]
    const rows: Array<[RefundParameters['amount'], already: number, number | Refusal]> = [
      [no, 0, 20000], [1, 0, 1], [5000, 0, 5000], ['5000', 0, 5000], [20000, 0, 20000], ['20000', 0, 20000],
      [no, 5000, 15000], [15000, 5000, 15000], [1, 19999, 1],
      [0, 0, small(0)], ['0', 0, small(0)], [-1, 0, small(-1)], ['-1', 0, small(-1)],
      ['5.5', 0, none('5.5')], ['x', 0, none('x')], ['', 0, none('')],
      [20001, 0, more(20001, 20000)], ['20001', 0, more(20001, 20000)], [15001, 5000, more(15001, 15000)], [2, 19999, more(2, 1)],
      [1_000_000_000_000, 0, ['amount_too_large', 'amount', 'The amount 1000000000000 is too large; the most is 999999999999.']]
    ]
    const rule = rules.get('promptpay', 'method')
    for (const [amount, already, expected] of rows) {
      const parameters = amount === undefined ? {} : { amount }
      becomes(t, () => refund(rule, chargeIn('THB', already), parameters).record.refund.amount, expected, `${JSON.stringify(amount)} after ${already}`)
    }
  })

  t.test('gives back at most what was captured', async t => {
    const captured: Charge = { ...chargeIn('IDR'), amount_captured: 5000 }
    t.strictSame(refund(DANA, captured).charge, { ...captured, amount_refunded: 5000, refunded: true })
    refuses(t, () => refund(DANA, captured, { amount: 5001 }),
      ['amount_too_large', 'amount', 'The amount 5001 is too large; the most is the 5000 IDR that are left of pi_1.'])
  })

  t.test('is answered with its keys in order, and tells the shop once it is settled', async t => {
    const parameters = { metadata: { case: 3 }, reason: 'requested_by_customer', amount: '5000' } as const
    const done = refund(DANA, chargeIn('IDR'), parameters)
    t.equal(JSON.stringify(done.record.refund), '{"id":"re_1","object":"refund","amount":5000,"created":1688455825000,"currency":"IDR",' +
      '"metadata":{"case":"3"},"payment_intent":"pi_1","reason":"requested_by_customer","status":"succeeded"}')
    t.strictSame(done.record, { id: 're_1', refund: done.record.refund })
    t.strictSame(done.raise, [{ type: 'charge.refund.updated', object: done.record.refund }])

    const begun = refund(DANA, chargeIn('IDR'), {}, ASYNC)
    t.equal(JSON.stringify(begun.record), '{"id":"re_1","refund":{"id":"re_1","object":"refund","amount":20000,"created":1688455825000,"currency":"IDR",' +
      '"metadata":{},"payment_intent":"pi_1","status":"pending"},"settles_at_ms":1688455831918}')
    t.strictSame(begun.raise, [])
    t.strictSame(refundDefinition.due?.(begun.record), { at: 1688455831918, what: 'refund.settle' })
  })

  t.test('follows every trigger from every status as the contract says, or is refused with the status', async t => {
    t.strictSame(REFUND_STATUSES, ['pending', 'succeeded', 'failed'])
    const MACHINE: Record<RefundStatus, Record<RefundTrigger, RefundStatus | undefined>> = {
      pending: { settle: 'succeeded', fail: 'failed' },
      succeeded: { settle: no, fail: no },
      failed: { settle: no, fail: no }
    }
    for (const status of REFUND_STATUSES) {
      for (const [trigger, participle] of [['settle', 'settled'], ['fail', 'failed']] as const) {
        const begun = refund(DANA, chargeIn('IDR'), { amount: 5000 }, ASYNC)
        const record: RefundRecord = Object.freeze({ ...begun.record, refund: Object.freeze({ ...begun.record.refund, status }) })
        const decide = () => trigger === 'settle' ? refunds.settle(record, begun.charge) : refunds.fail(record, begun.charge, 'expired_or_canceled_card')
        const next = MACHINE[status][trigger]
        t.equal(step(refundTransitions, status, trigger), next, `${status} × ${trigger}`)
        if (next === undefined) {
          refuses(t, decide, ['refund_unexpected_state', undefined,
            `Refund re_1 has the status ${status}; it can be ${participle} only while that is one of: pending.`])
          continue
        }
        const ended = decide()
        t.strictSame(ended.record, {
          id: 're_1', refund: { ...record.refund, status: next, ...(trigger === 'fail' && { failure_reason: 'expired_or_canceled_card' }) }
        })
        t.equal(refundDefinition.due?.(ended.record), undefined, 'nothing is due any more')
        t.strictSame(ended.raise, [{ type: 'charge.refund.updated', object: ended.record.refund }])
        t.strictSame(ended.charge, chargeIn('IDR', trigger === 'settle' ? 5000 : 0))
      }
    }
  })
})

t.test('a charge', async t => {
  const { intent } = intentIn('succeeded', false)
  const method = { id: 'pm_1', object: 'payment_method', ...BASICS, type: 'dana' } as const

  t.test('has what its PaymentIntent brought, with its keys in order', async t => {
    t.equal(JSON.stringify(chargeOf('ch_1', { ...intent, amount_received: 20000 }, method, NOW)),
      '{"id":"ch_1","object":"charge","created":1688455825000,"livemode":false,"currency":"IDR","amount":20000,"amount_captured":20000,' +
      '"amount_refunded":0,"status":"succeeded","captured":true,"paid":true,"refunded":false,"payment_intent":"pi_1","payment_method":"pm_1",' +
      '"payment_method_details":{"type":"dana"}}')
    const full = chargeOf('ch_1', {
      ...intent, amount_received: 5000, customer: 'cus_1', description: 'Fruit', metadata: { a: '1' }
    }, { ...method, billing_details: { name: 'Siti' } }, NOW)
    t.strictSame(Object.keys(asJson(full)).slice(-4), ['billing_details', 'customer', 'description', 'metadata'])
    t.match(full, {
      amount: 20000, amount_captured: 5000, billing_details: { name: 'Siti' }, customer: 'cus_1', description: 'Fruit', metadata: { a: '1' }
    })
  })

  t.test('is refunded when all that was captured went back', async t => {
    const rows: Array<[captured: number, refunded: number, boolean]> = [
      [20000, 0, false], [20000, 1, false], [20000, 19999, false], [20000, 20000, true], [5000, 4999, false], [5000, 5000, true]
    ]
    for (const [captured, refunded, isRefunded] of rows) {
      const before: Charge = { ...chargeIn('IDR'), amount_captured: captured }
      t.strictSame(withRefunds(before, refunded), { ...before, amount_refunded: refunded, refunded: isRefunded })
    }
    t.strictSame(withRefunds(chargeIn('IDR', 20000), 0), chargeIn('IDR'), 'and no longer when that failed')
  })
})

/** What an update does to metadata that was there. */
const METADATA: Array<[Record<string, string | number | boolean>, Record<string, string>]> = [
  [{}, { a: '1', b: '2' }],
  [{ b: 3, c: true }, { a: '1', b: '3', c: 'true' }],
  [{ a: '' }, { b: '2' }],
  [{ a: '', b: '', none: '' }, {}]
]

t.test('a product', async t => {
  const before: Product = Object.freeze({ ...PEAR, description: 'Green', metadata: { a: '1', b: '2' } })

  t.test('is made with its keys in order', async t => {
    t.equal(JSON.stringify(products.create({ name: 'pear' }, 'prod_1', NOW)),
      '{"id":"prod_1","object":"product","created":1688455825000,"livemode":false,"active":true,"name":"pear","updated":1688455825000}')
    t.equal(JSON.stringify(products.create({
      url: 'https://shop.test/pear', images: ['a.png'], metadata: { a: 1, b: '' }, description: 'Green', active: 'false', name: 'pear', id: 'prod_2'
    }, 'prod_1', NOW)), '{"id":"prod_1","object":"product","created":1688455825000,"livemode":false,"active":false,"description":"Green",' +
      '"metadata":{"a":"1","b":""},"name":"pear","updated":1688455825000,"images":["a.png"],"url":"https://shop.test/pear"}')
    for (const [active, expected] of [[true, true], ['true', true], [false, false], ['false', false]] as const) {
      t.equal(products.create({ name: 'pear', active }, 'prod_1', NOW).active, expected)
    }
  })

  t.test('is updated in what is given only', async t => {
    const rows: Array<[Parameters<typeof products.update>[1], object]> = [
      [{}, {}],
      [{ name: 'plum' }, { name: 'plum' }],
      [{ description: '' }, { description: '' }],
      [{ active: 'false' }, { active: false }],
      [{ active: false }, { active: false }],
      [{ images: ['b.png'] }, { images: ['b.png'] }],
      [{ url: 'https://shop.test' }, { url: 'https://shop.test' }],
      ...METADATA.map(([metadata, after]) => [{ metadata }, { metadata: after }] as [object, object])
    ]
    for (const [parameters, changes] of rows) {
      t.strictSame(asJson(products.update(before, parameters, LATER)), { ...before, updated: AT_LATER, ...changes }, JSON.stringify(parameters))
    }
    t.equal(products.update({ ...before, active: false }, { name: 'plum' }, LATER).active, false)
    t.strictSame(products.update(PEAR, { metadata: { a: 1 } }, LATER).metadata, { a: '1' })
  })

  t.test('keeps values of its metadata that an update does not name, empty ones too', async t => {
    const kept = products.create({ name: 'pear', metadata: { note: '', a: 1 } }, 'prod_1', NOW)
    t.strictSame(products.update(kept, { metadata: { b: 2 } }, LATER).metadata, { note: '', a: '1', b: '2' })
  })
})

t.test('a price', async t => {
  const make = (parameters: Partial<PriceParameters> = {}, data: Partial<PriceParameters> = { product_data: { name: 'pear' } }) =>
    prices.create({ currency: 'IDR', unit_amount: 700, ...data, ...parameters }, around(), name => name)
  const show = ({ record, product }: prices.PriceDecision): string => JSON.stringify(prices.withProduct(record, product))

  t.test('is made with its product inside, its keys in order', async t => {
    const made = make({ currency: 'idr', unit_amount: '700' })
    t.equal(show(made), '{"id":"price_1","object":"price","created":1688455825000,"livemode":false,"active":true,"currency":"IDR",' +
      '"product":{"id":"prod_1","object":"product","created":1688455825000,"livemode":false,"active":true,"name":"pear","updated":1688455825000},' +
      '"type":"one_time","unit_amount":700,"billing_scheme":"per_unit"}')
    t.strictSame([made.record.product, made.isNewProduct, 'product' in asJson(made.record.price)], ['prod_1', true, false])
    t.strictSame(prices.operationsOf(made).length, 2)

    const saved = make({
      lookup_key: 'key', recurring: { interval: 'month', interval_count: 2 }, nickname: 'Pears', metadata: { a: 1 }, active: 'false', billing_scheme: 'any'
    }, { product: 'prod_pear' })
    t.strictSame(Object.keys(JSON.parse(show(saved)) as object), [
      'id', 'object', 'created', 'livemode', 'active', 'currency', 'metadata', 'nickname', 'product', 'type', 'recurring', 'unit_amount', 'billing_scheme',
      'lookup_key'
    ])
    t.match(saved.record, {
      price: {
        active: false,
        metadata: { a: '1' },
        nickname: 'Pears',
        type: 'recurring',
        recurring: { interval: 'month', interval_count: 2 },
        billing_scheme: 'per_unit',
        lookup_key: 'key'
      },
      product: 'prod_pear'
    })
    t.equal(saved.product, PEAR)
    t.equal(saved.isNewProduct, false)
    t.equal(prices.operationsOf(saved).length, 1, 'the product is not written again')
    t.equal(make({ unit_amount: 0 }).record.price.unit_amount, 0, '0 is free')
  })

  t.test('is refused by the parameter that is wrong', async t => {
    const rows: Array<[Partial<PriceParameters>, Refusal]> = [
      [{ billing_scheme: 'tiered' }, ['parameter_invalid', 'billing_scheme',
        'Invalid billing_scheme: "tiered" is not possible here; the sandbox has per_unit only.']],
      [{ product: 'prod_pear', product_data: { name: 'pear' } }, ['parameter_invalid', 'product',
        'Invalid product: "prod_pear" cannot be combined with product_data.']],
      [{ product: 'prod_none' }, ['resource_missing', 'product', 'No such product: "prod_none".']],
      [{}, ['parameter_missing', 'product_data', 'Missing required parameter: product_data. Or name a product by its id in product.']],
      [{ currency: 'XYZ' }, ['parameter_invalid', 'currency', 'Invalid currency: "XYZ" is not a currency of ISO 4217, such as IDR.']],
      [{ unit_amount: -1 }, ['amount_too_small', 'unit_amount', 'The unit_amount -1 is too small; the least is 0.']],
      [{ unit_amount: 'x' }, ['parameter_invalid', 'unit_amount',
        'Invalid unit_amount: "x" is not a whole number of the currency\'s smallest unit.']],
      [{ unit_amount: '1000000000000' }, ['amount_too_large', 'unit_amount', 'The unit_amount 1000000000000 is too large; the most is 999999999999.']]
    ]
    for (const [parameters, refusal] of rows) refuses(t, () => make(parameters, {}), refusal)
  })

  const { record } = make({ metadata: { a: 1, b: 2 }, nickname: 'Pears' })

  t.test('is updated in what is given only', async t => {
    const rows: Array<[Parameters<typeof prices.update>[1], object]> = [
      [{}, {}],
      [{ active: 'false' }, { active: false }],
      [{ active: false }, { active: false }],
      [{ nickname: 'Fruit' }, { nickname: 'Fruit' }],
      [{ lookup_key: 'key' }, { lookup_key: 'key' }],
      ...METADATA.map(([metadata, after]) => [{ metadata }, { metadata: after }] as [object, object])
    ]
    for (const [parameters, changes] of rows) {
      t.strictSame(prices.update(record, parameters), { ...record, price: { ...record.price, ...changes } }, JSON.stringify(parameters))
    }
    const idle = prices.update(record, { active: 'false' })
    t.equal(prices.update(idle, { nickname: 'Fruit' }).price.active, false)
    t.equal(prices.update(idle, { active: 'true' }).price.active, true)
  })

  t.test('shows its product as that now is', async t => {
    t.equal(prices.withProduct(record, { ...PEAR, name: 'plum' }).product.name, 'plum')
  })
})

t.test('a customer', async t => {
  const before: Customer = Object.freeze({ ...SITI, name: 'Siti', metadata: { a: '1', b: '2' } })

  t.test('is made with its keys in order, and prints an empty address', async t => {
    const made = { id: 'cus_1', now: NOW }
    t.equal(JSON.stringify(customers.create({ email: 'siti@shop.test' }, made)),
      '{"id":"cus_1","object":"customer","created":1688455825000,"livemode":false,"address":{},"email":"siti@shop.test"}')
    t.equal(JSON.stringify(customers.create({
      shipping: { name: 'Budi' },
      metadata: { a: 1 },
      description: 'Regular',
      phone: '0812',
      name: 'Siti',
      email: 'siti@shop.test',
      address: { city: 'Jakarta' },
      payment_method: 'pm_1'
    }, made)), '{"id":"cus_1","object":"customer","created":1688455825000,"livemode":false,"address":{"city":"Jakarta"},"email":"siti@shop.test",' +
      '"name":"Siti","phone":"0812","description":"Regular","metadata":{"a":"1"},"shipping":{"name":"Budi"}}')
  })

  t.test('is updated in what is given only', async t => {
    const rows: Array<[Parameters<typeof customers.update>[1], object]> = [
      [{}, {}],
      [{ name: 'Budi' }, { name: 'Budi' }],
      [{ email: 'budi@shop.test' }, { email: 'budi@shop.test' }],
      [{ phone: '0812' }, { phone: '0812' }],
      [{ description: 'Regular' }, { description: 'Regular' }],
      [{ address: { city: 'Jakarta' } }, { address: { city: 'Jakarta' } }],
      [{ shipping: { name: 'Budi' } }, { shipping: { name: 'Budi' } }],
      [{ payment_method: 'pm_1' }, {}],
      ...METADATA.map(([metadata, after]) => [{ metadata }, { metadata: after }] as [object, object])
    ]
    for (const [parameters, changes] of rows) t.strictSame(asJson(customers.update(before, parameters)), { ...before, ...changes }, JSON.stringify(parameters))
  })
})

t.test('a payment method', async t => {
  const free = methods.newPaymentMethod({ type: 'dana' }, 'pm_1', NOW)

  t.test('is made with its keys in order, and belongs to nobody', async t => {
    t.equal(JSON.stringify(free), '{"id":"pm_1","object":"payment_method","created":1688455825000,"livemode":false,"type":"dana"}')
    t.equal(JSON.stringify(methods.newPaymentMethod({ billing_details: { name: 'Siti' }, metadata: { a: 1 }, type: 'dana' }, 'pm_1', NOW)),
      '{"id":"pm_1","object":"payment_method","created":1688455825000,"metadata":{"a":"1"},"livemode":false,"billing_details":{"name":"Siti"},"type":"dana"}')
  })

  t.test('is updated in what is given only', async t => {
    const before = methods.newPaymentMethod({ type: 'dana', metadata: { a: 1, b: 2 }, billing_details: { name: 'Siti' } }, 'pm_1', NOW)
    const rows: Array<[Parameters<typeof methods.update>[1], object]> = [
      [{}, {}],
      [{ billing_details: { email: 'siti@shop.test' } }, { billing_details: { email: 'siti@shop.test' } }],
      ...METADATA.map(([metadata, after]) => [{ metadata }, { metadata: after }] as [object, object])
    ]
    for (const [parameters, changes] of rows) t.strictSame(methods.update(before, parameters), { ...before, ...changes }, JSON.stringify(parameters))
  })

  t.test('is attached to one customer at a time, and detached from the one it has', async t => {
    const owned = customers.attach(free, 'cus_1')
    t.equal(JSON.stringify(owned), '{"id":"pm_1","object":"payment_method","created":1688455825000,"customer":"cus_1","livemode":false,"type":"dana"}')
    t.strictSame(customers.attach(owned, 'cus_1'), owned, 'twice is once')
    refuses(t, () => customers.attach(owned, 'cus_2'), ['payment_method_unexpected_state', undefined,
      'The payment method pm_1 is attached to cus_1; detach it before it is attached to cus_2.'])
    t.strictSame(customers.detach(owned), free)
    refuses(t, () => customers.detach(free), ['payment_method_unexpected_state', undefined,
      'The payment method pm_1 is attached to no customer, so it cannot be detached.'])
    t.equal(customers.attach(customers.detach(owned), 'cus_2').customer, 'cus_2')
  })
})

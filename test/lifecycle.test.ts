import t, { type Test } from 'tap'
import { ApiError } from '../src/core/errors.ts'
import type { IdPrefix } from '../src/core/ids.ts'
import { step } from '../src/core/state-machine.ts'
import type { Decision, Outcome, Surroundings } from '../src/wooshpay/payment-intents/decision.ts'
import { cancel, capture, confirm, create, finish, LAPSED, update } from '../src/wooshpay/payment-intents/lifecycle.ts'
import {
  PAYMENT_INTENT_STATUSES, type CreateParameters, type PaymentIntentRecord, type PaymentIntentStatus
} from '../src/wooshpay/payment-intents/schema.ts'
import { searchKeys } from '../src/wooshpay/payment-intents/search.ts'
import { PAYMENT_INTENT_TRIGGERS, paymentIntentTransitions, type PaymentIntentTrigger } from '../src/wooshpay/payment-intents/transitions.ts'
import { PaymentMethodRules, readPaymentMethodRules, type PaymentMethodRule } from '../src/wooshpay/payment-methods/rules.ts'
import type { PaymentMethod } from '../src/wooshpay/payment-methods/schema.ts'
import * as endpoints from '../src/wooshpay/webhook-endpoints/lifecycle.ts'
import { asJson } from './support/as-json.ts'
import { DOCUMENTED_REQUEST, startSandbox } from './support/sandbox.ts'

const NOW = 1681356962654

/** Methods that no documentation has: one that can capture manually, and one of another currency. */
const HOLD: PaymentMethodRule = {
  name: 'Holdpay',
  currency: 'IDR',
  settlement_currency: null,
  minimum_amount: null,
  maximum_amount: null,
  manual_capture: true,
  refund: null,
  partial_refund: null,
  several_partial_refunds: null,
  chargeback: null,
  next_action: 'redirect_to_url',
  phone: { country_code: '62', mobile: '8\\d{7,11}', test_numbers: '08120000' }
}
const PESO: PaymentMethodRule = { ...HOLD, name: 'Pesopay', currency: 'PHP', manual_capture: false }
const DANA: PaymentMethodRule = {
  ...HOLD, name: 'DANA', minimum_amount: 100, maximum_amount: 300000000, manual_capture: false
}
const danaAlone = new PaymentMethodRules({ dana: readPaymentMethodRules().get('dana', 'method') })
const threeRules = new PaymentMethodRules({ dana: DANA, hold: HOLD, peso: PESO })

const SAVED: Readonly<Record<string, PaymentMethod>> = {
  pm_dana: { id: 'pm_dana', object: 'payment_method', created: 1681356000000, livemode: false, type: 'dana' },
  pm_hold: { id: 'pm_hold', object: 'payment_method', created: 1681356000000, livemode: false, type: 'hold' }
}

function around (changes: Partial<Surroundings> = {}): Surroundings {
  const made: Partial<Record<IdPrefix, number>> = {}
  return {
    now: NOW,
    newId: prefix => {
      made[prefix] = (made[prefix] ?? 0) + 1
      return `${prefix}_${made[prefix]}`
    },
    newClientSecret: id => `${id}_secret_s`,
    rules: danaAlone,
    savedMethod: id => SAVED[id],
    customer: id => id === 'cus_1' ? { id, object: 'customer', created: 1681356000000, livemode: false, address: {} } : undefined,
    publicUrl: 'http://sandbox.test',
    ...changes
  }
}

/** What a refusal says, or undefined where there is none. */
function refusalOf (decide: () => unknown): ApiError | undefined {
  try {
    decide()
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  return undefined
}

function refuses (t: Test, decide: () => unknown, code: string, param: string | undefined, message: string | RegExp): void {
  const refusal = refusalOf(decide)
  t.match(refusal, { status: 400, code }, `${code}: ${message}`)
  t.equal(refusal?.param, param)
  if (typeof message === 'string') t.equal(refusal?.message, message)
  else t.match(refusal?.message, message)
}

const paid: Outcome = { kind: 'paid' }
const failed: Outcome = { kind: 'failed', failure: { code: 'payment_method_declined', decline_code: 'insufficient_funds', message: 'No money.' } }
const slow: Outcome = { kind: 'processing', delayMs: 5000 }

/** An intent in a status, with all that could be there; frozen, so that no decision can write into it. */
function recordIn (status: PaymentIntentStatus, captureMethod: 'automatic' | 'manual' = 'manual'): PaymentIntentRecord {
  return Object.freeze({
    id: 'pi_9',
    attempt: 1,
    method: 'hold',
    ...(status === 'requires_action' && { lapses_at_ms: NOW + 1000 }),
    ...(status === 'processing' && { settles: { at_ms: NOW + 1000 } }),
    intent: Object.freeze({
      id: 'pi_9',
      object: 'payment_intent',
      created: 1681356000000,
      currency: 'IDR',
      amount: 20000,
      status,
      livemode: false,
      client_secret: 'pi_9_secret_s',
      ...(status === 'requires_action' && { next_action: { type: 'redirect_to_url', hold_handle_redirect: { url: 'http://old' } } }),
      payment_method_types: Object.freeze(['hold']) as string[],
      confirmation_method: 'automatic',
      return_url: 'https://shop.test/back',
      payment_method: 'pm_hold',
      capture_method: captureMethod
    } as const)
  })
}

type Row = Record<PaymentIntentTrigger, PaymentIntentStatus | undefined>
const no = undefined

/** The whole state machine, as the contract describes it. */
const MACHINE: Record<PaymentIntentStatus, Row> = {
  requires_payment_method: {
    update: 'requires_payment_method', confirm: 'requires_action', process: no, pay: no, authorize: no, fail: no, capture: no, cancel: 'canceled'
  },
  requires_confirmation: {
    update: 'requires_confirmation', confirm: 'requires_action', process: no, pay: no, authorize: no, fail: no, capture: no, cancel: 'canceled'
  },
  requires_action: {
    update: 'requires_action',
    confirm: 'requires_action',
    process: 'processing',
    pay: 'succeeded',
    authorize: 'requires_capture',
    fail: 'requires_payment_method',
    capture: no,
    cancel: 'canceled'
  },
  processing: {
    update: 'processing', confirm: no, process: no, pay: 'succeeded', authorize: 'requires_capture', fail: 'requires_payment_method', capture: no, cancel: no
  },
  requires_capture: {
    update: 'requires_capture', confirm: no, process: no, pay: no, authorize: no, fail: no, capture: 'succeeded', cancel: 'canceled'
  },
  succeeded: { update: no, confirm: no, process: no, pay: no, authorize: no, fail: no, capture: no, cancel: no },
  canceled: { update: no, confirm: no, process: no, pay: no, authorize: no, fail: no, capture: no, cancel: no }
}

t.test('every trigger leads every status where the contract says, or is refused', async t => {
  t.same(PAYMENT_INTENT_STATUSES, [
    'requires_payment_method', 'requires_confirmation', 'requires_action', 'processing', 'requires_capture', 'succeeded', 'canceled'
  ])
  t.same(PAYMENT_INTENT_TRIGGERS, ['update', 'confirm', 'process', 'pay', 'authorize', 'fail', 'capture', 'cancel'])
  for (const status of PAYMENT_INTENT_STATUSES) {
    for (const trigger of PAYMENT_INTENT_TRIGGERS) {
      t.equal(step(paymentIntentTransitions, status, trigger), MACHINE[status][trigger], `${status} × ${trigger}`)
    }
  }
})

t.test('final statuses lead nowhere, and every status is reached from creation', async t => {
  t.same(paymentIntentTransitions.succeeded, {})
  t.same(paymentIntentTransitions.canceled, {})

  const reached = new Set<PaymentIntentStatus>(['requires_payment_method', 'requires_confirmation'])
  for (const status of reached) {
    for (const next of Object.values(paymentIntentTransitions[status])) reached.add(next)
  }
  t.same([...reached].toSorted(), [
    'canceled', 'processing', 'requires_action', 'requires_capture', 'requires_confirmation', 'requires_payment_method', 'succeeded'
  ])
})

t.test('every call in every status does what the state machine says, raises its event, or changes nothing and names the status', async t => {
  const rules = threeRules
  interface Call {
    readonly run: (record: PaymentIntentRecord) => Decision
    readonly raises: string[]
    readonly participle: string
    readonly from: string
  }
  const calls: Record<PaymentIntentTrigger, Call> = {
    update: {
      run: record => update(record, { description: 'new' }, around({ rules })),
      raises: [],
      participle: 'updated',
      from: 'requires_payment_method, requires_confirmation, requires_action, processing, requires_capture'
    },
    confirm: {
      run: record => confirm(record, {}, around({ rules })),
      raises: ['payment_intent.requires_action'],
      participle: 'confirmed',
      from: 'requires_payment_method, requires_confirmation, requires_action'
    },
    process: {
      run: record => finish(record, slow, around({ rules })),
      raises: ['payment_intent.processing'],
      participle: 'paid',
      from: 'requires_action'
    },
    pay: {
      run: record => finish({ ...record, intent: { ...record.intent, capture_method: 'automatic' } }, paid, around({ rules })),
      raises: ['payment_intent.succeeded'],
      participle: 'paid',
      from: 'requires_action, processing'
    },
    authorize: {
      run: record => finish(record, paid, around({ rules })),
      raises: [],
      participle: 'paid',
      from: 'requires_action, processing'
    },
    fail: {
      run: record => finish(record, failed, around({ rules })),
      raises: ['payment_intent.payment_failed'],
      participle: 'declined',
      from: 'requires_action, processing'
    },
    capture: {
      run: record => capture(record, {}, around({ rules })),
      raises: ['payment_intent.succeeded'],
      participle: 'captured',
      from: 'requires_capture'
    },
    cancel: {
      run: record => cancel(record, {}, around({ rules })),
      raises: ['payment_intent.canceled'],
      participle: 'cancelled',
      from: 'requires_payment_method, requires_confirmation, requires_action, requires_capture'
    }
  }
  for (const status of PAYMENT_INTENT_STATUSES) {
    for (const trigger of PAYMENT_INTENT_TRIGGERS) {
      const { run, raises, participle, from } = calls[trigger]
      const next = MACHINE[status][trigger]
      const record = recordIn(status)
      const before = JSON.stringify(record)
      if (next === undefined) {
        t.match(refusalOf(() => run(record)), {
          status: 400,
          code: 'payment_intent_unexpected_state',
          message: `PaymentIntent pi_9 has the status ${status}; it can be ${participle} only while that is one of: ${from}.`
        }, `${status} × ${trigger} is refused`)
      } else {
        const decision = run(record)
        t.equal(decision.record.intent.status, next, `${status} × ${trigger}`)
        t.same(decision.raise.map(({ type }) => type), raises)
        for (const { object } of decision.raise) t.equal(object, decision.record.intent, 'the event has the object as it is then')
      }
      t.equal(JSON.stringify(record), before, 'what was there before stays as it was')
    }
  }
})

t.test('a refused call leaves object and events of a running sandbox as they were', async t => {
  const sandbox = await startSandbox(t)
  const { body: { id } } = await sandbox.call('POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
  await sandbox.call('POST', `/v1/payment_intents/${id}/cancel`)
  const { text: intent } = await sandbox.call('GET', `/v1/payment_intents/${id}`)
  const { text: events } = await sandbox.call('GET', '/v1/events')

  for (const [path, body] of [['/confirm', {}], ['/cancel', {}], ['/capture', {}], ['', { description: 'new' }]] as const) {
    const refused = await sandbox.call('POST', `/v1/payment_intents/${id}${path}`, body)
    t.equal(refused.status, 400)
    t.equal(refused.body.error.code, 'payment_intent_unexpected_state')
    t.match(refused.body.message, 'has the status canceled')
  }
  t.equal((await sandbox.call('GET', `/v1/payment_intents/${id}`)).text, intent)
  t.equal((await sandbox.call('GET', '/v1/events')).text, events)
})

t.test('create', async t => {
  const request: CreateParameters = { amount: 20000, currency: 'IDR' }

  t.test('answers the documented request as documented, to the order of the keys', async t => {
    const ids: Partial<Record<IdPrefix, string>> = { pi: 'pi_1646356544343769088', pm: 'pm_1646356544205357056' }
    const { record, paymentMethod, raise } = create(JSON.parse(DOCUMENTED_REQUEST) as CreateParameters, around({
      newId: prefix => ids[prefix] ?? '', newClientSecret: id => `${id}_secret_m58mCj87dL3cj5JiUOtbdx2e`
    }))
    t.equal(JSON.stringify(record.intent, undefined, 4), `{
    "id": "pi_1646356544343769088",
    "object": "payment_intent",
    "created": 1681356963000,
    "currency": "IDR",
    "amount": 100,
    "status": "requires_action",
    "livemode": false,
    "client_secret": "pi_1646356544343769088_secret_m58mCj87dL3cj5JiUOtbdx2e",
    "next_action": {
        "type": "redirect_to_url",
        "dana_handle_redirect": {
            "url": "http://sandbox.test/v1/receives/dana/pay/pi_1646356544343769088"
        }
    },
    "payment_method_types": [
        "dana"
    ],
    "confirmation_method": "automatic",
    "return_url": "https://your.website",
    "payment_method": "pm_1646356544205357056",
    "capture_method": "automatic"
}`)
    t.same(paymentMethod, {
      id: 'pm_1646356544205357056', object: 'payment_method', created: 1681356963000, livemode: false, type: 'dana'
    })
    t.equal(record.attempt, 1)
    t.equal(record.method, 'dana')
    t.equal(record.lapses_at_ms, 1681357562654, '10 minutes later')
    t.same(raise.map(({ type, object }) => [type, (object as { status?: unknown }).status]), [
      ['payment_intent.created', 'requires_confirmation'],
      ['payment_intent.requires_action', 'requires_action']
    ])
  })

  t.test('without anything but money waits for a method', async t => {
    const { record, raise, paymentMethod } = create({ amount: 20000, currency: 'idr' }, around())
    t.strictSame(asJson(record), {
      id: 'pi_1',
      attempt: 0,
      takes_any: true,
      intent: {
        id: 'pi_1',
        object: 'payment_intent',
        created: 1681356963000,
        currency: 'IDR',
        amount: 20000,
        status: 'requires_payment_method',
        livemode: false,
        client_secret: 'pi_1_secret_s',
        payment_method_types: ['dana'],
        confirmation_method: 'automatic',
        capture_method: 'automatic'
      }
    })
    t.equal(paymentMethod, undefined)
    t.same(raise, [{ type: 'payment_intent.created', object: record.intent }])
  })

  t.test('keeps everything that the merchant says, further keys in the contract\'s order', async t => {
    const { record: { intent } } = create({
      setup_future_usage: 'off_session',
      payment_method_options: { dana: { a: 1 } },
      shipping: { name: 'Siti' },
      metadata: { shop: 7, gift: true, note: '' },
      description: 'Apples',
      merchant_order_id: 'order-7',
      customer: 'cus_1',
      quantity: 2,
      payment_method_types: ['dana'],
      payment_method_data: { type: 'dana', billing_details: { name: 'Siti' } },
      return_url: 'www.shop.test',
      currency: 'IDR',
      amount: 20000
    }, around())
    t.same(Object.keys(asJson(intent)), [
      'id', 'object', 'created', 'currency', 'amount', 'status', 'livemode', 'quantity', 'client_secret', 'payment_method_types',
      'confirmation_method', 'return_url', 'payment_method', 'capture_method', 'customer', 'merchant_order_id', 'description', 'metadata',
      'shipping', 'payment_method_options', 'setup_future_usage'
    ])
    t.match(intent, {
      status: 'requires_confirmation',
      quantity: 2,
      return_url: 'www.shop.test',
      customer: 'cus_1',
      merchant_order_id: 'order-7',
      description: 'Apples',
      metadata: { shop: '7', gift: 'true', note: '' },
      shipping: { name: 'Siti' },
      payment_method_options: { dana: { a: 1 } },
      setup_future_usage: 'off_session'
    })
  })

  t.test('takes the method from the data, a saved one, or the only type', async t => {
    const rules = threeRules
    const back = { return_url: 'https://shop.test' }
    interface Expected { status: string, types: string[], method?: string, made?: string }
    const rows: Array<[Partial<CreateParameters>, Expected]> = [
      [{}, { status: 'requires_payment_method', types: ['dana', 'hold'] }],
      [{ payment_method_types: ['hold', 'dana'] }, { status: 'requires_payment_method', types: ['hold', 'dana'] }],
      [{ payment_method_data: { type: 'hold' } }, { status: 'requires_confirmation', types: ['hold'], method: 'pm_1', made: 'hold' }],
      [{ payment_method: 'pm_dana' }, { status: 'requires_confirmation', types: ['dana'], method: 'pm_dana' }],
      [{ payment_method: 'pm_dana', payment_method_data: { type: 'hold' } }, {
        status: 'requires_confirmation', types: ['hold'], method: 'pm_1', made: 'hold'
      }],
      [{ payment_method: 'pm_dana', payment_method_types: ['hold', 'dana'] }, {
        status: 'requires_confirmation', types: ['hold', 'dana'], method: 'pm_dana'
      }],
      [{ payment_method_types: ['hold'], confirm: false, ...back }, { status: 'requires_payment_method', types: ['hold'] }],
      [{ payment_method_types: ['hold'], confirm: true, ...back }, { status: 'requires_action', types: ['hold'], method: 'pm_1', made: 'hold' }],
      [{ payment_method: 'pm_hold', confirm: true, ...back }, { status: 'requires_action', types: ['hold'], method: 'pm_hold' }]
    ]
    for (const [parameters, expected] of rows) {
      const { record: { intent, method }, paymentMethod } = create({ ...request, ...parameters }, around({ rules }))
      t.equal(intent.status, expected.status, JSON.stringify(parameters))
      t.same(intent.payment_method_types, expected.types)
      t.equal(intent.payment_method, expected.method)
      t.equal(paymentMethod?.type, expected.made)
      t.equal(method === undefined, expected.method === undefined)
    }
  })

  t.test('holds DANA to its limits, however DANA is named', async t => {
    const small = (amount: number): string => `The amount ${amount} is too small; the least is 100 IDR for DANA.`
    const rows: Array<[number, string?, string?]> = [
      [100],
      [300000000],
      [99, 'amount_too_small', small(99)],
      [0, 'amount_too_small', small(0)],
      [-5, 'amount_too_small', small(-5)],
      [300000001, 'amount_too_large', 'The amount 300000001 is too large; the most is 300000000 IDR for DANA.']
    ]
    const ways: Array<Partial<CreateParameters>> = [
      {},
      { payment_method_types: ['dana'] },
      { payment_method_data: { type: 'dana' } },
      { payment_method: 'pm_dana' },
      { payment_method_data: { type: 'dana' }, confirm: true, return_url: 'https://shop.test' }
    ]
    for (const way of ways) {
      for (const [amount, code, message = ''] of rows) {
        const decide = (): Decision => create({ ...way, amount, currency: 'IDR' }, around())
        if (code === undefined) t.equal(decide().record.intent.amount, amount)
        else refuses(t, decide, code, 'amount', message)
      }
    }
  })

  t.test('leaves limits that are not documented unchecked, but for what money can be', async t => {
    const rules = threeRules
    const of = (amount: number) => () => create({ amount, currency: 'IDR', payment_method_types: ['hold'] }, around({ rules }))
    t.equal(of(1)().record.intent.amount, 1)
    t.equal(of(999_999_999_999)().record.intent.amount, 999_999_999_999)
    refuses(t, of(0), 'amount_too_small', 'amount', 'The amount 0 is too small; the least is 1 IDR for Holdpay.')
    refuses(t, of(1_000_000_000_000), 'amount_too_large', 'amount',
      'The amount 1000000000000 is too large; the most is 999999999999 IDR for Holdpay.')
  })

  t.test('needs all methods that were named to take the money, but only one of those that the currency gives', async t => {
    const rules = threeRules
    t.same(create({ amount: 99, currency: 'IDR' }, around({ rules })).record.intent.payment_method_types, ['dana', 'hold'])
    refuses(t, () => create({ amount: 99, currency: 'IDR', payment_method_types: ['hold', 'dana'] }, around({ rules })),
      'amount_too_small', 'amount', 'The amount 99 is too small; the least is 100 IDR for DANA.')
    refuses(t, () => create({ amount: 0, currency: 'IDR' }, around({ rules })), 'amount_too_small', 'amount',
      'The amount 0 is too small; the least is 100 IDR for DANA.')
  })

  t.test('takes no currency but the method\'s', async t => {
    for (const currency of ['USD', 'PHP', 'JPY', 'usd']) {
      refuses(t, () => create({ amount: 20000, currency, payment_method_types: ['dana'] }, around()),
        'currency_not_supported', 'currency', `DANA does not take ${currency.toUpperCase()}; allowed: IDR.`)
      refuses(t, () => create({ amount: 20000, currency, payment_method_data: { type: 'dana' } }, around()),
        'currency_not_supported', 'currency', `DANA does not take ${currency.toUpperCase()}; allowed: IDR.`)
      refuses(t, () => create({ amount: 20000, currency }, around()), 'currency_not_supported', 'currency', /; allowed: IDR\.$/)
    }
    for (const currency of ['XYZ', '', 'Rp', 'IDRR']) {
      refuses(t, () => create({ amount: 20000, currency }, around()), 'parameter_invalid', 'currency',
        `Invalid currency: "${currency}" is not a currency of ISO 4217, such as IDR.`)
    }
    for (const currency of ['idr', 'Idr', 'IDR']) {
      t.equal(create({ amount: 20000, currency }, around()).record.intent.currency, 'IDR')
    }
    t.same(create({ amount: 1, currency: 'PHP' }, around({ rules: threeRules })).record.intent.payment_method_types, ['peso'])
  })

  t.test('says in plain words that no method takes a currency', async t => {
    refuses(t, () => create({ amount: 20000, currency: 'USD' }, around()), 'currency_not_supported', 'currency',
      'This sandbox does not take USD; allowed: IDR.')
  })

  t.test('refuses manual capture as soon as it is known that no method can', async t => {
    const manual = { ...request, capture_method: 'manual' } as const
    const message = 'DANA takes automatic capture only: the customer\'s payment is final at once, so capture_method "manual" is not possible.'
    for (const way of [{}, { payment_method_types: ['dana'] }, { payment_method_data: { type: 'dana' } }, { payment_method: 'pm_dana' }]) {
      refuses(t, () => create({ ...manual, ...way }, around()), 'capture_method_not_supported', 'capture_method', message)
    }
    const rules = threeRules
    const { record } = create(manual, around({ rules }))
    t.equal(record.intent.capture_method, 'manual')
    refuses(t, () => confirm(record, { payment_method_data: { type: 'dana' }, return_url: 'https://shop.test' }, around({ rules })),
      'capture_method_not_supported', 'capture_method', message)
  })

  t.test('refuses methods that there are not, and names those that there are', async t => {
    for (const name of ['card', 'Dana', 'DANA', '', '__proto__', 'constructor']) {
      const message = `This sandbox does not have the payment method "${name}"; it has: dana.`
      refuses(t, () => create({ ...request, payment_method_types: [name] }, around()),
        'payment_method_not_supported', 'payment_method_types', message)
      refuses(t, () => create({ ...request, payment_method_types: ['dana', name] }, around()),
        'payment_method_not_supported', 'payment_method_types', message)
      refuses(t, () => create({ ...request, payment_method_data: { type: name } }, around()),
        'payment_method_not_supported', 'payment_method_data[type]', message)
    }
    refuses(t, () => create({ ...request, payment_method: 'pm_none' }, around()),
      'resource_missing', 'payment_method', 'No such payment method: "pm_none".')
  })

  t.test('refuses a method that is not among the types', async t => {
    const rules = threeRules
    refuses(t, () => create({ ...request, payment_method_types: ['hold'], payment_method_data: { type: 'dana' } }, around({ rules })),
      'parameter_invalid', 'payment_method_data[type]',
      'Invalid payment_method_data[type]: "dana" does not fit: the payment is to be made with dana, and payment_method_types are hold.')
    refuses(t, () => create({ ...request, payment_method_types: ['hold'], payment_method: 'pm_dana' }, around({ rules })),
      'parameter_invalid', 'payment_method',
      'Invalid payment_method: "pm_dana" does not fit: the payment is to be made with dana, and payment_method_types are hold.')
  })

  t.test('with confirm needs a method and a way back', async t => {
    refuses(t, () => create({ ...request, confirm: true, payment_method_types: ['dana'] }, around()), 'parameter_missing', 'return_url',
      'Missing required parameter: return_url. DANA sends the customer away to pay, so it has to know the way back.')
    refuses(t, () => create({ ...request, confirm: true, return_url: 'https://shop.test' }, around({ rules: threeRules })),
      'parameter_missing', 'payment_method_data[type]',
      'Missing required parameter: payment_method_data[type]. Choose one of payment_method_types: dana, hold.')
  })
})

t.test('a way back that is unsafe is refused by create, confirm and update', async t => {
  const rows: Array<[string, string]> = [
    ['javascript:alert(1)', 'uses javascript:, which is not a way back to a shop'],
    ['data:text/html,x', 'uses data:, which is not a way back to a shop'],
    ['https://shop.test/\r\nX: y', 'contains control characters'],
    ['', 'is empty']
  ]
  for (const [address, why] of rows) {
    const message = `Invalid return_url: ${JSON.stringify(address)} ${why}.`
    refuses(t, () => create({ amount: 20000, currency: 'IDR', return_url: address }, around()), 'parameter_invalid', 'return_url', message)
    const record = recordIn('requires_confirmation')
    const rules = threeRules
    refuses(t, () => confirm(record, { return_url: address }, around({ rules })), 'parameter_invalid', 'return_url', message)
    refuses(t, () => update(record, { return_url: address }, around({ rules })), 'parameter_invalid', 'return_url', message)
  }
  for (const address of ['www.wooshpay.com', 'localhost:3000', 'myapp://done', 'https://toko.test/é']) {
    t.equal(create({ amount: 20000, currency: 'IDR', return_url: address }, around()).record.intent.return_url, address, 'is echoed unchanged')
  }
})

t.test('confirm', async t => {
  const rules = threeRules
  const created = (parameters: Partial<CreateParameters> = {}): PaymentIntentRecord =>
    create({ amount: 20000, currency: 'IDR', ...parameters }, around({ rules })).record

  t.test('sends the customer to the method that was chosen', async t => {
    const back = 'https://shop.test/back'
    const rows: Array<[Partial<CreateParameters>, Parameters<typeof confirm>[1], type: string, id: string, back: string]> = [
      [{ payment_method_types: ['dana'] }, { return_url: back }, 'dana', 'pm_1', back],
      [{}, { payment_method_data: { type: 'hold' }, return_url: back }, 'hold', 'pm_1', back],
      [{}, { payment_method: 'pm_hold', return_url: back }, 'hold', 'pm_hold', back],
      [{ payment_method: 'pm_dana' }, { return_url: back }, 'dana', 'pm_dana', back],
      [{ payment_method_types: ['dana', 'hold'], payment_method: 'pm_dana' }, { payment_method_data: { type: 'hold' }, return_url: back }, 'hold', 'pm_1', back],
      [{ payment_method_types: ['dana'], return_url: 'https://old.test' }, {}, 'dana', 'pm_1', 'https://old.test'],
      [{ payment_method_types: ['dana'], return_url: 'https://old.test' }, { return_url: back }, 'dana', 'pm_1', back]
    ]
    for (const [before, parameters, type, id, returnUrl] of rows) {
      const { record: { intent, method, attempt }, paymentMethod } = confirm(created(before), parameters, around({ rules }))
      t.strictSame(intent.next_action, {
        type: 'redirect_to_url', [`${type}_handle_redirect`]: { url: `http://sandbox.test/v1/receives/${type}/pay/pi_1` }
      })
      t.equal(intent.payment_method, id)
      t.equal(intent.return_url, returnUrl)
      t.equal(method, type)
      t.equal(attempt, 1)
      t.equal(paymentMethod?.id, id === 'pm_1' ? 'pm_1' : undefined)
    }
  })

  t.test('begins 10 new minutes each time and takes the last error away', async t => {
    const first = confirm(created({ payment_method_types: ['dana'], return_url: 'https://shop.test' }), {}, around({ rules }))
    t.equal(first.record.lapses_at_ms, 1681357562654)
    const savedMethod = (): PaymentMethod | undefined => first.paymentMethod
    const again = confirm(first.record, {}, around({ rules, savedMethod, now: NOW + 60_000 }))
    t.equal(again.record.attempt, 2)
    t.equal(again.record.intent.payment_method, 'pm_1', 'the method of before, when no other is named')
    t.equal(again.paymentMethod, undefined, 'which is not made again')
    t.equal(again.record.lapses_at_ms, 1681357622654)

    const declined = finish(again.record, failed, around({ rules }))
    t.equal(declined.record.lapses_at_ms, undefined)
    const third = confirm(declined.record, {}, around({ rules, now: NOW + 120_000 }))
    t.equal(third.record.attempt, 3)
    t.equal(third.record.lapses_at_ms, 1681357682654)
    t.equal(third.record.intent.last_payment_error, undefined)
    t.equal(third.record.intent.created, 1681356963000)
  })

  t.test('refuses what it cannot do', async t => {
    refuses(t, () => confirm(created({ payment_method_types: ['dana'] }), {}, around({ rules })), 'parameter_missing', 'return_url',
      'Missing required parameter: return_url. DANA sends the customer away to pay, so it has to know the way back.')
    refuses(t, () => confirm(created(), { return_url: 'https://shop.test' }, around({ rules })), 'parameter_missing', 'payment_method_data[type]',
      'Missing required parameter: payment_method_data[type]. Choose one of payment_method_types: dana, hold.')
    refuses(t, () => confirm(created(), { payment_method_data: { type: 'card' } }, around({ rules })),
      'payment_method_not_supported', 'payment_method_data[type]',
      'This sandbox does not have the payment method "card"; it has: dana, hold, peso.')
    refuses(t, () => confirm(created(), { payment_method: 'pm_none' }, around({ rules })),
      'resource_missing', 'payment_method', 'No such payment method: "pm_none".')
    refuses(t, () => confirm(created(), { payment_method_data: { type: 'peso' } }, around({ rules })),
      'parameter_invalid', 'payment_method_data[type]',
      'Invalid payment_method_data[type]: "peso" does not fit: the payment is to be made with peso, and payment_method_types are dana, hold.')
    refuses(t, () => confirm(created({ amount: 99 }), { payment_method_data: { type: 'dana' }, return_url: 'https://shop.test' }, around({ rules })),
      'amount_too_small', 'amount', 'The amount 99 is too small; the least is 100 IDR for DANA.')
  })

  t.test('keeps options of the call, else those from before', async t => {
    const record = created({ payment_method_types: ['dana'], return_url: 'https://shop.test', payment_method_options: { a: 1 }, setup_future_usage: 'on_session' })
    t.match(confirm(record, {}, around({ rules })).record.intent, { payment_method_options: { a: 1 }, setup_future_usage: 'on_session' })
    t.match(confirm(record, { payment_method_options: { b: 2 }, setup_future_usage: 'off_session' }, around({ rules })).record.intent,
      { payment_method_options: { b: 2 }, setup_future_usage: 'off_session' })
  })
})

t.test('update', async t => {
  const rules = threeRules
  const record = create({
    amount: 20000, currency: 'IDR', payment_method_types: ['dana'], metadata: { a: '1', b: '2' }, description: 'old'
  }, around({ rules })).record

  t.test('changes what is given and leaves the rest', async t => {
    const rows: Array<[Parameters<typeof update>[1], object]> = [
      [{}, {}],
      [{ amount: 100 }, { amount: 100 }],
      [{ currency: 'idr' }, {}],
      [{ description: 'new' }, { description: 'new' }],
      [{ merchant_order_id: 'order-7' }, { merchant_order_id: 'order-7' }],
      [{ return_url: 'www.shop.test' }, { return_url: 'www.shop.test' }],
      [{ shipping: { name: 'Siti' } }, { shipping: { name: 'Siti' } }],
      [{ payment_method_types: ['dana', 'hold'] }, { payment_method_types: ['dana', 'hold'] }],
      [{ metadata: { b: 3, c: true } }, { metadata: { a: '1', b: '3', c: 'true' } }],
      [{ metadata: { a: '' } }, { metadata: { b: '2' } }],
      [{ amount: 5, currency: 'PHP', payment_method_types: ['peso'] }, { amount: 5, currency: 'PHP', payment_method_types: ['peso'] }]
    ]
    for (const [parameters, changes] of rows) {
      const decision = update(record, parameters, around({ rules }))
      t.strictSame(decision.record, { ...record, intent: { ...record.intent, ...changes } }, JSON.stringify(parameters))
      t.same(decision.raise, [])
    }
  })

  t.test('keeps to the method\'s limits', async t => {
    const rows: Array<[Parameters<typeof update>[1], string, string, string]> = [
      [{ amount: 99 }, 'amount_too_small', 'amount', 'The amount 99 is too small; the least is 100 IDR for DANA.'],
      [{ amount: 300000001 }, 'amount_too_large', 'amount', 'The amount 300000001 is too large; the most is 300000000 IDR for DANA.'],
      [{ currency: 'PHP' }, 'currency_not_supported', 'currency', 'DANA does not take PHP; allowed: IDR.'],
      [{ currency: 'XYZ' }, 'parameter_invalid', 'currency', 'Invalid currency: "XYZ" is not a currency of ISO 4217, such as IDR.'],
      [{ payment_method_types: ['card'] }, 'payment_method_not_supported', 'payment_method_types',
        'This sandbox does not have the payment method "card"; it has: dana, hold, peso.'],
      [{ payment_method_types: ['dana', 'peso'] }, 'currency_not_supported', 'currency', 'Pesopay does not take IDR; allowed: PHP.']
    ]
    for (const [parameters, code, param, message] of rows) refuses(t, () => update(record, parameters, around({ rules })), code, param, message)
    refuses(t, () => update(recordIn('requires_confirmation', 'automatic'), { payment_method_types: ['dana'] }, around({ rules })),
      'parameter_invalid', 'payment_method_types',
      'Invalid payment_method_types: ["dana"] does not fit: the payment is to be made with hold, and payment_method_types are dana.')
  })

  t.test('leaves the money alone once the customer is on the way', async t => {
    const rows: Array<[PaymentIntentStatus, 'changes' | 'refuses']> = [
      ['requires_payment_method', 'changes'],
      ['requires_confirmation', 'changes'],
      ['requires_action', 'refuses'],
      ['processing', 'refuses'],
      ['requires_capture', 'refuses']
    ]
    for (const [status, expected] of rows) {
      const present = recordIn(status)
      if (expected === 'changes') {
        t.equal(update(present, { amount: 500 }, around({ rules })).record.intent.amount, 500, status)
        continue
      }
      refuses(t, () => update(present, { amount: 500 }, around({ rules })), 'payment_intent_unexpected_state', undefined,
        `The amount of pi_9 cannot change while its status is ${status}.`)
      refuses(t, () => update(present, { currency: 'IDR' }, around({ rules })), 'payment_intent_unexpected_state', undefined,
        `The currency of pi_9 cannot change while its status is ${status}.`)
      refuses(t, () => update(present, { amount: 500, currency: 'IDR', description: 'new' }, around({ rules })),
        'payment_intent_unexpected_state', undefined, `The amount and currency of pi_9 cannot change while its status is ${status}.`)
      t.equal(update(present, { description: 'new' }, around({ rules })).record.intent.description, 'new')
    }
  })
})

t.test('what takes any method of its currency does so until methods are named, or one is chosen', async t => {
  const surroundings = around({ rules: threeRules })
  const { record } = create({ amount: 20000, currency: 'IDR' }, surroundings)
  t.equal(record.takes_any, true)
  // More than DANA takes, which the other method does.
  t.equal(update(record, { amount: 300000001 }, surroundings).record.takes_any, true)
  t.equal(update(record, { description: 'new' }, surroundings).record.takes_any, true)
  const named = update(record, { payment_method_types: ['dana', 'hold'] }, surroundings).record
  t.equal(named.takes_any, undefined)
  const chosen = create({ amount: 20000, currency: 'IDR', payment_method_data: { type: 'dana' } }, surroundings).record
  t.equal(chosen.takes_any, undefined)
  for (const present of [named, chosen]) {
    refuses(t, () => update(present, { amount: 300000001 }, surroundings), 'amount_too_large', 'amount', 'The amount 300000001 is too large; the most is 300000000 IDR for DANA.')
  }
})

t.test('what belongs to a checkout session keeps its money and methods, and ends with the session', async t => {
  const record = { ...recordIn('requires_payment_method'), checkout: { session: 'cs_9', url: 'http://sandbox.test/pay/cs_9' } }
  const surroundings = around({ rules: threeRules })
  for (const [name, value] of [['amount', 500], ['currency', 'IDR'], ['payment_method_types', ['hold']]] as const) {
    refuses(t, () => update(record, { [name]: value, description: 'new' }, surroundings), 'payment_intent_unexpected_state', undefined,
      `The ${name} of pi_9 is that of its checkout session cs_9 and cannot change.`)
  }
  t.equal(update(record, { description: 'new' }, surroundings).record.intent.description, 'new')
  refuses(t, () => cancel(record, {}, surroundings), 'payment_intent_unexpected_state', undefined,
    'PaymentIntent pi_9 belongs to the checkout session cs_9 and cannot be cancelled by itself; expire the session: POST /v1/checkout/sessions/cs_9/expire.')
})

t.test('cancel tells when and why, and nothing waits any more', async t => {
  const decision = cancel(recordIn('requires_action'), { cancellation_reason: 'customer cancelled' }, around())
  t.equal(decision.record.intent.cancellation_reason, 'customer cancelled')
  t.equal(decision.record.intent.canceled_at, 1681356963000)
  t.notOk('next_action' in asJson(decision.record.intent))
  t.notOk('lapses_at_ms' in asJson(decision.record))
  t.same(Object.keys(asJson(decision.record.intent)).slice(-3), ['capture_method', 'cancellation_reason', 'canceled_at'])

  const bare = cancel(recordIn('requires_capture'), {}, around())
  t.notOk('cancellation_reason' in asJson(bare.record.intent))
  t.equal(bare.record.intent.canceled_at, 1681356963000)
})

t.test('capture', async t => {
  const rules = threeRules

  t.test('takes the whole, or a part, and no more', async t => {
    const rows: Array<[number | undefined, number]> = [[undefined, 20000], [20000, 20000], [19999, 19999], [1, 1]]
    for (const [asked, received] of rows) {
      const { record: { intent }, raise } = capture(recordIn('requires_capture'), asked === undefined ? {} : { amount_to_capture: asked }, around({ rules }))
      t.equal(intent.status, 'succeeded')
      t.equal(intent.amount_received, received)
      t.equal(intent.amount, 20000)
      t.same(raise, [{ type: 'payment_intent.succeeded', object: intent }])
    }
    refuses(t, () => capture(recordIn('requires_capture'), { amount_to_capture: 20001 }, around({ rules })),
      'amount_too_large', 'amount_to_capture', 'The amount_to_capture 20001 is too large; the most is the authorized 20000.')
  })

  t.test('is reached by a method that can, from the first call on', async t => {
    const { record } = create({
      amount: 20000,
      currency: 'IDR',
      capture_method: 'manual',
      confirm: true,
      payment_method_data: { type: 'hold' },
      return_url: 'https://shop.test'
    }, around({ rules }))
    const authorized = finish(record, paid, around({ rules }))
    t.equal(authorized.record.intent.status, 'requires_capture')
    t.notOk('amount_received' in asJson(authorized.record.intent), 'nothing is received yet')
    t.notOk('next_action' in asJson(authorized.record.intent))
    t.notOk('lapses_at_ms' in asJson(authorized.record))
    t.same(authorized.raise, [])
    t.equal(capture(authorized.record, { amount_to_capture: 5000 }, around({ rules })).record.intent.amount_received, 5000)
  })

  t.test('says of a method that cannot that it captures automatically', async t => {
    const record = { ...recordIn('succeeded', 'automatic'), method: 'dana' }
    refuses(t, () => capture(record, {}, around()), 'payment_intent_unexpected_state', undefined,
      'PaymentIntent pi_9 has the status succeeded and nothing to capture: DANA captures automatically when the customer pays.')
  })
})

t.test('finish', async t => {
  const rules = threeRules
  const waiting = recordIn('requires_action', 'automatic')

  t.test('with a payment has received the whole amount', async t => {
    const { record } = finish(waiting, paid, around({ rules }))
    t.equal(record.intent.amount_received, 20000)
    t.notOk('next_action' in asJson(record.intent))
    t.notOk('lapses_at_ms' in asJson(record))
  })

  t.test('with a slow wallet keeps how it will end, and ends so', async t => {
    const now = NOW
    const { record } = finish(waiting, slow, around({ rules, now }))
    t.same(record.settles, { at_ms: 1681356967654 })
    t.notOk('lapses_at_ms' in asJson(record), 'the page\'s time no longer counts')
    t.notOk('next_action' in asJson(record.intent))
    t.equal(finish(record, paid, around({ rules })).record.settles, undefined)

    const failure = { code: 'payment_method_declined', decline_code: 'generic_decline', message: 'No.' }
    const late = finish(waiting, { ...slow, failure }, around({ rules, now })).record
    t.same(late.settles, { at_ms: 1681356967654, failure })
    const over = finish(late, { kind: 'failed', failure }, around({ rules })).record
    t.notOk('settles' in asJson(over))
    t.equal(over.intent.status, 'requires_payment_method')
  })

  t.test('with a slow wallet authorizes where the shop captures by itself', async t => {
    const { record } = finish(recordIn('requires_action', 'manual'), slow, around({ rules }))
    t.equal(finish(record, paid, around({ rules })).record.intent.status, 'requires_capture')
  })

  t.test('with a failure says why and forgets the method', async t => {
    const { record } = finish(waiting, failed, around({ rules }))
    t.equal(JSON.stringify(record.intent.last_payment_error),
      '{"type":"card_error","code":"payment_method_declined","message":"No money.","decline_code":"insufficient_funds","payment_method":"pm_hold"}')
    t.notOk('payment_method' in asJson(record.intent))
    t.notOk('next_action' in asJson(record.intent))
    t.notOk('method' in asJson(record))
    t.notOk('lapses_at_ms' in asJson(record))
    t.equal(record.attempt, 1)

    const plain = finish(waiting, { kind: 'failed', failure: { code: 'processing_error', message: 'Down.' } }, around({ rules }))
    t.equal(JSON.stringify(plain.record.intent.last_payment_error),
      '{"type":"card_error","code":"processing_error","message":"Down.","payment_method":"pm_hold"}')
    t.same(LAPSED, { code: 'payment_method_expired', message: 'The customer did not pay within 10 minutes.' })
  })
})

t.test('a search query becomes the keys that all have to hold', async t => {
  const rows: Array<[string, string[]]> = [
    ['merchant_order_id:\'order1234\'', ['merchant_order_id:order1234']],
    ['merchant_order_id:"order1234"', ['merchant_order_id:order1234']],
    ['merchant_order_id : \'a b\' ', ['merchant_order_id:a b']],
    ['  status:\'succeeded\'', ['status:succeeded']],
    ['customer:\'cus_1\'', ['customer:cus_1']],
    ['currency:\'idr\'', ['currency:IDR']],
    ['currency:\'XYZ\'', ['currency:XYZ']],
    ['amount:20000', ['amount:20000']],
    ['amount:\'20000\'', ['amount:20000']],
    ['metadata[\'shop\']:\'7\'', ['metadata["shop"]:7']],
    ['metadata["shop"]:7', ['metadata["shop"]:7']],
    ['metadata[\'a b\']:\'\'', ['metadata["a b"]:']],
    ['merchant_order_id:\'it\\\'s\'', ['merchant_order_id:it\'s']],
    ['merchant_order_id:\'a "b" AND c\'', ['merchant_order_id:a "b" AND c']],
    ['merchant_order_id:\'a\\\\\'', ['merchant_order_id:a\\']],
    ['metadata[\'it\\\'s\']:\'x\'', ['metadata["it\'s"]:x']],
    ['status:\'succeeded\' AND amount:100', ['status:succeeded', 'amount:100']],
    ['status:\'succeeded\' and  amount:100', ['status:succeeded', 'amount:100']],
    ['status:\'succeeded\'AND amount:100 AND metadata[\'a\']:\'b\'', ['status:succeeded', 'amount:100', 'metadata["a"]:b']]
  ]
  for (const [query, keys] of rows) t.same(searchKeys(query), keys, query)
})

t.test('a search query that cannot be read is refused with the place of its error', async t => {
  const condition = 'a condition such as merchant_order_id:\'order1234\''
  const fields = 'one of the fields merchant_order_id, status, currency, customer, amount, metadata[\'key\']'
  const and = 'AND, or the end'
  const rows: Array<[string, number, string]> = [
    ['order1234', 1, condition],
    ['   ', 4, condition],
    ['status', 1, condition],
    ['status:succeeded', 1, condition],
    ['status:\'succeeded', 1, condition],
    ['status=\'succeeded\'', 1, condition],
    ['STATUS:\'succeeded\'', 1, condition],
    ['metadata[shop]:\'7\'', 1, condition],
    ['metadata[\'shop]:\'7\'', 1, condition],
    ['metadata:\'7\'', 1, fields],
    ['id:\'pi_1\'', 1, fields],
    ['  id:\'pi_1\'', 3, fields],
    ['amount:100 AND id:\'pi_1\'', 16, fields],
    ['amount:100 AND AND', 16, condition],
    ['amount:100 AND', 15, condition],
    ['amount:100 OR amount:200', 12, and],
    ['amount:100 amount:200', 12, and],
    ['amount:100 ANDamount:200', 12, and],
    ['amount:100x', 11, and],
    ['amount:-5', 1, condition]
  ]
  for (const [query, character, expected] of rows) {
    refuses(t, () => searchKeys(query), 'parameter_invalid', 'query',
      `Invalid query: ${JSON.stringify(query)} cannot be read at character ${character}: expected ${expected}.`)
  }
})

t.test('webhook endpoints', async t => {
  const made = { id: 'we_1', secret: 'whsec_s', now: NOW }
  const endpoint = endpoints.create({ url: 'http://localhost:3000/webhooks', enabled_events: ['*'] }, made)

  t.test('answer their keys in order, with everything that was given', async t => {
    t.equal(JSON.stringify(endpoints.create({
      metadata: { shop: 7 }, description: 'Mine', api_version: '2', enabled_events: ['payment_intent.succeeded'], url: 'https://shop.test/hook'
    }, made)), '{"id":"we_1","object":"webhook_endpoint","api_version":"2","created":1681356963000,"description":"Mine",' +
      '"enabled_events":["payment_intent.succeeded"],"livemode":false,"metadata":{"shop":"7"},"status":"enabled",' +
      '"url":"https://shop.test/hook","secret":"whsec_s"}')
    t.same(Object.keys(asJson(endpoint)), ['id', 'object', 'created', 'enabled_events', 'livemode', 'status', 'url', 'secret'])
  })

  t.test('take http and https addresses only', async t => {
    for (const url of ['http://localhost:3000', 'https://shop.test/hook?a=1', 'http://[::1]:3000/', 'HTTP://shop.test']) {
      t.equal(endpoints.create({ url, enabled_events: ['*'] }, made).url, url)
      t.equal(endpoints.update(endpoint, { url }).url, url)
    }
    for (const url of ['', 'localhost:3000', 'www.shop.test', '/hook', 'ftp://shop.test', 'javascript:alert(1)', 'file:///etc/hosts']) {
      const message = `Invalid url: ${JSON.stringify(url)} is not an http or https address, such as http://localhost:3000/webhooks.`
      refuses(t, () => endpoints.create({ url, enabled_events: ['*'] }, made), 'parameter_invalid', 'url', message)
      refuses(t, () => endpoints.update(endpoint, { url }), 'parameter_invalid', 'url', message)
    }
  })

  t.test('take any type of event that is well formed, and say which one is not', async t => {
    for (const type of ['*', 'payment_intent.succeeded', 'charge.refund.updated', 'product.created']) {
      t.same(endpoints.create({ url: 'http://a.test', enabled_events: [type] }, made).enabled_events, [type])
    }
    for (const type of ['', 'payment_intent', 'payment_intent.', '.succeeded', 'payment_intent.*', 'Payment_Intent.succeeded', 'a b.c']) {
      const message = `Invalid enabled_events[1]: ${JSON.stringify(type)} is not a type of event; there are *, payment_intent.created, `
      const escaped = new RegExp(`^${message.replace(/[.*[\]]/g, '\\$&')}`)
      refuses(t, () => endpoints.create({ url: 'http://a.test', enabled_events: ['*', type] }, made), 'parameter_invalid', 'enabled_events[1]', escaped)
      refuses(t, () => endpoints.update(endpoint, { enabled_events: ['*', type] }), 'parameter_invalid', 'enabled_events[1]', escaped)
    }
  })

  t.test('are updated in what is given only', async t => {
    const before = endpoints.create({ url: 'http://a.test', enabled_events: ['*'], api_version: '2', metadata: { a: '1', b: '2' } }, made)
    const rows: Array<[Parameters<typeof endpoints.update>[1], object]> = [
      [{}, {}],
      [{ url: 'http://b.test' }, { url: 'http://b.test' }],
      [{ enabled_events: ['a.b'] }, { enabled_events: ['a.b'] }],
      [{ description: 'new' }, { description: 'new' }],
      [{ api_version: '3' }, { api_version: '3' }],
      [{ metadata: { b: '', c: 3 } }, { metadata: { a: '1', c: '3' } }],
      [{ status: 'disabled' }, { status: 'disabled' }],
      [{ disabled: true }, { status: 'disabled' }],
      [{ disabled: false }, { status: 'enabled' }]
    ]
    for (const [parameters, changes] of rows) {
      t.strictSame(endpoints.update(before, parameters), { ...before, ...changes }, JSON.stringify(parameters))
    }
    t.equal(endpoints.update({ ...before, status: 'disabled' }, { disabled: false }).status, 'enabled')
    t.equal(endpoints.update({ ...before, status: 'disabled' }, { url: 'http://b.test' }).status, 'disabled')
  })

  t.test('keep id, secret and age whatever unknown parameters an update has', async t => {
    const unknown = { id: 'we_2', object: 'other', secret: 'mine', created: 0, livemode: true, description: 'new' }
    t.strictSame(endpoints.update(endpoint, unknown), { ...endpoint, description: 'new' })
  })

  t.test('get another secret where there is one', async t => {
    t.strictSame(endpoints.withSecret(endpoint, 'whsec_other'), { ...endpoint, secret: 'whsec_other' })
    t.strictSame(endpoints.withSecret(endpoint, undefined), endpoint)
  })

  t.test('want the types that they name, or all, while they are enabled', async t => {
    const rows: Array<[string[], 'enabled' | 'disabled', string, boolean]> = [
      [['*'], 'enabled', 'payment_intent.succeeded', true],
      [['payment_intent.succeeded'], 'enabled', 'payment_intent.succeeded', true],
      [['payment_intent.succeeded'], 'enabled', 'payment_intent.created', false],
      [['a.b', '*'], 'enabled', 'payment_intent.created', true],
      [['*'], 'disabled', 'payment_intent.succeeded', false],
      [['payment_intent.succeeded'], 'disabled', 'payment_intent.succeeded', false]
    ]
    for (const [types, status, type, wanted] of rows) t.equal(endpoints.wants({ ...endpoint, enabled_events: types, status }, type), wanted)
  })
})

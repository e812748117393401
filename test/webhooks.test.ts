import { createHmac } from 'node:crypto'
import t from 'tap'
import { readSettings } from '../src/core/settings.ts'
import { switchTable, type Switches } from '../src/core/switches.ts'
import { afterAttempt, deliveryDefinition, givenUp, held, isDue, lost, putOff, released, type Attempt, type Delivery } from '../src/webhooks/deliveries.ts'
import { retryGaps } from '../src/webhooks/schedule.ts'
import { signatureHeaders } from '../src/webhooks/signature.ts'
import { verify } from './support/documented-verifier.ts'

const defaultSwitches = readSettings(switchTable, {})

/** 18 attempts have 17 gaps; milliseconds. */
const DOCUMENTED = [
  1900, 3800, 7600, 15200, 30400, 60800, 121600, 243200, 486400, 972800, 1945600, 3891200, 7782400, 15564800, 31129600, 62259200, 124518400
]
const FAST = [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]

t.test('a signature', async t => {
  const secret = 'whsec_0123456789abcdefghijABCDEFGHIJxy'
  const input = { secret, body: '{"id":"evt_1"}', eventAt: 1687845304999, attemptAt: 1687852504123 }

  t.test('is the documented one in every combination of switches', async t => {
    // Worked out with another tool, as HMAC-SHA256 of the time, a full stop and the body.
    const values: Array<[Switches['SIGNATURE_TIME'], Switches['SIGNATURE_TIMESTAMP'], string]> = [
      ['event', 'seconds', 't=1687845304,v1=8b6d99d53ad8507c1d1787fe072cf332ab639ab043aee8de9090382ff2064a7f'],
      ['event', 'milliseconds', 't=1687845304999,v1=523c4db936301b51142f1cda0bfffeb10788f88420f0d4175d8cd785c4b046a7'],
      ['attempt', 'seconds', 't=1687852504,v1=4645bb9d03c7e9a9a700484592a3265d40df384071aae9e855c92e4dc98fd117'],
      ['attempt', 'milliseconds', 't=1687852504123,v1=3ff65c3c773365e6be4a0222523c823c14c7afbb9c09acd5b4742d2ada5b510b']
    ]
    const names: Array<[Switches['SIGNATURE_HEADERS'], string[]]> = [
      ['both', ['Wooshpay-Signature', 'Signature']],
      ['english', ['Wooshpay-Signature']],
      ['chinese', ['Signature']]
    ]
    for (const [SIGNATURE_HEADERS, headers] of names) {
      for (const [SIGNATURE_TIME, SIGNATURE_TIMESTAMP, value] of values) {
        const switches = { ...defaultSwitches, SIGNATURE_HEADERS, SIGNATURE_TIME, SIGNATURE_TIMESTAMP }
        t.strictSame(signatureHeaders(input, switches), Object.fromEntries(headers.map(name => [name, value])),
          `${SIGNATURE_HEADERS}, ${SIGNATURE_TIME}, ${SIGNATURE_TIMESTAMP}`)
        t.ok(verify(value, input.body, secret), 'and verifies as documented')
      }
    }
  })

  t.test('has both headers, the event\'s time and seconds unless something else is set', async t => {
    const value = 't=1687845304,v1=8b6d99d53ad8507c1d1787fe072cf332ab639ab043aee8de9090382ff2064a7f'
    t.strictSame(signatureHeaders(input, defaultSwitches), { 'Wooshpay-Signature': value, Signature: value })
  })

  t.test('uses the secret as the text that it is, and the bytes of the body in UTF-8', async t => {
    t.equal(signatureHeaders({ ...input, secret: 'whsec_1', body: '{}' }, defaultSwitches).Signature,
      't=1687845304,v1=7df8f5ba8acbb96fa8ec009c466febe40982b6570a399d91dd9eeb10e74daea9')
    for (const [key, body] of [['whsec_é', '{"name":"Toko Bù 💰"}'], ['', ''], ['a b', '{\n}']] as const) {
      const v1 = createHmac('sha256', Buffer.from(key)).update(Buffer.from(`1687845304.${body}`)).digest('hex')
      t.equal(signatureHeaders({ ...input, secret: key, body }, defaultSwitches).Signature, `t=1687845304,v1=${v1}`)
    }
  })

  t.test('does not verify another body, secret or time', async t => {
    const value = signatureHeaders(input, defaultSwitches).Signature ?? ''
    t.notOk(verify(value, '{"id":"evt_2"}', secret))
    t.notOk(verify(value, '{"id": "evt_1"}', secret))
    t.notOk(verify(value, input.body, 'whsec_other'))
    t.notOk(verify(value.replace('t=1687845304', 't=1687845305'), input.body, secret))
  })
})

t.test('webhooks are tried again', async t => {
  t.test('as documented: 18 attempts within 72 hours, with gaps that double', async t => {
    const gaps = retryGaps('documented')
    t.same(gaps, DOCUMENTED)
    t.equal(gaps.length + 1, 18)
    const sum = gaps.reduce((total, gap) => total + gap, 0)
    t.equal(sum, 249034900)
    t.equal((sum / 3600000).toFixed(1), '69.2', 'hours in all')
    t.ok(sum < 72 * 3600000)
    t.equal(defaultSwitches.WEBHOOK_RETRIES, 'documented')
  })

  t.test('fast, never, or with gaps of the developer\'s own', async t => {
    t.same(retryGaps('fast'), FAST)
    t.same(retryGaps('none'), [])
    t.same(retryGaps([0, 250, 60000]), [0, 250, 60000])
  })

  t.test('as the setting\'s text says', async t => {
    const { kind } = switchTable.WEBHOOK_RETRIES
    const rows: Array<[string, unknown]> = [
      ['documented', 'documented'], ['fast', 'fast'], ['none', 'none'], ['100', [100]], ['0, 250,60000', [0, 250, 60000]],
      ['259200000', [259200000]], ['259200001', undefined], ['-1', undefined], ['100,none', undefined], ['slow', undefined], ['', undefined]
    ]
    for (const [text, value] of rows) t.strictSame(kind.parse(text), value, JSON.stringify(text))
  })
})

t.test('a delivery', async t => {
  const AT = 1687845304999
  const pending: Delivery = {
    id: 'dlv_1',
    object: 'delivery',
    created: AT,
    event: 'evt_1',
    type: 'payment_intent.succeeded',
    endpoint: 'we_1',
    url: 'http://shop.test/hook',
    payment_intent: 'pi_1',
    status: 'pending',
    attempts: [],
    next_attempt_at: AT
  }
  type Result = { status: number } | { error: string }
  const attempted = (number: number, at: number, result: Result = { status: 500 }): Attempt =>
    ({ number, at, duration_ms: 3, request_headers: {}, ...result })
  const withRetries = (WEBHOOK_RETRIES: Switches['WEBHOOK_RETRIES']): Switches => ({ ...defaultSwitches, WEBHOOK_RETRIES })

  t.test('succeeds by any 2xx and is tried again after anything else', async t => {
    const rows: Array<[Result, 'succeeded' | 'pending']> = [
      [{ status: 200 }, 'succeeded'],
      [{ status: 201 }, 'succeeded'],
      [{ status: 204 }, 'succeeded'],
      [{ status: 299 }, 'succeeded'],
      [{ status: 199 }, 'pending'],
      [{ status: 300 }, 'pending'],
      [{ status: 301 }, 'pending'],
      [{ status: 304 }, 'pending'],
      [{ status: 308 }, 'pending'],
      [{ status: 400 }, 'pending'],
      [{ status: 404 }, 'pending'],
      [{ status: 410 }, 'pending'],
      [{ status: 500 }, 'pending'],
      [{ status: 503 }, 'pending'],
      [{ error: 'ECONNREFUSED: connect' }, 'pending'],
      [{ error: 'no answer within 10000 ms' }, 'pending']
    ]
    const { next_attempt_at: _due, ...rest } = pending
    for (const [result, status] of rows) {
      const attempt = attempted(1, AT + 7, result)
      t.strictSame(afterAttempt(pending, attempt, defaultSwitches), {
        ...rest, status, attempts: [attempt], ...(status === 'pending' && { next_attempt_at: 1687845306906 })
      }, JSON.stringify(result))
    }
  })

  t.test('that was sent twice succeeds when it was taken once; otherwise the two count as one try', async t => {
    const rows: Array<[number, number, Delivery['status'], number | undefined]> = [
      [200, 200, 'succeeded', undefined], [200, 409, 'succeeded', undefined], [500, 204, 'succeeded', undefined], [500, 409, 'pending', AT + 1900]
    ]
    for (const [first, second, status, next] of rows) {
      const [attempt, repetition] = [attempted(1, AT, { status: first }), attempted(2, AT, { status: second })]
      const after = afterAttempt(pending, attempt, defaultSwitches, repetition)
      t.same([after.status, after.attempts, after.next_attempt_at], [status, [attempt, repetition], next], `${first}, ${second}`)
    }
  })

  t.test('that a fault keeps is not due, and says which fault it is', async t => {
    const { next_attempt_at: _due, ...rest } = pending
    const [waiting, late] = [held(pending, 'flt_1'), putOff(pending, AT + 7, 'flt_1')]
    t.strictSame(waiting, { ...rest, held: true, fault: 'flt_1' })
    t.strictSame(late, { ...pending, next_attempt_at: AT + 7, fault: 'flt_1' })
    t.same([pending, waiting, late].map(delivery => [isDue(delivery, AT), isDue(delivery, AT + 7)]), [[true, true], [false, false], [false, true]])
    t.same(deliveryDefinition.keys?.(waiting).filter(key => key.startsWith('held')), ['held:we_1', 'held_by:flt_1'])
    t.same(deliveryDefinition.keys?.(late).filter(key => key.startsWith('held')), [])
    t.strictSame(released(waiting, AT + 9), { ...pending, next_attempt_at: AT + 9, fault: 'flt_1' })
    t.strictSame(lost(pending, AT, 'flt_1'), {
      ...rest, status: 'failed', attempts: [{ number: 1, at: AT, error: 'lost by a fault, nothing was sent', duration_ms: 0, request_headers: {}, fault: 'flt_1' }]
    })
    t.strictSame(afterAttempt({ ...waiting, next_attempt_at: AT }, attempted(1, AT, { status: 200 }), defaultSwitches), {
      ...rest, fault: 'flt_1', status: 'succeeded', attempts: [attempted(1, AT, { status: 200 })]
    }, 'one that was resent is held no more')
  })

  t.test('is given up when its last attempt fails', async t => {
    const rows: Array<[Switches['WEBHOOK_RETRIES'], number[]]> = [
      ['documented', DOCUMENTED],
      ['fast', FAST],
      ['none', []],
      [[0], [0]],
      [[500, 20], [500, 20]]
    ]
    for (const [retries, gaps] of rows) {
      let delivery = pending
      const waited: number[] = []
      for (let number = 1; delivery.status === 'pending'; number++) {
        const at = delivery.next_attempt_at ?? NaN
        delivery = afterAttempt(delivery, attempted(number, at), withRetries(retries))
        if (delivery.next_attempt_at !== undefined) waited.push(delivery.next_attempt_at - at)
      }
      t.same(waited, gaps, String(retries))
      t.equal(delivery.status, 'failed')
      t.equal(delivery.attempts.length, gaps.length + 1)
      t.same(delivery.attempts.map(({ number }) => number), Array.from({ length: gaps.length + 1 }, (_, index) => index + 1))
      t.notOk('next_attempt_at' in delivery)
    }
  })

  t.test('can still succeed at the last attempt', async t => {
    const before = { ...pending, attempts: Array.from({ length: 17 }, (_, index) => attempted(index + 1, AT)) }
    const last = afterAttempt(before, attempted(18, AT, { status: 200 }), defaultSwitches)
    t.equal(last.status, 'succeeded')
    t.equal(last.attempts.length, 18)
    t.notOk('next_attempt_at' in last)
    t.equal(afterAttempt(before, attempted(18, AT), defaultSwitches).status, 'failed')
  })

  t.test('follows retries that were shortened meanwhile', async t => {
    const before = { ...pending, attempts: [attempted(1, AT), attempted(2, AT)] }
    t.equal(afterAttempt(before, attempted(3, AT), withRetries([1, 2, 3])).next_attempt_at, AT + 3)
    t.equal(afterAttempt(before, attempted(3, AT), withRetries([1])).status, 'failed')
    t.equal(afterAttempt(before, attempted(3, AT), withRetries('none')).status, 'failed')
  })

  t.test('leaves what it was before as it was', async t => {
    const before = JSON.stringify(pending)
    afterAttempt(pending, attempted(1, AT), defaultSwitches)
    givenUp(pending)
    t.equal(JSON.stringify(pending), before)
  })

  t.test('whose endpoint is gone is not tried any more', async t => {
    const { next_attempt_at: _due, ...rest } = pending
    t.strictSame(givenUp(pending), { ...rest, status: 'failed' })
    t.equal(deliveryDefinition.due?.(givenUp(pending)), undefined)
  })

  t.test('is due while another attempt is to come, and found by event, status, type and payment', async t => {
    t.same(deliveryDefinition.due?.(pending), { at: AT, what: 'delivery.attempt' })
    t.equal(deliveryDefinition.due?.(afterAttempt(pending, attempted(1, AT, { status: 200 }), defaultSwitches)), undefined)
    t.same(deliveryDefinition.keys?.(pending), ['event:evt_1', 'status:pending', 'type:payment_intent.succeeded', 'payment_intent:pi_1'])
    const { payment_intent: _none, ...other } = pending
    t.same(deliveryDefinition.keys?.(other), ['event:evt_1', 'status:pending', 'type:payment_intent.succeeded'])
  })
})

import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { SnowflakeIds } from '../src/core/ids.ts'
import { readSettings } from '../src/core/settings.ts'
import { switchTable, type Switches } from '../src/core/switches.ts'
import type { Fault } from '../src/faults/fault.ts'
import { Accounts, accountDefinition } from '../src/store/accounts.ts'
import { Collection } from '../src/store/collection.ts'
import { createCommit } from '../src/store/commit.ts'
import { Database } from '../src/store/database.ts'
import { eventDefinition } from '../src/store/events.ts'
import {
  afterAttempt, deliveryDefinition, deriveDeliveries, givenUp, held, isDue, lost, outdated, putOff, released, type Attempt, type Delivery
} from '../src/webhooks/deliveries.ts'
import { Dispatcher } from '../src/webhooks/dispatcher.ts'
import { retryGaps } from '../src/webhooks/schedule.ts'
import { Limit, Sender, type Answer, type Sending } from '../src/webhooks/sender.ts'
import { signatureHeaders, verifySignature } from '../src/webhooks/signature.ts'
import { webhookEndpointDefinition } from '../src/wooshpay/webhook-endpoints/schema.ts'
import { verify } from './support/documented-verifier.ts'

const defaultSwitches = readSettings(switchTable, {})

/** 18 attempts have 17 gaps; milliseconds. */
const DOCUMENTED = [
  1900, 3800, 7600, 15200, 30400, 60800, 121600, 243200, 486400, 972800, 1945600, 3891200, 7782400, 15564800, 31129600, 62259200, 124518400
]
const FAST = [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]

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

  t.test('is verified for a shop, in whatever form it comes', async t => {
    const body = '{"id":"evt_1","pays":"Rp20.000 ✓"}'
    const v1 = createHmac('sha256', 'whsec_x').update(`1687845304.${body}`).digest('hex')
    const good = `t=1687845304,v1=${v1}`
    for (const [what, given, isRight] of [
      ['as it comes', [body, good, 'whsec_x'], true],
      ['the bytes', [Buffer.from(body), good, 'whsec_x'], true],
      ['with further elements, and spaces', [body, `t=1687845304, v0=00, v1=${v1}`, 'whsec_x'], true],
      ['as a list of headers', [body, [good], 'whsec_x'], true],
      ['another body', [body.replace('20.000', '20.001'), good, 'whsec_x'], false],
      ['a body that was parsed and printed again', [JSON.stringify(JSON.parse(body), null, 1), good, 'whsec_x'], false],
      ['another secret', [body, good, 'whsec_y'], false],
      ['another time', [body, `t=1687845305,v1=${v1}`, 'whsec_x'], false],
      ['a signature that was cut short', [body, good.slice(0, -2), 'whsec_x'], false],
      ['no time', [body, `v1=${v1}`, 'whsec_x'], false],
      ['no signature', [body, 't=1687845304', 'whsec_x'], false],
      ['an empty signature', [body, 't=1687845304,v1=', 'whsec_x'], false],
      ['more than a signature', [body, `${good}zz`, 'whsec_x'], false],
      ['no hex', [body, `t=1687845304,v1=${'zz'.repeat(32)}`, 'whsec_x'], false],
      ['the empty header', [body, '', 'whsec_x'], false],
      ['no header', [body, undefined, 'whsec_x'], false]
    ] as Array<[string, Parameters<typeof verifySignature>, boolean]>) t.equal(verifySignature(...given), isRight, what)
    t.throws(() => verifySignature({ id: 'evt_1' } as unknown as string, good, 'whsec_x'), { name: 'TypeError', message: /the body as it came/ })
    for (const secret of ['', undefined as unknown as string]) t.throws(() => verifySignature(body, good, secret), { name: 'TypeError', message: /no secret/ })
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

t.test('deliveries that have ended go when they are too many or too old, the oldest first', async t => {
  const DAY = 86_400_000
  /** One with an id that tells its age, and an attempt so many days ago. */
  const ended = (index: number, days: number, status: Delivery['status'] = 'succeeded', tried = true): Delivery => ({
    id: `dlv_${1646356544343769088n + BigInt(index)}`,
    object: 'delivery',
    created: -days * DAY,
    event: 'evt_1',
    type: 'payment_intent.succeeded',
    endpoint: 'we_1',
    url: 'http://shop.test/hook',
    status,
    attempts: tried ? [{ number: 1, at: -days * DAY, status: 200, duration_ms: 0, request_headers: {} }] : []
  })
  const indexes = (rows: readonly Delivery[], count: number, ms: number): number[] => {
    const collection = new Collection(deliveryDefinition)
    for (const row of rows) collection.set('acct_1', row)
    collection.set('acct_2', ended(9999, 999))
    return outdated(collection, 'acct_1', { count, ms }, 0).map(({ id }) => rows.findIndex(row => row.id === id))
  }
  const five = [ended(0, 5), ended(1, 4, 'failed'), ended(2, 3), ended(3, 9, 'pending'), ended(4, 1)]
  for (const [count, ms, expected] of [
    [10, 10 * DAY, []], [4, 10 * DAY, []], [3, 10 * DAY, [0]], [1, 10 * DAY, [0, 1, 2]], [0, 10 * DAY, [0, 1, 2, 4]],
    [10, 5 * DAY, []], [10, 5 * DAY - 1, [0]], [10, 2 * DAY, [0, 1, 2]], [3, 2 * DAY, [0, 1, 2]], [10, 0, [0, 1, 2, 4]]
  ] as const) t.same(indexes(five, count, ms), expected, `${count}, ${ms / DAY} days`)
  t.same(indexes([ended(0, 5, 'failed', false), ended(1, 1)], 10, 2 * DAY), [0], 'one without an attempt counts from its event')
  t.equal(indexes(Array.from({ length: 150 }, (_, index) => ended(index, 1)), 0, DAY).length, 100, 'no more than so many at once')
})

t.test('an event becomes a delivery for each endpoint that wants it', async t => {
  const NOW = 1681356962654
  const wanting = (_account: object, type: string): object[] =>
    type === 'customer.created' ? [] : [{ id: 'we_1', url: 'http://user:secret@shop.test/hook' }, { id: 'we_2', url: 'http://other.test/' }]
  const deliveriesOf = (type: string, object: object, webhookDelayMs = 0): unknown[] => {
    const ids = new SnowflakeIds()
    const derive = deriveDeliveries({ wanting } as unknown as Parameters<typeof deriveDeliveries>[0], ids)
    const change = { account: { id: 'acct_1' }, now: NOW, webhookDelayMs, events: [{ id: 'evt_1', type, data: { object } }] } as unknown as Parameters<typeof derive>[0]
    const staged: unknown[] = []
    for (const operation of derive(change).operations ?? []) operation((definition, _id, record) => { staged.push([definition.name, record]) })
    return staged
  }
  const delivery = { ...pending, id: 'dlv_1646356544343769088', created: NOW, next_attempt_at: NOW + 7 }
  t.strictSame(deliveriesOf('payment_intent.succeeded', { id: 'pi_1', object: 'payment_intent' }, 7), [
    ['deliveries', delivery], ['deliveries', { ...delivery, id: 'dlv_1646356544343769089', endpoint: 'we_2', url: 'http://other.test/' }]
  ])
  t.match(deliveriesOf('charge.refunded', { id: 'ch_1', object: 'charge', payment_intent: 'pi_2' }), [['deliveries', { payment_intent: 'pi_2', next_attempt_at: NOW }], []])
  const { payment_intent: _none, ...ofNoPayment } = { ...delivery, type: 'product.created', next_attempt_at: NOW }
  t.strictSame(deliveriesOf('product.created', { id: 'prod_1', object: 'product', payment_intent: null })[0], ['deliveries', ofNoPayment])
  t.same(deliveriesOf('customer.created', { id: 'cus_1', object: 'customer' }), [])
})

t.test('a limit', async t => {
  const isOverWithin = async (limit: Limit, ms: number): Promise<boolean> => await new Promise(resolve => {
    const timeout = setTimeout(resolve, ms, false)
    limit.signal.addEventListener('abort', () => {
      clearTimeout(timeout)
      resolve(true)
    })
  })

  t.test('can become shorter and not longer, says how long it was, and ends', async t => {
    const limit = new Limit(600_000)
    t.equal(limit.message, 'no answer within 600000 ms')
    limit.shorten(700_000)
    t.equal(limit.message, 'no answer within 600000 ms')
    limit.shorten(5)
    t.equal(limit.message, 'no answer within 5 ms')
    t.equal(limit.isOver(), false)
    t.equal(await isOverWithin(limit, 10_000), true)
    t.equal(limit.isOver(), true)

    const short = new Limit(20)
    short.shorten(600_000)
    t.equal(await isOverWithin(short, 10_000), true, 'what is shorter already stays so')

    const ended = new Limit(5)
    ended.end()
    const shortened = new Limit(600_000)
    shortened.shorten(5)
    shortened.end()
    const cut = new Limit(600_000)
    cut.cutShort('nobody asks any more')
    t.equal(cut.isOver(), true)
    t.equal(cut.message, 'nobody asks any more')

    t.equal(await isOverWithin(ended, 30), false)
    t.equal(shortened.isOver(), false)
    t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'no timer is left')
  })
})

t.test('a sender', async t => {
  /** A receiver that counts its connections, and a sender with it. */
  async function newScene (t: Test, answer: (response: ServerResponse, request: IncomingMessage, body: string) => void): Promise<{
    sender: Sender
    sockets: Socket[]
    send: (options?: { endpoint?: string, path?: string, ms?: number, host?: string }) => Promise<Answer>
    url: string
  }> {
    const sockets: Socket[] = []
    const server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => { parts.push(part) })
      request.on('end', () => { answer(response, request, Buffer.concat(parts).toString()) })
    })
    server.keepAliveTimeout = 600_000
    server.on('connection', (socket: Socket) => { sockets.push(socket.on('error', () => {})) })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const sender = new Sender()
    t.teardown(async () => {
      await sender.close()
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    return {
      sender,
      sockets,
      url: `http://127.0.0.1:${port}`,
      send: async ({ endpoint = 'we_1', path = '/hook?a=1', ms = 600_000, host = '127.0.0.1' } = {}) => {
        const limit = new Limit(ms)
        try {
          return await sender.send({ endpoint, url: `http://${host}:${port}${path}`, body: '{"id":"evt_1"}', headers: { 'Content-Type': 'application/json', X: 'y' }, limit })
        } finally {
          limit.end()
        }
      }
    }
  }
  const closed = async (socket: Socket | undefined): Promise<void> => await new Promise(resolve => {
    if (socket?.closed !== false) resolve()
    socket?.once('close', () => { resolve() })
  })

  t.test('posts to the very address, and tells status and answer, whatever they are', async t => {
    const { send } = await newScene(t, (response, { method, url, headers }, body) => {
      const status = Number(url?.slice(1, 4))
      response.writeHead(status, { Location: '/elsewhere' }).end(status === 204 ? undefined : JSON.stringify([method, url, headers['content-type'], headers.x, body]))
    })
    for (const status of [200, 302, 404, 500]) {
      t.strictSame(await send({ path: `/${status}/a%20b?c=d&e` }), {
        status, response: `["POST","/${status}/a%20b?c=d&e","application/json","y","{\\"id\\":\\"evt_1\\"}"]`
      })
    }
    t.strictSame(await send({ path: '/204' }), { status: 204, response: '' })
  })

  t.test('sends the name and password of an address as HTTP Basic', async t => {
    const { send } = await newScene(t, (response, { headers }) => { response.end(String(headers.authorization)) })
    for (const [host, expected] of [
      ['user:p%40ss:@127.0.0.1', `Basic ${btoa('user:p@ss:')}`], ['user@127.0.0.1', `Basic ${btoa('user:')}`], [':secret@127.0.0.1', `Basic ${btoa(':secret')}`], ['127.0.0.1', 'undefined']
    ] as const) t.strictSame(await send({ host }), { status: 200, response: expected }, host)
    t.strictSame(await send({ host: 'user:%zz@127.0.0.1' }), { status: 200, response: `Basic ${btoa('user:%zz')}` }, 'what is no escape is taken as it is')
  })

  t.test('keeps a connection for each endpoint and host, and uses it again', async t => {
    const { send, sockets } = await newScene(t, response => { response.end('ok') })
    for (let count = 0; count < 3; count++) await send()
    t.equal(sockets.length, 1)
    await send({ endpoint: 'we_2' })
    t.equal(sockets.length, 2, 'another endpoint')
    await send({ host: 'localhost' })
    t.equal(sockets.length, 3, 'another host')
    await Promise.all([send(), send(), send()])
    t.equal(sockets.length, 5, 'one for each of those at once')
    await Promise.all([send(), send(), send()])
    t.equal(sockets.length, 5)
  })

  t.test('connects anew when the receiver has hung up', async t => {
    const { send, sockets } = await newScene(t, response => { response.end('ok') })
    await send()
    sockets[0]?.destroy()
    await closed(sockets[0])
    // Whatever was sent before the sender has heard of it is lost.
    let answer = await send()
    while ('error' in answer) answer = await send()
    t.same(answer, { status: 200, response: 'ok' })
    t.equal(sockets.length, 2)
  })

  t.test('keeps the beginning of a long answer, and reads no more of an endless one than it has to', async t => {
    let written = 0
    const { send, sockets } = await newScene(t, (response, { url }) => {
      if (url === '/long') return response.end('é'.repeat(1000))
      if (url === '/parts') {
        response.write('a'.repeat(1000))
        setTimeout(() => { response.end('b'.repeat(1000)) }, 20)
        return
      }
      const more = (): void => {
        if (response.closed || written > 64 << 20) return
        written += 65_536
        if (response.write('x'.repeat(65_536))) setImmediate(more)
        else response.once('drain', more)
      }
      more()
    })
    t.strictSame(await send({ path: '/long' }), { status: 200, response: 'é'.repeat(512) })
    t.strictSame(await send({ path: '/parts' }), { status: 200, response: 'a'.repeat(1000) + 'b'.repeat(24) })
    t.equal(sockets.length, 1, 'which was read to its end')
    t.strictSame(await send({ path: '/endless' }), { status: 200, response: 'x'.repeat(1024) })
    await closed(sockets[0])
    t.ok(written < 32 << 20, `${written} bytes were written`)
    t.strictSame(await send({ path: '/long' }), { status: 200, response: 'é'.repeat(512) })
    t.equal(sockets.length, 2)
  })

  t.test('gives up what takes too long together with its connection', async t => {
    const { send, sockets } = await newScene(t, (response, { url }) => {
      if (url === '/silent') return
      if (url === '/half') return response.writeHead(202).write('half')
      response.end('ok')
    })
    t.strictSame(await send({ path: '/silent', ms: 30 }), { error: 'no answer within 30 ms' })
    await closed(sockets[0])
    t.strictSame(await send({ path: '/half', ms: 30 }), { status: 202, response: 'half' }, 'the status is known')
    await closed(sockets[1])
    t.strictSame(await send({ path: '/', ms: 5000 }), { status: 200, response: 'ok' })
    t.equal(sockets.length, 3)

    const limit = new Limit(1)
    await once(limit.signal, 'abort')
    t.strictSame(await new Sender().send({ endpoint: 'we_1', url: 'http://127.0.0.1:9/', body: '', headers: {}, limit }), { error: 'no answer within 1 ms' })
  })

  t.test('says why there was no answer', async t => {
    const { send, sender, sockets, url } = await newScene(t, (response, { url }) => {
      if (url === '/dropped') response.socket?.destroy()
      if (url === '/nonsense') response.socket?.end('nonsense\r\n\r\n')
    })
    t.strictSame(await send({ path: '/dropped' }), { error: 'UND_ERR_SOCKET: other side closed' })
    t.match(await send({ path: '/nonsense' }), { error: /does not match the HTTP/ })
    const waiting = send({ path: '/silent' })
    while (sockets.length < 3) await new Promise(resolve => { setImmediate(resolve) })
    await sender.close()
    t.match(await waiting, { error: /destroyed/ })
    const closedPort = new Limit(10_000)
    const refused = await new Sender().send({ endpoint: 'we_1', url: url.replace(/\d+$/, '1'), body: '', headers: {}, limit: closedPort })
    closedPort.end()
    t.strictSame(refused, { error: 'connect ECONNREFUSED 127.0.0.1:1' })
    const nowhere = new Limit(10_000)
    t.match(await new Sender().send({ endpoint: 'we_1', url: 'http://nowhere.invalid/', body: '', headers: {}, limit: nowhere }), { error: /ENOTFOUND|EAI_AGAIN/ })
    nowhere.end()
  })
})

t.test('a dispatcher', async t => {
  /** A dispatcher with a sender that answers what it is told to, for an account whose clock stands still. */
  async function newScene (t: Test, { keep = { count: 100, ms: 1e12 }, clock = { offset_ms: 0, frozen_at_ms: AT }, ...switches }: Partial<Switches> & {
    keep?: { count: number, ms: number }
    clock?: { offset_ms: number, frozen_at_ms?: number }
  } = {}) {
    const database = await Database.open({ file: ':memory:', durability: 'process', definitions: [accountDefinition, deliveryDefinition, eventDefinition, webhookEndpointDefinition] })
    const accounts = new Accounts({ database, defaults: { ...defaultSwitches, ...switches }, clock, open: () => {} })
    t.teardown(() => { accounts.stop() })
    const account = accounts.bySecretKey('sk_test_a')
    const calls: Array<Sending & { readonly answer: (answer: Answer) => void }> = []
    const warnings: unknown[] = []
    const asked: unknown[] = []
    const fault: { then?: Fault['then'] } = {}
    const dispatcher = new Dispatcher({
      database,
      accounts,
      commit: createCommit({ database, ids: new SnowflakeIds(), derivers: [], deliver: () => ({}) }),
      faults: {
        befallingSending: (_account: object, sending: object) => {
          asked.push(sending)
          return fault.then === undefined ? undefined : { id: 'flt_1', then: fault.then }
        }
      } as unknown as ConstructorParameters<typeof Dispatcher>[0]['faults'],
      sender: {
        send: async (sending: Sending) => await new Promise<Answer>(resolve => {
          calls.push({ ...sending, answer: resolve })
          sending.limit.signal.addEventListener('abort', () => { resolve({ error: sending.limit.message }) })
        }),
        close: async () => { for (const { answer } of calls) answer({ error: 'the sender is closed' }) }
      } as unknown as Sender,
      userAgent: 'wooshpay-sandbox/1',
      keep,
      log: { warn: (details, message) => { warnings.push([details, message]) } }
    })
    const set = (delivery: Delivery): void => { database.stage(deliveryDefinition, account.id, delivery.id, delivery) }
    const endpoint = (id: string, changes: object = {}): void => {
      database.stage(webhookEndpointDefinition, account.id, id, {
        id, object: 'webhook_endpoint', created: 0, livemode: false, status: 'enabled', url: 'http://user:geheim@shop.test/hook', enabled_events: ['*'], secret: 'whsec_1', ...changes
      })
    }
    endpoint('we_1')
    const add = (id: string, changes: Partial<Delivery> = {}): Delivery => {
      const delivery: Delivery = {
        id, object: 'delivery', created: AT, event: `evt_${id}`, type: 'payment_intent.succeeded', endpoint: 'we_1', url: 'http://shop.test/old', payment_intent: 'pi_1', status: 'pending', attempts: [], next_attempt_at: AT, ...changes
      }
      database.stage(eventDefinition, account.id, delivery.event, {
        id: delivery.event, object: 'event', created: 1687845305000, livemode: false, data: { object: { id: 'pi_1' } }, type: 'payment_intent.succeeded'
      })
      set(delivery)
      return delivery
    }
    const get = (id: string): Delivery | undefined => database.collection(deliveryDefinition).get(account.id, id)
    const turn = async (): Promise<void> => { for (let count = 0; count < 3; count++) await new Promise(resolve => { setImmediate(resolve) }) }
    return { database, account, dispatcher, calls, warnings, asked, fault, set, endpoint, add, get, turn, attempt: async (id: string) => await dispatcher.attempt(account.id, id) }
  }

  t.test('sends exactly what is signed, and records what came of it', async t => {
    const { endpoint, add, get, attempt, calls, warnings, asked } = await newScene(t)
    endpoint('we_1', { api_version: '2' })
    const { next_attempt_at: _due, ...rest } = add('dlv_1')
    const made = attempt('dlv_1')
    await new Promise(resolve => { setImmediate(resolve) })
    const [call] = calls
    const body = '{"id":"evt_dlv_1","object":"event","created":1687845305000,"livemode":false,"api_version":"2","data":{"object":{"id":"pi_1"}},"type":"payment_intent.succeeded"}'
    const v1 = createHmac('sha256', 'whsec_1').update(`1687845304.${body}`).digest('hex')
    const headers = { 'Content-Type': 'application/json', 'User-Agent': 'wooshpay-sandbox/1', 'Wooshpay-Signature': `t=1687845304,v1=${v1}`, Signature: `t=1687845304,v1=${v1}` }
    t.match(call, { endpoint: 'we_1', url: 'http://user:geheim@shop.test/hook', body, headers })
    t.same(Object.keys(call?.headers ?? {}), Object.keys(headers))
    t.equal(call?.limit.message, 'no answer within 10000 ms')
    t.same(asked, [{ type: 'payment_intent.succeeded', endpoint: 'we_1', paymentIntent: 'pi_1', isAwaited: false, spentFault: undefined }])
    call?.answer({ status: 204, response: 'thanks' })
    const expected = { ...rest, url: 'http://shop.test/hook', status: 'succeeded', attempts: [{ number: 1, at: AT, status: 204, response: 'thanks', duration_ms: 0, request_headers: headers }] }
    t.strictSame(await made, expected)
    t.strictSame(get('dlv_1'), expected)
    t.same(warnings, [])
    t.equal(call?.limit.isOver(), false)
    t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'its time is not counted any more')
  })

  t.test('says what has failed, and when it comes again', async t => {
    const { add, get, attempt, calls, warnings } = await newScene(t, { WEBHOOK_RETRIES: [500] })
    add('dlv_1')
    for (const [answer, status, next] of [[{ status: 500, response: 'no' }, 'pending', AT + 500], [{ error: 'ECONNREFUSED: connect' }, 'failed', undefined]] as const) {
      const made = attempt('dlv_1')
      await new Promise(resolve => { setImmediate(resolve) })
      calls.at(-1)?.answer(answer)
      t.match(await made, { status, next_attempt_at: next, attempts: [...get('dlv_1')?.attempts.slice(0, -1) ?? [], answer] })
    }
    t.strictSame(warnings, [
      [{ delivery: 'dlv_1', attempt: 1, next_attempt_at: AT + 500 }, 'The webhook payment_intent.succeeded to http://shop.test/hook failed: status 500.'],
      [{ delivery: 'dlv_1', attempt: 2, next_attempt_at: undefined }, 'The webhook payment_intent.succeeded to http://shop.test/hook failed: ECONNREFUSED: connect.']
    ])
    t.same(get('dlv_1')?.attempts.map(({ number }) => number), [1, 2])
  })

  t.test('makes no attempt where there is none to make', async t => {
    const { add, database, account, endpoint, get, attempt, dispatcher, calls, warnings } = await newScene(t)
    add('dlv_1', { status: 'succeeded' })
    add('dlv_2', { endpoint: 'we_2' })
    add('dlv_3', { endpoint: 'we_3' })
    endpoint('we_3', { status: 'disabled' })
    const { event } = add('dlv_4')
    database.stage(eventDefinition, account.id, event, undefined)
    for (const id of ['dlv_0', 'dlv_1', 'dlv_4']) t.equal(await attempt(id), undefined, id)
    t.equal(await dispatcher.attempt('acct_other', 'dlv_2'), undefined)
    for (const id of ['dlv_2', 'dlv_3']) {
      t.match(await attempt(id), { status: 'failed', attempts: [] }, `${id}: nobody listens`)
      t.equal(get(id)?.status, 'failed')
    }
    t.same([calls, warnings], [[], []])
  })

  t.test('makes an attempt once, whoever asks for it', async t => {
    const { add, attempt, calls } = await newScene(t)
    add('dlv_1')
    const both = [attempt('dlv_1'), attempt('dlv_1')]
    await new Promise(resolve => { setImmediate(resolve) })
    t.equal(calls.length, 1)
    calls[0]?.answer({ status: 500, response: '' })
    const [first, second] = await Promise.all(both)
    t.equal(first, second)
    const again = attempt('dlv_1')
    await new Promise(resolve => { setImmediate(resolve) })
    t.equal(calls.length, 2, 'and the next one anew')
    calls[1]?.answer({ status: 200, response: '' })
    t.match(await again, { status: 'succeeded' })
  })

  t.test('makes the first attempts of a payment one after the other, and retries beside them', async t => {
    const { add, set, attempt, calls, turn } = await newScene(t)
    for (const [id, changes] of [
      ['dlv_1', {}], ['dlv_2', {}], ['dlv_3', { payment_intent: 'pi_2' }], ['dlv_4', { attempts: [{ number: 1, at: AT, error: 'no', duration_ms: 0, request_headers: {} }] }]
    ] as const) add(id, changes as Partial<Delivery>)
    const { payment_intent: _none, ...ofNoPayment } = add('dlv_5')
    set(ofNoPayment)
    const made = ['dlv_5', 'dlv_1', 'dlv_2', 'dlv_3', 'dlv_4']
    const all = made.map(async id => await attempt(id))
    await turn()
    t.same(calls.map(({ body }) => JSON.parse(body).id), ['evt_dlv_4', 'evt_dlv_5', 'evt_dlv_1', 'evt_dlv_3'], 'all but the second of the payment')
    calls[2]?.answer({ error: 'no' })
    await turn()
    t.equal(JSON.parse(calls[4]?.body ?? '{}').id, 'evt_dlv_2', 'which comes when the first has had its attempt, taken or not')
    for (const { answer } of calls) answer({ status: 200, response: '' })
    t.same((await Promise.all(all)).map(delivery => delivery?.status), ['succeeded', 'pending', 'succeeded', 'succeeded', 'succeeded'])
  })

  t.test('lets ten attempts for an endpoint be under way, and leaves others alone', async t => {
    const { add, endpoint, attempt, calls, turn } = await newScene(t)
    endpoint('we_2')
    for (let number = 10; number < 25; number++) add(`dlv_${number}`, { payment_intent: `pi_${number}` })
    add('dlv_30', { endpoint: 'we_2' })
    const all = ['dlv_30', ...Array.from({ length: 15 }, (_, index) => `dlv_${10 + index}`)].map(async id => await attempt(id))
    await turn()
    t.equal(calls.length, 11)
    calls[1]?.answer({ status: 200, response: '' })
    await turn()
    t.equal(calls.length, 12)
    while (calls.length < 16) {
      for (const { answer } of calls) answer({ status: 200, response: '' })
      await turn()
    }
    for (const { answer } of calls) answer({ status: 200, response: '' })
    t.same(new Set((await Promise.all(all)).map(delivery => delivery?.status)), new Set(['succeeded']))
  })

  t.test('does what a fault wants', async t => {
    const { add, get, attempt, calls, warnings, fault, asked, turn } = await newScene(t)
    for (const [then, expected] of [
      [{ drop: true }, { status: 'failed', attempts: [{ error: 'lost by a fault, nothing was sent', fault: 'flt_1' }] }],
      [{ swap_with_next: true }, { status: 'pending', held: true, fault: 'flt_1', attempts: [] }],
      [{ delay_ms: 7 }, { status: 'pending', next_attempt_at: AT + 7, fault: 'flt_1', attempts: [] }]
    ] as const) {
      fault.then = then
      const id = `dlv_${Object.keys(then).join()}`
      add(id)
      t.match(await attempt(id), expected, id)
      t.match(get(id), expected)
    }
    t.equal(calls.length, 0)
    t.match(warnings, [[{ delivery: 'dlv_drop' }, /failed: lost by a fault, nothing was sent\.$/]])
    t.equal(warnings.length, 1, 'nothing else has failed')

    fault.then = { duplicate: true, bad_signature: true, old_timestamp: true }
    add('dlv_twice', { created: AT })
    const made = attempt('dlv_twice')
    await turn()
    calls[0]?.answer({ status: 500, response: '' })
    await turn()
    calls[1]?.answer({ status: 200, response: '' })
    t.match(await made, { status: 'succeeded', attempts: [{ number: 1, status: 500, fault: 'flt_1' }, { number: 2, status: 200, fault: 'flt_1' }] })
    t.match(asked.at(-1), { isAwaited: true })
    const signature = calls[0]?.headers.Signature ?? ''
    t.match(signature, /^t=1687841704,/, 'an hour old')
    t.notOk(verify(signature, calls[0]?.body ?? '', 'whsec_1'))
    t.same([get('dlv_swap_with_next')?.held, get('dlv_swap_with_next')?.next_attempt_at], [undefined, AT], 'what was held goes now')

    const other = await newScene(t, { SIGNATURE_TIME: 'attempt' })
    other.fault.then = { old_timestamp: true }
    other.add('dlv_1', { created: 0 })
    const old = other.attempt('dlv_1')
    await turn()
    t.match(other.calls[0]?.headers.Signature, /^t=1687841704,/, 'also where it is the time of the attempt')
    other.calls[0]?.answer({ status: 200, response: '' })
    await old
  })

  t.test('waits for the first attempts of a payment that are due, and no longer than it works', async t => {
    const { add, account, attempt, dispatcher, calls, turn } = await newScene(t)
    add('dlv_1')
    add('dlv_2', { payment_intent: 'pi_2' })
    add('dlv_3', { next_attempt_at: AT + 1 })
    add('dlv_4', { attempts: [{ number: 1, at: AT, error: 'no', duration_ms: 0, request_headers: {} }] })
    const order: string[] = []
    const waiting = dispatcher.firstAttempts(account, 'pi_1').then(() => { order.push('waited') })
    const made = attempt('dlv_1').then(() => { order.push('made') })
    await turn()
    t.same(order, [])
    calls[0]?.answer({ status: 500, response: '' })
    await Promise.all([made, waiting])
    t.same(order.toSorted(), ['made', 'waited'])
    const never = dispatcher.firstAttempts(account, 'pi_2')
    await dispatcher.close()
    await never
  })

  t.test('takes no more at its end, waits for what is under way, and does not count what it cuts short', async t => {
    const { add, get, attempt, dispatcher, calls, turn } = await newScene(t)
    for (const id of ['dlv_1', 'dlv_2', 'dlv_3']) add(id, { payment_intent: `pi_${id}` })
    const made = ['dlv_1', 'dlv_2'].map(async id => await attempt(id))
    await turn()
    const started = performance.now()
    const closed = dispatcher.close()
    t.equal(await attempt('dlv_3'), undefined)
    calls[0]?.answer({ status: 200, response: '' })
    t.match(await made[0], { status: 'succeeded' })
    t.match(await made[1], undefined, 'cut short by the sender')
    await closed
    t.ok(performance.now() - started >= 1900, 'after two seconds')
    t.match([get('dlv_2')?.attempts, get('dlv_3')?.attempts], [[], []])
    const other = await newScene(t)
    other.add('dlv_1')
    const last = other.attempt('dlv_1')
    await turn()
    other.calls[0]?.answer({ status: 200, response: '' })
    const before = performance.now()
    await other.dispatcher.close()
    t.ok(performance.now() - before < 1000, 'at once where nothing is left')
    t.match(await last, { status: 'succeeded' })
  })

  t.test('ends what concerns nobody any more', async t => {
    const { add, get, set, database, account, endpoint, attempt, calls, turn } = await newScene(t)
    for (const id of ['dlv_1', 'dlv_2', 'dlv_3']) add(id, { payment_intent: `pi_${id}` })
    const made = ['dlv_1', 'dlv_2', 'dlv_3'].map(async id => await attempt(id))
    await turn()
    database.stage(deliveryDefinition, account.id, 'dlv_1', undefined)
    set({ ...get('dlv_2'), created: 1 } as Delivery)
    await turn()
    t.same([await made[0], await made[1], get('dlv_1'), get('dlv_2')?.attempts], [undefined, undefined, undefined, []])
    t.equal(calls[2]?.limit.isOver(), false)
    endpoint('we_1', { metadata: { a: 'b' } })
    await turn()
    t.equal(calls[2]?.limit.isOver(), false)
    endpoint('we_1', { url: 'http://other.test/' })
    t.match(await made[2], { status: 'pending', attempts: [{ error: 'the endpoint has changed, or is gone' }] })

    const next = attempt('dlv_3')
    await turn()
    database.stage(webhookEndpointDefinition, account.id, 'we_1', undefined)
    t.match(await next, { attempts: [{}, { error: 'the endpoint has changed, or is gone' }] })
    t.equal((await attempt('dlv_3'))?.status, 'failed')
  })

  t.test('does not send twice what concerns nobody any more', async t => {
    const { add, database, account, attempt, calls, fault, turn } = await newScene(t)
    fault.then = { duplicate: true }
    add('dlv_1')
    const made = attempt('dlv_1')
    await turn()
    database.stage(deliveryDefinition, account.id, 'dlv_1', undefined)
    t.equal(await made, undefined)
    t.equal(calls.length, 1)
  })

  t.test('keeps no more ended deliveries than it should', async t => {
    const { add, get, attempt, calls, turn } = await newScene(t, { keep: { count: 1, ms: 1e12 } })
    for (const id of ['dlv_1', 'dlv_2']) {
      add(id, { payment_intent: id })
      const made = attempt(id)
      await turn()
      calls.at(-1)?.answer({ status: 200, response: '' })
      t.match(await made, { id })
    }
    t.same([get('dlv_1'), get('dlv_2')?.status], [undefined, 'succeeded'])
  })

  t.test('makes haste while the clock is moved, and measures while it runs', async t => {
    const { add, account, attempt, calls, turn } = await newScene(t, { clock: { offset_ms: 0 } })
    for (const id of ['dlv_1', 'dlv_2']) add(id, { payment_intent: id })
    const before = attempt('dlv_1')
    await turn()
    let release = (): void => {}
    account.clock.at({ at: account.clock.now() + 10, what: 'test', id: 'holds', run: () => new Promise<void>(resolve => { release = resolve }) })
    const move = account.clock.moveBy(20)
    const during = attempt('dlv_2')
    await turn()
    t.same(calls.map(({ limit }) => limit.message), ['no answer within 1000 ms', 'no answer within 1000 ms'])
    await new Promise(resolve => { setTimeout(resolve, 20) })
    for (const { answer } of calls) answer({ status: 200, response: '' })
    t.ok((await during)?.attempts.every(({ duration_ms: ms }) => ms >= 15 && ms < 5000))
    release()
    await Promise.all([move, before])
  })
})

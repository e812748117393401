import t, { type Test } from 'tap'
import { browserAddress, isHost, isHttpAddress, isLoopback, whyUnsafe, withoutCredentials, withParameters } from '../src/core/addresses.ts'
import { accountId, maskKey, maskKeys, parseApiKey, publishableKey, READY_KEY, withoutKeys } from '../src/core/api-keys.ts'
import { createChance } from '../src/core/chance.ts'
import { isClockState, parseTime, SandboxClock, toWireTime, type ClockState } from '../src/core/clock.ts'
import { isSame } from '../src/core/constant-time.ts'
import { ApiError, errors, type ErrorType } from '../src/core/errors.ts'
import { createSecrets, idTime, isId, oneWay, SnowflakeIds, type IdPrefix } from '../src/core/ids.ts'
import { currencyCode, formatMoney } from '../src/core/money.ts'
import { preferredLanguage, preferredType } from '../src/core/preferences.ts'
import {
  either, flag, integer, listOf, matching, oneOf, optional, readSettings, SettingError, text, type Kind
} from '../src/core/settings.ts'
import { withTimeLimit } from '../src/core/time-limit.ts'

t.test('the clock', async t => {
  const FROZEN: ClockState = { offset_ms: 0, frozen_at_ms: 1000 }

  /** A clock beside a machine's clock that stands at 1,000,000 until a test moves it. */
  function newClock (t: Test, state: ClockState) {
    const machine = { now: 1_000_000 }
    const clock = new SandboxClock(state, () => machine.now)
    t.teardown(() => { clock.stop() })
    const ran: Array<[string, number]> = []
    const set = (id: string, at: number, then: () => void | Promise<void> = () => {}): (() => void) =>
      clock.at({ at, what: 'test', id, run: async () => { ran.push([id, clock.now()]); await then() } })
    return { clock, machine, ran, set }
  }

  t.test('stands still while it is frozen, and says so', async t => {
    const { clock, machine } = newClock(t, FROZEN)
    t.equal(clock.now(), 1000)
    machine.now += 5000
    t.equal(clock.now(), 1000)
    t.equal(clock.frozen, true)
    t.same(clock.state, { offset_ms: 0, frozen_at_ms: 1000 })
  })

  t.test('runs with the machine, as far ahead as it was set', async t => {
    const { clock, machine } = newClock(t, { offset_ms: 500 })
    t.equal(clock.now(), 1_000_500)
    machine.now += 250
    t.equal(clock.now(), 1_000_750)
    t.equal(clock.frozen, false)
    t.same(clock.state, { offset_ms: 500 })
  })

  t.test('goes on from where it stood when it is frozen and let run', async t => {
    const { clock, machine } = newClock(t, { offset_ms: 0 })
    clock.freeze()
    t.same(clock.state, { offset_ms: 0, frozen_at_ms: 1_000_000 })
    machine.now += 60_000
    t.equal(clock.now(), 1_000_000)
    clock.run()
    t.equal(clock.now(), 1_000_000)
    machine.now += 1
    t.equal(clock.now(), 1_000_001)
    t.same(clock.state, { offset_ms: -60_000 })
  })

  t.test('is not moved by running what runs and freezing what is frozen', async t => {
    const running = newClock(t, { offset_ms: 7 })
    running.clock.run()
    t.same(running.clock.state, { offset_ms: 7 })
    const frozen = newClock(t, FROZEN)
    frozen.clock.freeze()
    t.same(frozen.clock.state, { offset_ms: 0, frozen_at_ms: 1000 })
  })

  t.test('never goes backwards when the machine\'s clock is set back', async t => {
    const { clock, machine } = newClock(t, { offset_ms: 0 })
    t.equal(clock.now(), 1_000_000)
    machine.now = 400_000
    t.equal(clock.now(), 1_000_000)
    clock.freeze()
    t.equal(clock.now(), 1_000_000)
    clock.run()
    machine.now = 400_001
    t.equal(clock.now(), 1_000_001)
  })

  t.test('moves to a time and stays as frozen or running as it was', async t => {
    const frozen = newClock(t, FROZEN)
    t.same(await frozen.clock.moveTo(9000), [])
    t.same(frozen.clock.state, { offset_ms: 0, frozen_at_ms: 9000 })

    const running = newClock(t, { offset_ms: 0 })
    t.same(await running.clock.moveTo(1_003_000), [])
    t.equal(running.clock.frozen, false)
    t.equal(running.clock.now(), 1_003_000)
    running.machine.now += 10
    t.equal(running.clock.now(), 1_003_010)
    t.same(running.clock.state, { offset_ms: 3000 })
  })

  t.test('is not moved back by a move to a time that has passed', async t => {
    const { clock } = newClock(t, FROZEN)
    t.same(await clock.moveTo(999), [])
    t.equal(clock.now(), 1000)
  })

  t.test('runs timers in order of their times, each at its own, and those of one time as they were set', async t => {
    const { clock, ran, set } = newClock(t, FROZEN)
    set('late', 4000)
    set('early', 2000)
    set('early-too', 2000)
    set('at the end', 5000)
    set('beyond', 5001)
    t.same(await clock.moveTo(5000), [
      { at: 2000, what: 'test', id: 'early' },
      { at: 2000, what: 'test', id: 'early-too' },
      { at: 4000, what: 'test', id: 'late' },
      { at: 5000, what: 'test', id: 'at the end' }
    ])
    t.same(ran, [['early', 2000], ['early-too', 2000], ['late', 4000], ['at the end', 5000]])
    t.equal(clock.now(), 5000)
    t.same(await clock.moveTo(6000), [{ at: 5001, what: 'test', id: 'beyond' }])
  })

  t.test('waits for a timer\'s work before it runs the next one', async t => {
    const { clock, set } = newClock(t, FROZEN)
    const order: string[] = []
    set('slow', 2000, async () => {
      await new Promise(resolve => { setImmediate(resolve) })
      order.push('slow has ended')
    })
    set('next', 2001, () => { order.push('next') })
    await clock.moveTo(3000)
    t.same(order, ['slow has ended', 'next'])
  })

  t.test('runs timers that timers set, if they fall due on the way', async t => {
    const { clock, ran, set } = newClock(t, FROZEN)
    set('first', 2000, () => {
      set('second', clock.now() + 500, () => { set('past', 1500) })
      set('beyond', clock.now() + 9000)
    })
    set('third', 2600)
    await clock.moveTo(3000)
    t.same(ran, [['first', 2000], ['second', 2500], ['past', 2500], ['third', 2600]])
  })

  t.test('does not run a timer that was taken back, also by another timer and more than once', async t => {
    const { clock, ran, set } = newClock(t, FROZEN)
    const takeBack = set('taken back', 2000)
    takeBack()
    takeBack()
    set('first', 2000, () => { takeBackLater() })
    const takeBackLater = set('taken back by the first', 2001)
    set('last', 2002)
    t.same((await clock.moveTo(3000)).map(({ id }) => id), ['first', 'last'])
    t.same(ran, [['first', 2000], ['last', 2002]])
  })

  t.test('keeps the others when thousands of timers were taken back', async t => {
    const { clock, ran, set } = newClock(t, FROZEN)
    const takeBack = Array.from({ length: 3000 }, (_, index) => set(`taken back ${index}`, 2000 + index))
    set('b', 2500)
    set('a', 2400)
    for (const take of takeBack) take()
    set('c', 2600)
    t.equal((await clock.moveTo(9000)).length, 3)
    t.same(ran, [['a', 2400], ['b', 2500], ['c', 2600]])
  })

  t.test('runs a timer that is due already, frozen or not, but not within the call that sets it', async t => {
    for (const state of [FROZEN, { offset_ms: 0 }]) {
      const { clock, ran, set } = newClock(t, state)
      const now = clock.now()
      await new Promise<void>(resolve => {
        set('due', now - 1, resolve)
        t.same(ran, [])
      })
      t.same(ran, [['due', now]])
    }
  })

  t.test('runs a due timer on a frozen clock behind one that is not due', async t => {
    const { ran, set } = newClock(t, FROZEN)
    set('later', 2000)
    await new Promise<void>(resolve => { set('due', 1000, resolve) })
    t.same(ran, [['due', 1000]])
  })

  t.test('runs a timer when real time reaches it', async t => {
    const clock = new SandboxClock({ offset_ms: 86_400_000 })
    t.teardown(() => { clock.stop() })
    const at = clock.now() + 5
    const ranAt = await new Promise<number>(resolve => {
      clock.at({ at, what: 'test', id: 'real', run: () => { resolve(clock.now()) } })
    })
    t.ok(ranAt >= at, 'and not before')
  })

  t.test('makes what fell due while it was frozen wait for a move', async t => {
    const { clock, machine, ran, set } = newClock(t, FROZEN)
    set('frozen', 1001)
    machine.now += 10_000
    await new Promise<void>(resolve => { set('due', 1000, resolve) })
    t.same(ran, [['due', 1000]])
    await clock.moveTo(1001)
    t.same(ran, [['due', 1000], ['frozen', 1001]])
  })

  t.test('lets moves wait for each other', async t => {
    const { clock, ran, set } = newClock(t, FROZEN)
    let release = (): void => {}
    const held = new Promise<void>(resolve => { release = resolve })
    set('holds the first move', 2000, () => held)
    set('of the first move', 3000)
    set('of the second move', 4000)
    const first = clock.moveTo(3000)
    const second = clock.moveTo(5000)
    const third = clock.moveTo(4500)
    release()
    t.same((await first).map(({ id }) => id), ['holds the first move', 'of the first move'])
    t.same((await second).map(({ id }) => id), ['of the second move'])
    t.same(await third, [])
    t.same(ran, [['holds the first move', 2000], ['of the first move', 3000], ['of the second move', 4000]])
    t.equal(clock.now(), 5000)
  })

  t.test('moves on by as much as every one of several moves asks for', async t => {
    const { clock, ran, set } = newClock(t, FROZEN)
    set('of the second move', 2500, async () => { await new Promise(resolve => { setImmediate(resolve) }) })
    const moves = [clock.moveBy(1000), clock.moveBy(1000), clock.moveTo(2800), clock.moveBy(1)]
    t.equal(clock.now(), 1000)
    t.same((await Promise.all(moves)).map(({ length }) => length), [0, 1, 0, 0])
    t.same(ran, [['of the second move', 2500]])
    t.equal(clock.now(), 3001)
  })

  t.test('ends its moves where it is set to another time, and goes on from there', async t => {
    for (const frozen of [true, false]) {
      const { clock, machine, ran, set } = newClock(t, FROZEN)
      set('sets it', 2000, () => { clock.set({ now: 500, frozen }) })
      set('beyond', 3000)
      const moves = [clock.moveTo(4000), clock.moveBy(10_000)]
      t.same((await Promise.all(moves)).map(timers => timers.map(({ id }) => id)), [['sets it'], []])
      t.equal(clock.moving, false)
      machine.now += 7
      t.same(clock.state, frozen ? { offset_ms: -999_500, frozen_at_ms: 500 } : { offset_ms: -999_500 })
      t.equal(clock.now(), frozen ? 500 : 507)
      t.same((await clock.moveTo(3000)).map(({ id }) => id), ['beyond'])
      t.same(ran, [['sets it', 2000], ['beyond', 3000]])
    }
  })

  t.test('says when a move begins, so that work under way can make haste; the move waits for it', async t => {
    const { clock, set } = newClock(t, FROZEN)
    const order: string[] = []
    let hurry = (): void => {}
    const hurried = new Promise<void>(resolve => { hurry = resolve })
    const stopListening = clock.onMove(() => {
      order.push('begins')
      hurry()
    })
    await new Promise<void>(resolve => {
      set('under way', 1000, async () => {
        resolve()
        await hurried
        order.push('has ended')
      })
    })
    set('next', 1001, () => { order.push('next') })
    await Promise.all([clock.moveTo(2000), clock.moveTo(3000)])
    stopListening()
    await clock.moveTo(4000)
    t.same(order, ['begins', 'has ended', 'next'])
  })

  t.test('waits at the beginning of a move for all that is under way, and what that sets in motion', async t => {
    const { clock, set } = newClock(t, FROZEN)
    const order: string[] = []
    const release: Array<() => void> = []
    const held = (name: string, then: () => void = () => {}) => async (): Promise<void> => {
      await new Promise<void>(resolve => { release.push(resolve) })
      order.push(name)
      then()
    }
    await new Promise<void>(resolve => {
      set('one', 1000, held('one'))
      set('two', 1000, held('two'))
      set('both have begun', 1000, resolve)
    })
    const move = clock.moveTo(2000)
    t.equal(clock.moving, true)
    set('of the move', 1500, () => { order.push('of the move') })
    release[0]?.()
    await new Promise(resolve => { setImmediate(resolve) })
    t.same(order, ['one'], 'not before the second has ended')
    release[1]?.()
    await move
    t.equal(clock.moving, false)
    t.same(order, ['one', 'two', 'of the move'])
  })

  t.test('leaves to a move what falls due while it is moved', async t => {
    const { clock, ran, set } = newClock(t, FROZEN)
    let release = (): void => {}
    set('holds the move', 2000, () => new Promise<void>(resolve => { release = resolve }))
    const move = clock.moveTo(5000)
    await new Promise(resolve => { setImmediate(resolve) })
    set('due at once', 1999)
    t.equal(clock.hasDue, true)
    await new Promise(resolve => { setImmediate(resolve) })
    t.same(ran, [['holds the move', 2000]])
    release()
    t.same((await move).map(({ id }) => id), ['holds the move', 'due at once'])
    t.same(ran, [['holds the move', 2000], ['due at once', 2000]])
  })

  t.test('tells whether something is due, and how far ahead of the machine it is', async t => {
    const { clock, machine, set } = newClock(t, FROZEN)
    t.equal(clock.hasDue, false)
    const takeBack = set('later', 1001)
    t.equal(clock.hasDue, false)
    set('now', 1000)
    t.equal(clock.hasDue, true)
    takeBack()
    machine.now = 400
    t.equal(clock.aheadMs, 600)
  })

  t.test('stops a move at a timer that fails; the next move goes on from there', async t => {
    const { clock, ran, set } = newClock(t, FROZEN)
    set('fails', 2000, () => { throw new Error('out of order') })
    set('next', 3000)
    await t.rejects(clock.moveTo(4000), { message: 'out of order' })
    t.equal(clock.now(), 2000)
    t.same((await clock.moveTo(4000)).map(({ id }) => id), ['next'])
    t.same(ran, [['fails', 2000], ['next', 3000]])
  })

  t.test('takes an order to run or to freeze during a move as what is to be after it', async t => {
    const frozen = newClock(t, FROZEN)
    frozen.set('runs', 2000, () => { frozen.clock.run() })
    frozen.set('next', 3000)
    await frozen.clock.moveTo(4000)
    t.same(frozen.ran, [['runs', 2000], ['next', 3000]])
    t.equal(frozen.clock.frozen, false)
    t.equal(frozen.clock.now(), 4000)
    frozen.machine.now += 5
    t.equal(frozen.clock.now(), 4005)

    const running = newClock(t, { offset_ms: 0 })
    running.set('freezes', 1_000_100, () => { running.clock.freeze() })
    running.set('next', 1_000_200)
    await running.clock.moveTo(1_000_300)
    t.same(running.ran, [['freezes', 1_000_100], ['next', 1_000_200]])
    running.machine.now += 5
    t.same(running.clock.state, { offset_ms: 0, frozen_at_ms: 1_000_300 })
  })

  t.test('tells during a move of a running clock what a later clock can go on from', async t => {
    const { clock, set } = newClock(t, { offset_ms: 0 })
    const states: ClockState[] = []
    set('a', 1_000_700, () => { states.push(clock.state) })
    await clock.moveTo(1_001_000)
    t.same(states, [{ offset_ms: 700 }])
  })

  t.test('runs nothing by itself after it was stopped, and still tells the time', async t => {
    const { clock, machine, ran, set } = newClock(t, { offset_ms: 0 })
    set('due at the stop', 1_000_000)
    clock.stop()
    set('due after the stop', 999_999)
    const other = newClock(t, FROZEN)
    await new Promise<void>(resolve => { other.set('a turn of the event loop later', 1000, resolve) })
    t.same(ran, [])
    machine.now += 3
    t.equal(clock.now(), 1_000_003)
  })
})

t.test('a time is read from epoch milliseconds or ISO 8601, which is UTC unless it says otherwise, wherever the machine stands', async t => {
  const { TZ } = process.env
  process.env.TZ = 'Asia/Jakarta'
  t.teardown(() => {
    if (TZ === undefined) delete process.env.TZ
    else process.env.TZ = TZ
  })
  t.equal(new Date(2027, 0, 1).getTime(), 1798736400000, 'seven hours before UTC')
  const rows: Array<[string, number | undefined]> = [
    ['1798761600000', 1798761600000],
    ['0', 0],
    ['2027-01-01', 1798761600000],
    ['2027-01-01T00:00', 1798761600000],
    ['2027-01-01T00:00:00', 1798761600000],
    ['2027-01-01T00:00:00.5', 1798761600500],
    ['2027-01-01T00:00:00Z', 1798761600000],
    ['2027-01-01T00:00:00+07:00', 1798736400000],
    ['2026-12-31T19:00:00-05:00', 1798761600000],
    ['2028-02-29', 1835395200000],
    ['2027-02-29', undefined],
    ['2027-02-31', undefined],
    ['2027-04-31T00:00:00Z', undefined],
    ['2027-13-01', undefined],
    ['2027-01-00', undefined],
    ['2027-01-01T24:01', undefined],
    ['2027-01-01T12:60', undefined],
    ['2027-01-01T00:00:00+99:99', undefined],
    ['2027-01-01 (x)', undefined],
    ['2027-01-01 00:00', undefined],
    ['2027-01', undefined],
    ['2027', 2027],
    ['-1', undefined],
    ['1.5', undefined],
    [' 2027-01-01', undefined],
    ['tomorrow', undefined],
    ['', undefined]
  ]
  for (const [text, expected] of rows) t.equal(parseTime(text), expected, JSON.stringify(text))
})

t.test('what was stored of a clock is whole milliseconds that are not too far off', async t => {
  for (const state of [{ offset_ms: 0 }, { offset_ms: -5, frozen_at_ms: 1000 }, { offset_ms: 4398046511104 }, { offset_ms: -4398046511104, frozen_at_ms: 4398046511104 }, { offset_ms: 1, more: 'x' }]) {
    t.ok(isClockState(state), JSON.stringify(state))
  }
  for (const state of [
    undefined, null, 7, 'offset_ms', [], {}, { frozen_at_ms: 1000 }, { offset_ms: '0' }, { offset_ms: 0.5 }, { offset_ms: NaN }, { offset_ms: null }, { offset_ms: 4398046511105 }, { offset_ms: -4398046511105 },
    { offset_ms: 0, frozen_at_ms: '1000' }, { offset_ms: 0, frozen_at_ms: undefined }, { offset_ms: 0, frozen_at_ms: 4398046511105 }
  ]) t.notOk(isClockState(state), JSON.stringify(state))
})

t.test('toWireTime rounds to the nearest second', async t => {
  const rows: Array<[number, number]> = [
    [1681356962654, 1681356963000],
    [1681356962499, 1681356962000],
    [1681356962500, 1681356963000],
    [1681356962999, 1681356963000],
    [1681356963000, 1681356963000],
    [0, 0]
  ]
  for (const [ms, wire] of rows) t.equal(toWireTime(ms), wire, String(ms))
})

t.test('ids', async t => {
  const AT = 1681356962654
  const numberOf = (id: string): bigint => BigInt(id.slice(id.indexOf('_') + 1))

  t.test('that are documented tell when they were made, and are what is made then', async t => {
    const samples: Array<[IdPrefix, string, number]> = [
      ['pi', 'pi_1646356544343769088', 1681356962654],
      ['pm', 'pm_1646356544205357056', 1681356962621],
      ['cs', 'cs_1676131330724724736', 1688455824916],
      ['li', 'li_1676131330754084864', 1688455824923],
      ['price', 'price_1676131330766667776', 1688455824926],
      ['prod', 'prod_1676131330783444992', 1688455824930],
      ['pi', 'pi_1676131330947022848', 1688455824969]
    ]
    for (const [prefix, id, ms] of samples) {
      t.equal(idTime(id), ms, id)
      t.equal(new SnowflakeIds().next(prefix, 'acct_1', ms), id)
      t.equal(numberOf(id) % 4_194_304n, 0n, 'the low 22 bits are 0')
    }
  })

  t.test('have a prefix and 19 digits', async t => {
    for (const id of ['pi_1646356544343769088', 'price_1676131330766667776']) t.ok(isId(id), id)
    for (const id of [undefined, 7, '', 'pi_', 'pi_164635654434376908', 'pi_16463565443437690881', 'pi_164635654434376908x', 'Pi_1646356544343769088', '_1646356544343769088', '1646356544343769088', ' pi_1646356544343769088', 'p i_1646356544343769088', 'pi_1646356544343769088\n']) {
      t.notOk(isId(id), JSON.stringify(id))
    }
  })

  t.test('made in the same millisecond take the next sequence number, whatever their prefix', async t => {
    const ids = new SnowflakeIds()
    t.equal(ids.next('pi', 'acct_1', AT), 'pi_1646356544343769088')
    t.equal(ids.next('pi', 'acct_1', AT), 'pi_1646356544343769089')
    t.equal(ids.next('evt', 'acct_1', AT), 'evt_1646356544343769090')
    t.equal(ids.next('pi', 'acct_2', AT), 'pi_1646356544343769091')
    t.equal(ids.next('pi', 'acct_1', AT + 1), 'pi_1646356544347963392')
  })

  t.test('borrow the next millisecond when all 4096 of one are used', async t => {
    const ids = new SnowflakeIds()
    const made = Array.from({ length: 4098 }, () => ids.next('pi', 'acct_1', AT))
    t.equal(made[4095], 'pi_1646356544343773183')
    t.equal(made[4096], 'pi_1646356544347963392')
    t.equal(made[4097], 'pi_1646356544347963393')
  })

  t.test('never go backwards in one account, also when its clock does', async t => {
    const ids = new SnowflakeIds()
    const made = [AT, AT - 86_400_000, AT + 5, AT, AT + 5, AT + 6, 0].map(now => numberOf(ids.next('pi', 'acct_1', now)))
    t.same(made, made.toSorted((a, b) => a < b ? -1 : 1))
    t.equal(new Set(made).size, 7)
  })

  t.test('go back for one account without being held up by another that is ahead', async t => {
    const ids = new SnowflakeIds()
    ids.next('pi', 'ahead', AT + 86_400_000)
    t.equal(ids.next('pi', 'acct_1', AT), 'pi_1646356544343769088')
  })

  t.test('are unique over 50 accounts whose clocks stand at the same time', async t => {
    const ids = new SnowflakeIds()
    const made = Array.from({ length: 50 * 200 }, (_, index) => ids.next('pi', `acct_${index % 50}`, AT))
    t.equal(new Set(made).size, 10_000)
  })

  t.test('that are in use are passed over', async t => {
    const taken = new Set(['pi_1646356544343769088', 'pi_1646356544343769089'])
    const ids = new SnowflakeIds(id => taken.has(id))
    t.equal(ids.next('pi', 'acct_1', AT), 'pi_1646356544343769090')
  })

  t.test('go on after the newest one that an account had before a restart', async t => {
    const latestOf = (account: string): string | undefined => account === 'acct_1' ? 'evt_1646356544343769093' : undefined
    const rows: Array<[string, number, string]> = [
      ['acct_1', AT, 'pi_1646356544343769094'],
      ['acct_1', AT - 60_000, 'pi_1646356544343769094'],
      ['acct_1', AT + 1, 'pi_1646356544347963392'],
      ['acct_2', AT, 'pi_1646356544343769088']
    ]
    for (const [account, now, id] of rows) t.equal(new SnowflakeIds(undefined, latestOf).next('pi', account, now), id)

    const full = new SnowflakeIds(undefined, () => 'pi_1646356544343773183')
    t.equal(full.next('pi', 'acct_1', AT), 'pi_1646356544347963392', 'in the next millisecond when that one was full')
  })
})

t.test('a message has no key in it but the one that everybody knows, and what is masked stays', async t => {
  for (const [given, expected] of [
    ['No such event: "sk_live_abc.d-1".', 'No such event: "sk_live_…".'],
    ['There is no GET /v1/sk_test_abc. The list is at /docs.', 'There is no GET /v1/sk_test_…. The list is at /docs.'],
    ['pk_live_a, pk_test_b and sk_test_c:', 'pk_live_…, pk_test_… and sk_test_…:'],
    ['curl -u sk_test_sandbox: …', 'curl -u sk_test_sandbox: …'],
    ['sk_test_sandbox2', 'sk_test_…'],
    ['acct_1 (sk_test_…1234), acct_2 (sk_test_…)', 'acct_1 (sk_test_…1234), acct_2 (sk_test_…)'],
    ['it has to start with sk_test_ (or pk_test_), and sk_test_.', 'it has to start with sk_test_ (or pk_test_), and sk_test_.']
  ] as const) t.equal(withoutKeys(given), expected)
})

t.test('a key tells what it is, and no more of it is shown than tells it from others', async t => {
  const LONGEST = 'a'.repeat(255)
  for (const [text, expected] of [
    ['sk_test_sandbox', { kind: 'sk', mode: 'test' }],
    ['pk_live_a', { kind: 'pk', mode: 'live' }],
    [`sk_test_${LONGEST}`, { kind: 'sk', mode: 'test' }],
    [`sk_test_${LONGEST}a`, undefined], ['sk_test_', undefined], ['asksk_test_a', undefined], [' sk_test_a', undefined], ['sk_test_a\n', undefined],
    ['sk_test_a:b', undefined], ['sk_test_a b', undefined], ['rk_test_a', undefined], ['sk_prod_a', undefined], ['sk_test_\u00e9', undefined], ['', undefined]
  ] as const) t.strictSame(parseApiKey(text), expected, text.slice(0, 20))
  t.strictSame(parseApiKey(READY_KEY), { kind: 'sk', mode: 'test' })

  // Whatever was stored for a key has to be found by it after an update, too.
  t.equal(accountId('sk_test_sandbox'), 'acct_f5c8bb5a44b28cfb')
  t.equal(publishableKey('sk_test_sandbox'), 'pk_test_YR5jlanBvvx6BjtaqWANCNyv')

  for (const [key, masked] of [
    ['sk_test_abcdefghijkl', 'sk_test_…ijkl'], ['pk_live_123456789', 'pk_live_…6789'], ['sk_test_12345678', 'sk_test_…'], ['sk_test_', 'sk_test_…'],
    ['something_else', '…else'], ['x sk_test_abcdefghijkl', '…ijkl']
  ] as const) t.equal(maskKey(key), masked)
  for (const [text, masked] of [
    ['sk_test_abcdefghijkl,pk_live_123456789', 'sk_test_…ijkl,pk_live_…6789'], ['http://sk_test_abcdefghijkl:@shop.test', 'http://sk_test_…ijkl:@shop.test'],
    ['ask_test_abcdefghijkl rk_test_abcdefghijkl', 'ask_test_abcdefghijkl rk_test_abcdefghijkl']
  ] as const) t.equal(maskKeys(text), masked)
})

t.test('secrets are the same or not, whatever their lengths', async t => {
  for (const [given, expected, same] of [
    ['sesame', 'sesame', true], ['sesamE', 'sesame', false], ['sesam', 'sesame', false], ['sesame ', 'sesame', false], ['', 'sesame', false], ['', '', true]
  ] as const) t.equal(isSame(given, expected), same, `${JSON.stringify(given)}, ${JSON.stringify(expected)}`)
})

t.test('chance repeats for a seed and a name, and comes as often as it should', async t => {
  const names = Array.from({ length: 2000 }, (_, index) => `flt_1 ${index}`)
  const hits = (seed: string | undefined, probability: number): boolean[] => {
    const chance = createChance(seed)
    return names.map(name => chance(probability, name))
  }
  t.same(hits('seed', 0.3), hits('seed', 0.3))
  t.notSame(hits('seed', 0.3), hits('other', 0.3))
  t.notSame(hits(undefined, 0.3), hits(undefined, 0.3))
  for (const seed of ['seed', undefined]) {
    const count = hits(seed, 0.3).filter(Boolean).length
    // Six standard deviations to both sides.
    t.ok(count > 477 && count < 723, `${count} of 2000`)
    t.same(new Set(hits(seed, 1)), new Set([true]))
    t.same(new Set(hits(seed, 0)), new Set([false]))
  }
})

t.test('a time limit', async t => {
  const ended = async (signal: AbortSignal): Promise<string> => await new Promise(resolve => {
    if (signal.aborted) resolve('at once')
    signal.addEventListener('abort', () => { resolve('later') })
  })

  t.test('ends what takes longer, by itself or by the signal of others', async t => {
    t.equal(await withTimeLimit([], 5, ended), 'later')
    for (const index of [0, 1]) {
      const ends = [new AbortController(), new AbortController()]
      const signals = ends.map(({ signal }) => signal)
      const run = withTimeLimit(signals, 600_000, ended)
      ends[index]?.abort()
      t.equal(await run, 'later')
      t.equal(await withTimeLimit(signals, 600_000, ended), 'at once')
    }
  })

  t.test('leaves in peace what ends in time, and answers or fails with it', async t => {
    const end = new AbortController()
    let limit: AbortSignal | undefined
    t.equal(await withTimeLimit([end.signal], 600_000, async signal => {
      limit = signal
      return 'an answer'
    }), 'an answer')
    end.abort()
    t.equal(limit?.aborted, false, 'what comes later is of no concern')
    await t.rejects(withTimeLimit([], 600_000, async () => { throw new Error('out of order') }), { message: 'out of order' })
    t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'no timer is left')
  })
})

t.test('what somebody prefers is found among what there is', async t => {
  for (const [accept, expected] of [
    [undefined, 'text/html'], ['*/*', 'text/html'], ['application/json', 'application/json'], ['text/html;q=0.5, application/json', 'application/json'],
    ['text/html, application/json;q=0.9', 'text/html'], ['image/png', undefined], ['application/*', 'application/json']
  ] as const) t.equal(preferredType(accept, ['text/html', 'application/json']), expected, accept ?? 'no header')
  for (const [header, expected] of [
    [undefined, undefined], ['en', 'en'], ['id-ID,id;q=0.9,en;q=0.8', 'id'], ['en-US,en;q=0.9', 'en'], ['fr, en;q=0.1', 'en'], ['fr', undefined], ['*', 'id']
  ] as const) t.equal(preferredLanguage(header, ['id', 'en']), expected, header ?? 'no header')
})

t.test('secrets', async t => {
  const random = createSecrets()
  const seeded = createSecrets('seed')

  t.test('have the length asked for and all letters and digits, and nothing else', async t => {
    for (const length of [24, 32]) t.equal(random(length, 'a').length, length)
    for (const secrets of [random, seeded]) {
      const used = new Set(Array.from({ length: 200 }, (_, index) => secrets(32, `name ${index}`)).join(''))
      t.equal([...used].toSorted().join(''), '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
    }
  })

  t.test('repeat for a seed and a name, and differ for another', async t => {
    t.equal(seeded(24, 'pi_1'), createSecrets('seed')(24, 'pi_1'))
    t.equal(seeded(24, 'pi_1'), seeded(24, 'pi_1'), 'whatever was made before')
    t.not(seeded(24, 'pi_1'), seeded(24, 'pi_2'))
    t.not(seeded(24, 'pi_1'), createSecrets('other')(24, 'pi_1'))
    const long = seeded(4000, 'pi_1')
    for (let at = 32; at < 200; at++) t.notOk(long.startsWith(long.slice(0, 16), at), 'a long one does not begin again')
  })

  t.test('are random without a seed', async t => {
    t.not(random(24, 'pi_1'), random(24, 'pi_1'))
    t.not(createSecrets()(24, 'pi_1'), createSecrets()(24, 'pi_1'))
  })

  t.test('that follow one way from a key repeat, and do not show it', async t => {
    t.equal(oneWay('sk_test_1', 24), oneWay('sk_test_1', 24))
    t.not(oneWay('sk_test_1', 24), oneWay('sk_test_2', 24))
    t.match(oneWay('sk_test_1', 24), /^[0-9A-Za-z]{24}$/)
  })
})

t.test('money is shown as a customer reads it', async t => {
  const rows: Array<[number, string, string]> = [
    [20000, 'IDR', 'Rp20.000'],
    [100, 'IDR', 'Rp100'],
    [300000000, 'IDR', 'Rp300.000.000'],
    [0, 'IDR', 'Rp0'],
    [20050, 'PHP', 'PHP 200.50'],
    [1, 'PHP', 'PHP 0.01'],
    [700000, 'THB', 'THB 7,000.00'],
    [123456789, 'USD', 'USD 1,234,567.89'],
    [1500, 'JPY', 'JPY 1,500'],
    [1500, 'KWD', 'KWD 1.500']
  ]
  for (const [amount, currency, shown] of rows) t.equal(formatMoney(amount, currency), shown)
})

t.test('a currency\'s code is read in any case and answered in upper case; what is none is undefined', async t => {
  const rows: Array<[string, string | undefined]> = [
    ['IDR', 'IDR'], ['idr', 'IDR'], ['Idr', 'IDR'], ['php', 'PHP'], ['THB', 'THB'],
    ['XYZ', undefined], ['', undefined], ['ID', undefined], ['IDRR', undefined], [' IDR', undefined], ['Rp', undefined], ['360', undefined],
    // Letters outside ASCII whose upper case lies inside.
    ['ıdr', undefined], ['uſd', undefined]
  ]
  for (const [given, code] of rows) t.equal(currencyCode(given), code, JSON.stringify(given))
})

t.test('an address is unsafe to send a browser to when it', async t => {
  const rows: Array<[string, string]> = [
    ['javascript:alert(1)', 'uses javascript:, which is not a way back to a shop'],
    ['JaVaScRiPt:alert(1)', 'uses javascript:, which is not a way back to a shop'],
    ['  javascript:alert(1)', 'uses javascript:, which is not a way back to a shop'],
    ['\u200bjavascript:alert(1)', 'is not a complete address'],
    ['https://', 'is not a complete address'],
    ['http:', 'is not a complete address'],
    ['https://shop.test:99999', 'is not a complete address'],
    ['your website', 'is not a complete address'],
    [`https://shop.test/${'a'.repeat(4079)}`, 'has more than 4096 characters'],
    ['\u00a0\ufeffjavascript:alert(1)', 'uses javascript:, which is not a way back to a shop'],
    ['javascript://shop.test/%0aalert(1)', 'uses javascript:, which is not a way back to a shop'],
    ['javascript:alert(1):1', 'uses javascript:, which is not a way back to a shop'],
    ['java\nscript:alert(1)', 'contains control characters'],
    ['java\tscript:alert(1)', 'contains control characters'],
    ['\u0001javascript:alert(1)', 'contains control characters'],
    ['javascript\u0000:alert(1)', 'contains control characters'],
    ['https://shop.test/\u0085', 'contains control characters'],
    ['https://shop.test/\u007f', 'contains control characters'],
    ['https://shop.test/\r\nSet-Cookie: a=1', 'contains control characters'],
    ['data:text/html,<script>alert(1)</script>', 'uses data:, which is not a way back to a shop'],
    ['DATA:text/html;base64,PHA+', 'uses data:, which is not a way back to a shop'],
    ['vbscript:msgbox(1)', 'uses vbscript:, which is not a way back to a shop'],
    ['file:///etc/hosts', 'uses file:, which is not a way back to a shop'],
    ['blob:https://shop.test/1', 'uses blob:, which is not a way back to a shop'],
    ['', 'is empty'],
    ['   ', 'is empty']
  ]
  for (const [address, why] of rows) t.equal(whyUnsafe(address), why, JSON.stringify(address))
})

t.test('an address becomes the one that a browser is sent to', async t => {
  const rows: Array<[string, string]> = [
    ['https://your.website', 'https://your.website'],
    ['https://shop.test/done?a=1&b=%20#top', 'https://shop.test/done?a=1&b=%20#top'],
    ['HTTPS://shop.test', 'HTTPS://shop.test'],
    ['  https://shop.test  ', 'https://shop.test'],
    ['www.wooshpay.com', 'https://www.wooshpay.com'],
    ['shop.test/done?next=https://other.test', 'https://shop.test/done?next=https://other.test'],
    ['shop.test:8443/done', 'https://shop.test:8443/done'],
    ['localhost', 'http://localhost'],
    ['localhost:3000', 'http://localhost:3000'],
    ['localhost:3000/done', 'http://localhost:3000/done'],
    ['LOCALHOST?a=1', 'http://LOCALHOST?a=1'],
    ['shop.localhost:3000', 'http://shop.localhost:3000'],
    ['localhost.shop.test', 'https://localhost.shop.test'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['192.168.1.7/done', 'http://192.168.1.7/done'],
    ['[::1]:3000', 'http://[::1]:3000'],
    ['[::1]', 'http://[::1]'],
    ['//host/done', 'https://host/done'],
    ['//localhost:3000', 'http://localhost:3000'],
    ['///host', 'https://host'],
    // A container may be called so; it is a host because a port follows.
    ['data:3000/done', 'https://data:3000/done'],
    // As long as an address may be.
    [`https://shop.test/${'a'.repeat(4078)}`, `https://shop.test/${'a'.repeat(4078)}`],
    ['myapp://done', 'myapp://done'],
    // Only of http and https is it known what is complete.
    ['myhttp:', 'myhttp:'],
    ['httpx:', 'httpx:'],
    ['shop.test/127.0.0.1', 'https://shop.test/127.0.0.1'],
    ['shop.test/localhost', 'https://shop.test/localhost'],
    ['10.20.30.40', 'http://10.20.30.40'],
    ['[::1]:3000/done', 'http://[::1]:3000/done'],
    ['my.app+1-x:done', 'my.app+1-x:done'],
    ['https://shop.test/selesai/été', 'https://shop.test/selesai/%C3%A9t%C3%A9'],
    ['https://shop.test/💰?a=b c', 'https://shop.test/%F0%9F%92%B0?a=b%20c'],
    ['https://shop.test/\ud800x\udc00', 'https://shop.test/%EF%BF%BDx%EF%BF%BD']
  ]
  for (const [address, expected] of rows) {
    t.equal(whyUnsafe(address), undefined, `${JSON.stringify(address)} is safe`)
    t.equal(browserAddress(address), expected)
  }
  t.equal(browserAddress('https://shop.test/\r\nSet-Cookie: a=1'), 'https://shop.test/%0D%0ASet-Cookie:%20a=1',
    'and holds nothing that ends a header, should it ever come so far')
})

t.test('parameters are added to an address; those already there stay', async t => {
  const rows: Array<[string, string]> = [
    ['https://shop.test', 'https://shop.test?status=paid&id=pi_1'],
    ['https://shop.test/', 'https://shop.test/?status=paid&id=pi_1'],
    ['https://shop.test/?a=1', 'https://shop.test/?a=1&status=paid&id=pi_1'],
    ['https://shop.test/?status=old', 'https://shop.test/?status=old&status=paid&id=pi_1'],
    ['https://shop.test/?a=1#top', 'https://shop.test/?a=1&status=paid&id=pi_1#top'],
    ['https://shop.test/#/route?a=1', 'https://shop.test/?status=paid&id=pi_1#/route?a=1'],
    ['https://shop.test/#a#b', 'https://shop.test/?status=paid&id=pi_1#a#b'],
    ['myapp://done', 'myapp://done?status=paid&id=pi_1']
  ]
  for (const [address, expected] of rows) t.equal(withParameters(address, { status: 'paid', id: 'pi_1' }), expected)
  t.equal(withParameters('https://shop.test', { a: 'b c&d=é#' }), 'https://shop.test?a=b+c%26d%3D%C3%A9%23')
})

t.test('a server\'s address is complete, and is shown without the password that it may hold', async t => {
  for (const address of ['http://localhost:3000/hook', 'https://shop.test', 'HTTP://shop.test']) t.ok(isHttpAddress(address), address)
  for (const address of ['shop.test', 'ftp://shop.test', 'xhttp://shop.test', 'httpx://shop.test', '//shop.test', 'http://', 'javascript:alert(1)', 'http://shop.test/\r\nX: y', '']) t.notOk(isHttpAddress(address), address)
  t.equal(withoutCredentials('http://user:p%40ss@shop.test/hook?a=1'), 'http://shop.test/hook?a=1')
  t.equal(withoutCredentials('http://user@shop.test'), 'http://shop.test/')
  t.equal(withoutCredentials('http://:secret@shop.test'), 'http://shop.test/')
  t.equal(withoutCredentials('http://shop.test'), 'http://shop.test', 'any other stays as it was written')
})

t.test('a host is one with its port, and leads to this machine or to another', async t => {
  for (const host of ['a', 'shop.test', 'Shop.TEST:80', 'sandbox_1:4242', 'a-b.c~d', '127.0.0.1', '[::1]', '[2001:db8::1]:1', 'a:']) t.ok(isHost(host), host)
  for (const host of ['', ':80', '%', 'a%20b', 'a:99999', '[::::]', 'a b', ' a', 'a ', 'a/b', 'a?b', 'a#b', 'a@b', 'a:b', 'a:1:2', '::1', '[', '[]', '[g]', '[::1', 'a[::1]', '[::1]a', 'a"b', '<b>', 'a\\b', 'é', 'a\n']) t.notOk(isHost(host), JSON.stringify(host))
  for (const name of ['localhost', 'LOCALHOST', 'shop.localhost', 'a.b.localhost', '127.0.0.1', '127.10.200.255', '[::1]']) t.ok(isLoopback(name), name)
  for (const name of ['localhosts', 'mylocalhost', 'localhost.test', 'shop.test', '127.0.0', '127.0.0.1.test', '127.a.b.c', '127.0.0.1.1', '128.0.0.1', '10.127.0.0.1', '[::2]', 'a[::1]', '']) t.notOk(isLoopback(name), name)
})

t.test('every kind of setting reads what it allows and nothing else', async t => {
  const colour = oneOf('red', 'green')
  const rows: Array<[Kind<unknown>, string, Array<[text: string, value: unknown]>]> = [
    [colour, 'red, green', [['red', 'red'], ['green', 'green'], ['Red', undefined], ['blue', undefined], ['', undefined]]],
    [integer(1, 100), 'an integer from 1 to 100', [
      ['1', 1], ['100', 100], ['007', 7], ['0', undefined], ['101', undefined], ['-1', undefined], ['1.5', undefined], ['1e1', undefined],
      ['0x10', undefined], [' 1', undefined], ['', undefined], ['9999999999999999', undefined]
    ]],
    [flag, 'true or false', [
      ['true', true], ['1', true], ['yes', true], ['on', true], ['', true],
      ['false', false], ['0', false], ['no', false], ['off', false], ['TRUE', undefined], ['maybe', undefined]
    ]],
    [text, 'any text but the empty one', [['a', 'a'], [' ', ' '], ['', undefined]]],
    [listOf(integer(0, 9)), 'an integer from 0 to 9; several with commas between', [
      ['1', [1]], ['1,2, 3', [1, 2, 3]], ['1,,2', undefined], ['1,x', undefined], ['', undefined]
    ]],
    [listOf(flag), 'true or false; several with commas between', [['false,true', [false, true]]]],
    [either(colour, integer(0, 9)), 'red, green, or an integer from 0 to 9', [['red', 'red'], ['0', 0], ['blue', undefined]]],
    [matching(/^sk_/, 'keys that start with sk_'), 'keys that start with sk_', [['sk_1', 'sk_1'], ['pk_1', undefined]]],
    [optional(colour), 'red, green', [['red', 'red'], ['blue', undefined]]]
  ]
  for (const [kind, allowed, texts] of rows) {
    t.equal(kind.allowed, allowed)
    for (const [given, value] of texts) t.strictSame(kind.parse(given), value, `${allowed}: ${JSON.stringify(given)}`)
  }
})

t.test('settings are read from their texts, or take their defaults', async t => {
  const table = {
    COLOUR: { kind: oneOf('red', 'green'), default: 'red', about: 'What it looks like' },
    SIZE: { kind: optional(integer(1, 9)), default: undefined, about: 'How big it is' }
  } as const
  t.same(readSettings(table, {}), { COLOUR: 'red', SIZE: undefined })
  t.same(readSettings(table, { COLOUR: 'green', SIZE: '3', OTHER: 'x' }), { COLOUR: 'green', SIZE: 3 })
  const refusals: Array<[Record<string, string>, string]> = [
    [{ COLOUR: 'blue' }, 'COLOUR is "blue"; allowed: red, green.'],
    [{ COLOUR: '' }, 'COLOUR is ""; allowed: red, green.'],
    [{ SIZE: '10"' }, 'SIZE is "10\\""; allowed: an integer from 1 to 9.']
  ]
  for (const [texts, message] of refusals) {
    t.throws(() => readSettings(table, texts), new SettingError(message))
  }
})

t.test('every error of the catalogue makes the envelope that the contract describes', async t => {
  type Row = [error: ApiError, status: number, type: ErrorType, param: string | undefined, message: string]
  const rows: Record<keyof typeof errors, Row> = {
    api_key_missing: [errors.api_key_missing(), 401, 'invalid_request_error', undefined,
      'No API key was sent. Use HTTP Basic authentication with the key as user name and an empty password, as in: curl -u sk_test_sandbox: …'],
    api_key_invalid: [errors.api_key_invalid('Not a key.'), 401, 'invalid_request_error', undefined, 'Not a key.'],
    api_key_live: [errors.api_key_live('sk_live_…1234'), 401, 'invalid_request_error', undefined,
      'The live key sk_live_…1234 was sent to a sandbox. Use a key that starts with sk_test_, and check where else the live key went.'],
    secret_key_required: [errors.secret_key_required('Use a secret key.'), 403, 'invalid_request_error', undefined, 'Use a secret key.'],
    client_secret_invalid: [errors.client_secret_invalid('pi_1'), 403, 'invalid_request_error', 'client_secret',
      'The client_secret does not belong to pi_1. A publishable key needs the client_secret of the PaymentIntent that it asks for.'],
    sandbox_token_required: [errors.sandbox_token_required(), 401, 'invalid_request_error', undefined,
      'This sandbox has a SANDBOX_TOKEN; send it in the header X-Sandbox-Token.'],
    host_not_allowed: [errors.host_not_allowed('evil.test'), 403, 'invalid_request_error', undefined,
      'The sandbox\'s own API may not be called under the name "evil.test"; allowed: localhost, addresses, names without a dot, ' +
      '*.localhost, *.internal, *.local, the host of PUBLIC_URL, and those in ALLOWED_HOSTS.'],
    origin_not_allowed: [errors.origin_not_allowed('https://evil.test'), 403, 'invalid_request_error', undefined,
      'A web page from https://evil.test may not use the sandbox\'s own API; ALLOWED_HOSTS names further hosts that may.'],
    account_missing: [errors.account_missing(), 400, 'invalid_request_error', undefined,
      'No account was used yet, so this would change nothing. Send the secret key of the account that it is for.'],
    body_malformed: [errors.body_malformed('line 1'), 400, 'invalid_request_error', undefined, 'The request body is not valid JSON: line 1.'],
    body_too_large: [errors.body_too_large(1024), 413, 'invalid_request_error', undefined, 'The request body is larger than 1024 bytes.'],
    content_encoding_unsupported: [errors.content_encoding_unsupported('gzip'), 415, 'invalid_request_error', undefined, 'The content encoding "gzip" is not supported; send the body as it is.'],
    request_malformed: [errors.request_malformed('cut off'), 400, 'invalid_request_error', undefined, 'The request cannot be read: cut off.'],
    content_type_unsupported: [errors.content_type_unsupported('text/xml'), 415, 'invalid_request_error', undefined,
      'The content type "text/xml" is not supported; send application/json or application/x-www-form-urlencoded.'],
    route_unknown: [errors.route_unknown('GET', '/v1/x'), 404, 'invalid_request_error', undefined,
      'There is no GET /v1/x. The list of routes is at /docs.'],
    parameter_missing: [errors.parameter_missing('amount'), 400, 'invalid_request_error', 'amount', 'Missing required parameter: amount.'],
    parameter_unknown: [errors.parameter_unknown('amuont', ['amount', 'currency']), 400, 'invalid_request_error', 'amuont',
      'Unknown parameter: amuont; there are: amount, currency.'],
    parameter_invalid: [errors.parameter_invalid('amount', 'x', 'is not a number'), 400, 'invalid_request_error', 'amount',
      'Invalid amount: "x" is not a number.'],
    resource_missing: [errors.resource_missing('PaymentIntent', 'pi_1', 'id'), 404, 'invalid_request_error', 'id',
      'No such PaymentIntent: "pi_1".'],
    currency_not_supported: [errors.currency_not_supported('currency', 'DANA', 'USD', ['IDR']), 400, 'invalid_request_error', 'currency',
      'DANA does not take USD; allowed: IDR.'],
    amount_too_small: [errors.amount_too_small('line_items', 99, '100 IDR', 'total of line_items'), 400, 'invalid_request_error', 'line_items',
      'The total of line_items 99 is too small; the least is 100 IDR.'],
    amount_too_large: [errors.amount_too_large('amount', 7, '5 IDR'), 400, 'invalid_request_error', 'amount',
      'The amount 7 is too large; the most is 5 IDR.'],
    payment_method_not_supported: [errors.payment_method_not_supported('payment_method_types', 'card', ['dana']), 400,
      'invalid_request_error', 'payment_method_types', 'This sandbox does not have the payment method "card"; it has: dana.'],
    capture_method_not_supported: [errors.capture_method_not_supported('capture_method', ['DANA']), 400, 'invalid_request_error', 'capture_method',
      'DANA takes automatic capture only: the customer\'s payment is final at once, so capture_method "manual" is not possible.'],
    payment_intent_unexpected_state: [errors.payment_intent_unexpected_state('It is over.'), 400, 'invalid_request_error', undefined,
      'It is over.'],
    payment_method_unexpected_state: [errors.payment_method_unexpected_state('It is attached.'), 400, 'invalid_request_error', undefined,
      'It is attached.'],
    checkout_session_unexpected_state: [errors.checkout_session_unexpected_state('It is over.'), 400, 'invalid_request_error', undefined,
      'It is over.'],
    refund_not_allowed: [errors.refund_not_allowed('OVO takes no refunds.'), 400, 'invalid_request_error', undefined,
      'OVO takes no refunds.'],
    refund_unexpected_state: [errors.refund_unexpected_state('It has failed.'), 400, 'invalid_request_error', undefined,
      'It has failed.'],
    fault_injected: [errors.fault_injected(503, 'flt_1'), 503, 'api_error', undefined, 'The fault flt_1 was asked for; nothing was done.'],
    coverage_missing: [errors.coverage_missing('50 % were reached'), 412, 'invalid_request_error', undefined, 'The tests have not reached what is required: 50 % were reached.'],
    scenario_failed: [errors.scenario_failed('POST /v1/refunds', 'was refused: No.'), 400, 'invalid_request_error', 'steps', 'The scenario stopped at POST /v1/refunds, which was refused: No.'],
    wait_timeout: [errors.wait_timeout('it is open, not complete'), 408, 'invalid_request_error', undefined, 'The time to wait is over: it is open, not complete.'],
    snapshot_missing: [errors.snapshot_missing('x', ['a', 'b']), 400, 'invalid_request_error', 'name', 'There is no snapshot "x"; there are: a, b.'],
    idempotency_key_invalid: [errors.idempotency_key_invalid('it is empty'), 400, 'idempotency_error', undefined,
      'Invalid Idempotency-Key: it is empty.'],
    idempotency_key_reused: [errors.idempotency_key_reused('k'), 400, 'idempotency_error', undefined,
      'The Idempotency-Key "k" was used on this path with another body in the last 24 hours. Send the same body, or a new key.'],
    idempotency_key_in_use: [errors.idempotency_key_in_use('k'), 409, 'idempotency_error', undefined,
      'A request with the Idempotency-Key "k" is still running. Repeat it when that one has been answered.'],
    storage_unavailable: [errors.storage_unavailable('the disk is full'), 503, 'api_error', undefined,
      'Nothing was changed, since the state cannot be written: the disk is full.'],
    internal: [errors.internal(), 500, 'api_error', undefined, 'The sandbox failed at this request; its log says why.']
  }
  t.same(Object.keys(rows).toSorted(), Object.keys(errors).toSorted(), 'there is a row for each')
  for (const [code, [error, status, type, param, message]] of Object.entries(rows)) {
    t.ok(error instanceof ApiError, code)
    t.equal(error.status, status)
    t.strictSame(JSON.parse(JSON.stringify(error)), {
      error: { type, code, message, ...(param !== undefined && { param }) }, message
    })
  }
})

t.test('an error\'s message shows the value as JSON and never a whole body', async t => {
  const rows: Array<[unknown, string]> = [
    [-5, 'Invalid a: -5 is wrong.'],
    [null, 'Invalid a: null is wrong.'],
    [undefined, 'Invalid a: undefined is wrong.'],
    ['', 'Invalid a: "" is wrong.'],
    [{ b: [1] }, 'Invalid a: {"b":[1]} is wrong.'],
    ['x'.repeat(78), `Invalid a: "${'x'.repeat(78)}" is wrong.`],
    ['x'.repeat(1000), `Invalid a: "${'x'.repeat(79)}… is wrong.`]
  ]
  for (const [value, message] of rows) t.equal(errors.parameter_invalid('a', value, 'is wrong').message, message)
})

t.test('some errors say more when they are told more', async t => {
  t.equal(errors.parameter_missing('return_url', 'The customer goes there.').message,
    'Missing required parameter: return_url. The customer goes there.')
  t.equal(errors.resource_missing('payment method', 'pm_1', 'payment_method', 400).status, 400)
})

import Type, { type Static } from 'typebox'
import { parseTime, type Ran, type SandboxClock } from '../core/clock.ts'
import { errors } from '../core/errors.ts'
import { ID_TIMES } from '../core/ids.ts'
import type { Api } from '../http/api.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import type { Store } from '../store/commit.ts'
import { answers } from '../wooshpay/wire.ts'
import { keptClock, noteReached, setClockBack, timeOf } from './clock-state.ts'
import type { Concern } from './concern.ts'

const ClockParameters = Type.Object({
  advance_ms: Type.Optional(Type.Integer({ minimum: 0, description: 'How far to move, in milliseconds.' })),
  now: Type.Optional(Type.Unsafe<number | string>({ type: ['integer', 'string'], description: 'Where to move to: epoch milliseconds, or ISO 8601.' })),
  frozen: Type.Optional(Type.Boolean({ description: 'Whether time stands still from then on.' }))
})
type ClockParameters = Static<typeof ClockParameters>

const Now = { now: Type.Integer({ description: 'Epoch milliseconds.' }), frozen: Type.Boolean() }
const Moved = Type.Object({
  ...Now,
  ran: Type.Array(Type.Object({
    at: Type.Integer({ description: 'When it fell due: epoch milliseconds.' }),
    what: Type.String({ examples: ['payment_intent.lapse'] }),
    id: Type.String({ description: 'The object that it happened to.' })
  }), { description: 'What fell due on the way, in order.' })
})

const tags = ['Clock']

const TIME_HAS_MOVED = 'Time has moved, since something fell due on the way, but where the clock stands could not be written'

export interface ClockOptions extends Store {
  readonly accounts: Accounts
  readonly concern: Concern
}

/** Time as a test wants it: forward, never back, and everything that is due on the way happens before the answer. */
export function clockRoutes (api: Api, { accounts, concern, database, commit }: ClockOptions): void {
  api.get('/clock', {
    schema: { operationId: 'retrieveClock', summary: 'Tell the time', tags, response: answers(Type.Object(Now)) }
  }, async request => timeOf(concern.keeper(request).clock))

  api.post('/clock', {
    schema: { operationId: 'moveClock', summary: 'Move time forward, or let it stand still', tags, body: ClockParameters, response: answers(Moved) }
  }, async request => {
    const moved = concern.withWhole(request)
    const keeper = concern.keeper(request)
    for (const account of moved) checkMove(account, request.body, account === keeper ? '' : ` of the account ${account.record.masked_key}`)
    const ran = (await Promise.all(moved.map(async ({ clock }) => await move(clock, request.body)))).flat()
    // In one write, so that all are stored or none.
    for (const account of moved) commit(account, { operations: [keptClock(database, account, accounts.whole)] })
    // Before it runs on.
    const answer = { ...timeOf(keeper.clock), ran: ran.toSorted((a, b) => a.at - b.at) }
    try {
      await database.written()
    } catch (error) {
      const settle = ran.length === 0 ? setClockBack : noteReached
      for (const account of moved) settle(database, account, accounts.whole)
      throw ran.length === 0 ? error : errors.storage_unavailable('the next call that moves it tries again', TIME_HAS_MOVED)
    }
    return answer
  })
}

async function move (clock: SandboxClock, { advance_ms: advanceMs, now, frozen }: ClockParameters): Promise<Ran[]> {
  if (frozen === true) clock.freeze()
  const target = now === undefined ? undefined : parseTime(String(now))
  const ran = advanceMs !== undefined ? await clock.moveBy(advanceMs) : target !== undefined ? await clock.moveTo(target) : []
  if (frozen === false) clock.run()
  return ran
}

/**
 * @param whose whose clock it is, where that is not plain
 * @throws ApiError when the time is none, or the clock cannot go there
 */
function checkMove ({ clock }: Account, { advance_ms: advanceMs, now }: ClockParameters, whose: string): void {
  if (advanceMs !== undefined && now !== undefined) throw errors.parameter_invalid('now', now, 'cannot be combined with advance_ms')
  if (advanceMs === undefined && now === undefined) return
  const present = clock.now()
  const [param, value, target] = now === undefined ? ['advance_ms', advanceMs, present + (advanceMs ?? 0)] as const : ['now', now, parseTime(String(now))] as const
  if (target === undefined) throw errors.parameter_invalid(param, value, 'is not a time in epoch milliseconds or ISO 8601')
  if (target < present) {
    throw errors.parameter_invalid(param, value, `lies before the present time${whose}, ${new Date(present).toISOString()}; the clock moves forward only`)
  }
  if (target > ID_TIMES.to) {
    throw errors.parameter_invalid(param, value, `lies after ${new Date(ID_TIMES.to).toISOString()}, the last time that ids can tell; the present time${whose} is ${new Date(present).toISOString()}`)
  }
}

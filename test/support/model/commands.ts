import assert from 'node:assert/strict'
import fc from 'fast-check'
import { newCustomer } from '../customer.ts'
import { compareAccount, compareNewEvents, comparePayment, compareWebhooks, get, listed } from './compare.ts'
import {
  ACCOUNTS, advance, concerned, confirmed, deliver, endRefund, enter, expire, found, methodOf, raise, refund, refundedOf, refusalsOfMoney, refusalsOfRefund,
  reset, restore, sendToWallet, snapshot, taking, textOf, walk, withdraw, type Account, type AccountNumber, type Entry, type Keeper, type Payment,
  type Session, type World
} from './model.ts'
import { CUSTOMER_ENDS, KEEP_KEYS_MS, METHOD_NAMES, METHODS, OUTCOME_NAMES, OUTCOMES, SESSION_MS } from './rules.ts'
import type { Answer, Sent, System } from './system.ts'

type Command = fc.AsyncCommand<World, System>

/** Ids of what a call has made. */
interface Made { readonly id: string, readonly payment: string }

/** One call, what it may be refused for, and what it changes. */
interface Step {
  readonly sent: Sent
  /** The codes of which one has to be answered; none: it has to be carried out. */
  readonly refusals: readonly string[]
  /** Makes the model's change; answers the payments that it concerns. */
  readonly apply: (made: Made) => readonly string[]
  /** Payments that a refused call must not have changed. */
  readonly spared?: readonly string[]
  /** Whose those are, where they are not the caller's. */
  readonly sparedOf?: AccountNumber
  /** What is made, where something is: its place in the answer of a lost call is found by the newest one. */
  readonly makes?: 'payment_intents' | 'checkout/sessions' | 'refunds'
  /** The first answer comes again. */
  readonly isReplay?: boolean
  /** Looks at the answer. */
  readonly look?: (answer: Answer) => void
}

/** Pages say in words why they refuse. */
const PAGE_REFUSAL = 'page'
interface Picked { readonly pick: number, readonly fits: boolean }

const BACK = 'https://shop.test/done'
/** Commands look for objects among so many of the newest, so that they meet the same ones again. */
const RECENT = 5
/** How often all that there is is compared, and not only what was touched. */
const FULL_EVERY = 60

/** Steps that were made, of all runs. */
export const figures = { steps: 0, refused: 0, restarts: 0, kills: 0, unanswered: 0, undone: 0, webhooks: 0, byName: new Map<string, number>() }

function counted (name: string): number {
  figures.byName.set(name, (figures.byName.get(name) ?? 0) + 1)
  return ++figures.steps
}

function recent<T> (objects: readonly T[], pick: number): T | undefined {
  return objects.at(-1 - pick % Math.min(objects.length, RECENT))
}

/** One of those that fit, if that is wanted; else any. */
function oneOf<T> (objects: readonly T[], { pick, fits }: Picked, isFitting: (object: T) => boolean): T | undefined {
  return recent(fits ? objects.filter(isFitting) : objects, pick)
}

/** Makes one call and compares all that it may have changed. */
async function perform (world: World, system: System, number: AccountNumber, step: Step): Promise<void> {
  const { sent, refusals, apply, spared = [], sparedOf = number } = step
  const answer = await system.call(sent)
  assert.equal(answer.isReplayed, step.isReplay === true, `${sent.path}: whether it is answered as before`)
  const touched = takeAnswer(step, answer, refusals, apply)
  deliver(world)
  await compareNewEvents(system, world, number)
  for (const id of touched) await comparePayment(system, world, number, id)
  for (const id of touched.length === 0 ? spared : []) await comparePayment(system, world, sparedOf, id)
}

/** Expects the answer that is due, and lets the model change. */
function takeAnswer ({ sent, look }: Step, { status, body, text }: Answer, refusals: readonly string[], apply: Step['apply']): readonly string[] {
  const said = `${sent.method} ${sent.path} ${JSON.stringify(sent.body)} → ${status} ${text.slice(0, 500)}`
  if (refusals.length > 0) {
    assert.ok(status >= 400 && status < 500 && refusals.includes(body?.error?.code ?? PAGE_REFUSAL), `${said}; expected: ${refusals.join(', ')}`)
    figures.refused++
    return []
  }
  assert.ok(status === 200 || status === 303, `${said}; expected to be carried out`)
  look?.({ status, body, text, isReplayed: false })
  return apply({ id: body?.id ?? '', payment: body?.payment_intent ?? body?.id ?? '' })
}

/** A command of one account; `plan` answers what to do, or undefined where there is nothing to do it to. */
function command<P extends { readonly account: AccountNumber }> (
  name: string, parameters: fc.Arbitrary<P>, plan: (world: World, parameters: P) => Step | undefined, { canKill = false } = {}
): { readonly name: string, readonly arbitrary: fc.Arbitrary<Command>, readonly killing?: fc.Arbitrary<Command> } {
  const build = (run: (world: World, system: System, number: AccountNumber, step: Step) => Promise<void>, title: string) => (chosen: P): Command => ({
    check: world => plan(world, chosen) !== undefined,
    run: async (world, system) => {
      const count = counted(title)
      const step = plan(world, chosen)
      if (step !== undefined) await run(world, system, chosen.account, step)
      if (count % FULL_EVERY === 0) await compareAll(system, world)
    },
    toString: () => `${title}(${JSON.stringify(chosen)})`
  })
  return {
    name,
    arbitrary: parameters.map(build(perform, name)),
    ...(canKill && {
      // A killed call has a key of its own.
      killing: fc.tuple(parameters, fc.integer({ min: 0, max: 12 })).map(([chosen, afterMs]) =>
        build(performAndKill(afterMs), `${name} killed`)({ ...chosen, key: undefined }))
    })
  }
}

export async function compareAll (system: System, world: World): Promise<void> {
  for (const number of ACCOUNTS) await compareAccount(system, world, number)
}

/** Makes a call and kills the process meanwhile: what it was to do has to be there afterwards as a whole, or not at all. */
function performAndKill (afterMs: number) {
  return async (world: World, system: System, number: AccountNumber, step: Step): Promise<void> => {
    const key = step.sent.method === 'POST' && step.sent.path.startsWith('/v1/') ? `kill-${figures.kills}` : undefined
    const sent = { ...step.sent, idempotencyKey: key }
    const answer = await system.killDuring(sent, afterMs)
    figures.kills++
    const account = world.accounts[number]
    if (answer === undefined) {
      figures.unanswered++
      const events = await listed(system, number, '/v1/events?limit=100')
      const newest = step.makes === undefined ? undefined : (await get(system, number, `/v1/${step.makes}?limit=1`)).data[0]
      const isNew = newest !== undefined && ![account.payments, account.sessions, account.refunds].flat().some(({ id }) => id === newest.id)
      const wasDone = step.refusals.length === 0 && (isNew || events.length > account.events.length)
      if (wasDone) step.apply({ id: newest?.id ?? '', payment: newest?.payment_intent ?? newest?.id ?? '' })
      if (key !== undefined && (wasDone || step.refusals.length === 0)) {
        // The same call once more is answered as the first was, if that was carried out; else it is carried out now.
        const again = await system.call(sent)
        assert.equal(again.isReplayed, wasDone, `${sent.path} is ${wasDone ? '' : 'not '}answered again after ${again.status} ${again.text}`)
        if (wasDone && newest !== undefined) assert.equal(again.body.id, newest.id)
        if (!wasDone) {
          figures.undone++
          takeAnswer(step, again, step.refusals, step.apply)
        }
      }
    } else takeAnswer(step, answer, step.refusals, step.apply)
    deliver(world)
    await compareAll(system, world)
  }
}

const pick = fc.nat({ max: RECENT - 1 })
/** Whether a command takes an object in whose state it is carried out: mostly, so that sequences get far. */
const fits = fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) })
const account = fc.constantFrom(...ACCOUNTS)
const method = fc.oneof({ weight: 3, arbitrary: fc.constant('dana') }, { weight: 3, arbitrary: fc.constantFrom(...METHOD_NAMES) })
const outcome = fc.oneof({ weight: 3, arbitrary: fc.constant('pay') }, { weight: 4, arbitrary: fc.constantFrom(...OUTCOME_NAMES) })
const customer = fc.constantFrom(...CUSTOMER_ENDS)
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })

function paymentOf (world: World, number: AccountNumber, picked: Picked, ...statuses: readonly string[]): { account: Account, payment: Payment } | undefined {
  const account = world.accounts[number]
  const payment = oneOf(account.payments, picked, ({ status }) => statuses.length === 0 || statuses.includes(status))
  return payment && { account, payment }
}

const OPEN = ['requires_payment_method', 'requires_confirmation', 'requires_action']

/** An answer that is kept under an `Idempotency-Key`, if the answer to the call is. */
function keep (account: Account, path: string, key: string | undefined, body: object, text: string): void {
  if (key !== undefined) account.kept[`${path} ${key}`] = { path, key, body, text, until: account.now + KEEP_KEYS_MS }
}

function isKept (account: Account, path: string, key: string | undefined): boolean {
  const kept = account.kept[`${path} ${key}`]
  return kept !== undefined && kept.until > account.now
}

// PaymentIntents

/** Money that a method takes. */
const fitting = method.chain(method => {
  const { currency, least, most } = METHODS[method] ?? { currency: '', least: 0, most: 0 }
  return fc.record({
    method: fc.constant(method), currency: fc.constantFrom(currency, currency.toLowerCase()), amount: fc.constantFrom(least, most, 20_000, 99_999)
  })
})
const any = fc.record({
  method: fc.constantFrom(...METHOD_NAMES, 'bitcoin'),
  currency: fc.constantFrom('IDR', 'PHP', 'THB', 'EUR'),
  amount: fc.constantFrom(-1, 0, 1, 99, 100, 700_001, 300_000_001, 1_000_000_000_000, 1.5)
})

const createIntent = command('create', fc.record({
  account,
  money: fc.oneof({ weight: 4, arbitrary: fitting }, { weight: 1, arbitrary: any }),
  naming: fc.constantFrom('data', 'data', 'types', 'both', 'other', 'none'),
  confirm: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 2, arbitrary: fc.constant(false) }),
  hasWayBack: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  isManual: fc.oneof({ weight: 19, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  key: optional(fc.constantFrom('a', 'b', 'c'))
}), (world, { account: number, money: { method, currency, amount }, naming, confirm, hasWayBack, isManual, key }) => {
  const account = world.accounts[number]
  const code = currency.toUpperCase()
  const named = naming === 'data' || naming === 'both' ? method : undefined
  const listedTypes = { data: undefined, none: undefined, types: [method], both: [...new Set([method, ...taking(code)])], other: taking(code) }[naming]
  const types = listedTypes ?? (named === undefined ? taking(code) : [named])
  const body = {
    amount,
    currency,
    ...(named !== undefined && { payment_method_data: { type: named } }),
    ...(listedTypes !== undefined && { payment_method_types: listedTypes }),
    ...(confirm && { confirm }),
    ...(hasWayBack && { return_url: BACK }),
    ...(isManual && { capture_method: 'manual' })
  }
  const path = '/v1/payment_intents'
  // Keys that were used are for the command that repeats.
  if (isKept(account, path, key)) return undefined
  const isListed = listedTypes !== undefined || named !== undefined
  const refusals = refusalsOfMoney(types, isListed, amount, code)
  if (!Number.isInteger(amount)) refusals.push('parameter_invalid')
  if (taking(code).length === 0) refusals.push('currency_not_supported')
  if (naming === 'other' && types.length === 0) refusals.push('parameter_invalid')
  if (isManual) refusals.push('capture_method_not_supported')
  const status = named === undefined ? 'requires_payment_method' : 'requires_confirmation'
  const sending = confirmed({ status, types, method: named, amount, currency: code, hasWayBack }, undefined, false)
  if (confirm) refusals.push(...sending.refusals)
  let text = ''
  return {
    sent: { method: 'POST', path, body, account: number, idempotencyKey: key },
    refusals,
    makes: 'payment_intents',
    look: answer => { text = answer.text },
    apply: ({ id }) => {
      const payment: Payment = {
        id, amount, currency: code, types, takesAny: !isListed, status, hasWayBack, method: named, attempt: 0, visit: { step: 'phone', wrongPins: 0 }
      }
      account.payments.push(payment)
      raise(account, 'payment_intent.created', payment, status, { byCall: true })
      if (confirm) sendToWallet(account, payment, sending.method, true)
      keep(account, path, key, body, text)
      return [id]
    }
  }
}, { canKill: true })

const repeat = command('repeat', fc.record({ account, pick, fits, change: fc.boolean() }), (world, { account: number, pick, change }) => {
  const account = world.accounts[number]
  const kept = recent(Object.values(account.kept).filter(({ until }) => until > account.now), pick)
  if (kept === undefined) return undefined
  const { path, key, body, text } = kept
  return {
    sent: { method: 'POST', path, body: change ? { ...body, description: 'changed' } : Object.fromEntries(Object.entries(body).toReversed()), account: number, idempotencyKey: key },
    refusals: change ? ['idempotency_key_reused'] : [],
    isReplay: !change,
    look: answer => { assert.equal(answer.text, text, 'the first answer comes again') },
    apply: () => []
  }
})

const confirmIntent = command('confirm', fc.record({ account, pick, fits, method: optional(fc.oneof({ weight: 5, arbitrary: method }, { weight: 1, arbitrary: fc.constant('bitcoin') })), namesWayBack: fc.boolean() }),
  (world, { account: number, pick, fits, method, namesWayBack }) => {
    const { account, payment } = paymentOf(world, number, { pick, fits }, ...OPEN) ?? {}
    if (account === undefined || payment === undefined) return undefined
    const sending = confirmed(payment, method, namesWayBack)
    return {
      sent: {
        method: 'POST',
        path: `/v1/payment_intents/${payment.id}/confirm`,
        account: number,
        body: { ...(method !== undefined && { payment_method_data: { type: method } }), ...(namesWayBack && { return_url: BACK }) }
      },
      refusals: sending.refusals,
      spared: [payment.id],
      apply: () => {
        payment.hasWayBack ||= namesWayBack
        sendToWallet(account, payment, sending.method, true)
        return [payment.id]
      }
    }
  }, { canKill: true })

const updateIntent = command('update', fc.record({
  account,
  pick,
  fits,
  amount: optional(fc.constantFrom(1, 100, 25_000, 700_001, 300_000_001)),
  currency: optional(fc.constantFrom('IDR', 'PHP', 'THB')),
  types: optional(fc.subarray(METHOD_NAMES, { minLength: 1 }))
}), (world, { account: number, pick, fits, amount, currency, types: listedTypes }) => {
  const { account, payment } = paymentOf(world, number, { pick, fits }, ...OPEN) ?? {}
  if (account === undefined || payment === undefined) return undefined
  const touches = amount !== undefined || currency !== undefined || listedTypes !== undefined
  const refusals: string[] = []
  const isOver = ['succeeded', 'canceled'].includes(payment.status)
  const isAtRest = ['requires_payment_method', 'requires_confirmation'].includes(payment.status)
  if (isOver || (payment.session !== undefined && touches) || (!isAtRest && (amount !== undefined || currency !== undefined))) {
    refusals.push('payment_intent_unexpected_state')
  }
  const next = { amount: amount ?? payment.amount, currency: currency ?? payment.currency, types: listedTypes ?? payment.types }
  const takesAny = listedTypes === undefined && payment.takesAny
  if (touches) refusals.push(...refusalsOfMoney(next.types, !takesAny, next.amount, next.currency))
  if (payment.method !== undefined && !next.types.includes(payment.method)) refusals.push('parameter_invalid')
  return {
    sent: {
      method: 'POST',
      path: `/v1/payment_intents/${payment.id}`,
      account: number,
      body: { description: 'updated', ...(amount !== undefined && { amount }), ...(currency !== undefined && { currency }), ...(listedTypes !== undefined && { payment_method_types: listedTypes }) }
    },
    refusals,
    spared: [payment.id],
    apply: () => {
      Object.assign(payment, next, { takesAny })
      return [payment.id]
    }
  }
})

const cancelIntent = command('cancel', fc.record({ account, pick, fits, reason: optional(fc.constantFrom('duplicate', 'requested_by_customer')) }), (world, { account: number, pick, fits, reason }) => {
  const { account, payment } = paymentOf(world, number, { pick, fits }, ...OPEN) ?? {}
  if (account === undefined || payment === undefined) return undefined
  const isPossible = ['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(payment.status)
  return {
    sent: { method: 'POST', path: `/v1/payment_intents/${payment.id}/cancel`, account: number, body: reason === undefined ? {} : { cancellation_reason: reason } },
    refusals: isPossible && payment.session === undefined ? [] : ['payment_intent_unexpected_state'],
    spared: [payment.id],
    apply: () => {
      withdraw(account, payment, reason, true)
      return [payment.id]
    }
  }
}, { canKill: true })

// Checkout sessions

/** Further than a session may live is refused; these are times at which nothing else falls due. */
const EXPIRIES_MS = [2_000_123, 40_000_123, 29 * 60_000, 25 * 60 * 60_000]

type Offer = readonly [currency: string, types: string[] | undefined]

const createSession = command('session', fc.record({
  account,
  lines: fc.array(fc.record({ amount: fc.constantFrom(99, 100, 15_000, 350_000), quantity: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 2 }),
  offer: fc.constantFrom<Offer>(
    ['IDR', undefined], ['IDR', ['dana']], ['IDR', ['dana', 'ovo']], ['PHP', ['gcash']], ['THB', ['truemoney', 'promptpay']], ['THB', undefined], ['IDR', ['gcash']]
  ),
  expiry: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...EXPIRIES_MS) })
}), (world, { account: number, lines, offer: [currency, listedTypes], expiry }) => {
  const account = world.accounts[number]
  const amount = lines.reduce((sum, { amount, quantity }) => sum + amount * quantity, 0)
  const types = listedTypes ?? taking(currency)
  const refusals = refusalsOfMoney(types, listedTypes !== undefined, amount, currency)
  if (expiry !== undefined && (expiry < 30 * 60_000 - 10_000 || expiry > SESSION_MS + 10_000)) refusals.push('parameter_invalid')
  let page = ''
  return {
    sent: {
      method: 'POST',
      path: '/v1/checkout/sessions',
      account: number,
      body: {
        success_url: BACK,
        line_items: lines.map(({ amount, quantity }) => ({ quantity, price_data: { currency, unit_amount: amount, product_data: { name: 'apple' } } })),
        ...(listedTypes !== undefined && { payment_method_types: listedTypes }),
        ...(expiry !== undefined && { expires_at: account.now + expiry })
      }
    },
    refusals,
    makes: 'checkout/sessions',
    look: ({ body }) => { page = new URL(body.url).pathname + new URL(body.url).search },
    apply: ({ id, payment: paymentId }) => {
      const status = 'requires_payment_method'
      const payment: Payment = {
        id: paymentId, session: id, amount, currency, types, takesAny: listedTypes === undefined, status, hasWayBack: true, attempt: 0, visit: { step: 'phone', wrongPins: 0 }
      }
      account.payments.push(payment)
      account.sessions.push({ id, payment: paymentId, expiresAt: account.now + (expiry ?? SESSION_MS), status: 'open', page })
      raise(account, 'payment_intent.created', payment, status, { byCall: true })
      return [paymentId]
    }
  }
}, { canKill: true })

const expireSession = command('expire', fc.record({ account, pick, fits }), (world, { account: number, pick, fits }) => {
  const account = world.accounts[number]
  const session = oneOf(account.sessions, { pick, fits }, ({ status }) => status === 'open')
  if (session === undefined) return undefined
  const isPossible = session.status === 'open' && found(account.payments, session.payment).status !== 'processing'
  return {
    sent: { method: 'POST', path: `/v1/checkout/sessions/${session.id}/expire`, account: number },
    refusals: isPossible ? [] : ['checkout_session_unexpected_state'],
    spared: [session.payment],
    apply: () => {
      expire(account, session, true)
      return [session.payment]
    }
  }
}, { canKill: true })

/** Methods that the page offers. */
function offered (account: Account, { payment: id, status }: Session): string[] {
  const payment = found(account.payments, id)
  if (status !== 'open' || payment.status === 'processing') return []
  return payment.types.filter(type => refusalsOfMoney([type], true, payment.amount, payment.currency).length === 0)
}

const paySessionPage = command('checkout page', fc.record({ account, pick, fits, method }), (world, { account: number, pick, fits, method }) => {
  const account = world.accounts[number]
  const session = oneOf(account.sessions, { pick, fits }, ({ status }) => status === 'open')
  if (session === undefined || session.page === '') return undefined
  const methods = offered(account, session)
  const payment = found(account.payments, session.payment)
  return {
    sent: { method: 'POST', path: session.page.replace('?', '/pay?'), body: { method }, isForm: true },
    refusals: methods.length > 0 && !methods.includes(method) ? [PAGE_REFUSAL] : [],
    spared: [payment.id],
    apply: () => {
      if (methods.length > 0) sendToWallet(account, payment, method, false)
      return [payment.id]
    }
  }
})
// The customer

const shopper = command('shopper', fc.record({ account, pick, fits, outcome: optional(outcome), customer: optional(customer) }), (world, { account: number, pick, fits, outcome, customer }) => {
  const { account, payment } = paymentOf(world, number, { pick, fits }, 'requires_action') ?? {}
  if (account === undefined || payment === undefined) return undefined
  const { visit: { customer: present } } = payment
  const isWaiting = payment.status === 'requires_action'
  const numbers = METHODS[payment.method ?? 'dana']?.numbers ?? ''
  const refusals = isWaiting ? [] : ['payment_intent_unexpected_state']
  if (isWaiting && customer !== undefined && present !== undefined && present !== customer) refusals.push('parameter_invalid')
  return {
    sent: {
      method: 'POST',
      path: '/_sandbox/shopper',
      account: number,
      body: { payment_intent: payment.id, ...(outcome !== undefined && { outcome }), ...(customer !== undefined && { wallet: `${numbers}${customer}` }) }
    },
    refusals,
    spared: [payment.id],
    apply: () => {
      walk(account, payment, customer ?? '0001', outcome)
      return [payment.id]
    }
  }
})

const shopperOfSession = command('shopper of session', fc.record({ account, pick, fits, outcome: optional(outcome), customer, method: optional(method) }),
  (world, { account: number, pick, fits, outcome, customer, method }) => {
    const account = world.accounts[number]
    const session = oneOf(account.sessions, { pick, fits }, ({ status }) => status === 'open')
    if (session === undefined) return undefined
    const methods = offered(account, session)
    const payment = found(account.payments, session.payment)
    const chosen = method ?? methods[0] ?? ''
    const numbers = METHODS[chosen]?.numbers ?? ''
    return {
      sent: {
        method: 'POST',
        path: '/_sandbox/shopper',
        account: number,
        body: { checkout_session: session.id, wallet: `${numbers}${customer}`, ...(outcome !== undefined && { outcome }), ...(method !== undefined && { payment_method: method }) }
      },
      refusals: methods.length === 0 ? ['checkout_session_unexpected_state'] : methods.includes(chosen) ? [] : ['parameter_invalid'],
      spared: [payment.id],
      apply: () => {
        sendToWallet(account, payment, chosen, false)
        walk(account, payment, customer, outcome)
        return [payment.id]
      }
    }
  })

const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('phone'), customer }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('pin', 'otp'), isRight: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('pay', 'pay', 'cancel') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outcome'), outcome }) }
)

const enterAtPage = command('enter', fc.record({ account, pick, fits, entry, isStale: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }) }),
  (world, { account: number, pick, fits, entry, isStale }) => {
    const { account, payment } = paymentOf(world, number, { pick, fits }, 'requires_action') ?? {}
    const method = payment?.method
    if (account === undefined || payment === undefined || method === undefined) return undefined
    return {
      sent: {
        method: 'POST',
        path: `/v1/receives/${method}/pay/${payment.id}/${entry.kind}`,
        body: { [entry.kind]: textOf(entry, method), ...(isStale && { attempt: String(payment.attempt - 1) }) },
        isForm: true
      },
      refusals: [],
      apply: () => {
        if (!isStale) enter(account, payment, method, entry)
        return [payment.id]
      }
    }
  })

/** Walks through the pages as they are shown, button by button. */
const walkPages: { name: string, arbitrary: fc.Arbitrary<Command> } = {
  name: 'walk pages',
  arbitrary: fc.record({ account, pick, fits, customer, button: optional(outcome) }).map((chosen): Command => {
    const target = (world: World): Payment | undefined => {
      const { payment } = paymentOf(world, chosen.account, chosen, 'requires_action') ?? {}
      return payment?.status === 'requires_action' && payment.visit.step === 'phone' ? payment : undefined
    }
    return {
      check: world => target(world) !== undefined,
      run: async (world, system) => {
        counted('walk pages')
        const payment = target(world)
        const { method = '', id } = payment ?? {}
        if (payment === undefined) return
        const account = world.accounts[chosen.account]
        const browser = newCustomer()
        const press = async (button: string, entry: Entry): Promise<void> => {
          const { kind } = entry
          await browser.press(button, kind === 'phone' || kind === 'pin' || kind === 'otp' ? { [kind]: textOf(entry, method) } : {})
          enter(account, payment, method, entry)
        }
        await browser.open(`${system.url()}/v1/receives/${method}/pay/${id}`)
        await press('continue', { kind: 'phone', customer: chosen.customer })
        await press('continue', { kind: 'pin', isRight: true })
        if (chosen.button !== undefined) await press(`outcome-${chosen.button}`, { kind: 'outcome', outcome: chosen.button })
        // The step of the model says which form the page has to have.
        const { visit } = payment
        if (payment.status === 'requires_action' && visit.step === 'otp') await press('continue', { kind: 'otp', isRight: true })
        if (payment.status === 'requires_action') await press('pay', { kind: 'pay' })
        deliver(world)
        await compareNewEvents(system, world, chosen.account)
        await comparePayment(system, world, chosen.account, payment.id)
      },
      toString: () => `walk pages(${JSON.stringify(chosen)})`
    }
  })
}

const queueOutcomes = command('queue', fc.record({ account, method, outcomes: fc.array(outcome, { minLength: 1, maxLength: 2 }) }), (world, { account: number, method, outcomes }) => {
  const account = world.accounts[number]
  return {
    sent: { method: 'POST', path: '/_sandbox/outcomes', account: number, body: { payment_method: method, outcomes } },
    refusals: [],
    apply: () => {
      (account.queues[method] ??= []).push(...outcomes)
      return []
    }
  }
})

// Refunds

const createRefund = command('refund', fc.record({
  account,
  pick,
  fits,
  part: fc.constantFrom('all', 'all', 'exact', 'half', 'one', 'tooMuch', 'nothing'),
  isPast: fc.boolean(),
  key: optional(fc.constantFrom('a', 'b', 'c'))
}), (world, { account: number, pick, fits, part, isPast, key: wanted }) => {
  const account = world.accounts[number]
  const payment = oneOf(account.payments, { pick, fits }, other => other.status === 'succeeded' && methodOf(other).refunds !== 'none')
  if (payment === undefined) return undefined
  const left = payment.status === 'succeeded' ? payment.amount - refundedOf(account, payment) : payment.amount
  const amount = { all: undefined, exact: left, half: Math.ceil(payment.amount / 2), one: 1, tooMuch: left + 1, nothing: 0 }[part]
  const path = isPast ? '/_sandbox/refunds' : '/v1/refunds'
  const key = isPast ? undefined : wanted
  if (isKept(account, path, key)) return undefined
  const body = { payment_intent: payment.id, ...(amount !== undefined && { amount }) }
  let text = ''
  const refusals = refusalsOfRefund(account, payment, amount)
  return {
    sent: { method: 'POST', path, account: number, body, idempotencyKey: refusals.length > 0 ? undefined : key },
    refusals,
    makes: 'refunds',
    spared: [payment.id],
    look: answer => { text = answer.text },
    apply: ({ id }) => {
      refund(account, { id, payment, amount: amount ?? left, byCall: !isPast })
      keep(account, path, key, body, text)
      return [payment.id]
    }
  }
}, { canKill: true })

const endOfRefund = command('end refund', fc.record({ account, pick, fits, end: fc.constantFrom('settle', 'fail') }), (world, { account: number, pick, fits, end }) => {
  const account = world.accounts[number]
  const refund = oneOf(account.refunds, { pick, fits }, ({ status }) => status === 'pending')
  if (refund === undefined) return undefined
  return {
    sent: { method: 'POST', path: `/_sandbox/refunds/${refund.id}/${end}`, account: number },
    refusals: refund.status === 'pending' ? [] : ['refund_unexpected_state'],
    spared: [refund.payment],
    apply: () => {
      endRefund(account, refund, end === 'settle' ? 'succeeded' : 'failed')
      return [refund.payment]
    }
  }
})

// What is between accounts

const foreign = command('foreign', fc.record({ account, pick, fits, what: fc.constantFrom('retrieve', 'confirm', 'update', 'cancel', 'refund', 'shopper', 'session', 'end refund') }),
  (world, { account: number, pick, what }) => {
    const other = number === 0 ? 1 : 0
    const { payments, sessions, refunds } = world.accounts[other]
    const payment = recent(payments, pick)
    const session = recent(sessions, pick)
    const refund = recent(refunds, pick)
    if (payment === undefined) return undefined
    const { id } = payment
    const confirmation = { payment_method_data: { type: 'dana' }, return_url: BACK }
    const sent = {
      retrieve: { method: 'GET', path: `/v1/payment_intents/${id}` },
      confirm: { method: 'POST', path: `/v1/payment_intents/${id}/confirm`, body: confirmation },
      update: { method: 'POST', path: `/v1/payment_intents/${id}`, body: { description: 'foreign' } },
      cancel: { method: 'POST', path: `/v1/payment_intents/${id}/cancel`, body: {} },
      refund: { method: 'POST', path: '/v1/refunds', body: { payment_intent: id } },
      shopper: { method: 'POST', path: '/_sandbox/shopper', body: { payment_intent: id } },
      session: session && { method: 'POST', path: `/v1/checkout/sessions/${session.id}/expire` },
      'end refund': refund && { method: 'POST', path: `/_sandbox/refunds/${refund.id}/settle` }
    }[what]
    return sent && { sent: { ...sent, account: number }, refusals: ['resource_missing'], spared: [id], sparedOf: other, apply: () => [] }
  })

const setSwitches = command('switches', fc.record({ account, REFUND_MODE: fc.constantFrom('async', 'sync', 'async'), SESSION_EVENTS: fc.boolean() }),
  (world, { account: number, ...switches }) => ({
    sent: { method: 'POST', path: '/_sandbox/account', account: number, body: { switches } },
    refusals: [],
    apply: () => {
      world.accounts[number].switches = switches
      return []
    }
  }))

// Commands of an account or of the whole

function whole<P extends { readonly keeper: Keeper }> (
  name: string, parameters: fc.Arbitrary<P>, run: (world: World, system: System, chosen: P) => Promise<void>, check: (world: World, chosen: P) => boolean = () => true
): { name: string, arbitrary: fc.Arbitrary<Command> } {
  return {
    name,
    arbitrary: parameters.map((chosen): Command => ({
      check: world => check(world, chosen),
      run: async (world, system) => {
        counted(name)
        await run(world, system, chosen)
      },
      toString: () => `${name}(${JSON.stringify(chosen)})`
    }))
  }
}

const keeper = fc.constantFrom<Keeper>(0, 0, 1, 1, 'whole')
const accountOf = (keeper: Keeper): AccountNumber | undefined => keeper === 'whole' ? undefined : keeper
/** What waits for nothing in real time: webhooks that are due. */
const settle = async (system: System): Promise<void> => { await call(system, { method: 'POST', path: '/_sandbox/settle' }) }

async function call (system: System, sent: Sent): Promise<Answer> {
  const answer = await system.call(sent)
  assert.equal(answer.status, 200, `${sent.path} → ${answer.text}`)
  return answer
}

const moveClock = whole('clock', fc.record({ keeper, ms: fc.constantFrom(0, 1, 2999, 3000, 4999, 5000, 5000, 61_001, 599_999, 600_000, 600_000, 2_000_123, 43_200_000, 86_400_000) }),
  async (world, system, { keeper, ms }) => {
    const { body: { ran } } = await call(system, { method: 'POST', path: '/_sandbox/clock', account: accountOf(keeper), body: { advance_ms: ms } })
    if (keeper === 'whole') world.now += ms
    const due = concerned(keeper).map(number => ({ number, ran: advance(world.accounts[number], ms) }))
    deliver(world)
    const happened = due.flatMap(({ ran }) => ran.map(({ what, id }) => `${what} ${id}`))
    // Besides: webhooks, keys that are forgotten, sessions whose expiry had to wait.
    const told = new Set<string>(ran.map(({ what, id }: { what: string, id: string }) => `${what} ${id}`))
    assert.deepEqual(happened.filter(one => !told.has(one)), [], 'what fell due is told')
    const ofPayments = [...told].filter(one => /^(payment_intent|refund)\./.test(one))
    assert.deepEqual(ofPayments.filter(one => !happened.includes(one)), [], 'nothing else fell due')
    for (const { number, ran } of due) {
      await compareNewEvents(system, world, number)
      for (const id of new Set(ran.map(({ payment }) => payment))) await comparePayment(system, world, number, id)
    }
  })

const resetState = whole('reset', fc.record({ keeper }), async (world, system, { keeper }) => {
  await settle(system)
  await call(system, { method: 'POST', path: '/_sandbox/reset', account: accountOf(keeper) })
  reset(world, keeper)
  for (const number of concerned(keeper)) await register(system, number)
  await compareAll(system, world)
})

const name = fc.constantFrom('first', 'second')

const takeSnapshot = whole('snapshot', fc.record({ keeper, name }), async (world, system, { keeper, name }) => {
  await settle(system)
  await call(system, { method: 'POST', path: `/_sandbox/snapshots/${name}`, account: accountOf(keeper) })
  snapshot(world, keeper, name)
})

const restoreSnapshot = whole('restore', fc.record({ keeper, name }), async (world, system, { keeper, name }) => {
  await settle(system)
  await call(system, { method: 'POST', path: `/_sandbox/snapshots/${name}/restore`, account: accountOf(keeper) })
  restore(world, keeper, name)
  await compareAll(system, world)
}, (world, { keeper, name }) => world.snapshots[keeper][name] !== undefined)

const restart = whole('restart', fc.record({ keeper: fc.constant<Keeper>('whole') }), async (world, system) => {
  figures.restarts++
  await system.restart()
  await compareAll(system, world)
})

/** Gives an account an endpoint for its webhooks. */
export async function register (system: System, number: AccountNumber): Promise<void> {
  await call(system, { method: 'POST', path: '/v1/webhook_endpoints', account: number, body: { url: system.inbox(number).url, enabled_events: ['*'] } })
}

/** The end of a sequence: webhooks that are late leave too, all have arrived, and nothing is missing. */
export async function finish (world: World, system: System, { mayRepeat }: { mayRepeat: boolean }): Promise<void> {
  const lateMs = Math.max(...Object.values(OUTCOMES).map(({ webhookDelayMs = 0 }) => webhookDelayMs))
  await call(system, { method: 'POST', path: '/_sandbox/clock', body: { advance_ms: lateMs } })
  world.now += lateMs
  for (const number of ACCOUNTS) advance(world.accounts[number], lateMs)
  deliver(world)
  await settle(system)
  for (const number of ACCOUNTS) {
    await compareNewEvents(system, world, number)
    await compareAccount(system, world, number)
    compareWebhooks(system, world, number, { mayRepeat })
    figures.webhooks += world.sent[number].length
  }
}

const COMMON = [
  [createIntent, 14], [repeat, 3], [confirmIntent, 7], [updateIntent, 4], [cancelIntent, 4], [createSession, 6], [expireSession, 2], [paySessionPage, 3],
  [shopper, 14], [shopperOfSession, 5], [enterAtPage, 14], [walkPages, 5], [queueOutcomes, 2], [createRefund, 10], [endOfRefund, 9], [foreign, 3],
  [setSwitches, 3], [moveClock, 8]
] as const
const RARE = [[resetState, 1], [takeSnapshot, 2], [restoreSnapshot, 2], [restart, 0.5]] as const

/** Sequences of commands. */
export function sequences ({ kills, maxCommands, replayPath }: { kills: boolean, maxCommands: number, replayPath: string | undefined }) {
  const weighted = [...COMMON, ...RARE].map(([{ arbitrary }, weight]) => ({ weight: weight * 2, arbitrary }))
  const killing = !kills ? [] : [createIntent, confirmIntent, cancelIntent, createSession, expireSession, createRefund].flatMap(({ killing }) => killing === undefined ? [] : [{ weight: 3, arbitrary: killing }])
  return fc.commands([fc.oneof(...weighted, ...killing)], { size: 'max', maxCommands, ...(replayPath !== undefined && { replayPath }) })
}

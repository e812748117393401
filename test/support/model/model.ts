import {
  ATTEMPT_MS, CUSTOMERS, METHOD_NAMES, METHODS, OUTCOMES, PIN, REFUND_DELAY_MS, SLOW_MS, SMS_CODE, type Failure, type Method
} from './rules.ts'

/** What a shop and its customers know of one account, as plain data: the least that tells what every call has to answer. */
export interface Account {
  /** Epoch milliseconds; the clock stands still unless it is moved. */
  now: number
  payments: Payment[]
  sessions: Session[]
  refunds: Refund[]
  /** In the order in which they were raised. */
  events: Happened[]
  /** Those whose webhooks have not left yet. */
  waiting: Array<{ event: Happened, at: number }>
  /** Smallest units by method and end of the number; null where the sandbox has filled the wallet up, by an amount of its own choice. */
  balances: Record<string, number | null>
  /** Outcomes that wait, by method. */
  queues: Record<string, string[]>
  switches: { REFUND_MODE: 'sync' | 'async', SESSION_EVENTS: boolean }
  /** Answers that are kept, by path and `Idempotency-Key`. */
  kept: Record<string, KeptAnswer>
}

export interface Payment {
  readonly id: string
  readonly session?: string
  amount: number
  currency: string
  types: string[]
  /** The shop named no methods, so that one which takes the payment is enough. */
  takesAny: boolean
  status: string
  hasWayBack: boolean
  /** The method of the present attempt, or of the one that paid. */
  method?: string | undefined
  attempt: number
  visit: Visit
  failure?: Failure | undefined
  reason?: string | undefined
  lapsesAt?: number | undefined
  slow?: { at: number, failure?: Failure | undefined } | undefined
}

export interface Visit {
  step: 'phone' | 'pin' | 'otp' | 'summary'
  /** The end of the number that has logged in. */
  customer?: string
  wrongPins: number
  chosen?: string
}

export interface Session {
  readonly id: string
  readonly payment: string
  readonly expiresAt: number
  status: 'open' | 'complete' | 'expired'
  /** Key and number of its page. */
  readonly page: string
}

export interface Refund {
  readonly id: string
  readonly payment: string
  readonly amount: number
  status: 'pending' | 'succeeded' | 'failed'
  settlesAt?: number | undefined
}

export interface Happened {
  readonly type: string
  readonly payment: string
  /** Of the object that the event carries. */
  readonly status: string
  /** An API call has caused it. */
  readonly byCall: boolean
  /** Known once it was seen. */
  id?: string
}

export interface KeptAnswer {
  readonly path: string
  readonly key: string
  readonly body: object
  readonly text: string
  readonly until: number
}

export type AccountNumber = 0 | 1
export const ACCOUNTS = [0, 1] as const
export type Keeper = AccountNumber | 'whole'

/** The whole sandbox. */
export interface World {
  now: number
  readonly accounts: [Account, Account]
  readonly snapshots: Record<Keeper, Record<string, Kept>>
  /** Webhooks that have left, by account; nothing brings them back. */
  readonly sent: [Happened[], Happened[]]
}

interface Kept { readonly now: number, readonly accounts: Partial<Record<AccountNumber, Account>> }

export const BEGAN_AT = Date.parse('2026-01-01T00:00:00Z')

export function newAccount (now: number): Account {
  return {
    now, payments: [], sessions: [], refunds: [], events: [], waiting: [], balances: {}, queues: {}, switches: { REFUND_MODE: 'sync', SESSION_EVENTS: false }, kept: {}
  }
}

export function newWorld (): World {
  return { now: BEGAN_AT, accounts: [newAccount(BEGAN_AT), newAccount(BEGAN_AT)], snapshots: { 0: {}, 1: {}, whole: {} }, sent: [[], []] }
}

// What a call may be refused for; none: it has to be carried out. Where a call has several mistakes, any of them may be named.

/** Why these methods do not take this money. */
export function refusalsOfMoney (types: readonly string[], isListed: boolean, amount: number, currency: string): string[] {
  const refusals = types.flatMap(type => {
    const method = METHODS[type]
    if (method === undefined) return ['payment_method_not_supported']
    if (method.currency !== currency) return ['currency_not_supported']
    if (amount < method.least) return ['amount_too_small']
    return amount > method.most ? ['amount_too_large'] : []
  })
  return isListed || refusals.length === types.length ? refusals : []
}

/** Methods that take a currency. */
export function taking (currency: string): string[] {
  return METHOD_NAMES.filter(name => METHODS[name]?.currency === currency)
}

/** Why a payment cannot be sent to its wallet; with the method that it would be sent to. */
export function confirmed (
  { status, types, method, amount, currency, hasWayBack }: Pick<Payment, 'status' | 'types' | 'method' | 'amount' | 'currency' | 'hasWayBack'>,
  named: string | undefined, namesWayBack: boolean
): { refusals: string[], method: string } {
  const [only = ''] = types
  const chosen = named ?? method ?? (types.length === 1 ? only : undefined)
  const refusals: string[] = []
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(status)) refusals.push('payment_intent_unexpected_state')
  if (chosen === undefined) refusals.push('parameter_missing')
  else {
    if (METHODS[chosen] !== undefined && !types.includes(chosen)) refusals.push('parameter_invalid')
    refusals.push(...refusalsOfMoney([chosen], true, amount, currency))
  }
  if (!hasWayBack && !namesWayBack) refusals.push('parameter_missing')
  return { refusals, method: chosen ?? '' }
}

export function refusalsOfRefund (account: Account, payment: Payment, amount: number | undefined): string[] {
  if (payment.status !== 'succeeded') return ['payment_intent_unexpected_state']
  const { refunds } = methodOf(payment)
  const given = refundedOf(account, payment)
  const left = payment.amount - given
  const refusals: string[] = []
  if (refunds === 'none' || (refunds === 'one' && given > 0) || left === 0) refusals.push('refund_not_allowed')
  if (amount !== undefined && amount < 1) refusals.push('amount_too_small')
  if (amount !== undefined && amount > left) refusals.push('amount_too_large')
  return refusals
}

export function methodOf ({ method = '' }: Payment): Method {
  const rule = METHODS[method]
  if (rule === undefined) throw new Error(`The model knows no method ${method}.`)
  return rule
}

/** The sum of the refunds of a payment that did not fail. */
export function refundedOf ({ refunds }: Account, { id }: Payment): number {
  return refunds.filter(({ payment, status }) => payment === id && status !== 'failed').reduce((sum, { amount }) => sum + amount, 0)
}

export function found<T extends { readonly id: string }> (objects: readonly T[], id: string): T {
  const object = objects.find(other => other.id === id)
  if (object === undefined) throw new Error(`The model has no ${id}.`)
  return object
}

// What happens.

/** An event, whose webhooks leave at once unless they are late. */
export function raise (account: Account, type: string, { id }: { readonly id: string }, status: string, { byCall = false, delayMs = 0 } = {}): void {
  const event: Happened = { type, payment: id, status, byCall }
  account.events.push(event)
  account.waiting.push({ event, at: account.now + delayMs })
}

/** The webhooks that leave by now. */
export function deliver (world: World): void {
  for (const number of ACCOUNTS) {
    const account = world.accounts[number]
    const leaving = account.waiting.filter(({ at }) => at <= account.now).toSorted((a, b) => a.at - b.at)
    account.waiting = account.waiting.filter(({ at }) => at > account.now)
    world.sent[number].push(...leaving.map(({ event }) => event))
  }
}

/** A new attempt to pay. */
export function sendToWallet (account: Account, payment: Payment, method: string, byCall: boolean): void {
  payment.status = 'requires_action'
  payment.method = method
  payment.attempt++
  payment.visit = { step: 'phone', wrongPins: 0 }
  payment.failure = undefined
  payment.lapsesAt = account.now + ATTEMPT_MS
  raise(account, 'payment_intent.requires_action', payment, payment.status, { byCall })
}

export function withdraw (account: Account, payment: Payment, reason: string | undefined, byCall: boolean): void {
  payment.status = 'canceled'
  payment.reason = reason
  payment.lapsesAt = undefined
  raise(account, 'payment_intent.canceled', payment, payment.status, { byCall })
}

export function expire (account: Account, session: Session, byCall: boolean): void {
  session.status = 'expired'
  const payment = found(account.payments, session.payment)
  withdraw(account, payment, 'expired', byCall)
  if (account.switches.SESSION_EVENTS) raise(account, 'checkout.session.expired', payment, session.status, { byCall })
}

export type Entry =
  | { readonly kind: 'phone', readonly customer: string }
  | { readonly kind: 'pin' | 'otp', readonly isRight: boolean }
  | { readonly kind: 'pay' | 'cancel' }
  | { readonly kind: 'outcome', readonly outcome: string }

/** What is typed in or pressed at a wallet's page. */
export function enter (account: Account, payment: Payment, method: string, entry: Entry): void {
  if (payment.status !== 'requires_action' || payment.method !== method) return
  const { visit } = payment
  const [queued] = account.queues[method] ?? []
  switch (entry.kind) {
    case 'cancel': return end(account, payment, 'cancel')
    case 'outcome':
      if (entry.outcome !== 'otp') return end(account, payment, entry.outcome)
      visit.chosen = 'otp'
      visit.step = 'otp'
      // Whoever asks for the SMS code without logging in is the customer who gets one.
      visit.customer ??= '0004'
      return
    case 'phone':
      if (visit.step !== 'phone') return
      visit.customer = entry.customer
      visit.step = 'pin'
      return
    case 'pin':
      if (visit.step !== 'pin') return
      if (entry.isRight) visit.step = (queued ?? CUSTOMERS[visit.customer ?? '']?.outcome) === 'otp' ? 'otp' : 'summary'
      else if (++visit.wrongPins === 3) end(account, payment, 'wrong-pin')
      return
    case 'otp':
      if (visit.step === 'otp' && entry.isRight) visit.step = 'summary'
      return
    case 'pay':
      if (visit.step !== 'summary') return
      if (visit.chosen === undefined && queued !== undefined) account.queues[method]?.shift()
      end(account, payment, visit.chosen ?? queued ?? CUSTOMERS[visit.customer ?? '']?.outcome ?? 'pay')
  }
}

/** What is sent for an entry, under its name. */
export function textOf (entry: Entry, method: string): string {
  switch (entry.kind) {
    case 'phone': return `${METHODS[method]?.numbers ?? ''}${entry.customer}`
    case 'pin': return entry.isRight ? PIN : '654321'
    case 'otp': return entry.isRight ? SMS_CODE : '111111'
    case 'outcome': return entry.outcome
    default: return ''
  }
}

/** How the walk of a customer who is played by one call ends. */
export function walk (account: Account, payment: Payment, customer: string, outcome: string | undefined): void {
  const { method = '', attempt } = payment
  const enters = (entry: Entry): void => { if (payment.attempt === attempt) enter(account, payment, method, entry) }
  enters({ kind: 'phone', customer })
  enters({ kind: 'pin', isRight: true })
  if (outcome !== undefined) enters({ kind: 'outcome', outcome })
  enters({ kind: 'otp', isRight: true })
  enters({ kind: 'pay' })
}

function end (account: Account, payment: Payment, name: string): void {
  const { isSlow, failure, webhookDelayMs: delayMs } = OUTCOMES[name] ?? {}
  payment.lapsesAt = undefined
  if (isSlow === true) {
    payment.status = 'processing'
    payment.slow = { at: account.now + SLOW_MS, failure }
    raise(account, 'payment_intent.processing', payment, payment.status)
  } else decide(account, payment, failure, delayMs)
}

/** The wallet's decision. */
function decide (account: Account, payment: Payment, failure: Failure | undefined, delayMs = 0): void {
  payment.slow = undefined
  payment.lapsesAt = undefined
  if (failure !== undefined) {
    payment.status = 'requires_payment_method'
    payment.method = undefined
    payment.failure = failure
    return raise(account, 'payment_intent.payment_failed', payment, payment.status)
  }
  payment.status = 'succeeded'
  raise(account, 'payment_intent.succeeded', payment, payment.status, { delayMs })
  moveMoney(account, payment, -payment.amount)
  if (payment.session === undefined) return
  const session = found(account.sessions, payment.session)
  session.status = 'complete'
  if (account.switches.SESSION_EVENTS) raise(account, 'checkout.session.completed', payment, session.status, { delayMs })
}

/** Into the wallet that has paid, or out of it; nothing moves where nobody has logged in. */
function moveMoney (account: Account, { method = '', visit: { customer } }: Payment, amount: number): void {
  if (customer === undefined) return
  const name = `${method} ${customer}`
  const before = balanceOf(account, method, customer)
  account.balances[name] = before === null || before + amount < 0 ? null : before + amount
}

export function balanceOf ({ balances }: Account, method: string, customer: string): number | null {
  const own = balances[`${method} ${customer}`]
  return own === undefined ? CUSTOMERS[customer]?.balance ?? null : own
}

export function refund (account: Account, { id, payment, amount, byCall }: { id: string, payment: Payment, amount: number, byCall: boolean }): void {
  const isPending = account.switches.REFUND_MODE === 'async'
  const made: Refund = { id, payment: payment.id, amount, status: 'pending', settlesAt: account.now + REFUND_DELAY_MS }
  account.refunds.push(made)
  if (!isPending) endRefund(account, made, 'succeeded', byCall)
}

export function endRefund (account: Account, refund: Refund, status: 'succeeded' | 'failed', byCall = false): void {
  const payment = found(account.payments, refund.payment)
  refund.status = status
  refund.settlesAt = undefined
  raise(account, 'charge.refund.updated', payment, status, { byCall })
  if (status === 'succeeded') moveMoney(account, payment, refund.amount)
}

interface Due { readonly at: number, readonly what: string, readonly id: string, readonly payment: string, readonly run: () => void }

/** Moves an account's clock; what falls due on the way happens in order. */
export function advance (account: Account, ms: number): Due[] {
  const target = account.now + ms
  const ran: Due[] = []
  for (;;) {
    const [next] = dues(account).filter(({ at }) => at <= target).toSorted((a, b) => a.at - b.at)
    if (next === undefined) break
    account.now = Math.max(account.now, next.at)
    next.run()
    ran.push(next)
  }
  account.now = target
  return ran
}

function dues (account: Account): Due[] {
  const list: Due[] = []
  for (const payment of account.payments) {
    const { id, lapsesAt, slow } = payment
    if (lapsesAt !== undefined) list.push({ at: lapsesAt, what: 'payment_intent.lapse', id, payment: id, run: () => { end(account, payment, 'lapse') } })
    if (slow !== undefined) list.push({ at: slow.at, what: 'payment_intent.settle', id, payment: id, run: () => { decide(account, payment, slow.failure) } })
  }
  for (const session of account.sessions) {
    // While the wallet is deciding, the expiry waits.
    if (session.status !== 'open' || found(account.payments, session.payment).status === 'processing') continue
    list.push({ at: session.expiresAt, what: 'checkout_session.expire', id: session.id, payment: session.payment, run: () => { expire(account, session, false) } })
  }
  for (const refund of account.refunds) {
    const { id, settlesAt, payment } = refund
    if (settlesAt !== undefined) list.push({ at: settlesAt, what: 'refund.settle', id, payment, run: () => { endRefund(account, refund, 'succeeded') } })
  }
  return list
}

/** The accounts that a call concerns: one's own by its key, or every one without. */
export function concerned (keeper: Keeper): readonly AccountNumber[] {
  return keeper === 'whole' ? ACCOUNTS : [keeper]
}

export function reset (world: World, keeper: Keeper): void {
  if (keeper === 'whole') world.now = BEGAN_AT
  for (const number of concerned(keeper)) world.accounts[number] = newAccount(world.now)
}

export function snapshot (world: World, keeper: Keeper, name: string): void {
  const accounts = Object.fromEntries(concerned(keeper).map(number => [number, structuredClone(world.accounts[number])]))
  world.snapshots[keeper][name] = { now: world.now, accounts }
}

export function restore (world: World, keeper: Keeper, name: string): void {
  const kept = world.snapshots[keeper][name]
  if (kept === undefined) throw new Error(`The model has no snapshot ${name}.`)
  if (keeper === 'whole') world.now = kept.now
  for (const number of concerned(keeper)) world.accounts[number] = structuredClone(kept.accounts[number]) ?? newAccount(world.now)
}

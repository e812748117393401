import type { FastifyRequest, FastifyReply } from 'fastify'
import { isUndone } from '../../http/faults.ts'
import type { Account, Accounts } from '../../store/accounts.ts'
import type { Collection, Definition } from '../../store/collection.ts'
import { put, type Store } from '../../store/commit.ts'
import { eventDefinition, type EventRecord } from '../../store/events.ts'
import type { Possible } from '../../faults/fault.ts'
import type { Faults } from '../../faults/service.ts'
import { visitDefinition, type Visit } from '../../wallet/visit.ts'
import { deliveryDefinition, isLost, isTaken, type Delivery } from '../../webhooks/deliveries.ts'
import { checkoutSessionDefinition, type CheckoutSessionRecord } from '../../wooshpay/checkout-sessions/schema.ts'
import { paymentIntentDefinition, type PaymentIntentRecord } from '../../wooshpay/payment-intents/schema.ts'
import { chargeDefinition } from '../../wooshpay/charges/schema.ts'
import type { PaymentMethodRules } from '../../wooshpay/payment-methods/rules.ts'
import { refundDefinition, type RefundRecord } from '../../wooshpay/refunds/schema.ts'
import { callName, NOTHING, pointsOf, transition, type Point } from './points.ts'
import { reportOf, type Report } from './report.ts'

/** What an account's tests have reached; it outlives resets, since tests reset between one another. */
export interface CoverageRecord {
  /** The account's. */
  readonly id: string
  readonly reached: readonly Point[]
}

export const coverageDefinition: Definition<CoverageRecord> = { name: 'coverage', isListed: false }

export interface CoverageOptions extends Store {
  readonly accounts: Accounts
  readonly faults: Faults
  /** All calls of the API. */
  readonly calls: Possible['calls']
  readonly rules: PaymentMethodRules
}

/** Notes what is reached, from what is written and what is answered; nothing else has to know of it. */
export class Coverage {
  readonly #options: CoverageOptions
  readonly #records: Collection<CoverageRecord>
  /** As stored, at hand: every change is looked at. */
  readonly #reached = new Map<string, Set<Point>>()
  /** Accounts whose record could not be written; it comes along when something else could, so that reads go on meanwhile. */
  readonly #owed = new Set<string>()
  readonly #readers: ReadonlyMap<string, (account: string, record: never, previous: never) => Point[]>

  constructor (options: CoverageOptions) {
    this.#options = options
    this.#records = options.database.collection(coverageDefinition)
    this.#readers = new Map<string, (account: string, record: never, previous: never) => Point[]>([
      [paymentIntentDefinition.name, (_account, { intent, attempt }: PaymentIntentRecord, before?: PaymentIntentRecord) =>
        changed('payment_intent', before?.intent, intent, before?.attempt !== attempt)],
      [checkoutSessionDefinition.name, (_account, { session }: CheckoutSessionRecord, before?: CheckoutSessionRecord) => changed('checkout_session', before?.session, session)],
      [refundDefinition.name, (account, record: RefundRecord, before?: RefundRecord) => this.#refund(account, record, before)],
      [visitDefinition.name, (_account, { ended }: Visit) => ended === undefined ? [] : [`outcomes/${ended}`]],
      [eventDefinition.name, (_account, { type }: EventRecord) => [`events/${type}`]],
      [deliveryDefinition.name, (_account, delivery: Delivery) => this.#delivery(delivery)]
    ])
    options.database.onSettled((changes, outcome) => {
      if (outcome === 'undone') {
        for (const { collection, account, record } of changes) {
          if (collection !== coverageDefinition.name) continue
          if (record === undefined) this.#reached.delete(account)
          else this.#owed.add(account)
        }
        return
      }
      for (const { collection, account, record, previous, isRestoration } of changes) {
        if (record !== undefined && !isRestoration) this.#note(account, this.#readers.get(collection)?.(account, record as never, previous as never) ?? [])
      }
      const owed = [...this.#owed]
      this.#owed.clear()
      for (const id of owed) this.#store(id)
    })
  }

  /** All that the tests of these accounts can reach, or of any account while there is none. */
  points (accounts: readonly Account[]): Point[] {
    return [...new Set((accounts.length === 0 ? [this.#options.accounts.whole] : accounts).flatMap(account => pointsOf(account, this.#options)))]
  }

  /** What the tests of these accounts have reached, out of all that they can. */
  report (accounts: readonly Account[]): Report {
    return reportOf(this.points(accounts), new Set(accounts.flatMap(account => [...this.reached(account)])))
  }

  /** What an account's tests have reached so far. */
  reached ({ id }: Account): ReadonlySet<Point> {
    let reached = this.#reached.get(id)
    if (reached === undefined) this.#reached.set(id, reached = new Set(this.#records.find(id)?.record.reached))
    return reached
  }

  /** A call of the API was answered. */
  answered (request: FastifyRequest, { statusCode }: FastifyReply): void {
    const { caller, refusal, routeOptions: { method, url } } = request
    // Nobody is known where the key was refused.
    const account = (caller as typeof caller | undefined)?.account
    if (account === undefined) return
    if (statusCode < 400 && url !== undefined && !isUndone(request)) this.#note(account.id, [`calls/${callName(String(method), url)}`])
    if (refusal !== undefined) this.#note(account.id, [`errors/${refusal.code}`])
  }

  #refund (account: string, { refund }: RefundRecord, before: RefundRecord | undefined): Point[] {
    const charge = this.#options.database.collection(chargeDefinition).latest(account, `payment_intent:${refund.payment_intent}`)
    const size: Point[] = before !== undefined || charge === undefined ? [] : [refund.amount < charge.amount_captured ? 'refunds/partial' : 'refunds/full']
    const end: Point[] = refund.status === 'succeeded' ? [] : [`refunds/${refund.status}`]
    return [...changed('refund', before?.refund, refund), ...size, ...end]
  }

  #delivery ({ status, attempts }: Delivery): Point[] {
    const answered = attempts.filter(isTaken)
    const last = attempts.at(-1)
    const refusedWith = (effect: 'bad_signature' | 'old_timestamp'): boolean => attempts.some(({ fault = '', status = 0 }) =>
      status >= 400 && this.#options.faults.find(fault)?.record.then[effect] === true)
    const all: Array<[boolean, Point]> = [
      [answered.length > 0, 'deliveries/answered'],
      [attempts.length > 1 && !isTaken(attempts[0] ?? {}), 'deliveries/retried'],
      [status === 'failed' && last !== undefined && !isLost(last), 'deliveries/given up'],
      [last !== undefined && isLost(last), 'deliveries/lost'],
      [answered.length > 1, 'deliveries/duplicate answered'],
      [refusedWith('bad_signature'), 'deliveries/bad signature refused'],
      [refusedWith('old_timestamp'), 'deliveries/old timestamp refused']
    ]
    return all.filter(([isReached]) => isReached).map(([, point]) => point)
  }

  #note (accountId: string, points: readonly Point[]): void {
    const account = this.#options.accounts.byId(accountId)
    if (account === undefined || points.length === 0) return
    const known = this.reached(account)
    if (points.every(point => known.has(point))) return
    this.#reached.set(account.id, new Set([...known, ...points]))
    if (!this.#owed.has(account.id)) this.#store(account.id)
  }

  #store (id: string): void {
    const account = this.#options.accounts.byId(id)
    if (account === undefined) return
    this.#options.commit(account, { operations: [put(coverageDefinition, { id, reached: [...this.reached(account)] })] })
  }
}

/** @param isAgain whether the same status was entered anew */
function changed (object: string, before: { status: string } | undefined, after: { status: string }, isAgain = false): Point[] {
  if (before?.status === after.status && !isAgain) return []
  return [transition(object, before?.status ?? NOTHING, after.status)]
}

import type { Definition } from '../store/collection.ts'
import type { PhoneNumbers } from '../wooshpay/payment-methods/rules.ts'
import { customerOf, normalizePhone, PIN, PIN_ATTEMPTS, SMS_CODE, testCustomers, testNumber } from './customers.ts'
import type { OutcomeName } from './outcomes.ts'

export const STEPS = ['phone', 'pin', 'otp', 'summary'] as const
export type Step = (typeof STEPS)[number]

/** A customer's walk through the wallet's pages, for one attempt to pay. */
export interface Visit {
  /** The PaymentIntent's id. */
  readonly id: string
  /** The PaymentIntent's attempt that it belongs to. */
  readonly attempt: number
  readonly step: Step
  /** In international form. */
  readonly phone?: string
  readonly wrong_pins: number
  /** What was wrong with the last entry. */
  readonly notice?: 'phone' | 'pin' | 'otp'
  /** What the customer is going to do, if that was chosen before. */
  readonly chosen?: OutcomeName
  /** How it ended. */
  readonly ended?: OutcomeName
  /** What the customer did last, in this visit and in earlier ones for the same payment. */
  readonly history?: readonly Done[]
}

/** Something that a customer did at the wallet. */
export interface Done {
  /** Epoch milliseconds of the account's clock. */
  readonly at: number
  readonly entry: Entry['kind']
  /** It was wrong, and is asked for again. */
  readonly isWrong?: true
  /** It ended the visit so. */
  readonly ended?: OutcomeName
  /** The payment's latest event then, which tells the order when time stands still. */
  readonly after?: string
}

/** The record is written anew at every step, and the wallet asks for no key: more than any person does, and some 20 KB. */
const HISTORY_STEPS = 200

export const visitDefinition: Definition<Visit> = { name: 'wallet_visits', isListed: false }

/** What the customer enters or presses. */
export type Entry =
  | { readonly kind: 'phone', readonly phone: string }
  | { readonly kind: 'pin', readonly pin: string }
  | { readonly kind: 'otp', readonly otp: string }
  | { readonly kind: 'pay' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'outcome', readonly outcome: OutcomeName }

export function newVisit (id: string, attempt: number, history?: Visit['history']): Visit {
  return { id, attempt, step: 'phone', wrong_pins: 0, ...(history && { history }) }
}

/** The visit with what was just done in its history; what has changed nothing was nothing. */
export function remembering (before: Visit, after: Visit, { kind: entry }: Entry, when: Pick<Done, 'at' | 'after'>): Visit {
  if (after === before) return after
  const done: Done = { ...when, entry, ...(after.notice !== undefined && { isWrong: true as const }), ...(after.ended !== undefined && { ended: after.ended }) }
  return { ...after, history: [...before.history ?? [], done].slice(-HISTORY_STEPS) }
}

/** What a visit depends on besides itself. */
export interface VisitContext {
  readonly numbers: PhoneNumbers
  /** The outcome that a test has lined up for the next payment. */
  readonly queued?: OutcomeName | undefined
}

/**
 * The visit after an entry; with `ended` when the entry decides the payment. An entry that does not belong to the
 * present step (another tab, a form sent twice) changes nothing.
 */
export function enter (before: Visit, entry: Entry, { numbers, queued }: VisitContext): Visit {
  const { notice: _notice, ...visit } = before
  if (entry.kind === 'cancel') return { ...visit, ended: 'cancel' }
  if (entry.kind === 'outcome') return choose(visit, entry.outcome, numbers)
  switch (visit.step) {
    case 'phone': {
      if (entry.kind !== 'phone') return before
      const phone = normalizePhone(entry.phone, numbers)
      return phone === undefined ? { ...visit, notice: 'phone' } : { ...visit, phone, step: 'pin' }
    }
    case 'pin': {
      if (entry.kind !== 'pin') return before
      if (entry.pin === PIN) return { ...visit, step: outcomeOf(visit, queued) === 'otp' ? 'otp' : 'summary' }
      const wrongPins = visit.wrong_pins + 1
      if (wrongPins >= PIN_ATTEMPTS) return { ...visit, wrong_pins: wrongPins, ended: 'wrong-pin' }
      return { ...visit, wrong_pins: wrongPins, notice: 'pin' }
    }
    case 'otp':
      if (entry.kind !== 'otp') return before
      return entry.otp === SMS_CODE ? { ...visit, step: 'summary' } : { ...visit, notice: 'otp' }
    case 'summary':
      return entry.kind === 'pay' ? { ...visit, ended: outcomeOf(visit, queued) } : before
  }
}

/** An explicit choice, else the next queued outcome, else what the number stands for, else paying. */
function outcomeOf ({ chosen, phone }: Visit, queued: OutcomeName | undefined): OutcomeName {
  return chosen ?? queued ?? (phone === undefined ? 'pay' : customerOf(phone).outcome)
}

/** A button of the strip: ends the visit, but for the SMS code, which is asked for first. */
function choose (visit: Visit, outcome: OutcomeName, numbers: PhoneNumbers): Visit {
  if (outcome !== 'otp') return { ...visit, ended: outcome }
  const example = testCustomers.find(customer => customer.outcome === 'otp')
  const phone = visit.phone ?? (example && normalizePhone(testNumber(example, numbers), numbers))
  return { ...visit, chosen: 'otp', step: 'otp', ...(phone !== undefined && { phone }) }
}

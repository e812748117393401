import assert from 'node:assert/strict'
import { balanceOf, found, refundedOf, type Account, type AccountNumber, type Happened, type Payment, type World } from './model.ts'
import { CUSTOMERS, METHODS, type Failure } from './rules.ts'
import type { System } from './system.ts'

/** An object of an answer; what is read of it is compared with literal values. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Wire = any

/** Expects that everything the API says of a payment is what the model says. */
export async function comparePayment (system: System, world: World, number: AccountNumber, id: string): Promise<void> {
  const account = world.accounts[number]
  const payment = found(account.payments, id)
  const intent = await get(system, number, `/v1/payment_intents/${id}`)
  assert.deepEqual(intentSeen(intent), intentExpected(payment))
  if (payment.session !== undefined) {
    const session = found(account.sessions, payment.session)
    const { status, payment_status: paid, payment_intent: own, amount_total: total } = await get(system, number, `/v1/checkout/sessions/${session.id}`)
    assert.deepEqual([status, paid, own, total], [session.status, session.status === 'complete' ? 'paid' : 'unpaid', id, payment.amount])
  }
  if (payment.status !== 'succeeded') return
  assert.deepEqual(chargeSeen(await get(system, number, `/v1/charges/${intent.latest_charge}`)), chargeExpected(account, payment))
  const refunds = await listed(system, number, `/v1/refunds?payment_intent=${id}&limit=100`)
  assert.deepEqual(refunds.map(refundSeen), refundsExpected(account, ({ payment: of }) => of === id))
}

/** Expects that the events since the last look are those of the model, in order for each payment, and remembers their ids. */
export async function compareNewEvents (system: System, world: World, number: AccountNumber): Promise<void> {
  const { events } = world.accounts[number]
  const unseen = events.filter(({ id }) => id === undefined)
  // What falls due at the same time may happen to two payments in either order.
  const latest = idsInOrder(events.filter(({ id }) => id !== undefined)).at(-1)
  // One more, which has to be the last that is known.
  const { data } = await get(system, number, `/v1/events?limit=${Math.min(unseen.length + 1, 100)}`)
  const raised: Wire[] = data.toReversed()
  if (latest !== undefined && unseen.length < 100) assert.equal(raised.shift()?.id, latest, 'nothing else has happened')
  adopt(unseen, raised)
}

/** Gives the model's events the ids of those that were raised, which have to be the same. */
function adopt (expected: readonly Happened[], raised: readonly Wire[]): void {
  const seen = grouped(raised, paymentOf)
  const wanted = grouped(expected, ({ payment }) => payment)
  assert.deepEqual(Object.keys(seen).sort(), Object.keys(wanted).sort(), 'payments to which something has happened')
  for (const [payment, events] of Object.entries(wanted)) {
    const own = seen[payment] ?? []
    assert.deepEqual(own.map(eventSeen), events.map(eventExpected), `events of ${payment}`)
    events.forEach((event, index) => { event.id = own[index]?.id })
  }
  raised.forEach(({ id }, index) => { assert.ok(index === 0 || numberIn(raised[index - 1]?.id) < numberIn(id), 'ids of events grow') })
}

/** Expects that an account holds what the model does, and nothing else; every list is read from end to end. */
export async function compareAccount (system: System, world: World, number: AccountNumber): Promise<void> {
  const account = world.accounts[number]
  const { payments, sessions, events } = account
  const intents = await listed(system, number, '/v1/payment_intents?limit=100')
  assert.deepEqual(intents.map(intentSeen), payments.map(intentExpected).toReversed())
  const pages = await listed(system, number, '/v1/checkout/sessions?limit=100')
  assert.deepEqual(
    pages.map(({ id, status, payment_status: paid }) => [id, status, paid]),
    sessions.map(({ id, status }) => [id, status, status === 'complete' ? 'paid' : 'unpaid']).toReversed()
  )
  const charges = await listed(system, number, '/v1/charges?limit=100')
  const paid = payments.filter(({ status }) => status === 'succeeded')
  assert.deepEqual(byPayment(charges.map(chargeSeen)), byPayment(paid.map(payment => chargeExpected(account, payment))))
  assert.deepEqual(charges.map(({ id }) => id).sort(), intents.flatMap(({ latest_charge: charge }) => charge ?? []).sort(), 'charges are those that payments name')
  const refunds = await listed(system, number, '/v1/refunds?limit=100')
  assert.deepEqual(refunds.map(refundSeen), refundsExpected(account, () => true))
  const happened = (await listed(system, number, '/v1/events?limit=100')).toReversed()
  if (events.some(({ id }) => id === undefined)) return adopt(events, happened)
  assert.deepEqual(happened.map(({ id }) => id), idsInOrder(events), 'events are those that were seen')
  await compareBalances(system, account, number)
}

/** Expects that every wallet holds what payments and refunds have left in it. */
async function compareBalances (system: System, account: Account, number: AccountNumber): Promise<void> {
  const { id } = await get(system, number, '/_sandbox/account')
  const { text } = await system.call({ method: 'GET', path: `/dashboard/customers?account=${id}` })
  const used = Object.entries(METHODS).filter(([method]) => method === 'dana' || Object.keys(account.balances).some(name => name.startsWith(`${method} `)))
  const rows = [...text.matchAll(/data-name="Number">(\d+)<.*?data-name="Balance">([^<]*)</gs)].map(([, phone = '', balance = '']) => [phone, Number(balance.replace(/\D/g, ''))])
  const wanted = used.flatMap(([method, { numbers }]) => Object.keys(CUSTOMERS).map(end => ({ method, end, phone: `${numbers}${end}` })))
  assert.equal(rows.length, wanted.length, 'wallets on the dashboard')
  // In one order, since two wallets may have the same numbers.
  const methods = used.map(([method]) => method)
  const order = [...new Set([...text.matchAll(/<h2>([^<]*?)</g)].map(([, name = '']) => name.trim()))].flatMap(name => methods.filter(method => NAMES[method] === name))
  rows.forEach(([phone, balance], index) => {
    const method = order[Math.floor(index / Object.keys(CUSTOMERS).length)] ?? ''
    const end = String(phone).slice(-4)
    const expected = balanceOf(account, method, end)
    if (expected === null) account.balances[`${method} ${end}`] = Number(balance)
    else assert.equal(balance, expected, `what ${method} has for ${phone}`)
  })
}

const NAMES: Readonly<Record<string, string>> = {
  dana: 'DANA', gcash: 'GCash', truemoney: 'TrueMoney', ovo: 'OVO', bank_transfer_id: 'Bank transfer (Indonesia)', promptpay: 'PromptPay'
}

/**
 * Expects that the webhooks which have arrived are the events, each once and those of a payment in order.
 * @param mayRepeat a kill may come between a webhook and the note that it was sent
 */
export function compareWebhooks (system: System, world: World, number: AccountNumber, { mayRepeat = false } = {}): void {
  const kept = (ids: readonly string[]): readonly string[] => mayRepeat ? [...new Set(ids)] : ids
  const arrived = grouped(system.inbox(number).arrived().map(({ event }) => event), paymentOf)
  const sent = grouped(world.sent[number], ({ payment }) => payment)
  const idsOf = (groups: Readonly<Record<string, ReadonlyArray<{ readonly id?: string }>>>): Record<string, readonly string[]> =>
    Object.fromEntries(Object.entries(groups).map(([payment, events]) => [payment, kept(events.map(({ id = '' }) => id))]))
  assert.deepEqual(idsOf(arrived), idsOf(sent), 'webhooks that have arrived')
}

export async function get (system: System, account: AccountNumber, path: string): Promise<Wire> {
  const { status, body, text } = await system.call({ method: 'GET', path, account })
  assert.equal(status, 200, `${path} → ${text}`)
  return body
}

/** Every object of a list, the newest first. */
export async function listed (system: System, account: AccountNumber, path: string): Promise<Wire[]> {
  const objects: Wire[] = []
  for (let after = ''; ;) {
    const { data, has_more: more } = await get(system, account, `${path}${after}`)
    objects.push(...data)
    if (more !== true) return objects
    after = `&starting_after=${data.at(-1).id}`
  }
}

function intentSeen (intent: Wire): object {
  const { id, status, amount, currency, amount_received: received, last_payment_error: failure, cancellation_reason: reason } = intent
  return {
    id,
    status,
    amount,
    currency,
    received,
    failure: failure && failureOf(failure),
    reason,
    types: [...intent.payment_method_types].sort(),
    hasMethod: intent.payment_method !== undefined,
    hasCharge: intent.latest_charge !== undefined,
    hasPage: intent.next_action !== undefined,
    wasCanceled: intent.canceled_at !== undefined
  }
}

function intentExpected ({ id, status, amount, currency, failure, reason, types, method }: Payment): object {
  return {
    id,
    status,
    amount,
    currency,
    received: status === 'succeeded' ? amount : undefined,
    failure: failure && failureOf(failure),
    reason,
    types: [...types].sort(),
    hasMethod: method !== undefined,
    hasCharge: status === 'succeeded',
    hasPage: status === 'requires_action',
    wasCanceled: status === 'canceled'
  }
}

function failureOf ({ code, decline_code: declineCode }: Failure): object {
  return { code, declineCode }
}

function chargeSeen (charge: Wire): object {
  const { payment_intent: payment, amount, amount_captured: captured, amount_refunded: refunded, status, payment_method_details: { type } } = charge
  return { payment, amount, captured, refunded, isRefunded: charge.refunded, status, type }
}

function chargeExpected (account: Account, payment: Payment): object {
  const { id, amount, method: type } = payment
  const refunded = refundedOf(account, payment)
  return { payment: id, amount, captured: amount, refunded, isRefunded: refunded === amount, status: 'succeeded', type }
}

function byPayment (charges: readonly object[]): object[] {
  return charges.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
}

function refundSeen ({ id, payment_intent: payment, amount, status }: Wire): object {
  return { id, payment, amount, status }
}

function refundsExpected ({ refunds }: Account, isMeant: (refund: Account['refunds'][number]) => boolean): object[] {
  return refunds.filter(isMeant).map(({ id, payment, amount, status }) => ({ id, payment, amount, status })).toReversed()
}

function eventSeen ({ type, request, data: { object: { status } } }: Wire): object {
  return { type, status, byCall: request !== undefined }
}

function eventExpected ({ type, status, byCall }: Happened): object {
  return { type, status, byCall }
}

function grouped<T> (items: readonly T[], groupOf: (item: T) => string): Record<string, T[]> {
  const groups: Record<string, T[]> = {}
  for (const item of items) (groups[groupOf(item)] ??= []).push(item)
  return groups
}

/** The PaymentIntent that an event is about. */
function paymentOf ({ data: { object } }: Wire): string {
  return object.object === 'payment_intent' ? object.id : object.payment_intent
}

function numberIn (id: string): bigint {
  return BigInt(id.replace(/^\D+/, ''))
}

/** By their ids, in which time and order stand. */
function idsInOrder (events: readonly Happened[]): string[] {
  return events.map(({ id = '' }) => id).toSorted((a, b) => numberIn(a) < numberIn(b) ? -1 : 1)
}

import Type, { type Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { Checkout } from '../checkout/service.ts'
import { errors } from '../core/errors.ts'
import type { Api } from '../http/api.ts'
import { publicUrlOf } from '../http/public-url.ts'
import { isObject } from '../http/validation.ts'
import type { Account } from '../store/accounts.ts'
import type { Database } from '../store/database.ts'
import { normalizePhone, PIN, SMS_CODE, testCustomers, testNumber } from '../wallet/customers.ts'
import { OUTCOME_NAMES, type OutcomeName } from '../wallet/outcomes.ts'
import type { Wallet } from '../wallet/service.ts'
import type { Entry } from '../wallet/visit.ts'
import { pageName, sessionOf } from '../wooshpay/checkout-sessions/page-address.ts'
import { CheckoutSession, checkoutSessionDefinition } from '../wooshpay/checkout-sessions/schema.ts'
import type { CheckoutSessions } from '../wooshpay/checkout-sessions/service.ts'
import { PaymentIntent, paymentIntentDefinition, type PaymentIntentRecord } from '../wooshpay/payment-intents/schema.ts'
import type { PaymentMethodRules } from '../wooshpay/payment-methods/rules.ts'
import { answers, found, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

const ShopperParameters = Type.Object({
  payment_intent: Type.Optional(Type.String()),
  checkout_session: Type.Optional(Type.String()),
  url: Type.Optional(Type.String({ description: 'The address to which the shop was about to send its customer.' })),
  outcome: Type.Optional(Type.Enum(OUTCOME_NAMES, { description: 'How the payment is to end; the account\'s next queued outcome, or what the number stands for, when left out.' })),
  wallet: Type.Optional(Type.String({ description: 'The phone number that the customer logs in with; one who pays when left out.' })),
  payment_method: Type.Optional(Type.String({ description: 'What the customer chooses on the checkout page; the first one when left out.' }))
})
type ShopperParameters = Static<typeof ShopperParameters>

const Visited = Type.Object({
  outcome: Type.String(),
  payment_intent: ref(PaymentIntent),
  checkout_session: Type.Optional(ref(CheckoutSession)),
  return_url: Type.Optional(Type.String({ description: 'Where the customer\'s browser was sent to, if anywhere.' }))
})

export interface ShopperOptions {
  readonly concern: Concern
  readonly database: Database
  readonly sessions: CheckoutSessions
  readonly wallet: Wallet
  readonly checkout: Checkout
  readonly rules: PaymentMethodRules
  readonly publicUrl: string | undefined
}

/** A customer without a browser, who goes through the same services as the pages do. */
export function shopperRoutes (api: Api, { concern, database, sessions, wallet, checkout, rules, publicUrl }: ShopperOptions): void {
  const intentRecords = database.collection(paymentIntentDefinition)
  const sessionRecords = database.collection(checkoutSessionDefinition)
  api.addSchema(PaymentIntent)
  api.addSchema(CheckoutSession)

  api.post('/shopper', {
    schema: { operationId: 'playShopper', summary: 'Do what the customer would do', tags: ['Shopper'], body: ShopperParameters, response: answers(Visited) }
  }, async request => {
    const { body } = request
    const { outcome } = body
    const { account, record, session } = targetOf(request, body)
    const method = session === undefined ? methodOf(record, body.payment_method) : chosenMethod(account, session, body.payment_method)
    const { name, phone: numbers } = rules.get(method, 'payment_method')
    const phone = body.wallet ?? testNumber(payer(), numbers)
    const number = normalizePhone(phone, numbers)
    if (number === undefined) throw errors.parameter_invalid('wallet', phone, `is no mobile number for ${name}`)
    const { id } = record
    const present = session === undefined ? wallet.view(method, id).visit.phone : undefined
    if (body.wallet !== undefined && present !== undefined && present !== number) {
      throw errors.parameter_invalid('wallet', phone, `is not the number with which the customer has logged in already: ${present}`)
    }
    if (session !== undefined) checkout.pay(pageName(session), account.record.publishable_key, method, publicUrlOf(request, publicUrl))
    const sentTo = await walk(method, id, phone, outcome)
    const view = wallet.view(method, id)
    const back = sentTo ?? view.back
    const { ended } = view.visit
    // Somebody else was faster, and nothing has become of this visit.
    if (ended === undefined) throw errors.payment_intent_unexpected_state(`PaymentIntent ${id} has the status ${view.intent.status} meanwhile.`)
    return {
      outcome: ended,
      payment_intent: view.intent,
      ...(record.checkout !== undefined && { checkout_session: sessions.retrieve(account, record.checkout.session) }),
      ...(back !== undefined && { return_url: back })
    }
  })

  /** Logs in and does what ends the visit. */
  async function walk (method: string, id: string, phone: string, outcome: OutcomeName | undefined): Promise<string | undefined> {
    const enter = async (entry: Entry): Promise<string | undefined> => await wallet.enter(method, id, entry)
    await enter({ kind: 'phone', phone })
    await enter({ kind: 'pin', pin: PIN })
    if (outcome !== undefined) {
      const sentTo = await enter({ kind: 'outcome', outcome })
      if (outcome !== 'otp') return sentTo
    }
    await enter({ kind: 'otp', otp: SMS_CODE })
    return await enter({ kind: 'pay' })
  }

  function targetOf (request: FastifyRequest, body: ShopperParameters): { account: Account, record: PaymentIntentRecord, session: string | undefined } {
    const { param, session, intent } = targetNamed(body)
    const own = session === undefined ? undefined : found(concern.row(request, sessionRecords, session), 'checkout session', session, param)
    const { account, record } = found(concern.row(request, intentRecords, own?.record.session.payment_intent ?? intent), 'PaymentIntent', intent, param)
    if (body.url !== undefined) checkAddress(body.url, own?.record.session.url ?? addressIn(record))
    return { account, record, session }
  }

  /** What the customer chooses on the checkout page, of what it offers: the first, unless told otherwise. */
  function chosenMethod (account: Account, session: string, wanted: string | undefined): string {
    const { state, methods, session: { status } } = checkout.view(pageName(session), account.record.publishable_key)
    const types = methods.map(({ type }) => type)
    const chosen = wanted ?? types[0]
    if (state !== 'open' || chosen === undefined) {
      throw errors.checkout_session_unexpected_state(
        `The checkout session ${session} has the status ${status}${state === 'processing' ? ' and is being paid' : ''}; nobody can pay there now.`)
    }
    if (!types.includes(chosen)) throw errors.parameter_invalid('payment_method', chosen, `is not one of: ${types.join(', ')}`)
    return chosen
  }
}

/** Where the shop has to send its customer; undefined when the payment waits for nobody. */
function addressIn ({ intent: { next_action: next }, method = '' }: PaymentIntentRecord): string | undefined {
  const action = next?.[`${method}_handle_redirect`]
  return isObject(action) ? String(action.url) : undefined
}

/**
 * Whether a browser would have come to the page: a shop that cuts the address short, or makes one up, would not pass.
 * @throws ApiError that names the address as it was answered
 */
function checkAddress (url: string, answered: string | undefined): void {
  if (answered === undefined) return
  const [given, right] = [new URL(url), new URL(answered)]
  const isSame = given.origin === right.origin && given.pathname === right.pathname && given.searchParams.get('key') === right.searchParams.get('key')
  if (!isSame) throw errors.parameter_invalid('url', url, `does not lead to the page; the address that was answered is ${answered}`)
}

/** @throws ApiError unless exactly one of the three is given, and can be understood */
function targetNamed (body: ShopperParameters): { param: string, session?: string, intent: string } {
  const given = (['payment_intent', 'checkout_session', 'url'] as const).filter(name => body[name] !== undefined)
  const [param, other] = given
  if (param === undefined) throw errors.parameter_missing('payment_intent', 'Or give a checkout_session, or the url that the shop sends its customer to.')
  if (other !== undefined) throw errors.parameter_invalid(other, body[other], `cannot be combined with ${param}`)
  const value = body[param] ?? ''
  if (param === 'payment_intent') return { param, intent: value }
  if (param === 'checkout_session') return { param, session: value, intent: '' }
  const path = URL.canParse(value) ? new URL(value).pathname : ''
  const intent = /^\/v1\/receives\/[^/]+\/pay\/([^/]+)$/.exec(path)?.[1]
  if (intent !== undefined) return { param, intent }
  const session = sessionOf(/^\/pay\/([^/]+)$/.exec(path)?.[1] ?? '')
  if (session !== undefined) return { param, session, intent: '' }
  throw errors.parameter_invalid(param, value, 'is neither the address of next_action nor that of a checkout session')
}

function methodOf ({ intent, method }: PaymentIntentRecord, wanted: string | undefined): string {
  if (intent.status !== 'requires_action' || method === undefined) {
    throw errors.payment_intent_unexpected_state(
      `PaymentIntent ${intent.id} has the status ${intent.status}; a customer can pay only while that is requires_action, which a confirm leads to.`)
  }
  if (wanted !== undefined && wanted !== method) throw errors.parameter_invalid('payment_method', wanted, `is not what the payment was confirmed with: ${method}`)
  return method
}

function payer () {
  const customer = testCustomers.find(({ outcome }) => outcome === 'pay')
  if (customer === undefined) throw new Error('fixtures/wallets.json has nobody who pays.')
  return customer
}

import { toWireTime } from '../../core/clock.ts'
import { errors } from '../../core/errors.ts'
import type { EventType } from '../../core/event-types.ts'
import { newPaymentMethod } from '../payment-methods/lifecycle.ts'
import type { ParameterNames } from '../payment-methods/rules.ts'
import { checkWayBack, found, inSchemaOrder, mergeMetadata, toCurrency, toMetadata, type Loose } from '../wire.ts'
import type { Decision, Outcome, Surroundings } from './decision.ts'
import { checkMethods, checkOffered, chooseMethod, type Choice } from './method-choice.ts'
import {
  PaymentIntent, type CancelParameters, type CaptureParameters, type ConfirmParameters, type CreateParameters, type Failure,
  type PaymentIntentRecord, type UpdateParameters
} from './schema.ts'
import { nextStatus } from './transitions.ts'
import { walletPath } from './wallet-address.ts'

/** How long a customer has to pay after being sent to the wallet. */
const ATTEMPT_MS = 10 * 60 * 1000
export const LAPSED: Failure = { code: 'payment_method_expired', message: `The customer did not pay within ${ATTEMPT_MS / 60_000} minutes.` }

/** What a checkout session makes its PaymentIntent with, besides the parameters. */
export interface CheckoutOrigin {
  readonly checkout: NonNullable<PaymentIntentRecord['checkout']>
  readonly names: ParameterNames
}

/** `POST /v1/payment_intents`; with `confirm` also confirms, and refuses the whole call when that is refused. */
export function create (parameters: CreateParameters, around: Surroundings, origin?: CheckoutOrigin): Decision {
  const { amount, payment_method: saved, payment_method_types: listed, capture_method: capture = 'automatic' } = parameters
  const { checkout, names } = origin ?? {}
  const currency = toCurrency(parameters.currency)
  checkWayBack('return_url', parameters.return_url)
  if (parameters.customer !== undefined) found(around.customer(parameters.customer), 'customer', parameters.customer, 'customer')
  const choice = chooseMethod(parameters, undefined, around)
  const method = choice?.method
  const types = listed ?? (method === undefined ? around.rules.taking(currency, names?.currency) : [method.type])
  const isListed = listed !== undefined || method !== undefined
  checkMethods(types, { isListed, amount, currency, capture, names }, around.rules)
  if (choice !== undefined) checkOffered(choice.method.type, types, choice.param, choice.value)

  const id = around.newId('pi')
  const record = withIntent({ id, attempt: 0, takes_any: isListed ? undefined : true, method: method?.type, checkout }, {
    id,
    object: 'payment_intent',
    created: toWireTime(around.now),
    currency,
    amount,
    status: method === undefined ? 'requires_payment_method' : 'requires_confirmation',
    livemode: false,
    quantity: parameters.quantity,
    client_secret: around.newClientSecret(id),
    payment_method_types: [...new Set(types)],
    confirmation_method: 'automatic',
    return_url: parameters.return_url,
    payment_method: method?.id,
    capture_method: capture,
    customer: parameters.customer,
    merchant_order_id: parameters.merchant_order_id,
    description: parameters.description,
    metadata: toMetadata(parameters.metadata),
    shipping: parameters.shipping,
    payment_method_options: parameters.payment_method_options,
    setup_future_usage: parameters.setup_future_usage
  })
  const created: Decision = {
    record,
    ...(method !== undefined && saved !== method.id && { paymentMethod: method }),
    raise: [{ type: 'payment_intent.created', object: record.intent }]
  }
  if (parameters.confirm !== true) return created
  const confirmed = startAttempt(record, choice, {}, around)
  return { ...created, ...confirmed, raise: [...created.raise, ...confirmed.raise] }
}

/** `POST …/confirm`: begins a new attempt of 10 minutes. */
export function confirm (record: PaymentIntentRecord, parameters: ConfirmParameters, around: Surroundings): Decision {
  nextStatus(record, 'confirm', 'confirmed')
  return startAttempt(record, chooseMethod(parameters, record, around), parameters, around)
}

/** `POST /v1/payment_intents/{id}`. */
export function update (record: PaymentIntentRecord, parameters: UpdateParameters, around: Surroundings): Decision {
  nextStatus(record, 'update', 'updated')
  const { intent, checkout } = record
  const [touched] = ['amount', 'currency', 'payment_method_types'].filter(name => Object.hasOwn(parameters, name))
  if (checkout !== undefined && touched !== undefined) {
    throw errors.payment_intent_unexpected_state(`The ${touched} of ${intent.id} is that of its checkout session ${checkout.session} and cannot change.`)
  }
  const money = ['amount', 'currency'].filter(name => Object.hasOwn(parameters, name))
  if (money.length > 0 && !['requires_payment_method', 'requires_confirmation'].includes(intent.status)) {
    throw errors.payment_intent_unexpected_state(`The ${money.join(' and ')} of ${intent.id} cannot change while its status is ${intent.status}.`)
  }
  checkWayBack('return_url', parameters.return_url)
  const currency = toCurrency(parameters.currency ?? intent.currency)
  const amount = parameters.amount ?? intent.amount
  const types = parameters.payment_method_types ?? intent.payment_method_types
  const isListed = parameters.payment_method_types !== undefined || record.takes_any === undefined
  if (touched !== undefined) checkMethods(types, { isListed, amount, currency, capture: intent.capture_method }, around.rules)
  if (record.method !== undefined) checkOffered(record.method, types, 'payment_method_types', types)
  return {
    record: withIntent({ ...record, takes_any: isListed ? undefined : true }, {
      ...intent,
      amount,
      currency,
      payment_method_types: [...new Set(types)],
      description: parameters.description ?? intent.description,
      metadata: mergeMetadata(intent.metadata, parameters.metadata),
      merchant_order_id: parameters.merchant_order_id ?? intent.merchant_order_id,
      return_url: parameters.return_url ?? intent.return_url,
      shipping: parameters.shipping ?? intent.shipping
    }),
    raise: []
  }
}

/** `POST …/cancel`; the PaymentIntent of a checkout session ends with its session. */
export function cancel (record: PaymentIntentRecord, parameters: CancelParameters, { now }: Pick<Surroundings, 'now'>): Decision {
  const { intent: { id }, checkout } = record
  nextStatus(record, 'cancel', 'cancelled')
  if (checkout !== undefined) {
    throw errors.payment_intent_unexpected_state(`PaymentIntent ${id} belongs to the checkout session ${checkout.session} and cannot be cancelled by itself; ` +
      `expire the session: POST /v1/checkout/sessions/${checkout.session}/expire.`)
  }
  return withdraw(record, parameters.cancellation_reason, now)
}

/** Ends what is not paid. */
export function withdraw (record: PaymentIntentRecord, reason: string | undefined, now: number): Decision {
  const status = nextStatus(record, 'cancel', 'cancelled')
  return changed(atRest(record), {
    ...record.intent,
    status,
    next_action: undefined,
    cancellation_reason: reason,
    canceled_at: toWireTime(now)
  }, 'payment_intent.canceled')
}

/** `POST …/capture`: takes what was authorized, or a part of it. */
export function capture (record: PaymentIntentRecord, parameters: CaptureParameters, { rules, newId }: Surroundings): Decision {
  const { intent, method } = record
  const rule = method === undefined ? undefined : rules.get(method, 'payment_method')
  if (rule?.manual_capture === false) {
    throw errors.payment_intent_unexpected_state(`PaymentIntent ${intent.id} has the status ${intent.status} and nothing to capture: ` +
      `${rule.name} captures automatically when the customer pays.`)
  }
  const status = nextStatus(record, 'capture', 'captured')
  const received = parameters.amount_to_capture ?? intent.amount
  if (received > intent.amount) throw errors.amount_too_large('amount_to_capture', received, `the authorized ${intent.amount}`)
  return paid(record, { ...intent, status, amount_received: received }, newId)
}

/** What the customer did at the wallet, or the wallet's late answer. */
export function finish (record: PaymentIntentRecord, outcome: Outcome, { now, rules, newId }: Surroundings): Decision {
  const { intent } = record
  switch (outcome.kind) {
    case 'processing': {
      const status = nextStatus(record, 'process', 'paid')
      const settles = { at_ms: now + outcome.delayMs, failure: outcome.failure }
      return changed({ ...atRest(record), settles }, { ...intent, status, next_action: undefined }, 'payment_intent.processing')
    }
    case 'failed': {
      const status = nextStatus(record, 'fail', 'declined')
      const { code, message, decline_code: declineCode } = outcome.failure
      return changed({ ...atRest(record), method: undefined }, {
        ...intent,
        status,
        next_action: undefined,
        payment_method: undefined,
        last_payment_error: {
          type: 'card_error',
          code,
          message,
          ...(declineCode !== undefined && { decline_code: declineCode }),
          payment_method: intent.payment_method ?? ''
        }
      }, 'payment_intent.payment_failed')
    }
    case 'paid': {
      const isManual = intent.capture_method === 'manual' && record.method !== undefined && rules.get(record.method, 'payment_method').manual_capture
      const status = nextStatus(record, isManual ? 'authorize' : 'pay', 'paid')
      if (isManual) return { record: withIntent(atRest(record), { ...intent, status, next_action: undefined }), raise: [] }
      return paid(record, { ...intent, status, next_action: undefined, amount_received: intent.amount }, newId)
    }
  }
}

/** The charge itself follows from the event. */
function paid (record: PaymentIntentRecord, intent: Loose<PaymentIntent>, newId: Surroundings['newId']): Decision {
  return changed(atRest(record), { ...intent, latest_charge: newId('ch') }, 'payment_intent.succeeded')
}

function startAttempt (
  record: PaymentIntentRecord, choice: Choice | undefined, parameters: ConfirmParameters, around: Surroundings
): Decision {
  const { intent } = record
  const [only = ''] = intent.payment_method_types
  if (choice === undefined && intent.payment_method_types.length !== 1) {
    throw errors.parameter_missing('payment_method_data[type]', `Choose one of payment_method_types: ${intent.payment_method_types.join(', ')}.`)
  }
  const chosen = choice?.method ?? newPaymentMethod({ type: only }, around.newId('pm'), around.now)
  if (choice !== undefined) checkOffered(chosen.type, intent.payment_method_types, choice.param, choice.value)
  checkMethods([chosen.type], { isListed: true, amount: intent.amount, currency: intent.currency, capture: intent.capture_method }, around.rules)
  checkWayBack('return_url', parameters.return_url)
  const returnUrl = parameters.return_url ?? intent.return_url
  const rule = around.rules.get(chosen.type, 'payment_method_data[type]')
  if (returnUrl === undefined) {
    throw errors.parameter_missing('return_url', `${rule.name} sends the customer away to pay, so it has to know the way back.`)
  }
  const status = nextStatus(record, 'confirm', 'confirmed')
  const decision = changed({
    ...record,
    attempt: record.attempt + 1,
    method: chosen.type,
    lapses_at_ms: around.now + ATTEMPT_MS,
    settles: undefined
  }, {
    ...intent,
    status,
    next_action: {
      type: rule.next_action,
      [`${chosen.type}_handle_redirect`]: { url: `${around.publicUrl}${walletPath(chosen.type, intent.id)}` }
    },
    return_url: returnUrl,
    payment_method: chosen.id,
    last_payment_error: undefined,
    payment_method_options: parameters.payment_method_options ?? intent.payment_method_options,
    setup_future_usage: parameters.setup_future_usage ?? intent.setup_future_usage
  }, 'payment_intent.requires_action')
  return around.savedMethod(chosen.id) === undefined ? { ...decision, paymentMethod: chosen } : decision
}

/** The record without what the present attempt was waiting for. */
function atRest (record: PaymentIntentRecord): PaymentIntentRecord {
  return { ...record, lapses_at_ms: undefined, settles: undefined }
}

function changed (record: Omit<PaymentIntentRecord, 'intent'>, intent: Loose<PaymentIntent>, type: EventType): Decision {
  const next = withIntent(record, intent)
  return { record: next, raise: [{ type, object: next.intent }] }
}

function withIntent (record: Omit<PaymentIntentRecord, 'intent'>, intent: Loose<PaymentIntent>): PaymentIntentRecord {
  return { ...record, intent: inSchemaOrder(PaymentIntent, intent) }
}

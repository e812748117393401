import { FIRST_MILLISECONDS, toWireTime } from '../../core/clock.ts'
import { errors } from '../../core/errors.ts'
import type { Raised } from '../../store/commit.ts'
import { create as createIntent, withdraw } from '../payment-intents/lifecycle.ts'
import type { Decision as IntentDecision, Surroundings as IntentSurroundings } from '../payment-intents/decision.ts'
import type { PaymentIntentRecord } from '../payment-intents/schema.ts'
import { create as createPrice, withProduct, type PriceDecision } from '../prices/lifecycle.ts'
import type { Price } from '../prices/schema.ts'
import type { Product } from '../products/schema.ts'
import { checkWayBack, found, inSchemaOrder, toMetadata } from '../wire.ts'
import { CheckoutSession, type CheckoutSessionRecord, type CreateParameters, type LineItem, type LineItemParameters } from './schema.ts'
import { pagePath } from './page-address.ts'
import { nextStatus } from './transitions.ts'

const LIFE_MS = 24 * 60 * 60 * 1000
const SHORTEST_LIFE_MS = 30 * 60 * 1000
/** What a request's own way and its rounding to seconds may cost. */
const EXPIRY_TOLERANCE_MS = 10_000

/** What deciding needs besides the parameters. */
export interface Surroundings extends IntentSurroundings {
  readonly publishableKey: string
  readonly price: (id: string) => Price | undefined
  readonly product: (id: string) => Product | undefined
}

/** What making a session comes to; nothing of it has happened yet. */
export interface Creation {
  readonly record: CheckoutSessionRecord
  readonly prices: readonly PriceDecision[]
  readonly intent: IntentDecision
}

/** `POST /v1/checkout/sessions`; ids are made in the order of the documented example: session, lines with their prices, intent. */
export function create (parameters: CreateParameters, around: Surroundings): Creation {
  const {
    mode = 'payment', success_url: successUrl, cancel_url: cancelUrl, client_reference_id: reference, metadata,
    payment_method_types: types, payment_method_options: options, payment_intent_data: { billing_details: billing, ...forIntent } = {}
  } = parameters
  // A session without a customer prints an empty one, which may come back.
  const customer = parameters.customer || undefined
  if (mode !== 'payment') throw errors.parameter_invalid('mode', mode, 'is not possible here; the sandbox has payment only')
  checkWayBack('success_url', successUrl)
  checkWayBack('cancel_url', cancelUrl)
  const expiresAt = expiry(parameters.expires_at, around.now)

  const id = around.newId('cs')
  const url = `${around.publicUrl}${pagePath(id)}?key=${around.publishableKey}`
  const { lines, prices, currency, currencyParam } = createLines(parameters.line_items, around)
  const total = lines.reduce((sum, line) => sum + line.amount_total, 0)
  const intent = createIntent({
    ...forIntent,
    amount: total,
    currency,
    return_url: successUrl,
    ...(metadata && { metadata: { ...metadata, ...forIntent.metadata } }),
    ...(customer !== undefined && { customer }),
    ...(reference !== undefined && { merchant_order_id: reference }),
    ...(types && { payment_method_types: types }),
    ...(options && { payment_method_options: options })
  }, around, {
    checkout: { session: id, url },
    names: { amount: 'line_items', what: 'total of line_items', currency: currencyParam, capture: 'payment_intent_data[capture_method]' }
  })
  const session = inSchemaOrder(CheckoutSession, {
    id,
    object: 'checkout.session',
    created: toWireTime(around.now),
    livemode: false,
    currency,
    customer: customer ?? '',
    mode,
    status: 'open',
    url,
    cancel_url: cancelUrl,
    line_items: { object: 'list', data: lines },
    payment_intent: intent.record.id,
    payment_method_types: intent.record.intent.payment_method_types,
    payment_status: 'unpaid',
    success_url: successUrl,
    amount_subtotal: total,
    amount_total: total,
    billing_address_collection: parameters.billing_address_collection ?? 'auto',
    expires_at: expiresAt,
    payment_link: '',
    client_secret: intent.record.intent.client_secret,
    metadata: toMetadata(metadata),
    client_reference_id: reference,
    customer_email: parameters.customer_email,
    customer_details: customer === undefined ? undefined : around.customer(customer),
    payment_method_options: options,
    shipping_address_collection: parameters.shipping_address_collection
  })
  return { record: { id, session, ...(billing && { billing_details: billing }) }, prices, intent }
}

/** The session after its PaymentIntent has succeeded. */
export function complete (record: CheckoutSessionRecord): CheckoutSessionRecord {
  const { session } = record
  return { ...record, session: { ...session, status: nextStatus(session, 'complete', 'completed'), payment_status: 'paid' } }
}

/**
 * The session's end without a payment, with that of its PaymentIntent.
 * @throws ApiError when it is over already, or the wallet is still deciding
 */
export function expire (record: CheckoutSessionRecord, intent: PaymentIntentRecord, now: number): { record: CheckoutSessionRecord, intent: IntentDecision } {
  const { session } = record
  const status = nextStatus(session, 'expire', 'expired')
  if (isBeingPaid(intent)) {
    throw errors.checkout_session_unexpected_state(`The checkout session ${session.id} cannot be expired now: ` +
      `its PaymentIntent ${intent.id} has the status ${intent.intent.status}, so the customer's payment may still succeed.`)
  }
  return { record: { ...record, session: { ...session, status } }, intent: withdraw(intent, 'expired', now) }
}

/** Whether the wallet is still deciding, so that expiring has to wait. */
export function isBeingPaid ({ intent: { status } }: PaymentIntentRecord): boolean {
  return status === 'processing'
}

/** What a session raises when it ends; WooshPay's documentation lists no such events, so that an account has to ask for them. */
export function sessionEvents ({ session }: CheckoutSessionRecord, areWanted: boolean): Raised[] {
  if (!areWanted) return []
  return [{ type: session.status === 'complete' ? 'checkout.session.completed' : 'checkout.session.expired', object: session }]
}

function createLines (items: readonly LineItemParameters[], around: Surroundings): {
  lines: LineItem[], prices: PriceDecision[], currency: string, currencyParam: string
} {
  const made = items.map((item, index) => createLine(item, `line_items[${index}]`, around))
  const [one] = made
  if (one === undefined) throw errors.parameter_missing('line_items')
  const first = one.line.currency
  for (const { line: { currency, price }, decision, currencyParam } of made) {
    if (currency === first) continue
    const [value, which] = decision === undefined ? [price.id, `is in ${currency}, which differs`] : [currency, 'differs']
    throw errors.parameter_invalid(currencyParam, value, `${which} from the ${first} of line_items[0]; all lines have to have one currency`)
  }
  return {
    lines: made.map(({ line }) => line),
    prices: made.flatMap(({ decision }) => decision === undefined ? [] : [decision]),
    currency: first,
    currencyParam: one.currencyParam
  }
}

/** One line with its price: a saved one, or one that is made with it. */
function createLine (
  { price: savedId, price_data: data, quantity }: LineItemParameters, param: string, around: Surroundings
): { line: LineItem, decision: PriceDecision | undefined, currencyParam: string } {
  if (savedId !== undefined && data !== undefined) {
    throw errors.parameter_invalid(`${param}[price]`, savedId, `cannot be combined with ${param}[price_data]`)
  }
  const id = around.newId('li')
  const decision = data && createPrice(data, around, name => `${param}[price_data][${name}]`)
  const price = decision === undefined ? savedPrice(savedId, param, around) : withProduct(decision.record, decision.product)
  if (price.recurring !== undefined) {
    const [name, value] = data === undefined ? [`${param}[price]`, savedId] : [`${param}[price_data][recurring]`, data.recurring]
    throw errors.parameter_invalid(name, value, 'is to be paid again and again; a session of mode payment takes what is paid once')
  }
  const amount = price.unit_amount * quantity
  const line: LineItem = {
    id,
    object: 'item',
    currency: price.currency,
    description: price.product.name,
    price,
    quantity,
    amount_subtotal: amount,
    amount_total: amount
  }
  return { line, decision, currencyParam: data === undefined ? `${param}[price]` : `${param}[price_data][currency]` }
}

function savedPrice (id: string | undefined, param: string, around: Surroundings): Price {
  if (id === undefined) throw errors.parameter_missing(`${param}[price_data]`, `Or name a price by its id in ${param}[price].`)
  const price = found(around.price(id), 'price', id, `${param}[price]`)
  if (!price.active) throw errors.parameter_invalid(`${param}[price]`, id, 'is not active; activate it, or take another price')
  return price
}

function expiry (asked: number | undefined, now: number): number {
  if (asked === undefined) return now + LIFE_MS
  const at = asked < FIRST_MILLISECONDS ? asked * 1000 : asked
  const [first, last] = [now + SHORTEST_LIFE_MS, now + LIFE_MS]
  if (at < first - EXPIRY_TOLERANCE_MS || at > last + EXPIRY_TOLERANCE_MS) {
    throw errors.parameter_invalid('expires_at', asked, `is not 30 minutes to 24 hours ahead: from ${first} to ${last} in milliseconds, or the same in seconds`)
  }
  return at
}

import { isHttpAddress, withoutCredentials } from '../core/addresses.ts'
import { errors } from '../core/errors.ts'
import { formatMoney } from '../core/money.ts'
import { html, type Content, type Html } from '../html/html.ts'
import { time } from '../html/time.ts'
import type { Account } from '../store/accounts.ts'
import { eventDefinition } from '../store/events.ts'
import { OUTCOME_NAMES } from '../wallet/outcomes.ts'
import { visitDefinition } from '../wallet/visit.ts'
import { deliveryDefinition } from '../webhooks/deliveries.ts'
import { checkoutSessionDefinition } from '../wooshpay/checkout-sessions/schema.ts'
import { paymentIntentDefinition, type PaymentIntent, type PaymentIntentRecord } from '../wooshpay/payment-intents/schema.ts'
import { walletPath } from '../wooshpay/payment-intents/wallet-address.ts'
import type { PaymentMethodRule } from '../wooshpay/payment-methods/rules.ts'
import { refundDefinition, type Refund } from '../wooshpay/refunds/schema.ts'
import type { Context } from './context.ts'
import { refundEnds } from './lists.ts'
import { actionForm, attemptsOf, badge, fateOf, json, toneOf } from './parts.ts'
import { storyOf, type Chapter } from './story.ts'

/**
 * One payment: what it is, what can be done with it, and its whole story.
 * @throws ApiError when there is no such payment, or it is not the account's that is looked at
 */
export function paymentView (id: string, context: Context): { readonly account: Account, readonly body: Html } {
  const { database, accounts, hintedRequests, here } = context
  const row = database.collection(paymentIntentDefinition).find(id)
  const account = accounts.byId(row?.account ?? '')
  if (row === undefined || account === undefined || (context.account ?? account) !== account) throw errors.resource_missing('PaymentIntent', id, 'id')
  const { record } = row
  const key = `payment_intent:${id}`
  const refunds = [...database.collection(refundDefinition).newest(account.id, key)].map(({ refund }) => refund)
  const session = record.checkout?.session
  const objects = [id, ...refunds.map(refund => refund.id), ...session === undefined ? [] : [session]]
  const events = database.collection(eventDefinition)
  const story = storyOf({
    requests: hintedRequests.about(account.id, objects),
    events: objects.flatMap(object => [...events.newest(account.id, `object:${object}`)]),
    visit: database.collection(visitDefinition).get(account.id, id),
    deliveries: [...database.collection(deliveryDefinition).newest(account.id, key)]
  })
  const body = html`
<h1>${formatMoney(record.intent.amount, record.intent.currency)} ${badge(record.intent.status)}</h1>
<div class="columns">
<div>
${actions(record, refunds, account.id, context)}
${facts(record, account.record.masked_key, context)}
${refunds.map(refund => html`<h2>Refund of ${formatMoney(refund.amount, refund.currency)} ${badge(refund.status)}</h2>${refund.status === 'pending' && refundEnds(refund.id, here)}`)}
</div>
<div>
<h2 class="only-read">Story</h2>
<ol class="story" data-testid="story">${story.map((chapter, index) => told(chapter, index, here))}</ol>
</div>
</div>`
  return { account, body }
}

function facts ({ intent, method, checkout }: PaymentIntentRecord, key: string, { database }: Context): Html {
  const { client_secret: _secret, ...shown } = intent
  const session = database.collection(checkoutSessionDefinition).find(checkout?.session ?? '')?.record.session
  const rows: Array<[name: string, value: Content]> = [
    ['Payment', intent.id],
    ['Account', key],
    ['Created', time(intent.created)],
    ['Method', method],
    ['Order', intent.merchant_order_id],
    ['Description', intent.description],
    ['Customer', intent.customer],
    ['Checkout session', session?.id],
    ['Way back', intent.return_url !== undefined && withoutSecretsOf(intent.return_url)],
    ['Failure', intent.last_payment_error?.message],
    ['Received', intent.amount_received !== undefined && formatMoney(intent.amount_received, intent.currency)]
  ]
  return html`
<div class="card">
<dl>${rows.filter(([, value]) => value !== undefined && value !== false).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${json('the whole object', shown)}
</div>`
}

function withoutSecretsOf (address: string): string {
  return isHttpAddress(address) ? withoutCredentials(address) : address
}

/**
 * What can be done with the payment as it is.
 * @param account the id of its account
 */
function actions ({ intent, method }: PaymentIntentRecord, refunds: readonly Refund[], account: string, { here, rules }: Context): Html {
  const { id, status } = intent
  switch (status) {
    case 'requires_action': return html`
<div class="actions">
<a class="button" href="${walletPath(method ?? '', id)}">Open the wallet's page</a>
${actionForm({
  action: 'shopper',
  label: 'Play the customer',
  fields: { payment_intent: id },
  inputs: html`<label class="only-read" for="outcome">Outcome</label><select id="outcome" name="outcome" data-testid="outcome">${OUTCOME_NAMES.map(name => html`<option>${name}</option>`)}</select>`
}, here)}
</div>`
    case 'succeeded': {
      const amount = refundable(intent, refunds, rules.get(method ?? '', 'method'))
      return html`<div class="actions">${amount > 0 && actionForm({
        action: 'refund',
        label: 'Refund',
        fields: { payment_intent: id },
        inputs: html`<label class="only-read" for="amount">Amount</label><input id="amount" name="amount" inputmode="numeric" size="10" value="${amount}" data-testid="amount">`
      }, here)}</div>`
    }
    case 'processing': return html`<div class="actions">${actionForm({ action: 'advance', label: 'Let the wallet decide now', fields: { advance_ms: '5000', account } }, here)}</div>`
    default: return html``
  }
}

/** What was received and can still be given back; smallest units. */
function refundable ({ amount_received: received = 0 }: PaymentIntent, refunds: readonly Refund[], rule: PaymentMethodRule): number {
  const made = refunds.filter(({ status }) => status !== 'failed')
  if (rule.refund === false || (made.length > 0 && rule.several_partial_refunds === false)) return 0
  return made.reduce((rest, { amount }) => rest - amount, received)
}

/** What customers do, in words. */
const DONE = {
  phone: 'The customer entered a phone number', pin: 'The customer entered the PIN', otp: 'The customer entered the SMS code', pay: 'The customer pressed Pay', cancel: 'The customer cancelled', outcome: 'An outcome was chosen'
} as const

function told (chapter: Chapter, index: number, here: string): Html {
  switch (chapter.kind) {
    case 'request': {
      const { request } = chapter
      const { id, method, url, status, error, hints } = request
      return entry(chapter.at, (status ?? 500) < 400 ? 'good' : 'bad', html`
<p><strong>${method} ${url}</strong> → ${status ?? 'no answer'}${error !== undefined && ` ${error}`}</p>
${hints.map(hint => html`<p class="wait">${hint}</p>`)}
${json('call and answer', request)}`, `request-${id}`)
    }
    case 'event': {
      const { event: { id, type, data }, from, to } = chapter
      return entry(chapter.at, toneOf(to), html`
<p><strong>${type}</strong> ${from !== undefined && from !== to && html`${badge(from)} → `}${badge(to)}</p>
${json('the object then', data.object)}`, id)
    }
    case 'customer': {
      const { done } = chapter
      return entry(chapter.at, done.isWrong === true ? 'bad' : 'quiet', html`<p>${DONE[done.entry]}${done.isWrong === true && ', which was wrong'}${done.ended !== undefined && html` → <strong>${done.ended}</strong>`}</p>`, `customer-${index}`)
    }
    case 'webhook': {
      const { delivery } = chapter
      return entry(chapter.at, toneOf(delivery.status), html`
<p>Webhook <strong>${delivery.type}</strong> to ${withoutCredentials(delivery.url)}: ${fateOf(delivery)}</p>
${attemptsOf(delivery)}
${actionForm({ action: 'resend', label: 'Resend', fields: { id: delivery.id } }, here)}`, delivery.id)
    }
  }
}

function entry (at: number, tone: string, content: Html, id: string): Html {
  return html`<li class="${tone}" id="${id}"><span class="quiet">${time(at)}</span>${content}</li>`
}

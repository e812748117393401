import { isHttpAddress, withoutCredentials } from '../core/addresses.ts'
import { formatMoney } from '../core/money.ts'
import { html, type Content, type Html } from '../html/html.ts'
import { time } from '../html/time.ts'
import type { HintedRequest } from '../sandbox/hinted-requests.ts'
import { listConcerned } from '../sandbox/lists.ts'
import type { Definition, Stored } from '../store/collection.ts'
import { deliveryDefinition } from '../webhooks/deliveries.ts'
import { checkoutSessionDefinition, SESSION_STATUSES } from '../wooshpay/checkout-sessions/schema.ts'
import type { List } from '../wooshpay/lists.ts'
import { PAYMENT_INTENT_STATUSES, paymentIntentDefinition } from '../wooshpay/payment-intents/schema.ts'
import { REFUND_STATUSES, refundDefinition } from '../wooshpay/refunds/schema.ts'
import type { Context, ViewQuery } from './context.ts'
import { pathOf, TABS, type Tab } from './layout.ts'
import { actionForm, attemptsOf, badge, fateOf, json, paymentLink } from './parts.ts'

/** Rows of a page. */
const ROWS = 25

interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row, context: Context) => Content
  readonly kind?: 'number' | 'short'
}

/** A list of records: what it holds, how it is searched, and what it shows of each. */
interface ListView<T extends Stored, Row extends Stored & { readonly created: number }> {
  readonly tab: Tab
  /** One of the records, in a message. */
  readonly what: string
  readonly definition: Definition<T>
  readonly show: (record: T) => Row
  readonly statusOf: (row: Row) => string
  readonly statuses: readonly string[]
  /** The index of a filter, where the collection has one. */
  readonly keyOf?: (query: ViewQuery) => string | undefined
  /** What a search looks through. */
  readonly textOf: (row: Row) => unknown
  readonly columns: ReadonlyArray<Column<Row>>
  /** What helps somebody who finds nothing. */
  readonly hint?: string
}

function listView<T extends Stored, Row extends Stored & { readonly created: number }> (view: ListView<T, Row>): (context: Context) => Html {
  const { tab, what, definition, show, statusOf, statuses, keyOf, textOf, columns, hint } = view
  return context => {
    const { database, shown, query } = context
    const wanted = query.q?.toLowerCase()
    const list = listConcerned(database.collection(definition), shown, cursorOf(query), {
      url: '',
      what,
      key: keyOf?.(query),
      show,
      matches: row => (query.status === undefined || statusOf(row) === query.status) &&
        (wanted === undefined || JSON.stringify(textOf(row)).toLowerCase().includes(wanted))
    })
    return html`${filters(tab, context, statuses)}${table(list, columns, context, hint)}${pages(tab, context, list)}`
  }
}

function cursorOf ({ after, before }: ViewQuery) {
  return { limit: ROWS, ...(after !== undefined && { starting_after: after }), ...(before !== undefined && { ending_before: before }) }
}

function filters (tab: Tab, { account, query }: Context, statuses: readonly string[], label = 'Status'): Html {
  return html`
<h1 class="only-read">${TABS[tab]}</h1>
<form class="filters" method="get" action="${pathOf(tab)}" role="search">
${account !== undefined && html`<input type="hidden" name="account" value="${account.id}">`}
<div class="wide"><label for="q">Search</label><input id="q" name="q" type="search" value="${query.q}" data-testid="search"></div>
<div><label for="status">${label}</label><select id="status" name="status" data-testid="status" data-submit-on-change>
<option value="">any</option>${statuses.map(status => html`<option${status === query.status && html` selected`}>${status}</option>`)}
</select></div>
<button class="second">Search</button>
</form>`
}

function table<Row extends Stored> ({ data }: List<Row>, columns: ReadonlyArray<Column<Row>>, context: Context, hint?: string): Html {
  if (data.length === 0) return html`<p class="quiet" data-testid="nothing">Nothing here${(context.query.q ?? context.query.status) !== undefined && ' that was searched for'}.${hint !== undefined && ` ${hint}`}</p>`
  return html`
<div class="card scroll"><table class="rows">
<thead><tr>${columns.map(({ name, kind }) => name === '' ? html`<td></td>` : html`<th scope="col" class="${kind}">${name}</th>`)}</tr></thead>
<tbody>${data.map(row => html`<tr id="${row.id}" data-testid="row">${columns.map(({ name, cell, kind }) => html`<td class="${kind}" data-name="${name}">${cell(row, context)}</td>`)}</tr>`)}</tbody>
</table></div>`
}

function pages<Row extends Stored> (tab: Tab, { account, query }: Context, { data, has_more: hasMore }: List<Row>): Html {
  const [first, last] = [data[0], data.at(-1)]
  const isBackwards = query.before !== undefined
  const hasNewer = isBackwards ? hasMore : query.after !== undefined
  const hasOlder = isBackwards || hasMore
  const link = (cursor: Readonly<Record<string, string>>, text: string): Html => {
    const { q, status } = query
    const parameters = { ...(account !== undefined && { account: account.id }), ...(q !== undefined && { q }), ...(status !== undefined && { status }), ...cursor }
    return html`<a href="${pathOf(tab)}?${new URLSearchParams(parameters).toString()}">${text}</a>`
  }
  return html`<nav class="pages" aria-label="Pages">${hasNewer && first !== undefined && link({ before: first.id }, '← newer')}${hasOlder && last !== undefined && link({ after: last.id }, 'older →')}</nav>`
}

const payments = listView({
  tab: 'payments',
  what: 'payment',
  definition: paymentIntentDefinition,
  show: ({ id, intent, method }) => ({ id, created: intent.created, intent, method }),
  statusOf: ({ intent }) => intent.status,
  statuses: PAYMENT_INTENT_STATUSES,
  keyOf: ({ status }) => status === undefined ? undefined : `status:${status}`,
  textOf: ({ id, intent: { merchant_order_id: order, description, customer, metadata, amount, currency }, method }) =>
    [id, order, description, customer, metadata, amount, currency, method],
  columns: [
    { name: 'Created', cell: ({ created }) => time(created), kind: 'short' },
    { name: 'Amount', cell: ({ intent: { amount, currency } }) => formatMoney(amount, currency), kind: 'number' },
    { name: 'Status', cell: ({ intent: { status, last_payment_error: failure } }) => html`${badge(status)}${failure && html` <span class="bad">${failure.decline_code ?? failure.code}</span>`}` },
    { name: 'Method', cell: ({ method }) => method, kind: 'short' },
    { name: 'Order', cell: ({ intent: { merchant_order_id: order, description } }) => order ?? description },
    { name: 'Payment', cell: ({ id }) => paymentLink(id) }
  ]
})

const sessions = listView({
  tab: 'sessions',
  what: 'checkout session',
  definition: checkoutSessionDefinition,
  show: ({ session }) => session,
  statusOf: ({ status }) => status,
  statuses: SESSION_STATUSES,
  textOf: ({ id, payment_intent: intent, client_reference_id: reference, customer, customer_email: email, metadata, line_items: lines }) =>
    [id, intent, reference, customer, email, metadata, lines.data.map(({ description }) => description)],
  columns: [
    { name: 'Created', cell: ({ created }) => time(created), kind: 'short' },
    { name: 'Amount', cell: ({ amount_total: amount, currency }) => formatMoney(amount, currency), kind: 'number' },
    { name: 'Status', cell: ({ status }) => badge(status), kind: 'short' },
    { name: 'Session', cell: session => session.status === 'open' && isHttpAddress(session.url) ? html`<a href="${session.url}">${session.id}</a>` : session.id },
    { name: 'Payment', cell: ({ payment_intent: intent }) => paymentLink(intent) }
  ]
})

const refunds = listView({
  tab: 'refunds',
  what: 'refund',
  definition: refundDefinition,
  show: ({ refund }) => refund,
  statusOf: ({ status }) => status,
  statuses: REFUND_STATUSES,
  textOf: ({ id, payment_intent: intent, reason, amount, metadata }) => [id, intent, reason, amount, metadata],
  columns: [
    { name: 'Created', cell: ({ created }) => time(created), kind: 'short' },
    { name: 'Amount', cell: ({ amount, currency }) => formatMoney(amount, currency), kind: 'number' },
    { name: 'Status', cell: ({ status }) => badge(status), kind: 'short' },
    { name: 'Reason', cell: ({ reason }) => reason },
    { name: 'Payment', cell: ({ payment_intent: intent }) => paymentLink(intent) },
    { name: '', cell: ({ id, status }, { here }) => status === 'pending' && refundEnds(id, here) }
  ]
})

/** How a pending refund can end. */
export function refundEnds (id: string, here: string): Html {
  return html`<div class="actions">${actionForm({ action: 'settle-refund', label: 'Succeed', fields: { id } }, here)}${actionForm({ action: 'fail-refund', label: 'Fail', fields: { id } }, here)}</div>`
}

const deliveries = listView({
  tab: 'deliveries',
  what: 'delivery',
  definition: deliveryDefinition,
  hint: 'Webhooks go to the addresses that are registered by POST /v1/webhook_endpoints, or to WEBHOOK_URL.',
  show: delivery => delivery,
  statusOf: ({ status }) => status,
  statuses: ['pending', 'succeeded', 'failed'],
  keyOf: ({ status }) => status === undefined ? undefined : `status:${status}`,
  textOf: ({ id, event, type, url, payment_intent: intent }) => [id, event, type, url, intent],
  columns: [
    { name: 'Created', cell: ({ created }) => time(created), kind: 'short' },
    { name: 'Event', cell: ({ type }) => type },
    { name: 'Status', cell: ({ status }) => badge(status), kind: 'short' },
    { name: 'Answer', cell: delivery => html`<div>${fateOf(delivery)}${delivery.attempts.length > 0 && html`<details><summary>attempts: ${delivery.attempts.length}</summary>${attemptsOf(delivery)}</details>`}</div>` },
    { name: 'To', cell: ({ url }) => withoutCredentials(url) },
    { name: 'Payment', cell: ({ payment_intent: intent }) => intent !== undefined && paymentLink(intent, 'payment'), kind: 'short' },
    { name: '', cell: ({ id }, { here }) => actionForm({ action: 'resend', label: 'Resend', fields: { id } }, here) }
  ]
})

const HINTED = 'with hints'

function requests (context: Context): Html {
  const { hintedRequests, account, query } = context
  const isWanted = query.q?.toLowerCase()
  const list = hintedRequests.list(account?.id, cursorOf(query), {
    onlyHinted: query.status === HINTED, ...(isWanted !== undefined && { matches: ({ method, url }) => `${method} ${url}`.toLowerCase().includes(isWanted) })
  })
  return html`${filters('requests', context, [HINTED], 'Show')}${table(list, requestColumns, context)}${pages('requests', context, list)}`
}

const requestColumns: ReadonlyArray<Column<HintedRequest>> = [
  { name: 'Answered', cell: ({ created }) => time(created), kind: 'short' },
  { name: 'Call', cell: ({ method, url }) => `${method} ${url}` },
  { name: 'Status', cell: ({ status, error }) => html`<span class="${(status ?? 500) < 400 ? 'good' : 'bad'}">${status ?? 'no answer'}${error !== undefined && ` ${error}`}</span>` },
  { name: 'Time', cell: ({ duration_ms: ms }) => `${ms} ms`, kind: 'number' },
  { name: 'Hints', cell: ({ hints }) => hints.map(hint => html`<p class="wait">${hint}</p>`) },
  { name: '', cell: request => json('details', request) }
]

/** The views that are lists, by their tabs. */
export const lists: Readonly<Partial<Record<Tab, (context: Context) => Html>>> = { payments, sessions, refunds, deliveries, requests }

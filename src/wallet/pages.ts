import { withoutCredentials } from '../core/addresses.ts'
import { formatMoney } from '../core/money.ts'
import { html, type Html } from '../html/html.ts'
import type { Language } from '../html/language.ts'
import { languageLink, page } from '../html/page.ts'
import type { Delivery } from '../webhooks/deliveries.ts'
import { walletPath } from '../wooshpay/payment-intents/wallet-address.ts'
import { normalizePhone, PIN_ATTEMPTS, testCustomers, testNumber } from './customers.ts'
import { OUTCOME_NAMES } from './outcomes.ts'
import type { VisitView } from './service.ts'
import { TEXTS, type ResultName, type Texts } from './texts.ts'

/** What the pages say besides the payment. */
export interface PageSettings {
  readonly language: Language
  readonly merchant: string
}

const BACK_AFTER_SECONDS = 5

/** The page of a payment's present state. */
export function walletPage (view: VisitView, settings: PageSettings): Html {
  const texts = TEXTS[settings.language]
  const isResult = view.step === 'result'
  const backAfter = isResult && resultName(view.intent) !== 'waiting' ? BACK_AFTER_SECONDS : undefined
  return page({
    language: settings.language,
    title: `${view.rule.name} · ${texts.title}`,
    refresh: backAfter !== undefined && view.back !== undefined ? { seconds: backAfter, url: view.back } : undefined,
    body: html`
<main>
<div class="card">
<p class="brand">${view.rule.name}</p>
<p class="quiet">${texts.payTo} <strong>${settings.merchant}</strong></p>
<p class="amount" data-testid="amount">${formatMoney(view.intent.amount, view.intent.currency)}</p>
${isResult ? result(view, backAfter, texts) : openStep(view, texts, settings)}
</div>
${languageLink(settings.language)}
</main>
${!isResult && strip(view, texts, settings.language)}`
  })
}

function openStep (view: VisitView, texts: Texts, settings: PageSettings): Html {
  const form = (path: string, content: Html): Html => html`
<form method="post" action="${action(view, path, settings.language)}">
<input type="hidden" name="attempt" value="${view.attempt}">
${content}
</form>`
  return html`
${form(view.step === 'summary' ? 'pay' : view.step, fields(view, texts, settings))}
${form('cancel', html`<button class="second" data-testid="cancel">${texts.cancel}</button>`)}`
}

function fields ({ step, visit, intent, balance, rule }: VisitView, texts: Texts, { merchant }: PageSettings): Html {
  switch (step) {
    case 'phone':
      return entry({
        name: 'phone', label: texts.phoneLabel, hint: phoneHint(rule, texts), type: 'tel', autocomplete: 'tel', fault: visit.notice === 'phone' && texts.wrongPhone(rule.name)
      }, texts)
    case 'pin':
      return entry({
        name: 'pin', label: texts.pinLabel, hint: texts.pinHint, type: 'password', autocomplete: 'off', fault: visit.notice === 'pin' && texts.wrongPin(PIN_ATTEMPTS - visit.wrong_pins)
      }, texts)
    case 'otp':
      return entry({ name: 'otp', label: texts.otpLabel, hint: texts.otpHint, type: 'text', autocomplete: 'one-time-code', fault: visit.notice === 'otp' && texts.wrongOtp }, texts)
    default:
      return html`
<dl>
<dt>${texts.merchant}</dt><dd>${merchant}</dd>
${intent.merchant_order_id !== undefined && html`<dt>${texts.order}</dt><dd>${intent.merchant_order_id}</dd>`}
<dt>${texts.wallet}</dt><dd>${rule.name} ${visit.phone}</dd>
${balance !== undefined && html`<dt>${texts.balance}</dt><dd data-testid="balance">${formatMoney(balance, intent.currency)}</dd>`}
<dt>${texts.total}</dt><dd><strong>${formatMoney(intent.amount, intent.currency)}</strong></dd>
</dl>
<button data-testid="pay">${texts.pay} ${formatMoney(intent.amount, intent.currency)}</button>`
  }
}

/** The first test customer's number, in both of its forms. */
function phoneHint ({ phone }: VisitView['rule'], texts: Texts): string {
  const [first] = testCustomers
  const national = first === undefined ? '' : testNumber(first, phone)
  return texts.phoneHint(national, normalizePhone(national, phone) ?? '')
}

interface Field {
  readonly name: 'phone' | 'pin' | 'otp'
  readonly label: string
  readonly hint: string
  readonly type: string
  readonly autocomplete: string
  readonly fault: string | false
}

function entry ({ name, label, hint, type, autocomplete, fault }: Field, texts: Texts): Html {
  return html`
<label for="${name}">${label}</label>
${fault !== false && html`<p class="bad" role="alert" id="fault" data-testid="fault">${fault}</p>`}
<input id="${name}" name="${name}" data-testid="${name}" type="${type}" inputmode="${name === 'phone' ? 'tel' : 'numeric'}"
 autocomplete="${autocomplete}" aria-describedby="hint" required autofocus>
<p class="quiet" id="hint">${hint}</p>
<button data-testid="continue">${texts.continue}</button>`
}

function result ({ intent, back, deliveries }: VisitView, backAfter: number | undefined, texts: Texts): Html {
  const name = resultName(intent)
  const isGood = name === 'paid' || name === 'processing'
  return html`
<h1 class="${isGood ? 'good' : 'bad'}" role="status" data-testid="result">${texts.results[name]}</h1>
${back === undefined
  ? html`<p>${texts.closeWindow}</p>`
  : html`${backAfter !== undefined && html`<p class="quiet">${texts.backSoon(backAfter)}</p>`}<a class="button" data-testid="back-to-merchant" href="${back}">${texts.back}</a>`}
<h2 class="quiet">${texts.webhooks}</h2>
${deliveries.length === 0
  ? html`<p class="quiet">${texts.noWebhooks}</p>`
  : html`<ul data-testid="webhooks">${deliveries.map(delivery => html`<li>${delivery.type} → ${withoutCredentials(delivery.url)}<br>${fate(delivery, texts)}</li>`)}</ul>`}`
}

function fate ({ attempts, status, next_attempt_at: next }: Delivery, texts: Texts): Html {
  const last = attempts.at(-1)
  if (last === undefined) return html`<span class="quiet">${texts.underWay}</span>`
  return html`<span class="${status === 'succeeded' ? 'good' : 'bad'}">${last.status ?? last.error} · ${last.duration_ms} ms</span>${
    next !== undefined && html` · ${texts.nextAttempt} ${new Date(next).toISOString()}`}`
}

function resultName ({ status, last_payment_error: error }: VisitView['intent']): ResultName {
  switch (status) {
    case 'succeeded':
    case 'requires_capture': return 'paid'
    case 'processing': return 'processing'
    case 'canceled': return 'withdrawn'
    default: break
  }
  switch (error?.code) {
    case undefined: return 'waiting'
    case 'payment_method_canceled': return 'cancelled'
    case 'payment_method_expired': return 'lapsed'
    case 'processing_error': return 'wallet-down'
  }
  switch (error?.decline_code) {
    case 'insufficient_funds':
    case 'account_blocked':
    case 'transaction_limit_exceeded':
    case 'pin_attempts_exceeded': return error.decline_code
    default: return 'declined'
  }
}

/** What a developer sees besides: a button for every end, and the numbers to type in. */
function strip (view: VisitView, texts: Texts, language: Language): Html {
  return html`
<aside class="strip" data-testid="sandbox-strip" aria-label="${texts.stripOutcomes}">
<form method="post" action="${action(view, 'outcome', language)}">
<input type="hidden" name="attempt" value="${view.attempt}">
<p>${texts.stripOutcomes}:</p>
<div class="outcomes">${OUTCOME_NAMES.map(name => html`<button name="outcome" value="${name}" data-testid="outcome-${name}">${name}</button>`)}</div>
</form>
<p>${texts.stripNumbers}:</p>
<table>${testCustomers.map(customer => html`<tr><td>${testNumber(customer, view.rule.phone)}</td><td>${customer.outcome}</td></tr>`)}</table>
</aside>`
}

function action ({ method, intent }: VisitView, path: string, language: Language): string {
  return `${walletPath(method, intent.id)}/${path}?lang=${language}`
}

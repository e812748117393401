import { withoutCredentials } from '../core/addresses.ts'
import { formatMoney } from '../core/money.ts'
import { html, type Html } from '../html/html.ts'
import type { Language } from '../html/language.ts'
import { languageLink, page } from '../html/page.ts'
import { time } from '../html/time.ts'
import type { Delivery } from '../webhooks/deliveries.ts'
import { walletPath } from '../wooshpay/payment-intents/wallet-address.ts'
import { normalizePhone, PIN_ATTEMPTS, testCustomers, testNumber } from './customers.ts'
import { OUTCOME_NAMES } from './outcomes.ts'
import type { VisitView } from './service.ts'
import { STEPS } from './visit.ts'
import { TEXTS, type ResultName, type Texts } from './texts.ts'

/** What the pages say besides the payment. */
export interface PageSettings {
  readonly language: Language
  readonly merchant: string
  /** Opens the page on a phone. */
  readonly phoneCode: Html
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
    languageLink: languageLink(settings.language),
    refresh: backAfter !== undefined && view.back !== undefined ? { seconds: backAfter, url: view.back } : undefined,
    body: html`
<div class="stage">
<main class="card">
<div class="head">
<p class="brand"><span>${view.rule.name}</span>${timeLeft(view, texts)}</p>
<p class="quiet">${texts.payTo} <strong><bdi>${settings.merchant}</bdi></strong></p>
<p class="amount" data-testid="amount">${formatMoney(view.intent.amount, view.intent.currency)}</p>
</div>
<div class="body">
${isResult ? result(view, backAfter, texts) : openStep(view, texts, settings)}
</div>
</main>
${!isResult && strip(view, texts, settings)}
</div>`
  })
}

/** Counted down by the script; a clock that stands still has nothing to count. */
function timeLeft ({ step, lapse }: VisitView, texts: Texts): Html | false {
  if (step === 'result' || lapse === undefined) return false
  const seconds = Math.max(0, Math.ceil(lapse.leftMs / 1000))
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60].map(part => String(part).padStart(2, '0'))
  return html`<span class="left" role="timer" aria-label="${texts.timeLeft}" data-testid="time-left"${!lapse.isFrozen && html` data-left-ms="${lapse.leftMs}"`}>${minutes}:${rest}</span>`
}

function openStep (view: VisitView, texts: Texts, settings: PageSettings): Html {
  const form = (path: string, content: Html): Html => html`
<form method="post" action="${action(view, path, settings.language)}">
<input type="hidden" name="attempt" value="${view.attempt}">
${content}
</form>`
  const present = STEPS.findIndex(step => step === view.step)
  return html`
<ol class="steps" aria-hidden="true">${STEPS.map((_step, index) => html`<li${index <= present && html` class="done"`}></li>`)}</ol>
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
<h1>${texts.summary}</h1>
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
  const isCode = name !== 'phone'
  return html`
<h1><label for="${name}">${label}</label></h1>
${fault !== false && html`<p class="bad" role="alert" id="fault" data-testid="fault">${fault}</p>`}
<input id="${name}" name="${name}" data-testid="${name}" type="${type}" inputmode="${isCode ? 'numeric' : 'tel'}"
${isCode && html` class="code" maxlength="6"`} autocomplete="${autocomplete}" aria-describedby="hint" required autofocus>
<p class="quiet" id="hint">${hint}</p>
${isCode && keypad(name, texts)}
<button data-testid="continue">${texts.continue}</button>`
}

/** Opened by the script, which types what is pressed into the input. */
function keypad (input: string, texts: Texts): Html {
  const digit = (value: number): Html => html`<button type="button" value="${value}">${value}</button>`
  return html`
<div class="keypad" data-keypad="${input}" role="group" aria-label="${texts.keypad}" hidden>
${[1, 2, 3, 4, 5, 6, 7, 8, 9].map(digit)}<span></span>${digit(0)}<button type="button" value="back" aria-label="${texts.erase}">⌫</button>
</div>`
}

function result ({ intent, back, deliveries }: VisitView, backAfter: number | undefined, texts: Texts): Html {
  const name = resultName(intent)
  const isGood = name === 'paid' || name === 'processing'
  const isPending = deliveries.some(({ status, attempts }) => status === 'pending' && attempts.length === 0)
  return html`
<div class="result">
${name !== 'waiting' && mark(name === 'processing' ? 'wait' : isGood ? 'good' : 'bad')}
<div role="status"><h1 class="${isGood ? 'good' : 'bad'}" data-testid="result">${texts.results[name]}</h1></div>
${back === undefined
  ? html`<p>${texts.closeWindow}</p>`
  : html`${backAfter !== undefined && html`<p class="quiet">${texts.backSoon(backAfter)}</p>`}<a class="button" data-testid="back-to-merchant" href="${back}">${texts.back}</a>`}
</div>
<div class="fates"${isPending && html` data-pending`}>
<h2 class="quiet">${texts.webhooks}</h2>
${deliveries.length === 0
  ? html`<p class="quiet">${texts.noWebhooks}</p>`
  : html`<ul data-testid="webhooks">${deliveries.map(delivery => html`<li>${delivery.type} → ${withoutCredentials(delivery.url)}<br>${fate(delivery, texts)}</li>`)}</ul>`}
</div>`
}

const MARKS = {
  good: html`<path d="M14 24l7 7 13-15"/>`,
  bad: html`<path d="M16 16l16 16M32 16L16 32"/>`,
  wait: html`<path d="M24 13v12l8 5"/>`
} as const

function mark (name: keyof typeof MARKS): Html {
  return html`<svg class="${name}" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="24" cy="24" r="21"/>${MARKS[name]}</svg>`
}

function fate ({ attempts, status, next_attempt_at: next }: Delivery, texts: Texts): Html {
  const last = attempts.at(-1)
  if (last === undefined) return html`<span class="quiet">${texts.underWay}</span>`
  return html`<span class="${status === 'succeeded' ? 'good' : 'bad'}">${last.status ?? last.error} · ${last.duration_ms} ms</span>${
    next !== undefined && html` · ${texts.nextAttempt} ${time(next)}`}`
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

/** What a developer sees besides: a button for every end, the numbers to type in, and the way to a phone. */
function strip (view: VisitView, texts: Texts, { language, phoneCode }: PageSettings): Html {
  return html`
<aside class="strip" data-testid="sandbox-strip" aria-label="${texts.stripOutcomes}">
<form method="post" action="${action(view, 'outcome', language)}">
<input type="hidden" name="attempt" value="${view.attempt}">
<h2>${texts.stripOutcomes}</h2>
<div class="outcomes">${OUTCOME_NAMES.map(name => html`<button name="outcome" value="${name}" data-testid="outcome-${name}">${name}</button>`)}</div>
</form>
<h2>${texts.stripNumbers}</h2>
<table><tbody>${testCustomers.map(customer => html`<tr><td>${testNumber(customer, view.rule.phone)}</td><td>${customer.outcome}</td></tr>`)}</tbody></table>
${phoneCode}
</aside>`
}

function action ({ method, intent }: VisitView, path: string, language: Language): string {
  return `${walletPath(method, intent.id)}/${path}?lang=${language}`
}

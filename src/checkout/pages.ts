import { formatMoney } from '../core/money.ts'
import { html, type Html } from '../html/html.ts'
import type { Language } from '../html/language.ts'
import { languageLink, page } from '../html/page.ts'
import { pagePath } from '../wooshpay/checkout-sessions/page-address.ts'
import type { CheckoutView } from './service.ts'
import { TEXTS, type Texts } from './texts.ts'

/** What the page says besides the session. */
export interface PageSettings {
  readonly language: Language
  readonly merchant: string
  /** The publishable key of the page's address. */
  readonly key: string
  /** Opens the page on a phone. */
  readonly phoneCode: Html
}

/** The page of a session's present state. */
export function checkoutPage (view: CheckoutView, { language, merchant, key, phoneCode }: PageSettings): Html {
  const texts = TEXTS[language]
  const { session } = view
  return page({
    language,
    title: `${merchant} · ${texts.title}`,
    languageLink: languageLink(language, { key }),
    body: html`
<div class="stage">
<main class="card">
<div class="head">
<p class="quiet">${texts.payTo} <strong><bdi>${merchant}</bdi></strong></p>
<p class="amount" data-testid="amount">${formatMoney(session.amount_total, session.currency)}</p>
</div>
<div class="body">
${view.state === 'open' && html`<h1>${texts.title}</h1>`}
<dl class="lines">
${session.line_items.data.map(({ description, quantity, amount_total: amount, currency }) => html`<dt><bdi>${description}</bdi> × ${quantity}</dt><dd>${formatMoney(amount, currency)}</dd>`)}
<dt>${texts.total}</dt><dd><strong>${formatMoney(session.amount_total, session.currency)}</strong></dd>
</dl>
${view.state === 'open' ? choice(view, texts, language, key) : result(view, view.state, texts)}
</div>
</main>
${view.state === 'open' && html`<aside class="strip wide-only">${phoneCode}</aside>`}
</div>`
  })
}

function choice ({ session, intent, methods, back }: CheckoutView, texts: Texts, language: Language, key: string): Html {
  const action = `${pagePath(session.id)}/pay?${new URLSearchParams({ key, lang: language }).toString()}`
  return html`
${intent.last_payment_error !== undefined && html`<p class="bad" role="alert" data-testid="fault">${texts.lastAttempt}</p>`}
<form method="post" action="${action}">
<fieldset>
<legend>${texts.chooseMethod}</legend>
${methods.map(({ type, name }, index) => html`<label class="choice"><input type="radio" name="method" value="${type}" data-testid="method-${type}" required${index === 0 && html` checked`}> ${name}</label>`)}
</fieldset>
<button data-testid="pay">${texts.pay} ${formatMoney(session.amount_total, session.currency)}</button>
</form>
${back !== undefined && html`<a class="button second" data-testid="cancel" href="${back}">${texts.cancel}</a>`}`
}

function result ({ back }: CheckoutView, state: keyof Texts['results'], texts: Texts): Html {
  return html`
<div role="status"><h1 class="${state === 'expired' ? 'bad' : 'good'}" data-testid="result">${texts.results[state]}</h1></div>
${back !== undefined && html`<a class="button" data-testid="back-to-merchant" href="${back}">${texts.back}</a>`}`
}

import { withoutCredentials } from '../core/addresses.ts'
import { html, type Content, type Html } from '../html/html.ts'
import { time } from '../html/time.ts'
import { SECRETS } from '../http/request-log.ts'
import { isTaken, type Delivery } from '../webhooks/deliveries.ts'

/** Pieces that several views of the dashboard are made of. */

export const PAYMENTS_PATH = '/dashboard/payments'

type Tone = 'good' | 'bad' | 'wait' | 'quiet'

/** How the statuses of all objects look: done, gone wrong, or still to come. */
const TONES: Readonly<Record<string, Tone>> = {
  succeeded: 'good', complete: 'good', paid: 'good', canceled: 'quiet', expired: 'quiet', failed: 'bad'
}

export function toneOf (status: string): Tone {
  return TONES[status] ?? 'wait'
}

export function badge (status: string): Html {
  return html`<span class="badge ${toneOf(status)}">${status}</span>`
}

export function paymentLink (id: string, text: Content = id): Html {
  return html`<a href="${PAYMENTS_PATH}/${encodeURIComponent(id)}">${text}</a>`
}

/** An object as it is, but for its secrets; opened by whoever wants to see it. */
export function json (summary: Content, value: unknown): Html {
  const text = JSON.stringify(value, (name, inner: unknown) => SECRETS.has(name) ? '…' : inner, 2)
  return html`<details><summary>${summary}</summary><pre tabindex="0">${text}</pre></details>`
}

/** What became of a delivery, in a few words. */
export function fateOf ({ attempts, status, held }: Delivery): Html {
  const last = attempts.at(-1)
  if (held === true) return html`<span class="wait">held by a fault</span>`
  if (last === undefined) return html`<span class="${status === 'failed' ? 'bad' : 'wait'}">${status === 'failed' ? 'given up: its endpoint is gone or disabled' : 'on its way'}</span>`
  return html`<span class="${isTaken(last) ? 'good' : 'bad'}">${last.status ?? last.error}</span>`
}

/** A delivery's attempts, each with what was sent and what came back. */
export function attemptsOf ({ attempts, url, next_attempt_at: next }: Delivery): Html {
  return html`
${attempts.map(attempt => json(html`attempt ${attempt.number}: <span class="${isTaken(attempt) ? 'good' : 'bad'}">${attempt.status ?? attempt.error}</span>, ${attempt.duration_ms} ms, ${time(attempt.at)}`, {
  to: withoutCredentials(url), ...attempt
}))}
${next !== undefined && html`<p class="quiet">next attempt ${time(next)}</p>`}`
}

export interface ActionForm {
  /** A name of actions.ts. */
  readonly action: string
  readonly label: string
  /** What the action is for: names and values that it needs. */
  readonly fields?: Readonly<Record<string, string>>
  /** What the person may fill in. */
  readonly inputs?: Content
  readonly isSecond?: boolean
}

/** A button that acts through the sandbox's own API, and comes back to the page. */
export function actionForm ({ action, label, fields = {}, inputs, isSecond = true }: ActionForm, back: string): Html {
  return html`
<form method="post" action="/dashboard/actions/${action}">
${Object.entries({ ...fields, back }).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${inputs}<button${isSecond && html` class="second"`} data-testid="${action}">${label}</button>
</form>`
}

import { html, type Content, type Html } from '../html/html.ts'
import { page } from '../html/page.ts'
import { time } from '../html/time.ts'
import type { Account, Accounts } from '../store/accounts.ts'

/** The views of the dashboard, in the order of its tabs. */
export const TABS = {
  payments: 'Payments',
  sessions: 'Checkout sessions',
  refunds: 'Refunds',
  deliveries: 'Webhooks',
  requests: 'API requests',
  customers: 'Test customers',
  clock: 'Clock',
  faults: 'Faults',
  coverage: 'Coverage'
} as const
export type Tab = keyof typeof TABS

export interface LayoutOptions {
  readonly tab: Tab
  readonly title: string
  readonly accounts: Accounts
  /** The account that is looked at; undefined: all. */
  readonly account: Account | undefined
  readonly body: Content
}

/** The frame of every view: whose account, which tab, what time it is. */
export function layout ({ tab, title, accounts, account, body }: LayoutOptions): Html {
  return page({
    kind: 'dashboard',
    language: 'en',
    title: `${title} · WooshPay sandbox`,
    live: { stream: '/_sandbox/stream', account: account?.id },
    body: html`
<header class="top">
<a class="brand" href="/">WooshPay sandbox</a>
<form method="get" action="${pathOf(tab)}">
<label for="account" class="quiet">Account</label>
<select id="account" name="account" data-testid="account" data-submit-on-change>
<option value="">all</option>
${accounts.all().map(({ id, record }) => html`<option value="${id}"${id === account?.id && html` selected`}>${record.masked_key}${record.name !== undefined && ` · ${record.name}`}</option>`)}
</select>
<button class="second without-script">Show</button>
</form>
<p class="clock quiet" data-fresh>${clockOf(account ?? soleOf(accounts) ?? accounts.whole)}</p>
</header>
<nav class="tabs" aria-label="Views">${(Object.keys(TABS) as Tab[]).map(name =>
html`<a href="${pathOf(name)}${account !== undefined && `?account=${account.id}`}"${name === tab && html` aria-current="page"`}>${TABS[name]}</a>`)}</nav>
<main>
${body}
</main>`
  })
}

export function pathOf (tab: Tab): string {
  return tab === 'payments' ? '/' : `/dashboard/${tab}`
}

/** The one account that there is: its time is the only one that matters. */
function soleOf (accounts: Accounts): Account | undefined {
  const [first, second] = accounts.all()
  return second === undefined ? first : undefined
}

/** The account's time, and how far it is from the real one. */
function clockOf ({ clock }: Account): Html {
  const state = clock.frozen ? 'stands still' : clock.aheadMs < 1000 ? 'real time' : `${duration(clock.aheadMs)} ahead`
  return html`Sandbox clock: ${time(clock.now())} (${state})`
}

const UNITS = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]] as const

/** @example duration(93_600_000) // '1 d 2 h' */
export function duration (ms: number): string {
  let left = Math.round(ms / 1000) * 1000
  const parts = UNITS.map(([unit, length]) => {
    const count = Math.floor(left / length)
    left -= count * length
    return [count, unit] as const
  }).filter(([count]) => count > 0)
  return parts.slice(0, 2).map(([count, unit]) => `${count} ${unit}`).join(' ') || '0 s'
}

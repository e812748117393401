import { formatMoney } from '../core/money.ts'
import { html, type Html } from '../html/html.ts'
import { time } from '../html/time.ts'
import { balanceDefinition } from '../wallet/balances.ts'
import { normalizePhone, testCustomers, testNumber } from '../wallet/customers.ts'
import type { Context } from './context.ts'
import { duration, TABS, type Tab } from './layout.ts'
import { actionForm, badge, json } from './parts.ts'

/** The test customers of every wallet that was used, and of DANA, with what they have left. */
function customers ({ account, shown, balances, rules, database }: Context): Html {
  const used = new Set(['dana', ...shown.flatMap(({ id }) => database.collection(balanceDefinition).of(id).map(({ method }) => method))])
  if (shown.length === 0) return html`<h1 class="only-read">${TABS.customers}</h1><p class="quiet">Balances are kept for each account; none was used yet.</p>`
  return html`<h1 class="only-read">${TABS.customers}</h1>${shown.flatMap(one => [...used].map(method => {
    const { name, phone, currency } = rules.get(method, 'method')
    return html`
<h2>${name}${account === undefined && html` <span class="quiet">${one.record.masked_key}</span>`}</h2>
<div class="card scroll"><table class="rows">
<thead><tr><th scope="col">Number</th><th scope="col">Name</th><th scope="col">Outcome</th><th scope="col" class="number">Balance</th></tr></thead>
<tbody>${testCustomers.map(customer => {
  const number = testNumber(customer, phone)
  return html`<tr><td class="short" data-name="Number">${number}</td><td data-name="Name">${customer.name}</td><td data-name="Outcome">${customer.outcome}</td><td class="number" data-name="Balance">${formatMoney(balances.of(one.id, method, normalizePhone(number, phone) ?? ''), currency)}</td></tr>`
})}</tbody>
</table></div>`
  }))}
<p class="quiet">Every PIN is 123456, every SMS code 888888. Any other valid number is a customer with enough money.</p>`
}

/** What a person moves the clock by: past the wallet's page, a webhook's first retries, a session, all retries. */
const STEPS_MS = [60_000, 600_000, 3_600_000, 86_400_000, 259_200_000]

function clock ({ account, accounts, here }: Context): Html {
  const { clock } = account ?? accounts.whole
  const of = account === undefined ? {} : { account: account.id }
  return html`
<h1>${account === undefined ? 'All accounts' : account.record.masked_key}: ${time(clock.now())} ${badge(clock.frozen ? 'stands still' : 'runs')}</h1>
<p>What falls due on the way happens in order: pages lapse, sessions expire, refunds settle, webhooks are tried again.</p>
<div class="actions">
${STEPS_MS.map(ms => actionForm({ action: 'advance', label: `+ ${duration(ms)}`, fields: { ...of, advance_ms: String(ms) } }, here))}
${clock.frozen
  ? actionForm({ action: 'run', label: 'Let it run', fields: of }, here)
  : actionForm({ action: 'freeze', label: 'Let it stand still', fields: of }, here)}
</div>
<h2>Start over</h2>
<details><summary>Empty ${account === undefined ? 'every account' : 'the account'}: objects, events, webhooks, queued outcomes and faults</summary>
<div class="actions">${actionForm({ action: 'reset', label: account === undefined ? 'Reset all accounts' : 'Reset the account', fields: of }, here)}</div>
</details>`
}

/** The faults that a person may want at once; a test makes its own. */
const PRESETS = {
  'Lose the next webhook': '{"then":{"drop":true}}',
  'Send the next webhook twice': '{"then":{"duplicate":true}}',
  'Send the next webhook a minute late': '{"then":{"delay_ms":60000}}',
  'Sign the next webhook badly': '{"then":{"bad_signature":true}}',
  'Refuse the next call with 503': '{"then":{"status":503,"retry_after":1}}',
  'Do the next call and lose its answer': '{"then":{"lose_answer":true}}'
} as const

function faults ({ account, accounts, faults, here }: Context): Html {
  const present = faults.of(account ?? accounts.whole)
  const of = account === undefined ? {} : { account: account.id }
  return html`
<h1 class="only-read">${TABS.faults}</h1>
<div class="actions">${Object.entries(PRESETS).map(([label, rule]) => actionForm({ action: 'add-fault', label, fields: { ...of, rule } }, here))}</div>
${present.length === 0
  ? html`<p class="quiet" data-testid="nothing">Nothing is going to go wrong${account === undefined && ' in all accounts; those of one account are shown when it is chosen'}.</p>`
  : html`<div class="card scroll"><table class="rows">
<thead><tr><th scope="col">Fault</th><th scope="col">Happened</th><th scope="col">Rule</th><td></td></tr></thead>
<tbody>${present.map(({ id, match, then, times, probability, hits }) => html`<tr data-testid="row"><td data-name="Fault">${Object.keys(then).join(', ')}</td><td class="short" data-name="Happened">${hits} of ${times}</td><td>${json('rule', { match, then, times, probability })}</td><td>${actionForm({ action: 'delete-fault', label: 'Take back', fields: { ...of, id } }, here)}</td></tr>`)}</tbody>
</table></div>`}`
}

function coverage ({ shown, coverageOf }: Context): Html {
  const { percent, reached, total, groups } = coverageOf(shown)
  return html`
<h1><span data-testid="percent">${percent} %</span> <span class="quiet">${reached} of ${total} situations were reached</span></h1>
${groups.map(group => html`
<details class="card" id="coverage-${group.name}"><summary>${group.name} <meter min="0" max="${group.reached.length + group.missing.length}" value="${group.reached.length}" aria-label="${group.name}"></meter> ${group.reached.length} of ${group.reached.length + group.missing.length}</summary>
<ul>${group.missing.map(point => html`<li class="bad">${point}: not reached</li>`)}${group.reached.map(point => html`<li class="good">${point}</li>`)}</ul>
</details>`)}`
}

/** The views that are no lists, by their tabs. */
export const tools: Readonly<Partial<Record<Tab, (context: Context) => Html>>> = { customers, clock, faults, coverage }

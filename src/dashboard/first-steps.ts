import { html, type Html } from '../html/html.ts'
import type { Context } from './context.ts'

/** What an empty dashboard says: a line that makes the first payment when it is pasted. */
export function firstSteps ({ publicUrl }: Context): Html {
  const call = `curl ${publicUrl}/v1/payment_intents -u sk_test_sandbox: -H 'Content-Type: application/json' \\
  -d '{"amount":20000,"currency":"IDR","confirm":true,"payment_method_data":{"type":"dana"},"return_url":"${publicUrl}/"}'`
  return html`
<h1>No payment was made yet</h1>
<p>Paste this into a terminal. The payment appears here by itself; open it to pay as the customer would.</p>
<pre data-testid="first-call">${call}</pre>
<p>Or let your shop call <code>${publicUrl}</code> in the place of WooshPay, with any key that begins with <code>sk_test_</code>.
Every parameter is in the <a href="/docs">API reference</a>, what tests can do besides in <a href="/docs-sandbox">that of the sandbox</a>.</p>
<p>Or fill an account with a month of payments:</p>
<pre>curl -X POST ${publicUrl}/_sandbox/scenarios/month-of-payments -u sk_test_sandbox:</pre>`
}

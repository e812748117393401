import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { flagOf, settingTable } from '../../src/config.ts'
import { errors, type ApiError } from '../../src/core/errors.ts'
import { formatMoney } from '../../src/core/money.ts'
import { PIN, SMS_CODE, testCustomers, testNumber } from '../../src/wallet/customers.ts'
import { OUTCOMES, type Ending } from '../../src/wallet/outcomes.ts'
import { paymentIntentTransitions } from '../../src/wooshpay/payment-intents/transitions.ts'
import { EVENT_TYPES } from '../../src/wooshpay/events/schema.ts'
import { readPaymentMethodRules } from '../../src/wooshpay/payment-methods/rules.ts'
import { newCustomer } from '../support/customer.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox } from '../support/sandbox.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const documents = { 'README.md': read('README.md'), 'CONTRIBUTING.md': read('CONTRIBUTING.md'), 'CHANGELOG.md': read('CHANGELOG.md') }
const { 'README.md': readme, 'CONTRIBUTING.md': contributing } = documents
const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string>, dependencies: Record<string, string> }

/** The rows of the table with this head, cell by cell. */
function table (text: string, head: string): string[][] {
  const lines = text.split('\n')
  const start = lines.indexOf(head)
  if (start === -1) throw new Error(`There is no table with the head ${head}`)
  const rows = lines.slice(start + 2)
  return rows.slice(0, rows.findIndex(line => !line.startsWith('|')))
    .map(line => line.slice(1, -1).split('|').map(cell => cell.trim()))
}

/** Blocks of code in a language. */
function blocks (text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, name]) => name === language).map(([, , code = '']) => code)
}

const dana = readPaymentMethodRules().get('dana', 'method')

const code = (text: string): string => `\`${text}\``

t.test('the README\'s settings are those of config.ts, with flag, default and meaning', t => {
  const written = table(readme, '| setting | flag | default | meaning |')
  const real = Object.entries(settingTable).map(([name, { default: fallback, about }]) =>
    [code(name), code(`--${flagOf(name)}`), String(fallback ?? '') === '' ? '–' : code(String(fallback)), about])
  t.same(written, real)
  t.end()
})

t.test('the README\'s error codes are those of the catalogue, with status and type', t => {
  const written = table(readme, '| code | status | type | when |').map(([name, status, type]) => [name, status, type])
  const real = Object.entries(errors as unknown as Record<string, (...details: unknown[]) => ApiError>).map(([name, make]) => {
    const error = make(['a'], ['b'], ['c'])
    t.equal(error.code, name, `${name} is the code of its own error`)
    return [code(error.code), String(error.status), code(error.type)]
  })
  t.same(written, real)
  t.end()
})

t.test('the README\'s test customers are those of the fixtures', t => {
  t.same(table(readme, '| number | customer | balance at first | outcome |'), testCustomers.map(customer =>
    [code(testNumber(customer, dana.phone)), customer.name, formatMoney(customer.balance, 'IDR'), code(customer.outcome)]))
  t.match(readme, `the PIN \`${PIN}\``)
  t.match(readme, `the SMS code \`${SMS_CODE}\``)
  t.end()
})

t.test('the README\'s outcomes are all that there are, with the codes of their failures', t => {
  const written = table(readme, '| outcome | what happens | `code` | `decline_code` |')
    .map(([name, , failure, decline]) => [name, failure, decline])
  const optional = (text: string | undefined): string => text === undefined ? '' : code(text)
  t.same(written, Object.entries(OUTCOMES as Readonly<Record<string, Ending>>).map(([name, { outcome }]) => {
    const failure = outcome.kind === 'paid' ? undefined : outcome.failure
    return [code(name), optional(failure?.code), optional(failure?.decline_code)]
  }))
  t.end()
})

t.test('the README names every type of event', t => {
  const named = new Set([...readme.matchAll(/`(payment_intent\.[a-z_]+)`/g)].map(([, type]) => type))
  t.same([...named].toSorted(), [...EVENT_TYPES].toSorted())
  t.end()
})

t.test('the README names no status that a PaymentIntent cannot have, and leaves out only those that DANA never reaches', t => {
  const named = table(readme, '| status | next |').flatMap(([statuses = '']) => [...statuses.matchAll(/`(\w+)`/g)].map(([, status]) => status))
  t.same(named.toSorted(), Object.keys(paymentIntentTransitions).filter(status => status !== 'requires_capture').toSorted())
  t.end()
})

t.test('the README names every data-testid of the pages, and no other', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['*'] })
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test'
  })
  const customer = newCustomer()
  const pages = [
    await customer.open(intent.next_action.dana_handle_redirect.url),
    await customer.press('continue', { phone: '12' }),
    await customer.press('continue', { phone: '081200000004' }),
    await customer.press('continue', { pin: '123456' }),
    await customer.press('continue', { otp: '888888' }),
    await customer.press('pay')
  ]
  t.equal(customer.read('result'), 'Payment successful', 'the customer has seen every step')
  const shown = pages.flatMap(page => [...page.matchAll(/data-testid="([^"]+)"/g)].map(([, name = '']) => name))
  const written = table(readme, '| `data-testid` | where | what |').map(([name = '']) => name.slice(1, -1))
  t.same([...new Set(shown.map(name => name.replace(/^outcome-.*/, 'outcome-<name>')))].toSorted(), written.toSorted())
  t.same(new Set(shown.filter(name => name.startsWith('outcome-'))), new Set(Object.keys(OUTCOMES).map(name => `outcome-${name}`)))
})

t.test('the README\'s first request gets an answer with the keys that it shows', async t => {
  const sandbox = await startSandbox(t)
  const request = /-d '(\{"amount".*?\})'/.exec(blocks(readme, 'sh').join('\n'))?.[1]
  const { status, body } = await sandbox.call('POST', '/v1/payment_intents', request)
  t.equal(status, 200)
  const shown = JSON.parse(blocks(readme, 'json')[0] ?? '') as Record<string, unknown>
  t.same(Object.keys(body), Object.keys(shown), 'in the same order')
  for (const key of ['object', 'currency', 'amount', 'status', 'livemode', 'payment_method_types', 'confirmation_method', 'return_url', 'capture_method']) {
    t.same(body[key], shown[key], `${key} is as shown`)
  }
})

t.test('the README\'s walk without a browser pays', async t => {
  const sandbox = await startSandbox(t)
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', {
    amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test'
  })
  const walk = blocks(readme, 'sh').find(block => block.includes('$url/phone')) ?? ''
  const forms = [...walk.matchAll(/\$url(\/\w+) +(?:-d (\S+)|-X POST)/g)].filter(([, path]) => path !== '/cancel' && path !== '/outcome')
  for (const [, path = '', form = ''] of forms) {
    const answer = await fetch(`${intent.next_action.dana_handle_redirect.url}${path}`, {
      method: 'POST', body: new URLSearchParams(form), redirect: 'manual'
    })
    t.equal(answer.status, 303, `${path} answers 303`)
  }
  const paid = await sandbox.call('GET', `/v1/payment_intents/${intent.id}`)
  t.equal(paid.body.status, 'succeeded')
})

t.test('the README\'s lines of Node verify a webhook, and refuse another body', async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  const { body: endpoint } = await sandbox.call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.created'] })
  await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' })
  const [webhook] = await receiver.waitFor(1)
  const { verify } = await import(`data:text/javascript,${encodeURIComponent(blocks(readme, 'js')[0] ?? '')}`) as {
    verify: (header: unknown, rawBody: string, secret: string) => boolean
  }
  for (const header of ['wooshpay-signature', 'signature']) {
    t.equal(verify(webhook?.headers[header], webhook?.raw ?? '', endpoint.secret), true, header)
    t.equal(verify(webhook?.headers[header], `${webhook?.raw} `, endpoint.secret), false, `${header}, another body`)
  }
  t.equal(verify('nonsense', webhook?.raw ?? '', endpoint.secret), false)
})

t.test('CONTRIBUTING gives a reason for every runtime dependency, and for no other package', t => {
  const named = table(contributing, '| package | why |').map(([name = '']) => name.slice(1, -1))
  t.same(named, Object.keys(manifest.dependencies).toSorted())
  t.end()
})

t.test('CONTRIBUTING names the folders of src in the order in which they may import each other', t => {
  const named = table(contributing, '| folder | holds |').map(([name = '']) => name.slice(1, -1))
  const wings = /const wings = \[([^\]]+)\]/.exec(read('eslint.config.js'))?.[1]?.match(/\w+/g) ?? []
  t.same(named.toSorted(), [...wings].toSorted())
  for (const name of named) t.ok(existsSync(join(root, 'src', name)), `src/${name} exists`)
  t.ok(named.indexOf('webhooks') > named.indexOf('wooshpay'), 'webhooks lies above wooshpay')
  t.same(named.slice(2), wings.slice(2), 'but for the two at the ground, the order is that of the lint rule')
  t.end()
})

t.test('every npm script that a document names exists', t => {
  for (const [file, text] of Object.entries(documents)) {
    const named = [...text.matchAll(/npm (?:run (?:--silent )?([\w:-]+)|(start|test)\b)/g)].map(([, script, short]) => script ?? short ?? '')
    for (const script of new Set(named)) t.ok(Object.hasOwn(manifest.scripts, script), `${file}: npm run ${script}`)
  }
  t.end()
})

t.test('every relative link of a document leads to a file or heading', t => {
  const headings = (text: string): string[] => [...text.matchAll(/^#+ (.*)$/gm)]
    .map(([, heading = '']) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
  for (const [file, text] of Object.entries(documents)) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue
      const [path = '', anchor] = target.split('#', 2)
      t.ok(path === '' || existsSync(join(root, dirname(file), path)), `${file}: ${target}`)
      if (anchor !== undefined) t.ok(headings(path === '' ? text : read(path)).includes(anchor), `${file}: heading ${anchor}`)
    }
  }
  t.end()
})

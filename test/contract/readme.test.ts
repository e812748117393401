import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { readCommandLine } from '../../src/command-line.ts'
import { flagOf, resetTable, settingTable, waitTable } from '../../src/config.ts'
import { errors, type ApiError } from '../../src/core/errors.ts'
import { EVENT_TYPES } from '../../src/core/event-types.ts'
import { formatMoney } from '../../src/core/money.ts'
import type { Setting } from '../../src/core/settings.ts'
import { CALL_EFFECTS, WEBHOOK_EFFECTS } from '../../src/faults/fault.ts'
import { startSandbox as startSandboxOfLibrary } from '../../src/index.ts'
import { PIN, SMS_CODE, testCustomers, testNumber } from '../../src/wallet/customers.ts'
import { OUTCOMES, type Ending } from '../../src/wallet/outcomes.ts'
import { checkoutSessionTransitions } from '../../src/wooshpay/checkout-sessions/transitions.ts'
import { paymentIntentTransitions } from '../../src/wooshpay/payment-intents/transitions.ts'
import { readPaymentMethodRules, type PaymentMethodRule } from '../../src/wooshpay/payment-methods/rules.ts'
import { refundTransitions } from '../../src/wooshpay/refunds/transitions.ts'
import { newCustomer } from '../support/customer.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox } from '../support/sandbox.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const documents = { 'README.md': read('README.md'), 'CONTRIBUTING.md': read('CONTRIBUTING.md'), 'CHANGELOG.md': read('CHANGELOG.md'), 'SECURITY.md': read('SECURITY.md') }
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

/** A section of the second level, with those below it. */
function section (text: string, heading: string): string {
  const found = text.split(/^(?=## )/m).find(part => part.startsWith(`## ${heading}\n`))
  if (found === undefined) throw new Error(`There is no section ${heading}`)
  return found
}

/** Blocks of code in a language. */
function blocks (text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, name]) => name === language).map(([, , code = '']) => code)
}

const inTests = section(readme, 'In tests')
const rules = readPaymentMethodRules()
const dana = rules.get('dana', 'method')

const code = (text: string): string => `\`${text}\``
/** What stands in backticks. */
const codes = (text = ''): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, inner = '']) => inner)

interface Operation { readonly parameters?: ReadonlyArray<{ readonly in: string, readonly name: string, readonly schema: { readonly properties?: object } }> }
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>
const pathsOf = (file: string): Paths => (JSON.parse(read(file)) as { paths: Paths }).paths
const paths = pathsOf('openapi/wooshpay.json')
/** A stream is no JSON, so that it stands in no document. */
const HIDDEN_CALLS = ['GET /_sandbox/stream']

/** Lines of a shell; a call that is refused ends them with a failure. */
const run = async (lines: string): Promise<void> => {
  await promisify(execFile)('bash', ['-euc', `curl () { command curl --silent --show-error --fail "$@"; }\n${lines}`])
}
const hasCurl = await run('curl --version').then(() => true, () => false)

t.test('the README\'s settings are those of config.ts, with flag, default and meaning', t => {
  const written = table(readme, '| setting | flag | default | meaning |')
  const real = Object.entries(settingTable).map(([name, { default: fallback, about }]) =>
    [code(name), code(`--${flagOf(name)}`), String(fallback ?? '') === '' ? '–' : code(String(fallback)), about])
  t.same(written, real)
  t.end()
})

t.test('the README\'s settings of wait and reset are those of config.ts', t => {
  const written = table(readme, '| setting | flag | default | of | meaning |')
  const tables: ReadonlyArray<readonly [string, Readonly<Record<string, Setting<unknown>>>]> = [['wait', waitTable], ['reset', resetTable]]
  const own = Object.entries(Object.assign({}, ...tables.map(([, settings]) => settings)) as Readonly<Record<string, Setting<unknown>>>)
    .filter(([name]) => !Object.hasOwn(settingTable, name))
  t.same(written, own.map(([name, { default: fallback, about }]) => [
    code(name), code(`--${flagOf(name)}`), fallback === undefined ? '–' : code(String(fallback)),
    tables.flatMap(([command, settings]) => Object.hasOwn(settings, name) ? [code(command)] : []).join(', '), about
  ]))
  t.end()
})

t.test('the README\'s commands are those of --help', t => {
  const order = readCommandLine(['--help'])
  const listed = order.command === 'print' ? /\nCommands:\n([^]*?)\n\n/.exec(order.text)?.[1]?.match(/^ {2}\w+/gm)?.map(line => line.trim()) : []
  t.same(table(readme, '| command | does |').map(([command]) => /\w+/.exec(command ?? '')?.[0]), listed)
  t.end()
})

t.test('the README\'s options and calls of the library are those that a sandbox has', async t => {
  const sandbox = await startSandboxOfLibrary()
  await sandbox.stop()
  const named = new Set(table(readme, '| of the sandbox | is |').flatMap(([names]) => codes(names)).filter(name => !name.startsWith('.') && !name.includes(' = ')).map(name => /^\w+/.exec(name)?.[0]))
  t.same([...named].toSorted(), Object.keys(sandbox).toSorted())
  for (const [names = ''] of table(readme, '| of the sandbox | is |')) {
    const [first = '', ...others] = codes(names)
    const [group = ''] = first.split('.')
    const has = Reflect.get(sandbox, group) as object
    if (first.includes('.')) t.same([first.replace(`${group}.`, '.'), ...others].map(name => /^\.(\w+)/.exec(name)?.[1]).toSorted(), Object.keys(has).toSorted(), group)
  }
})

t.test('the README\'s error codes are those of the catalogue, with status and type', t => {
  const written = table(readme, '| code | status | type | when |').map(([name, status, type]) => [name, status, type])
  const real = Object.entries(errors as unknown as Record<string, (...details: unknown[]) => ApiError>).map(([name, make]) => {
    // As many as it has to have: a parameter with a default is given none. Some join the values of a list, and keys are looked for in all.
    const error = make(...['a', 'b', 'c', 'd'].map(text => Object.assign([text], { replace: () => text })).slice(0, make.length))
    t.equal(error.code, name, `${name} is the code of its own error`)
    // The one whose status is its caller's choice.
    if (name === 'fault_injected') return [code(name), '400 to 599', '`api_error` for 429 and from 500 on, `card_error` for 402, else `invalid_request_error`']
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
  const named = new Set([...readme.matchAll(/`((?:payment_intent|charge|checkout)(?:\.[a-z_]+)+)`/g)].map(([, type]) => type))
  t.same([...named].toSorted(), [...EVENT_TYPES].toSorted())
  t.end()
})

t.test('the README names no status that a PaymentIntent cannot have, and leaves out only those that DANA never reaches', t => {
  const named = table(readme, '| status | next |').flatMap(([statuses = '']) => [...statuses.matchAll(/`(\w+)`/g)].map(([, status]) => status))
  t.same(named.toSorted(), Object.keys(paymentIntentTransitions).filter(status => status !== 'requires_capture').toSorted())
  t.end()
})

t.test('the README\'s states of sessions and refunds are those of their transitions', t => {
  for (const [head, transitions] of [
    ['| session | `payment_status` | next |', checkoutSessionTransitions], ['| refund | next |', refundTransitions]
  ] as const) {
    const statuses = Object.keys(transitions)
    const written = table(readme, head).flatMap(cells => codes(cells[0]).map(status => [status, codes(cells.at(-1)).filter(word => statuses.includes(word))]))
    t.same(Object.fromEntries(written), Object.fromEntries(Object.entries(transitions).map(([status, next]) => [status, Object.values(next)])))
  }
  t.end()
})

t.test('the README\'s wallets are the rows of the fixture', t => {
  const amount = ({ minimum_amount: least, maximum_amount: most }: PaymentMethodRule): string => {
    const [from, to] = [least, most].map(bound => bound?.toLocaleString('en'))
    return from === undefined ? to === undefined ? '–' : `at most ${to}` : to === undefined ? `at least ${from}` : `${from} to ${to}`
  }
  const refunds = ({ refund, partial_refund: partial, several_partial_refunds: several }: PaymentMethodRule): string => {
    switch (JSON.stringify([refund, partial, several])) {
      case '[true,true,false]': return 'one, full or partial'
      case '[false,false,false]': return 'none'
      case '[null,null,null]': return '–'
      default: return 'has to be put into words'
    }
  }
  const [first] = testCustomers
  t.same(table(readme, '| method | name | currency | amount | refunds | `next_action.type` | a number that pays |'), rules.names.map(name => {
    const rule = rules.get(name, 'method')
    return [code(name), rule.name, rule.currency, amount(rule), refunds(rule), code(rule.next_action), code(first === undefined ? '' : testNumber(first, rule.phone))]
  }))
  t.equal(first?.outcome, 'pay')
  t.end()
})

t.test('the README\'s calls are those of the two OpenAPI documents, and exist', async t => {
  const { app } = await startSandbox(t)
  const written = table(readme, '| call | does |').flatMap(([cell]) => {
    let methods: string[] = []
    return codes(cell).join(' ').split(' ').flatMap(word => {
      if (!word.startsWith('/')) {
        methods.push(word)
        return []
      }
      const calls = methods.map(method => `${method} ${word}`)
      methods = []
      return calls
    })
  })
  const documented = ['openapi/wooshpay.json', 'openapi/sandbox.json'].flatMap(file => Object.entries(pathsOf(file)))
    .flatMap(([path, operations]) => Object.keys(operations).map(method => `${method.toUpperCase()} ${path}`))
  t.same(written.toSorted(), [...documented, ...HIDDEN_CALLS].toSorted())
  for (const call of written) {
    const [method = '', path = ''] = call.split(' ')
    t.ok(app.hasRoute({ method, url: path.replace(/\{(\w+)\}/g, ':$1') }), call)
  }
})

t.test('the README\'s effects of faults are all that there are', t => {
  for (const [head, effects] of [['| effect on a call | what happens |', CALL_EFFECTS], ['| effect on a webhook | what happens |', WEBHOOK_EFFECTS]] as const) {
    t.same(table(readme, head).map(([name]) => name), effects.map(code))
  }
  t.end()
})

t.test('the README\'s scenarios are those that ship', t => {
  const files = readdirSync(join(root, 'fixtures/scenarios')).map(file => code(file.replace(/\.json$/, '')))
  t.same(table(readme, '| scenario | leaves |').map(([name]) => name), files.toSorted())
  t.end()
})

t.test('the README\'s groups of coverage are those of the report', async t => {
  const { call } = await startSandbox(t)
  const { body: { groups } } = await call('GET', '/_sandbox/coverage')
  const line = inTests.split('\n').find(text => text.startsWith('- Situations stand in groups: '))
  t.same(codes(line), groups.map(({ name }: { name: string }) => name))
})

t.test('the README\'s filters of lists are those of the OpenAPI document', t => {
  const paging = ['limit', 'starting_after', 'ending_before', 'created']
  const written = table(readme, '| list | filters |').flatMap(([lists, filters]) => codes(lists).map(list => [list, codes(filters).filter(name => name !== 'created')]))
  const documented = Object.entries(paths).flatMap(([path, { get }]): Array<[string, string[]]> => {
    const query = get?.parameters?.filter(parameter => parameter.in === 'query') ?? []
    if (!query.some(({ name }) => name === 'ending_before')) return []
    const filters = query.filter(({ name }) => !paging.includes(name)).flatMap(({ name, schema: { properties } }) =>
      properties === undefined ? [name] : Object.keys(properties).map(inner => `${name}[${inner}]`))
    return filters.length === 0 ? [] : [[path, filters.toSorted()]]
  })
  t.same(Object.fromEntries(written.map(([list, filters]) => [list, [...filters ?? []].toSorted()])), Object.fromEntries(documented))
  t.end()
})

t.test('the README names every data-testid of the wallet\'s pages, and no other', async t => {
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
  const written = table(readme, '| `data-testid` | where | what |').flatMap(([name]) => codes(name))
  t.same([...new Set(shown.map(name => name.replace(/^outcome-.*/, 'outcome-<name>')))].toSorted(), written.toSorted())
  t.same(new Set(shown.filter(name => name.startsWith('outcome-'))), new Set(Object.keys(OUTCOMES).map(name => `outcome-${name}`)))
})

t.test('the README names every data-testid of the checkout page, and no other', async t => {
  const sandbox = await startSandbox(t)
  const { body: session } = await sandbox.call('POST', '/v1/checkout/sessions', {
    success_url: 'https://shop.test/done',
    cancel_url: 'https://shop.test/basket',
    line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product_data: { name: 'apple' } }, quantity: 1 }]
  })
  const customer = newCustomer()
  const open = await customer.open(session.url)
  await customer.press('pay', { method: 'dana' })
  await customer.press('outcome-account-blocked')
  const failed = await customer.press('back-to-merchant')
  await customer.press('pay', { method: 'dana' })
  await customer.press('outcome-pay')
  const complete = await customer.open(session.url)
  const shownOn = (page: string): string[] => [...page.matchAll(/data-testid="([^"]+)"/g)].map(([, name = '']) => name)
  t.same(new Set(shownOn(open).filter(name => name.startsWith('method-'))), new Set(['method-dana', 'method-ovo', 'method-bank_transfer_id']))
  const shown = [open, failed, complete].flatMap(shownOn).map(name => name.replace(/^method-.*/, 'method-<method>'))
  const written = table(readme, '| `data-testid` | when | what |').flatMap(([name]) => codes(name))
  t.same([...new Set(shown)].toSorted(), written.toSorted())
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

t.test('the README\'s checkout gets an answer with the keys that it shows, among others', async t => {
  const sandbox = await startSandbox(t)
  const request = /-d '(\{"mode".*?\})'/.exec(blocks(readme, 'sh').join('\n'))?.[1]
  const { status, body } = await sandbox.call('POST', '/v1/checkout/sessions', request)
  t.equal(status, 200)
  const shown = JSON.parse(blocks(readme, 'json').find(block => block.includes('"checkout.session"')) ?? '{}') as Record<string, unknown>
  t.same(Object.keys(body).filter(key => Object.hasOwn(shown, key)), Object.keys(shown), 'in the same order')
  for (const key of ['object', 'status', 'payment_method_types', 'payment_status', 'amount_total']) t.same(body[key], shown[key], `${key} is as shown`)
})

t.test('the README\'s calls work when they are pasted', { skip: !hasCurl && 'there is no curl' }, async t => {
  const sandbox = await startSandbox(t)
  // Not those with an id of the reader's own; the walk through the wallet and the section on tests have tests of their own.
  const pasted = blocks(readme.replace(inTests, ''), 'sh').filter(block => block.includes('curl ') && !block.includes('…') && !/\$url(?:\/| -H)/.test(block))
  t.ok(pasted.length >= 10, 'the calls are found')
  await run(pasted.join('\n').replaceAll('http://127.0.0.1:6262', sandbox.url))
  const key = 'sk_test_sandbox'
  const { body: sessions } = await sandbox.call('GET', '/v1/checkout/sessions', undefined, { key })
  t.ok(sessions.data.some((session: { status: string, payment_status: string }) => session.status === 'complete' && session.payment_status === 'paid'), 'a checkout is paid')
  const { body: refunds } = await sandbox.call('GET', '/v1/refunds', undefined, { key })
  t.match(refunds.data, [{ amount: 5000, status: 'succeeded' }])
})

t.test('the README\'s calls for tests work when they are pasted, and do what they promise', { skip: !hasCurl && 'there is no curl' }, async t => {
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  // The stream has no end.
  const pasted = blocks(inTests, 'sh').filter(block => !block.includes('curl -N'))
  t.ok(pasted.length >= 13, 'the calls are found')
  await run(pasted.join('\n').replaceAll('http://127.0.0.1:6262', sandbox.url).replaceAll('http://localhost:3000/webhooks', receiver.url))

  const called = blocks(inTests, 'sh').join('\n')
  for (const path of Object.keys(pathsOf('openapi/sandbox.json'))) {
    const [, name = ''] = /^\/_sandbox\/(\w+)/.exec(path) ?? []
    if (!['health', 'refunds'].includes(name)) t.match(called, `/_sandbox/${name}`, `${name} is shown`)
  }
  const key = 'sk_test_sandbox'
  const { body: { groups } } = await sandbox.call('GET', '/_sandbox/coverage', undefined, { key })
  const reached = groups.flatMap((group: { name: string, reached: string[] }) => group.reached.map(point => `${group.name}/${point}`))
  t.ok(reached.includes('outcomes/pay'), 'the customer paid')
  t.ok(reached.includes('transitions/payment_intent: requires_action → requires_payment_method'), 'a payment lapsed')
  t.ok(reached.includes('deliveries/lost'), 'a webhook was lost')
  t.ok(receiver.types().includes('charge.refund.updated'), 'the sample event arrived')
  const lost = receiver.types().filter(type => type === 'payment_intent.created')
  t.ok(lost.length >= 2, 'a lost webhook arrived when it was resent')
  t.same((await sandbox.call('GET', '/v1/payment_intents', undefined, { key })).body.data, [], 'the reset left nothing')
  t.same((await sandbox.call('GET', '/_sandbox/faults', undefined, { key })).body.data, [])
  t.match((await sandbox.call('GET', '/_sandbox/account', undefined, { key })).body, { name: 'Apple Shop', switches: { REFUND_MODE: 'async', WEBHOOK_RETRIES: [200, 1000] } })
  t.equal((await sandbox.call('GET', '/v1/payment_intents?limit=100', undefined, { key: 'sk_test_month' })).body.data.length, 34)
})

t.test('the README\'s stream tells what changes, under the names that it lists', async t => {
  const sandbox = await startSandbox(t)
  const [, path = ''] = /curl -N http:\/\/127\.0\.0\.1:6262(\S+)/.exec(inTests) ?? []
  const answer = await fetch(`${sandbox.url}${path}`)
  t.match(answer.headers.get('content-type'), 'text/event-stream')
  const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' })
  let told = ''
  const decoder = new TextDecoder()
  for await (const part of answer.body ?? []) {
    told += decoder.decode(part as Uint8Array)
    if (told.includes('event: request\n')) break
  }
  const { id: account } = sandbox.account()
  t.match(told, `event: payment_intent\ndata: ${JSON.stringify({ id: intent.id, account, deleted: false })}`)
  const line = inTests.split('\n').find(text => text.startsWith('They are named '))
  for (const [, name = ''] of told.matchAll(/^event: (.*)$/gm)) t.ok(codes(line).includes(name), name)
})

t.test('the README\'s calls end a pending refund', { skip: !hasCurl && 'there is no curl' }, async t => {
  const sandbox = await startSandbox(t, { REFUND_MODE: 'async' })
  const lines = blocks(readme, 'sh').find(block => block.includes('re_…'))?.trim().split('\n') ?? []
  t.equal(lines.length, 2)
  for (const line of lines) {
    const { body: intent } = await sandbox.call('POST', '/v1/payment_intents', {
      amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://shop.test'
    })
    await fetch(`${intent.next_action.dana_handle_redirect.url}/outcome`, { method: 'POST', body: new URLSearchParams({ outcome: 'pay' }), redirect: 'manual' })
    const { body: refund } = await sandbox.call('POST', '/v1/refunds', { payment_intent: intent.id })
    await run(line.replaceAll('http://127.0.0.1:6262', sandbox.url).replace('re_…', refund.id))
    const { body: ended } = await sandbox.call('GET', `/v1/refunds/${refund.id}`)
    t.match(ended, line.includes('/settle') ? { status: 'succeeded' } : { status: 'failed', failure_reason: 'unknown' })
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

t.test('CONTRIBUTING gives a reason for every package that src imports, bundled or installed beside, and for no other', t => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  // Static and dynamic imports, and what is exported from elsewhere; types never ship.
  const specifiers = files.flatMap(file => [...read(`src/${file}`)
    .matchAll(/(?:^(?:import(?! type\b)|export [*{])[^']*?|(?<!typeof )\bimport\()'([^'.][^']*)'/gm)].map(([, specifier = '']) => specifier))
  const imported = new Set(specifiers.filter(name => !name.startsWith('node:')).map(name => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]))
  const named = table(contributing, '| package | why |').map(([name = '']) => name.slice(1, -1))
  t.strictSame(named, [...imported].toSorted())
  const installed = Object.keys(manifest.dependencies)
  t.strictSame(installed.filter(name => !named.includes(name)), [], 'nothing is installed without a reason')
  const [, beside = ''] = /^Installed beside the bundle: (.*)\.$/m.exec(contributing) ?? []
  t.equal(beside, installed.map(name => `\`${name}\``).join(' and '))
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

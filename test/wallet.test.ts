import { readFileSync } from 'node:fs'
import t from 'tap'
import { html } from '../src/html/html.ts'
import { LANGUAGES, languageOf } from '../src/html/language.ts'
import { customerOf, normalizePhone, PIN, SMS_CODE, testCustomers, testNumber } from '../src/wallet/customers.ts'
import { isOutcomeName, OUTCOME_NAMES, OUTCOMES, type Ending, type OutcomeName } from '../src/wallet/outcomes.ts'
import { TEXTS } from '../src/wallet/texts.ts'
import { enter as enterWith, newVisit, remembering, STEPS, type Entry, type Step, type Visit } from '../src/wallet/visit.ts'
import { readPaymentMethodRules } from '../src/wooshpay/payment-methods/rules.ts'

const rules = readPaymentMethodRules()
const { phone: NUMBERS } = rules.get('dana', 'method')
const enter = (visit: Visit, entry: Entry): Visit => enterWith(visit, entry, { numbers: NUMBERS })

t.test('a phone number is read in every usual form and kept in its international one', async t => {
  const rows: Array<[string, string | undefined]> = [
    ['081200000001', '+6281200000001'],
    ['+6281200000001', '+6281200000001'],
    ['6281200000001', '+6281200000001'],
    ['0812-0000-0001', '+6281200000001'],
    ['+62 812 0000 0001', '+6281200000001'],
    ['(0812) 0000.0001', '+6281200000001'],
    ['  081200000001\t', '+6281200000001'],
    ['08120000', undefined],
    ['081200000', '+6281200000'],
    ['0812000000012', '+62812000000012'],
    ['08120000000123', undefined],
    ['81200000001', undefined],
    ['021200000001', undefined],
    ['+62081200000001', undefined],
    ['+65812000000', undefined],
    ['++6281200000001', undefined],
    ['0812 0000 000a', undefined],
    ['081200000001;', undefined],
    ['٠٨١٢٠٠٠٠٠٠٠١', undefined],
    ['', undefined],
    ['+', undefined]
  ]
  for (const [given, normal] of rows) t.equal(normalizePhone(given, NUMBERS), normal, JSON.stringify(given))
})

t.test('the end of a number says which customer it is; any other is one who pays and has enough', async t => {
  const rows: Array<[string, OutcomeName, string]> = [
    ['+6281200000001', 'pay', '0001'],
    ['+6281200000002', 'insufficient-balance', '0002'],
    ['+6285777770002', 'insufficient-balance', '0002'],
    ['+6281200000003', 'account-blocked', '0003'],
    ['+6281200000004', 'otp', '0004'],
    ['+6281200000005', 'pay-later', '0005'],
    ['+6281200000006', 'fail-later', '0006'],
    ['+6281200000007', 'pay-and-close', '0007'],
    ['+6281200000008', 'wallet-down', '0008'],
    ['+6281200000009', 'limit-exceeded', '0009'],
    ['+6281200000010', 'pay', '0001'],
    ['+6281234567890', 'pay', '0001'],
    ['+6281200002000', 'pay', '0001']
  ]
  for (const [phone, outcome, end] of rows) {
    const customer = customerOf(phone)
    t.equal(customer.outcome, outcome, phone)
    t.equal(customer.ends_with, end)
    t.ok(outcome === 'insufficient-balance' ? customer.balance < 100 : customer.balance >= 300000000, `${phone} has ${customer.balance}`)
  }
})

t.test('the fixture of wallets says what the code does', async t => {
  const fixture: unknown = JSON.parse(readFileSync(new URL('../fixtures/wallets.json', import.meta.url), 'utf8'))
  t.same(fixture, testCustomers)
  t.same(testCustomers.map(({ ends_with: end, outcome }) => [end, outcome]), [
    ['0001', 'pay'],
    ['0002', 'insufficient-balance'],
    ['0003', 'account-blocked'],
    ['0004', 'otp'],
    ['0005', 'pay-later'],
    ['0006', 'fail-later'],
    ['0007', 'pay-and-close'],
    ['0008', 'wallet-down'],
    ['0009', 'limit-exceeded']
  ])
  for (const customer of testCustomers) {
    const { ends_with: end, name, outcome } = customer
    t.ok(isOutcomeName(outcome), `${outcome} is an outcome`)
    for (const method of rules.names) {
      const { phone: numbers } = rules.get(method, 'method')
      const phone = testNumber(customer, numbers)
      t.ok(phone.endsWith(end), `${phone} ends in ${end}`)
      t.match(normalizePhone(phone, numbers), new RegExp(`^\\+${numbers.country_code}\\d+$`), `and can be typed in at ${method}`)
    }
    t.ok(name.length > 0)
  }
  t.equal(new Set(testCustomers.map(({ name }) => name)).size, 9, 'each has a name of their own')
})

t.test('every outcome ends as the contract says, with its exact codes', async t => {
  interface Expected { kind: 'paid' | 'failed' | 'processing', codes?: [string, string?], delayMs?: number, back: Ending['back'], webhook?: Ending['webhook'] }
  const rows: Record<OutcomeName, Expected> = {
    pay: { kind: 'paid', back: 'page' },
    'insufficient-balance': { kind: 'failed', codes: ['payment_method_declined', 'insufficient_funds'], back: 'page' },
    'account-blocked': { kind: 'failed', codes: ['payment_method_declined', 'account_blocked'], back: 'page' },
    otp: { kind: 'paid', back: 'page' },
    'pay-later': { kind: 'processing', delayMs: 5000, back: 'at-once' },
    'fail-later': { kind: 'processing', delayMs: 5000, codes: ['payment_method_declined', 'generic_decline'], back: 'at-once' },
    'pay-and-close': { kind: 'paid', back: 'never' },
    'wallet-down': { kind: 'failed', codes: ['processing_error'], back: 'page' },
    'limit-exceeded': { kind: 'failed', codes: ['payment_method_declined', 'transaction_limit_exceeded'], back: 'page' },
    'wrong-pin': { kind: 'failed', codes: ['payment_method_declined', 'pin_attempts_exceeded'], back: 'page' },
    cancel: { kind: 'failed', codes: ['payment_method_canceled'], back: 'page' },
    lapse: { kind: 'failed', codes: ['payment_method_expired'], back: 'page' },
    'webhook-first': { kind: 'paid', back: 'page', webhook: { first: true } },
    'return-first': { kind: 'paid', back: 'at-once', webhook: { delayMs: 3000 } }
  }
  t.same(OUTCOME_NAMES, Object.keys(rows))
  for (const name of OUTCOME_NAMES) {
    const { outcome, back, webhook }: Ending = OUTCOMES[name]
    const expected = rows[name]
    t.equal(outcome.kind, expected.kind, name)
    t.equal(back, expected.back)
    t.strictSame(webhook, expected.webhook)
    t.equal('delayMs' in outcome ? outcome.delayMs : undefined, expected.delayMs)
    const failure = 'failure' in outcome ? outcome.failure : undefined
    t.strictSame(failure && [failure.code, failure.decline_code], expected.codes && [expected.codes[0], expected.codes[1]])
    if (failure !== undefined) t.match(failure.message, /^[A-Z].+\.$/, 'it says why in a sentence')
  }
})

t.test('only the names of outcomes are outcomes', async t => {
  for (const name of OUTCOME_NAMES) t.ok(isOutcomeName(name), name)
  for (const name of ['', 'PAY', 'pay ', 'toString', '__proto__', undefined, null, 1, ['pay']]) t.notOk(isOutcomeName(name), String(name))
})

t.test('a visit', async t => {
  t.test('remembers the last 200 entries, so that its record does not grow for ever', async t => {
    let visit = newVisit('pi_1', 1)
    for (let at = 1; at <= 3000; at++) {
      const entry: Entry = { kind: 'phone', phone: 'nonsense' }
      visit = remembering(visit, enter(visit, entry), entry, { at })
    }
    t.equal(visit.history?.length, 200)
    t.same([visit.history?.[0], visit.history?.at(-1)], [{ at: 2801, entry: 'phone', isWrong: true }, { at: 3000, entry: 'phone', isWrong: true }])
    t.ok(JSON.stringify(visit).length < 20_000)
  })

  const SITI = { id: 'pi_1', attempt: 2, wrong_pins: 0, phone: '+6281200000001' }
  const VISITS: Record<Step, Visit> = {
    phone: { id: 'pi_1', attempt: 2, wrong_pins: 0, step: 'phone', notice: 'phone' },
    pin: { ...SITI, step: 'pin', wrong_pins: 1, notice: 'pin' },
    otp: { ...SITI, step: 'otp', phone: '+6281200000004', notice: 'otp' },
    summary: { ...SITI, step: 'summary' }
  }

  t.test('begins with the phone number', async t => {
    t.strictSame(newVisit('pi_1', 2), { id: 'pi_1', attempt: 2, step: 'phone', wrong_pins: 0 })
  })

  t.test('goes on by the entry that its step asks for; any other entry changes nothing', async t => {
    t.same(STEPS, ['phone', 'pin', 'otp', 'summary'])
    const entries = {
      phone: { kind: 'phone', phone: '0812-0000-0001' },
      'no phone': { kind: 'phone', phone: '12' },
      pin: { kind: 'pin', pin: '123456' },
      'wrong pin': { kind: 'pin', pin: '000000' },
      otp: { kind: 'otp', otp: '888888' },
      'wrong otp': { kind: 'otp', otp: '123456' },
      pay: { kind: 'pay' },
      cancel: { kind: 'cancel' },
      'outcome pay': { kind: 'outcome', outcome: 'pay' },
      'outcome lapse': { kind: 'outcome', outcome: 'lapse' },
      'outcome otp': { kind: 'outcome', outcome: 'otp' }
    } as const satisfies Record<string, Entry>
    const nothing = 'nothing'
    const bare = { id: 'pi_1', attempt: 2, wrong_pins: 0 }
    const rows: Record<Step, Record<keyof typeof entries, Visit | typeof nothing>> = {
      phone: {
        phone: { ...bare, phone: '+6281200000001', step: 'pin' },
        'no phone': { ...bare, step: 'phone', notice: 'phone' },
        pin: nothing,
        'wrong pin': nothing,
        otp: nothing,
        'wrong otp': nothing,
        pay: nothing,
        cancel: { ...bare, step: 'phone', ended: 'cancel' },
        'outcome pay': { ...bare, step: 'phone', ended: 'pay' },
        'outcome lapse': { ...bare, step: 'phone', ended: 'lapse' },
        'outcome otp': { ...bare, step: 'otp', chosen: 'otp', phone: '+6281200000004' }
      },
      pin: {
        phone: nothing,
        'no phone': nothing,
        pin: { ...SITI, wrong_pins: 1, step: 'summary' },
        'wrong pin': { ...SITI, wrong_pins: 2, step: 'pin', notice: 'pin' },
        otp: nothing,
        'wrong otp': nothing,
        pay: nothing,
        cancel: { ...SITI, wrong_pins: 1, step: 'pin', ended: 'cancel' },
        'outcome pay': { ...SITI, wrong_pins: 1, step: 'pin', ended: 'pay' },
        'outcome lapse': { ...SITI, wrong_pins: 1, step: 'pin', ended: 'lapse' },
        'outcome otp': { ...SITI, wrong_pins: 1, step: 'otp', chosen: 'otp' }
      },
      otp: {
        phone: nothing,
        'no phone': nothing,
        pin: nothing,
        'wrong pin': nothing,
        otp: { ...bare, phone: '+6281200000004', step: 'summary' },
        'wrong otp': { ...bare, phone: '+6281200000004', step: 'otp', notice: 'otp' },
        pay: nothing,
        cancel: { ...bare, phone: '+6281200000004', step: 'otp', ended: 'cancel' },
        'outcome pay': { ...bare, phone: '+6281200000004', step: 'otp', ended: 'pay' },
        'outcome lapse': { ...bare, phone: '+6281200000004', step: 'otp', ended: 'lapse' },
        'outcome otp': { ...bare, phone: '+6281200000004', step: 'otp', chosen: 'otp' }
      },
      summary: {
        phone: nothing,
        'no phone': nothing,
        pin: nothing,
        'wrong pin': nothing,
        otp: nothing,
        'wrong otp': nothing,
        pay: { ...SITI, step: 'summary', ended: 'pay' },
        cancel: { ...SITI, step: 'summary', ended: 'cancel' },
        'outcome pay': { ...SITI, step: 'summary', ended: 'pay' },
        'outcome lapse': { ...SITI, step: 'summary', ended: 'lapse' },
        'outcome otp': { ...SITI, step: 'otp', chosen: 'otp' }
      }
    }
    for (const step of STEPS) {
      for (const name of Object.keys(entries) as Array<keyof typeof entries>) {
        const before = VISITS[step]
        const expected = rows[step][name]
        t.strictSame(enter(before, entries[name]), expected === nothing ? before : expected, `${step} × ${name}`)
      }
    }
  })

  t.test('takes the exact PIN and code only', async t => {
    for (const pin of ['', '12345', '1234567', ' 123456', '123456 ', '888888']) {
      t.equal(enter({ ...SITI, step: 'pin' }, { kind: 'pin', pin }).notice, 'pin', JSON.stringify(pin))
    }
    for (const otp of ['', '88888', '8888888', '888888 ', '123456']) {
      t.equal(enter(VISITS.otp, { kind: 'otp', otp }).notice, 'otp', JSON.stringify(otp))
    }
  })

  t.test('ends at the third wrong PIN, and only at that', async t => {
    const wrong: Entry = { kind: 'pin', pin: '111111' }
    const first = enter({ ...SITI, step: 'pin' }, wrong)
    t.strictSame(first, { ...SITI, step: 'pin', wrong_pins: 1, notice: 'pin' })
    const second = enter(first, wrong)
    t.strictSame(second, { ...SITI, step: 'pin', wrong_pins: 2, notice: 'pin' })
    t.strictSame(enter(second, wrong), { ...SITI, step: 'pin', wrong_pins: 3, ended: 'wrong-pin' })
    t.strictSame(enter(second, { kind: 'pin', pin: '123456' }), { ...SITI, step: 'summary', wrong_pins: 2 })
  })

  t.test('lets a customer who mistyped the code try again without end', async t => {
    let visit = VISITS.otp
    for (let wrong = 0; wrong < 10; wrong++) visit = enter(visit, { kind: 'otp', otp: '000000' })
    t.equal(visit.ended, undefined)
    t.equal(enter(visit, { kind: 'otp', otp: '888888' }).step, 'summary')
  })

  t.test('of each test number walks its steps and ends as the number says', async t => {
    const rows: Array<[string, Step[], OutcomeName]> = [
      ['081200000001', ['pin', 'summary'], 'pay'],
      ['081200000002', ['pin', 'summary'], 'insufficient-balance'],
      ['081200000003', ['pin', 'summary'], 'account-blocked'],
      ['081200000004', ['pin', 'otp', 'summary'], 'otp'],
      ['081200000005', ['pin', 'summary'], 'pay-later'],
      ['081200000006', ['pin', 'summary'], 'fail-later'],
      ['081200000007', ['pin', 'summary'], 'pay-and-close'],
      ['081200000008', ['pin', 'summary'], 'wallet-down'],
      ['081200000009', ['pin', 'summary'], 'limit-exceeded'],
      ['081234567890', ['pin', 'summary'], 'pay']
    ]
    for (const [phone, steps, outcome] of rows) {
      const answers: Record<Step, Entry> = {
        phone: { kind: 'phone', phone }, pin: { kind: 'pin', pin: '123456' }, otp: { kind: 'otp', otp: '888888' }, summary: { kind: 'pay' }
      }
      let visit = enter(newVisit('pi_1', 1), answers.phone)
      const walked: Step[] = []
      while (visit.ended === undefined && walked.length < 9) {
        walked.push(visit.step)
        visit = enter(visit, answers[visit.step])
      }
      t.same(walked, steps, phone)
      t.equal(visit.ended, outcome)
    }
  })

  t.test('ends by every button of the strip at every step, but for the code that is asked first', async t => {
    for (const step of STEPS) {
      for (const outcome of OUTCOME_NAMES.filter(name => name !== 'otp')) {
        const visit = enter({ ...SITI, phone: '+6281200000002', step }, { kind: 'outcome', outcome })
        t.strictSame(visit, { ...SITI, phone: '+6281200000002', step, ended: outcome }, `${step} × ${outcome}`)
      }
    }
    const chosen = enter({ ...SITI, phone: '+6281200000002', step: 'pin' }, { kind: 'outcome', outcome: 'otp' })
    const summary = enter(chosen, { kind: 'otp', otp: '888888' })
    t.equal(enter(summary, { kind: 'pay' }).ended, 'otp', 'which then goes before what the number says')
  })
})

t.test('the language is the one asked for, else the browser\'s first that there is, else English', async t => {
  const rows: Array<[asked: unknown, header: string | undefined, language: string]> = [
    [undefined, undefined, 'en'],
    [undefined, '', 'en'],
    [undefined, 'id', 'id'],
    [undefined, 'id-ID,id;q=0.9,en;q=0.8', 'id'],
    [undefined, 'ID-id', 'id'],
    [undefined, 'en-US,en;q=0.9,id;q=0.8', 'en'],
    [undefined, 'en;q=0.2, id;q=0.7', 'id'],
    [undefined, 'en;q=0.5, id; q=0.7', 'id'],
    [undefined, 'fr,de;q=0.9,id;q=0.1', 'id'],
    [undefined, 'fr-FR', 'en'],
    [undefined, '*', 'en'],
    [undefined, 'id;q=0', 'en'],
    [undefined, 'id;q=0,en;q=0.1', 'en'],
    [undefined, 'id;q=many,en;q=0.1', 'en'],
    [undefined, ',;,;q=', 'en'],
    ['id', 'en', 'id'],
    ['en', 'id', 'en'],
    ['fr', 'id', 'id'],
    ['', 'id', 'id'],
    [['id', 'en'], 'en', 'en'],
    ['__proto__', undefined, 'en']
  ]
  for (const [asked, header, language] of rows) t.equal(languageOf(asked, header), language, `${String(asked)}, ${header}`)
})

t.test('both languages say everything, and what they say of PIN, code and numbers holds', async t => {
  t.same(LANGUAGES, ['en', 'id'])
  t.same(Object.keys(TEXTS.id), Object.keys(TEXTS.en))
  t.same(Object.keys(TEXTS.id.results), Object.keys(TEXTS.en.results))
  t.same(Object.keys(TEXTS.en.results).toSorted(), [
    'account_blocked', 'cancelled', 'declined', 'insufficient_funds', 'lapsed', 'paid', 'pin_attempts_exceeded', 'processing',
    'transaction_limit_exceeded', 'waiting', 'wallet-down', 'withdrawn'
  ])
  for (const language of LANGUAGES) {
    const texts = TEXTS[language]
    const said = [...Object.entries(texts), ...Object.entries(texts.results)].filter(([name]) => name !== 'results')
    for (const [name, value] of said) {
      const words: unknown = typeof value === 'function' ? (value as (...details: unknown[]) => string)(2, 3) : value
      t.ok(typeof words === 'string' && words.trim() !== '', `${language}: ${name}`)
    }
    t.equal(new Set(Object.values(texts.results)).size, 12, 'every result has words of its own')
    t.match(texts.wrongPin(2), '2')
    t.match(texts.pinHint, PIN)
    t.match(texts.otpHint, SMS_CODE)
    t.match(texts.phoneHint('0812', '+62812'), /0812 .* \+62812/)
  }
})

t.test('values in HTML are text wherever they stand, unless the tag itself made them', async t => {
  const evil = '<script>"\'&</script>'
  const safe = '&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;'
  const rows: Array<[{ toString: () => string }, string]> = [
    [html`${evil}`, safe],
    [html`<p>${evil}</p>`, `<p>${safe}</p>`],
    [html`${evil}<br>${evil}`, `${safe}<br>${safe}`],
    [html`<a title="${evil}">`, `<a title="${safe}">`],
    [html`<a title='${evil}'>`, `<a title='${safe}'>`],
    [html`<textarea>${'</textarea><b>'}</textarea>`, '<textarea>&lt;/textarea&gt;&lt;b&gt;</textarea>'],
    [html`<title>${'</title>'}</title>`, '<title>&lt;/title&gt;</title>'],
    [html`<!-- ${'--><b>'} -->`, '<!-- --&gt;&lt;b&gt; -->'],
    [html`<p>${html`<b>${evil}</b>`}</p>`, `<p><b>${safe}</b></p>`],
    [html`<ul>${[evil, html`<li>${evil}</li>`, [evil]]}</ul>`, `<ul>${safe}<li>${safe}</li>${safe}</ul>`],
    [html`${'&lt;'}`, '&amp;lt;'],
    [html`${0}${-1.5}`, '0-1.5'],
    [html`a${false}b${undefined}c${''}d${[]}e`, 'abcde'],
    [html`plain <b>`, 'plain <b>']
  ]
  for (const [made, expected] of rows) t.equal(made.toString(), expected)

  // What the type refuses could still come from a cast body: only the tag's own work is trusted.
  const forged = { toString: () => '<b>' } as unknown as string
  t.equal(html`${forged}`.toString(), '&lt;b&gt;')
})

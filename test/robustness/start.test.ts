import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { verify } from '../support/documented-verifier.ts'
import { newFolder, run, start, type Settings } from '../support/process.ts'
import { startReceiver } from '../support/receiver.ts'
import { call, DOCUMENTED_REQUEST } from '../support/sandbox.ts'

t.test('the greeting says where it is, which key to use and how to make a payment', async t => {
  const folder = newFolder(t)
  const sandbox = await start(t, folder)
  t.match(sandbox.greeting, /^\nwooshpay-sandbox listens on http:\/\/127\.0\.0\.1:\d+\n/)
  t.match(sandbox.greeting, /\n {2}Secret key {7}sk_test_sandbox\n/)
  t.match(sandbox.greeting, /\n {2}Publishable key {2}pk_test_[0-9A-Za-z]{24}\n/)
  t.match(sandbox.greeting, /\n {2}State {12}\.\/data\/sandbox\.json\n/)
  const [, address = '', key = '', body = ''] = /curl (\S+) -u (\S+): -H 'Content-Type: application\/json' \\\n +-d '(.+)'\n/.exec(sandbox.greeting) ?? []
  const { pathname, origin } = new URL(address)
  const answer = await call(origin, 'POST', pathname, body, { key })
  t.equal(answer.body.status, 'requires_action', 'the curl line makes a payment')
  t.equal(await sandbox.end('SIGTERM'), 0)
})

t.test('it serves https with a certificate and its key, and sends customers there', async t => {
  const tls = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url))
  const sandbox = await start(t, newFolder(t), { flags: ['--tls-cert', tls('cert'), '--tls-key', tls('key')] })
  t.match(sandbox.url, /^https:/)
  const call = request(`${sandbox.url}/v1/payment_intents`, {
    method: 'POST',
    auth: 'sk_test_sandbox:',
    headers: { 'content-type': 'application/json' },
    ca: readFileSync(tls('cert'))
  }).end(DOCUMENTED_REQUEST)
  const [response] = await once(call, 'response') as [IncomingMessage]
  const intent = await json(response) as { next_action: { dana_handle_redirect: { url: string } } }
  t.ok(intent.next_action.dana_handle_redirect.url.startsWith(`${sandbox.url}/v1/receives/dana/pay/`))
  t.equal(await sandbox.end('SIGTERM'), 0)
})

t.test('a setting that is true or false takes its value in every form', async t => {
  for (const [flags, status] of [
    [['--strict-parameters'], 400], [['--strict-parameters', 'true'], 400], [['--strict-parameters=true'], 400],
    [['--strict-parameters', '--seed', 'x'], 400], [['--strict-parameters', 'false'], 200], [['--strict-parameters=no'], 200]
  ] as const) {
    const sandbox = await start(t, newFolder(t), { flags: [...flags, '--data-file', ':memory:'] })
    t.equal((await call(sandbox.url, 'GET', '/v1/events?page=2')).status, status, flags.join(' '))
    await sandbox.end('SIGKILL')
  }
})

t.test('what is built works where it is loaded later: webhooks, places in broken JSON, codes for phones, documentation and what pages load', async t => {
  const receiver = await startReceiver(t)
  const sandbox = await start(t, newFolder(t), { flags: ['--data-file', ':memory:', '--webhook-url', receiver.url, '--webhook-secret', 'whsec_built', '--webhook-events', 'payment_intent.requires_action'] })
  const { body: intent } = await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
  const [webhook] = await receiver.waitFor(1)
  t.match(webhook?.event, { type: 'payment_intent.requires_action', data: { object: { id: intent.id } } })
  t.ok(verify(String(webhook?.headers['wooshpay-signature']), webhook?.raw ?? '', 'whsec_built'))

  const broken = await call(sandbox.url, 'POST', '/v1/payment_intents', '{\n  "amount": 100,\n  "currency": IDR\n}')
  t.equal(broken.status, 400)
  t.match(broken.body.error, { code: 'body_malformed', message: /InvalidSymbol at line 3, column 15/ })

  const get = async (path: string) => {
    const response = await fetch(new URL(path, sandbox.url))
    return { status: response.status, type: response.headers.get('content-type')?.split(';')[0], text: await response.text() }
  }
  /** What a page loads from the sandbox. */
  const loaded = async (path: string) => {
    const { text } = await get(path)
    const addresses = [...text.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"/g)].map(([, address = '']) => new URL(address, `${sandbox.url}${path}`))
    return await Promise.all(addresses.filter(({ protocol }) => protocol !== 'data:').map(async ({ pathname }) => {
      const { status, type, text } = await get(pathname)
      return [pathname, status, type, text.length > 0]
    }))
  }
  const { pathname } = new URL(intent.next_action.dana_handle_redirect.url)
  const page = await get(pathname)
  t.match(page, { status: 200, type: 'text/html', text: /<div class="phone-code" data-testid="qr">\s*<h2>[^<]+<\/h2>\s*<svg [^>]*>.*<path d="M/s })
  for (const path of [pathname, '/dashboard']) {
    t.same((await loaded(path)).sort(), [['/assets/sandbox.css', 200, 'text/css', true], ['/assets/sandbox.js', 200, 'text/javascript', true]], path)
  }
  for (const path of ['/docs', '/docs-sandbox']) {
    t.match(await get(path), { status: 200, type: 'text/html', text: /id="swagger-ui"/ }, path)
    const files = await loaded(`${path}/`)
    t.ok(files.length >= 4, `${path}: ${files.length} files`)
    t.same(files.filter(([, status, , isThere]) => status !== 200 || isThere !== true), [], path)
    t.ok(files.some(([name, , type]) => String(name).startsWith(`${path}/static/`) && type === 'application/javascript'), path)
    t.match((await get(`${path}/json`)).text, /^\{"openapi":"3/, path)
  }
  t.equal(await sandbox.end('SIGTERM'), 0)
})

t.test('a start that is refused says why in one line, ends with 2, and changes nothing', async t => {
  const busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  t.teardown(() => { busy.close() })
  const busyPort = (busy.address() as AddressInfo).port
  const lockedFolder = newFolder(t)
  const holder = await start(t, lockedFolder)
  const lockedFile = join(lockedFolder, 'data', 'sandbox.json')

  // Root may write everywhere, but in the kernel's own folder.
  const readOnly = process.getuid?.() === 0 ? '/sys/kernel' : newFolder(t)
  if (readOnly !== '/sys/kernel') chmodSync(readOnly, 0o555)

  const refusals: Array<[string, Settings, RegExp]> = [
    ['PORT=abc', { environment: { PORT: 'abc' } }, /^PORT is "abc"; allowed: an integer from 0 to 65535\.$/],
    ['--port 70000', { flags: ['--port', '70000'] }, /^PORT is "70000"; allowed: an integer from 0 to 65535\.$/],
    ['DURABILITY=maybe', { environment: { DURABILITY: 'maybe' } }, /^DURABILITY is "maybe"; allowed: process, disk\.$/],
    ['CLOCK=yesterday', { environment: { CLOCK: 'yesterday' } }, /^CLOCK is "yesterday"; allowed: a time from 2018-07-01T00:00:00\.000Z to .*ISO 8601 or epoch milliseconds\.$/],
    ['PUBLIC_URL=ftp://x', { environment: { PUBLIC_URL: 'ftp://x' } }, /^PUBLIC_URL is "ftp:\/\/x"; allowed: an http or https address without a path/],
    ['API_KEYS=sk_live_x', { environment: { API_KEYS: 'sk_live_x' } }, /^API_KEYS is "sk_live_…"; allowed: keys that start with sk_test_/],
    ['a TLS_CERT that is none', { flags: ['--tls-cert', 'mine.json', '--tls-key', 'mine.json'] }, /^TLS_CERT is "mine\.json" and TLS_KEY is "mine\.json", which are no certificate and its key in PEM: .+\.$/],
    ['a flag without a value', { flags: ['--port'] }, /^PORT has no value, as in --port=VALUE; allowed: an integer from 0 to 65535\.$/],
    ['a value that looks like a flag', { flags: ['--port', '-1'] }, /^PORT is "-1"; allowed: an integer from 0 to 65535\.$/],
    ...['two words', 'schlüssel', ' '].map((token): [string, Settings, RegExp] => [
      `SANDBOX_TOKEN=${token}`, { environment: { SANDBOX_TOKEN: token } },
      new RegExp(`^SANDBOX_TOKEN is "${token}"; allowed: letters, digits and punctuation, as a header can hold them\\.$`)
    ]),
    ['WEBHOOK_URL=nope', { environment: { WEBHOOK_URL: 'nope' } }, /^WEBHOOK_URL is "nope"; allowed: an http or https address/],
    ['TLS_CERT without TLS_KEY', { environment: { TLS_CERT: 'cert.pem' } }, /^TLS_CERT is "cert\.pem", but TLS_KEY is not set; https needs both\.$/],
    ['a busy port', { flags: ['--port', String(busyPort), '--data-file', ':memory:'] },
      new RegExp(`^PORT is ${busyPort}, which another process listens on \\(127\\.0\\.0\\.1\\); allowed: a free port, or 0\\.$`)],
    ['a DATA_FILE that is no data file', { flags: ['--data-file', 'mine.json'] }, /^\S*mine\.json, line 1: this is not a data file of wooshpay-sandbox\. Give DATA_FILE another path\.$/],
    ['a DATA_FILE with a broken line', { flags: ['--data-file', 'broken.json'] }, /^\S*broken\.json, line 3: .*JSON/],
    ['a DATA_FILE with a record of another kind', { flags: ['--data-file', 'other.json'] }, /^\S*other\.json, line 3: the record is none of payment_intents: .+\.$/],
    ['a DATA_FILE that is a folder', { flags: ['--data-file', '.'] }, /^.* is not a file; DATA_FILE has to name one, or :memory:\.$/],
    ['a DATA_FILE below a file', { flags: ['--data-file', 'mine.json/sandbox.json'] },
      /^DATA_FILE is "mine\.json\/sandbox\.json", whose folder cannot be used: .*; allowed: a path in a folder that can be written, or :memory:\.$/],
    ['a DATA_FILE in a folder that cannot be written', { flags: ['--data-file', join(readOnly, 'sandbox.json')] },
      /^DATA_FILE is "\S+", whose folder cannot be used: .*(?:EACCES|EPERM).*; allowed: a path in a folder that can be written, or :memory:\.$/],
    ['a DATA_FILE where the system lets nobody make a folder', { flags: ['--data-file', '/proc/none/such/sandbox.json'] },
      /^DATA_FILE is "\/proc\/none\/such\/sandbox\.json", whose folder cannot be used: (?:ENOENT|EROFS|EACCES|EPERM).*; allowed: a path in a folder that can be written, or :memory:\.$/],
    ['a DATA_FILE that another sandbox holds', { flags: ['--port', '0', '--data-file', lockedFile] },
      new RegExp(`^${lockedFile} is in use by process ${holder.child.pid}\\. Stop that process, or give this one another DATA_FILE\\.$`)]
  ]
  await Promise.all(Array.from({ length: 2 }, async () => {
    for (let next = refusals.shift(); next !== undefined; next = refusals.shift()) {
      const [what, settings, message] = next
      const folder = newFolder(t)
      const files = {
        'mine.json': '{"dear":"diary"}\n',
        'broken.json': '{"wooshpay_sandbox":1,"journal":1,"collections":{\n"events":[\noops\n]\n}}\n',
        'other.json': '{"wooshpay_sandbox":1,"journal":1,"collections":{\n"payment_intents":[\n["acct_1",{"id":"pi_1"}]\n]\n}}\n'
      }
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
      const child = run(t, folder, settings)
      const printed = { out: '', err: '' }
      child.stdout?.on('data', part => { printed.out += String(part) })
      child.stderr?.on('data', part => { printed.err += String(part) })
      const [code] = await once(child, 'close') as [number | null]
      t.equal(code, 2, what)
      t.equal(printed.out, '', `${what}: nothing else is printed`)
      t.match(printed.err, /^wooshpay-sandbox: [^\n]+\n$/, `${what}: one line`)
      t.match(printed.err.replace(/^wooshpay-sandbox: /, '').trimEnd(), message, what)
      const found = Object.fromEntries(readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]))
      t.same(found, files, `${what}: the files are as they were`)
    }
  }))
  t.equal(readdirSync(join(lockedFolder, 'data')).filter(name => name.includes('.lock-')).length, 1)
  t.equal(await holder.end('SIGTERM'), 0)
})

import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { newFolder, run, start, type Settings } from '../support/process.ts'
import { call } from '../support/sandbox.ts'

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

t.test('a start that is refused says why in one line, ends with 2, and changes nothing', async t => {
  const busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  t.teardown(() => { busy.close() })
  const busyPort = (busy.address() as AddressInfo).port
  const lockedFolder = newFolder(t)
  const holder = await start(t, lockedFolder)
  const lockedFile = join(lockedFolder, 'data', 'sandbox.json')

  const readOnly = newFolder(t)
  chmodSync(readOnly, 0o555)

  const refusals: Array<[string, Settings, RegExp]> = [
    ['PORT=abc', { environment: { PORT: 'abc' } }, /^PORT is "abc"; allowed: an integer from 0 to 65535\.$/],
    ['--port 70000', { flags: ['--port', '70000'] }, /^PORT is "70000"; allowed: an integer from 0 to 65535\.$/],
    ['DURABILITY=maybe', { environment: { DURABILITY: 'maybe' } }, /^DURABILITY is "maybe"; allowed: process, disk\.$/],
    ['CLOCK=yesterday', { environment: { CLOCK: 'yesterday' } }, /^CLOCK is "yesterday"; allowed: a time from 2018-07-01T00:00:00\.000Z to .*ISO 8601 or epoch milliseconds\.$/],
    ['PUBLIC_URL=ftp://x', { environment: { PUBLIC_URL: 'ftp://x' } }, /^PUBLIC_URL is "ftp:\/\/x"; allowed: an http or https address without a path/],
    ['API_KEYS=sk_live_x', { environment: { API_KEYS: 'sk_live_x' } }, /^API_KEYS is "sk_live_x"; allowed: keys that start with sk_test_/],
    ['WEBHOOK_URL=nope', { environment: { WEBHOOK_URL: 'nope' } }, /^WEBHOOK_URL is "nope"; allowed: an http or https address/],
    ['TLS_CERT without TLS_KEY', { environment: { TLS_CERT: 'cert.pem' } }, /^TLS_CERT is "cert\.pem", but TLS_KEY is not set; https needs both\.$/],
    ['a flag that does not exist', { flags: ['--prot', '1'] }, /--prot/],
    ['a command that does not exist', { flags: ['sevre'] }, /"sevre" is not a command; allowed: .*serve/],
    ['a busy port', { flags: ['--port', String(busyPort), '--data-file', ':memory:'] },
      new RegExp(`^PORT is ${busyPort}, which another process listens on \\(127\\.0\\.0\\.1\\); allowed: a free port, or 0\\.$`)],
    ['a DATA_FILE that is no data file', { flags: ['--data-file', 'mine.json'] }, /^\S*mine\.json, line 1: this is not a data file of wooshpay-sandbox\.$/],
    ['a DATA_FILE with a broken line', { flags: ['--data-file', 'broken.json'] }, /^\S*broken\.json, line 3: .*JSON/],
    ['a DATA_FILE that is a folder', { flags: ['--data-file', '.'] }, /^.* is not a file\.$/],
    ['a DATA_FILE below a file', { flags: ['--data-file', 'mine.json/sandbox.json'] },
      /^DATA_FILE is "mine\.json\/sandbox\.json", whose folder cannot be used: .*; allowed: a path in a folder that can be written, or :memory:\.$/],
    // Root may write everywhere, so it becomes nobody.
    ['a DATA_FILE in a folder that cannot be written', { flags: ['--data-file', join(readOnly, 'sandbox.json')], ...(process.getuid?.() === 0 && { uid: 65534 }) },
      /^DATA_FILE is "\S+", whose folder cannot be used: EACCES: permission denied, .*; allowed: a path in a folder that can be written, or :memory:\.$/],
    ['a DATA_FILE that another sandbox holds', { flags: ['--port', '0', '--data-file', lockedFile] },
      new RegExp(`^${lockedFile} is in use by process ${holder.child.pid}\\. Stop that process, or give this one another DATA_FILE\\.$`)]
  ]
  await Promise.all(Array.from({ length: 2 }, async () => {
    for (let next = refusals.shift(); next !== undefined; next = refusals.shift()) {
      const [what, settings, message] = next
      const folder = newFolder(t)
      const files = { 'mine.json': '{"dear":"diary"}\n', 'broken.json': '{"wooshpay_sandbox":1,"journal":1,"collections":{\n"events":[\noops\n]\n}}\n' }
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
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

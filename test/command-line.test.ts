import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { settingTable } from '../src/config.ts'
import { newFolder, run, start, type Settings } from './support/process.ts'
import { startReceiver } from './support/receiver.ts'
import { call, DOCUMENTED_REQUEST } from './support/sandbox.ts'

interface Ended { readonly code: number | null, readonly signal: string | null, readonly out: string, readonly err: string }

/** Runs a command line to its end. */
async function ended (t: Test, flags: readonly string[], settings: Settings & { folder?: string } = {}): Promise<Ended> {
  const child = run(t, settings.folder ?? newFolder(t), { ...settings, flags })
  const [out, err, [code, signal]] = await Promise.all([
    text(child.stdout as Readable), text(child.stderr as Readable), once(child, 'close') as Promise<[number | null, string | null]>
  ])
  return { code, signal, out, err }
}

/** A command for `exec` that runs a line of JavaScript, where `base` is the sandbox. */
const script = (line: string): string[] => ['--', process.execPath, '--input-type=module', '-e',
  `const base = process.env.WOOSHPAY_BASE_URL, headers = { authorization: 'Basic ' + btoa(process.env.WOOSHPAY_SECRET_KEY + ':'), 'content-type': 'application/json' }; ${line}`]

t.test('--help tells commands, examples, precedence and exit codes; that of a command tells its flags', async t => {
  const { code, out, err } = await ended(t, ['--help'])
  t.same([code, err], [0, ''])
  for (const word of ['serve', 'exec', 'wait', 'reset', 'openapi', '--version', 'Examples:', 'which goes before the default', 'Exit codes:']) t.ok(out.includes(word), word)
  t.same((await ended(t, ['-h'])).out, out)

  const { out: serve } = await ended(t, ['serve', '--help'])
  for (const name of Object.keys(settingTable)) t.match(serve, new RegExp(`\n  --${name.toLowerCase().replaceAll('_', '-')} [<[]value[>\\]] `), name)
  t.match(serve, /--port <value> +Port to listen on; 0 takes a free one \(6262\)/)
  const { out: exec } = await ended(t, ['exec', '--help'])
  t.match(exec, /--port <value> +Port to listen on; 0 takes a free one \(0\)/)
  t.match(exec, /WOOSHPAY_WEBHOOK_SECRET/)
})

t.test('--version tells that of package.json', async t => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  for (const flag of ['--version', '-v']) t.same(await ended(t, [flag]), { code: 0, signal: null, out: `${version}\n`, err: '' })
})

t.test('openapi prints the documents that ship', async t => {
  for (const [flags, file] of [[['openapi'], 'wooshpay'], [['openapi', 'wooshpay'], 'wooshpay'], [['openapi', 'sandbox'], 'sandbox']] as const) {
    const { code, out } = await ended(t, flags)
    t.equal(code, 0)
    t.ok(out === readFileSync(`openapi/${file}.json`, 'utf8'), flags.join(' '))
  }
})

t.test('what is asked in a wrong way is told in one line with what is near or allowed, and ends with 2', async t => {
  const refusals: Array<[string[], RegExp]> = [
    [['--prot', '1'], /^"--prot" is not a flag; did you mean --port\? allowed: --port, --host, .*--help\.$/],
    [['serve', '--data_file', 'x'], /^"--data_file" is not a flag; did you mean --data-file\? /],
    [['--xyzzy'], /^"--xyzzy" is not a flag; allowed: --port, /],
    [['wait', '--timeout', '5'], /^"--timeout" is not a flag; allowed: --wooshpay-base-url, --port, --host, --tls-cert, --wait-timeout-ms, --help\.$/],
    [['sevre'], /^"sevre" is not a command; did you mean serve\? allowed: serve, exec, wait, reset, openapi\.$/],
    [['start'], /^"start" is not a command; .*allowed: serve, exec, wait, reset, openapi\.$/],
    [['--port', '0', 'wait'], /^"wait" is too much; a command comes first, its flags after it\.$/],
    [['serve', 'now'], /^"now" is too much; allowed: flags, such as --port\.$/],
    [['reset', 'acct_1'], /^"acct_1" is too much; allowed: flags, such as --wooshpay-base-url\.$/],
    [['openapi', 'petstore'], /^"petstore" is not a document; allowed: wooshpay, sandbox\.$/],
    [['exec'], /^exec has no command to run; allowed: one after two dashes, as in wooshpay-sandbox exec -- npm test\.$/],
    [['exec', '--', 'no-such-program'], /^"no-such-program" cannot be run: .*ENOENT; allowed: a program of this machine, by its name or path\.$/],
    [['exec', '--', ''], /^The command of exec is ""; allowed: a program of this machine, by its name or path\.$/],
    [['wait', '--port', '0'], /^PORT is "0", which says not where the sandbox is; allowed: its port, or WOOSHPAY_BASE_URL\.$/],
    [['reset', '--tls-cert', 'none.pem'], /^TLS_CERT is "none\.pem", which cannot be read: ENOENT.*\.$/],
    [['exec', '--port', 'x', '--', 'true'], /^PORT is "x"; allowed: an integer from 0 to 65535\.$/],
    [['wait', '--wait-timeout-ms', 'long'], /^WAIT_TIMEOUT_MS is "long"; allowed: an integer from 0 to 600000\.$/],
    [['wait', '--wooshpay-base-url', 'http://localhost/v1'], /^WOOSHPAY_BASE_URL is "http:\/\/localhost\/v1"; allowed: an http or https address without a path/],
    [['reset', '--wooshpay-secret-key', 'sk_live_0123456789abcdef'], /^WOOSHPAY_SECRET_KEY is "sk_live_…cdef"; allowed: keys that start with sk_test_\.$/]
  ]
  for (const [flags, message] of refusals) {
    const { code, out, err } = await ended(t, flags)
    t.same([code, out], [2, ''], flags.join(' '))
    t.match(err, /^wooshpay-sandbox: [^\n]+\n$/, `${flags.join(' ')}: one line`)
    t.match(err.replace(/^wooshpay-sandbox: /, '').trimEnd(), message, flags.join(' '))
  }
})

t.test('who has read enough of the output, as head has, leaves no stack trace', async t => {
  const child = run(t, newFolder(t), { flags: ['openapi'] })
  child.stdout?.destroy()
  t.equal(await text(child.stderr as Readable), '')
})

t.test('exec: the command finds its sandbox in the environment, keeps its exit code, and the coverage is told on standard error', async t => {
  const { code, out, err } = await ended(t, ['exec', ...script(`
    const answer = await fetch(base + '/v1/payment_intents', { method: 'POST', headers, body: ${JSON.stringify(DOCUMENTED_REQUEST)} })
    const { id, status } = await answer.json()
    const played = await fetch(base + '/_sandbox/shopper', { method: 'POST', headers, body: JSON.stringify({ payment_intent: id }) })
    console.log(new URL(base).pathname, status, (await played.json()).payment_intent.status, process.env.WOOSHPAY_WEBHOOK_SECRET)
    process.exitCode = 3`)])
  t.equal(out, '/ requires_action succeeded undefined\n')
  t.equal(code, 3)
  t.match(err, /^\nPayment coverage\ncalls +1\/\d+\ntransitions +\d+\/\d+\noutcomes +1\/14\nerrors +0\/\d+\n(.*\n)+all +\d+\/\d+ \d+ %\n$/)
})

t.test('exec: the arguments of the command are its own, with and without two dashes', async t => {
  const print = [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', 'x', '--port', '1', '--help', '--', '-y']
  for (const flags of [['exec', '--', ...print], ['exec', ...print], ['exec', '--seed', 'a', '--', ...print]]) {
    const { code, out } = await ended(t, flags)
    t.same([code, JSON.parse(out)], [0, ['x', '--port', '1', '--help', '--', '-y']])
  }
})

t.test('exec: with --webhook-url the command knows the secret that signs, whatever key it takes', async t => {
  const receiver = await startReceiver(t)
  const { out } = await ended(t, ['exec', '--webhook-url', receiver.url, '--webhook-events', 'payment_intent.requires_action', ...script(`
    const other = { ...headers, authorization: 'Basic ' + btoa('sk_test_another:') }
    for (const headersOf of [headers, other]) {
      await fetch(base + '/v1/payment_intents', { method: 'POST', headers: headersOf, body: ${JSON.stringify(DOCUMENTED_REQUEST)} })
      await fetch(base + '/_sandbox/settle', { method: 'POST', headers: headersOf })
    }
    console.log(process.env.WOOSHPAY_WEBHOOK_SECRET)`)])
  t.match(out, /^whsec_[0-9A-Za-z]{32}\n$/)
  const { verify } = await import('./support/documented-verifier.ts')
  const webhooks = await receiver.waitFor(2)
  for (const { headers, raw } of webhooks) t.ok(verify(String(headers['wooshpay-signature']), raw, out.trim()))
})

t.test('exec: what the shop has for itself in the environment reaches the shop and not the sandbox', async t => {
  const folder = newFolder(t)
  const environment = {
    PORT: '3000',
    HOST: 'shop.invalid',
    PUBLIC_URL: 'https://shop.example',
    TRUST_PROXY: 'yes',
    TLS_CERT: 'shop.pem',
    TLS_KEY: 'shop.key',
    DATA_FILE: 'shop.json',
    LOG_LEVEL: 'verbose',
    STRICT_PARAMETERS: 'true',
    WEBHOOK_SECRET: 'whsec_known'
  }
  const { code, out, err } = await ended(t, ['exec', '--webhook-url', 'http://127.0.0.1:9/', ...script(`
    const { PORT, HOST, PUBLIC_URL, DATA_FILE, LOG_LEVEL, WOOSHPAY_WEBHOOK_SECRET } = process.env
    console.log(PORT, HOST, PUBLIC_URL, DATA_FILE, LOG_LEVEL, WOOSHPAY_WEBHOOK_SECRET)
    console.log(new URL(base).hostname, new URL(base).port !== '3000', (await fetch(base + '/v1/events?page=2', { headers })).status)`)], { folder, environment })
  t.equal(out, '3000 shop.invalid https://shop.example shop.json verbose whsec_known\n127.0.0.1 true 400\n', err)
  t.equal(code, 0)
  t.notOk(existsSync(join(folder, 'shop.json')))
})

t.test('exec: a variable of the shop that is no value of a setting is left to it, and said', async t => {
  const environment = { API_KEYS: 'abc', IDEMPOTENCY: 'redis', WEBHOOK_URL: '/webhooks', ALLOWED_HOSTS: '*', CLOCK: '12', SEED: 'one' }
  const { code, out, err } = await ended(t, ['exec', ...script('console.log(process.env.API_KEYS, process.env.CLOCK, process.env.WOOSHPAY_WEBHOOK_SECRET)')], { environment })
  t.same([code, out], [0, 'abc 12 undefined\n'])
  for (const name of ['API_KEYS', 'IDEMPOTENCY', 'WEBHOOK_URL', 'ALLOWED_HOSTS', 'CLOCK']) t.match(err, new RegExp(`^wooshpay-sandbox: ${name} is ".+"; allowed: .+\\. It stands in the environment, so it is left to the command\\.$`, 'm'))
  t.notMatch(err, /SEED/)
})

t.test('exec: the exit code is the command\'s, whatever address, certificate or standard error the sandbox has', async t => {
  const tls = (name: string): string => fileURLToPath(new URL(`support/tls/${name}.pem`, import.meta.url))
  for (const flags of [['--tls-cert', tls('cert'), '--tls-key', tls('key')], ['--public-url', 'http://pay.shop.test'], ['--host', '::', '--sandbox-token', 'secret']]) {
    const { code, out, err } = await ended(t, ['exec', ...flags, '--', 'sh', '-c', 'echo $WOOSHPAY_BASE_URL $SANDBOX_TOKEN; exit 5'])
    t.equal(code, 5, flags.join(' '))
    t.match(out, flags.includes('::') ? /^http:\/\/\[::1\]:\d+ secret\n$/ : /^https?:\/\/127\.0\.0\.1:\d+\n$/)
    t.match(err, /^all +0\/\d+ 0 %$/m)
  }
  const child = run(t, newFolder(t), { flags: ['exec', '--', 'sh', '-c', 'sleep 0.1; exit 4'] })
  child.stderr?.destroy()
  t.equal((await once(child, 'exit'))[0], 4, 'nobody reads what it says of the coverage')
})

t.test('exec: a command that a signal ends is told as a shell does; a signal to exec is the command\'s', async t => {
  t.equal((await ended(t, ['exec', '--', 'sh', '-c', 'kill -KILL $$'])).code, 128 + 9)
  const child = run(t, newFolder(t), { flags: ['exec', '--', process.execPath, '-e', 'process.on("SIGTERM", () => process.exit(7)); console.log("ready"); setInterval(() => {}, 1000)'] })
  await once(child.stdout as Readable, 'data')
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  t.same(await exit, [7, null])

  const alone = run(t, newFolder(t), { flags: ['exec', '--', process.execPath, '-e', 'console.log("ready"); setInterval(() => {}, 1000)'] })
  await once(alone.stdout as Readable, 'data')
  const interrupted = once(alone, 'exit')
  alone.kill('SIGINT')
  t.same(await interrupted, [128 + 2, null], 'no terminal sends it to the command')
})

t.test('wait: until a sandbox answers, and no longer', async t => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  const stranger = await ended(t, ['wait', '--port', String(port), '--wait-timeout-ms', '300'])
  t.same([stranger.code, stranger.err], [1, `wooshpay-sandbox: No sandbox answers at http://127.0.0.1:${port}: no answer within 1 s.\n`])
  probe.on('request', (_request, response) => { response.end('<h1>A shop</h1>') })
  t.equal((await ended(t, ['wait'], { environment: { PORT: String(port), WAIT_TIMEOUT_MS: '0' } })).err,
    `wooshpay-sandbox: No sandbox answers at http://127.0.0.1:${port}: what answers with 200 is something else.\n`)
  probe.closeAllConnections()
  probe.close()
  await once(probe, 'close')

  const waiting = ended(t, ['wait', '--host', '0.0.0.0', '--port', String(port)])
  const sandbox = await start(t, newFolder(t), { flags: ['--port', String(port), '--data-file', ':memory:'] })
  t.same(await waiting, { code: 0, signal: null, out: '', err: '' })
  await sandbox.end('SIGTERM')
  t.match(await ended(t, ['wait', '--port', String(port), '--wait-timeout-ms', '0']), { code: 1, err: /^wooshpay-sandbox: No sandbox answers at http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED .*\.\n$/ })
})

t.test('wait: takes the certificate that the sandbox has made its own', async t => {
  const tls = (name: string): string => fileURLToPath(new URL(`support/tls/${name}.pem`, import.meta.url))
  const sandbox = await start(t, newFolder(t), { flags: ['--tls-cert', tls('cert'), '--tls-key', tls('key'), '--data-file', ':memory:'] })
  const { port } = new URL(sandbox.url)
  t.equal((await ended(t, ['wait'], { environment: { PORT: port, TLS_CERT: tls('cert') } })).code, 0)
  t.equal((await ended(t, ['wait', '--wooshpay-base-url', sandbox.url])).code, 0)
  t.match(await ended(t, ['reset', '--port', port, '--tls-cert', tls('cert')]), { code: 0, err: '' })
  t.match(await ended(t, ['reset', '--wooshpay-base-url', sandbox.url]), { code: 1, err: /self-signed certificate/ }, 'but nothing secret is sent to just anybody')
})

t.test('wait: gives up in time on a server that stalls, drips or goes on without end', async t => {
  const answers: Record<string, (socket: Socket) => void> = {
    'says nothing': () => {},
    'stalls in the middle': socket => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"uptime_ms"') },
    drips: socket => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
      const drop = setInterval(() => { socket.write(' ') }, 50)
      socket.on('close', () => { clearInterval(drop) })
    },
    'goes on with 100 Continue': socket => {
      const more = setInterval(() => { socket.write('HTTP/1.1 100 Continue\r\n\r\n') }, 50)
      socket.on('close', () => { clearInterval(more) })
    }
  }
  for (const [what, answer] of Object.entries(answers)) {
    const sockets: Socket[] = []
    const server = createTcpServer(socket => {
      sockets.push(socket)
      socket.on('error', () => {})
      answer(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    t.match(await ended(t, ['wait', '--port', String(port), '--wait-timeout-ms', '100']), { code: 1, err: `wooshpay-sandbox: No sandbox answers at http://127.0.0.1:${port}: no answer within 1 s.\n` }, what)
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

t.test('reset: empties all, or the account of a key, and wants the token where there is one', async t => {
  const sandbox = await start(t, newFolder(t), { flags: ['--data-file', ':memory:', '--sandbox-token', 'let-me-in'] })
  const environment = { WOOSHPAY_BASE_URL: sandbox.url, SANDBOX_TOKEN: 'let-me-in' }
  const pay = async (key: string): Promise<void> => { await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST, { key }) }
  const count = async (key: string): Promise<number> => (await call(sandbox.url, 'GET', '/v1/payment_intents', undefined, { key })).body.data.length
  await pay('sk_test_a')
  await pay('sk_test_b')
  t.same(await ended(t, ['reset', '--wooshpay-secret-key', 'sk_test_a'], { environment }), { code: 0, signal: null, out: '', err: '' })
  t.same([await count('sk_test_a'), await count('sk_test_b')], [0, 1])
  t.match(await ended(t, ['reset'], { environment: { ...environment, SANDBOX_TOKEN: 'wrong' } }), { code: 1, err: /^wooshpay-sandbox: .*X-Sandbox-Token.*\n$/ })
  t.equal(await count('sk_test_b'), 1)
  t.equal((await ended(t, ['reset'], { environment })).code, 0)
  t.equal(await count('sk_test_b'), 0)
  const other = createServer((_request, response) => { response.end('ok') }).listen(0, '127.0.0.1')
  t.teardown(() => { other.close() })
  await once(other, 'listening')
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  t.match(await ended(t, ['reset', '--wooshpay-base-url', url]), { code: 1, err: `wooshpay-sandbox: What answers 200 at ${url} is no sandbox.\n` }, 'as the shop itself may')
  await sandbox.end('SIGTERM')
  t.match(await ended(t, ['reset'], { environment }), { code: 1, err: /^wooshpay-sandbox: No sandbox answers at http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED .*\.\n$/ })
})

t.test('logs are JSON, and lines for people on a terminal', async t => {
  const folder = newFolder(t)
  writeFileSync(join(folder, 'run.sh'), `exec "${process.execPath}" "${fileURLToPath(new URL('../dist/main.js', import.meta.url))}" --port 0 --log-level debug --data-file :memory:\n`)
  for (const [command, line] of [
    [['sh', 'run.sh'], /^\{"level":20,.*"msg":"GET \/v1\/events → 200 in [\d.]+ ms"\}$/m],
    // `script` gives it a terminal.
    [['script', '-qefc', 'sh run.sh', '/dev/null'], /^.*\[\d\d:\d\d:\d\d\].*DEBUG.*: .*GET \/v1\/events → 200 in [\d.]+ ms/m]
  ] as Array<[string[], RegExp]>) {
    const [program = '', ...args] = command
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH, TERM: 'xterm' } })
    t.teardown(() => { child.kill('SIGKILL') })
    let out = ''
    for await (const part of child.stdout) {
      const before = out
      out += String(part)
      const url = /listens on (\S+)/.exec(out)?.[1]
      if (url !== undefined && !before.includes('curl ') && out.includes('curl ')) void call(url, 'GET', '/v1/events')
      if (line.test(out)) break
    }
    t.match(out, line, program)
    child.kill('SIGTERM')
  }
})

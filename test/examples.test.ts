import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { launchFound } from './support/browser.ts'
import { freePort } from './support/process.ts'

/*
 * The examples, run as their README says. Each is a stranger to the sandbox: a process of its own, in its own folder, with
 * its own packages, which are installed when they are missing or when the lock file is newer.
 */

t.setTimeout(300_000)

const root = fileURLToPath(new URL('..', import.meta.url))
const examples = join(root, 'examples')
const EXEC = [process.execPath, join(root, 'dist/main.js'), 'exec']

interface Ended { readonly code: number | null, readonly out: string, readonly err: string }

/** Runs a command to its end, with no environment but the given one; it ends with the test, whatever it has started. */
async function ended (t: Test, folder: string, command: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { PATH, HOME } = process.env
  const variables = Object.entries({ PATH, HOME, ...environment }).map(([name, value]) => `${name}=${value ?? ''}`)
  // Through env, since the test runner adds to the environment of the processes that it sees.
  const child = spawn('env', ['-i', ...variables, ...command], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  t.teardown(() => {
    try {
      process.kill(-Number(child.pid), 'SIGKILL')
    } catch {
      // All of the group has ended.
    }
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>])
  if (code !== 0) t.comment(`${command.join(' ')}\n${out}\n${err}`)
  return { code, out, err }
}

/** Installs what the package's lock file says, unless that was done before. */
async function install (folder: string): Promise<void> {
  const changed = (file: string): number => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (changed('node_modules/.package-lock.json') >= changed('package-lock.json')) return
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder })
}

const needs = (program: string): { skip: string | false } =>
  ({ skip: spawnSync(program, ['--version']).status === 0 ? false : `${program} is not installed, so its example was not run` })

t.test('the lock files name no registry', async t => {
  for (const name of ['shop', 'test-runners']) {
    const { packages } = JSON.parse(readFileSync(join(examples, name, 'package-lock.json'), 'utf8')) as { packages: Record<string, { resolved?: string }> }
    t.same(Object.values(packages).flatMap(({ resolved }) => resolved ?? []), ['../..'], name)
  }
})

const STORY = /^payment requires_action http:\/\/127\.0\.0\.1:\d+\/v1\/receives\/dana\/pay\/pi_\d+\nwebhook payment_intent\.succeeded\npayment succeeded\nrefund succeeded\n$/
const FORGE = 'curl -s --fail -u "$WOOSHPAY_SECRET_KEY:" "$WOOSHPAY_BASE_URL/_sandbox/faults" -d "match[type]=payment_intent.succeeded" -d "then[bad_signature]=true" >&2'

t.test('curl: the script pays and refunds', needs('curl'), async t => {
  const { code, out, err } = await ended(t, join(examples, 'curl'), [...EXEC, '--', 'sh', 'pay-with-dana.sh'])
  t.equal(code, 0)
  t.match(out, /is requires_action\n.* sent to http:\/\/127[^ ]+\/pi_\d+\nThe customer pays:\n.*\n {2}pi_\d+ is succeeded\n.*\n {2}re_\d+ is succeeded\n$/)
  t.match(err, /^Payment coverage$/m)
})

t.test('curl: the script fails when a call is refused', needs('curl'), async t => {
  const { code } = await ended(t, join(examples, 'curl'), [...EXEC, '--', 'env', 'WOOSHPAY_SECRET_KEY=sk_live_0123456789', 'sh', 'pay-with-dana.sh'])
  t.not(code, 0)
})

for (const [language, program, file] of [['Python', 'python3', 'pay_with_dana.py'], ['PHP', 'php', 'pay-with-dana.php']] as const) {
  const folder = join(examples, language.toLowerCase())

  t.test(`${language}: the client pays, verifies the webhook and refunds`, needs(program), async t => {
    const { code, out, err } = await ended(t, folder, [...EXEC, '--', program, file])
    t.equal(code, 0)
    t.match(out, STORY)
    t.match(err, /^Payment coverage$/m)
  })

  t.test(`${language}: the client refuses a webhook with a wrong signature`, needs(program), async t => {
    const { out } = await ended(t, folder, [...EXEC, '--', 'sh', '-c', `${FORGE} && exec ${program} ${file}`])
    t.match(out, /^webhook of a stranger$/m)
  })
}

t.test('the shop', async t => {
  const folder = join(examples, 'shop')
  await install(folder)

  t.test('its types are right', async t => {
    t.same(await ended(t, root, ['node_modules/.bin/tsc', '--project', folder]), { code: 0, out: '', err: '' })
  })

  t.test('its tests pass with a sandbox of exec and with their own, and the coverage is printed', async t => {
    const { code, out, err } = await ended(t, folder, ['npm', 'run', 'test:sandbox'], { PORT: String(await freePort()), NO_COLOR: '1' })
    t.equal(code, 0)
    t.match(out, /Tests +11 passed \(11\)/)
    t.match(err, /^Payment coverage\n(?:\w+ +\d+\/\d+\n)+all +\d+\/\d+ \d+ %$/m)
  })

  t.test('it starts as a server, takes a payment, and ends', async t => {
    const port = await freePort()
    // The script itself, since npm does not pass on a signal to what it has started.
    const { scripts: { start } } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { scripts: { start: string } }
    const { code, out } = await ended(t, folder, [...EXEC, '--webhook-url', `http://127.0.0.1:${port}/webhooks`, '--', 'sh', '-c', `
      ${start} & shop=$!
      until curl -s "http://127.0.0.1:$PORT/" >/dev/null; do kill -0 $shop || exit 1; sleep 0.1; done
      order=$(curl -s "http://127.0.0.1:$PORT/" | grep -o '[0-9a-f-]\\{36\\}')
      url=$(curl -s -o /dev/null -w '%{redirect_url}' "http://127.0.0.1:$PORT/pay" -d "order=$order")
      curl -s --fail -u "$WOOSHPAY_SECRET_KEY:" "$WOOSHPAY_BASE_URL/_sandbox/shopper" -d "url=$url" >/dev/null
      curl -s "http://127.0.0.1:$PORT/orders/$order"
      kill $shop; wait $shop; true`], { PORT: String(port) })
    t.equal(code, 0)
    t.match(out, /<h1>Paid<\/h1>/)
    t.match(out, /Order [0-9a-f-]{36} is paid; the apple goes out\./)
  })
})

t.test('test runners', async t => {
  const folder = join(examples, 'test-runners')
  await install(folder)
  const browser = await launchFound().then(
    async ({ browser, executablePath, env: { FONTCONFIG_FILE, LD_LIBRARY_PATH } }) => {
      await browser.close()
      return { skip: false, environment: { CHROMIUM_PATH: executablePath, ...(FONTCONFIG_FILE && { FONTCONFIG_FILE }), ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }) } } as const
    },
    error => ({ skip: `NO BROWSER: set CHROMIUM_PATH to the executable of a Chromium or Chrome (${String(error).split('\n')[0]})`, environment: {} })
  )

  t.test('their types are right, and so are those of testcontainers', async t => {
    t.same(await ended(t, root, ['node_modules/.bin/tsc', '--project', folder]), { code: 0, out: '', err: '' })
  })

  for (const [runner, passed] of [
    ['vitest', /Tests +2 passed \(2\)/],
    ['jest', /Tests: +2 passed, 2 total/],
    ['node', /# pass 2\n# fail 0/],
    ['tap', /# \{ total: 2, pass: 2 \}/],
    ['playwright', /2 passed/]
  ] as const) {
    const { skip, environment } = runner === 'playwright' ? browser : { skip: false, environment: {} }
    t.test(`a payment, its webhook and a decline with ${runner}`, { skip }, async t => {
      const { code, out, err } = await ended(t, folder, ['npm', 'run', `test:${runner}`], { NO_COLOR: '1', ...environment })
      t.equal(code, 0)
      t.match(out + err, passed)
    })
  }
})

import { once } from 'node:events'
import { copyFileSync, chmodSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import t, { type Test } from 'tap'
import { buildImage, whyNoImage, type Container, type Image } from './support/image.ts'
import { call, DOCUMENTED_REQUEST } from './support/sandbox.ts'

// Installing a small Debian and building takes about a minute on a machine that does nothing else.
t.setTimeout(400_000)

const READY = /\n {2}curl .*\n.*\n\n/
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

t.test('the Dockerfile has nothing that its linter so much as warns of, and names the version of package.json', async t => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  t.same(validate(dockerfile), [])
  t.match(dockerfile, `\nARG VERSION=${version}\n`)
})

const skip = whyNoImage()
const built = skip === false ? buildImage(t) : undefined

/** A test of the image. */
const test = (name: string, steps: (t: Test, image: Image) => Promise<void>): void => {
  t.test(name, { skip }, async t => {
    if (built !== undefined) await steps(t, await built)
  })
}

async function freePort (): Promise<number> {
  const probe = createServer().listen(0)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Starts the image as `docker run` does, with PORT in its environment, and waits until it listens. */
async function serve (t: Test, image: Image, volume = image.newVolume(), environment: Readonly<Record<string, string>> = {}): Promise<Container & { url: string }> {
  const port = await freePort()
  const container = image.run(t, { volume, environment: { PORT: String(port), LOG_LEVEL: 'error', ...environment } })
  await container.hasPrinted(READY)
  return { ...container, url: `http://127.0.0.1:${port}` }
}

/** The paths of all files below a folder, as seen from there. */
function filesBelow (folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

test('the image says what it is, which user, port and volume it takes, and starts node without a shell', async (t, { config, size }) => {
  t.match(config.User, /^[1-9]\d*:[1-9]\d*$/)
  t.same(Object.keys(config.Volumes), ['/data'])
  t.same(Object.keys(config.ExposedPorts), ['6262/tcp'])
  t.equal(config.Entrypoint[0], 'node')
  t.same(config.Cmd ?? [], [])
  t.equal(config.Healthcheck.Test[0], 'CMD')
  t.match(config.Labels, {
    'org.opencontainers.image.title': 'wooshpay-sandbox',
    'org.opencontainers.image.description': /^A local sandbox of the WooshPay payment API/,
    'org.opencontainers.image.licenses': 'MIT',
    'org.opencontainers.image.version': version
  })
  t.comment(`${(size.added / 1e6).toFixed(1)} MB over the base, which has ${(size.base / 1e6).toFixed(0)} MB here`)
})

test('the image holds what runs, for any architecture, and nothing that its user can change', async (t, { root, config }) => {
  const app = join(root, config.WorkingDir)
  t.same(readdirSync(app).sort(), ['LICENSE', 'dist', 'fixtures', 'node_modules', 'openapi', 'package.json'])
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, { dev?: boolean }> }
  const expected = Object.keys(packages).filter(path => path.startsWith('node_modules/') && packages[path]?.dev !== true)
  const { packages: installed } = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8')) as { packages: Record<string, unknown> }
  t.same(Object.keys(installed).sort(), expected.sort())

  const files = filesBelow(app)
  const own = files.filter(path => !path.startsWith('node_modules/'))
  t.ok(own.includes('dist/main.js') && own.includes('dist/licenses.txt') && own.includes('fixtures/wallets.json') && own.includes('fixtures/scenarios/month-of-payments.json'))
  t.same(own.filter(path => /\.ts$/.test(path)), ['dist/index.d.ts'])
  t.same(files.filter(path => /\.node$/.test(path) || path.endsWith('.npmrc')), [])
  t.same(filesBelow(join(root, 'root')).filter(path => path.includes('npm')), [])
  t.same(files.filter(path => {
    const stat = lstatSync(join(app, path))
    return stat.uid !== 0 || (!stat.isSymbolicLink() && (stat.mode & 0o022) !== 0)
  }), [])
})

test('it serves as process 1, as a user other than root, with a root that nobody can write to; the health check ends with 0', async (t, image) => {
  const container = await serve(t, image)
  const status = readFileSync(`/proc/${container.pid()}/status`, 'utf8')
  const [uid] = image.config.User.split(':')
  t.match(status, `\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`)
  t.match(status, /\nNSpid:\t\d+\t1\n/)
  for (const path of ['/app/x', '/tmp/x', '/x']) t.match(await container.exec(['touch', path], '0:0'), { code: 1, err: /Read-only file system/ }, path)

  const { status: answered, body } = await call(container.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
  t.same([answered, body.status], [200, 'requires_action'])
  const played = await call(container.url, 'POST', '/_sandbox/shopper', { payment_intent: body.id })
  t.equal(played.body.payment_intent.status, 'succeeded')
  t.same(await container.health(), { code: 0, out: '', err: '' })
})

test('the health check ends with 1 where nothing listens, and speaks https to a sandbox with a certificate', async (t, image) => {
  const [, ...check] = image.config.Healthcheck.Test
  const silent = image.run(t, { args: check.slice(image.config.Entrypoint.length), environment: { PORT: String(await freePort()) } })
  t.match(await silent.ended, { code: 1, err: /^wooshpay-sandbox: No sandbox answers at http:/ })

  const volume = image.newVolume()
  for (const name of ['cert', 'key']) {
    copyFileSync(`test/support/tls/${name}.pem`, join(volume, `${name}.pem`))
    chmodSync(join(volume, `${name}.pem`), 0o644)
  }
  const container = await serve(t, image, volume, { TLS_CERT: '/data/cert.pem', TLS_KEY: '/data/key.pem' })
  t.match(container.printed(), 'https://')
  t.same(await container.health(), { code: 0, out: '', err: '' })
})

test('SIGTERM ends it in less than 2 s with 0, and the state is there after a new start on the same volume, after SIGKILL too', async (t, image) => {
  const volume = image.newVolume()
  const ids: string[] = []
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
    const container = await serve(t, image, volume)
    for (const id of ids) t.equal((await call(container.url, 'GET', `/v1/payment_intents/${id}`)).body.id, id)
    const { body } = await call(container.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
    ids.push(body.id)
    const start = performance.now()
    process.kill(container.pid(), signal)
    const { code } = await container.ended
    const ms = performance.now() - start
    if (signal === 'SIGTERM') {
      t.equal(code, 0)
      t.ok(ms < 2000, `${ms.toFixed(0)} ms`)
      t.comment(`stopped after ${ms.toFixed(0)} ms`)
    }
  }
  t.same(readdirSync(volume).filter(name => name.includes('lock')), [], 'no lock is left')
})

test('flags and commands stand behind the name of the image', async (t, image) => {
  t.same(await image.run(t, { args: ['--version'] }).ended, { code: 0, out: `${version}\n`, err: '' })
  t.match(await image.run(t, { args: ['--help'] }).ended, { code: 0, out: /^Usage: wooshpay-sandbox /, err: '' })
  const script = 'fetch(process.env.WOOSHPAY_BASE_URL + "/_sandbox/health").then(({ status }) => { console.log(status, process.env.WOOSHPAY_SECRET_KEY); process.exitCode = 3 })'
  t.match(await image.run(t, { args: ['exec', '--', 'node', '-e', script] }).ended, { code: 3, out: '200 sk_test_sandbox\n', err: /^\nPayment coverage\n/ })

  const port = await freePort()
  const container = image.run(t, { args: ['--port', String(port), '--data-file', ':memory:'] })
  await container.hasPrinted(READY)
  t.equal((await call(`http://127.0.0.1:${port}`, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)).status, 200)
})

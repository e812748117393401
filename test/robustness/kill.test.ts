import { once } from 'node:events'
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { newFolder, run, start } from '../support/process.ts'
import { startReceiver } from '../support/receiver.ts'
import { call, DOCUMENTED_REQUEST } from '../support/sandbox.ts'

/** `KILL_ROUNDS=50 npx tap test/robustness/kill.test.ts` tries harder. */
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 3)
const CONNECTIONS = 16
/** When a process is stopped: after so many answers, in mid load. */
const ANSWERS = 200

/** Creates PaymentIntents over many connections until the process is gone; tells of each one that was answered. */
async function load (url: string, answered: (id: string) => void): Promise<void> {
  const one = async (): Promise<void> => {
    for (;;) {
      try {
        const { status, body } = await call(url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
        if (status !== 200) return
        answered(body.id)
      } catch {
        return
      }
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
}

/** Those of the ids that are not as they were answered: the intent with its status and its two events. */
async function lost (url: string, ids: readonly string[]): Promise<string[]> {
  const missing: string[] = []
  const rest = ids.values()
  const types = new Map<string, Set<string>>()
  for (let after = ''; ;) {
    const { body } = await call(url, 'GET', `/v1/events?limit=100${after}`)
    for (const { type, data } of body.data) types.set(data.object.id, (types.get(data.object.id) ?? new Set()).add(type))
    if (body.has_more !== true) break
    after = `&starting_after=${body.data.at(-1).id}`
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (const id of rest) {
      const { status, body } = await call(url, 'GET', `/v1/payment_intents/${id}`)
      const happened = types.get(id) ?? new Set()
      const isThere = status === 200 && body.status === 'requires_action' && body.payment_method.startsWith('pm_') &&
        happened.has('payment_intent.created') && happened.has('payment_intent.requires_action')
      if (!isThere) missing.push(id)
    }
  }))
  return missing
}

const durabilities = [['process', ROUNDS], ['disk', 1]] as const
for (const [durability, rounds] of durabilities) {
  t.test(`kill -9 in mid load loses nothing that was answered, with DURABILITY=${durability}`, async t => {
    const folder = newFolder(t)
    const ids: string[] = []
    const settings = { environment: { DURABILITY: durability } }
    let sandbox = await start(t, folder, settings)
    for (let round = 1; round <= rounds; round++) {
      const before = ids.length
      let killed: Promise<number | string> | undefined
      await load(sandbox.url, id => {
        ids.push(id)
        if (ids.length === before + ANSWERS) killed = sandbox.end('SIGKILL')
      })
      t.equal(await killed, 'SIGKILL')
      sandbox = await start(t, folder, settings)
      t.same(await lost(sandbox.url, ids), [], `round ${round}: all ${ids.length} that were ever answered are there`)
    }
    t.equal(await sandbox.end('SIGTERM'), 0)
    t.same(readdirSync(join(folder, 'data')).map(name => name.replace(/\d+$/, 'n')).sort(), ['sandbox.json', 'sandbox.json.journal.n'])
  })
}

t.test('a signal under load ends the process with 0 within 5 s, and loses nothing that was answered', async t => {
  const folder = newFolder(t)
  const ids: string[] = []
  let sandbox = await start(t, folder)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const before = ids.length
    let ended: Promise<number | string> | undefined
    let signalled = 0
    let stopped = 0
    await load(sandbox.url, id => {
      ids.push(id)
      if (ids.length !== before + ANSWERS) return
      signalled = performance.now()
      ended = sandbox.end(signal).finally(() => { stopped = performance.now() })
    })
    t.equal(await ended, 0)
    t.ok(stopped - signalled < 5000, `${signal}: ${Math.round(stopped - signalled)} ms`)
    const { collections } = JSON.parse(readFileSync(join(folder, 'data', 'sandbox.json'), 'utf8'))
    t.ok(collections.payment_intents.length >= ids.length, 'the data file alone holds everything')
    sandbox = await start(t, folder)
    t.same(await lost(sandbox.url, ids), [])
  }
  t.equal(await sandbox.end('SIGTERM'), 0)
})

t.test('a stop answers a customer who waits for a webhook that nobody takes, and a second signal changes nothing', async t => {
  const folder = newFolder(t)
  const silent = await startReceiver(t, { reply: () => {} })
  const sandbox = await start(t, folder, { environment: { WEBHOOK_URL: silent.url, WEBHOOK_EVENTS: 'payment_intent.succeeded' } })
  const { body } = await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
  const page = call(sandbox.url, 'POST', `/v1/receives/dana/pay/${body.id}/outcome`, { outcome: 'webhook-first' }, { key: null })
  await silent.waitFor(1)
  const ended = sandbox.end('SIGTERM')
  sandbox.child.kill('SIGTERM')
  sandbox.child.kill('SIGINT')
  t.equal((await page).status, 303)
  t.equal(await ended, 0)
  t.same(readdirSync(join(folder, 'data')).map(name => name.replace(/\d+$/, 'n')).sort(), ['sandbox.json', 'sandbox.json.journal.n'], 'the lock is gone')

  const receiver = await startReceiver(t)
  const again = await start(t, folder, { environment: { WEBHOOK_URL: receiver.url, WEBHOOK_EVENTS: 'payment_intent.canceled' } })
  t.equal((await call(again.url, 'GET', `/v1/payment_intents/${body.id}`)).body.status, 'succeeded')
  const { body: endpoints } = await call(again.url, 'GET', '/v1/webhook_endpoints')
  t.same(endpoints.data.map(({ url }: { url: string }) => url), [receiver.url], 'the endpoint of the settings follows WEBHOOK_URL')
  t.equal(await again.end('SIGTERM'), 0)
})

t.test('a stop waits for no connection on which nothing was asked, and not for ever for half a request', async t => {
  const folder = newFolder(t)
  for (const [text, limit] of [['', 2800], ['GET / HT', 2800], ['POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf', 4400]] as const) {
    const sandbox = await start(t, folder)
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    if (text !== '') await new Promise(resolve => { socket.write(text, resolve) })
    await call(sandbox.url, 'GET', '/v1/events')
    const signalled = performance.now()
    t.equal(await sandbox.end('SIGTERM'), 0)
    t.ok(performance.now() - signalled < limit, `${JSON.stringify(text)}: ${Math.round(performance.now() - signalled)} ms`)
    t.notOk(readdirSync(join(folder, 'data')).some(name => name.includes('.lock-')), 'and closes the file')
  }
})

t.test('one file has one sandbox, whatever links lead to it', async t => {
  const folder = newFolder(t)
  symlinkSync('later/real.json', join(folder, 'link.json'))
  const first = await start(t, folder, { flags: ['--data-file', 'link.json'] })
  const second = run(t, folder, { flags: ['--port', '0', '--data-file', 'later/real.json'] })
  t.equal((await once(second, 'exit'))[0], 2)
  const { body } = await call(first.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
  t.equal(await first.end('SIGTERM'), 0)
  const linked = await start(t, folder, { flags: ['--data-file', 'link.json'] })
  t.equal((await call(linked.url, 'GET', `/v1/payment_intents/${body.id}`)).status, 200)
  t.equal(await linked.end('SIGTERM'), 0)
  t.ok(lstatSync(join(folder, 'link.json')).isSymbolicLink())
  t.equal(statSync(join(folder, 'later', 'real.json')).mode & 0o777, 0o600, 'nobody else reads the secrets')
})

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync, chownSync, cpSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, statSync, truncateSync, watch, writeFileSync, writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { newFolder, run, start, type Process, type Settings } from '../support/process.ts'
import { startReceiver } from '../support/receiver.ts'
import { call, DOCUMENTED_REQUEST, KEY, type Answer } from '../support/sandbox.ts'

/** `KILL_ROUNDS=50 npx tap test/robustness/disk.test.ts` tries harder. */
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 6)
const CONNECTIONS = 6
/** Of the machine: nobody, who may write nothing of root's. */
const NOBODY = 65534

const isRoot = process.getuid?.() === 0
const hasLimits = spawnSync('prlimit', ['--version']).status === 0
const mountable = canMount()
const forMounts = mountable ? {} : { skip: 'this machine lets the test mount no tmpfs: root and CAP_SYS_ADMIN are needed' }
const forTraces = spawnSync('strace', ['-V']).status === 0 ? {} : { skip: 'strace is not installed: nobody sees the calls of the system' }
const forLimits = hasLimits ? {} : { skip: 'prlimit is not installed: the size of files cannot be limited' }

function canMount (): boolean {
  if (!isRoot || process.platform !== 'linux') return false
  // In a namespace of its own, which ends with the command.
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt']).status === 0
}

/** A folder on a disk of its own, of that size. */
function newDisk (t: Test, size: string): string {
  const folder = newFolder(t)
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The disk cannot be mounted: ${stderr}`)
  // Lazily, since a process that was killed may not be gone yet.
  t.teardown(() => { spawnSync('umount', ['--lazy', folder]) })
  return folder
}

/** Takes the room of a disk and gives it back. */
function newFiller (folder: string): { readonly take: (left: number) => void, readonly give: () => void } {
  const fd = openSync(join(folder, 'filler'), 'w')
  let size = 0
  return {
    take: left => {
      const page = Buffer.alloc(4096)
      try {
        for (;;) size += writeSync(fd, page, 0, page.length, size)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
      ftruncateSync(fd, size -= Math.min(size, left))
    },
    give: () => { ftruncateSync(fd, size = 0) }
  }
}

function limitFiles ({ child }: Process, bytes: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The limit cannot be set: ${stderr}`)
}

const filesIn = (folder: string): string[] => readdirSync(folder).filter(name => !name.includes('.lock-')).sort()
const journalsIn = (folder: string): string[] => filesIn(folder).filter(name => name.includes('.journal.'))
const bytesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(filesIn(folder).map(name => [name, readFileSync(join(folder, name)).toString('base64')]))

interface Refusal { readonly code: number | null, readonly out: string, readonly message: string }

/** How a process ends that does not start. */
async function refusal (child: ChildProcess): Promise<Refusal> {
  const printed = { out: '', err: '' }
  child.stdout?.on('data', part => { printed.out += String(part) })
  child.stderr?.on('data', part => { printed.err += String(part) })
  const [code] = await once(child, 'close') as [number | null]
  return { code, out: printed.out, message: printed.err }
}

/** A start that was refused for what a person can mend: exit code 2 and one line, no stack trace. */
function isRefused (t: Test, { code, out, message }: Refusal, expected: RegExp, what: string): void {
  t.equal(code, 2, what)
  t.equal(out, '', `${what}: nothing else is printed`)
  t.match(message, /^wooshpay-sandbox: [^\n]+\n$/, `${what}: one line`)
  t.match(message, expected, what)
}

async function all (url: string, path: string): Promise<Answer['body'][]> {
  const objects: Answer['body'][] = []
  for (let after = ''; ;) {
    const { status, body } = await call(url, 'GET', `${path}?limit=100${after}`)
    if (status !== 200) throw new Error(`GET ${path} is answered ${status}: ${body.message}`)
    objects.push(...body.data)
    if (body.has_more !== true) return objects
    after = `&starting_after=${body.data.at(-1).id}`
  }
}

/** The ids of all PaymentIntents, and of the objects of all events that tell of a new one. */
async function state (url: string): Promise<{ intents: string[], created: string[] }> {
  const [intents, events] = [await all(url, '/v1/payment_intents'), await all(url, '/v1/events')]
  return {
    intents: intents.map(({ id }) => id).sort(),
    created: events.filter(({ type }) => type === 'payment_intent.created').map(({ data }) => data.object.id).sort()
  }
}

t.test('with DURABILITY=disk every write is on the disk before it is answered, with DURABILITY=process none is forced there', forTraces, async t => {
  for (const [durability, least, most] of [['disk', 20, 60], ['process', 0, 0]] as const) {
    const folder = newFolder(t)
    const sandbox = await start(t, folder, { environment: { DURABILITY: durability } })
    await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
    const trace = join(folder, 'trace')
    const tracer = spawn('strace', ['-f', '-y', '-e', 'trace=fdatasync', '-o', trace, '-p', String(sandbox.child.pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
    t.teardown(() => { tracer.kill('SIGKILL') })
    let told = ''
    for await (const part of tracer.stderr) {
      told += String(part)
      if (/attached|not permitted/.test(told)) break
    }
    if (!told.includes('attached')) {
      await t.skip(`strace may not look at another process here: ${told.trim()}`, async () => {})
      return
    }
    const ids: string[] = []
    for (let number = 0; number < 20; number++) {
      const { status, body } = await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
      t.equal(status, 200)
      ids.push(body.id)
    }
    const ended = once(tracer, 'exit')
    tracer.kill('SIGINT')
    await ended
    t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
    const synced = readFileSync(trace, 'utf8').split('\n').filter(line => /fdatasync\(\d+<\S+sandbox\.json\.journal\.1>\) += 0$/.test(line)).length
    t.ok(synced >= least && synced <= most, `DURABILITY=${durability}: ${synced} times for 20 writes one after the other`)
    const again = await start(t, folder, { environment: { DURABILITY: durability } })
    const { intents } = await state(again.url)
    t.same(ids.filter(id => !intents.includes(id)), [], 'after kill -9 all are there')
    t.equal(await again.end('SIGTERM'), 0)
  }
})

/** A way to have no room, for a sandbox whose data file lies in a folder. */
interface Full {
  readonly what: string
  readonly options: { skip?: string }
  readonly folder: (t: Test) => string
  /** Leaves that many bytes of room, or a page more. */
  readonly take: (sandbox: Process, folder: string, left: number) => void
  readonly give: (sandbox: Process) => void
  readonly reason: string
}

let filler: ReturnType<typeof newFiller> | undefined
const fulls: Full[] = [
  {
    what: 'the disk is full',
    options: forMounts,
    folder: t => {
      const folder = newDisk(t, '24m')
      filler = newFiller(folder)
      return folder
    },
    take: (_sandbox, _folder, left) => { filler?.take(left) },
    give: () => { filler?.give() },
    reason: 'ENOSPC: no space left on device, write'
  },
  {
    what: 'the journal may not grow',
    options: forLimits,
    folder: newFolder,
    take: (sandbox, folder, left) => {
      limitFiles(sandbox, statSync(join(folder, 'data', journalsIn(join(folder, 'data')).at(-1) ?? '')).size + left)
    },
    give: sandbox => { limitFiles(sandbox, 'unlimited') },
    reason: 'EFBIG: file too large, write'
  }
]
/** What is left of the room in each round: all kinds of places at which an append of some 12 kB or more ends. */
const LEFT_BYTES = [0, 1, 100, 4095, 4096, 9000, 12_288, 20_000, 40_000, 65_536, 150_000]
/** Makes every append larger than what a page has left. */
const LONG = 'x'.repeat(6000)

for (const { what, options, folder: newRoom, take, give, reason } of fulls) {
  t.test(`when ${what}, writes are refused and leave nothing behind, reads go on, and all works again as soon as there is room`, options, async t => {
    const folder = newRoom(t)
    const receiver = await startReceiver(t)
    const environment = { WEBHOOK_URL: receiver.url, WEBHOOK_EVENTS: 'payment_intent.created' }
    let sandbox = await start(t, folder, { environment })
    const message = `Nothing was changed, since the state cannot be written: ${reason}.`
    const envelope = { error: { type: 'api_error', code: 'storage_unavailable', message }, message }
    const acknowledged: string[] = []
    let keys = 0
    const create = async (key: string): Promise<Answer> => await call(sandbox.url, 'POST', '/v1/payment_intents',
      { amount: 20000, currency: 'IDR', description: `${key} ${LONG}` }, { headers: { 'Idempotency-Key': key } })
    /** Creates one and answers whether there was room. */
    const tried = async (key: string): Promise<boolean> => {
      const { status, body } = await create(key)
      if (status === 200) acknowledged.push(body.id)
      else if (status !== 503 || JSON.stringify(body) !== JSON.stringify(envelope)) t.fail(`answered ${status}: ${JSON.stringify(body)}`)
      return status === 200
    }
    const shows = async (when: string): Promise<void> => {
      const expected = acknowledged.toSorted()
      t.same(await state(sandbox.url), { intents: expected, created: expected }, `${when}: the ${expected.length} that were acknowledged, each with its event`)
    }
    t.ok(await tried('first'))

    let refusedInAll = 0
    for (const left of LEFT_BYTES) {
      take(sandbox, folder, left)
      const refused: string[] = []
      for (let turn = 0; refused.length === 0 && turn < 100; turn++) {
        await Promise.all(Array.from({ length: turn === 0 ? CONNECTIONS : 1 }, async () => {
          const key = `order-${++keys}`
          if (!await tried(key)) refused.push(key)
        }))
      }
      t.ok(refused.length > 0, `${left} bytes of room have an end`)
      refusedInAll += refused.length
      await shows(`${left} bytes left`)
      give(sandbox)
      for (const key of refused) {
        const again = await create(key)
        t.equal(again.status, 200, 'the same call again, at once')
        t.notOk(again.headers.has('idempotent-replayed'), 'is made for the first time')
        t.equal((await create(key)).body.id, again.body.id)
        acknowledged.push(again.body.id)
      }
    }
    t.comment(`${refusedInAll} refused, ${acknowledged.length} acknowledged`)
    await shows('with room')

    const [open = '', other = ''] = acknowledged
    const { body: paid } = await call(sandbox.url, 'POST', '/v1/payment_intents', { ...JSON.parse(DOCUMENTED_REQUEST), description: LONG })
    const { body: payable } = await call(sandbox.url, 'POST', '/v1/payment_intents', { ...JSON.parse(DOCUMENTED_REQUEST), description: LONG })
    acknowledged.push(paid.id, payable.id)
    const pay = (id: string): Promise<Answer> => call(sandbox.url, 'POST', `/v1/receives/dana/pay/${id}/outcome`, { outcome: 'pay' }, { key: null })
    t.equal((await pay(paid.id)).status, 303)
    const known = await Promise.all(acknowledged.map(async id => (await call(sandbox.url, 'GET', `/v1/payment_intents/${id}`)).body))
    const { body: charges } = await call(sandbox.url, 'GET', '/v1/charges')
    const { body: events } = await call(sandbox.url, 'GET', '/v1/events?limit=100')
    for (const path of ['/v1/refunds', '/v1/products']) t.same((await call(sandbox.url, 'GET', path)).body.data, [])

    take(sandbox, folder, 0)
    const writes: Array<[string, () => Promise<Answer>]> = [
      ['an update', () => call(sandbox.url, 'POST', `/v1/payment_intents/${open}`, { description: `changed ${LONG}` })],
      ['a confirmation', () => call(sandbox.url, 'POST', `/v1/payment_intents/${open}/confirm`, { payment_method_data: { type: 'dana' }, return_url: 'https://your.website' })],
      ['a cancellation', () => call(sandbox.url, 'POST', `/v1/payment_intents/${other}/cancel`)],
      ['a refund', () => call(sandbox.url, 'POST', '/v1/refunds', { payment_intent: paid.id, metadata: Object.fromEntries(Array.from({ length: 12 }, (_, number) => [`note ${number}`, LONG.slice(0, 500)])) })],
      ['a product', () => call(sandbox.url, 'POST', '/v1/products', { name: 'Tea', description: LONG })]
    ]
    for (const [name, write] of writes) {
      // Whatever small thing may still fit is made not to.
      take(sandbox, folder, 0)
      const answer = await write()
      t.equal(answer.status, 503, `${name} is refused`)
      t.same(answer.body, envelope)
    }
    t.equal((await pay(payable.id)).status, 503, 'the customer is told on the page')
    t.same(await Promise.all(acknowledged.map(async id => (await call(sandbox.url, 'GET', `/v1/payment_intents/${id}`)).body)), known, 'no object has changed')
    t.same((await call(sandbox.url, 'GET', '/v1/charges')).body, charges)
    t.same((await call(sandbox.url, 'GET', '/v1/events?limit=100')).body, events)
    for (const path of ['/v1/refunds', '/v1/products']) t.same((await call(sandbox.url, 'GET', path)).body.data, [])

    const paths = ['/v1/payment_intents', `/v1/payment_intents/${open}`, '/v1/events', '/v1/prices', '/v1/customers', '/v1/webhook_endpoints', '/v1/checkout/sessions']
    const reads = await Promise.all(Array.from({ length: 210 }, async (_, number) =>
      (await call(sandbox.url, 'GET', paths[number % paths.length] ?? '')).status))
    t.same(reads.filter(status => status !== 200), [], 'every read is answered, many at a time, also what nobody had asked for before')

    t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
    sandbox = await start(t, folder, { environment })
    take(sandbox, folder, 0)
    await shows('killed and started again without room')
    t.equal((await create('late')).status, 503)
    t.equal(await sandbox.end('SIGTERM'), 0, 'a stop without room is a clean one')
    sandbox = await start(t, folder, { environment })
    await shows('stopped and started again without room')
    give(sandbox)
    t.ok(await tried('late'), 'the first call with room is done')
    t.equal((await pay(payable.id)).status, 303, 'and the customer pays')
    t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
    sandbox = await start(t, folder, { environment })
    await shows('killed and started again with room')
    t.equal((await call(sandbox.url, 'GET', `/v1/payment_intents/${payable.id}`)).body.status, 'succeeded')

    const told = (): Set<string> => new Set(receiver.received.map(({ event }) => event.data.object.id))
    while (told().size < acknowledged.length) await receiver.waitFor(receiver.received.length + 1)
    t.same([...told()].sort(), acknowledged.toSorted(), 'webhooks told of each payment that there is, and of no other')
    t.equal(await sandbox.end('SIGTERM'), 0)
  })
}

t.test('a webhook whose answer cannot be recorded while the disk is full is recorded later, and not sent again', forMounts, async t => {
  const folder = newDisk(t, '1m')
  const { take, give } = newFiller(folder)
  let answer: () => void = () => {}
  const full = new Promise<void>(resolve => { answer = resolve })
  const receiver = await startReceiver(t, { reply: response => { void full.then(() => response.end('ok')) } })
  const child = run(t, folder, {
    flags: ['--port', '0', '--log-level', 'error'], environment: { WEBHOOK_URL: receiver.url, WEBHOOK_EVENTS: 'payment_intent.created' }
  })
  let printed = ''
  child.stdout?.on('data', part => { printed += String(part) })
  const told = async (isTold: () => boolean): Promise<void> => { while (!isTold()) await once(child.stdout ?? child, 'data') }
  await told(() => printed.includes('curl '))
  const url = /listens on (\S+)/.exec(printed)?.[1] ?? ''
  const { body } = await call(url, 'POST', '/v1/payment_intents', { amount: 20000, currency: 'IDR' })
  await receiver.waitFor(1)
  take(0)
  // What is left of the journal's last page goes to changes that nothing is told of.
  for (const length of [3000, 1000, 300, 100, 30, 10, 1]) {
    while ((await call(url, 'POST', `/v1/payment_intents/${body.id}`, { description: 'x'.repeat(length) })).status === 200);
  }
  answer()
  await told(() => printed.split('failed and will be tried again').length > 3)
  t.equal(receiver.received.length, 1, 'after three tries to record it')
  give()
  while ((await call(url, 'GET', '/_sandbox/deliveries')).body.data[0].status !== 'succeeded');
  t.equal(receiver.received.length, 1)
})

t.test('a clock that cannot be stored stays where it was, unless something fell due on the way', forLimits, async t => {
  const [BEGAN, MINUTE, DAY] = [Date.UTC(2026, 0, 1), 60_000, 86_400_000]
  const folder = newFolder(t)
  let sandbox = await start(t, folder, { environment: { CLOCK: '2026-01-01' } })
  const ask = async (method: string, path: string, body?: unknown, key: string | null = KEY): Promise<Answer> =>
    await call(sandbox.url, method, `/_sandbox${path}`, body, { key })
  const clocks = async (): Promise<unknown[]> => await Promise.all([KEY, null].map(async key => (await ask('GET', '/clock', undefined, key)).body))
  const nothingChanged = /^Nothing was changed, since the state cannot be written: EFBIG/
  const create = async (): Promise<Answer['body']> => (await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)).body

  // An account, a snapshot of a later time with a payment in it, and a present before that.
  await create()
  for (const key of [KEY, null]) {
    t.equal((await ask('POST', '/clock', { advance_ms: DAY, frozen: false }, key)).status, 200)
    t.equal((await ask('POST', '/snapshots/later', undefined, key)).status, 200)
    t.equal((await ask('POST', '/reset', undefined, key)).status, 200)
  }
  await ask('POST', '/clock', { advance_ms: MINUTE }, null)
  const before = await clocks()
  t.same(before, [{ now: BEGAN + MINUTE, frozen: true }, { now: BEGAN + MINUTE, frozen: true }])

  limitFiles(sandbox, 1)
  const changes: Array<[string, object?]> = [
    ['/clock', { advance_ms: DAY }], ['/clock', { now: BEGAN + DAY, frozen: false }], ['/clock', { frozen: false }], ['/snapshots/later/restore'], ['/reset']
  ]
  for (const [path, body] of changes) {
    for (const key of [KEY, null]) {
      for (const times of [1, 3]) {
        for (const { status, body: { message } } of await Promise.all(Array.from({ length: times }, async () => await ask('POST', path, body, key)))) {
          t.match({ status, message }, { status: 503, message: nothingChanged }, `${path} ${JSON.stringify(body)} ${key}, ${times} at a time`)
        }
        t.same(await clocks(), before, 'nothing was changed')
      }
    }
  }
  limitFiles(sandbox, 'unlimited')

  const intent = await create()
  limitFiles(sandbox, 1)
  for (const path of ['/snapshots/later/restore', '/reset']) t.equal((await ask('POST', path)).status, 503)
  limitFiles(sandbox, 'unlimited')
  t.same(await clocks(), before)
  t.same((await call(sandbox.url, 'GET', `/v1/payment_intents/${intent.id}`)).body, intent, 'what a later time would have ended is as it was')
  t.same((await ask('POST', '/clock', { advance_ms: 9 * MINUTE })).body, { now: BEGAN + 10 * MINUTE, frozen: true, ran: [] })

  limitFiles(sandbox, 1)
  t.match((await ask('POST', '/clock', { advance_ms: DAY })).body, {
    error: { code: 'storage_unavailable' },
    message: 'Time has moved, since something fell due on the way, but where the clock stands could not be written: the next call that moves it tries again.'
  })
  t.same((await ask('GET', '/clock')).body, { now: BEGAN + DAY + 10 * MINUTE, frozen: true })
  t.match((await ask('POST', '/clock', { frozen: false })).body.message, nothingChanged)
  t.same((await ask('GET', '/clock')).body, { now: BEGAN + DAY + 10 * MINUTE, frozen: true }, 'it goes back to no time before what has happened')
  limitFiles(sandbox, 'unlimited')
  t.equal((await ask('GET', `/wait?payment_intent=${intent.id}&status=requires_payment_method`)).status, 200, 'what fell due is done when there is room')
  t.equal((await ask('POST', '/clock', { advance_ms: 1 })).status, 200)
  t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
  sandbox = await start(t, folder)
  t.same((await ask('GET', '/clock')).body, { now: BEGAN + DAY + 10 * MINUTE + 1, frozen: true }, 'and where the clock stands is stored')
  t.equal(await sandbox.end('SIGTERM'), 0)
})

t.test('a first start without room says so in a line, and starts when there is some', forMounts, async t => {
  const folder = newDisk(t, '64k')
  const { take, give } = newFiller(folder)
  take(0)
  isRefused(t, await refusal(run(t, folder, { flags: ['--port', '0'] })),
    /^wooshpay-sandbox: DATA_FILE is "\.\/data\/sandbox\.json", which cannot be read and written: ENOSPC: no space left on device.*; allowed: .*room.*, or :memory:\.\n$/, 'a full disk')
  give()
  const sandbox = await start(t, folder)
  t.equal((await call(sandbox.url, 'GET', '/v1/events')).status, 200)
  t.equal(await sandbox.end('SIGTERM'), 0)
})

/** 60 kB: a hundred of them are a data file that takes a moment, and 140 changes are more than a small journal. */
const DESCRIPTION = 'x'.repeat(60_000)

/** PaymentIntents that are changed over and over, with what was answered of each and what was sent last. */
class Payments {
  readonly #answered = new Map<string, number>()
  readonly #sent = new Map<string, number>()
  refused = 0

  async make (url: string, count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const { body } = await call(url, 'POST', '/v1/payment_intents', { amount: 20000, currency: 'IDR', description: `0 ${DESCRIPTION}` })
      this.#answered.set(body.id, 0)
    }
  }

  /** Changes them over some connections, until that is enough or the sandbox is gone. */
  async change (url: string, isEnough: () => boolean): Promise<void> {
    const ids = [...this.#answered.keys()]
    await Promise.all(Array.from({ length: CONNECTIONS }, async (_, first) => {
      for (let at = first; !isEnough(); at = at + CONNECTIONS < ids.length ? at + CONNECTIONS : first) {
        const id = ids[at] ?? ''
        const version = Math.max(this.#answered.get(id) ?? 0, this.#sent.get(id) ?? 0) + 1
        this.#sent.set(id, version)
        let status: number
        try {
          ({ status } = await call(url, 'POST', `/v1/payment_intents/${id}`, { description: `${version} ${DESCRIPTION}` }))
        } catch {
          return
        }
        if (status === 200) this.#answered.set(id, version)
        else {
          this.refused++
          this.#sent.delete(id)
        }
      }
    }))
  }

  /** Those that are neither as answered nor as sent without an answer. */
  async wrong (url: string): Promise<string[]> {
    const found = new Map((await all(url, '/v1/payment_intents')).map(({ id, description }) => [id, String(description)]))
    const wrong: string[] = []
    for (const [id, answered] of this.#answered) {
      const [version, rest] = found.get(id)?.split(' ') ?? []
      const isRight = rest === DESCRIPTION && [answered, this.#sent.get(id)].includes(Number(version))
      if (!isRight) wrong.push(`${id} has ${version}; answered: ${answered}, sent: ${this.#sent.get(id)}`)
      // What came with an end of the process, but without an answer, counts from now on.
      this.#answered.set(id, Number(version))
      this.#sent.delete(id)
    }
    return found.size === this.#answered.size ? wrong : [...wrong, `${found.size} of ${this.#answered.size} are there`]
  }
}

t.test('kill -9 while the data file is written anew loses nothing that was answered', async t => {
  const folder = newFolder(t)
  const data = join(folder, 'data')
  const payments = new Payments()
  let sandbox = await start(t, folder)
  await payments.make(sandbox.url, 60)
  let inTheMidst = 0
  let withPart = 0
  for (let round = 1; round <= ROUNDS || (inTheMidst === 0 && round < 20); round++) {
    const before = journalsIn(data).at(-1) ?? ''
    let steps = 0
    let killed: Promise<number | string> | undefined
    const watcher = watch(data, (type, name) => {
      // From the new journal on: each file that comes or goes, and each piece of the new data file.
      if (killed !== undefined || name === null || name === before || name.includes('.lock-')) return
      if (type !== 'rename' && !name.endsWith('.tmp')) return
      if (++steps > (round - 1) % 6) killed = sandbox.end('SIGKILL')
    })
    await payments.change(sandbox.url, () => killed !== undefined)
    watcher.close()
    t.equal(await killed, 'SIGKILL')
    const left = filesIn(data)
    if (left.length > 2) inTheMidst++
    if (left.includes('sandbox.json.tmp')) withPart++
    sandbox = await start(t, folder)
    t.same(await payments.wrong(sandbox.url), [], `round ${round}, killed at step ${steps}, which left ${left.join(', ')}`)
    t.notOk(filesIn(data).includes('sandbox.json.tmp'), 'a part of a data file is removed')
  }
  t.ok(inTheMidst > 0, `${inTheMidst} times in the midst, ${withPart} times with a part of the data file`)
  t.equal(await sandbox.end('SIGTERM'), 0)
  t.equal(filesIn(data).length, 2)
})

t.test('a data file that cannot be written anew for want of room loses nothing, and is written later', forMounts, async t => {
  const folder = newDisk(t, '64m')
  const data = join(folder, 'data')
  const { take, give } = newFiller(folder)
  const payments = new Payments()
  let sandbox = await start(t, folder)
  await payments.make(sandbox.url, 60)
  const headerOf = (): string => {
    const header = Buffer.alloc(40)
    return header.toString('utf8', 0, readSync(openSync(join(data, 'sandbox.json'), 'r'), header))
  }
  // 7 MB are the payments and their events, 7 more are to be replaced. There is room for what is missing of that, but not for a data file.
  await payments.change(sandbox.url, () => statSync(join(data, 'sandbox.json.journal.1')).size > 13_500_000)
  take(3_000_000)
  let failed = false
  const watcher = watch(data, (_type, name) => {
    if (name === 'sandbox.json.tmp' && !filesIn(data).includes(name)) failed = true
  })
  await payments.change(sandbox.url, () => failed || payments.refused > 1000)
  watcher.close()
  t.ok(failed, 'the new data file has gone again')
  t.match(headerOf(), /^\{"wooshpay_sandbox":1,"journal":1,/)
  t.same(filesIn(data), ['sandbox.json', 'sandbox.json.journal.1', 'sandbox.json.journal.2'])
  t.same(await payments.wrong(sandbox.url), [])
  t.comment(`${payments.refused} changes were refused meanwhile`)
  t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
  sandbox = await start(t, folder)
  t.same(await payments.wrong(sandbox.url), [], 'after kill -9')
  give()
  await payments.change(sandbox.url, () => !filesIn(data).includes('sandbox.json.journal.1'))
  t.notMatch(headerOf(), /"journal":1,/)
  t.same(await payments.wrong(sandbox.url), [], 'with room')
  t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
  sandbox = await start(t, folder)
  t.same(await payments.wrong(sandbox.url), [])
  t.equal(await sandbox.end('SIGTERM'), 0)
})

t.test('a folder that is mounted read-only is refused, and nothing is touched', forMounts, async t => {
  const folder = newDisk(t, '1m')
  const sandbox = await start(t, folder)
  const { body } = await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
  t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
  const data = join(folder, 'data')
  const before = bytesIn(data)
  t.equal(spawnSync('mount', ['-o', 'remount,ro', folder]).status, 0)
  isRefused(t, await refusal(run(t, folder, { flags: ['--port', '0'] })),
    /^wooshpay-sandbox: DATA_FILE is "\.\/data\/sandbox\.json", whose folder cannot be used: EROFS: read-only file system, .*; allowed: a path in a folder that can be written, or :memory:\.\n$/, 'with the files there')
  // Node calls it ENOENT when a folder cannot be made there.
  isRefused(t, await refusal(run(t, folder, { flags: ['--port', '0', '--data-file', 'other/new.json'] })),
    /^wooshpay-sandbox: DATA_FILE is "other\/new\.json", whose folder cannot be used: (?:EROFS|ENOENT): .*; allowed: a path in a folder that can be written, or :memory:\.\n$/, 'with no folder yet')
  t.same(bytesIn(data), before)
  t.equal(spawnSync('mount', ['-o', 'remount,rw', folder]).status, 0)
  const again = await start(t, folder)
  t.equal((await call(again.url, 'GET', `/v1/payment_intents/${body.id}`)).status, 200)
  t.equal(await again.end('SIGTERM'), 0)
})

t.test('files and folders of another user are refused, and nothing is touched',
  isRoot ? {} : { skip: 'only root can run a process as another user' }, async t => {
    const folder = newFolder(t)
    chmodSync(folder, 0o755)
    const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
    const asNobody = (file: string): ChildProcess => {
      const child = spawn('env', ['-i', process.execPath, main, '--port', '0', '--data-file', file], { cwd: folder, uid: NOBODY, gid: NOBODY, stdio: ['ignore', 'pipe', 'pipe'] })
      t.teardown(() => { child.kill('SIGKILL') })
      return child
    }
    if (spawnSync('env', ['-i', process.execPath, main, '--help'], { cwd: folder, uid: NOBODY, gid: NOBODY }).status !== 0) {
      await t.skip('another user may not read this checkout', async () => {})
      return
    }
    const theirs = await start(t, folder, { flags: ['--data-file', 'theirs/sandbox.json'] })
    t.equal(await theirs.end('SIGTERM'), 0)
    const shared = join(folder, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o777)
    cpSync(join(folder, 'theirs'), shared, { recursive: true })
    const before = [bytesIn(join(folder, 'theirs')), bytesIn(shared)]
    isRefused(t, await refusal(asNobody('theirs/sandbox.json')),
      /^wooshpay-sandbox: DATA_FILE is "theirs\/sandbox\.json", whose folder cannot be used: EACCES: permission denied, .*; allowed: a path in a folder that can be written, or :memory:\.\n$/, 'a folder')
    isRefused(t, await refusal(asNobody('shared/sandbox.json')),
      /^wooshpay-sandbox: DATA_FILE is "shared\/sandbox\.json", which cannot be read and written: EACCES: permission denied, open '.*sandbox\.json'; allowed: .*, or :memory:\.\n$/, 'a data file')
    chownSync(join(shared, 'sandbox.json'), NOBODY, NOBODY)
    isRefused(t, await refusal(asNobody('shared/sandbox.json')),
      /^wooshpay-sandbox: DATA_FILE is "shared\/sandbox\.json", which cannot be read and written: EACCES: permission denied, open '.*sandbox\.json\.journal\.\d+'; allowed: .*, or :memory:\.\n$/, 'a journal')
    t.same([bytesIn(join(folder, 'theirs')), bytesIn(shared)], before)
  })

t.test('files of a sandbox that something has damaged are refused with file, line and remedy, and left as they are', async t => {
  const folder = newFolder(t)
  const data = join(folder, 'data')
  const sandbox = await start(t, folder)
  const ids: string[] = []
  for (let number = 0; number < 5; number++) ids.push((await call(sandbox.url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)).body.id)
  t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
  const killed = newFolder(t)
  cpSync(data, killed, { recursive: true, filter: path => !path.includes('.lock-') })
  t.equal(await (await start(t, folder)).end('SIGTERM'), 0)
  const stopped = newFolder(t)
  cpSync(data, stopped, { recursive: true, filter: path => !path.includes('.lock-') })

  /** Changes some bytes of a line, in its middle. */
  const scratch = (path: string, line: number): void => {
    const lines = readFileSync(path, 'utf8').split('\n')
    const text = lines[line - 1] ?? ''
    lines[line - 1] = `${text.slice(0, text.length / 2)}\0\0\0\0${text.slice(text.length / 2 + 4)}`
    writeFileSync(path, lines.join('\n'))
  }
  const damages: Array<[string, string, (file: string) => void, RegExp]> = [
    ['the journal in its middle', killed, file => { scratch(`${file}.journal.1`, 3) },
      /sandbox\.json\.journal\.1, line 3: .*JSON.*\. Bring the data file and its journals back from a copy, or move them away to start empty\.\n$/],
    ['the journal at its beginning', killed, file => { scratch(`${file}.journal.1`, 1) },
      /sandbox\.json\.journal\.1, line 1: .*JSON.*\. Bring the data file and its journals back from a copy, or move them away to start empty\.\n$/],
    ['the journal, where half a line has another behind it', killed, file => {
      const lines = readFileSync(`${file}.journal.1`, 'utf8').split('\n')
      writeFileSync(`${file}.journal.1`, [lines[0], lines[1]?.slice(0, 40), ...lines.slice(2)].join('\n'))
    }, /sandbox\.json\.journal\.1, line 2: .*JSON.*\. Bring the data file and its journals back from a copy, or move them away to start empty\.\n$/],
    ['a row of journals without its first', killed, file => {
      cpSync(`${file}.journal.1`, `${file}.journal.2`)
      truncateSync(`${file}.journal.1`, statSync(`${file}.journal.1`).size - 5)
    }, /sandbox\.json\.journal\.1, line \d+: the line is cut off, though a later journal exists\. Bring the data file and its journals back from a copy, or move them away to start empty\.\n$/],
    ['the data file in its middle', stopped, file => { scratch(file, 10) },
      /sandbox\.json, line 10: .*\. Bring the data file and its journals back from a copy, or move them away to start empty\.\n$/],
    ['the data file without its end', stopped, file => {
      const text = readFileSync(file, 'utf8')
      truncateSync(file, Buffer.byteLength(text.slice(0, text.lastIndexOf(']'))))
    }, /sandbox\.json ends too early: it is not a whole data file\. Bring the data file and its journals back from a copy, or move them away to start empty\.\n$/],
    ['a data file of nothing', stopped, file => { truncateSync(file, 0) },
      /sandbox\.json ends too early: it is not a whole data file\. Bring the data file and its journals back from a copy, or move them away to start empty\.\n$/]
  ]
  await Promise.all([0, 1].map(async half => {
    for (const [what, source, damage, message] of damages.filter((_, number) => number % 2 === half)) {
      const place = newFolder(t)
      cpSync(source, place, { recursive: true })
      damage(join(place, 'sandbox.json'))
      writeFileSync(join(place, 'sandbox.json.tmp'), 'left over')
      const before = bytesIn(place)
      isRefused(t, await refusal(run(t, place, { flags: ['--port', '0', '--data-file', join(place, 'sandbox.json')] })), message, what)
      t.same(bytesIn(place), before, `${what}: every file is as it was, byte for byte`)
    }
  }))

  const torn = newFolder(t)
  cpSync(killed, torn, { recursive: true })
  const journal = join(torn, 'sandbox.json.journal.1')
  truncateSync(journal, readFileSync(journal, 'utf8').slice(0, -1).lastIndexOf('\n') + 20)
  writeFileSync(join(torn, 'sandbox.json.tmp'), '{"wooshpay_sandbox":1,"journal":2,"collec')
  const recovered = await start(t, torn, { flags: ['--data-file', join(torn, 'sandbox.json')] })
  const { intents } = await state(recovered.url)
  t.same(ids.filter(id => !intents.includes(id)).length <= 1, true, 'a torn last line takes only itself along')
  t.same(filesIn(torn), ['sandbox.json', 'sandbox.json.journal.1'], 'a temporary file that was left over is gone')
  t.ok(readFileSync(journal, 'utf8').endsWith('\n'))
  t.equal(await recovered.end('SIGTERM'), 0)
})

t.test('a second sandbox on the same file is refused at once while the first goes on, and a start after kill -9 waits for nothing', async t => {
  const folder = newFolder(t)
  const file = join(folder, 'data', 'sandbox.json')
  const startMs = async (settings: Settings): Promise<[Process, number]> => {
    const began = performance.now()
    return [await start(t, folder, settings), performance.now() - began]
  }
  let [sandbox, freshMs] = await startMs({})
  const acknowledged: string[] = []
  const refusedAs: number[] = []
  const loading = { isOver: false }
  const { url } = sandbox
  const load = Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (!loading.isOver) {
      const { status, body } = await call(url, 'POST', '/v1/payment_intents', DOCUMENTED_REQUEST)
      if (status === 200) acknowledged.push(body.id)
      else refusedAs.push(status)
    }
  }))
  const before = acknowledged.length
  for (const flags of [['--data-file', file], ['--data-file', join(dirname(file), '..', 'data', 'sandbox.json')]]) {
    const began = performance.now()
    isRefused(t, await refusal(run(t, folder, { flags: ['--port', '0', ...flags] })),
      new RegExp(`^wooshpay-sandbox: \\S+sandbox\\.json is in use by process ${sandbox.child.pid}\\. Stop that process, or give this one another DATA_FILE\\.\\n$`), 'the second')
    t.ok(performance.now() - began < 4000, `refused in ${Math.round(performance.now() - began)} ms, under load`)
  }
  loading.isOver = true
  await load
  t.same(refusedAs, [], 'nobody of the first was refused')
  t.ok(acknowledged.length > before, `${acknowledged.length} went on meanwhile`)
  const restartsMs: number[] = []
  for (let round = 0; round < 3; round++) {
    t.equal(await sandbox.end('SIGKILL'), 'SIGKILL')
    let ms: number
    [sandbox, ms] = await startMs({})
    restartsMs.push(ms)
    t.equal(readdirSync(dirname(file)).filter(name => name.includes('.lock-')).length, 1, 'the lock that was left behind is gone')
  }
  t.ok(Math.min(...restartsMs) < freshMs + 800, `${restartsMs.map(Math.round).join(', ')} ms after kill -9, ${Math.round(freshMs)} ms the first time`)
  const { intents } = await state(sandbox.url)
  t.same(intents, acknowledged.toSorted())
  t.equal(await sandbox.end('SIGTERM'), 0)
})

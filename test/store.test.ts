import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync,
  statSync, symlinkSync, writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { Accounts, accountDefinition } from '../src/store/accounts.ts'
import { Agenda } from '../src/store/agenda.ts'
import { BEGINNING, beginningDefinition, beginningOf } from '../src/store/beginning.ts'
import { Collection, type Definition, type Stored } from '../src/store/collection.ts'
import { createCommit, put, remove } from '../src/store/commit.ts'
import { contentsOf, replaceContents } from '../src/store/contents.ts'
import { Database, type DatabaseOptions } from '../src/store/database.ts'
import { DataFileError } from '../src/store/data-file.ts'
import { eventDefinition } from '../src/store/events.ts'
import { FileLockedError, lockFile } from '../src/store/file-lock.ts'
import { JournalAdapter, type State } from '../src/store/journal.ts'
import { linesOf } from '../src/store/lines.ts'
import { until } from '../src/store/until.ts'
import { SnowflakeIds } from '../src/core/ids.ts'
import { switchTable, type Switches } from '../src/core/switches.ts'
import { startSandbox } from './support/sandbox.ts'

interface Note { readonly id: string, readonly text: string, readonly tags?: readonly string[], readonly due?: number }

const notes: Definition<Note> = {
  name: 'notes',
  keys: ({ text, tags = [] }) => [`text:${text}`, ...tags.map(tag => `tag:${tag}`)],
  due: ({ due }) => due === undefined ? undefined : { at: due, what: 'note.due' }
}
const pens: Definition<Note> = { name: 'pens' }
/** Those whose ids are snowflakes. */
const coins: Definition<Note> = { name: 'coins', idPrefix: 'coin' }
const stamps: Definition<Note> = { name: 'stamps', idPrefix: 'stamp' }

function newFile (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return join(folder, 'sandbox.json')
}

/** Opens a database that is closed when the test ends, if it was not before. */
async function open (t: Test, file: string, options: Partial<DatabaseOptions> = {}): Promise<Database> {
  return await Database.open({ file, durability: 'process', definitions: [notes, pens, coins, beginningDefinition, accountDefinition], ...options })
}

function write (database: Database, id: string, text: string | undefined, account = 'acct_a', tags: readonly string[] = []): Promise<void> | undefined {
  database.stage(notes, account, id, text === undefined ? undefined : { id, text, tags })
  return database.written()
}

const holds = (database: Database, id: string): boolean => database.collection(notes).find(id) !== undefined

/** Everything in a database, told in a way that does not depend on the order in which it came in. */
function contents (database: Database): string[] {
  return [...database.collections].flatMap(({ definition, rows: _, ...rest }) =>
    [...(database.named(definition.name)?.rows() ?? [])].map(({ account, record }) => JSON.stringify([definition.name, account, record, rest]))).sort()
}

const names = (file: string): string[] => readdirSync(dirname(file)).filter(name => !name.includes('.lock-')).sort()
const bytesOf = (file: string): Record<string, string> =>
  Object.fromEntries(names(file).map(name => [name, readFileSync(join(dirname(file), name)).toString('base64')]))

/** Files as a process leaves them that was killed: the data file and its journals, without a clean stop. */
async function killed (t: Test, work: (database: Database) => Promise<void>): Promise<string> {
  const file = newFile(t)
  const database = await open(t, file)
  await work(database)
  const copy = newFile(t)
  for (const name of names(file)) copyFileSync(join(dirname(file), name), join(dirname(copy), name))
  await database.close()
  return copy
}

/** Lets this process write no file beyond a size, as a full disk would; the limit ends with the work. */
async function withFileLimit (bytes: number, work: () => Promise<void>): Promise<void> {
  limit('fsize', bytes)
  try {
    await work()
  } finally {
    limit('fsize', 'unlimited')
  }
}

function limit (what: 'fsize' | 'nofile', soft: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(process.pid), `--${what}=${soft}:`], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The limit cannot be set: ${stderr}`)
}

// A write beyond the limit fails with EFBIG instead of ending the process.
process.on('SIGXFSZ', () => {})

const noLimit = spawnSync('prlimit', ['--version']).status === 0 ? {} : { skip: 'prlimit is not installed: a disk that is full cannot be had' }

t.test('a collection', async t => {
  const filled = (ids: readonly number[]): Collection<Note> => {
    const collection = new Collection(notes)
    for (const id of ids) collection.set('acct_a', { id: `n_${id}`, text: id % 2 === 0 ? 'even' : 'odd' })
    return collection
  }
  const idsOf = (records: Iterable<Note>): string[] => [...records].map(({ id }) => id)

  t.test('shows a record to its own account only, and to all by its id', async t => {
    const collection = filled([1])
    t.same(collection.get('acct_a', 'n_1'), { id: 'n_1', text: 'odd' })
    t.equal(collection.get('acct_b', 'n_1'), undefined)
    t.equal(collection.get('acct_a', 'n_2'), undefined)
    t.same(collection.find('n_1'), { account: 'acct_a', record: { id: 'n_1', text: 'odd' } })
    t.equal(collection.find('n_2'), undefined)
    t.equal(collection.count('acct_b'), 0)
    t.same(collection.page('acct_b', { limit: 10 }), { data: [], hasMore: false })
  })

  t.test('keeps its order whatever the order in which records come in', async t => {
    const collection = filled([5, 3, 9, 1, 7, 2, 8, 4, 6])
    t.same(idsOf(collection.newest('acct_a')), ['n_9', 'n_8', 'n_7', 'n_6', 'n_5', 'n_4', 'n_3', 'n_2', 'n_1'])
    t.same(idsOf(collection.newest('acct_a', 'text:odd')), ['n_9', 'n_7', 'n_5', 'n_3', 'n_1'])
    t.same(idsOf(collection.newest('acct_a', undefined, 2)), ['n_3', 'n_2', 'n_1'])
    t.equal(collection.latest('acct_a', 'text:even')?.id, 'n_8')
    t.equal(collection.latest('acct_a', 'text:none'), undefined)
  })

  t.test('finds a record by its present keys only', async t => {
    const collection = filled([1, 2, 3])
    t.same(collection.set('acct_a', { id: 'n_2', text: 'odd', tags: ['new'] }), { id: 'n_2', text: 'even' })
    t.same(idsOf(collection.newest('acct_a', 'text:odd')), ['n_3', 'n_2', 'n_1'])
    t.equal(collection.count('acct_a', 'text:even'), 0)
    t.same(idsOf(collection.newest('acct_a', 'tag:new')), ['n_2'])
    t.same(collection.delete('n_2'), { id: 'n_2', text: 'odd', tags: ['new'] })
    t.equal(collection.delete('n_2'), undefined)
    t.same(idsOf(collection.newest('acct_a', 'text:odd')), ['n_3', 'n_1'])
    t.equal(collection.count('acct_a', 'tag:new'), 0)
    t.equal(collection.size, 2)
  })

  t.test('lists a record once that names a key twice, and takes nothing else out with it', async t => {
    const collection = new Collection(notes)
    for (const id of ['n_1', 'n_2', 'n_3']) collection.set('acct_a', { id, text: 'x', tags: ['t'] })
    collection.set('acct_a', { id: 'n_1', text: 'x', tags: ['t', 't'] })
    collection.set('acct_a', { id: 'n_0', text: 'x', tags: ['t', 't'] })
    t.same(idsOf(collection.newest('acct_a', 'tag:t')), ['n_3', 'n_2', 'n_1', 'n_0'])
    collection.delete('n_1')
    t.same(idsOf(collection.newest('acct_a', 'tag:t')), ['n_3', 'n_2', 'n_0'])
    collection.set('acct_a', { id: 'n_0', text: 'x' })
    t.same(idsOf(collection.newest('acct_a', 'tag:t')), ['n_3', 'n_2'])
  })

  t.test('needs no order for records that are only looked up by their id', async t => {
    const collection = new Collection<Note>({ name: 'looked up', isListed: false })
    for (const [account, id] of [['acct_a', 'b'], ['acct_b', 'c'], ['acct_a', 'a']] as const) collection.set(account, { id, text: '' })
    t.same(idsOf(collection.of('acct_a')), ['b', 'a'], 'as they came')
    t.equal(collection.count('acct_a'), 0, 'there is no list')
    t.equal(collection.delete('b')?.id, 'b')
    t.same(idsOf(collection.of('acct_a')), ['a'])
    t.equal(collection.size, 2)
  })

  t.test('tells all of an account, oldest first', async t => {
    const collection = filled([3, 1, 2])
    collection.set('acct_b', { id: 'n_4', text: '' })
    t.same(collection.of('acct_a'), [{ id: 'n_1', text: 'odd' }, { id: 'n_2', text: 'even' }, { id: 'n_3', text: 'odd' }])
    t.same(idsOf(collection.oldest('acct_a', 'text:odd')), ['n_1', 'n_3'])
    t.same(idsOf(collection.newest('acct_a', undefined, 9)), ['n_3', 'n_2', 'n_1'], 'also from beyond the newest')
  })

  const pages: Array<[string, Parameters<Collection<Note>['page']>[1], string | undefined, string[], boolean]> = [
    ['the newest', { limit: 2 }, undefined, ['n_7', 'n_6'], true],
    ['all at once', { limit: 7 }, undefined, ['n_7', 'n_6', 'n_5', 'n_4', 'n_3', 'n_2', 'n_1'], false],
    ['after one', { limit: 2, startingAfter: 'n_6' }, undefined, ['n_5', 'n_4'], true],
    ['after one, to the very end', { limit: 2, startingAfter: 'n_3' }, undefined, ['n_2', 'n_1'], false],
    ['after the oldest', { limit: 2, startingAfter: 'n_1' }, undefined, [], false],
    ['after an id that is gone', { limit: 2, startingAfter: 'n_55' }, undefined, ['n_5', 'n_4'], true],
    ['after an id older than all', { limit: 2, startingAfter: 'n_0' }, undefined, [], false],
    ['after an id newer than all', { limit: 1, startingAfter: 'n_9' }, undefined, ['n_7'], true],
    ['before one: those next to it', { limit: 2, endingBefore: 'n_3' }, undefined, ['n_5', 'n_4'], true],
    ['before one, to the very newest', { limit: 2, endingBefore: 'n_5' }, undefined, ['n_7', 'n_6'], false],
    ['before the newest', { limit: 2, endingBefore: 'n_7' }, undefined, [], false],
    ['before an id that is gone', { limit: 2, endingBefore: 'n_55' }, undefined, ['n_7', 'n_6'], false],
    ['before an id newer than all', { limit: 2, endingBefore: 'n_9' }, undefined, [], false],
    ['of a key', { limit: 2 }, 'text:odd', ['n_7', 'n_5'], true],
    ['of a key, after an id without it', { limit: 2, startingAfter: 'n_4' }, 'text:odd', ['n_3', 'n_1'], false],
    ['of a key, before an id without it', { limit: 1, endingBefore: 'n_4' }, 'text:odd', ['n_5'], true],
    ['of a key that nothing has', { limit: 2 }, 'text:none', [], false]
  ]
  for (const [what, request, key, ids, hasMore] of pages) {
    t.test(`gives a page: ${what}`, async t => {
      const page = filled([1, 2, 3, 4, 5, 6, 7]).page('acct_a', request, key)
      t.same([idsOf(page.data), page.hasMore], [ids, hasMore])
    })
  }

  t.test('counts only records that match towards a page and what follows it', async t => {
    const collection = filled([1, 2, 3, 4, 5])
    const matches = ({ text }: Note): boolean => text === 'even'
    t.same([collection.page('acct_a', { limit: 2 }, undefined, matches)].map(({ data, hasMore }) => [idsOf(data), hasMore]), [[['n_4', 'n_2'], false]])
    t.same([collection.page('acct_a', { limit: 1 }, undefined, matches)].map(({ data, hasMore }) => [idsOf(data), hasMore]), [[['n_4'], true]])
    t.same(idsOf(collection.page('acct_a', { limit: 1, endingBefore: 'n_1' }, undefined, matches).data), ['n_2'])
  })
})

t.test('a database', async t => {
  t.test('in memory shows a change at once and settles it without a file', async t => {
    const database = await open(t, ':memory:')
    t.equal(database.written(), undefined)
    const written = write(database, 'n_1', 'hello')
    t.equal(database.collection(notes).get('acct_a', 'n_1')?.text, 'hello')
    await written
    t.equal(database.written(), undefined)
    await database.compact()
    await database.close()
  })

  t.test('shows a change at once, and resolves written() when it is in the journal', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    t.same(names(file), ['sandbox.json', 'sandbox.json.journal.1'])
    const written = write(database, 'n_1', 'hello')
    t.equal(database.collection(notes).get('acct_a', 'n_1')?.text, 'hello')
    t.equal(readFileSync(`${file}.journal.1`, 'utf8'), '', 'not yet')
    await written
    t.equal(readFileSync(`${file}.journal.1`, 'utf8'), '[["notes","acct_a","n_1",{"id":"n_1","text":"hello","tags":[]}]]\n')
    await database.close()
  })

  t.test('writes the changes of one tick as one line, in their order', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    void write(database, 'n_1', 'one')
    void write(database, 'n_1', undefined)
    await write(database, 'n_2', 'two', 'acct_b')
    t.equal(readFileSync(`${file}.journal.1`, 'utf8'),
      '[["notes","acct_a","n_1",{"id":"n_1","text":"one","tags":[]}],["notes","acct_a","n_1",null],' +
      '["notes","acct_b","n_2",{"id":"n_2","text":"two","tags":[]}]]\n')
    await database.close()
  })

  t.test('tells listeners what was written, until they stop listening', async t => {
    const database = await open(t, ':memory:')
    const heard: unknown[] = []
    const stop = database.onSettled((changes, outcome) => { heard.push([outcome, changes.map(({ id, previous }) => [id, previous])]) })
    await write(database, 'n_1', 'one')
    await write(database, 'n_1', undefined)
    stop()
    await write(database, 'n_2', 'two')
    t.same(heard, [['written', [['n_1', undefined]]], ['written', [['n_1', { id: 'n_1', text: 'one', tags: [] }]]]])
    let seen = false
    const waiting = until(database, () => database.collection(notes).get('acct_a', 'n_3') !== undefined).then(() => { seen = true })
    await write(database, 'n_2', 'other')
    t.notOk(seen, 'until() goes on waiting')
    await write(database, 'n_3', 'three')
    await waiting
    t.ok(seen)

    const end = new AbortController()
    const ended = until(database, () => false, end.signal)
    end.abort()
    await ended
    await until(database, () => false, end.signal)
  })

  t.test('knows every snowflake id, and the newest of an account', async t => {
    const hashes: Definition<Note> = { name: 'hashes' }
    const database = await open(t, ':memory:', { definitions: [coins, stamps, hashes] })
    for (const [definition, account, id] of [
      [coins, 'acct_b', 'coin_1646356544343769199'], [stamps, 'acct_a', 'stamp_1646356544343769099'], [coins, 'acct_a', 'coin_1646356544343769088'],
      [hashes, 'acct_b', 'hash'], [hashes, 'acct_c', 'coin_1646356544343769299']
    ] as const) database.stage(definition, account, id, { id, text: '' })
    t.equal(database.latestId('acct_a'), 'stamp_1646356544343769099')
    t.equal(database.latestId('acct_b'), 'coin_1646356544343769199')
    t.equal(database.latestId('acct_c'), undefined)
    t.equal(database.latestId('acct_c', 'evt_1646356544343769000'), 'evt_1646356544343769000')
    t.equal(database.latestId('acct_a', 'evt_1646356544343769098'), 'stamp_1646356544343769099')
    t.equal(database.latestId('acct_a', 'evt_1646356544343769100'), 'evt_1646356544343769100')
    t.equal(database.latestId('acct_b', 'evt_1'), 'coin_1646356544343769199', 'also where the newest is of the first kind')
    t.throws(() => database.collection({ name: 'ghosts' }), { message: 'The collection ghosts is not in the list that app.ts opens.' })
    for (const id of ['coin_1646356544343769199', 'stamp_1646356544343769099', 'coin_1646356544343769088']) t.ok(database.has(id), id)
    for (const id of ['stamp_1', 'stamp_1646356544343769199', 'hash', 'coin_1646356544343769299']) t.notOk(database.has(id), id)

    database.stage(coins, 'acct_b', 'coin_1646356544343769199', undefined)
    t.notOk(database.has('coin_1646356544343769199'))
  })

  t.test('undoes all of a tick that cannot be written, and works again when there is room', noLimit, async t => {
    const file = newFile(t)
    const database = await open(t, file)
    await write(database, 'n_1', 'kept', 'acct_a', ['old'])
    await write(database, 'n_2', 'kept')
    const before = readFileSync(`${file}.journal.1`, 'utf8')
    const memory = contents(database)
    const outcomes: string[] = []
    database.onSettled((_changes, outcome) => { outcomes.push(outcome) })
    await withFileLimit(before.length + 50, async () => {
      void write(database, 'n_1', 'changed', 'acct_a', ['new'])
      void write(database, 'n_1', 'changed again')
      void write(database, 'n_2', undefined)
      const written = write(database, 'n_3', 'new') ?? Promise.resolve()
      t.equal(database.collection(notes).get('acct_a', 'n_1')?.text, 'changed again', 'seen until it fails')
      await t.rejects(written, {
        status: 503, code: 'storage_unavailable', message: 'Nothing was changed, since the state cannot be written: EFBIG: file too large, write.'
      })
      t.same(contents(database), memory, 'undone')
      t.same([...database.collection(notes).newest('acct_a', 'tag:old')].map(({ id }) => id), ['n_1'], 'the lists too')
      t.equal(database.collection(notes).count('acct_a', 'tag:new'), 0)
      t.equal(database.collection(notes).count('acct_a'), 2)
      t.equal(readFileSync(`${file}.journal.1`, 'utf8'), before, 'the part that was written is cut off')
      await t.rejects(write(database, 'n_4', 'x'.repeat(60)) ?? Promise.resolve(), { code: 'storage_unavailable' }, 'again')
    })
    t.same(outcomes, ['undone', 'undone'])
    await write(database, 'n_5', 'after')
    const now = contents(database)
    await database.close()
    const reopened = await open(t, file)
    t.same(contents(reopened), now)
    t.ok(holds(reopened, 'n_5'))
    t.notOk(holds(reopened, 'n_3'))
    await reopened.close()
  })

  t.test('refuses changes after its end, and undoes them', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    await database.close()
    await t.rejects(write(database, 'n_1', 'late') ?? Promise.resolve(), { code: 'storage_unavailable', message: /sandbox\.json is closed/ })
    t.notOk(holds(database, 'n_1'))
  })

  t.test('writes what is still staged when it is closed', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    void write(database, 'n_1', 'last')
    await database.close()
    const reopened = await open(t, file)
    t.ok(holds(reopened, 'n_1'))
    await reopened.close()
  })

  t.test('keeps everything over a restart with DURABILITY=disk, in folders that it makes', async t => {
    const file = join(dirname(newFile(t)), 'a', 'b', 'sandbox.json')
    const database = await open(t, file, { durability: 'disk' })
    await write(database, 'n_1', 'one')
    await database.compact()
    await write(database, 'n_2', 'two')
    const before = contents(database)
    await database.close()
    const reopened = await open(t, file, { durability: 'disk' })
    t.same(contents(reopened), before)
    await reopened.close()
  })

  t.test('says which folder cannot be used', async t => {
    const file = newFile(t)
    writeFileSync(file, 'a file')
    await t.rejects(open(t, join(file, 'sandbox.json')), {
      message: /^DATA_FILE is ".*sandbox\.json\/sandbox\.json", whose folder cannot be used: .*; allowed: a path in a folder that can be written, or :memory:\.$/
    })
    await t.rejects(open(t, dirname(file)), { message: / is not a file; DATA_FILE has to name one, or :memory:\.$/ })
    await t.rejects(open(t, `${dirname(file)}/`), { message: /\/ is not a file; DATA_FILE has to name one, or :memory:\.$/ })
    const loop = join(dirname(file), 'loop')
    symlinkSync(loop, loop)
    await t.rejects(open(t, loop), { message: /whose folder cannot be used: its symbolic links have no end; allowed: / })
    const other = newFile(t)
    mkdirSync(`${other}.tmp`)
    await t.rejects(open(t, other), { message: /^DATA_FILE is ".*", which cannot be read and written: .*; allowed: a file that this user may read and write, where there is room, or :memory:\.$/ })
    t.same(names(other), ['sandbox.json.tmp'], 'and lets go of it')
    await t.rejects(open(t, '/proc/1/none/sandbox.json'), { message: /whose folder cannot be used: / })
  })

  t.test('follows links to a file that is not there yet', async t => {
    const file = newFile(t)
    symlinkSync('two', join(dirname(file), 'one'))
    symlinkSync(join(dirname(file), 'three.json'), join(dirname(file), 'two'))
    const database = await open(t, join(dirname(file), 'one'))
    t.same(names(file), ['one', 'three.json', 'three.json.journal.1', 'two'])
    await database.close()
  })

  t.test('is one file after a clean stop, unless it is large', async t => {
    for (const [count, left] of [[0, ['sandbox.json', 'sandbox.json.journal.1']], [20_000, ['sandbox.json', 'sandbox.json.journal.2']], [20_001, ['sandbox.json', 'sandbox.json.journal.1']]] as const) {
      const file = newFile(t)
      const database = await open(t, file)
      // Of both kinds, which count together.
      for (let number = 0; number < count; number++) database.stage(number % 2 === 0 ? notes : pens, 'acct_a', `n_${10_000 + number}`, { id: `n_${10_000 + number}`, text: '' })
      await database.close()
      t.same(names(file), left, String(count))
      t.equal(statSync(`${file}.journal.${left[1].at(-1) ?? ''}`).size > 0, count > 20_000)
    }
  })
})

t.test('what an account has', async t => {
  const database = await Database.open({ file: ':memory:', durability: 'process', definitions: [notes, pens] })
  const [account, other] = [{ id: 'acct_a' }, { id: 'acct_b' }] as unknown as Array<Parameters<typeof contentsOf>[1]>
  if (account === undefined || other === undefined) throw new Error('unreachable')
  const [one, two, three] = ['n_1', 'n_2', 'n_3'].map(id => ({ id, text: id }))
  for (const note of [one, two, three]) database.stage(notes, 'acct_a', note?.id ?? '', note)
  database.stage(pens, 'acct_a', 'pen_1', { id: 'pen_1', text: '' })
  database.stage(notes, 'acct_b', 'n_4', { id: 'n_4', text: '' })
  const all = new Set<string>()
  const apply = (contents: Parameters<typeof replaceContents>[2], except: ReadonlySet<string>): Array<[string, string, boolean]> => {
    const staged: Array<[string, string, boolean]> = []
    for (const operation of replaceContents(database, account, contents, except)) {
      operation((definition, id, record) => {
        staged.push([definition.name, id, record !== undefined])
        database.stage(definition, 'acct_a', id, record)
      })
    }
    return staged
  }

  t.test('is told by collections, without empty ones and those that are left out', async t => {
    t.strictSame(contentsOf(database, account, all), { notes: [one, two, three], pens: [{ id: 'pen_1', text: '' }] })
    t.strictSame(contentsOf(database, account, new Set(['notes'])), { pens: [{ id: 'pen_1', text: '' }] })
    t.strictSame(contentsOf(database, other, all), { notes: [{ id: 'n_4', text: '' }] })
  })

  t.test('is replaced by what there was, of which nothing is written that is still the same', async t => {
    const before = contentsOf(database, account, all)
    t.same(apply(before, all), [])
    const changed = { id: 'n_2', text: 'changed' }
    database.stage(notes, 'acct_a', 'n_2', changed)
    database.stage(notes, 'acct_a', 'n_5', { id: 'n_5', text: '' })
    database.stage(notes, 'acct_a', 'n_6', { id: 'n_6', text: '' })
    t.same(apply(before, all), [['notes', 'n_6', false], ['notes', 'n_5', false], ['notes', 'n_2', true]], 'the newest goes first')
    t.strictSame(contentsOf(database, account, all), before)
    t.same(apply({}, new Set(['notes'])), [['pens', 'pen_1', false]])
    t.same(apply({}, all), [['notes', 'n_3', false], ['notes', 'n_2', false], ['notes', 'n_1', false]])
    t.strictSame(contentsOf(database, account, all), {})
    t.strictSame(contentsOf(database, other, all), { notes: [{ id: 'n_4', text: '' }] }, 'and another account keeps its own')
    t.equal(apply(before, all).length, 4)
    t.strictSame(contentsOf(database, account, all), before)
  })
})

t.test('a file begins at the time of the settings, or runs with the machine', async t => {
  t.strictSame(beginningOf(undefined), { id: BEGINNING, clock: { offset_ms: 0 } })
  t.strictSame(beginningOf(1000), { id: BEGINNING, began_at_ms: 1000, clock: { offset_ms: 0, frozen_at_ms: 1000 } })
  // As it stands in every data file.
  t.same([BEGINNING, beginningDefinition.name, beginningDefinition.isListed], ['beginning', 'beginning', false])
})

t.test('an event is found by its type and by its object', async t => {
  const event = { id: 'evt_1', object: 'event', created: 0, livemode: false, data: { object: { id: 'pi_1' } }, type: 'payment_intent.created' } as const
  t.same(eventDefinition.keys?.(event), ['type:payment_intent.created', 'object:pi_1'])
  t.equal(eventDefinition.idPrefix, 'evt')
})

t.test('lines are told with their place, whatever pieces they are read in', async t => {
  const file = newFile(t)
  const long = 'é'.repeat(700_000)
  writeFileSync(file, `one\n\n${long}\n${long}\nfive`)
  const pieces: number[] = []
  t.same([...linesOf(file, bytes => { pieces.push(bytes) })].map(({ text, ...rest }) => ({ length: text.length, ...rest })), [
    { length: 3, number: 1, end: 4, whole: true }, { length: 0, number: 2, end: 5, whole: true }, { length: 700_000, number: 3, end: 1_400_006, whole: true },
    { length: 700_000, number: 4, end: 2_800_007, whole: true }, { length: 4, number: 5, end: 2_800_011, whole: false }
  ])
  t.same(pieces, [1_048_576, 1_048_576, 702_859])
})

t.test('a commit', async t => {
  const accountOf = (database: Database): Accounts => new Accounts({
    database,
    defaults: Object.fromEntries(Object.entries(switchTable).map(([name, { default: value }]) => [name, value])) as unknown as Switches,
    clock: { offset_ms: 0, frozen_at_ms: 1_700_000_000_000 },
    open: () => {}
  })
  const openAll = (file: string): Promise<Database> => Database.open({
    file, durability: 'process', definitions: [accountDefinition, notes, pens, { name: 'events' }]
  })

  t.test('writes objects, events and what follows from them in one line', async t => {
    const file = newFile(t)
    const database = await openAll(file)
    const account = accountOf(database).bySecretKey('sk_test_a')
    const commit = createCommit({
      database, ids: new SnowflakeIds(), derivers: [({ events }) => ({ operations: events.map(({ id }) => put(pens, { id: `p_${id}`, text: 'derived' })) })], deliver: () => ({})
    })
    const note: Note = { id: 'n_1', text: 'one' }
    const [event] = commit(account, {
      operations: [put(notes, note), remove(notes, 'n_0')], raise: [{ type: 'payment_intent.created', object: note }], cause: { id: 'req_1' }
    })
    t.same(event, {
      id: 'evt_1724551110456246272', object: 'event', created: 1700000000000, livemode: false, request: { id: 'req_1' }, data: { object: note }, type: 'payment_intent.created'
    })
    await database.written()
    const [line, ...more] = readFileSync(`${file}.journal.1`, 'utf8').trim().split('\n')
    t.same(more, [])
    t.same(JSON.parse(line ?? '').map(([collection, , id]: string[]) => [collection, id]), [
      ['notes', 'n_1'], ['notes', 'n_0'], ['events', 'evt_1724551110456246272'], ['pens', 'p_evt_1724551110456246272']
    ])
    await database.close()
  })

  t.test('keeps accounts with what is known of their keys, and opens one whose first write failed once more', async t => {
    const file = newFile(t)
    const database = await openAll(file)
    const opened: string[] = []
    const options = { database, defaults: {} as unknown as Switches, clock: { offset_ms: 0, frozen_at_ms: 1000 } }
    const accounts = new Accounts({ ...options, open: account => { opened.push(account.id) } })
    t.same([accounts.whole.id, accounts.whole.record.masked_key, accounts.whole.record.publishable_key], ['sandbox', '', ''])
    const account = accounts.bySecretKey('sk_test_abcdefghijkl')
    t.equal(accounts.bySecretKey('sk_test_abcdefghijkl'), account)
    t.same(opened, [account.id, account.id], 'it is not stored yet')
    t.same(accounts.all(), [], 'and not told of')
    t.equal(accounts.require(account.id), account)
    t.throws(() => accounts.require('acct_none'), { message: 'There is no account acct_none.' })
    t.equal(accounts.byPublishableKey(account.record.publishable_key), account)
    t.equal(accounts.byPublishableKey('pk_test_other'), undefined)
    database.stage(accountDefinition, account.id, account.id, { ...account.record, switches: { STRICT_PARAMETERS: true } })
    await database.written()
    t.same(accounts.all(), [account])
    t.equal(accounts.bySecretKey('sk_test_abcdefghijkl'), account)
    t.equal(opened.length, 2)
    t.equal(account.switches, account.switches, 'which are put together once')
    t.same(account.switches, { STRICT_PARAMETERS: true })
    await database.close()

    const reopened = await openAll(file)
    const later = new Accounts({ ...options, database: reopened, open: account => { opened.push(account.id) } })
    t.same(later.all().map(({ id, record }) => [id, record.masked_key]), [[account.id, 'sk_test_…ijkl']])
    t.equal(later.byPublishableKey(account.record.publishable_key)?.id, account.id)
    t.equal(later.bySecretKey('sk_test_abcdefghijkl').id, account.id)
    t.equal(opened.length, 2)
    await reopened.close()
  })

  t.test('of a timer that fails is told, and tried again after a while', async t => {
    const database = await openAll(':memory:')
    const accounts = accountOf(database)
    const account = accounts.bySecretKey('sk_test_a')
    const commit = createCommit({ database, ids: new SnowflakeIds(), derivers: [], deliver: () => ({}) })
    // What has its appointment from the start, what has none, and what is of a kind that never has.
    const start = account.clock.now()
    commit(account, { operations: [put(notes, { id: 'n_1', text: '', due: start }), put(notes, { id: 'n_2', text: '' }), put(pens, { id: 'pen_1', text: '', due: start })] })
    await database.written()
    const calls: string[] = []
    const failures: unknown[] = []
    let done = (): void => {}
    const tried = new Promise<void>(resolve => { done = resolve })
    const agenda = new Agenda({
      database,
      accounts,
      handlers: {
        'note.due': (account, id) => {
          calls.push(`${account} ${id}`)
          if (calls.length === 1) throw new Error('out of order')
          done()
        }
      },
      onError: (error, what, id) => { failures.push([(error as Error).message, what, id]) }
    })
    agenda.start()
    // The sandbox's own timer keeps no process alive.
    const alive = setInterval(() => {}, 1000)
    await tried
    clearInterval(alive)
    t.same(calls, [`${account.id} n_1`, `${account.id} n_1`])
    t.same(failures, [['out of order', 'note.due', 'n_1']])

    database.stage(notes, 'acct_nobody', 'n_3', { id: 'n_3', text: '', due: start })
    const problem = once(process, 'uncaughtException')
    t.match((await problem)[0], { message: 'Nobody handles note.due of acct_nobody.' })
    agenda.stop()
  })

  t.test('of a timer gives what follows its turn before the clock moves on', async t => {
    const database = await openAll(':memory:')
    const accounts = accountOf(database)
    const account = accounts.bySecretKey('sk_test_a')
    const commit = createCommit({ database, ids: new SnowflakeIds(), derivers: [], deliver: () => ({}) })
    const failures: unknown[] = []
    const agenda = new Agenda({
      database,
      accounts,
      handlers: {
        'note.due': (_account, id) => {
          const next = id === 'n_1' ? [put(notes, { id: 'n_3', text: 'follows', due: account.clock.now() + 10 })] : []
          commit(account, { operations: [remove(notes, id), ...next] })
        }
      },
      onError: error => { failures.push(error) }
    })
    agenda.start()
    const start = account.clock.now()
    commit(account, { operations: [put(notes, { id: 'n_1', text: 'first', due: start + 100 }), put(notes, { id: 'n_2', text: 'second', due: start + 200 })] })
    await database.written()
    t.same((await account.clock.moveTo(start + 1000)).map(({ at, id }) => [at - start, id]), [[100, 'n_1'], [110, 'n_3'], [200, 'n_2']])
    t.same(failures, [])
    agenda.stop()
  })
})

t.test('the journal', async t => {
  t.test('is recovered when its last line is cut at any byte', async t => {
    const source = await killed(t, async database => {
      await write(database, 'n_1', 'one')
      await write(database, 'n_2', 'zwei – €𝄞')
      await write(database, 'n_1', undefined)
      await write(database, 'n_3', 'three')
    })
    const whole = readFileSync(`${source}.journal.1`)
    const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1
    let recovered = 0
    const file = newFile(t)
    for (let length = lastLine; length <= whole.length; length++) {
      copyFileSync(source, file)
      writeFileSync(`${file}.journal.1`, whole.subarray(0, length))
      const database = await open(t, file)
      const ids = [...database.collection(notes).rows()].map(({ record }) => record.id)
      const expected = length === whole.length ? ['n_2', 'n_3'] : ['n_2']
      if (JSON.stringify(ids) === JSON.stringify(expected) && statSync(`${file}.journal.1`).size === (length === whole.length ? length : lastLine)) recovered++
      else t.fail(`cut at byte ${length}: ${ids.join()}`)
      await database.close()
      for (const name of names(file)) rmSync(join(dirname(file), name))
    }
    t.equal(recovered, whole.length - lastLine + 1)
    t.equal(recovered, 66, 'positions tried')
  })

  t.test('goes on after a cut last line with whole lines', async t => {
    const file = await killed(t, async database => {
      await write(database, 'n_1', 'one')
      await write(database, 'n_2', 'two')
    })
    const journal = `${file}.journal.1`
    writeFileSync(journal, readFileSync(journal).subarray(0, -5))
    const database = await open(t, file)
    await write(database, 'n_3', 'three')
    t.same(readFileSync(journal, 'utf8').trim().split('\n').map(line => JSON.parse(line)[0][2]), ['n_1', 'n_3'])
    await database.close()
  })

  const line = (id: string): string => `[["notes","acct_a","${id}",{"id":"${id}","text":""}]]\n`
  const header = (journal = 1): string => `{"wooshpay_sandbox":1,"journal":${journal},"collections":{\n`
  const good = `${header()}"notes":[\n["acct_a",{"id":"n_0","text":""}]\n]\n}}\n`
  const broken: Array<[string, Record<string, string>, RegExp]> = [
    ['a line that is no JSON', { '': good, '.journal.1': `${line('n_1')}{"oops\n${line('n_2')}` }, /sandbox\.json\.journal\.1, line 2: .*JSON/],
    ['a whole last line that is no JSON', { '': good, '.journal.1': `${line('n_1')}[[\n` }, /sandbox\.json\.journal\.1, line 2: .*JSON/],
    ['a line of other JSON', { '': good, '.journal.1': `${line('n_1')}{"a":1}\n` }, /sandbox\.json\.journal\.1, line 2: expected a list of changes\. Bring the data file and its journals back from a copy, or move them away to start empty\.$/],
    ['a change without a record', { '': good, '.journal.1': '[["notes","acct_a","n_1"]]\n' }, /sandbox\.json\.journal\.1, line 1: expected a list of changes\. Bring the data file and its journals back from a copy, or move them away to start empty\.$/],
    ['a collection that nobody knows', { '': good, '.journal.1': '[["ghosts","acct_a","g_1",{"id":"g_1"}]]\n' },
      /sandbox\.json\.journal\.1, line 1: this version does not know the collection "ghosts"; a newer one may have written it\. Start that version, or give this one another DATA_FILE\.$/],
    ['a change whose account is none', { '': good, '.journal.1': '[["notes",1,"n_1",null]]\n' }, /sandbox\.json\.journal\.1, line 1: expected a list of changes\./],
    ['a change among others that is none', { '': good, '.journal.1': '[["notes","acct_a","n_1",null],"notes"]\n' }, /sandbox\.json\.journal\.1, line 1: expected a list of changes\./],
    ['a record that is null', { '': good.replace('{"id":"n_0","text":""}', 'null') }, /sandbox\.json, line 3: expected an account and a record\./],
    ['an id that is no text', { '': good.replace('"n_0"', '0') }, /sandbox\.json, line 3: expected an account and a record\./],
    ['a row whose account is none', { '': good.replace('"acct_a"', '7') }, /sandbox\.json, line 3: expected an account and a record\./],
    ['a row that is no list', { '': good.replace('["acct_a",{"id":"n_0","text":""}]', '{"0":"acct_a","1":{"id":"n_0"}}') }, /sandbox\.json, line 3: expected an account and a record\./],
    ['a name of a collection with something before it', { '': good.replace('"notes"', 'x"notes"') }, /sandbox\.json, line 2: expected the name of a collection\./],
    ['a name of a collection with something after it', { '': good.replace('"notes":[', '"notes":[x') }, /sandbox\.json, line 2: expected the name of a collection\./],
    ['a first line with something before it', { '': `x${good}` }, /sandbox\.json, line 1: this is not a data file of wooshpay-sandbox\./],
    ['a first line with something after it', { '': good.replace('{\n', '{x\n') }, /sandbox\.json, line 1: this is not a data file of wooshpay-sandbox\./],
    ['a cut line with a later journal behind it', { '': good, '.journal.1': line('n_1').slice(0, -3), '.journal.2': line('n_2') },
      /sandbox\.json\.journal\.1, line 1: the line is cut off, though a later journal exists\. Bring the data file and its journals back from a copy, or move them away to start empty\.$/],
    ['a journal missing in the row', { '': good, '.journal.1': line('n_1'), '.journal.3': line('n_2') },
      /sandbox\.json\.journal\.2 is missing, but .*sandbox\.json\.journal\.3 needs it\. Bring it back/],
    ['the first journal missing, but not the second', { '': good, '.journal.2': line('n_2') }, /sandbox\.json\.journal\.1 is missing, but .*sandbox\.json\.journal\.2 needs it/],
    ['the data file missing', { '.journal.1': line('n_1') }, /sandbox\.json is missing, but its journal .*sandbox\.json\.journal\.1 is there/],
    ['another program\'s JSON', { '': '{"users":[]}\n' }, /sandbox\.json, line 1: this is not a data file of wooshpay-sandbox\. Give DATA_FILE another path\.$/],
    ['another program\'s text', { '': 'dear diary' }, /sandbox\.json, line 1: this is not a data file of wooshpay-sandbox\. Give DATA_FILE another path\.$/],
    ['a format of the future', { '': good.replace('sandbox":1', 'sandbox":2') }, /sandbox\.json, line 1: the format 2 is not known; this version reads 1\. Start the version that wrote it, or give this one another DATA_FILE\.$/],
    ['an empty data file', { '': '' }, /sandbox\.json ends too early: it is not a whole data file\. Bring the data file and its journals back from a copy, or move them away to start empty\.$/],
    ['a data file cut between lines', { '': `${header()}"notes":[\n` }, /sandbox\.json ends too early/],
    ['a data file cut in a line', { '': good.slice(0, 70) }, /sandbox\.json, line 3: .*JSON/],
    ['a data file with a broken line', { '': good.replace('"n_0"', 'n_0') }, /sandbox\.json, line 3: .*JSON/],
    ['a data file with a record without an id', { '': good.replace('"id"', '"di"') }, /sandbox\.json, line 3: expected an account and a record\. Bring the data file and its journals back from a copy, or move them away to start empty\.$/],
    ['a data file with an unknown collection', { '': good.replace('notes', 'ghosts') }, /sandbox\.json, line 2: this version does not know the collection "ghosts"/],
    ['a data file with lines between collections', { '': good.replace('"notes":[', 'notes') }, /sandbox\.json, line 2: expected the name of a collection\. Bring the data file and its journals back from a copy, or move them away to start empty\.$/],
    ...([
      ['a record whose id has too many digits', 'coins', { id: 'coin_99999999999999999999999999' }, 'its id is not coin_ and 19 digits'],
      ['a record whose id has too few digits', 'coins', { id: 'coin_164635654434376908' }, 'its id is not coin_ and 19 digits'],
      ['a record whose id has letters', 'coins', { id: 'coin_164635654434376908x' }, 'its id is not coin_ and 19 digits'],
      ['a record with the id of another kind', 'coins', { id: 'stam_1646356544343769088' }, 'its id is not coin_ and 19 digits'],
      ['an account without a clock', 'accounts', { id: 'acct_a' }, 'its clock says no time'],
      ['an account whose clock is none', 'accounts', { id: 'acct_a', clock: 5 }, 'its clock says no time'],
      ['an account whose clock has no offset', 'accounts', { id: 'acct_a', clock: { offset_ms: null } }, 'its clock says no time'],
      ['an account whose clock stands nowhere', 'accounts', { id: 'acct_a', clock: { offset_ms: 0, frozen_at_ms: '1700000000000' } }, 'its clock says no time'],
      ['an account whose clock lies beyond all dates', 'accounts', { id: 'acct_a', clock: { offset_ms: 9e15 } }, 'its clock says no time'],
      ['an account whose latest id is none', 'accounts', { id: 'acct_a', clock: { offset_ms: 0 }, latest_id: 'pi_99999999999999999999999999' }, 'its latest_id is no id'],
      ['a beginning without a clock', 'beginning', { id: 'beginning' }, 'its clock says no time']
    ] as const).flatMap(([what, name, record, fault]): typeof broken => [
      [what, { '': `${header()}"${name}":[\n["acct_a",${JSON.stringify(record)}]\n]\n}}\n` },
        new RegExp(`sandbox\\.json, line 3: the record is none of ${name}: ${fault}\\. Bring the data file and its journals back from a copy, or move them away to start empty\\.$`)],
      [`${what}, in the journal`, { '': good, '.journal.1': `${line('n_1')}${JSON.stringify([[name, 'acct_a', record.id, record]])}\n` },
        new RegExp(`sandbox\\.json\\.journal\\.1, line 2: the record is none of ${name}: ${fault}\\.`)]
    ]),
    ['a data file with more after its end', { '': `${good}{}\n` }, /sandbox\.json, line 6: there is more after the end\. Bring the data file and its journals back from a copy, or move them away to start empty\.$/]
  ]
  for (const [what, files, message] of broken) {
    t.test(`is refused and left as it is: ${what}`, async t => {
      const file = newFile(t)
      writeFileSync(`${file}.tmp`, 'left over')
      for (const [end, text] of Object.entries(files)) writeFileSync(`${file}${end}`, text)
      const before = bytesOf(file)
      const error = await open(t, file).then(() => undefined, (reason: unknown) => reason)
      t.ok(error instanceof DataFileError, 'a DataFileError')
      t.match((error as Error).message, message)
      t.notMatch((error as Error).message, /\n/, 'one line')
      t.same(bytesOf(file), before, 'every file is as it was, and there is no other')
    })
  }

  t.test('tells how much was read, of how much', async t => {
    const file = await killed(t, async database => {
      await write(database, 'n_1', 'one')
      await database.compact()
      await write(database, 'n_2', 'two')
    })
    // Ten of them, so that their order is that of numbers.
    for (let number = 3; number <= 12; number++) writeFileSync(`${file}.journal.${number}`, line(`n_${number}`))
    writeFileSync(`${file}.journal.99x`, 'no journal')
    writeFileSync(`${file}.journal.x99`, 'no journal')
    const total = statSync(file).size + [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].reduce((sum, number) => sum + statSync(`${file}.journal.${number}`).size, 0)
    const told: Array<[number, number]> = []
    const database = await open(t, file, { onRead: (bytes, of) => { told.push([bytes, of]) } })
    t.ok(told.every(([bytes, of], index) => of === total && bytes > (told[index - 1]?.[0] ?? 0)))
    t.same(told.at(-1), [total, total])
    t.equal(database.collection(notes).size, 12)
    await database.close()
  })

  t.test('wants a new data file when more was replaced than there is, or it is far longer', async t => {
    const file = newFile(t)
    const collection = new Collection<Stored>({ name: 'notes' })
    const state: State = { collections: new Map([['notes', collection]]), staged: [] }
    const journal = new JournalAdapter(file, 'process', state)
    journal.read()
    await journal.start()
    t.same([journal.isCompact, journal.wantsCompaction], [true, false])
    const put = (id: string, mebibytes: number): void => {
      const record = { id, text: 'x'.repeat(mebibytes << 20) }
      state.staged = [{ collection: 'notes', account: 'acct_a', id, record, previous: collection.set('acct_a', record), isRestoration: false }]
      journal.write(state)
      state.staged = []
    }
    const take = (id: string): void => {
      state.staged = [{ collection: 'notes', account: 'acct_a', id, record: undefined, previous: collection.delete(id), isRestoration: false }]
      journal.write(state)
      state.staged = []
    }
    const settle = (): void => {}
    put('n_1', 7)
    for (let round = 0; round < 3; round++) put('n_2', 0)
    t.same([journal.isCompact, journal.wantsCompaction], [false, false], 'too short, though two of two were replaced')
    put('n_3', 1)
    put('n_4', 0)
    t.equal(journal.wantsCompaction, false, 'two of four')
    put('n_4', 0)
    put('n_4', 0)
    t.equal(journal.wantsCompaction, false, 'four of four')
    put('n_4', 0)
    t.equal(journal.wantsCompaction, true, 'five of four')
    const compacted = journal.compact(settle)
    t.equal(journal.wantsCompaction, false, 'not while it is written')
    await compacted
    t.same([journal.isCompact, journal.wantsCompaction], [true, false])

    // The data file has 8 MiB, which the journal may be four times as long as; a record that goes counts twice.
    for (let number = 11; number <= 18; number++) put(`n_${number}`, 4)
    t.equal(journal.wantsCompaction, false, 'eight times 4 MiB of new records, of which nothing was replaced')
    for (let number = 11; number <= 15; number++) take(`n_${number}`)
    t.equal(journal.wantsCompaction, true, 'ten of seven')
    await journal.compact(settle)
    for (let number = 31; number <= 38; number++) put(`n_${number}`, 11)
    t.equal(journal.wantsCompaction, true, 'more than four times 20 MiB')
    mkdirSync(`${file}.journal.4`)
    await t.rejects(journal.compact(settle))
    t.equal(journal.wantsCompaction, false, 'after a failure not again at every write')
    put('n_39', 7)
    t.equal(journal.wantsCompaction, false)
    rmdirSync(`${file}.journal.4`)
    await journal.close(settle)
    await journal.close(settle)
    t.throws(() => { put('n_40', 0) }, { message: `${file} is closed` })
    await journal.compact(settle)
  })

  t.test('reads a data file without a journal, and cleans up what earlier processes left', async t => {
    const file = newFile(t)
    writeFileSync(file, good.replace('journal":1', 'journal":3'))
    for (const end of ['.tmp', '.journal.1', '.journal.2']) writeFileSync(`${file}${end}`, 'left over')
    const database = await open(t, file)
    t.ok(holds(database, 'n_0'))
    t.same(names(file), ['sandbox.json', 'sandbox.json.journal.3'])
    await database.close()
  })
})

t.test('the data file', async t => {
  t.test('is one JSON document with one record a line', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    t.same(JSON.parse(readFileSync(file, 'utf8')), { wooshpay_sandbox: 1, journal: 1, collections: {} }, 'from the first start')
    await write(database, 'n_1', 'line\n]\n}}\u2028', 'acct_b')
    database.stage(pens, 'acct_a', 'p_1', { id: 'p_1', text: '' })
    database.stage(pens, 'acct_a', 'p_2', { id: 'p_2', text: '' })
    await database.compact()
    t.same(JSON.parse(readFileSync(file, 'utf8')), {
      wooshpay_sandbox: 1,
      journal: 2,
      collections: {
        notes: [['acct_b', { id: 'n_1', text: 'line\n]\n}}\u2028', tags: [] }]],
        pens: [['acct_a', { id: 'p_1', text: '' }], ['acct_a', { id: 'p_2', text: '' }]]
      }
    })
    t.equal(readFileSync(file, 'utf8').split('\n').length, 10)
    t.same(names(file), ['sandbox.json', 'sandbox.json.journal.2'])
    const before = contents(database)
    await database.close()
    const reopened = await open(t, file)
    t.same(contents(reopened), before)
    const bytes = bytesOf(file)
    await reopened.close()
    t.same(bytesOf(file), bytes, 'a stop without a change writes nothing')
  })

  t.test('is written beside work that changes, adds and removes records, and ends under load', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    const id = (number: number): string => `n_${String(number).padStart(6, '0')}`
    for (let number = 0; number < 3000; number++) void write(database, id(number), 'first')
    await database.written()
    const expected = new Map([...Array(3000).keys()].map(number => [id(number), 'first']))
    const compaction = { ended: false }
    const compacted = database.compact().finally(() => { compaction.ended = true })
    let added = 3000
    let turns = 0
    let sizeAtBegin = 0
    let sizeAtCrash: number | undefined
    const crash = newFile(t)
    while (!compaction.ended) {
      turns++
      const begun = existsSync(`${file}.journal.2`)
      if (!begun) sizeAtBegin = expected.size
      // More new records a turn than the data file takes, many times over.
      const room = begun ? 20_000 - added : 0
      for (let number = 0; number < Math.min(room, 300); number++) {
        expected.set(id(added), 'added')
        void write(database, id(added++), 'added')
      }
      for (const number of [turns % 1000, 2999 - turns % 900, added - 5]) {
        expected.set(id(number), `changed ${turns}`)
        void write(database, id(number), `changed ${turns}`)
      }
      for (const number of [100 + turns % 800, 2000 - turns % 700, added - 7]) {
        expected.delete(id(number))
        void write(database, id(number), undefined)
      }
      await database.written()
      if (sizeAtCrash === undefined && existsSync(`${file}.tmp`) && statSync(`${file}.tmp`).size > 0) {
        for (const name of names(file)) copyFileSync(join(dirname(file), name), join(dirname(crash), name))
        sizeAtCrash = expected.size
      }
    }
    await compacted
    t.equal(added, 20_000, `${turns} turns`)
    const rows: number = JSON.parse(readFileSync(file, 'utf8')).collections.notes.length
    t.ok(Math.abs(rows - sizeAtBegin) < 10, `${rows} of ${sizeAtBegin} records at the beginning: what came later is in the journal`)
    const copy = newFile(t)
    for (const name of names(file)) copyFileSync(join(dirname(file), name), join(dirname(copy), name))
    await database.close()
    for (const place of [copy, file]) {
      const reopened = await open(t, place)
      t.ok(isDeepStrictEqual(new Map([...reopened.collection(notes).rows()].map(({ record }) => [record.id, record.text])), expected),
        place === copy ? 'as after kill -9' : 'as after a clean stop')
      t.ok(isDeepStrictEqual([...reopened.collection(notes).newest('acct_a')].map(record => record.id), [...expected.keys()].sort().reverse()), 'in order')
      await reopened.close()
    }
    t.ok(existsSync(`${crash}.tmp`), 'a process killed in the midst leaves two journals and a part of the data file')
    const midway = await open(t, crash)
    t.equal(midway.collection(notes).size, sizeAtCrash)
    t.same(names(crash), ['sandbox.json', 'sandbox.json.journal.1', 'sandbox.json.journal.2'])
    await midway.close()
  })

  t.test('is written when the journal has outgrown it', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    for (let number = 0; !existsSync(`${file}.journal.2`); number++) {
      await write(database, 'n_1', `${number} ${'x'.repeat(1 << 20)}`)
      if (number > 20) return t.fail('nothing was written anew')
    }
    await database.compact()
    t.same(names(file), ['sandbox.json', 'sandbox.json.journal.2'])
    t.ok(statSync(file).size < 2 << 20)
    await database.close()
  })

  t.test('is written once at a time, also when asked for with changes staged and the journal outgrown', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    for (let number = 0; number < 9; number++) database.stage(notes, 'acct_a', `n_${number}`, { id: `n_${number}`, text: 'x'.repeat(1 << 20) })
    await Promise.all([database.compact(), database.compact()])
    t.same(names(file), ['sandbox.json', 'sandbox.json.journal.2'])
    await database.close()
  })

  const failures: Array<[string, (file: string, work: () => Promise<void>) => Promise<void>]> = [
    ['the disk is full', async (_file, work) => { await withFileLimit(60, work) }],
    ['the new file cannot take its place', async (file, work) => {
      renameSync(file, `${file}.aside`)
      mkdirSync(file)
      await work()
      rmdirSync(file)
      renameSync(`${file}.aside`, file)
    }],
    ['the new journal cannot be opened', async (file, work) => {
      mkdirSync(`${file}.journal.2`)
      await work()
      rmdirSync(`${file}.journal.2`)
    }],
    ['no more files can be opened', async (file, work) => {
      const held: number[] = []
      limit('nofile', 200)
      try {
        for (;;) held.push(openSync(file, 'r'))
      } catch {
        await work()
      } finally {
        for (const fd of held) closeSync(fd)
        limit('nofile', 1024)
      }
    }]
  ]
  for (const [what, fail] of failures) {
    t.test(`stays as it is with all its journals when ${what}, and is written later`, noLimit, async t => {
      const file = newFile(t)
      const database = await open(t, file)
      await write(database, 'n_1', 'one')
      await fail(file, async () => { await t.rejects(database.compact()) })
      await write(database, 'n_2', 'two')
      t.notOk(existsSync(`${file}.tmp`), 'nothing is left over')
      const before = contents(database)
      const copy = newFile(t)
      for (const name of names(file)) copyFileSync(join(dirname(file), name), join(dirname(copy), name))
      await database.compact()
      await write(database, 'n_3', 'three')
      const after = contents(database)
      t.equal(names(file).length, 2, 'a later one replaces all journals')
      await database.close()
      for (const [place, expected] of [[copy, before], [file, after]] as const) {
        const reopened = await open(t, place)
        t.same(contents(reopened), expected)
        await reopened.close()
      }
    })
  }

  t.test('cuts nothing off the old journal when an append fails after the new one could not be opened', noLimit, async t => {
    const file = newFile(t)
    const database = await open(t, file)
    await write(database, 'n_1', 'one')
    mkdirSync(`${file}.journal.2`)
    await t.rejects(database.compact())
    rmdirSync(`${file}.journal.2`)
    await withFileLimit(statSync(`${file}.journal.1`).size + 20, async () => { await t.rejects(write(database, 'n_2', 'two') ?? Promise.resolve()) })
    await write(database, 'n_3', 'three')
    t.same(readFileSync(`${file}.journal.1`, 'utf8').trim().split('\n').map(line => JSON.parse(line)[0][2]), ['n_1', 'n_3'])
    await database.close()
  })

  t.test('never holds a change that was undone while it was written', noLimit, async t => {
    const file = newFile(t)
    const database = await open(t, file)
    for (let number = 1000; number < 4000; number++) void write(database, `n_${number}`, 'x')
    await database.written()
    const before = contents(database)
    let failed = 0
    const size = statSync(`${file}.journal.1`).size
    // The data file has room, a journal line of this size has not.
    await withFileLimit(size + 1000, async () => {
      const compaction = { ended: false }
      const compacted = database.compact().finally(() => { compaction.ended = true })
      while (!compaction.ended) {
        void write(database, 'n_3999', 'y'.repeat(size + 2000))
        void write(database, 'n_1500', undefined)
        await write(database, 'n_9999', 'new')?.catch(() => { failed++ })
      }
      await compacted
    })
    t.ok(failed > 5, `${failed} writes failed meanwhile`)
    t.same(contents(database), before)
    await database.close()
    const reopened = await open(t, file)
    t.same(contents(reopened), before)
    await reopened.close()
  })

  t.test('is readable after a crash between its renaming and the removal of the old journals', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    await write(database, 'n_1', 'old')
    await write(database, 'n_2', 'removed later')
    const old = readFileSync(`${file}.journal.1`)
    await write(database, 'n_1', 'new')
    await write(database, 'n_2', undefined)
    await database.compact()
    const before = contents(database)
    const copy = newFile(t)
    cpSync(file, copy)
    cpSync(`${file}.journal.2`, `${copy}.journal.2`)
    writeFileSync(`${copy}.journal.1`, old)
    await database.close()
    const reopened = await open(t, copy)
    t.same(contents(reopened), before)
    t.same(names(copy), ['sandbox.json', 'sandbox.json.journal.2'])
    await reopened.close()
  })

  t.test('holds an idempotency key in the same journal line as what the call made', async t => {
    const file = newFile(t)
    const sandbox = await startSandbox(t, { DATA_FILE: file })
    await sandbox.call('GET', '/v1/payment_intents')
    // What the calls have covered is noted after their answers.
    const lines = (): string[] => readFileSync(`${file}.journal.1`, 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('[["coverage"'))
    const before = lines().length
    const { body } = await sandbox.call('POST', '/v1/payment_intents', { amount: 20000, currency: 'IDR' }, { headers: { 'Idempotency-Key': 'order-1' } })
    const added = lines().slice(before)
    t.equal(added.length, 1)
    const changes: string[][] = JSON.parse(added[0] ?? '[]')
    t.same(changes.map(([collection]) => collection), ['payment_intents', 'events', 'idempotency_keys'])
    t.equal(changes[0]?.[2], body.id)
  })
})

t.test('the lock of a file', async t => {
  const start = async (): Promise<ChildProcess & { tell: (hold: string | null) => Promise<string> }> => {
    const child = fork(new URL('support/lock-holder.ts', import.meta.url), { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    t.teardown(() => { child.kill('SIGKILL') })
    await once(child, 'message')
    return Object.assign(child, {
      tell: async (hold: string | null) => {
        const answer = once(child, 'message')
        child.send({ hold })
        return String((await answer)[0])
      }
    })
  }
  const kill = async (child: ChildProcess): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  /** A socket whose process is gone. */
  const leaveBehind = async (path: string): Promise<void> => {
    const server = createServer().listen(`${path}.moved`)
    await once(server, 'listening')
    renameSync(`${path}.moved`, path)
    server.close()
    await once(server, 'close')
  }
  const locks = (file: string): string[] => readdirSync(dirname(file)).filter(name => name.includes('.lock-'))

  t.test('is refused to a second in the same process, until the first lets go', async t => {
    const file = newFile(t)
    const database = await open(t, file)
    const error = await open(t, file).then(() => undefined, (reason: unknown) => reason)
    t.ok(error instanceof FileLockedError)
    t.equal((error as Error).message, `${file} is in use by process ${process.pid}. Stop that process, or give this one another DATA_FILE.`)
    t.equal(locks(file).length, 1, 'the refused one leaves nothing')
    await database.close()
    t.same(locks(file), [])
    await (await open(t, file)).close()
  })

  t.test('is refused to a second process, and free at once when its holder was killed', async t => {
    const file = newFile(t)
    const holder = await start()
    t.equal(await holder.tell(file), 'holds')
    await t.rejects(lockFile(file), { message: `${file} is in use by process ${holder.pid}. Stop that process, or give this one another DATA_FILE.` })
    holder.kill('SIGSTOP')
    await t.rejects(lockFile(file), { message: new RegExp(`in use by process ${holder.pid}\\.`) }, 'a stopped process holds')
    holder.kill('SIGCONT')
    t.equal(locks(file).length, 1)
    await kill(holder)
    t.equal(locks(file).length, 1, 'left behind')
    const started = performance.now()
    const release = await lockFile(file)
    t.ok(performance.now() - started < 500, 'no waiting')
    t.equal(locks(file).length, 1, 'what was left behind is gone')
    await release()
    t.same(locks(file), [])
  })

  t.test('takes no notice of files that are no locks', async t => {
    const file = newFile(t)
    writeFileSync(`${file}.lock-1-notasocket`, 'a file')
    await leaveBehind(`${file}.lock-1-aaaaaaaa`)
    const other = await lockFile(`${file}.other`)
    const release = await lockFile(file)
    t.same(locks(file).filter(name => name.startsWith('sandbox.json.lock-1-')), ['sandbox.json.lock-1-notasocket'])
    await release()
    await other()
  })

  t.test('is given up for a process that showed itself while another one was asked', async t => {
    const file = newFile(t)
    const show = async (name: string, reply: (say: (answer: string) => void) => void): Promise<void> => {
      const server = createServer(socket => { reply(answer => socket.end(answer)) }).listen(`${file}.lock-${name}`)
      t.teardown(() => { server.close() })
      await once(server, 'listening')
    }
    const asked = new Promise<(answer: string) => void>(resolve => { void show('999999999-starts', resolve) })
    const locking = lockFile(file).then(() => 'holds', (error: unknown) => (error as Error).message)
    const say = await asked
    await show('1-holds', answer => { answer('holding') })
    say('starting')
    t.match(await locking, /is in use by process 1\./)
  })

  t.test('gives way to a process that starts with a lesser name, and not to one with a greater', async t => {
    for (const [name, message] of [['0-lesser', /is in use by process 0\./], ['999999999-greater', /^holds$/]] as const) {
      const file = newFile(t)
      const server = createServer(socket => { socket.end('starting') }).listen(`${file}.lock-${name}`)
      t.teardown(() => { server.close() })
      await once(server, 'listening')
      t.match(await lockFile(file).then(async release => { await release(); return 'holds' }, (error: unknown) => (error as Error).message), message)
    }
  })

  t.test('works with a path longer than a socket address', async t => {
    const folder = join(dirname(newFile(t)), 'x'.repeat(200))
    mkdirSync(folder)
    const release = await lockFile(join(folder, 'sandbox.json'))
    await t.rejects(lockFile(join(folder, 'sandbox.json')), { message: /in use by process/ })
    await release()
    t.same(readdirSync(folder), [])
  })

  t.test('is held by at most one of three that start at the same moment, and by one as a rule', async t => {
    const file = newFile(t)
    const processes = await Promise.all([start(), start(), start()])
    const rounds = 60
    let held = 0
    for (let round = 0; round < rounds; round++) {
      // What is left behind makes the look for others longer.
      for (let left = 0; left < round % 4; left++) await leaveBehind(`${file}.lock-${left === 0 ? 1 : 999999}-left${left}`)
      const answers = await Promise.all(processes.map(child => child.tell(file)))
      const winners = answers.filter(answer => answer === 'holds').length
      const refused = answers.filter(answer => answer.includes('is in use by process')).length
      if (winners > 1 || winners + refused !== 3) t.fail(`round ${round}: ${answers.join(' | ')}`)
      held += winners
      await Promise.all(processes.map(child => child.tell(null)))
      if (locks(file).length > 0) t.fail(`round ${round} leaves ${locks(file).join()}`)
    }
    t.ok(held >= rounds / 2, `held in ${held} of ${rounds} rounds`)
  })
})

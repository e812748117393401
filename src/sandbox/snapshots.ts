import Type from 'typebox'
import { SandboxClock } from '../core/clock.ts'
import { errors } from '../core/errors.ts'
import type { Api } from '../http/api.ts'
import { accountDefinition, type Account, type AccountRecord, type Accounts } from '../store/accounts.ts'
import { BEGINNING, beginningDefinition } from '../store/beginning.ts'
import type { Collection, Definition } from '../store/collection.ts'
import { put, remove, type Operation, type Store } from '../store/commit.ts'
import { contentsOf, replaceContents, type Contents } from '../store/contents.ts'
import { listAnswer, ListOf } from '../wooshpay/lists.ts'
import { webhookEndpointDefinition } from '../wooshpay/webhook-endpoints/schema.ts'
import { answers, ref } from '../wooshpay/wire.ts'
import { coverageDefinition } from './coverage/service.ts'
import { keptClock, setClockBack, timeOf, type Time } from './clock-state.ts'
import type { Concern } from './concern.ts'
import { NameParams } from './names.ts'

/** What one account held at a time. */
interface Kept extends Time {
  readonly account: string
  readonly contents: Contents
}

/** State that is kept under a name, of one account or of all. */
export interface Snapshot {
  readonly id: string
  readonly name: string
  /** Epoch milliseconds of the keeper's clock. */
  readonly created: number
  readonly accounts: readonly Kept[]
}

export const snapshotDefinition: Definition<Snapshot> = { name: 'snapshots', idPrefix: 'snap', keys: ({ name }) => [`name:${name}`] }

const SnapshotAnswer = Type.Object({
  object: Type.Literal('snapshot'),
  name: Type.String(),
  created: Type.Integer({ description: 'The sandbox\'s time at which it was made: epoch milliseconds.' }),
  accounts: Type.Integer(),
  records: Type.Integer()
}, { $id: 'Snapshot' })
const SnapshotList = ListOf(SnapshotAnswer)
const Deleted = Type.Object({ object: Type.Literal('snapshot'), name: Type.String(), deleted: Type.Literal(true) })
const Emptied = Type.Object({ accounts: Type.Integer({ description: 'How many were emptied.' }) })

/** Snapshots are no part of the state that they keep; coverage is what tests have reached, resets and all; the beginning has happened. */
const OUTSIDE: ReadonlySet<string> = new Set([snapshotDefinition.name, coverageDefinition.name, beginningDefinition.name])

export interface SnapshotOptions extends Store {
  readonly accounts: Accounts
  readonly concern: Concern
  /** What an account holds at its first use. */
  readonly beginningOf: (account: Account) => Operation[]
}

/** Keeps and brings back state, and empties it. Time comes back too; ids go on, so that none comes twice. */
export function snapshotRoutes (api: Api, { accounts, concern, database, commit, ids, beginningOf }: SnapshotOptions): void {
  const snapshots: Collection<Snapshot> = database.collection(snapshotDefinition)
  const endpoints = database.collection(webhookEndpointDefinition)
  api.addSchema(SnapshotAnswer)

  api.post('/snapshots/:name', {
    schema: { operationId: 'takeSnapshot', summary: 'Keep the present state under a name', tags: ['State'], params: NameParams, response: answers(ref(SnapshotAnswer)) }
  }, async request => {
    const { name } = request.params
    const keeper = concern.keeper(request)
    const now = keeper.clock.now()
    const snapshot: Snapshot = {
      id: ids.next('snap', keeper.id, now),
      name,
      created: now,
      accounts: concern.withWhole(request).map(account => ({ account: account.id, ...timeOf(account.clock), contents: contentsOf(database, account, OUTSIDE) }))
    }
    const earlier = snapshots.latest(keeper.id, `name:${name}`)
    commit(keeper, { operations: [put(snapshotDefinition, snapshot), ...earlier === undefined ? [] : [remove(snapshotDefinition, earlier.id)]] })
    return shown(snapshot)
  })

  api.post('/snapshots/:name/restore', {
    schema: { operationId: 'restoreSnapshot', summary: 'Bring a kept state back', tags: ['State'], params: NameParams, response: answers(ref(SnapshotAnswer)) }
  }, async request => {
    const keeper = concern.keeper(request)
    const snapshot = snapshotNamed(keeper, request.params.name)
    const known = new Map(snapshot.accounts.map(kept => [kept.account, kept]))
    for (const account of concern.withWhole(request)) {
      const kept = known.get(account.id)
      if (kept === undefined) empty(account)
      else {
        bringBack(account, kept.contents, kept)
        // The settings may have changed since.
        if (account !== accounts.whole) commit(account, { operations: beginningOf(account) })
      }
    }
    return shown(snapshot)
  })

  api.get('/snapshots', {
    schema: { operationId: 'listSnapshots', summary: 'List the kept states', tags: ['State'], response: answers(SnapshotList) }
  }, async request => listAnswer('/_sandbox/snapshots', { data: [...snapshots.newest(concern.keeper(request).id)].map(shown), hasMore: false }))

  api.delete('/snapshots/:name', {
    schema: { operationId: 'deleteSnapshot', summary: 'Forget a kept state', tags: ['State'], params: NameParams, response: answers(Deleted) }
  }, async request => {
    const keeper = concern.keeper(request)
    const { id, name } = snapshotNamed(keeper, request.params.name)
    commit(keeper, { operations: [remove(snapshotDefinition, id)] })
    return { object: 'snapshot' as const, name, deleted: true as const }
  })

  api.post('/reset', {
    schema: { operationId: 'reset', summary: 'Empty an account, or all', tags: ['State'], response: answers(Emptied) }
  }, async request => {
    const emptied = concern.all(request)
    for (const account of concern.withWhole(request)) empty(account)
    return { accounts: emptied.length }
  })

  function bringBack (account: Account, contents: Contents, time: Time): void {
    const latestId = database.latestId(account.id, account.record.latest_id)
    commit(account, { operations: replaceContents(database, account, contents, OUTSIDE), isRestoration: true })
    // After the write was asked for, so that nothing falls due before it is known to hold.
    account.clock.set(time)
    commit(account, {
      operations: [account === accounts.whole
        ? keptClock(database, account, accounts.whole)
        : put(accountDefinition, { ...account.record, clock: account.clock.state, ...(latestId !== undefined && { latest_id: latestId }) })]
    })
    database.written()?.catch(() => { setClockBack(database, account, accounts.whole) })
  }

  /** As at its first use: the endpoint of the settings, with the secret that a shop may know already, the usual switches, the time of new accounts. */
  function empty (account: Account): void {
    if (account === accounts.whole) {
      const beganAt = database.collection(beginningDefinition).find(BEGINNING)?.record.began_at_ms
      bringBack(account, {}, beganAt === undefined ? realTime() : { now: beganAt, frozen: true })
      return
    }
    const { id, masked_key: maskedKey, publishable_key: publishableKey, clock, webhook_endpoint: endpointId } = account.record
    const endpoint = endpoints.get(id, endpointId ?? '')
    const record: AccountRecord = {
      id, masked_key: maskedKey, publishable_key: publishableKey, clock, switches: {}, ...(endpoint !== undefined && { webhook_endpoint: endpoint.id })
    }
    bringBack(account, { [accountDefinition.name]: [record], ...(endpoint !== undefined && { [webhookEndpointDefinition.name]: [endpoint] }) }, timeOf(accounts.whole.clock))
    commit(account, { operations: beginningOf(account) })
  }

  function snapshotNamed (keeper: Account, name: string): Snapshot {
    const snapshot = snapshots.latest(keeper.id, `name:${name}`)
    if (snapshot === undefined) throw errors.snapshot_missing(name, [...snapshots.newest(keeper.id)].map(other => other.name))
    return snapshot
  }
}

/** That of a clock which nobody has moved. */
function realTime (): Time {
  return { now: new SandboxClock({ offset_ms: 0 }).now(), frozen: false }
}

function shown ({ name, created, accounts }: Snapshot) {
  return {
    object: 'snapshot' as const,
    name,
    created,
    accounts: accounts.filter(({ contents }) => accountDefinition.name in contents).length,
    records: accounts.flatMap(({ contents }) => Object.values(contents)).reduce((sum, { length }) => sum + length, 0)
  }
}

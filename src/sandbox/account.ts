import Type from 'typebox'
import { withoutCredentials } from '../core/addresses.ts'
import { errors } from '../core/errors.ts'
import { switchTable, type Switches } from '../core/switches.ts'
import type { Api } from '../http/api.ts'
import { accountDefinition, type Account } from '../store/accounts.ts'
import { put, type Store } from '../store/commit.ts'
import { webhookEndpointDefinition } from '../wooshpay/webhook-endpoints/schema.ts'
import { listAnswer, ListOf } from '../wooshpay/lists.ts'
import { Anything, answers, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

const AccountParameters = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'What pages call the shop.' })),
  switches: Type.Optional(Anything(`Values by name: ${Object.keys(switchTable).join(', ')}.`))
})

const AccountAnswer = Type.Object({
  object: Type.Literal('account'),
  id: Type.String(),
  key: Type.String({ description: 'The secret key, masked.' }),
  publishable_key: Type.String(),
  name: Type.String({ description: 'What pages call the shop.' }),
  switches: Anything('All of them, as they are for this account.'),
  webhook_endpoints: Type.Array(Type.Object({
    id: Type.String(), url: Type.String(), status: Type.String(), enabled_events: Type.Array(Type.String())
  })),
  counts: Type.Record(Type.String(), Type.Integer(), { description: 'How many records it has of each kind.' })
}, { $id: 'Account' })
const AccountList = ListOf(AccountAnswer)

const tags = ['Account']

export interface AccountOptions extends Store {
  readonly concern: Concern
  readonly merchantName: string
}

/** What the sandbox knows of an account, and what may be changed of it. Without a key: of all accounts. */
export function accountRoutes (api: Api, { concern, database, commit, merchantName }: AccountOptions): void {
  const endpoints = database.collection(webhookEndpointDefinition)
  api.addSchema(AccountAnswer)

  api.get('/account', {
    schema: { operationId: 'retrieveAccount', summary: 'Tell about an account, or about all', tags, response: answers(Type.Union([ref(AccountAnswer), AccountList])) }
  }, async request => answer(concern.one(request), concern.all(request)))

  api.post('/account', {
    schema: { operationId: 'updateAccount', summary: 'Change the name and the switches', tags, body: AccountParameters, response: answers(Type.Union([ref(AccountAnswer), AccountList])) }
  }, async request => {
    const { name, switches } = request.body
    const wanted = switchesFrom(switches ?? {})
    for (const account of concern.some(request)) {
      const { record } = account
      commit(account, { operations: [put(accountDefinition, { ...record, ...(name !== undefined && { name }), switches: { ...record.switches, ...wanted } })] })
    }
    return answer(concern.one(request), concern.all(request))
  })

  function answer (one: Account | undefined, all: readonly Account[]) {
    return one === undefined ? listAnswer('/_sandbox/account', { data: all.map(shown), hasMore: false }) : shown(one)
  }

  function shown ({ id, record, switches }: Account) {
    return {
      object: 'account' as const,
      id,
      key: record.masked_key,
      publishable_key: record.publishable_key,
      name: record.name ?? merchantName,
      switches,
      webhook_endpoints: [...endpoints.newest(id)].map(({ id, url, status, enabled_events: events }) => ({ id, url: withoutCredentials(url), status, enabled_events: events })),
      counts: Object.fromEntries([...database.collections].map(collection => [collection.definition.name, collection.of(id).length]).filter(([, count]) => count !== 0))
    }
  }
}

/**
 * Values of switches, read as the settings of the same names are.
 * @throws ApiError that lists all switches, or what one of them takes
 */
function switchesFrom (given: Readonly<Record<string, unknown>>): Partial<Switches> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => {
    const known = Object.entries(switchTable).find(([known]) => known === name)
    if (known === undefined) throw errors.parameter_unknown(`switches[${name}]`, Object.keys(switchTable))
    const { kind } = known[1]
    const isList = Array.isArray(value)
    const read: unknown = value === '' ? undefined : kind.parse(isList ? value.join(',') : String(value))
    if (read === undefined || isList !== Array.isArray(read) || (isList && value.some(item => typeof item === 'object'))) throw errors.parameter_invalid(`switches[${name}]`, value, `is not allowed; allowed: ${kind.allowed}`)
    return [name, read]
  }))
}

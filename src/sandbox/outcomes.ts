import Type from 'typebox'
import type { Api } from '../http/api.ts'
import type { Commit } from '../store/commit.ts'
import { OUTCOME_NAMES } from '../wallet/outcomes.ts'
import type { OutcomeQueue } from '../wallet/queue.ts'
import type { PaymentMethodRules } from '../wooshpay/payment-methods/rules.ts'
import { listAnswer, ListOf } from '../wooshpay/lists.ts'
import { answers, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

const method = Type.String({ description: 'The wallet, such as `dana`.' })

const QueueParameters = Type.Object({
  payment_method: method,
  outcomes: Type.Array(Type.Enum(OUTCOME_NAMES), { minItems: 1, maxItems: 1000, examples: [['insufficient-balance', 'pay']] })
})
const Queued = Type.Object({ account: Type.String(), payment_method: method, outcomes: Type.Array(Type.Enum(OUTCOME_NAMES)) }, { $id: 'QueuedOutcomes' })
const QueuedList = ListOf(Queued)
const FilterParameters = Type.Object({ payment_method: Type.Optional(method) })

const tags = ['Outcomes']

export interface OutcomeOptions {
  readonly queue: OutcomeQueue
  readonly rules: PaymentMethodRules
  readonly commit: Commit
  readonly concern: Concern
}

/** How the next payments end, one after the other, until the queue is empty. */
export function outcomeRoutes (api: Api, { queue, rules, commit, concern }: OutcomeOptions): void {
  api.addSchema(Queued)

  api.post('/outcomes', {
    schema: { operationId: 'queueOutcomes', summary: 'Line up how the next payments end', tags, body: QueueParameters, response: answers(ref(Queued)) }
  }, async request => {
    const { payment_method: name, outcomes } = request.body
    rules.get(name, 'payment_method')
    const accounts = concern.some(request)
    for (const account of accounts) commit(account, { operations: [queue.add(account.id, name, outcomes)] })
    const [{ id }] = accounts
    return { account: id, payment_method: name, outcomes: [...queue.of(id, name)] }
  })

  api.get('/outcomes', {
    schema: { operationId: 'listOutcomes', summary: 'List the outcomes that wait', tags, response: answers(QueuedList) }
  }, async request => listOfQueued(request))

  api.delete('/outcomes', {
    schema: { operationId: 'clearOutcomes', summary: 'Take the outcomes out that wait', tags, querystring: FilterParameters, response: answers(QueuedList) }
  }, async request => {
    const { payment_method: name } = request.query
    if (name !== undefined) rules.get(name, 'payment_method')
    for (const account of concern.all(request)) commit(account, { operations: queue.clear(account.id, name) })
    return listOfQueued(request)
  })

  function listOfQueued (request: Parameters<Concern['all']>[0]) {
    const data = concern.all(request).flatMap(({ id }) => queue.all(id).map(({ payment_method: name, outcomes }) => ({ account: id, payment_method: name, outcomes: [...outcomes] })))
    return listAnswer('/_sandbox/outcomes', { data, hasMore: false })
  }
}

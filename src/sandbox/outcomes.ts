import Type from 'typebox'
import { errors } from '../core/errors.ts'
import type { Api } from '../http/api.ts'
import type { Commit } from '../store/commit.ts'
import { isOutcomeName, OUTCOME_NAMES, type OutcomeName } from '../wallet/outcomes.ts'
import type { OutcomeQueue } from '../wallet/queue.ts'
import type { PaymentMethodRules } from '../wooshpay/payment-methods/rules.ts'
import { listAnswer } from '../wooshpay/lists.ts'
import { answers } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

const method = Type.String({ description: 'The wallet, such as `dana`.' })

const QueueParameters = Type.Object({
  payment_method: method,
  outcomes: Type.Array(Type.String(), { minItems: 1, maxItems: 1000, examples: [['insufficient-balance', 'pay']] })
})
const Queued = Type.Object({ payment_method: method, outcomes: Type.Array(Type.String()) })
const QueuedList = Type.Object({ object: Type.Literal('list'), url: Type.String(), has_more: Type.Boolean(), data: Type.Array(Queued) })
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
  api.post('/outcomes', {
    schema: { operationId: 'queueOutcomes', summary: 'Line up how the next payments end', tags, body: QueueParameters, response: answers(Queued) }
  }, async request => {
    const { payment_method: name, outcomes } = request.body
    rules.get(name, 'payment_method')
    const wanted = outcomes.map(outcomeNamed)
    const accounts = concern.all(request)
    for (const account of accounts) commit(account, { operations: [queue.add(account.id, name, wanted)] })
    return { payment_method: name, outcomes: accounts[0] === undefined ? [] : [...queue.of(accounts[0].id, name)] }
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
    const data = concern.all(request).flatMap(account => queue.all(account.id))
      .map(({ payment_method: name, outcomes }) => ({ payment_method: name, outcomes: [...outcomes] }))
    return listAnswer('/_sandbox/outcomes', { data, hasMore: false })
  }
}

/** @throws ApiError that lists all outcomes */
function outcomeNamed (name: string, index: number): OutcomeName {
  if (!isOutcomeName(name)) throw errors.parameter_invalid(`outcomes[${index}]`, name, `is not one of: ${OUTCOME_NAMES.join(', ')}`)
  return name
}

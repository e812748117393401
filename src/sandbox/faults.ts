import Type from 'typebox'
import { EVENT_TYPES } from '../core/event-types.ts'
import type { Api } from '../http/api.ts'
import { Fault, FaultParameters, type Possible } from '../faults/fault.ts'
import type { Faults } from '../faults/service.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import { put, type Store } from '../store/commit.ts'
import { deliveryDefinition, released } from '../webhooks/deliveries.ts'
import { paymentIntentDefinition } from '../wooshpay/payment-intents/schema.ts'
import { webhookEndpointDefinition } from '../wooshpay/webhook-endpoints/schema.ts'
import { listAnswer, ListOf } from '../wooshpay/lists.ts'
import { answers, found, IdParams, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

const FaultList = ListOf(Fault)
const DeletedFault = Type.Object({ id: Type.String(), object: Type.Literal('fault'), deleted: Type.Literal(true) })

const tags = ['Faults']

export interface FaultOptions extends Store {
  readonly faults: Faults
  readonly accounts: Accounts
  /** All calls of the API. */
  readonly calls: Possible['calls']
  readonly concern: Concern
}

/** What is to go wrong: exactly, counted, and as often as asked. Without a key a rule concerns every account. */
export function faultRoutes (api: Api, { faults, accounts, database, commit, calls, concern }: FaultOptions): void {
  const deliveries = database.collection(deliveryDefinition)
  const endpoints = database.collection(webhookEndpointDefinition)
  const intents = database.collection(paymentIntentDefinition)
  api.addSchema(Fault)

  api.post('/faults', {
    schema: { operationId: 'createFault', summary: 'Let something go wrong', tags, body: FaultParameters, response: answers(ref(Fault)) }
  }, async request => faults.add(concern.keeper(request), request.body, {
    calls,
    types: EVENT_TYPES,
    hasEndpoint: id => concern.row(request, endpoints, id) !== undefined,
    hasPaymentIntent: id => concern.row(request, intents, id) !== undefined
  }))

  api.get('/faults', {
    schema: { operationId: 'listFaults', summary: 'List the faults, with how often each has happened', tags, response: answers(FaultList) }
  }, async request => listAnswer('/_sandbox/faults', { data: faults.of(concern.keeper(request)), hasMore: false }))

  api.delete('/faults', {
    schema: { operationId: 'deleteFaults', summary: 'Take all faults back', tags, response: answers(FaultList) }
  }, async request => {
    const keeper = concern.keeper(request)
    remove(keeper, faults.of(keeper))
    return listAnswer('/_sandbox/faults', { data: faults.of(keeper), hasMore: false })
  })

  api.delete('/faults/:id', {
    schema: { operationId: 'deleteFault', summary: 'Take a fault back', tags, params: IdParams, response: answers(DeletedFault) }
  }, async request => {
    const { id } = request.params
    const keeper = concern.keeper(request)
    const row = faults.find(id)
    const fault = found(row?.account === keeper.id ? row.record : undefined, 'fault', id)
    remove(keeper, [fault])
    return { id, object: 'fault' as const, deleted: true as const }
  })

  /** Takes faults back; webhooks that they hold go now. */
  function remove (keeper: Account, gone: readonly Fault[]): void {
    faults.remove(keeper, gone)
    for (const account of keeper === accounts.whole ? accounts.all() : [keeper]) {
      const now = account.clock.now()
      const waiting = gone.flatMap(({ id }) => [...deliveries.newest(account.id, `held_by:${id}`)])
      if (waiting.length > 0) commit(account, { operations: waiting.map(delivery => put(deliveryDefinition, released(delivery, now))) })
    }
  }
}

import Type, { type Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import { errors } from '../core/errors.ts'
import { EVENT_TYPES } from '../core/event-types.ts'
import type { Api } from '../http/api.ts'
import type { Collection } from '../store/collection.ts'
import { put, type Store } from '../store/commit.ts'
import { Delivery, deliveryDefinition, isDue, released } from '../webhooks/deliveries.ts'
import type { Dispatcher } from '../webhooks/dispatcher.ts'
import { listParameters, ListOf } from '../wooshpay/lists.ts'
import { webhookEndpointDefinition } from '../wooshpay/webhook-endpoints/schema.ts'
import { answers, found, IdParams, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'
import { listConcerned } from './lists.ts'

const ListParameters = Type.Object({
  ...listParameters,
  event: Type.Optional(Type.String()),
  type: Type.Optional(Type.Enum([...EVENT_TYPES])),
  payment_intent: Type.Optional(Type.String()),
  status: Type.Optional(Delivery.properties.status)
})
type ListParameters = Static<typeof ListParameters>
const FILTERS = ['event', 'payment_intent', 'type', 'status'] as const

const tags = ['Deliveries']
const response = answers(ref(Delivery))

export interface DeliveryOptions extends Store {
  readonly dispatcher: Dispatcher
  readonly concern: Concern
}

/** Where webhooks went, with every attempt's request and answer. */
export function deliveryRoutes (api: Api, { database, commit, dispatcher, concern }: DeliveryOptions): void {
  const deliveries: Collection<Delivery> = database.collection(deliveryDefinition)
  const endpoints = database.collection(webhookEndpointDefinition)
  api.addSchema(Delivery)

  api.get('/deliveries', {
    schema: { operationId: 'listDeliveries', summary: 'List webhook deliveries', tags, querystring: ListParameters, response: answers(ListOf(Delivery)) }
  }, async request => listConcerned(deliveries, concern.all(request), request.query, {
    url: '/_sandbox/deliveries', what: 'delivery', key: keyOf(request.query), matches: delivery => matches(delivery, request.query), show: delivery => delivery
  }))

  api.get('/deliveries/:id', {
    schema: { operationId: 'retrieveDelivery', summary: 'Retrieve a webhook delivery', tags, params: IdParams, response }
  }, async request => deliveryOf(request, request.params.id).record)

  api.post('/deliveries/:id/resend', {
    schema: { operationId: 'resendDelivery', summary: 'Send a webhook once more, now; answers when the receiver has', tags, params: IdParams, response }
  }, async request => {
    const { id } = request.params
    const { account, record: delivery } = deliveryOf(request, id)
    const endpoint = endpoints.get(account.id, delivery.endpoint)
    if (endpoint?.status !== 'enabled') throw errors.parameter_invalid('id', id, `goes to ${delivery.endpoint}, which is ${endpoint?.status ?? 'deleted'}`)
    const { clock } = account
    let made: Delivery | undefined
    // One that has ended may not have been kept.
    const latest = (): Delivery => deliveries.get(account.id, id) ?? made ?? delivery
    // One that is under way is waited for, also one that another call has begun meanwhile.
    for (let before: Delivery | undefined; isDue(latest(), clock.now()) && latest() !== before;) {
      before = latest()
      made = await dispatcher.attempt(account.id, id)
    }
    commit(account, { operations: [put(deliveryDefinition, { ...released(latest(), clock.now()), status: 'pending' })] })
    made = await dispatcher.attempt(account.id, id)
    return latest()
  })

  function deliveryOf (request: FastifyRequest, id: string) {
    return found(concern.row(request, deliveries, id), 'delivery', id)
  }
}

/** The first filter that is given says where to look. */
function keyOf (filters: ListParameters): string | undefined {
  const first = FILTERS.find(name => filters[name] !== undefined)
  return first === undefined ? undefined : `${first}:${filters[first]}`
}

function matches (delivery: Delivery, filters: ListParameters): boolean {
  return FILTERS.every(name => filters[name] === undefined || delivery[name] === filters[name])
}

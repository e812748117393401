import type { Api } from '../../http/api.ts'
import { answers, IdParams, ref } from '../wire.ts'
import {
  CheckoutSession, CheckoutSessionList, CreateParameters, LineItem, LineItemList, LineItemListParameters, ListParameters
} from './schema.ts'
import type { CheckoutSessions } from './service.ts'

const tags = ['Checkout sessions']
const response = answers(ref(CheckoutSession))

export function checkoutSessionRoutes (api: Api, sessions: CheckoutSessions): void {
  api.addSchema(LineItem)
  api.addSchema(CheckoutSession)

  api.post('/checkout/sessions', {
    schema: { operationId: 'createCheckoutSession', summary: 'Create a checkout session', tags, body: CreateParameters, response }
  }, async ({ caller, body }) => sessions.create(caller, body))

  api.get('/checkout/sessions', {
    schema: { operationId: 'listCheckoutSessions', summary: 'List checkout sessions', tags, querystring: ListParameters, response: answers(CheckoutSessionList) }
  }, async ({ caller, query }) => sessions.list(caller.account, query, '/v1/checkout/sessions'))

  api.get('/checkout/sessions/list', {
    schema: { operationId: 'listAllCheckoutSessions', summary: 'List checkout sessions, under the documented path', tags, querystring: ListParameters, response: answers(CheckoutSessionList) }
  }, async ({ caller, query }) => sessions.list(caller.account, query, '/v1/checkout/sessions/list'))

  api.get('/checkout/sessions/:id', {
    schema: { operationId: 'retrieveCheckoutSession', summary: 'Retrieve a checkout session', tags, params: IdParams, response }
  }, async ({ caller, params }) => sessions.retrieve(caller.account, params.id))

  api.get('/checkout/sessions/:id/line_items', {
    schema: { operationId: 'listLineItems', summary: 'List the line items of a checkout session', tags, params: IdParams, querystring: LineItemListParameters, response: answers(LineItemList) }
  }, async ({ caller, params, query }) => sessions.lineItems(caller.account, params.id, query))

  api.post('/checkout/sessions/:id/expire', {
    schema: { operationId: 'expireCheckoutSession', summary: 'Expire a checkout session', tags, params: IdParams, response }
  }, async ({ caller, params }) => sessions.expire(caller, params.id))
}

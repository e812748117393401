import type { Api } from '../../http/api.ts'
import { answers, IdParams, ref } from '../wire.ts'
import {
  CancelParameters, CaptureParameters, ConfirmParameters, CreateParameters, ListParameters, PaymentIntent, PaymentIntentList,
  RetrieveParameters, SearchParameters, UpdateParameters
} from './schema.ts'
import type { PaymentIntents } from './service.ts'

const tags = ['PaymentIntents']
const response = answers(ref(PaymentIntent))

export function paymentIntentRoutes (api: Api, intents: PaymentIntents): void {
  api.addSchema(PaymentIntent)

  api.post('/payment_intents', {
    schema: { operationId: 'createPaymentIntent', summary: 'Create a PaymentIntent', tags, body: CreateParameters, response }
  }, async ({ caller, body }) => intents.create(caller, body))

  api.get('/payment_intents', {
    schema: { operationId: 'listPaymentIntents', summary: 'List PaymentIntents', tags, querystring: ListParameters, response: answers(PaymentIntentList) }
  }, async ({ caller, query }) => intents.list(caller.account, query))

  api.get('/payment_intents/search', {
    schema: { operationId: 'searchPaymentIntents', summary: 'Search PaymentIntents', tags, querystring: SearchParameters, response: answers(PaymentIntentList) }
  }, async ({ caller, query }) => intents.search(caller.account, query))

  api.get('/payment_intents/:id', {
    config: { publishable: true },
    schema: { operationId: 'retrievePaymentIntent', summary: 'Retrieve a PaymentIntent', tags, params: IdParams, querystring: RetrieveParameters, response }
  }, async ({ caller, params, query }) => intents.retrieve(caller, params.id, query.client_secret))

  api.post('/payment_intents/:id', {
    schema: { operationId: 'updatePaymentIntent', summary: 'Update a PaymentIntent', tags, params: IdParams, body: UpdateParameters, response }
  }, async ({ caller, params, body }) => intents.update(caller, params.id, body))

  api.post('/payment_intents/:id/confirm', {
    config: { publishable: true },
    schema: { operationId: 'confirmPaymentIntent', summary: 'Confirm a PaymentIntent', tags, params: IdParams, body: ConfirmParameters, response }
  }, async ({ caller, params, body }) => intents.confirm(caller, params.id, body))

  api.post('/payment_intents/:id/cancel', {
    schema: { operationId: 'cancelPaymentIntent', summary: 'Cancel a PaymentIntent', tags, params: IdParams, body: CancelParameters, response }
  }, async ({ caller, params, body }) => intents.cancel(caller, params.id, body))

  api.post('/payment_intents/:id/capture', {
    schema: { operationId: 'capturePaymentIntent', summary: 'Capture a PaymentIntent', tags, params: IdParams, body: CaptureParameters, response }
  }, async ({ caller, params, body }) => intents.capture(caller, params.id, body))
}

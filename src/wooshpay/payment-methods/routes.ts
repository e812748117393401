import type { Api } from '../../http/api.ts'
import { answers, IdParams, ref } from '../wire.ts'
import { CreateParameters, ListParameters, PaymentMethod, PaymentMethodList, UpdateParameters } from './schema.ts'
import type { PaymentMethods } from './service.ts'

const tags = ['Payment methods']
const response = answers(ref(PaymentMethod))

export function paymentMethodRoutes (api: Api, methods: PaymentMethods): void {
  api.addSchema(PaymentMethod)

  api.post('/payment_methods', {
    schema: { operationId: 'createPaymentMethod', summary: 'Create a payment method', tags, body: CreateParameters, response }
  }, async ({ caller, body }) => methods.create(caller.account, body))

  api.get('/payment_methods', {
    schema: { operationId: 'listPaymentMethods', summary: 'List payment methods', tags, querystring: ListParameters, response: answers(PaymentMethodList) }
  }, async ({ caller, query }) => methods.list(caller.account, query))

  api.get('/payment_methods/:id', {
    schema: { operationId: 'retrievePaymentMethod', summary: 'Retrieve a payment method', tags, params: IdParams, response }
  }, async ({ caller, params }) => methods.retrieve(caller.account, params.id))

  api.post('/payment_methods/:id', {
    schema: { operationId: 'updatePaymentMethod', summary: 'Update a payment method', tags, params: IdParams, body: UpdateParameters, response }
  }, async ({ caller, params, body }) => methods.update(caller.account, params.id, body))
}

import type { Api } from '../../http/api.ts'
import { CustomerListParameters, PaymentMethod, PaymentMethodList } from '../payment-methods/schema.ts'
import type { PaymentMethods } from '../payment-methods/service.ts'
import { answers, IdParams, ref } from '../wire.ts'
import { AttachParameters, Customer, CustomerList, CustomerParameters, DeletedCustomer, ListParameters, OwnedParams } from './schema.ts'
import type { Customers } from './service.ts'

const tags = ['Customers']
const response = answers(ref(Customer))
const method = { tags: ['Payment methods'], response: answers(ref(PaymentMethod)) }

/** Customers, and the calls that say which payment methods are theirs. */
export function customerRoutes (api: Api, customers: Customers, methods: PaymentMethods): void {
  api.addSchema(Customer)
  api.addSchema(DeletedCustomer)

  api.post('/customers', {
    schema: { operationId: 'createCustomer', summary: 'Create a customer', tags, body: CustomerParameters, response }
  }, async ({ caller, body }) => customers.create(caller.account, body))

  api.get('/customers', {
    schema: { operationId: 'listCustomers', summary: 'List customers', tags, querystring: ListParameters, response: answers(CustomerList) }
  }, async ({ caller, query }) => customers.list(caller.account, query))

  api.get('/customers/:id', {
    schema: { operationId: 'retrieveCustomer', summary: 'Retrieve a customer', tags, params: IdParams, response }
  }, async ({ caller, params }) => customers.retrieve(caller.account, params.id))

  api.post('/customers/:id', {
    schema: { operationId: 'updateCustomer', summary: 'Update a customer', tags, params: IdParams, body: CustomerParameters, response }
  }, async ({ caller, params, body }) => customers.update(caller.account, params.id, body))

  api.delete('/customers/:id', {
    schema: { operationId: 'deleteCustomer', summary: 'Delete a customer', tags, params: IdParams, response: answers(ref(DeletedCustomer)) }
  }, async ({ caller, params }) => {
    customers.delete(caller.account, params.id)
    return { id: params.id, object: 'customer' as const, deleted: true as const }
  })

  api.get('/customers/:id/payment_methods', {
    schema: { operationId: 'listCustomerPaymentMethods', summary: 'List a customer\'s payment methods', tags, params: IdParams, querystring: CustomerListParameters, response: answers(PaymentMethodList) }
  }, async ({ caller: { account }, params, query }) => {
    const customer = customers.retrieve(account, params.id)
    return methods.list(account, { ...query, customer: customer.id }, `/v1/customers/${customer.id}/payment_methods`)
  })

  api.get('/customers/:id/payment_methods/:payment_method', {
    schema: { operationId: 'retrieveCustomerPaymentMethod', summary: 'Retrieve a customer\'s payment method', ...method, params: OwnedParams }
  }, async ({ caller, params }) => customers.paymentMethod(caller.account, params.id, params.payment_method))

  api.post('/payment_methods/:id/attach', {
    schema: { operationId: 'attachPaymentMethod', summary: 'Attach a payment method to a customer', ...method, params: IdParams, body: AttachParameters }
  }, async ({ caller, params, body }) => customers.attach(caller.account, params.id, body.customer))

  api.post('/payment_methods/:id/detach', {
    schema: { operationId: 'detachPaymentMethod', summary: 'Detach a payment method from its customer', ...method, params: IdParams }
  }, async ({ caller, params }) => customers.detach(caller.account, params.id))
}

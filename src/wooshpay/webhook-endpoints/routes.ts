import type { Api } from '../../http/api.ts'
import { answers, IdParams, ref } from '../wire.ts'
import { CreateParameters, DeletedWebhookEndpoint, ListParameters, UpdateParameters, WebhookEndpoint, WebhookEndpointList } from './schema.ts'
import type { WebhookEndpoints } from './service.ts'

const tags = ['Webhook endpoints']
const response = answers(ref(WebhookEndpoint))

export function webhookEndpointRoutes (api: Api, endpoints: WebhookEndpoints): void {
  api.addSchema(WebhookEndpoint)
  api.addSchema(DeletedWebhookEndpoint)

  api.post('/webhook_endpoints', {
    schema: { operationId: 'createWebhookEndpoint', summary: 'Create a webhook endpoint', tags, body: CreateParameters, response }
  }, async ({ caller, body }) => endpoints.create(caller.account, body))

  api.get('/webhook_endpoints', {
    schema: { operationId: 'listWebhookEndpoints', summary: 'List webhook endpoints', tags, querystring: ListParameters, response: answers(WebhookEndpointList) }
  }, async ({ caller, query }) => endpoints.list(caller.account, query))

  api.get('/webhook_endpoints/:id', {
    schema: { operationId: 'retrieveWebhookEndpoint', summary: 'Retrieve a webhook endpoint', tags, params: IdParams, response }
  }, async ({ caller, params }) => endpoints.retrieve(caller.account, params.id))

  api.post('/webhook_endpoints/:id', {
    schema: { operationId: 'updateWebhookEndpoint', summary: 'Update a webhook endpoint', tags, params: IdParams, body: UpdateParameters, response }
  }, async ({ caller, params, body }) => endpoints.update(caller.account, params.id, body))

  api.delete('/webhook_endpoints/:id', {
    schema: { operationId: 'deleteWebhookEndpoint', summary: 'Delete a webhook endpoint', tags, params: IdParams, response: answers(ref(DeletedWebhookEndpoint)) }
  }, async ({ caller, params }) => {
    endpoints.delete(caller.account, params.id)
    return { id: params.id, object: 'webhook_endpoint' as const, deleted: true as const }
  })
}

import type { Api } from '../../http/api.ts'
import { answers, IdParams, ref } from '../wire.ts'
import { ListParameters, Price, PriceList, PriceParameters, UpdateParameters } from './schema.ts'
import type { Prices } from './service.ts'

const tags = ['Prices']
const response = answers(ref(Price))

export function priceRoutes (api: Api, prices: Prices): void {
  api.addSchema(Price)

  api.post('/prices', {
    schema: { operationId: 'createPrice', summary: 'Create a price', tags, body: PriceParameters, response }
  }, async ({ caller, body }) => prices.create(caller.account, body))

  api.get('/prices', {
    schema: { operationId: 'listPrices', summary: 'List prices', tags, querystring: ListParameters, response: answers(PriceList) }
  }, async ({ caller, query }) => prices.list(caller.account, query))

  api.get('/prices/:id', {
    schema: { operationId: 'retrievePrice', summary: 'Retrieve a price', tags, params: IdParams, response }
  }, async ({ caller, params }) => prices.retrieve(caller.account, params.id))

  api.post('/prices/:id', {
    schema: { operationId: 'updatePrice', summary: 'Update a price', tags, params: IdParams, body: UpdateParameters, response }
  }, async ({ caller, params, body }) => prices.update(caller.account, params.id, body))
}

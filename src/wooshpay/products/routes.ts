import type { Api } from '../../http/api.ts'
import { answers, IdParams, ref } from '../wire.ts'
import { ListParameters, Product, ProductList, ProductParameters, UpdateParameters } from './schema.ts'
import type { Products } from './service.ts'

const tags = ['Products']
const response = answers(ref(Product))

export function productRoutes (api: Api, products: Products): void {
  api.addSchema(Product)

  api.post('/products', {
    schema: { operationId: 'createProduct', summary: 'Create a product', tags, body: ProductParameters, response }
  }, async ({ caller, body }) => products.create(caller.account, body))

  api.get('/products', {
    schema: { operationId: 'listProducts', summary: 'List products', tags, querystring: ListParameters, response: answers(ProductList) }
  }, async ({ caller, query }) => products.list(caller.account, query))

  api.get('/products/:id', {
    schema: { operationId: 'retrieveProduct', summary: 'Retrieve a product', tags, params: IdParams, response }
  }, async ({ caller, params }) => products.retrieve(caller.account, params.id))

  api.post('/products/:id', {
    schema: { operationId: 'updateProduct', summary: 'Update a product', tags, params: IdParams, body: UpdateParameters, response }
  }, async ({ caller, params, body }) => products.update(caller.account, params.id, body))
}

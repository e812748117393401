import type { Account } from '../../store/accounts.ts'
import type { Collection } from '../../store/collection.ts'
import { put, type Store } from '../../store/commit.ts'
import { listOf, type List } from '../lists.ts'
import { found } from '../wire.ts'
import * as lifecycle from './lifecycle.ts'
import { productDefinition, type ListParameters, type Product, type ProductParameters, type UpdateParameters } from './schema.ts'

/** What a merchant sells. */
export class Products {
  readonly #store: Store
  readonly #products: Collection<Product>

  constructor (store: Store) {
    this.#store = store
    this.#products = store.database.collection(productDefinition)
  }

  /** `POST /v1/products`. */
  create (account: Account, parameters: ProductParameters): Product {
    const now = account.clock.now()
    return this.#save(account, lifecycle.create(parameters, this.#store.ids.next('prod', account.id, now), now))
  }

  /** @throws ApiError when the account has no such product */
  retrieve (account: Account, id: string): Product {
    return found(this.#products.get(account.id, id), 'product', id)
  }

  /** `POST /v1/products/{id}`. */
  update (account: Account, id: string, parameters: UpdateParameters): Product {
    return this.#save(account, lifecycle.update(this.retrieve(account, id), parameters, account.clock.now()))
  }

  /** `GET /v1/products`. */
  list (account: Account, parameters: ListParameters): List<Product> {
    const { active } = parameters
    return listOf(this.#products, account, parameters, {
      url: '/v1/products', what: 'product', matches: product => active === undefined || product.active === active, show: product => product
    })
  }

  #save (account: Account, product: Product): Product {
    this.#store.commit(account, { operations: [put(productDefinition, product)] })
    return product
  }
}

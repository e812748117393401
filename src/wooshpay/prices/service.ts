import type { Account } from '../../store/accounts.ts'
import type { Collection } from '../../store/collection.ts'
import { put, type Store } from '../../store/commit.ts'
import { listOf, type List } from '../lists.ts'
import { productDefinition, type Product } from '../products/schema.ts'
import { found } from '../wire.ts'
import * as lifecycle from './lifecycle.ts'
import { priceDefinition, type ListParameters, type Price, type PriceParameters, type PriceRecord, type UpdateParameters } from './schema.ts'

/** What products cost. */
export class Prices {
  readonly #store: Store
  readonly #records: Collection<PriceRecord>
  readonly #products: Collection<Product>

  constructor (store: Store) {
    this.#store = store
    this.#records = store.database.collection(priceDefinition)
    this.#products = store.database.collection(productDefinition)
  }

  /** `POST /v1/prices`; `product_data` also makes the product. */
  create (account: Account, parameters: PriceParameters): Price {
    const now = account.clock.now()
    const decision = lifecycle.create(parameters, {
      now,
      newId: prefix => this.#store.ids.next(prefix, account.id, now),
      product: id => this.#products.get(account.id, id)
    }, name => name)
    this.#store.commit(account, { operations: lifecycle.operationsOf(decision) })
    return lifecycle.withProduct(decision.record, decision.product)
  }

  /** @throws ApiError when the account has no such price */
  retrieve (account: Account, id: string): Price {
    return this.#show(account, this.#load(account, id))
  }

  /** The price, when the account has it. */
  find (account: Account, id: string): Price | undefined {
    const record = this.#records.get(account.id, id)
    return record && this.#show(account, record)
  }

  /** `POST /v1/prices/{id}`. */
  update (account: Account, id: string, parameters: UpdateParameters): Price {
    const record = lifecycle.update(this.#load(account, id), parameters)
    this.#store.commit(account, { operations: [put(priceDefinition, record)] })
    return this.#show(account, record)
  }

  /** `GET /v1/prices`. */
  list (account: Account, parameters: ListParameters): List<Price> {
    const { active, product, lookup_key: lookupKey } = parameters
    return listOf(this.#records, account, parameters, {
      url: '/v1/prices',
      what: 'price',
      key: product === undefined ? undefined : `product:${product}`,
      matches: price => (active === undefined || price.active === active) && (lookupKey === undefined || price.lookup_key === lookupKey),
      show: record => this.#show(account, record)
    })
  }

  #load (account: Account, id: string): PriceRecord {
    return found(this.#records.get(account.id, id), 'price', id)
  }

  #show (account: Account, record: PriceRecord): Price {
    return lifecycle.withProduct(record, found(this.#products.get(account.id, record.product), 'product', record.product))
  }
}

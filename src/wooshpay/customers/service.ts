import type { Account } from '../../store/accounts.ts'
import type { Collection } from '../../store/collection.ts'
import { put, remove, type Operation, type Store } from '../../store/commit.ts'
import { listOf, type List } from '../lists.ts'
import { ownedBy } from '../payment-methods/lifecycle.ts'
import { paymentMethodDefinition, type PaymentMethod } from '../payment-methods/schema.ts'
import { found } from '../wire.ts'
import * as lifecycle from './lifecycle.ts'
import { customerDefinition, type Customer, type CustomerParameters, type ListParameters } from './schema.ts'

/** A merchant's customers, and which payment methods are theirs. */
export class Customers {
  readonly #store: Store
  readonly #customers: Collection<Customer>
  readonly #methods: Collection<PaymentMethod>

  constructor (store: Store) {
    this.#store = store
    this.#customers = store.database.collection(customerDefinition)
    this.#methods = store.database.collection(paymentMethodDefinition)
  }

  /** `POST /v1/customers`; also attaches a payment method, if one is named. */
  create (account: Account, parameters: CustomerParameters): Customer {
    const now = account.clock.now()
    return this.#save(account, lifecycle.create(parameters, { id: this.#store.ids.next('cus', account.id, now), now }), parameters)
  }

  /** @throws ApiError when the account has no such customer */
  retrieve (account: Account, id: string): Customer {
    return found(this.#customers.get(account.id, id), 'customer', id)
  }

  /** `POST /v1/customers/{id}`; also attaches a payment method, if one is named. */
  update (account: Account, id: string, parameters: CustomerParameters): Customer {
    return this.#save(account, lifecycle.update(this.retrieve(account, id), parameters), parameters)
  }

  /** `DELETE /v1/customers/{id}`: what was attached belongs to nobody then. */
  delete (account: Account, id: string): void {
    this.retrieve(account, id)
    const released = [...this.#methods.newest(account.id, `customer:${id}`)].map(method => put(paymentMethodDefinition, ownedBy(method, undefined)))
    this.#store.commit(account, { operations: [remove(customerDefinition, id), ...released] })
  }

  /** `GET /v1/customers`. */
  list (account: Account, parameters: ListParameters): List<Customer> {
    const { email } = parameters
    return listOf(this.#customers, account, parameters, {
      url: '/v1/customers', what: 'customer', key: email === undefined ? undefined : `email:${email}`, show: customer => customer
    })
  }

  /** `GET /v1/customers/{id}/payment_methods/{payment_method}`. */
  paymentMethod (account: Account, id: string, method: string): PaymentMethod {
    this.retrieve(account, id)
    const owned = this.#methods.get(account.id, method)
    return found(owned?.customer === id ? owned : undefined, `payment method of ${id}`, method, 'payment_method', 404)
  }

  /** `POST /v1/payment_methods/{id}/attach`. */
  attach (account: Account, id: string, customer: string): PaymentMethod {
    const method = found(this.#methods.get(account.id, id), 'payment method', id)
    found(this.#customers.get(account.id, customer), 'customer', customer, 'customer')
    return this.#keep(account, lifecycle.attach(method, customer))
  }

  /** `POST /v1/payment_methods/{id}/detach`. */
  detach (account: Account, id: string): PaymentMethod {
    return this.#keep(account, lifecycle.detach(found(this.#methods.get(account.id, id), 'payment method', id)))
  }

  #save (account: Account, customer: Customer, { payment_method: id }: CustomerParameters): Customer {
    const operations: Operation[] = [put(customerDefinition, customer)]
    if (id !== undefined) {
      const method = found(this.#methods.get(account.id, id), 'payment method', id, 'payment_method')
      operations.push(put(paymentMethodDefinition, lifecycle.attach(method, customer.id)))
    }
    this.#store.commit(account, { operations })
    return customer
  }

  #keep (account: Account, method: PaymentMethod): PaymentMethod {
    this.#store.commit(account, { operations: [put(paymentMethodDefinition, method)] })
    return method
  }
}

import type { Account } from '../../store/accounts.ts'
import type { Collection } from '../../store/collection.ts'
import { put, type Store } from '../../store/commit.ts'
import { listOf, type List } from '../lists.ts'
import { found } from '../wire.ts'
import { newPaymentMethod, update } from './lifecycle.ts'
import type { PaymentMethodRules } from './rules.ts'
import { paymentMethodDefinition, type CreateParameters, type ListParameters, type PaymentMethod, type UpdateParameters } from './schema.ts'

export interface PaymentMethodsOptions extends Store {
  readonly rules: PaymentMethodRules
}

/** Payment methods as objects of their own; whom they belong to is decided by customers. */
export class PaymentMethods {
  readonly #options: PaymentMethodsOptions
  readonly #methods: Collection<PaymentMethod>

  constructor (options: PaymentMethodsOptions) {
    this.#options = options
    this.#methods = options.database.collection(paymentMethodDefinition)
  }

  /** `POST /v1/payment_methods`. */
  create (account: Account, parameters: CreateParameters): PaymentMethod {
    const { rules, ids } = this.#options
    rules.get(parameters.type, 'type')
    const now = account.clock.now()
    return this.#save(account, newPaymentMethod(parameters, ids.next('pm', account.id, now), now))
  }

  /** @throws ApiError when the account has no such payment method */
  retrieve (account: Account, id: string): PaymentMethod {
    return found(this.#methods.get(account.id, id), 'payment method', id)
  }

  /** `POST /v1/payment_methods/{id}`. */
  update (account: Account, id: string, parameters: UpdateParameters): PaymentMethod {
    return this.#save(account, update(this.retrieve(account, id), parameters))
  }

  /** `GET /v1/payment_methods`, and that of a customer, under its own path. */
  list (account: Account, parameters: ListParameters, url = '/v1/payment_methods'): List<PaymentMethod> {
    const { customer, type } = parameters
    return listOf(this.#methods, account, parameters, {
      url,
      what: 'payment method',
      key: customer === undefined ? undefined : `customer:${customer}`,
      matches: method => type === undefined || method.type === type,
      show: method => method
    })
  }

  #save (account: Account, method: PaymentMethod): PaymentMethod {
    this.#options.commit(account, { operations: [put(paymentMethodDefinition, method)] })
    return method
  }
}

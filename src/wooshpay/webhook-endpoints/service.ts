import type { Secrets } from '../../core/ids.ts'
import type { Account } from '../../store/accounts.ts'
import type { Collection } from '../../store/collection.ts'
import { put, remove, type Store } from '../../store/commit.ts'
import { listOf, type List, type ListParameters } from '../lists.ts'
import { found } from '../wire.ts'
import * as lifecycle from './lifecycle.ts'
import { webhookEndpointDefinition, type CreateParameters, type UpdateParameters, type WebhookEndpoint } from './schema.ts'

export interface WebhookEndpointsOptions extends Store {
  readonly secrets: Secrets
}

/** The addresses that an account wants its events sent to. */
export class WebhookEndpoints {
  readonly #options: WebhookEndpointsOptions
  readonly #endpoints: Collection<WebhookEndpoint>

  constructor (options: WebhookEndpointsOptions) {
    this.#options = options
    this.#endpoints = options.database.collection(webhookEndpointDefinition)
  }

  /** `POST /v1/webhook_endpoints`: an endpoint that gets every event of its types from now on. */
  create (account: Account, parameters: CreateParameters): WebhookEndpoint {
    const endpoint = this.#new(account, parameters)
    this.#options.commit(account, { operations: [put(webhookEndpointDefinition, endpoint)] })
    return endpoint
  }

  /**
   * The endpoint of this id with another address, other events and, if one is given, another secret; a new one, when
   * there is none. Nothing is stored yet.
   */
  follow (account: Account, id: string | undefined, parameters: CreateParameters, secret: string | undefined): WebhookEndpoint {
    const present = id === undefined ? undefined : this.#endpoints.get(account.id, id)
    if (present === undefined) return this.#new(account, parameters, secret)
    return lifecycle.withSecret(lifecycle.update(present, parameters), secret)
  }

  /** @throws ApiError when the account has no such endpoint */
  retrieve (account: Account, id: string): WebhookEndpoint {
    return found(this.#endpoints.get(account.id, id), 'webhook endpoint', id)
  }

  /** `POST /v1/webhook_endpoints/{id}`. */
  update (account: Account, id: string, parameters: UpdateParameters): WebhookEndpoint {
    const endpoint = lifecycle.update(this.retrieve(account, id), parameters)
    this.#options.commit(account, { operations: [put(webhookEndpointDefinition, endpoint)] })
    return endpoint
  }

  /** `DELETE /v1/webhook_endpoints/{id}`. */
  delete (account: Account, id: string): void {
    this.retrieve(account, id)
    this.#options.commit(account, { operations: [remove(webhookEndpointDefinition, id)] })
  }

  /** `GET /v1/webhook_endpoints`: without the secrets. */
  list (account: Account, parameters: ListParameters): List<WebhookEndpoint> {
    return listOf(this.#endpoints, account, parameters, {
      url: '/v1/webhook_endpoints', what: 'webhook endpoint', show: ({ secret: _secret, ...shown }) => shown
    })
  }

  /** The endpoints that want an event of this type, oldest first. */
  wanting (account: Account, type: string): WebhookEndpoint[] {
    return [...this.#endpoints.oldest(account.id)].filter(endpoint => lifecycle.wants(endpoint, type))
  }

  #new (account: Account, parameters: CreateParameters, secret?: string): WebhookEndpoint {
    const now = account.clock.now()
    const id = this.#options.ids.next('we', account.id, now)
    return lifecycle.create(parameters, { id, now, secret: secret ?? `whsec_${this.#options.secrets(32, id)}` })
  }
}

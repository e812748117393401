import { errors } from '../../core/errors.ts'
import type { Secrets, SnowflakeIds } from '../../core/ids.ts'
import type { Account } from '../../store/accounts.ts'
import type { Collection, Page, PageRequest } from '../../store/collection.ts'
import { put, remove, type Commit } from '../../store/commit.ts'
import type { Database } from '../../store/database.ts'
import * as lifecycle from './lifecycle.ts'
import { webhookEndpointDefinition, type CreateParameters, type UpdateParameters, type WebhookEndpoint } from './schema.ts'

export interface WebhookEndpointsOptions {
  readonly database: Database
  readonly commit: Commit
  readonly ids: SnowflakeIds
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
    const endpoint = this.#endpoints.get(account.id, id)
    if (endpoint === undefined) throw errors.resource_missing('webhook endpoint', id, 'id')
    return endpoint
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

  /** Whether the account has it, as the cursor of a list. */
  exists (account: Account, id: string): boolean {
    return this.#endpoints.get(account.id, id) !== undefined
  }

  /** One page, newest first, without the secrets. */
  list (account: Account, page: PageRequest, matches: (endpoint: WebhookEndpoint) => boolean): Page<WebhookEndpoint> {
    const { data, hasMore } = this.#endpoints.page(account.id, page, undefined, matches)
    return { data: data.map(({ secret: _secret, ...shown }) => shown), hasMore }
  }

  /** The endpoints that want an event of this type, oldest first. */
  wanting (account: Account, type: string): WebhookEndpoint[] {
    return [...this.#endpoints.newest(account.id)].filter(endpoint => lifecycle.wants(endpoint, type)).reverse()
  }

  #new (account: Account, parameters: CreateParameters, secret?: string): WebhookEndpoint {
    const now = account.clock.now()
    const id = this.#options.ids.next('we', account.id, now)
    return lifecycle.create(parameters, { id, now, secret: secret ?? `whsec_${this.#options.secrets(32, id)}` })
  }
}

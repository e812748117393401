import { errors } from '../../core/errors.ts'
import type { Secrets, SnowflakeIds } from '../../core/ids.ts'
import type { Account } from '../../store/accounts.ts'
import type { Collection, Page, PageRequest } from '../../store/collection.ts'
import { put, remove, type Commit, type Operation } from '../../store/commit.ts'
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

  create (account: Account, parameters: CreateParameters): WebhookEndpoint {
    const { operation, endpoint } = this.prepare(account, parameters)
    this.#options.commit(account, { operations: [operation] })
    return endpoint
  }

  /** A new endpoint that somebody else's write will hold. */
  prepare (account: Account, parameters: CreateParameters, secret?: string): { endpoint: WebhookEndpoint, operation: Operation } {
    const now = account.clock.now()
    const id = this.#options.ids.next('we', account.id, now)
    const endpoint = lifecycle.create(parameters, { id, now, secret: secret ?? `whsec_${this.#options.secrets(32, id)}` })
    return { endpoint, operation: put(webhookEndpointDefinition, endpoint) }
  }

  retrieve (account: Account, id: string): WebhookEndpoint {
    const endpoint = this.#endpoints.get(account.id, id)
    if (endpoint === undefined) throw errors.resource_missing('webhook endpoint', id, 'id')
    return endpoint
  }

  update (account: Account, id: string, parameters: UpdateParameters): WebhookEndpoint {
    const endpoint = lifecycle.update(this.retrieve(account, id), parameters)
    this.#options.commit(account, { operations: [put(webhookEndpointDefinition, endpoint)] })
    return endpoint
  }

  delete (account: Account, id: string): void {
    this.retrieve(account, id)
    this.#options.commit(account, { operations: [remove(webhookEndpointDefinition, id)] })
  }

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
}

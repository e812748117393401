import { isHttpAddress } from '../../core/addresses.ts'
import { toWireTime } from '../../core/clock.ts'
import { errors } from '../../core/errors.ts'
import { EVENT_TYPE, EVENT_TYPES } from '../../core/event-types.ts'
import { inSchemaOrder, mergeMetadata, toMetadata } from '../wire.ts'
import { WebhookEndpoint, type CreateParameters, type UpdateParameters } from './schema.ts'

/**
 * A new endpoint, enabled.
 * @param around its id and secret, and the time in epoch milliseconds
 * @throws ApiError when the address is not http(s), or a type of event is none
 */
export function create (parameters: CreateParameters, around: { id: string, secret: string, now: number }): WebhookEndpoint {
  checkUrl(parameters.url)
  checkEvents(parameters.enabled_events)
  return inSchemaOrder(WebhookEndpoint, {
    ...parameters,
    id: around.id,
    object: 'webhook_endpoint',
    created: toWireTime(around.now),
    livemode: false,
    metadata: toMetadata(parameters.metadata),
    status: 'enabled',
    secret: around.secret
  })
}

/** Changes what is given and leaves the rest; `disabled` is another word for `status`. */
export function update (endpoint: WebhookEndpoint, parameters: UpdateParameters): WebhookEndpoint {
  const { disabled, url = endpoint.url, enabled_events: types = endpoint.enabled_events } = parameters
  checkUrl(url)
  checkEvents(types)
  const asDisabled = disabled === undefined ? endpoint.status : disabled ? 'disabled' : 'enabled'
  return inSchemaOrder(WebhookEndpoint, {
    ...endpoint,
    api_version: parameters.api_version ?? endpoint.api_version,
    description: parameters.description ?? endpoint.description,
    enabled_events: types,
    metadata: mergeMetadata(endpoint.metadata, parameters.metadata),
    status: parameters.status ?? asDisabled,
    url
  })
}

/** The endpoint with another secret, if one is given. */
export function withSecret (endpoint: WebhookEndpoint, secret: string | undefined): WebhookEndpoint {
  return secret === undefined ? endpoint : { ...endpoint, secret }
}

/** Whether an endpoint wants an event. */
export function wants ({ status, enabled_events: types }: WebhookEndpoint, type: string): boolean {
  return status === 'enabled' && (types.includes('*') || types.includes(type))
}

function checkUrl (url: string): void {
  if (!isHttpAddress(url)) {
    throw errors.parameter_invalid('url', url, 'is not an http or https address, such as http://localhost:3000/webhooks')
  }
}

function checkEvents (types: readonly string[]): void {
  const wrong = types.findIndex(type => type !== '*' && !EVENT_TYPE.test(type))
  if (wrong === -1) return
  throw errors.parameter_invalid(`enabled_events[${wrong}]`, types[wrong], `is not a type of event; there are *, ${EVENT_TYPES.join(', ')}`)
}

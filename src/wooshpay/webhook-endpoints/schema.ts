import Type, { type Static } from 'typebox'
import type { Definition } from '../../store/collection.ts'
import { listParameters, ListOf } from '../lists.ts'
import { Created, Metadata, MetadataInput } from '../wire.ts'

/** The answer; its keys stand in the order of the newer documented example. */
export const WebhookEndpoint = Type.Object({
  id: Type.String(),
  object: Type.Literal('webhook_endpoint'),
  api_version: Type.Optional(Type.String()),
  created: Created,
  description: Type.Optional(Type.String()),
  enabled_events: Type.Array(Type.String()),
  livemode: Type.Literal(false),
  metadata: Type.Optional(Metadata),
  status: Type.Enum(['enabled', 'disabled']),
  url: Type.String(),
  secret: Type.Optional(Type.String({ description: 'The key of the signatures; lists leave it out.' }))
}, { $id: 'WebhookEndpoint' })
export type WebhookEndpoint = Static<typeof WebhookEndpoint>

export const DeletedWebhookEndpoint = Type.Object({
  id: Type.String(),
  object: Type.Literal('webhook_endpoint'),
  deleted: Type.Literal(true)
}, { $id: 'DeletedWebhookEndpoint' })

const EnabledEvents = Type.Array(Type.String(), { minItems: 1, maxItems: 200, description: 'Types of events, or `*` for all.' })

const details = {
  api_version: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  metadata: Type.Optional(MetadataInput)
}

export const CreateParameters = Type.Object({
  url: Type.String({ description: 'Where events are sent: http or https.' }),
  enabled_events: EnabledEvents,
  ...details
})
export type CreateParameters = Static<typeof CreateParameters>

export const UpdateParameters = Type.Object({
  url: Type.Optional(Type.String()),
  enabled_events: Type.Optional(EnabledEvents),
  status: Type.Optional(Type.Enum(['enabled', 'disabled'])),
  disabled: Type.Optional(Type.Boolean({ description: 'The same as `status`.' })),
  ...details
})
export type UpdateParameters = Static<typeof UpdateParameters>

export const ListParameters = Type.Object(listParameters)

export const WebhookEndpointList = ListOf(WebhookEndpoint)

export const webhookEndpointDefinition: Definition<WebhookEndpoint> = { name: 'webhook_endpoints', idPrefix: 'we' }

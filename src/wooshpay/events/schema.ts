import Type from 'typebox'
import type { Stored } from '../../store/collection.ts'
import { listParameters, ListOf } from '../lists.ts'
import { Milliseconds } from '../wire.ts'

export const Event = Type.Object({
  id: Type.String(),
  object: Type.Literal('event'),
  created: Milliseconds('When it happened: epoch milliseconds, rounded to the second.'),
  livemode: Type.Literal(false),
  request: Type.Optional(Type.Object({
    id: Type.String(),
    idempotency_key: Type.Optional(Type.String())
  }, { description: 'The API call that caused it, if one did.' })),
  data: Type.Object({
    object: Type.Unsafe<Stored>({ type: 'object', additionalProperties: true, description: 'The object as it was when the event happened.' })
  }),
  type: Type.String()
}, { $id: 'Event' })

export const ListParameters = Type.Object({
  ...listParameters,
  type: Type.Optional(Type.String({ description: 'Only events of this type.' }))
})

export const EventList = ListOf(Event)

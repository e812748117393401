import Type from 'typebox'
import { errors } from '../core/errors.ts'
import { EVENT_TYPES } from '../core/event-types.ts'
import type { Api } from '../http/api.ts'
import { publicUrlOf } from '../http/public-url.ts'
import type { Store } from '../store/commit.ts'
import { checkoutSessionDefinition } from '../wooshpay/checkout-sessions/schema.ts'
import { Event } from '../wooshpay/events/schema.ts'
import { paymentIntentDefinition } from '../wooshpay/payment-intents/schema.ts'
import type { PaymentIntents } from '../wooshpay/payment-intents/service.ts'
import { answers, found, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'
import { sampleObject } from './sample-objects.ts'

const EventParameters = Type.Object({
  type: Type.Enum([...EVENT_TYPES]),
  payment_intent: Type.Optional(Type.String({ description: 'The payment that it is about; one of Rp20.000 that does not exist, when left out.' }))
})

export interface SampleEventOptions extends Store {
  readonly concern: Concern
  readonly intents: PaymentIntents
  readonly publicUrl: string | undefined
}

/** Sends events that nothing has led to, with objects as real ones have them; only webhooks follow. */
export function sampleEventRoutes (api: Api, { concern, database, commit, intents, publicUrl }: SampleEventOptions): void {
  const records = database.collection(paymentIntentDefinition)
  const sessions = database.collection(checkoutSessionDefinition)
  api.addSchema(Event)

  api.post('/events', {
    schema: { operationId: 'sendEvent', summary: 'Send an event without a payment', tags: ['Events'], body: EventParameters, response: answers(ref(Event)) }
  }, async request => {
    const { type, payment_intent: id } = request.body
    const row = id === undefined ? undefined : found(concern.row(request, records, id), 'PaymentIntent', id, 'payment_intent')
    const account = row?.account ?? concern.one(request)
    if (account === undefined) throw errors.parameter_missing('payment_intent', 'Or send the secret key of the account whose webhook endpoints are to get the event.')
    const object = sampleObject(type, {
      account,
      around: intents.around(account, publicUrlOf(request, publicUrl)),
      record: row?.record,
      session: sessions.get(account.id, row?.record.checkout?.session ?? '')
    })
    const [event] = commit(account, { operations: [], raise: [{ type, object }], isRehearsal: true })
    return found(event, 'event', type)
  })
}

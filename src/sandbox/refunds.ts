import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Api } from '../http/api.ts'
import type { Account } from '../store/accounts.ts'
import type { Database } from '../store/database.ts'
import { CreateParameters, FAILURE_REASONS, Refund, refundDefinition } from '../wooshpay/refunds/schema.ts'
import { paymentIntentDefinition } from '../wooshpay/payment-intents/schema.ts'
import type { Refunds } from '../wooshpay/refunds/service.ts'
import { answers, found, IdParams, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

const RefundParameters = Type.Pick(CreateParameters, ['payment_intent', 'amount', 'reason'])
const FailParameters = Type.Object({ failure_reason: Type.Optional(Type.Enum([...FAILURE_REASONS])) })

/** Of the documented reasons only this one can be a wallet's. */
const USUAL_REASON = 'unknown'

const tags = ['Refunds']
const response = answers(ref(Refund))

export interface RefundOptions {
  readonly refunds: Refunds
  readonly database: Database
  readonly concern: Concern
}

/** Refunds as the merchant's people make them in WooshPay's own dashboard, without the shop, and how pending ones end, as a test wants it; all answer the refund. */
export function refundRoutes (api: Api, { refunds, database, concern }: RefundOptions): void {
  const records = database.collection(refundDefinition)
  const ownerOf = (request: FastifyRequest, id: string): Account => found(concern.row(request, records, id), 'refund', id).account
  const intents = database.collection(paymentIntentDefinition)
  api.addSchema(Refund)

  api.post('/refunds', {
    schema: { operationId: 'refundByHand', summary: 'Refund a payment without the shop, as the merchant\'s people would', tags, body: RefundParameters, response }
  }, async request => {
    const { payment_intent: id } = request.body
    const { account } = found(concern.row(request, intents, id), 'PaymentIntent', id, 'payment_intent')
    return refunds.create({ account, cause: undefined }, request.body)
  })

  api.post('/refunds/:id/settle', {
    schema: { operationId: 'settleRefund', summary: 'Let a pending refund succeed', tags, params: IdParams, response }
  }, async request => refunds.settle(ownerOf(request, request.params.id), request.params.id))

  api.post('/refunds/:id/fail', {
    schema: { operationId: 'failRefund', summary: 'Let a pending refund fail', tags, params: IdParams, body: FailParameters, response }
  }, async request => refunds.fail(ownerOf(request, request.params.id), request.params.id, request.body.failure_reason ?? USUAL_REASON))
}

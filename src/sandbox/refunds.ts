import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Api } from '../http/api.ts'
import type { Account } from '../store/accounts.ts'
import type { Database } from '../store/database.ts'
import { FAILURE_REASONS, Refund, refundDefinition } from '../wooshpay/refunds/schema.ts'
import type { Refunds } from '../wooshpay/refunds/service.ts'
import { answers, found, IdParams, ref } from '../wooshpay/wire.ts'
import type { Concern } from './concern.ts'

const FailParameters = Type.Object({ failure_reason: Type.Optional(Type.Enum([...FAILURE_REASONS])) })

/** Of the documented reasons only this one can be a wallet's. */
const USUAL_REASON = 'unknown'

const tags = ['Refunds']
const response = answers(ref(Refund))

export interface RefundEndOptions {
  readonly refunds: Refunds
  readonly database: Database
  readonly concern: Concern
}

/** How a pending refund ends, as a test wants it; both calls answer the refund. */
export function refundEndRoutes (api: Api, { refunds, database, concern }: RefundEndOptions): void {
  const records = database.collection(refundDefinition)
  const ownerOf = (request: FastifyRequest, id: string): Account => found(concern.row(request, records, id), 'refund', id).account
  api.addSchema(Refund)

  api.post('/refunds/:id/settle', {
    schema: { operationId: 'settleRefund', summary: 'Let a pending refund succeed', tags, params: IdParams, response }
  }, async request => refunds.settle(ownerOf(request, request.params.id), request.params.id))

  api.post('/refunds/:id/fail', {
    schema: { operationId: 'failRefund', summary: 'Let a pending refund fail', tags, params: IdParams, body: FailParameters, response }
  }, async request => refunds.fail(ownerOf(request, request.params.id), request.params.id, request.body.failure_reason ?? USUAL_REASON))
}

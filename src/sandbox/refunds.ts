import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Api } from '../http/api.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import { FAILURE_REASONS } from '../wooshpay/refunds/schema.ts'
import type { Refunds } from '../wooshpay/refunds/service.ts'
import { found, IdParams } from '../wooshpay/wire.ts'

export interface RefundEndOptions {
  readonly refunds: Refunds
  readonly accounts: Accounts
  /** The account that a call concerns; undefined: all. */
  readonly accountOf: (request: FastifyRequest) => Account | undefined
}

const FailParameters = Type.Object({ failure_reason: Type.Optional(Type.Enum([...FAILURE_REASONS])) })

/** How a pending refund ends, as a test wants it; both calls answer the refund. */
export function refundEndRoutes (api: Api, { refunds, accounts, accountOf }: RefundEndOptions): void {
  const ownerOf = (request: FastifyRequest, id: string): Account =>
    accountOf(request) ?? found(accounts.byId(refunds.accountOf(id) ?? ''), 'refund', id)

  api.post('/refunds/:id/settle', { schema: { hide: true, params: IdParams } }, async request =>
    refunds.settle(ownerOf(request, request.params.id), request.params.id))

  // Of the documented reasons only this one can be a wallet's.
  api.post('/refunds/:id/fail', { schema: { hide: true, params: IdParams, body: FailParameters } }, async request =>
    refunds.fail(ownerOf(request, request.params.id), request.params.id, request.body.failure_reason ?? 'unknown'))
}

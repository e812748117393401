import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { ApiError } from '../core/errors.ts'
import type { Account } from '../store/accounts.ts'
import type { Cause } from '../store/events.ts'

/** A Fastify instance whose handlers get their types from the routes' TypeBox schemas. */
export type Api = FastifyInstance<
  RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider
>

/** Who calls, as far as a service needs to know. */
export interface Caller {
  readonly account: Account
  /** The address under which the caller reaches this server, for the addresses in its answers. */
  readonly publicUrl: string
  /** The call, as the events that it raises name it; undefined for a customer on a page. */
  readonly cause: Cause | undefined
  /** True for a publishable key, which needs the client_secret of what it asks for. */
  readonly isPublishable: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by authentication on every route under `/v1`. */
    caller: Caller
    /** Set when the request was refused. */
    refusal: ApiError | undefined
  }
  interface FastifyContextConfig {
    /** The route also takes a publishable key that presents a client_secret. */
    publishable?: boolean
  }
}

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { answerUnknownRoutes } from '../http/errors.ts'
import { refuseUnknownParameters, validateLazily } from '../http/validation.ts'
import { answerWhenWritten } from '../http/written.ts'
import { guard, type GuardOptions } from './guard.ts'
import { healthRoute, type HealthOptions } from './health.ts'
import { refundEndRoutes, type RefundEndOptions } from './refunds.ts'

/** The sandbox's own API: what a test may do and a customer can't. Health is open to everybody, all else is guarded. */
export function sandboxRoutes (app: FastifyInstance, options: HealthOptions & GuardOptions & RefundEndOptions): void {
  healthRoute(app, options)
  void app.register(async scope => {
    const guarded = scope.withTypeProvider<TypeBoxTypeProvider>()
    validateLazily(guarded)
    guarded.addHook('onRequest', guard(options))
    // A test that asks for what there is not would prove nothing.
    refuseUnknownParameters(guarded, () => true)
    answerWhenWritten(guarded, options.database)
    answerUnknownRoutes(guarded)
    refundEndRoutes(guarded, options)
  }, { prefix: '/_sandbox' })
}

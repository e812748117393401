import type { FastifyInstance } from 'fastify'
import { answerUnknownRoutes } from '../http/errors.ts'
import { guard, type GuardOptions } from './guard.ts'
import { healthRoute, type HealthOptions } from './health.ts'

/** The sandbox's own API: what a test may do and a customer can't. Health is open to everybody, all else is guarded. */
export function sandboxRoutes (app: FastifyInstance, options: HealthOptions & GuardOptions): void {
  healthRoute(app, options)
  void app.register(async guarded => {
    guarded.addHook('onRequest', guard(options))
    answerUnknownRoutes(guarded)
  }, { prefix: '/_sandbox' })
}

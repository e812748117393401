import type { FastifyInstance } from 'fastify'
import { errors } from '../core/errors.ts'
import { guard, type GuardOptions } from './guard.ts'
import { healthRoute, type HealthOptions } from './health.ts'

/** The sandbox's own API: what a test may do and a customer can't. Health is open to everybody, all else is guarded. */
export function sandboxRoutes (app: FastifyInstance, options: HealthOptions & GuardOptions): void {
  healthRoute(app, options)
  void app.register(async guarded => {
    guarded.addHook('onRequest', guard(options))
    guarded.setNotFoundHandler(request => {
      throw errors.route_unknown(request.method, request.url.split('?', 1)[0] ?? '')
    })
  }, { prefix: '/_sandbox' })
}

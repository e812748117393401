import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { errors } from '../core/errors.ts'
import type { Faults } from '../faults/service.ts'
import { isObject } from './validation.ts'

/** Requests whose answer is to be lost. */
const losing = new WeakSet<FastifyRequest>()

/**
 * Lets calls fail as tests have asked for. Registered before idempotency keys are looked at, so that an injected
 * refusal is not kept for one.
 * @param end aborted when the sandbox stops
 */
export function injectFaults (app: FastifyInstance, faults: Faults, end: AbortSignal): void {
  app.addHook('preHandler', async (request, reply) => {
    const named: unknown = isObject(request.body) ? request.body.payment_intent : undefined
    const fault = faults.befalling(request.caller.account, {
      method: request.method,
      path: request.url.split('?', 1)[0] ?? '',
      paymentIntent: typeof named === 'string' ? named : undefined
    })
    if (fault === undefined) return
    const { status, retry_after: retryAfter, latency_ms: latencyMs, hang, reset, lose_answer: loseAnswer } = fault.then
    if (latencyMs !== undefined) await pause(latencyMs, undefined, { signal: end, ref: false }).catch(() => {})
    if (hang === true) {
      reply.hijack()
    } else if (reset === true) {
      reply.hijack()
      request.raw.socket.resetAndDestroy()
    } else if (status !== undefined) {
      if (retryAfter !== undefined) reply.header('Retry-After', retryAfter)
      throw errors.fault_injected(status, fault.id)
    } else if (loseAnswer === true) losing.add(request)
  })
}

/** Drops the connections of calls whose answer is to be lost; registered last, when all is stored. */
export function loseAnswers (app: FastifyInstance): void {
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (losing.has(request)) request.raw.socket.destroy()
    done(null, payload)
  })
}

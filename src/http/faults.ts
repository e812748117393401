import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors } from '../core/errors.ts'
import type { Call, Fault } from '../faults/fault.ts'
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
  app.addHook('preHandler', (request, reply, done) => {
    const { account } = request.caller
    const fault = faults.areThere(account) ? faults.befalling(account, callOf(request)) : undefined
    if (fault === undefined) done()
    else befall(fault, request, reply).then(goesOn => { if (goesOn) done() }, done)
  })

  /** @returns whether the call is done all the same */
  async function befall ({ id, then }: Fault, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const { status, retry_after: retryAfter, latency_ms: latencyMs, hang, reset, lose_answer: loseAnswer } = then
    if (latencyMs !== undefined) await pause(latencyMs, undefined, { signal: end, ref: false }).catch(() => {})
    if (status !== undefined) {
      if (retryAfter !== undefined) reply.header('Retry-After', retryAfter)
      throw errors.fault_injected(status, id)
    }
    if (loseAnswer === true) losing.add(request)
    if (hang !== true && reset !== true) return true
    reply.hijack()
    if (reset === true) request.raw.socket.resetAndDestroy()
    return false
  }
}

function callOf ({ method, url, body }: FastifyRequest): Call {
  const named: unknown = isObject(body) ? body.payment_intent : undefined
  return { method, path: url.split('?', 1)[0] ?? '', paymentIntent: typeof named === 'string' ? named : undefined }
}

/** Drops the connections of calls whose answer is to be lost; registered last, when all is stored. */
export function loseAnswers (app: FastifyInstance): void {
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (losing.has(request)) request.raw.socket.destroy()
    done(null, payload)
  })
}

import { setTimeout as pause } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors } from '../core/errors.ts'
import type { Call, Fault } from '../faults/fault.ts'
import type { Faults } from '../faults/service.ts'
import { isObject } from './validation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The fault that has befallen the call. */
    fault: Fault | undefined
  }
}

/** What to do when a call has ended without an answer, of which Fastify tells nobody. */
type Unanswered = (request: FastifyRequest, reply: FastifyReply) => void

/**
 * Lets calls fail as tests have asked for. Registered before idempotency keys are looked at, so that an injected
 * refusal is not kept for one.
 * @param end aborted when the sandbox stops
 */
export function injectFaults (app: FastifyInstance, faults: Faults, { end, unanswered }: { end: AbortSignal, unanswered: Unanswered }): void {
  app.decorateRequest('fault')
  app.addHook('preValidation', (request, reply, done) => {
    const fault = request.fault = faults.befalling(request.caller.account, callOf(request))
    if (fault === undefined) done()
    else befall(fault, request, reply).then(goesOn => { if (goesOn) done() }, done)
  })

  /** @returns whether the call is done all the same */
  async function befall ({ id, then }: Fault, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const { status, retry_after: retryAfter, latency_ms: latencyMs, hang, reset } = then
    if (latencyMs !== undefined) await pause(latencyMs, undefined, { signal: end, ref: false }).catch(() => {})
    if (status !== undefined) {
      if (retryAfter !== undefined) reply.header('Retry-After', retryAfter)
      throw errors.fault_injected(status, id)
    }
    if (hang !== true && reset !== true) return true
    reply.hijack()
    unanswered(request, reply)
    if (reset === true) drop(request, reply, socket => { socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy() })
    return false
  }
}

/** Whether a call's answer never leaves, because a fault keeps it back. */
export function isUnanswered ({ fault }: FastifyRequest): boolean {
  const { hang, reset, lose_answer: loseAnswer } = fault?.then ?? {}
  return hang ?? reset ?? loseAnswer ?? false
}

/** Whether a fault kept a call from being done. */
export function isUndone ({ fault }: FastifyRequest): boolean {
  const { hang, reset } = fault?.then ?? {}
  return hang ?? reset ?? false
}

function callOf ({ method, url, body, query }: FastifyRequest): Call {
  const [named] = [body, query].filter(isObject).map(parameters => parameters.payment_intent).filter(value => value !== undefined)
  return { method: method === 'HEAD' ? 'GET' : method, path: url.split('?', 1)[0] ?? '', paymentIntent: typeof named === 'string' ? named : undefined }
}

/** Drops the connections of calls whose answer is to be lost; registered last, when all is stored. */
export function loseAnswers (app: FastifyInstance, unanswered: Unanswered): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.fault?.then.lose_answer !== true) return done(null, payload)
    unanswered(request, reply)
    drop(request, reply, socket => { socket.destroy() })
  })
}

/** Ends a call's connection; one that the sandbox makes to itself has none, and its answer ends. */
function drop ({ raw: { socket } }: FastifyRequest, { raw }: FastifyReply, end: (socket: FastifyRequest['socket']) => void): void {
  if ('destroy' in socket) end(socket)
  else raw.destroy()
}

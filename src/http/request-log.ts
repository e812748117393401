import type { FastifyInstance } from 'fastify'

/** A line for each answer at the level `debug`; no headers or bodies, which hold keys and secrets. */
export function logRequests (app: FastifyInstance): void {
  if (app.log.level !== 'debug') return
  app.addHook('onResponse', (request, reply, done) => {
    request.log.debug(`${request.method} ${request.url.split('?', 1)[0]} → ${reply.statusCode} in ${reply.elapsedTime.toFixed(1)} ms`)
    done()
  })
}

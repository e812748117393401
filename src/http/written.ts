import type { FastifyInstance } from 'fastify'
import type { Database } from '../store/database.ts'

/**
 * Lets an answer leave only when everything that it may tell of is written: reads too, since they may have seen a
 * change of the same tick. When the write fails, the change is undone and the caller gets `storage_unavailable`.
 */
export function answerWhenWritten (app: FastifyInstance, database: Database): void {
  app.addHook('onSend', (_request, _reply, payload, done) => {
    const writing = database.written()
    if (writing === undefined) done(null, payload)
    else writing.then(() => { done(null, payload) }, done)
  })
}

import type { FastifyInstance } from 'fastify'
import type { Database } from '../store/database.ts'

/**
 * Lets an answer leave only when everything that it may tell of is written: reads too, since they may have seen a
 * change of the same tick. When the write fails, the change is undone and the caller gets `storage_unavailable`.
 * @param readsAgain whether a GET, which has asked for no write, is answered anew then, from what there is; its handler has to answer an object
 */
export function answerWhenWritten (app: FastifyInstance, database: Database, { readsAgain = false } = {}): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isRead = readsAgain && ['GET', 'HEAD'].includes(request.method) && reply.statusCode === 200
    const leave = (answer: unknown): void => {
      const writing = database.written()
      if (writing === undefined) done(null, answer)
      else writing.then(() => { done(null, answer) }, isRead ? readAgain : done)
    }
    const read = async (): Promise<unknown> => await request.routeOptions.handler.call(app, request, reply)
    const readAgain = (): void => { read().then(answer => { leave(reply.serialize(answer)) }, done) }
    leave(payload)
  })
}

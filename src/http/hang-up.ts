import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How often a stop looks for connections that have become idle. */
const LOOK_MS = 20
/** How long a stop waits for requests that do not come to their end. */
const PATIENCE_MS = 3000

/**
 * Ends connections at a stop as soon as nothing is to be said on them: those that never asked anything (browsers open
 * some in advance), those whose last answer has left, and after a while those whose request is never complete.
 */
export function hangUpAtClose (app: FastifyInstance): void {
  const silent = new Set<Socket>()
  let look: NodeJS.Timeout | undefined
  let patience: NodeJS.Timeout | undefined

  app.server.on('connection', (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => { silent.delete(socket) })
  })
  app.server.on('request', ({ socket }: { socket: Socket }) => { silent.delete(socket) })

  app.addHook('preClose', async () => {
    for (const socket of silent) socket.destroy()
    look = setInterval(() => { app.server.closeIdleConnections() }, LOOK_MS)
    patience = setTimeout(() => { app.server.closeAllConnections() }, PATIENCE_MS)
  })
  app.addHook('onClose', async () => {
    clearInterval(look)
    clearTimeout(patience)
  })
}

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { once, EventEmitter } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** A webhook as it arrived. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly raw: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly event: any
}

export interface Receiver {
  readonly url: string
  readonly port: number
  readonly received: Received[]
  /** What has arrived, once that many have. */
  readonly waitFor: (count: number) => Promise<Received[]>
  readonly types: () => string[]
  readonly stop: () => Promise<void>
}

type Reply = (response: ServerResponse, webhook: Received, count: number) => void

/** A merchant's server for webhooks, on a free port; answers 200 unless told otherwise. */
export async function startReceiver (
  t: Test, { reply = response => { response.end('ok') }, port = 0 }: { reply?: Reply, port?: number } = {}
): Promise<Receiver> {
  const received: Received[] = []
  const arrivals = new EventEmitter()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => { parts.push(part) })
    request.on('end', () => {
      const raw = Buffer.concat(parts).toString()
      const webhook = { path: request.url ?? '', headers: request.headers, raw, event: JSON.parse(raw) }
      received.push(webhook)
      reply(response, webhook, received.length)
      arrivals.emit('webhook')
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  t.teardown(stop)
  return {
    url: `http://127.0.0.1:${address.port}/webhooks`,
    port: address.port,
    received,
    types: () => received.map(({ event }) => event.type),
    waitFor: async count => {
      while (received.length < count) await once(arrivals, 'webhook')
      return received
    },
    stop
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { figureOf, inTurns } from '../figures.ts'
import { call, load } from '../load.ts'
import { create, floor, post, startFloor, startSandbox } from '../sandbox.ts'
import { withServers } from '../server.ts'
import { ratioRow, type Effort, type Measurement, type Row } from '../row.ts'

/** Endpoints that want the same event, so that one call has that many deliveries. */
const ENDPOINTS = 20
/** As many as those endpoints may have under way. */
const CONNECTIONS = 200
const SAMPLES = 500

export const webhooks: Measurement = {
  name: 'webhooks',
  measure: async effort => [await deliveries(effort), await latency(effort)]
}

/** Signed, recorded and stored deliveries against a loop that only posts. */
async function deliveries ({ folder, count, slices }: Effort): Promise<Row> {
  return await withServers([
    // All of them, so that it is the same at the end as at the beginning.
    async () => await startSandbox(`${folder}/webhooks/sandbox.json`, { env: { KEEP_DELIVERIES: '1000000' } }),
    async () => await startFloor('receiver')
  ], async (sandbox, receiver) => {
    for (let endpoint = 0; endpoint < ENDPOINTS; endpoint++) {
      await call(sandbox.url, post('/v1/webhook_endpoints', { url: `${receiver.url}/${endpoint}`, enabled_events: ['payment_intent.requires_action'] }))
    }
    const ours = async (): Promise<number> => {
      const taken = async (): Promise<number> => await receiver.ask() as number
      const before = await taken()
      const begin = performance.now()
      await load(sandbox.url, { connections: 10, count: count / ENDPOINTS, next: create })
      while (await taken() < before + count) await pause(1)
      // Until they are recorded too.
      await call(sandbox.url, post('/_sandbox/settle', {}))
      return count / (performance.now() - begin) * 1000
    }
    const body = JSON.stringify({ object: 'event', data: { object: JSON.parse(await call(sandbox.url, create(0))) as object } })
    const theirs = async (): Promise<number> => {
      const loop = spawn(process.execPath, [floor('sender'), receiver.url, String(count), String(CONNECTIONS), body], { stdio: ['ignore', 'pipe', 'inherit'] })
      let ms = ''
      for await (const part of loop.stdout) ms += String(part)
      return count / Number(ms) * 1000
    }
    const pairs = await inTurns(slices, ours, theirs)
    return ratioRow('webhook deliveries, signed and recorded, against a plain loop to the same receiver', '/s', pairs, { atLeast: 0.5 })
  })
}

/** From the call that pays to the webhook at the receiver. */
async function latency ({ folder, count }: Effort): Promise<Row> {
  let arrived: (at: number) => void = () => {}
  const receiver = createServer((request, response) => {
    const at = performance.now()
    request.resume()
    response.end()
    arrived(at)
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const times = await withServers([async () => await startSandbox(`${folder}/latency/sandbox.json`)], async ({ url }) => {
    await call(url, post('/v1/webhook_endpoints', { url: `http://127.0.0.1:${port}`, enabled_events: ['payment_intent.succeeded'] }))
    const times: number[] = []
    for (let sample = 0; sample < Math.min(SAMPLES, count); sample++) {
      const { id } = JSON.parse(await call(url, create(sample))) as { id: string }
      const arrival = new Promise<number>(resolve => { arrived = resolve })
      const begin = performance.now()
      await call(url, post('/_sandbox/shopper', { payment_intent: id }))
      times.push(await arrival - begin)
    }
    return times.sort((a, b) => a - b)
  })
  receiver.closeAllConnections()
  receiver.close()
  const p99 = times[Math.floor(times.length * 0.99)] ?? NaN
  return { what: 'shopper call until its webhook is there, p99', unit: 'ms', atMost: 20, figure: figureOf([p99]), behind: `median ${figureOf(times).median.toFixed(1)} ms` }
}

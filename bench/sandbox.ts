import { fileURLToPath } from 'node:url'
import { call, type Call } from './load.ts'
import { startServer, type Server } from './server.ts'

export const ROOT = fileURLToPath(new URL('../', import.meta.url))

const HEADERS = { authorization: `Basic ${btoa('sk_test_bench:')}`, 'content-type': 'application/json' }

export const HEALTH: Call = { method: 'GET', path: '/_sandbox/health', headers: {} }

export function get (path: string): Call {
  return { method: 'GET', path, headers: { authorization: HEADERS.authorization } }
}

export function post (path: string, body: object): Call {
  return { method: 'POST', path, headers: HEADERS, body: JSON.stringify(body) }
}

/** The documented request, with an order number: makes a payment and sends its customer to the wallet. */
export function create (order: number): Call {
  return post('/v1/payment_intents', {
    amount: 100, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: 'https://your.website', merchant_order_id: `order-${order}`
  })
}

/** The sandbox as it ships. */
export async function startSandbox (file: string, { args = [], env = {} }: { readonly args?: readonly string[], readonly env?: Readonly<Record<string, string>> } = {}): Promise<Server> {
  return await startServer({
    args: [...args, `${ROOT}dist/main.js`], env: { PORT: '{port}', DATA_FILE: file, LOG_LEVEL: 'silent', ...env }, probe: HEALTH
  })
}

/** The program of a part of the sandbox that does nothing else. */
export function floor (name: 'node' | 'fastify' | 'limit' | 'receiver' | 'sender' | 'parse'): string {
  return fileURLToPath(new URL(`floors/${name}.mjs`, import.meta.url))
}

/** One of those that serve. */
export async function startFloor (name: 'node' | 'fastify' | 'limit' | 'receiver'): Promise<Server> {
  return await startServer({ args: [floor(name), '{port}'], probe: name === 'limit' ? create(0) : { method: 'GET', path: '/', headers: {} } })
}

/** Makes and pays payments with the orders from one number on. */
export async function pay (url: string, count: number, from = 0): Promise<string[]> {
  const ids: string[] = []
  const connections = 20
  await Promise.all(Array.from({ length: connections }, async () => {
    while (ids.length < count) {
      const place = ids.push('') - 1
      const { id } = JSON.parse(await call(url, create(from + place))) as { id: string }
      ids[place] = id
      await call(url, post('/_sandbox/shopper', { payment_intent: id }))
    }
  }))
  return ids
}

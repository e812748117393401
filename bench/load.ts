import { Agent, request } from 'undici'

/** A request that a load is made of. */
export interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Load {
  readonly calls: number
  /** Requests a second. */
  readonly rate: number
  /** Milliseconds within which 99 of 100 were answered. */
  readonly p99: number
}

export interface LoadOptions {
  readonly connections: number
  /** How long; or `count`, how many. */
  readonly ms?: number
  readonly count?: number
  /** Makes the call of a number. */
  readonly next: (number: number) => Call
}

/**
 * Sends calls over so many connections, on each one after the other.
 * @throws Error at the first answer that is not 2xx: a figure of refusals is none
 */
export async function load (url: string, { connections, ms = Infinity, count = Infinity, next }: LoadOptions): Promise<Load> {
  const dispatcher = new Agent({ connections, pipelining: 1 })
  const latencies: number[] = []
  const begin = performance.now()
  let number = 0
  await Promise.all(Array.from({ length: connections }, async () => {
    for (let now = begin; now - begin < ms && number < count;) {
      await call(url, next(number++), dispatcher)
      const answered = performance.now()
      latencies.push(answered - now)
      now = answered
    }
  }))
  const seconds = (performance.now() - begin) / 1000
  await dispatcher.close()
  latencies.sort((a, b) => a - b)
  return { calls: latencies.length, rate: latencies.length / seconds, p99: latencies[Math.floor(latencies.length * 0.99)] ?? NaN }
}

/** One call, of which only the body of the answer is of interest. */
export async function call (url: string, { method, path, headers, body }: Call, dispatcher?: Agent): Promise<string> {
  const answer = await request(`${url}${path}`, { method, headers, body: body ?? null, ...(dispatcher && { dispatcher }) })
  const text = await answer.body.text()
  if (answer.statusCode < 200 || answer.statusCode > 299) throw new Error(`${method} ${url}${path} answered ${answer.statusCode}: ${text}`)
  return text
}

import type { Client } from 'undici'
import { unescaped } from '../core/addresses.ts'

/** Attempts for one endpoint at the same time. */
export const AT_ONCE = 10
/** How much of an answer is kept. */
const EXCERPT_BYTES = 1024
/** How much of an answer is read, so that its connection can be used again. */
const READ_BYTES = 64 * 1024

export interface Sending {
  /** Whose connections it goes over. */
  readonly endpoint: string
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** Until when the answer's status has to be there. */
  readonly limit: Limit
}

/** How long a receiver has to answer, which may become less while it is waited for. */
export class Limit {
  readonly #end = new AbortController()
  #ms: number
  #timer: NodeJS.Timeout
  #reason: string | undefined

  /** @param ms real milliseconds */
  constructor (ms: number) {
    this.#ms = ms
    this.#timer = this.#start(ms)
  }

  get signal (): AbortSignal {
    return this.#end.signal
  }

  isOver (): boolean {
    return this.signal.aborted
  }

  /** What is said of whoever has not answered. */
  get message (): string {
    return this.#reason ?? `no answer within ${this.#ms} ms`
  }

  /** Leaves at most so many milliseconds from now. */
  shorten (ms: number): void {
    if (ms >= this.#ms) return
    this.#ms = ms
    clearTimeout(this.#timer)
    this.#timer = this.#start(ms)
  }

  /** Ends the waiting for a reason of its own. */
  cutShort (reason: string): void {
    this.#reason = reason
    this.end()
    this.#end.abort()
  }

  end (): void {
    clearTimeout(this.#timer)
  }

  #start (ms: number): NodeJS.Timeout {
    return setTimeout(() => { this.#end.abort() }, ms)
  }
}

/** What came back: a status, or why there is none. */
export type Answer = { readonly status: number, readonly response: string } | { readonly error: string }

/**
 * Posts to receivers, one call at a time on each connection. An endpoint has as many connections as the dispatcher
 * lets attempts be under way, so that one that does not answer takes none from others of its host. What is given up
 * loses its connection: undici would connect once more for it, and let others wait behind it. The only one here who
 * knows undici, which is loaded at the first delivery.
 */
export class Sender {
  readonly #clients = new Set<Client>()
  /** Connections that nothing is sent over just now, by endpoint and host. */
  readonly #idle = new Map<string, Client[]>()

  /** Never throws: whatever goes wrong is the attempt's result. Redirects are not followed. */
  async send ({ endpoint, url, body, headers, limit }: Sending): Promise<Answer> {
    const { origin, pathname, search, username, password } = new URL(url)
    const key = `${endpoint} ${origin}`
    let client: Client | undefined
    const giveUp = (): void => { this.#drop(key, client) }
    limit.signal.addEventListener('abort', giveUp)
    try {
      client = this.#idle.get(key)?.pop() ?? await this.#connect(key, origin)
      if (limit.isOver()) throw new Error(limit.message)
      const credentials = [username, password].map(unescaped).join(':')
      const answer = await client.request({
        method: 'POST',
        path: `${pathname}${search}`,
        headers: { ...headers, ...(credentials !== ':' && { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }) },
        body,
        headersTimeout: 0,
        bodyTimeout: 0
      })
      const response = await excerpt(answer.body)
      this.#keep(key, client)
      return { status: answer.statusCode, response }
    } catch (error) {
      giveUp()
      return { error: limit.isOver() ? limit.message : reasonOf(error) }
    } finally {
      limit.signal.removeEventListener('abort', giveUp)
    }
  }

  /** Ends all connections; attempts under way fail. */
  async close (): Promise<void> {
    await Promise.all([...this.#clients].map(async client => { await client.destroy() }))
  }

  async #connect (key: string, origin: string): Promise<Client> {
    // By its default export, which is all that a bundle has of it.
    const { default: { Client } } = await import('undici')
    const client = new Client(origin)
    this.#clients.add(client)
    // By the receiver, or after some seconds in which nothing was sent; one that is at work again connects anew.
    client.on('disconnect', () => { if (this.#idle.get(key)?.includes(client) === true) this.#drop(key, client) })
    return client
  }

  #keep (key: string, client: Client): void {
    if (!this.#clients.has(client)) return
    // What was only read in part has cost the connection.
    if (!client.stats.connected) return this.#drop(key, client)
    const clients = this.#idle.get(key)
    if (clients === undefined) this.#idle.set(key, [client])
    else clients.push(client)
  }

  #drop (key: string, client: Client | undefined): void {
    if (client === undefined || !this.#clients.delete(client)) return
    void client.destroy()
    const left = this.#idle.get(key)?.filter(other => other !== client) ?? []
    if (left.length > 0) this.#idle.set(key, left)
    else this.#idle.delete(key)
  }
}

/** The beginning of a body; one that never ends or is very long is cut off, which does not change the status. */
async function excerpt (body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  let read = 0
  try {
    for await (const part of body) {
      if (read < EXCERPT_BYTES) parts.push(part)
      read += part.length
      if (read > READ_BYTES) break
    }
  } catch {
    // The status is known already.
  }
  return Buffer.concat(parts).subarray(0, EXCERPT_BYTES).toString()
}

function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ')
  return typeof code === 'string' && !error.message.includes(code) ? `${code}: ${error.message}` : error.message
}

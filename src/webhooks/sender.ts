import type { Agent, request } from 'undici'

/** Attempts for one endpoint at the same time. */
export const AT_ONCE = 10
/** Endpoints whose connections are kept; tests make and delete many. */
const MOST_AGENTS = 100
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

  /** @param ms real milliseconds */
  constructor (ms: number) {
    this.#ms = ms
    this.#timer = this.#start(ms)
  }

  get signal (): AbortSignal {
    return this.#end.signal
  }

  /** What is said of whoever has not answered. */
  get message (): string {
    return `no answer within ${this.#ms} ms`
  }

  /** Leaves at most so many milliseconds from now. */
  shorten (ms: number): void {
    if (ms >= this.#ms) return
    this.#ms = ms
    clearTimeout(this.#timer)
    this.#timer = this.#start(ms)
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
 * Posts to receivers, one call at a time on each connection. Each endpoint has its own connections, so that one that
 * does not answer takes none from others of its host. The only one here who knows undici, which is loaded at the first
 * delivery.
 */
export class Sender {
  #client: Promise<Client> | undefined
  readonly #agents = new Map<string, Agent>()

  /** Never throws: whatever goes wrong is the attempt's result. Redirects are not followed. */
  async send ({ endpoint, url, body, headers, limit }: Sending): Promise<Answer> {
    try {
      const { post, open } = await this.#load()
      const agent = this.#agentOf(endpoint, open)
      const answer = await post(url, {
        method: 'POST', headers, body, signal: limit.signal, dispatcher: agent, headersTimeout: 0, bodyTimeout: 0
      })
      return { status: answer.statusCode, response: await excerpt(answer.body) }
    } catch (error) {
      if (limit.signal.aborted) return { error: limit.message }
      return { error: reasonOf(error) }
    }
  }

  /** Ends all connections; attempts under way fail. */
  async close (): Promise<void> {
    await Promise.all([...this.#agents.values()].map(async agent => { await agent.destroy() }))
  }

  async #load (): Promise<Client> {
    this.#client ??= loadClient()
    try {
      return await this.#client
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }

  /** Those that were used last are kept; the others close when their calls have ended. */
  #agentOf (endpoint: string, open: () => Agent): Agent {
    const agent = this.#agents.get(endpoint) ?? open()
    this.#agents.delete(endpoint)
    this.#agents.set(endpoint, agent)
    const [oldest = ''] = this.#agents.size > MOST_AGENTS ? this.#agents.keys() : []
    void this.#agents.get(oldest)?.close()
    this.#agents.delete(oldest)
    return agent
  }
}

/** A way to make requests, and to make connections for them. */
interface Client { readonly post: typeof request, readonly open: () => Agent }

async function loadClient (): Promise<Client> {
  // By its default export, which is all that a bundle has of it.
  const { default: { request: post, Agent } } = await import('undici')
  // Without a limit there would be more of them: undici 7.30 connects again after a call that was given up, for nobody.
  return { post, open: () => new Agent({ connections: AT_ONCE }) }
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

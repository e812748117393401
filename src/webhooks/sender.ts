import type { Agent, request } from 'undici'

/** How much of an answer is kept. */
const EXCERPT_BYTES = 1024
/** How much of an answer is read, so that its connection can be used again. */
const READ_BYTES = 64 * 1024

export interface Sending {
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

/** Posts to receivers, one call at a time on each connection; how many at once is the dispatcher's business. The only one here who knows undici, which is loaded at the first delivery. */
export class Sender {
  #client: Promise<Client> | undefined

  /** Never throws: whatever goes wrong is the attempt's result. Redirects are not followed. */
  async send ({ url, body, headers, limit }: Sending): Promise<Answer> {
    try {
      const { post, agent } = await (this.#client ??= openClient())
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
    await (await this.#client)?.agent.destroy()
  }
}

/** A way to make requests, and its connections. */
interface Client { readonly post: typeof request, readonly agent: Agent }

async function openClient (): Promise<Client> {
  // By its default export, which is all that a bundle has of it.
  const { default: { request: post, Agent } } = await import('undici')
  return { post, agent: new Agent() }
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

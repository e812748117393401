import type { Agent } from 'undici'

/** How much of an answer is kept. */
const EXCERPT_BYTES = 1024
/** How much of an answer is read, so that its connection can be used again. */
const READ_BYTES = 64 * 1024

export interface Sending {
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** Real milliseconds until the answer's status has to be there. */
  readonly timeoutMs: number
}

/** What came back: a status, or why there is none. */
export type Answer = { readonly status: number, readonly response: string } | { readonly error: string }

/** Posts to receivers, each call on a connection of its own, since how many there are is the dispatcher's business; the only one here who knows undici, which is loaded at the first delivery. */
export class Sender {
  #agent: Promise<Agent> | undefined

  /** Never throws: whatever goes wrong is the attempt's result. Redirects are not followed. */
  async send ({ url, body, headers, timeoutMs }: Sending): Promise<Answer> {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const { request } = await import('undici')
      const answer = await request(url, {
        method: 'POST', headers, body, signal: timeout, dispatcher: await this.#open(), headersTimeout: 0, bodyTimeout: 0
      })
      return { status: answer.statusCode, response: await excerpt(answer.body) }
    } catch (error) {
      if (timeout.aborted) return { error: `no answer within ${timeoutMs} ms` }
      return { error: reasonOf(error) }
    }
  }

  /** Ends all connections; attempts under way fail. */
  async close (): Promise<void> {
    await (await this.#agent)?.destroy()
  }

  async #open (): Promise<Agent> {
    this.#agent ??= import('undici').then(({ Agent }) => new Agent({ pipelining: 1 }))
    return await this.#agent
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

import type { FastifyInstance } from 'fastify'
import { withTimeLimit } from '../core/time-limit.ts'

/** Real time for the answer to a call, which a fault may keep back. */
const ANSWER_MS = 10_000

/** A call that the sandbox makes to itself. */
export interface OwnCall {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

export type CallItself = (call: OwnCall) => Promise<{ readonly status: number, readonly type: string, readonly text: string }>

/**
 * Calls that the sandbox makes to itself go through the same doors as any client's.
 * @param end aborted when the sandbox stops
 */
export function ownCalls (app: FastifyInstance, end: AbortSignal): CallItself {
  return async ({ method, url, headers, body }) => {
    const answer = await withTimeLimit([end], ANSWER_MS, async limit => await within(limit, app.inject({
      method: method as 'POST', url, headers, ...(body !== undefined && { payload: body as object })
    })))
    return { status: answer.statusCode, type: String(answer.headers['content-type']), text: answer.body }
  }
}

/** What an answer's error envelope says; an answer that a fault has lost says nothing. */
export function messageIn (text: string): string {
  return (text === '' ? undefined : (JSON.parse(text) as { message?: string }).message) ?? 'no answer'
}

/** An answer that may never come; the signal of `inject` has no effect on a call whose body was read. */
async function within<T> (limit: AbortSignal, answer: Promise<T>): Promise<T> {
  let giveUp = (): void => {}
  const over = new Promise<never>((_resolve, reject) => { giveUp = () => { reject(new Error('the time for it is over')) } })
  limit.addEventListener('abort', giveUp)
  if (limit.aborted) giveUp()
  try {
    return await Promise.race([answer, over])
  } finally {
    limit.removeEventListener('abort', giveUp)
  }
}

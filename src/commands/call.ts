import { once } from 'node:events'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'

export interface Call extends Pick<RequestOptions, 'method' | 'headers' | 'ca' | 'rejectUnauthorized' | 'checkServerIdentity'> {
  /** For the whole of it, until the answer has been read. */
  readonly timeoutMs: number
}

/** What has answered, and with what: its JSON, or undefined when it is none. */
export interface CallAnswer { readonly status: number | undefined, readonly body: unknown }

/**
 * A call of a command to a sandbox. It is made by Node's own client, since that can be told which certificate to trust.
 * @throws Error that says in words why there is no answer
 */
export async function call (address: URL, { timeoutMs, ...options }: Call): Promise<CallAnswer> {
  const request = address.protocol === 'https:' ? requestHttps : requestHttp
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const sent = request(address, { ...options, agent: false, signal })
    sent.end()
    const [response] = await once(sent, 'response') as [IncomingMessage]
    // A later error comes by the answer, too.
    sent.on('error', () => {})
    return { status: response.statusCode, body: parsed(await text(response)) }
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${timeoutMs / 1000} s`)
    const { message, code } = error as NodeJS.ErrnoException
    throw new Error(message || code)
  }
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

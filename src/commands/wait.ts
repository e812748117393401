import { once } from 'node:events'
import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { SandboxError } from '../library/client.ts'

/** How long between two tries. */
const PAUSE_MS = 100
/** How long one try may take. */
const TRY_MS = 1000

/**
 * Waits until a sandbox answers; also what the image's health check runs.
 * @throws SandboxError that says what came instead
 */
export async function wait (url: string, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const obstacle = await obstacleAt(new URL('/_sandbox/health', url))
    if (obstacle === undefined) return
    if (performance.now() + PAUSE_MS > end) throw new SandboxError(`No sandbox answers at ${url}: ${obstacle}.`)
    await sleep(PAUSE_MS)
  }
}

/** What keeps the sandbox from being ready; undefined when it is. */
async function obstacleAt (address: URL): Promise<string | undefined> {
  // Nothing secret is sent or believed, so that a certificate made for tests will do.
  const options = { rejectUnauthorized: false, timeout: TRY_MS }
  const request = address.protocol === 'https:' ? getHttps(address, options) : getHttp(address, options)
  request.once('timeout', () => { request.destroy(new Error(`no answer within ${TRY_MS / 1000} s`)) })
  try {
    const [response] = await once(request, 'response') as [IncomingMessage]
    const health: unknown = await json(response).catch(() => undefined)
    const isSandbox = response.statusCode === 200 && typeof health === 'object' && health !== null && 'uptime_ms' in health
    return isSandbox ? undefined : `what answers with ${response.statusCode} is something else`
  } catch (error) {
    return (error as Error).message || String((error as NodeJS.ErrnoException).code)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { SandboxError } from '../library/client.ts'
import { call } from './call.ts'

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
  try {
    // Nothing secret is sent or believed, so that a certificate made for tests will do.
    const { status, body } = await call(address, { timeoutMs: TRY_MS, rejectUnauthorized: false })
    const isSandbox = status === 200 && typeof body === 'object' && body !== null && 'uptime_ms' in body
    return isSandbox ? undefined : `what answers with ${status} is something else`
  } catch (error) {
    return (error as Error).message
  }
}

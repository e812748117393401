import { readPem } from '../config.ts'
import { SandboxError } from '../library/client.ts'
import { call, type CallAnswer } from './call.ts'

/** Far longer than emptying the largest sandbox takes. */
const TIMEOUT_MS = 60_000

export interface ResetOptions {
  /** Its account alone is emptied. */
  readonly WOOSHPAY_SECRET_KEY: string | undefined
  readonly SANDBOX_TOKEN: string | undefined
  /** The certificate that the sandbox is started with, trusted whatever it is called in it. */
  readonly TLS_CERT: string | undefined
}

/**
 * Empties a sandbox.
 * @throws SandboxError when it does not answer, or refuses
 */
export async function reset (url: string, { WOOSHPAY_SECRET_KEY: key, SANDBOX_TOKEN: token, TLS_CERT: cert }: ResetOptions): Promise<void> {
  const trust = cert === undefined ? {} : { ca: readPem('TLS_CERT', cert), checkServerIdentity: () => undefined }
  const { status, body } = await call(new URL('/_sandbox/reset', url), {
    method: 'POST',
    headers: { ...(key !== undefined && { authorization: `Basic ${btoa(`${key}:`)}` }), ...(token !== undefined && { 'x-sandbox-token': token }) },
    timeoutMs: TIMEOUT_MS,
    ...trust
  }).catch((error: unknown): CallAnswer => { throw new SandboxError(`No sandbox answers at ${url}: ${(error as Error).message}.`) })
  const { message, accounts } = (body ?? {}) as { message?: string, accounts?: number }
  if (status === 200 && accounts !== undefined) return
  throw new SandboxError(message ?? `What answers ${status} at ${url} is no sandbox.`)
}

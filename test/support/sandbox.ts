import type { Test } from 'tap'
import { buildApp, type Sandbox } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { accountId } from '../../src/core/api-keys.ts'
import type { Account } from '../../src/store/accounts.ts'
import { until } from '../../src/store/until.ts'

export const KEY = 'sk_test_journey'

/** The documented request, character for character. */
export const DOCUMENTED_REQUEST = `{
    "amount":100,
    "currency":"IDR",
    "confirm":true,
    "payment_method_data" : {
        "type":"dana"
    },
    "return_url":"https://your.website"
}`

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // Answers are looked into by literal expectations; a wrong shape fails those.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any
}

export interface CallOptions {
  /** The secret key; null sends none. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export interface RunningSandbox extends Sandbox {
  readonly url: string
  /** Calls the API over HTTP; a body that is no text is sent as JSON. */
  readonly call: (method: string, path: string, body?: unknown, options?: CallOptions) => Promise<Answer>
  readonly account: (key?: string) => Account
  readonly stop: () => Promise<void>
}

/** A sandbox on a free port, in memory unless flags say otherwise; stopped when the test ends. */
export async function startSandbox (t: Test, flags: Readonly<Record<string, string>> = {}): Promise<RunningSandbox> {
  const sandbox = await buildApp(readConfig({ DATA_FILE: ':memory:', LOG_LEVEL: 'silent', ...flags }, {}))
  const url = await sandbox.app.listen({ port: 0, host: '127.0.0.1' })
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    stopped ??= sandbox.app.close()
    await stopped
  }
  t.teardown(stop)
  return {
    ...sandbox,
    url,
    call: (method, path, body, options) => call(url, method, path, body, options),
    account: (key = KEY) => sandbox.accounts.require(accountId(key)),
    stop
  }
}

/** One HTTP call, as any client would make it. */
export async function call (
  url: string, method: string, path: string, body?: unknown, { key = KEY, headers = {} }: CallOptions = {}
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(key !== null && { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) })
  })
  const text = await response.text()
  const isJson = method !== 'HEAD' && response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
}

/** Resolves at the next turn of the event loop in which a condition holds, looking again after every write. */
export async function eventually (sandbox: Sandbox, condition: () => boolean): Promise<void> {
  await until(sandbox.database, condition)
}

/** How many records the sandbox holds of each kind; not of coverage, which is noted after the answers. */
export async function counts (sandbox: RunningSandbox): Promise<Readonly<Record<string, number>>> {
  const { coverage: _coverage, ...others } = (await sandbox.call('GET', '/_sandbox/health', undefined, { key: null })).body.counts
  return others
}

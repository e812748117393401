import createClient from 'openapi-fetch'
import { httpAddress, secretKey as keyKind } from '../config.ts'
import { readSetting } from '../core/settings.ts'
import type { operations, paths } from './generated/sandbox.ts'

/** What a call takes, as in the sandbox's own API reference. */
type Body<Name extends keyof operations> =
  NonNullable<operations[Name]['requestBody']> extends { content: { 'application/json': infer Content } } ? Content : never
type Query<Name extends keyof operations> = NonNullable<operations[Name]['parameters']['query']>
/** What a call answers. */
type Answer<Name extends keyof operations> =
  operations[Name]['responses'] extends { 200: { content: { 'application/json': infer Content } } } ? Content : never

/**
 * What a test can do with a sandbox. Bodies and answers are those of `/_sandbox`.
 * The functions need no `this`: `afterAll(sandbox.reset)` works.
 * @throws SandboxError from each of them when the sandbox refuses the call or does not answer
 */
export interface SandboxClient {
  /**
   * Does what the customer would do, without a browser.
   * @example await sandbox.shopper({ url: location, outcome: 'insufficient-balance' })
   */
  readonly shopper: (step: Body<'playShopper'>) => Promise<Answer<'playShopper'>>
  /** How the next payments end, in order, each used once. */
  readonly outcomes: {
    /** @example await sandbox.outcomes.queue('dana', ['insufficient-balance', 'pay']) */
    readonly queue: (paymentMethod: string, outcomes: Body<'queueOutcomes'>['outcomes']) => Promise<Answer<'queueOutcomes'>>
    readonly list: () => Promise<Answer<'listOutcomes'>['data']>
    readonly clear: () => Promise<void>
  }
  readonly clock: {
    readonly read: () => Promise<Answer<'retrieveClock'>>
    /** Moves time forward by milliseconds; everything that falls due on the way has happened when it resolves. */
    readonly advance: (ms: number) => Promise<Answer<'moveClock'>>
    /** Moves time forward to a moment: epoch milliseconds, ISO 8601 or a Date. */
    readonly moveTo: (now: number | string | Date) => Promise<Answer<'moveClock'>>
    /** Lets time stand still, but for moves. */
    readonly freeze: () => Promise<Answer<'moveClock'>>
    readonly unfreeze: () => Promise<Answer<'moveClock'>>
  }
  /** Resolves when nothing is due or under way any more; retries that are due later don't hold it. */
  readonly settle: (limits?: Body<'settle'>) => Promise<Answer<'settle'>>
  /**
   * Resolves when an object has a status, or an event was delivered.
   * @example await sandbox.wait({ payment_intent: id, status: 'succeeded' })
   */
  readonly wait: (condition: Query<'wait'>) => Promise<Answer<'wait'>>
  /** What goes wrong, with API calls or webhooks. */
  readonly faults: {
    /** @example await sandbox.faults.add({ match: { method: 'POST', path: '/v1/refunds' }, then: { status: 503 } }) */
    readonly add: (rule: Body<'createFault'>) => Promise<Answer<'createFault'>>
    readonly list: () => Promise<Answer<'listFaults'>['data']>
    readonly clear: () => Promise<void>
  }
  readonly refunds: {
    /** Lets a pending refund succeed. */
    readonly settle: (id: string) => Promise<Answer<'settleRefund'>>
    /** Lets a pending refund fail. */
    readonly fail: (id: string, reason?: NonNullable<Body<'failRefund'>['failure_reason']>) => Promise<Answer<'failRefund'>>
  }
  /** Webhooks, with every attempt. */
  readonly deliveries: {
    readonly list: (filter?: Query<'listDeliveries'>) => Promise<Answer<'listDeliveries'>['data']>
    /** Sends a webhook once more, now; resolves when the receiver has answered. */
    readonly resend: (id: string) => Promise<Answer<'resendDelivery'>>
  }
  /** Which situations the tests have reached, out of all that can be reached. */
  readonly coverage: () => Promise<Answer<'retrieveCoverage'>>
  /** Empties it: no objects, the time of the beginning, no faults. Coverage stays. */
  readonly reset: () => Promise<void>
}

/** A call that the sandbox has refused, or that it has not answered. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined
  /** The failure's name, such as `wait_timeout`. */
  readonly code: string | undefined

  constructor (message: string, { status, code, cause }: { status?: number, code?: string | undefined, cause?: unknown } = {}) {
    super(message, { cause })
    this.status = status
    this.code = code
  }
}

export interface ConnectOptions {
  /** Where the sandbox is, without `/v1`: `http://127.0.0.1:6262`. */
  readonly url: string
  /** Its account is what the calls concern; left out: all accounts. */
  readonly secretKey?: string | undefined
  /** The sandbox's `SANDBOX_TOKEN`, if it has one. */
  readonly token?: string | undefined
}

/**
 * Talks to a sandbox that runs somewhere, such as in a container.
 * @throws SettingError when the address or the key cannot be one
 * @example
 * const sandbox = connectSandbox({ url: 'http://127.0.0.1:6262', secretKey: 'sk_test_worker_1' })
 * await sandbox.reset()
 */
export function connectSandbox ({ url, secretKey, token }: ConnectOptions): SandboxClient {
  readSetting('url', { kind: httpAddress }, String(url))
  return clientOf({ url, secretKey, token })
}

/** @param fetch what carries the calls */
export function clientOf ({ url, secretKey, token }: ConnectOptions, fetch: (request: Request) => Promise<Response> = globalThis.fetch): SandboxClient {
  if (secretKey !== undefined) readSetting('secretKey', { kind: keyKind }, String(secretKey))
  const { GET, POST, DELETE } = createClient<paths>({
    baseUrl: url,
    fetch,
    headers: {
      ...(secretKey !== undefined && { Authorization: `Basic ${btoa(`${secretKey}:`)}` }),
      ...(token !== undefined && { 'X-Sandbox-Token': token })
    }
  })

  async function answerTo<Content> (call: Promise<{ data?: Content, error?: unknown, response: Response }>): Promise<Content> {
    const { data, error, response: { status } } = await call.catch((cause: unknown) => {
      throw new SandboxError(`No sandbox answers at ${url}: ${reasonOf(cause)}.`, { cause })
    })
    if (data !== undefined) return data
    const refusal = (error as { error?: { code?: string, message?: string } } | undefined)?.error
    throw new SandboxError(refusal?.message ?? `${url} answers ${status}; is it a sandbox?`, { status, code: refusal?.code })
  }
  const move = async (body: Body<'moveClock'>): Promise<Answer<'moveClock'>> => await answerTo(POST('/_sandbox/clock', { body }))

  return {
    shopper: async step => await answerTo(POST('/_sandbox/shopper', { body: step })),
    outcomes: {
      queue: async (name, outcomes) => await answerTo(POST('/_sandbox/outcomes', { body: { payment_method: name, outcomes } })),
      list: async () => (await answerTo(GET('/_sandbox/outcomes'))).data,
      clear: async () => { await answerTo(DELETE('/_sandbox/outcomes')) }
    },
    clock: {
      read: async () => await answerTo(GET('/_sandbox/clock')),
      advance: async ms => {
        // JSON has no word for it and would leave it out, so that time stood still and nobody knew.
        if (!Number.isFinite(ms)) throw new SandboxError(`clock.advance takes milliseconds, and not ${String(ms)}.`)
        return await move({ advance_ms: ms })
      },
      moveTo: async now => {
        const time = now instanceof Date ? now.getTime() : now
        if (typeof time !== 'string' && !Number.isFinite(time)) throw new SandboxError(`clock.moveTo takes epoch milliseconds, ISO 8601 or a Date, and not ${String(now)}.`)
        return await move({ now: time })
      },
      freeze: async () => await move({ frozen: true }),
      unfreeze: async () => await move({ frozen: false })
    },
    settle: async (limits = {}) => await answerTo(POST('/_sandbox/settle', { body: limits })),
    wait: async condition => await answerTo(GET('/_sandbox/wait', { params: { query: condition } })),
    faults: {
      add: async rule => await answerTo(POST('/_sandbox/faults', { body: rule })),
      list: async () => (await answerTo(GET('/_sandbox/faults'))).data,
      clear: async () => { await answerTo(DELETE('/_sandbox/faults')) }
    },
    refunds: {
      settle: async id => await answerTo(POST('/_sandbox/refunds/{id}/settle', { params: { path: { id } } })),
      fail: async (id, reason) => await answerTo(POST('/_sandbox/refunds/{id}/fail', {
        params: { path: { id } }, body: reason === undefined ? {} : { failure_reason: reason }
      }))
    },
    deliveries: {
      list: async (filter = {}) => (await answerTo(GET('/_sandbox/deliveries', { params: { query: filter } }))).data,
      resend: async id => await answerTo(POST('/_sandbox/deliveries/{id}/resend', { params: { path: { id } } }))
    },
    coverage: async () => await answerTo(GET('/_sandbox/coverage')),
    reset: async () => { await answerTo(POST('/_sandbox/reset')) }
  }
}

/** What went wrong below `fetch`, which itself says no more than that it failed. */
function reasonOf (error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}

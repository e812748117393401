import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isObject, unknownParameters } from './validation.ts'

/** A call of the API and its answer. */
export interface LoggedRequest {
  readonly id: string
  readonly object: 'request'
  /** When it came: epoch milliseconds of the account's clock, or of the whole where nobody is known. */
  readonly created: number
  /** Undefined where the key was refused. */
  readonly account: string | undefined
  readonly method: string
  /** With its query; client secrets left out. */
  readonly url: string
  readonly status: number
  readonly duration_ms: number
  readonly body: unknown
  readonly answer: unknown
  /** Parameters that the call does not know. */
  readonly unknown: readonly string[]
  /** Parameters that only older pages of the documentation have. */
  readonly deprecated: readonly string[]
  /** The scheme and kind of the key that was sent, such as `Bearer sk_live`; never the key. */
  readonly credential: string
  readonly error: string | undefined
}

/** A call as it is remembered: read and rid of its secrets only when somebody looks. */
type RawRequest = Omit<LoggedRequest, 'answer'> & { readonly answer: string | undefined }

/** How many calls are remembered; they are not stored. */
const REMEMBERED = 1000
/** Longer answers, such as lists of sessions, are remembered as nothing. */
const LONGEST_ANSWER = 10_000

/** The last calls of the API. Bodies and answers are kept as they were, but for secrets. */
export class RequestLog {
  readonly #entries: RawRequest[] = []
  readonly #listeners = new Set<(entry: LoggedRequest) => void>()

  add (entry: RawRequest): void {
    this.#entries.push(entry)
    if (this.#entries.length > REMEMBERED) this.#entries.shift()
    for (const listener of this.#listeners) listener(shown(entry))
  }

  /** Newest first; of an account, or all. */
  of (account: string | undefined): LoggedRequest[] {
    return this.#entries.filter(entry => account === undefined || entry.account === account).reverse().map(shown)
  }

  /** @returns a function that ends the listening */
  onAdded (listener: (entry: LoggedRequest) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }
}

/** Remembers every call of a scope in the log. */
export function rememberRequests (app: FastifyInstance, { log, now }: { log: RequestLog, now: () => number }): void {
  const answers = new WeakMap<FastifyRequest, string>()
  const bodies = new WeakMap<FastifyRequest, unknown>()

  // As it was sent, before what is unknown is taken out.
  app.addHook('preHandler', (request, _reply, done) => {
    bodies.set(request, request.body)
    done()
  })
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (typeof payload === 'string' && payload.length <= LONGEST_ANSWER) answers.set(request, payload)
    done(null, payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { caller, refusal } = request
    const account = (caller as typeof caller | undefined)?.account
    const { unknown, deprecated } = unknownParameters(request)
    log.add({
      id: request.id,
      object: 'request',
      created: account?.clock.now() ?? now(),
      account: account?.id,
      method: request.method,
      url: request.url,
      status: reply.statusCode,
      duration_ms: account?.clock.frozen === true ? 0 : Math.round(reply.elapsedTime),
      body: bodies.get(request) ?? request.body,
      answer: answers.get(request),
      unknown: unknown.map(({ name }) => name),
      deprecated,
      credential: credentialOf(request.headers.authorization ?? ''),
      error: refusal?.code
    })
    done()
  })
}

/** A line for each answer at the level `debug`; no headers or bodies, which hold keys and secrets. */
export function logRequests (app: FastifyInstance): void {
  if (app.log.level !== 'debug') return
  app.addHook('onResponse', (request, reply, done) => {
    request.log.debug(`${request.method} ${request.url.split('?', 1)[0]} → ${reply.statusCode} in ${reply.elapsedTime.toFixed(1)} ms`)
    done()
  })
}

function shown (entry: RawRequest): LoggedRequest {
  const { url, body, answer } = entry
  return {
    ...entry,
    url: url.replace(/(client_secret=)[^&]*/g, '$1…'),
    body: withoutSecrets(body),
    answer: answer === undefined ? undefined : withoutSecrets(JSON.parse(answer))
  }
}

function withoutSecrets (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, name === 'client_secret' || name === 'secret' ? '…' : withoutSecrets(inner)]))
}

function credentialOf (authorization: string): string {
  const [scheme = '', credential = ''] = authorization.trim().split(/\s+/, 2)
  const decoded = scheme.toLowerCase() === 'basic' ? Buffer.from(credential, 'base64').toString('latin1') : credential
  const kind = /^[sp]k_(?:test|live)/.exec(decoded)?.[0] ?? ''
  return `${scheme} ${kind}`.trim()
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { unescaped } from '../core/addresses.ts'
import type { Keep } from '../core/settings.ts'
import { isUnanswered } from './faults.ts'
import { isObject, unknownParameters } from './validation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The body before what is unknown was taken out of it; undefined for a call that did not come so far. */
    sentBody: unknown
    /** What was answered, where it is short enough to be kept. */
    keptAnswer: string | undefined
  }
}

/** A call of the API and its answer. */
export const LoggedRequest = Type.Object({
  id: Type.String({ description: 'As in the header Request-Id.' }),
  object: Type.Literal('request'),
  created: Type.Integer({ description: 'When it was answered: epoch milliseconds of the account\'s clock, or of the whole where nobody is known.' }),
  account: Type.Optional(Type.String({ description: 'Left out where the key was refused.' })),
  method: Type.String(),
  url: Type.String({ description: 'With its query; secrets left out.' }),
  status: Type.Optional(Type.Integer({ description: 'Left out where a fault kept the answer back.' })),
  duration_ms: Type.Integer(),
  body: Type.Optional(Type.Unsafe<unknown>({ description: 'As it was read; secrets left out. Longer ones are not kept.' })),
  answer: Type.Optional(Type.Unsafe<unknown>({ description: 'Secrets left out. Longer ones are not kept.' })),
  unknown: Type.Array(Type.String(), { description: 'Parameters that the call does not know.' }),
  deprecated: Type.Array(Type.String(), { description: 'Parameters that only older pages of the documentation have.' }),
  credential: Type.String({ description: 'Scheme and kind of the key that was sent, such as `Bearer sk_live`; never the key.' }),
  error: Type.Optional(Type.String({ description: 'The code of the refusal.' })),
  fault: Type.Optional(Type.String({ description: 'The fault that befell it.' }))
})
export type LoggedRequest = Static<typeof LoggedRequest>

/** A call as it is remembered: read and rid of its secrets only when somebody looks. */
export type RememberedRequest = Omit<LoggedRequest, 'answer'> & { readonly answer: string | undefined }

/** Characters; longer bodies and answers, such as lists of sessions, are remembered as nothing. */
const LONGEST_KEPT = 10_000

/** The last calls of the API, in memory only. */
export class RequestLog {
  readonly #keep: Keep
  /** With the real time at which each came, since tests that move their clock look at what came before. */
  readonly #entries: Array<{ readonly at: number, readonly entry: RememberedRequest }> = []
  readonly #listeners = new Set<(entry: RememberedRequest) => void>()

  constructor (keep: Keep) {
    this.#keep = keep
  }

  add (entry: RememberedRequest): void {
    this.#entries.push({ at: performance.now(), entry })
    this.#forget()
    for (const listener of this.#listeners) listener(entry)
  }

  /** Newest first; of an account, or all. */
  of (account: string | undefined): RememberedRequest[] {
    this.#forget()
    return this.#entries.map(({ entry }) => entry).filter(entry => account === undefined || entry.account === account).reverse()
  }

  #forget (): void {
    const oldest = performance.now() - this.#keep.ms
    while (this.#entries.length > this.#keep.count || (this.#entries[0]?.at ?? Infinity) < oldest) this.#entries.shift()
  }

  /** @returns a function that ends the listening */
  onAdded (listener: (entry: RememberedRequest) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }
}

/**
 * Remembers every call of a scope in the log.
 * @returns what remembers a call that ends without an answer
 */
export function rememberRequests (app: FastifyInstance, log: RequestLog, now: () => number): (request: FastifyRequest, reply: FastifyReply) => void {
  app.decorateRequest('sentBody')
  app.decorateRequest('keptAnswer')
  // As it was sent, before what is unknown is taken out.
  app.addHook('preHandler', (request, _reply, done) => {
    request.sentBody = request.body
    done()
  })
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (typeof payload === 'string' && payload !== '' && payload.length <= LONGEST_KEPT) request.keptAnswer = payload
    done(null, payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    remember(request, reply)
    done()
  })
  return remember

  function remember (request: FastifyRequest, reply: FastifyReply): void {
    const { caller, refusal, fault, headers } = request
    const account = (caller as typeof caller | undefined)?.account
    const { unknown, deprecated } = unknownParameters(request)
    const body = request.sentBody ?? request.body
    // A body that comes in pieces does not tell its length.
    const length = Number(headers['content-length'] ?? JSON.stringify(body ?? '').length)
    log.add({
      id: request.id,
      object: 'request',
      created: account?.clock.now() ?? now(),
      ...(account !== undefined && { account: account.id }),
      method: request.method,
      url: request.url,
      ...(!isUnanswered(request) && { status: reply.statusCode }),
      duration_ms: account?.clock.frozen === true ? 0 : Math.round(reply.elapsedTime),
      ...(length <= LONGEST_KEPT && { body }),
      answer: request.keptAnswer,
      unknown: unknown.map(({ name }) => name),
      deprecated: [...deprecated],
      // A key that was taken has come as Basic: this saves reading it once more.
      credential: account === undefined ? credentialOf(headers.authorization ?? '') : `Basic ${caller.isPublishable ? 'pk' : 'sk'}_test`,
      ...(refusal !== undefined && { error: refusal.code }),
      ...(fault !== undefined && { fault: fault.id })
    })
  }
}

/** A line for each answer at the level `debug`; no headers or bodies, which hold keys and secrets. */
export function logRequests (app: FastifyInstance): void {
  if (app.log.level !== 'debug') return
  app.addHook('onResponse', (request, reply, done) => {
    request.log.debug(`${request.method} ${withoutSecretsIn(request.url.split('?', 1)[0] ?? '')} → ${reply.statusCode} in ${reply.elapsedTime.toFixed(1)} ms`)
    done()
  })
}

/** Names whose values nobody is shown. */
export const SECRETS: ReadonlySet<string> = new Set(['client_secret', 'secret'])

/** A remembered call without its secrets. */
export function shown (entry: RememberedRequest): LoggedRequest {
  const { body, answer, unknown, ...rest } = entry
  return {
    ...rest,
    url: withoutSecretsIn(entry.url),
    unknown: unknown.map(withoutSecretText),
    ...(body !== undefined && { body: withoutSecrets(body) }),
    ...(answer !== undefined && { answer: withoutSecrets(JSON.parse(answer)) })
  }
}

/** An address as it was written, or, where what it hides is a secret, as it is meant. */
export function withoutSecretsIn (url: string): string {
  const shown = hide(url)
  const meant = unescaped(shown)
  const hidden = hide(meant)
  // A line break would begin another line of the log.
  return hidden === meant ? shown : hidden.replace(/[\s\p{Cc}]/gu, encodeURIComponent)
}

function hide (url: string): string {
  return withoutSecretText(url.replace(/(client_secret(?:\[\])?=)[^&]*/g, '$1…'))
}

function withoutSecrets (value: unknown): unknown {
  if (typeof value === 'string') return withoutSecretText(value)
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [withoutSecretText(name), SECRETS.has(name) ? '…' : withoutSecrets(inner)]))
}

/** Some send a key as a parameter, or in the place of one. */
function withoutSecretText (text: string): string {
  return text.replace(/:\/\/[^/@\s]+@/g, '://…@').replace(/([sp]k_(?:test|live)_)[^\s,:&"]+/g, '$1…').replace(/(\bpi_\d+_secret_|\bwhsec_)\w+/g, '$1…')
}

function credentialOf (authorization: string): string {
  const [scheme = '', credential = ''] = authorization.trim().split(/\s+/, 2)
  const decoded = scheme.toLowerCase() === 'basic' ? Buffer.from(credential, 'base64').toString('latin1') : authorization
  const kind = /[sp]k_(?:test|live)/.exec(decoded)?.[0] ?? ''
  // Whoever sends a key without a scheme sends it in the scheme's place.
  const known = ['basic', 'bearer'].includes(scheme.toLowerCase()) ? scheme : ''
  return `${known} ${kind}`.trim()
}

import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { errors, type ApiError } from '../core/errors.ts'
import type { Keep } from '../core/settings.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import type { Definition } from '../store/collection.ts'
import { put, remove, type Commit } from '../store/commit.ts'
import type { Database } from '../store/database.ts'
import { isObject } from './validation.ts'

/** An answer that is given again when its key comes again. */
export interface IdempotencyRecord {
  /** Account, path and key, hashed. */
  readonly id: string
  /** Hash of the request's body. */
  readonly body_hash: string
  readonly status: number
  /** The answer's body as it was sent. */
  readonly answer: string
  /** Epoch milliseconds. */
  readonly expires_at: number
}

export const idempotencyDefinition: Definition<IdempotencyRecord> = {
  name: 'idempotency_keys',
  isListed: false,
  due: record => ({ at: record.expires_at, what: 'idempotency_key.expire' })
}

const LONGEST_KEY = 255
/** When there are too many, this part of them goes at once: finding the oldest of a Map takes longer the more have gone. */
const FORGOTTEN_PART = 0.01
/** At most so many go at once, so that a lower limit after a restart does not hold up a call. */
const MOST_FORGOTTEN = 1000

/** A request whose answer is to be kept. */
interface Claim { readonly id: string, readonly bodyHash: string }

declare module 'fastify' {
  interface FastifyRequest {
    idempotencyClaim: Claim | undefined
  }
}

export interface IdempotencyOptions {
  readonly database: Database
  readonly commit: Commit
  readonly accounts: Accounts
  /** Of all accounts together. */
  readonly keep: Keep
}

/**
 * Answers a POST that comes again under its `Idempotency-Key` as it was answered first. Keys are per account and path:
 * integrations reuse one key on two paths. What was refused for a parameter is not kept, so that the corrected call
 * may use the key. The answer is stored in the same write as what the call changed, so that a crash keeps both or none.
 */
export function keepIdempotency (app: FastifyInstance, { database, commit, accounts, keep }: IdempotencyOptions): void {
  const kept = database.collection(idempotencyDefinition)
  const running = new Set<string>()
  app.decorateRequest('idempotencyClaim')

  app.addHook('preHandler', (request, reply, done) => {
    const key = request.headers['idempotency-key']
    const { account, isPublishable } = request.caller
    const mode = account.switches.IDEMPOTENCY
    if (request.method !== 'POST' || key === undefined || mode === 'off') return done()
    if (typeof key !== 'string' || key === '' || key.length > LONGEST_KEY) {
      throw errors.idempotency_key_invalid(`it has to have 1 to ${LONGEST_KEY} characters`)
    }
    const bodyHash = hash(JSON.stringify(request.body, inOrder))
    // A publishable key must not be answered what a secret key was.
    const scope = `${account.id} ${isPublishable ? 'pk' : 'sk'} ${request.routeOptions.url} ${JSON.stringify(request.params)}`
    const id = hash(`${scope} ${key}${mode === 'lenient' ? ` ${bodyHash}` : ''}`)
    const record = kept.get(account.id, id)
    if (record !== undefined && record.expires_at > account.clock.now()) {
      if (record.body_hash !== bodyHash) throw errors.idempotency_key_reused(key)
      void reply.code(record.status).header('Idempotent-Replayed', 'true').type('application/json; charset=utf-8').send(record.answer)
      return
    }
    if (running.has(id)) throw errors.idempotency_key_in_use(key)
    running.add(id)
    request.idempotencyClaim = { id, bodyHash }
    done()
  })

  app.addHook('onSend', (request, reply, payload, done) => {
    const claim = release(request)
    if (claim !== undefined && typeof payload === 'string' && isKept(request.refusal)) {
      const { account } = request.caller
      commit(account, {
        operations: [put(idempotencyDefinition, {
          id: claim.id,
          body_hash: claim.bodyHash,
          status: reply.statusCode,
          answer: payload,
          expires_at: account.clock.now() + keep.ms
        })]
      })
      if (kept.size > keep.count) forgetOldest()
    }
    done(null, payload)
  })

  function forgetOldest (): void {
    let left = Math.min(kept.size - keep.count + Math.floor(keep.count * FORGOTTEN_PART), MOST_FORGOTTEN)
    for (const { account, record } of kept.rows()) {
      forgetKey(commit, accounts.require(account), record.id)
      if (--left === 0) return
    }
  }

  function release (request: FastifyRequest): Claim | undefined {
    const { idempotencyClaim: claim } = request
    request.idempotencyClaim = undefined
    if (claim !== undefined) running.delete(claim.id)
    return claim
  }
}

/** A key's time is over: what the clock calls at `expires_at`. */
export function forgetKey (commit: Commit, account: Account, id: string): void {
  commit(account, { operations: [remove(idempotencyDefinition, id)] })
}

/** A refusal for the object's state is the call's result; one for a parameter, or a failure of the sandbox, is not. */
function isKept (refusal: ApiError | undefined): boolean {
  return refusal === undefined || (refusal.status < 500 && refusal.param === undefined)
}

/** The same body is the same in whatever order its keys stand. */
function inOrder (_key: string, value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1)) : value
}

function hash (text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

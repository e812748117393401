import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { errors } from '../core/errors.ts'
import { maskKey, parseApiKey, publishableKey } from '../core/api-keys.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import type { Caller } from './api.ts'
import { publicUrlOf } from './public-url.ts'

export interface KeyOptions {
  readonly accounts: Accounts
  /** The only keys that are taken; undefined takes every test key. */
  readonly apiKeys: readonly string[] | undefined
}

export interface AuthenticationOptions extends KeyOptions {
  /** What browsers are sent to; undefined: the request's own host. */
  readonly publicUrl: string | undefined
}

/**
 * HTTP Basic with the key as user name, as WooshPay's introduction describes it; sets `request.caller`.
 * A credential without a colon is the same key, since published integrations send the dashboard's value as it is.
 */
export function authentication ({ publicUrl, ...options }: AuthenticationOptions): onRequestHookHandler {
  const keyOf = keyReader(options)

  return (request, _reply, done) => {
    const { key, isPublishable } = keyOf(request.headers.authorization)
    if (isPublishable && request.routeOptions.config.publishable !== true) {
      throw errors.secret_key_required(`A publishable key may only retrieve and confirm a PaymentIntent; ${request.method} ${request.url.split('?')[0]} needs a secret key.`)
    }
    request.caller = callerOf(request, accountOf(options.accounts, key, isPublishable), isPublishable, publicUrl)
    done()
  }
}

/** The account of a call's secret key, or undefined where a call may come without one and does. */
export function optionalAccount (options: KeyOptions): (request: FastifyRequest) => Account | undefined {
  const keyOf = keyReader(options)

  return ({ headers: { authorization }, method, url }) => {
    if (authorization === undefined) return undefined
    const { key, isPublishable } = keyOf(authorization)
    if (isPublishable) throw errors.secret_key_required(`${method} ${url.split('?')[0]} takes a secret key, or none; not a publishable one.`)
    return options.accounts.bySecretKey(key)
  }
}

function keyReader ({ apiKeys }: KeyOptions): (authorization: string | undefined) => { key: string, isPublishable: boolean } {
  const closedList = apiKeys === undefined ? undefined : new Set([...apiKeys, ...apiKeys.map(publishableKey)])

  return authorization => {
    const key = readKey(authorization)
    if (closedList?.has(key) === false) throw errors.api_key_invalid(`The API key ${maskKey(key)} is not in this sandbox's list of keys (API_KEYS).`)
    return { key, isPublishable: key.startsWith('pk_') }
  }
}

function callerOf (request: FastifyRequest, account: Account, isPublishable: boolean, publicUrl: string | undefined): Caller {
  const idempotencyKey = request.headers['idempotency-key']
  return {
    account,
    isPublishable,
    publicUrl: publicUrlOf(request, publicUrl),
    cause: typeof idempotencyKey === 'string' ? { id: request.id, idempotency_key: idempotencyKey } : { id: request.id }
  }
}

function accountOf (accounts: Accounts, key: string, isPublishable: boolean): Account {
  if (!isPublishable) return accounts.bySecretKey(key)
  const account = accounts.byPublishableKey(key)
  if (account === undefined) throw errors.api_key_invalid(`The publishable key ${maskKey(key)} belongs to no account that was used here.`)
  return account
}

function readKey (authorization: string | undefined): string {
  if (authorization === undefined || authorization.trim() === '') throw errors.api_key_missing()
  const [scheme = '', credential = ''] = authorization.trim().split(/\s+/, 2)
  if (parseApiKey(credential || scheme)?.mode === 'live') throw errors.api_key_live(maskKey(credential || scheme))
  if (scheme.toLowerCase() === 'bearer') {
    throw errors.api_key_invalid('The API key was sent as Bearer. Use HTTP Basic authentication: the key as user name, an empty password.')
  }
  if (scheme.toLowerCase() !== 'basic') {
    throw errors.api_key_invalid('The Authorization header is not of HTTP Basic authentication. Send "Basic " and the base64 form of the key with a colon after it.')
  }
  const decoded = Buffer.from(credential, 'base64').toString('latin1')
  const key = decoded.split(':', 1)[0] ?? ''
  const parsed = parseApiKey(key)
  if (parsed === undefined) {
    throw errors.api_key_invalid('The user name of the Basic credential is not an API key: it has to start with sk_test_ (or pk_test_), base64-encoded with a colon after it.')
  }
  if (parsed.mode === 'live') throw errors.api_key_live(maskKey(key))
  return key
}

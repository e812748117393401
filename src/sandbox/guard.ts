import { isIP } from 'node:net'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { isLoopback } from '../core/addresses.ts'
import { isSame } from '../core/constant-time.ts'
import { errors } from '../core/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route is for everybody, with whatever parameters. */
    open?: boolean
  }
}

export interface GuardOptions {
  /** Needed in `X-Sandbox-Token`; undefined lets everybody in. */
  readonly token: string | undefined
  /** Further host names under which the sandbox may be called. */
  readonly allowedHosts: readonly string[]
  readonly publicUrl: string | undefined
}

/**
 * Keeps web pages of strangers away from the sandbox's own API: a name that somebody points at this machine is refused
 * (DNS rebinding), unless it is one that only this machine or its network gives out; so are a call that a page from
 * elsewhere makes, and one without the token.
 */
export function guard ({ token, allowedHosts, publicUrl }: GuardOptions): onRequestHookHandler {
  const names = new Set([...allowedHosts.map(name => name.toLowerCase()), ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname])])

  return (request, _reply, done) => {
    if (request.routeOptions.config.open === true) return done()
    const { hostname, headers: { host, origin } } = request
    const isNamed = (name: string): boolean => names.has(name.toLowerCase())
    // Also the one that the browser has set: a page can write what a proxy is believed in, though not Host.
    for (const name of new Set([hostname, hostnameOf(host)])) {
      if (name !== undefined && !isLocalName(name) && !isNamed(name)) throw errors.host_not_allowed(name)
    }
    // Its own pages, those of this machine, and those that the settings name; a neighbour in the network is a stranger.
    const isOurs = (name: string): boolean => name === hostname || isLoopback(name) || isNamed(name)
    if (origin !== undefined && !(URL.canParse(origin) && isOurs(new URL(origin).hostname))) throw errors.origin_not_allowed(origin)
    if (isFromElsewhere(request)) throw errors.origin_not_allowed(origin ?? 'another site')
    if (token !== undefined && !hasToken(request, token)) throw errors.sandbox_token_required()
    done()
  }
}

export const TOKEN_COOKIE = 'sandbox_token'

/** A program sends it in the header, a browser in the cookie that it once got for it. */
function hasToken ({ headers: { 'x-sandbox-token': header, cookie = '' } }: FastifyRequest, token: string): boolean {
  if (header !== undefined) return isSame(String(header), token)
  const stored = new RegExp(`(?:^|;\\s*)${TOKEN_COOKIE}=([^;]*)`).exec(cookie)?.[1]
  return isSame(stored ?? '', cookieValue(token))
}

/** The token as a cookie can hold it. */
export function cookieValue (token: string): string {
  return encodeURIComponent(token)
}

/** Whether a page of another site makes the call; a link of one may lead here. */
function isFromElsewhere ({ method, headers }: FastifyRequest): boolean {
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode = 'navigate' } = headers
  return site === 'cross-site' && !(method === 'GET' && mode === 'navigate')
}

/** What a Host header names, without its port. */
function hostnameOf (host: string | undefined): string | undefined {
  return host?.replace(/:\d*$/, '')
}

/** Names that no stranger's server can have: addresses, names without a dot, and those reserved for local networks. */
function isLocalName (hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(bare) !== 0 || !bare.includes('.') || /\.(?:localhost|internal|local)$/i.test(bare)
}

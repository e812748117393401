import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { packageFile } from '../core/package-files.ts'
import type { Html } from './html.ts'
import { stylesheet } from './stylesheet.ts'

export const STYLESHEET_PATH = '/assets/sandbox.css'
export const SCRIPT_PATH = '/assets/sandbox.js'

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const

/** All that pages load, each read when it is first asked for. */
const assets: ReadonlyMap<string, { readonly type: string, readonly read: () => string }> = new Map([
  [STYLESHEET_PATH, { type: TYPES.css, read: () => stylesheet }],
  // Made by the build.
  [SCRIPT_PATH, { type: TYPES.js, read: () => readFileSync(packageFile('dist/sandbox.js'), 'utf8') }]
])

/** Serves what pages load; all of it is the sandbox's own. */
export function assetRoutes (app: FastifyInstance): void {
  for (const [path, { type, read }] of assets) {
    let text: string | undefined
    app.get(path, { schema: { hide: true } }, (_request, reply) =>
      reply.type(type).header('Cache-Control', 'no-cache').header('X-Content-Type-Options', 'nosniff').send(text ??= read()))
  }
}

export interface SendOptions {
  readonly status?: number
  /** Whether other sites may show it in a frame; a form of it may then also lead to another site, as the way back to a shop does. */
  readonly mayBeFramed?: boolean
}

/** Sends a page. Nothing on it may come from elsewhere, and nothing in it may run but the sandbox's own script. */
export function sendPage (reply: FastifyReply, content: Html, { status = 200, mayBeFramed = false }: SendOptions = {}): FastifyReply {
  const frames = mayBeFramed ? 'frame-ancestors *' : 'frame-ancestors \'none\'; form-action \'self\''
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('Cache-Control', 'no-store')
    .header('Content-Security-Policy',
      `default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; ${frames}`)
    .header('X-Content-Type-Options', 'nosniff')
    // With `no-referrer`, browsers would say of the sandbox's own forms that they come from nowhere.
    .header('Referrer-Policy', 'same-origin')
    .send(content.toString())
}

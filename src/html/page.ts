import type { FastifyInstance, FastifyReply } from 'fastify'
import { html, type Content, type Html } from './html.ts'
import type { Language } from './language.ts'
import { stylesheet } from './stylesheet.ts'

const STYLESHEET_PATH = '/assets/sandbox.css'

/** What every page says first. */
const BANNER: Readonly<Record<Language, string>> = {
  id: 'Sandbox: tidak ada uang yang berpindah',
  en: 'Sandbox: no money moves'
}

export interface PageOptions {
  readonly language: Language
  readonly title: string
  readonly body: Content
  /** Leads elsewhere by itself, without a script. */
  readonly refresh?: { readonly seconds: number, readonly url: string } | undefined
}

/** The frame of every page. */
export function page ({ language, title, body, refresh }: PageOptions): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refresh && html`<meta http-equiv="refresh" content="${refresh.seconds};url=${refresh.url}">`}
<title>${title}</title>
<link rel="stylesheet" href="${STYLESHEET_PATH}">
<link rel="icon" href="data:,">
</head>
<body>
<p class="banner" role="note">${BANNER[language]}</p>
${body}
</body>
</html>
`
}

/** Leads to the same page in the other language; `query` is what else its address has to hold. */
export function languageLink (language: Language, query: Readonly<Record<string, string>> = {}): Html {
  const [other, name] = language === 'id' ? ['en', 'English'] : ['id', 'Bahasa Indonesia']
  return html`<nav><a href="?${new URLSearchParams({ ...query, lang: other }).toString()}" lang="${other}">${name}</a></nav>`
}

/**
 * Sends a page. Nothing on it may come from elsewhere or run; it may be framed, and a form may lead to another site,
 * as the way back to a shop does.
 */
export function sendPage (reply: FastifyReply, content: Html, status = 200): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('Cache-Control', 'no-store')
    .header('Content-Security-Policy', 'default-src \'none\'; style-src \'self\'; img-src data:; base-uri \'none\'; frame-ancestors *')
    .header('X-Content-Type-Options', 'nosniff')
    .header('Referrer-Policy', 'no-referrer')
    .send(content.toString())
}

/** Serves the one stylesheet of all pages. */
export function assetRoutes (app: FastifyInstance): void {
  app.get(STYLESHEET_PATH, { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('Cache-Control', 'no-cache').send(stylesheet))
}

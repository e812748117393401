import type { FastifyInstance, FastifyRequest } from 'fastify'
import { preferredType } from '../core/preferences.ts'
import { html } from '../html/html.ts'
import { languageOf, type Language } from '../html/language.ts'
import { sendPage } from '../html/assets.ts'
import { page } from '../html/page.ts'
import { answerErrors, writeEnvelope } from './errors.ts'

const TEXTS = {
  id: { missing: 'Pembayaran tidak ditemukan', fault: 'Permintaan ini tidak dapat diproses' },
  en: { missing: 'No such payment', fault: 'This cannot be done' }
} as const satisfies Readonly<Record<Language, unknown>>

/** Writes the failures of a scope of pages: a page for people, the envelope for whoever asks for JSON. */
export function answerPageErrors (app: FastifyInstance): void {
  answerErrors(app, (answer, request, reply) => {
    if (wantsJson(request)) return writeEnvelope(answer, request, reply)
    const language = pageLanguage(request)
    const title = TEXTS[language][answer.status === 404 ? 'missing' : 'fault']
    const body = html`<div class="stage"><main class="card"><div class="body"><h1>${title}</h1><p class="quiet">${answer.message}</p></div></main></div>`
    return sendPage(reply, page({ language, title, body }), { status: answer.status, mayBeFramed: true })
  })
}

/** The language of a request's page: `?lang=`, else the browser's. */
export function pageLanguage ({ query, headers }: FastifyRequest): Language {
  return languageOf((query as { lang?: unknown }).lang, headers['accept-language'])
}

export function wantsJson ({ headers: { accept } }: FastifyRequest): boolean {
  return preferredType(accept, ['text/html', 'application/json']) === 'application/json'
}

import type { FastifyInstance } from 'fastify'
import { errors } from '../core/errors.ts'
import { languageOf } from '../html/language.ts'
import { sendPage } from '../html/assets.ts'
import { phoneCode } from '../html/phone-code.ts'
import { answerPageErrors, pageLanguage, wantsJson } from '../http/pages.ts'
import { publicUrlOf } from '../http/public-url.ts'
import { WALLET_ROUTE, walletPath } from '../wooshpay/payment-intents/wallet-address.ts'
import { isOutcomeName, OUTCOME_NAMES } from './outcomes.ts'
import { walletPage } from './pages.ts'
import type { Wallet } from './service.ts'
import type { Entry } from './visit.ts'

export interface WalletRoutesOptions {
  readonly wallet: Wallet
  readonly merchantName: string
  /** What browsers are sent to; undefined: the request's own host. */
  readonly publicUrl: string | undefined
}

interface PageRoute {
  Params: { method: string, id: string, entry: string }
  Querystring: { lang?: unknown }
  Body: Record<string, unknown>
}

/**
 * The wallet's pages: GET shows the present state and changes nothing; every entry is a form POST, answered by a 303
 * to that state (or straight to the shop). No cookie and no script, so that any client can walk through.
 */
export function walletRoutes (app: FastifyInstance, { wallet, merchantName, publicUrl }: WalletRoutesOptions): void {
  answerPageErrors(app)

  app.get<PageRoute>(WALLET_ROUTE, { schema: { hide: true } }, async (request, reply) => {
    const { method, id } = request.params
    const { lang } = request.query
    const view = wallet.view(method, id, lang === undefined ? undefined : languageOf(lang, undefined))
    if (wantsJson(request)) {
      return {
        status: view.intent.status,
        step: view.step,
        outcomes: view.step === 'result' ? [] : OUTCOME_NAMES,
        ...(view.back !== undefined && { return_url: view.back })
      }
    }
    const language = pageLanguage(request)
    const code = await phoneCode(`${publicUrlOf(request, publicUrl)}${request.url}`, language)
    return sendPage(reply, walletPage(view, { language, merchant: view.merchant ?? merchantName, phoneCode: code }), { mayBeFramed: true })
  })

  // Where a form was sent to is no page; whoever opens it sees the present state.
  app.get<PageRoute>(`${WALLET_ROUTE}/:entry`, { schema: { hide: true } }, async ({ params: { method, id }, query }, reply) =>
    reply.redirect(addressOf(method, id, query.lang), 303))

  app.post<PageRoute>(`${WALLET_ROUTE}/:entry`, { schema: { hide: true } }, async (request, reply) => {
    const { method, id, entry } = request.params
    const { attempt } = request.body
    const known = typeof attempt === 'string' || typeof attempt === 'number' ? Number(attempt) : undefined
    const next = await wallet.enter(method, id, entryOf(entry, request.body), known)
    return reply.redirect(next ?? addressOf(method, id, request.query.lang), 303)
  })
}

function addressOf (method: string, id: string, lang: unknown): string {
  const address = walletPath(method, id)
  return lang === undefined ? address : `${address}?lang=${languageOf(lang, undefined)}`
}

/** @throws ApiError when the address names no entry, or its value is missing */
function entryOf (kind: string, body: Record<string, unknown>): Entry {
  const textOf = (name: string): string => {
    const value = body[name]
    if (typeof value !== 'string') throw errors.parameter_missing(name)
    return value
  }
  switch (kind) {
    case 'phone': return { kind, phone: textOf(kind) }
    case 'pin': return { kind, pin: textOf(kind) }
    case 'otp': return { kind, otp: textOf(kind) }
    case 'pay':
    case 'cancel': return { kind }
    case 'outcome': {
      const outcome = textOf(kind)
      if (!isOutcomeName(outcome)) throw errors.parameter_invalid(kind, outcome, `is not one of: ${OUTCOME_NAMES.join(', ')}`)
      return { kind, outcome }
    }
    default: throw errors.parameter_invalid('entry', kind, 'is not one of: phone, pin, otp, pay, cancel, outcome')
  }
}

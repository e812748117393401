import type { FastifyInstance } from 'fastify'
import { languageOf } from '../html/language.ts'
import { sendPage } from '../html/assets.ts'
import { phoneCode } from '../html/phone-code.ts'
import { answerPageErrors, pageLanguage, wantsJson } from '../http/pages.ts'
import { publicUrlOf } from '../http/public-url.ts'
import { PAGE_ROUTE } from '../wooshpay/checkout-sessions/page-address.ts'
import { checkoutPage } from './pages.ts'
import type { Checkout } from './service.ts'

export interface CheckoutRoutesOptions {
  readonly checkout: Checkout
  readonly merchantName: string
  /** What browsers are sent to; undefined: the request's own host. */
  readonly publicUrl: string | undefined
}

interface PageRoute {
  Params: { page: string }
  Querystring: { key?: unknown, lang?: unknown }
  Body: { method?: unknown }
}

/** The hosted checkout page: GET shows the present state and changes nothing; paying is a form POST, answered by a 303 to the wallet. */
export function checkoutRoutes (app: FastifyInstance, { checkout, merchantName, publicUrl }: CheckoutRoutesOptions): void {
  answerPageErrors(app)

  app.get<PageRoute>(PAGE_ROUTE, { schema: { hide: true } }, async (request, reply) => {
    const { key } = request.query
    const view = checkout.view(request.params.page, key)
    if (wantsJson(request)) {
      return {
        status: view.session.status,
        payment_methods: view.state === 'open' ? view.methods.map(({ type }) => type) : [],
        ...(view.back !== undefined && { return_url: view.back })
      }
    }
    const language = pageLanguage(request)
    const code = await phoneCode(`${publicUrlOf(request, publicUrl)}${request.url}`, language)
    return sendPage(reply, checkoutPage(view, { language, merchant: view.merchant ?? merchantName, key: String(key), phoneCode: code }), { mayBeFramed: true })
  })

  // Where the form was sent to is no page; whoever opens it sees the present state.
  app.get<PageRoute>(`${PAGE_ROUTE}/pay`, { schema: { hide: true } }, async ({ params, query }, reply) =>
    reply.redirect(addressOf(pageOf(params.page), query), 303))

  app.post<PageRoute>(`${PAGE_ROUTE}/pay`, { schema: { hide: true } }, async (request, reply) => {
    const { params: { page }, query, body } = request
    const wallet = checkout.pay(page, query.key, body.method, publicUrlOf(request, publicUrl))
    return reply.redirect(wallet === undefined ? addressOf(pageOf(page), query) : addressOf(wallet, { lang: query.lang }), 303)
  })
}

function pageOf (page: string): string {
  return PAGE_ROUTE.replace(':page', encodeURIComponent(page))
}

/** A path with the key and the language that the page before it had. */
function addressOf (path: string, { key, lang }: { key?: unknown, lang?: unknown }): string {
  const query = new URLSearchParams({ ...(typeof key === 'string' && { key }), ...(lang !== undefined && { lang: languageOf(lang, undefined) }) })
  return query.size === 0 ? path : `${path}?${query}`
}

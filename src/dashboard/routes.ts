import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isSame } from '../core/constant-time.ts'
import { ApiError, errors } from '../core/errors.ts'
import { sendPage } from '../html/assets.ts'
import { html, type Html } from '../html/html.ts'
import { page } from '../html/page.ts'
import { answerErrors } from '../http/errors.ts'
import { messageIn, type CallItself } from '../http/own-calls.ts'
import { publicUrlOf } from '../http/public-url.ts'
import { ACCOUNT_HEADER } from '../sandbox/concern.ts'
import { cookieValue, guard, TOKEN_COOKIE, type GuardOptions } from '../sandbox/guard.ts'
import { paymentIntentDefinition } from '../wooshpay/payment-intents/schema.ts'
import { callOf } from './actions.ts'
import type { Context, Sources, ViewQuery } from './context.ts'
import { firstSteps } from './first-steps.ts'
import { layout, pathOf, TABS, type Tab } from './layout.ts'
import { lists } from './lists.ts'
import { PAYMENTS_PATH } from './parts.ts'
import { paymentView } from './payment.ts'
import { tools } from './tools.ts'

export interface DashboardOptions extends Sources, GuardOptions {
  readonly callItself: CallItself
}

interface ViewRoute {
  Params: { view: string, id: string, action: string }
  Querystring: Record<string, unknown>
  Body: Record<string, unknown>
}

/**
 * What a person watches: every view is a GET whose address says all, so that it can be shared; every button is a form
 * that makes one call of the sandbox's own API.
 */
export function dashboardRoutes (app: FastifyInstance, { callItself, ...options }: DashboardOptions): void {
  const { token, publicUrl } = options
  app.addHook('onRequest', signIn(token))
  app.addHook('onRequest', guard(options))
  answerErrors(app, (answer, request, reply) => sendPage(reply, page({
    kind: 'dashboard',
    language: 'en',
    title: 'WooshPay sandbox',
    body: answer.code === 'sandbox_token_required'
      ? tokenForm(request)
      : html`<main><h1>This cannot be done</h1><p class="bad" role="alert" data-testid="fault">${answer.message}</p><p><a href="${wayOn(request)}">Go on</a></p></main>`
  }), { status: answer.status }))

  app.get<ViewRoute>('/', { schema: { hide: true } }, async (request, reply) => showView('payments', request, reply))

  app.get('/dashboard', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/', 302))

  app.get<ViewRoute>('/dashboard/:view', { schema: { hide: true } }, async (request, reply) => {
    const { view } = request.params
    if (!isTab(view)) throw errors.route_unknown('GET', request.url)
    if (view === 'payments') return reply.redirect(request.url.replace(PAYMENTS_PATH, pathOf(view)), 302)
    return showView(view, request, reply)
  })

  app.get<ViewRoute>(`${PAYMENTS_PATH}/:id`, { schema: { hide: true } }, async (request, reply) => {
    const { id } = request.params
    const context = contextOf(request)
    return sendPage(reply, layout({ ...context, ...paymentView(id, context), tab: 'payments', title: id }))
  })

  app.post<ViewRoute>('/dashboard/actions/:action', { schema: { hide: true } }, async (request, reply) => {
    const { params: { action }, body, headers: { host = '' } } = request
    const { account, back, ...fields } = textsIn(body)
    const { method, path, body: sent } = callOf(action, fields)
    const { status, text } = await callItself({
      method, url: `/_sandbox${path}`, body: sent, headers: { host, 'x-sandbox-token': token ?? '', ...(account !== undefined && { [ACCOUNT_HEADER]: account }) }
    }).catch(() => { throw new ApiError({ status: 504, code: 'action_failed', message: 'It takes long, and goes on. Look at the page again to see what became of it.' }) })
    if (status >= 400) throw new ApiError({ status, code: 'action_failed', message: messageIn(text) })
    return reply.redirect(ownPath(back), 303)
  })

  // Where forms are sent to is no page.
  app.get('/dashboard/actions/:action', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/', 303))

  function showView (tab: Tab, request: FastifyRequest<ViewRoute>, reply: FastifyReply): FastifyReply {
    const context = contextOf(request)
    const { q, account: _account, ...others } = context.query
    const payments = context.database.collection(paymentIntentDefinition)
    // Whoever pastes an id wants that payment.
    if (tab === 'payments' && payments.find(q ?? '') !== undefined) return reply.redirect(`${PAYMENTS_PATH}/${q}`, 303)
    const isEmpty = tab === 'payments' && [q, ...Object.values(others)].every(value => value === undefined) && context.shown.every(({ id }) => payments.count(id) === 0)
    const body = isEmpty ? firstSteps(context) : (lists[tab] ?? tools[tab])?.(context)
    return sendPage(reply, layout({ ...context, tab, title: TABS[tab], body }))
  }

  function contextOf (request: FastifyRequest<ViewRoute>): Context {
    const query: ViewQuery = textsIn(request.query)
    const account = query.account === undefined ? undefined : options.accounts.byId(query.account)
    if (query.account !== undefined && account === undefined) throw errors.resource_missing('account', query.account, 'account')
    return { ...options, account, shown: account === undefined ? options.accounts.all() : [account], query, here: request.url, publicUrl: publicUrlOf(request, publicUrl) }
  }
}

function isTab (name: string): name is Tab {
  return Object.hasOwn(TABS, name)
}

/** The parameters that are text, without blanks around them; an empty one is none, as a form sends it. */
function textsIn (parameters: Record<string, unknown>): Record<string, string | undefined> {
  const texts = Object.entries(parameters).flatMap(([name, value]) => typeof value === 'string' ? [[name, value.trim()] as const] : [])
  return Object.fromEntries(texts.filter(([, text]) => text !== ''))
}

/** A browser gives the token once, in the address, and gets a cookie that no other site can make it send. */
function signIn (token: string | undefined) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { token: given, ...others } = request.query as Record<string, unknown>
    if (token === undefined || typeof given !== 'string' || request.method !== 'GET' || !isSame(given, token)) return
    const query = new URLSearchParams(textsIn(others) as Record<string, string>).toString()
    const path = request.url.split('?', 1)[0] ?? '/'
    await reply.header('Set-Cookie', `${TOKEN_COOKIE}=${cookieValue(token)}; Path=/; HttpOnly; SameSite=Strict`)
      .redirect(query === '' ? path : `${path}?${query}`, 303)
  }
}

/** Leads to where the token was missing. */
function tokenForm ({ url, query }: FastifyRequest): Html {
  const { token: given, ...others } = textsIn(query as Record<string, unknown>)
  return html`<main>
<h1>This sandbox has a token</h1>
<p class="bad" role="alert" data-testid="fault">${given === undefined ? 'Type in the SANDBOX_TOKEN that it was started with.' : 'That is not its token.'}</p>
<form method="get" action="${url.split('?', 1)[0] ?? '/'}">
${Object.entries(others).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<label for="token">SANDBOX_TOKEN</label>
<input id="token" name="token" type="password" autocomplete="off" required data-testid="token"> <button>Open</button>
</form>
</main>`
}

/** Where the form that was refused came from, else the payments. */
function wayOn ({ body }: FastifyRequest): string {
  return ownPath(textsIn((body ?? {}) as Record<string, unknown>).back)
}

/** A path of the sandbox's own, and nothing else. */
function ownPath (path: string | undefined): string {
  return path !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/'
}

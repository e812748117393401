import { randomUUID } from 'node:crypto'
import express, { type ErrorRequestHandler, type Express, type Request } from 'express'
import { connectWooshPay, isSigned, WooshPayError, type Credentials, type WebhookEvent } from './wooshpay.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const APPLE = { name: 'apple', price: 20_000 }

interface Order {
  readonly id: string
  /** Known once WooshPay has answered. */
  paymentIntent?: string
  state: 'open' | 'processing' | 'paid'
  /** Why the last attempt to pay has failed. */
  failure?: string
  refunded: number
}

interface ShopOptions extends Credentials {
  readonly webhookSecret: string
  /** Sends the goods; called once for each order that is paid. */
  readonly fulfil: (order: string) => void
}

export function createShop ({ webhookSecret, fulfil, ...credentials }: ShopOptions): Express {
  const wooshpay = connectWooshPay(credentials)
  const orders = new Map<string, Order>()

  /**
   * Asks WooshPay how an order stands. Redirects and webhooks only say that it is time to ask: so it matters neither how
   * often they come, nor in which order, nor who wrote the address.
   */
  async function refresh (order: Order): Promise<void> {
    if (order.paymentIntent === undefined) return
    const { status, last_payment_error: failure } = await wooshpay.retrieve(order.paymentIntent)
    const refunds = status === 'succeeded' ? await wooshpay.refundsOf(order.paymentIntent) : []
    // From here on nothing waits, so that two requests cannot both find the order unpaid.
    order.refunded = refunds.reduce((sum, { status, amount }) => status === 'succeeded' ? sum + amount : sum, 0)
    if (order.state === 'paid') return
    delete order.failure
    if (status === 'succeeded') {
      order.state = 'paid'
      fulfil(order.id)
    } else {
      order.state = status === 'processing' ? 'processing' : 'open'
      if (failure !== undefined) order.failure = failure.decline_code ?? failure.code
    }
  }

  /** The order of a basket. The basket has made its id, so that a button that is pressed twice makes one order. */
  function orderOf ({ body }: Request): Order | undefined {
    const id = String(body?.order)
    if (!UUID.test(id)) return undefined
    const order = orders.get(id) ?? { id, state: 'open', refunded: 0 }
    orders.set(id, order)
    return order
  }
  const returnUrl = (request: Request, { id }: Order): string => `${request.protocol}://${request.get('host')}/orders/${id}`

  const app = express()

  // Before anything else that reads bodies: the signature is that of the bytes.
  app.post('/webhooks', express.raw({ type: () => true }), async (request, response) => {
    const body: Buffer = request.body ?? Buffer.alloc(0)
    if (!isSigned(body, request.get('Wooshpay-Signature'), webhookSecret)) {
      response.status(400).send('The signature is wrong.')
      return
    }
    const { data: { object } } = JSON.parse(body.toString()) as WebhookEvent
    const order = [...orders.values()].find(({ paymentIntent }) => paymentIntent === (object.payment_intent ?? object.id))
    // When this fails, the answer is a 500, and the webhook comes again.
    if (order !== undefined) await refresh(order)
    response.send('ok')
  })

  app.use(express.urlencoded())

  app.get('/', (_request, response) => {
    response.send(page(`<h1>Basket</h1><p>1 ${APPLE.name}, Rp${APPLE.price}</p>
      <form method="post"><input type="hidden" name="order" value="${randomUUID()}">
      <button formaction="/pay">Pay with DANA</button> <button formaction="/checkout">Check out</button></form>`))
  })

  app.post('/pay', async (request, response) => {
    const order = orderOf(request)
    if (order === undefined) {
      response.status(400).send(page('<h1>The order has no id.</h1>'))
      return
    }
    const intent = order.paymentIntent === undefined
      ? await wooshpay.pay(APPLE.price, order.id, returnUrl(request, order))
      : await wooshpay.confirm(order.paymentIntent, returnUrl(request, order))
    order.paymentIntent = intent.id
    response.redirect(303, intent.next_action?.dana_handle_redirect.url ?? returnUrl(request, order))
  })

  app.post('/checkout', async (request, response) => {
    const order = orderOf(request)
    if (order === undefined) {
      response.status(400).send(page('<h1>The order has no id.</h1>'))
      return
    }
    const session = await wooshpay.checkOut(APPLE.name, APPLE.price, order.id, returnUrl(request, order))
    order.paymentIntent = session.payment_intent
    response.redirect(303, session.url)
  })

  app.use('/orders/:id', (request, response, next) => {
    const order = orders.get(request.params.id)
    if (order === undefined) {
      response.status(404).send(page('<h1>There is no such order.</h1>'))
      return
    }
    response.locals.order = order
    next()
  })

  // Where the customer comes back to.
  app.get('/orders/:id', async (_request, response) => {
    const order = response.locals.order as Order
    await refresh(order)
    response.send(page(orderPage(order)))
  })

  // A real shop lets only its own people do this.
  app.post('/orders/:id/refund', async (request, response) => {
    const order = response.locals.order as Order
    const amount = Number(request.body?.amount)
    if (!Number.isInteger(amount) || order.paymentIntent === undefined) {
      response.status(400).send(page('<h1>How much?</h1>'))
      return
    }
    // The form has made the key: a button that is pressed twice gives the money back once.
    await wooshpay.refund(order.paymentIntent, amount, `refund-${request.body.key}`)
    await refresh(order)
    response.redirect(303, returnUrl(request, order))
  })

  const showRefusal: ErrorRequestHandler = (error, _request, response, next) => {
    if (!(error instanceof WooshPayError)) return next(error)
    response.status(502).send(page(`<h1>That did not work</h1><p>${error.code}</p>`))
  }
  app.use(showRefusal)
  return app
}

function orderPage ({ id, state, failure, refunded }: Order): string {
  if (state === 'processing') return '<h1>DANA is working on it</h1><p>We write to you when the money is there.</p>'
  if (state === 'paid') {
    return `<h1>Paid</h1>${refunded > 0 ? `<p>Rp${refunded} went back.</p>` : ''}
      <form method="post" action="/orders/${id}/refund"><input type="hidden" name="key" value="${randomUUID()}">
      <input name="amount" value="${APPLE.price}" aria-label="Amount"> <button>Refund</button></form>`
  }
  return `<h1>Not paid</h1>${failure === undefined ? '' : `<p>${failure}</p>`}
    <form method="post" action="/pay"><input type="hidden" name="order" value="${id}"><button>Try again</button></form>`
}

function page (content: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Apple Shop</title><body>${content}</body></html>`
}

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FrameLocator, Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { startReceiver, type Receiver } from './receiver.ts'
import type { Answer, RunningSandbox } from './sandbox.ts'

/** A shop's own pages, on another site than the sandbox's. */
export interface Shop {
  readonly url: string
  /** Where customers come back to, with an order. */
  readonly back: (order: string) => string
  /**
   * The same for a result page that is looked at for as long as that takes: until the order is opened, the shop answers so
   * that a browser stays where it is, though it would go back by itself.
   */
  readonly backOnceOpen: (order: string) => string
  readonly open: (order: string) => void
  /** A page that shows an address in a frame. */
  readonly framing: (address: string) => string
  /** A page that opens an address in a window, and says which order that window came back with. */
  readonly opening: (address: string) => string
  /** The orders that browsers came back with. */
  readonly arrivals: string[]
}

/** A shop on a free port. Its name is localhost, where the sandbox's is 127.0.0.1: another site to a browser. */
export async function startShop (t: Test): Promise<Shop> {
  const arrivals: string[] = []
  const opened = new Set<string>()
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const send = (body: string): void => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(`<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><h1>Shop</h1>${body}`)
    }
    const address = JSON.stringify(searchParams.get('to'))
    switch (pathname) {
      case '/frame':
        return send(`<iframe title="Payment" src=${address} width="100%" height="700"></iframe>`)
      case '/window':
        return send(`<button>Buy</button><p role="status"></p><script>
document.querySelector('button').onclick = () => window.open(${address})
window.onmessage = ({ data, origin }) => { if (origin === location.origin) document.querySelector('p').textContent = data }</script>`)
      default: {
        const order = pathname.slice(1)
        if (searchParams.has('once-open') && !opened.has(order)) return response.writeHead(204).end()
        arrivals.push(order)
        return send(`<p>Thank you for ${order}</p><script>window.opener?.postMessage('Back with ${order}', location.origin)</script>`)
      }
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  })
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  return {
    url,
    back: order => `${url}/${order}`,
    backOnceOpen: order => `${url}/${order}?once-open=yes`,
    open: order => { opened.add(order) },
    framing: address => `${url}/frame?${new URLSearchParams({ to: address }).toString()}`,
    opening: address => `${url}/window?${new URLSearchParams({ to: address }).toString()}`,
    arrivals
  }
}

/** A shop's account at the sandbox, with a receiver for what becomes of its payments. */
export interface Merchant {
  readonly receiver: Receiver
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** A payment of Rp20.000 that waits for its customer at DANA's page. */
  readonly payment: (parameters: object) => Promise<{ id: string, url: string }>
  /** A checkout of two apples for Rp20.000 that waits for its customer. */
  readonly session: (parameters: object) => Promise<{ id: string, url: string, intent: string }>
  readonly intent: (id: string) => Promise<{ status: string, code: string | undefined, declineCode: string | undefined }>
  /** Expects that a payment has succeeded, and once only, and that its webhook has arrived. */
  readonly wasPaidOnce: (t: Test, id: string) => Promise<void>
  /** Expects that nothing was paid. */
  readonly wasNotPaid: (t: Test, id: string) => Promise<void>
}

let merchants = 0

/** An account that no other case uses. */
export async function newMerchant (t: Test, sandbox: RunningSandbox): Promise<Merchant> {
  const key = `sk_test_merchant${++merchants}`
  const receiver = await startReceiver(t)
  const call: Merchant['call'] = async (method, path, body) => {
    const answer = await sandbox.call(method, path, body, { key })
    if (answer.status !== 200) throw new Error(`${method} ${path} → ${answer.status} ${answer.text}`)
    return answer
  }
  await call('POST', '/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['payment_intent.succeeded', 'payment_intent.payment_failed'] })
  const chargesOf = async (id: string): Promise<number> => (await call('GET', `/v1/charges?payment_intent=${id}`)).body.data.length
  return {
    receiver,
    call,
    payment: async parameters => {
      const { body } = await call('POST', '/v1/payment_intents', {
        amount: 20000, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, ...parameters
      })
      return { id: body.id, url: body.next_action.dana_handle_redirect.url }
    },
    session: async parameters => {
      const { body } = await call('POST', '/v1/checkout/sessions', {
        payment_method_types: ['dana'],
        line_items: [{ price_data: { currency: 'IDR', unit_amount: 10000, product_data: { name: 'apple' } }, quantity: 2 }],
        ...parameters
      })
      return { id: body.id, url: body.url, intent: body.payment_intent }
    },
    intent: async id => {
      const { body: { status, last_payment_error: error } } = await call('GET', `/v1/payment_intents/${id}`)
      return { status, code: error?.code, declineCode: error?.decline_code }
    },
    wasPaidOnce: async (t, id) => {
      await call('GET', `/_sandbox/wait?payment_intent=${id}&event=payment_intent.succeeded`)
      await call('POST', '/_sandbox/settle')
      t.equal((await call('GET', `/v1/payment_intents/${id}`)).body.status, 'succeeded')
      t.equal(await chargesOf(id), 1, 'one charge')
      const webhooks = receiver.received.filter(({ event }) => event.data.object.id === id && event.type === 'payment_intent.succeeded')
      t.equal(webhooks.length, 1, 'one webhook')
    },
    wasNotPaid: async (t, id) => {
      await call('POST', '/_sandbox/settle')
      t.not((await call('GET', `/v1/payment_intents/${id}`)).body.status, 'succeeded')
      t.equal(await chargesOf(id), 0, 'no charge')
      t.notOk(receiver.received.some(({ event }) => event.data.object.id === id && event.type === 'payment_intent.succeeded'), 'no webhook')
    }
  }
}

/** A page, or a frame in it. */
export type Pages = Page | FrameLocator

/** Fills in one step of the wallet and goes on. */
export async function enter (pages: Pages, field: 'phone' | 'pin' | 'otp', value: string): Promise<void> {
  await pages.getByTestId(field).fill(value)
  await pages.getByTestId('continue').click()
}

/** From the wallet's first step to the summary. */
export async function logIn (pages: Pages, phone = '081200000001'): Promise<void> {
  await enter(pages, 'phone', phone)
  await enter(pages, 'pin', '123456')
  await pages.getByTestId('pay').waitFor()
}

/** The text of an element, once there is one. */
export async function read (pages: Pages, testId: string): Promise<string> {
  return (await pages.getByTestId(testId).innerText()).trim()
}

/** Goes where the link of a result page leads to. */
export async function leave (pages: Pages, arrived: Locator): Promise<void> {
  const arrival = arrived.waitFor()
  // On a very slow machine the browser may go by itself in the very moment.
  await Promise.any([pages.getByTestId('back-to-merchant').click(), arrival])
  await arrival
}

/** Goes back to a shop by that link, and opens the order for it. */
export async function goBack (pages: Pages, shop: Shop, order: string): Promise<void> {
  shop.open(order)
  await leave(pages, pages.getByText(`Thank you for ${order}`))
}

/** Presses Tab until an element is focused. */
export async function tabTo (page: Page, testId: string): Promise<void> {
  await page.getByTestId(testId).waitFor()
  for (let presses = 0; presses < 50; presses++) {
    if (await page.evaluate('document.activeElement?.dataset.testid') === testId) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab leads to no ${testId}.`)
}

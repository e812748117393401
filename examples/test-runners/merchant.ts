import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifySignature } from 'wooshpay-sandbox'

export interface Payment {
  id: string
  status: string
  next_action: { dana_handle_redirect: { url: string } }
  last_payment_error?: { decline_code: string }
}

/** The least of a shop: it makes payments, and listens to webhooks. The other files test it. */
export async function openShop ({ url, secretKey }: { url: string, secretKey: string }) {
  const call = async (path: string, body?: object) => {
    const headers = { Authorization: `Basic ${btoa(`${secretKey}:`)}`, 'Content-Type': 'application/json' }
    const response = await fetch(`${url}/v1/${path}`, body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) })
    return await response.json()
  }

  const paid: string[] = []
  const server = createServer(async (request, response) => {
    if (request.url !== '/webhooks') return response.end('<h1>Thank you</h1>')
    const body = Buffer.concat(await request.toArray())
    if (!verifySignature(body, request.headers['wooshpay-signature'], secret)) return response.writeHead(400).end()
    paid.push(JSON.parse(body.toString()).data.object.id)
    response.end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { secret } = await call('webhook_endpoints', { url: `${address}/webhooks`, enabled_events: ['payment_intent.succeeded'] })

  return {
    /** The payments that webhooks have told of. */
    paid,
    pay: async (amount: number): Promise<Payment> =>
      await call('payment_intents', { amount, currency: 'IDR', confirm: true, payment_method_data: { type: 'dana' }, return_url: `${address}/thanks` }),
    look: async (id: string): Promise<Payment> => await call(`payment_intents/${id}`),
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}

export type Shop = Awaited<ReturnType<typeof openShop>>

import { randomUUID } from 'node:crypto'

/** A customer's browser at the shop, as far as the tests need one. */
export class Customer {
  readonly shop: string
  readonly order = randomUUID()

  constructor (shop: string) {
    this.shop = shop
  }

  /** Presses a button of the basket; answers the address that the browser is sent to. */
  async press (button: 'pay' | 'checkout'): Promise<string> {
    return await this.#send(`/${button}`, { order: this.order })
  }

  /** Comes back to the shop; answers what the page says. */
  async look (): Promise<string> {
    return await (await fetch(`${this.shop}/orders/${this.order}`)).text()
  }

  /** Sends the form for a refund, and answers the page that follows; the same key is the same form once more. */
  async refund (amount: number, key: string = randomUUID()): Promise<string> {
    const location = await this.#send(`/orders/${this.order}/refund`, { amount: String(amount), key })
    return location.startsWith('http') ? await (await fetch(location)).text() : location
  }

  /** Answers the address that the browser is sent to, or else the page. */
  async #send (path: string, form: Record<string, string>): Promise<string> {
    const response = await fetch(this.shop + path, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' })
    return response.headers.get('location') ?? await response.text()
  }
}

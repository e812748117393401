import type { Definition, Collection } from '../store/collection.ts'
import { put, type Deriver, type Operation } from '../store/commit.ts'
import type { Database } from '../store/database.ts'
import { paymentIntentDefinition, type PaymentIntent } from '../wooshpay/payment-intents/schema.ts'
import type { Refund } from '../wooshpay/refunds/schema.ts'
import { customerOf } from './customers.ts'
import { visitDefinition } from './visit.ts'

/** What a test customer's wallet holds, in one account. */
export interface WalletBalance {
  /** Account, payment method and phone number. */
  readonly id: string
  readonly method: string
  readonly phone: string
  /** Smallest units. */
  readonly balance: number
}

export const balanceDefinition: Definition<WalletBalance> = { name: 'wallet_balances', isListed: false }

/** Balances of one account's wallets. */
export class WalletBalances {
  readonly #balances: Collection<WalletBalance>
  readonly #database: Database

  constructor (database: Database) {
    this.#database = database
    this.#balances = database.collection(balanceDefinition)
  }

  of (account: string, method: string, phone: string): number {
    return this.#balances.get(account, idOf(account, method, phone))?.balance ?? customerOf(phone).balance
  }

  /** Moves the money in the write that makes a payment or a refund succeed: out of the wallet, and back into it. */
  readonly derive: Deriver = ({ account, events }) => ({
    operations: events.flatMap(({ type, data: { object } }) => {
      switch (type) {
        case 'payment_intent.succeeded':
          return this.#move(account.id, object.id, -((object as PaymentIntent).amount_received ?? 0))
        case 'charge.refund.updated': {
          const { status, payment_intent: intent, amount } = object as Refund
          return status === 'succeeded' ? this.#move(account.id, intent, amount) : []
        }
        default:
          return []
      }
    })
  })

  /** Nothing moves where the customer paid without logging in, by a button of the strip. */
  #move (account: string, intent: string, amount: number): Operation[] {
    const phone = this.#database.collection(visitDefinition).get(account, intent)?.phone
    const method = this.#database.collection(paymentIntentDefinition).get(account, intent)?.method
    if (phone === undefined || method === undefined) return []
    const before = this.of(account, method, phone)
    // Only numbers ending in 0002 run short; any other wallet that would is filled up first.
    const filled = before + amount < 0 ? before + Math.max(-amount, customerOf(phone).balance) : before
    return [put(balanceDefinition, { id: idOf(account, method, phone), method, phone, balance: filled + amount })]
  }
}

function idOf (account: string, method: string, phone: string): string {
  return `${account} ${method} ${phone}`
}

import type { Definition, Collection } from '../store/collection.ts'
import { put, type Deriver } from '../store/commit.ts'
import type { Database } from '../store/database.ts'
import { paymentIntentDefinition } from '../wooshpay/payment-intents/schema.ts'
import { customerOf } from './customers.ts'
import { visitDefinition } from './visit.ts'

/** What a test customer's wallet holds, in one account. */
export interface WalletBalance {
  /** Account and phone number. */
  readonly id: string
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

  of (account: string, phone: string): number {
    return this.#balances.get(account, idOf(account, phone))?.balance ?? customerOf(phone).balance
  }

  /** Takes the money out of the wallet in the write that makes the payment succeed. */
  readonly derive: Deriver = ({ account, events }) => events.flatMap(event => {
    if (event.type !== 'payment_intent.succeeded') return []
    const { id } = event.data.object
    const phone = this.#database.collection(visitDefinition).get(account.id, id)?.phone
    const intent = this.#database.collection(paymentIntentDefinition).get(account.id, id)?.intent
    if (phone === undefined || intent === undefined) return []
    const before = this.of(account.id, phone)
    // Only numbers ending in 0002 run short; any other wallet that would is filled up first.
    const filled = before < intent.amount ? before + Math.max(intent.amount, customerOf(phone).balance) : before
    return [put(balanceDefinition, { id: idOf(account.id, phone), phone, balance: filled - intent.amount })]
  })
}

function idOf (account: string, phone: string): string {
  return `${account} ${phone}`
}

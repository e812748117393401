import { errors } from '../../core/errors.ts'
import type { Caller } from '../../http/api.ts'
import type { Account } from '../../store/accounts.ts'
import type { Collection } from '../../store/collection.ts'
import { put, type Store } from '../../store/commit.ts'
import type { Cause } from '../../store/events.ts'
import { chargeDefinition, type Charge } from '../charges/schema.ts'
import { listOf, type List } from '../lists.ts'
import { paymentIntentDefinition, type PaymentIntentRecord } from '../payment-intents/schema.ts'
import type { PaymentMethodRules } from '../payment-methods/rules.ts'
import { found } from '../wire.ts'
import * as lifecycle from './lifecycle.ts'
import { refundDefinition, type CreateParameters, type FailureReason, type ListParameters, type Refund, type RefundRecord } from './schema.ts'

export interface RefundsOptions extends Store {
  readonly rules: PaymentMethodRules
}

/** Money on its way back. Every method throws an ApiError where the call is refused, and has changed nothing then. */
export class Refunds {
  readonly #options: RefundsOptions
  readonly #records: Collection<RefundRecord>
  readonly #intents: Collection<PaymentIntentRecord>
  readonly #charges: Collection<Charge>

  constructor (options: RefundsOptions) {
    this.#options = options
    this.#records = options.database.collection(refundDefinition)
    this.#intents = options.database.collection(paymentIntentDefinition)
    this.#charges = options.database.collection(chargeDefinition)
  }

  /** `POST /v1/refunds`; without a cause where no call of the API was made. */
  create ({ account, cause }: Pick<Caller, 'account' | 'cause'>, parameters: CreateParameters): Refund {
    const { rules, ids } = this.#options
    const { intent, method = '' } = found(this.#intents.get(account.id, parameters.payment_intent), 'PaymentIntent', parameters.payment_intent, 'payment_intent')
    const charge = this.#charges.get(account.id, intent.latest_charge ?? '')
    if (charge === undefined) {
      throw errors.payment_intent_unexpected_state(`PaymentIntent ${intent.id} has the status ${intent.status}; it can be refunded only when that is: succeeded.`)
    }
    const now = account.clock.now()
    return this.#commit(account, lifecycle.create(parameters, { intent, charge, rule: rules.get(method, 'payment_method') }, {
      id: ids.next('re', account.id, now), now, switches: account.switches
    }), cause)
  }

  /** @throws ApiError when the account has no such refund */
  retrieve (account: Account, id: string): Refund {
    return this.#load(account, id).refund
  }

  /** `GET /v1/refunds`. */
  list (account: Account, parameters: ListParameters): List<Refund> {
    const { payment_intent: intent } = parameters
    return listOf(this.#records, account, parameters, {
      url: '/v1/refunds', what: 'refund', key: intent === undefined ? undefined : `payment_intent:${intent}`, show: ({ refund }) => refund
    })
  }

  /** A pending refund succeeds now. */
  settle (account: Account, id: string): Refund {
    const record = this.#load(account, id)
    return this.#commit(account, lifecycle.settle(record, this.#chargeOf(account, record)))
  }

  /** A pending refund fails now. */
  fail (account: Account, id: string, reason: FailureReason): Refund {
    const record = this.#load(account, id)
    return this.#commit(account, lifecycle.fail(record, this.#chargeOf(account, record), reason))
  }

  /** What the clock calls at `settles_at_ms`. */
  settleDue (account: Account, id: string): void {
    const settlesAt = this.#records.get(account.id, id)?.settles_at_ms
    if (settlesAt !== undefined && settlesAt <= account.clock.now()) this.settle(account, id)
  }

  #load (account: Account, id: string): RefundRecord {
    return found(this.#records.get(account.id, id), 'refund', id)
  }

  #chargeOf (account: Account, { refund: { payment_intent: intent } }: RefundRecord): Charge {
    return found(this.#charges.latest(account.id, `payment_intent:${intent}`), 'charge', intent)
  }

  #commit (account: Account, { record, charge, raise }: lifecycle.Decision, cause?: Cause): Refund {
    this.#options.commit(account, { operations: [put(refundDefinition, record), put(chargeDefinition, charge)], raise, cause })
    return record.refund
  }
}

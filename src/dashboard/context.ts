import type { HintedRequests } from '../sandbox/hinted-requests.ts'
import type { Faults } from '../faults/service.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import type { Database } from '../store/database.ts'
import type { WalletBalances } from '../wallet/balances.ts'
import type { PaymentMethodRules } from '../wooshpay/payment-methods/rules.ts'
import type { Report } from '../sandbox/coverage/report.ts'

/** What the views read. */
export interface Sources {
  readonly accounts: Accounts
  readonly database: Database
  readonly hintedRequests: HintedRequests
  readonly balances: WalletBalances
  readonly rules: PaymentMethodRules
  readonly faults: Faults
  /** What the tests of these accounts have reached. */
  readonly coverageOf: (accounts: readonly Account[]) => Report
}

/** What a view is asked for, in its address, so that a link can be shared. */
export interface ViewQuery {
  readonly account?: string | undefined
  readonly status?: string | undefined
  /** What is searched for. */
  readonly q?: string | undefined
  /** Cursors: an id. */
  readonly after?: string | undefined
  readonly before?: string | undefined
}

/** What a view is made from. */
export interface Context extends Sources {
  /** The account that is looked at; undefined: all. */
  readonly account: Account | undefined
  /** The accounts that the view is about: that one, or all. */
  readonly shown: readonly Account[]
  readonly query: ViewQuery
  /** The view's own address, where its buttons come back to. */
  readonly here: string
  /** The address under which the sandbox is called, for what is to be copied. */
  readonly publicUrl: string
}

import type { Chance } from '../core/chance.ts'
import { errors } from '../core/errors.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import type { Collection } from '../store/collection.ts'
import { put, remove, type Store } from '../store/commit.ts'
import { faultDefinition, matchesCall, matchesSending, OPEN, whyNever, type Call, type Fault, type FaultParameters, type Possible, type Sending } from './fault.ts'

export interface FaultsOptions extends Store {
  readonly accounts: Accounts
  readonly chance: Chance
}

/** The faults that tests have asked for. Those of an account concern it alone, those of the whole concern every account. */
export class Faults {
  readonly #options: FaultsOptions
  readonly #faults: Collection<Fault>

  constructor (options: FaultsOptions) {
    this.#options = options
    this.#faults = options.database.collection(faultDefinition)
  }

  /** @throws ApiError when the rule could never do anything */
  add (keeper: Account, parameters: FaultParameters, possible: Possible): Fault {
    const never = whyNever(parameters, possible)
    if (never !== undefined) throw errors.parameter_invalid(never.param, never.value, never.why)
    const now = keeper.clock.now()
    const { match = {}, times = 1, probability = 1, then } = parameters
    const fault: Fault = {
      id: this.#options.ids.next('flt', keeper.id, now), object: 'fault', created: now, match, times, probability, then, seen: 0, hits: 0
    }
    this.#options.commit(keeper, { operations: [put(faultDefinition, fault)] })
    return fault
  }

  /** Those of an account or of the whole, oldest first. */
  of (keeper: Account): Fault[] {
    return [...this.#faults.oldest(keeper.id)]
  }

  /** The fault, and the id of the account that it is kept for. */
  find (id: string): { readonly account: string, readonly record: Fault } | undefined {
    return this.#faults.find(id)
  }

  remove (keeper: Account, faults: readonly Fault[]): void {
    this.#options.commit(keeper, { operations: faults.map(({ id }) => remove(faultDefinition, id)) })
  }

  /** The fault that befalls a call, counted as having happened. */
  befalling (account: Account, call: Call): Fault | undefined {
    return this.#take(account, fault => matchesCall(fault, call))
  }

  /** The fault that befalls an attempt of a delivery, counted as having happened. */
  befallingSending (account: Account, sending: Sending): Fault | undefined {
    return this.#take(account, fault => matchesSending(fault, sending))
  }

  /** The oldest rule that matches and is not used up; a rule that leaves it to chance lets the next one try. */
  #take (account: Account, matches: (fault: Fault) => boolean): Fault | undefined {
    const { commit, accounts, chance } = this.#options
    for (const keeper of [account, accounts.whole]) {
      // Each call and each webhook asks, and hardly any test has faults.
      if (this.#faults.count(keeper.id, OPEN) === 0) continue
      for (const fault of [...this.#faults.oldest(keeper.id, OPEN)]) {
        if (!matches(fault)) continue
        // Not by its id, which is made of the time.
        const happens = chance(fault.probability, `${keeper.id} ${JSON.stringify([fault.match, fault.then])} ${fault.seen}`)
        const counted = { ...fault, seen: fault.seen + 1, hits: fault.hits + (happens ? 1 : 0) }
        commit(keeper, { operations: [put(faultDefinition, counted)] })
        if (happens) return counted
      }
    }
    return undefined
  }
}

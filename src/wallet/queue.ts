import type { Definition, Collection } from '../store/collection.ts'
import { put, remove, type Operation } from '../store/commit.ts'
import type { Database } from '../store/database.ts'
import type { OutcomeName } from './outcomes.ts'

/** How the next payments of an account end at one wallet, in order. */
export interface QueuedOutcomes {
  /** Account and payment method. */
  readonly id: string
  readonly payment_method: string
  readonly outcomes: readonly OutcomeName[]
}

export const queuedOutcomesDefinition: Definition<QueuedOutcomes> = { name: 'queued_outcomes' }

/** Outcomes that a test has lined up; each is used once. */
export class OutcomeQueue {
  readonly #queued: Collection<QueuedOutcomes>

  constructor (database: Database) {
    this.#queued = database.collection(queuedOutcomesDefinition)
  }

  /** The outcomes that wait, the next one first. */
  of (account: string, method: string): readonly OutcomeName[] {
    return this.#queued.get(account, idOf(account, method))?.outcomes ?? []
  }

  all (account: string): QueuedOutcomes[] {
    return [...this.#queued.oldest(account)]
  }

  /** What puts these outcomes behind those that wait. */
  add (account: string, method: string, outcomes: readonly OutcomeName[]): Operation {
    return this.#set(account, method, [...this.of(account, method), ...outcomes])
  }

  /** What takes the next outcome out. */
  shift (account: string, method: string): Operation {
    const [, ...rest] = this.of(account, method)
    return this.#set(account, method, rest)
  }

  /** What takes all outcomes out, of one wallet or of all. */
  clear (account: string, method?: string): Operation[] {
    return this.all(account).filter(({ payment_method: own }) => method === undefined || own === method).map(({ id }) => remove(queuedOutcomesDefinition, id))
  }

  #set (account: string, method: string, outcomes: readonly OutcomeName[]): Operation {
    const id = idOf(account, method)
    return outcomes.length === 0 ? remove(queuedOutcomesDefinition, id) : put(queuedOutcomesDefinition, { id, payment_method: method, outcomes })
  }
}

function idOf (account: string, method: string): string {
  return `${account} ${method}`
}

import Type, { type Static, type TObject } from 'typebox'
import { LoggedRequest, shown, type RememberedRequest, type RequestLog } from '../http/request-log.ts'
import { isObject } from '../http/validation.ts'
import type { Database } from '../store/database.ts'
import { deliveryDefinition } from '../webhooks/deliveries.ts'
import { checkoutSessionDefinition } from '../wooshpay/checkout-sessions/schema.ts'
import { listWithin, type List, type pageParameters } from '../wooshpay/lists.ts'
import { hintsFor } from './hints.ts'

/** A call of the API, with what is odd about it. */
export const HintedRequest = Type.Object({
  ...LoggedRequest.properties, hints: Type.Array(Type.String(), { description: 'The usual mistakes that it shows.' })
}, { $id: 'LoggedRequest' })
export type HintedRequest = Static<typeof HintedRequest>

export interface HintedRequestsOptions {
  readonly requests: RequestLog
  readonly database: Database
}

export interface RequestFilter {
  /** Leave out those that show no mistake. */
  readonly onlyHinted?: boolean | undefined
  readonly matches?: (entry: RememberedRequest) => boolean
}

/** The last calls of the API, looked through for the usual mistakes when somebody asks. */
export class HintedRequests {
  readonly #options: HintedRequestsOptions

  constructor (options: HintedRequestsOptions) {
    this.#options = options
  }

  /**
   * A page of the calls of an account, or of all, newest first.
   * @throws ApiError when a cursor names none
   */
  list (account: string | undefined, parameters: Static<TObject<typeof pageParameters>>, { onlyHinted = false, matches = () => true }: RequestFilter = {}): List<HintedRequest> {
    const logged = this.#options.requests.of(account)
    const wanted = logged.filter(matches)
    const listing = { url: '/_sandbox/requests', what: 'request' }
    if (onlyHinted) return listWithin(this.#hinted(wanted, logged).filter(({ hints }) => hints.length > 0), parameters, listing)
    const list = listWithin(wanted, parameters, listing)
    return { ...list, data: this.#hinted(list.data, logged) }
  }

  /** The calls that named or answered one of these objects, newest first. */
  about (account: string, ids: readonly string[]): HintedRequest[] {
    const logged = this.#options.requests.of(account)
    const isNamed = (text: string): boolean => ids.some(id => text.includes(id))
    return this.#hinted(logged.filter(({ url, body, answer = '' }) => isNamed(url) || isNamed(answer) || isNamed(JSON.stringify(body ?? ''))), logged)
  }

  #hinted (entries: readonly RememberedRequest[], all: readonly RememberedRequest[]): HintedRequest[] {
    const isTrusted = (session: string): boolean => this.#wasTrusted(session, all)
    return entries.map(entry => {
      const call = shown(entry)
      return { ...call, hints: hintsFor(call, { isTrusted }) }
    })
  }

  /** Whether a session was paid, and the shop has neither looked afterwards nor taken the webhook. */
  #wasTrusted (id: string, logged: readonly RememberedRequest[]): boolean {
    const { database } = this.#options
    const row = database.collection(checkoutSessionDefinition).find(id)
    if (row?.record.session.status !== 'complete') return false
    const { session: { payment_intent: intent } } = row.record
    const ends = [[id, 'complete'], [intent, 'succeeded']] as const
    const wasSeen = logged.some(({ method, answer }) => method === 'GET' && answer !== undefined &&
      ends.some(([id, status]) => objectsIn(JSON.parse(answer)).some(object => object.id === id && object.status === status)))
    const wasTold = [...database.collection(deliveryDefinition).newest(row.account, `payment_intent:${intent}`)]
      .some(({ type, status }) => status === 'succeeded' && (type === 'payment_intent.succeeded' || type === 'checkout.session.completed'))
    return !wasSeen && !wasTold
  }
}

/** The object that an answer is, or those that it lists. */
function objectsIn (answer: unknown): Array<Record<string, unknown>> {
  if (!isObject(answer)) return []
  return Array.isArray(answer.data) ? answer.data.filter(isObject) : [answer]
}

import type { Account } from '../store/accounts.ts'
import type { Collection, Stored } from '../store/collection.ts'
import { listAnswer, listOf, pageRequest, type List, type Listing, type ListParameters } from '../wooshpay/lists.ts'

/**
 * A list of one account, or of all together: then newest first over all of them. Ids tell the order, since they are
 * made of the time.
 */
export function listConcerned<T extends Stored, Shown extends Stored & { readonly created: number }> (
  records: Collection<T>, accounts: readonly Account[], parameters: ListParameters, listing: Listing<T, Shown>
): List<Shown> {
  const [account, ...others] = accounts
  if (account === undefined) return listAnswer(listing.url, { data: [], hasMore: false })
  if (others.length === 0) return listOf(records, account, parameters, listing)
  const { limit, startingAfter: after, endingBefore: before } = pageRequest(parameters, listing.what, id => records.find(id) !== undefined)
  const { starting_after: _after, ending_before: _before, ...rest } = parameters
  const all = accounts.flatMap(one => listOf(records, one, { ...rest, limit: Infinity }, listing).data)
    .toSorted((a, b) => a.id < b.id ? 1 : -1)
    .filter(({ id }) => (after === undefined || id < after) && (before === undefined || id > before))
  const data = before === undefined ? all.slice(0, limit) : all.slice(-limit)
  return listAnswer(listing.url, { data, hasMore: all.length > limit })
}

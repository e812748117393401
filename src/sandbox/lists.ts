import type { Account } from '../store/accounts.ts'
import type { Collection, Stored } from '../store/collection.ts'
import { listAnswer, listOf, type List, type Listing, type ListParameters } from '../wooshpay/lists.ts'
import { found } from '../wooshpay/wire.ts'

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
  const { starting_after: after, ending_before: before, limit = 10, ...rest } = parameters
  const cursor = after ?? before
  if (cursor !== undefined) found(records.find(cursor), listing.what, cursor, after === undefined ? 'ending_before' : 'starting_after')
  const all = accounts.flatMap(one => listOf(records, one, { ...rest, limit: Infinity }, listing).data)
    .toSorted((a, b) => a.id < b.id ? 1 : -1)
    .filter(({ id }) => (after === undefined || id < after) && (before === undefined || id > before))
  const data = before === undefined ? all.slice(0, limit) : all.slice(-limit)
  return listAnswer(listing.url, { data, hasMore: all.length > limit })
}

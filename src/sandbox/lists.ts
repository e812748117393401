import type { Account } from '../store/accounts.ts'
import type { Collection, Stored } from '../store/collection.ts'
import { listAnswer, listOf, pageOf, pageRequest, type List, type Listing, type ListParameters } from '../wooshpay/lists.ts'

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
  const request = pageRequest(parameters, listing.what, id => records.find(id) !== undefined)
  const { limit, endingBefore } = request
  const pages = accounts.map(({ id }) => pageOf(records, id, request, parameters, listing))
  const all = pages.flatMap(({ data }) => data).toSorted((a, b) => a.id < b.id ? 1 : -1)
  const data = endingBefore === undefined ? all.slice(0, limit) : all.slice(-limit)
  return listAnswer(listing.url, { data, hasMore: all.length > limit || pages.some(({ hasMore }) => hasMore) })
}

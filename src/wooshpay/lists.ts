import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import { errors } from '../core/errors.ts'
import type { Account } from '../store/accounts.ts'
import type { Collection, Page, PageRequest, Stored } from '../store/collection.ts'
import { ref } from './wire.ts'

/** Lists, the same for every resource: their parameters, their answer, and how one becomes the other. */

const Range = Type.Object({
  gt: Type.Optional(Type.Number()),
  gte: Type.Optional(Type.Number()),
  lt: Type.Optional(Type.Number()),
  lte: Type.Optional(Type.Number())
}, { description: 'Only objects made in this range of times, in epoch milliseconds.' })

/** How much of a list is answered. */
export const pageParameters = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
  starting_after: Type.Optional(Type.String({ description: 'Answer the objects that come after this id.' })),
  ending_before: Type.Optional(Type.String({ description: 'Answer the objects that come before this id.' }))
} satisfies TProperties
type PageParameters = Static<TObject<typeof pageParameters>>

/** The parameters of every list; the documentation puts them into a JSON body, which is read too. */
export const listParameters = { ...pageParameters, created: Type.Optional(Range) } satisfies TProperties
export type ListParameters = Static<TObject<typeof listParameters>>

export function ListOf<T extends TSchema> (item: T) {
  return Type.Object({
    object: Type.Literal('list'),
    url: Type.String(),
    has_more: Type.Boolean(),
    data: Type.Array(ref(item))
  })
}

/** The answer to a call for a list. */
export interface List<T> {
  readonly object: 'list'
  readonly url: string
  readonly has_more: boolean
  readonly data: T[]
}

export function listAnswer<T> (url: string, { data, hasMore }: Page<T>): List<T> {
  return { object: 'list', url, has_more: hasMore, data }
}

/** What a resource lists, and how. */
export interface Listing<T extends Stored, Shown> {
  /** The path of the call, as the answer repeats it. */
  readonly url: string
  /** What the objects are called in the message about an unknown cursor. */
  readonly what: string
  /** The key that all of them have; all of the account when left out. */
  readonly key?: string | undefined
  /** Further conditions. */
  readonly matches?: ((shown: Shown) => boolean) | undefined
  /** The object within the record. */
  readonly show: (record: T) => Shown
}

/**
 * One page of an account's objects, newest first, made in the range of times that is asked for.
 * @throws ApiError when both cursors are given, or one names nothing
 */
export function listOf<T extends Stored, Shown extends { readonly created: number }> (
  records: Collection<T>, account: Account, parameters: ListParameters, { url, what, key, matches, show }: Listing<T, Shown>
): List<Shown> {
  const request = pageRequest(parameters, what, id => records.get(account.id, id) !== undefined)
  return listAnswer(url, pageOf(records, account.id, request, parameters, { key, matches, show }))
}

/** One page of an account's objects; the cursors may be those of another account. */
export function pageOf<T extends Stored, Shown extends { readonly created: number }> (
  records: Collection<T>, accountId: string, request: PageRequest, range: Pick<ListParameters, 'created'>,
  { key, matches = () => true, show }: Omit<Listing<T, Shown>, 'url' | 'what'>
): Page<Shown> {
  const { data, hasMore } = records.page(accountId, request, key, record => {
    const shown = show(record)
    return isCreatedIn(shown.created, range) && matches(shown)
  })
  return { data: data.map(show), hasMore }
}

/** One page of a few objects that are no records of their own, in their own order. */
export function listWithin<T extends Stored> (items: readonly T[], parameters: PageParameters, { url, what }: { url: string, what: string }): List<T> {
  const { limit, startingAfter, endingBefore } = pageRequest(parameters, what, id => items.some(item => item.id === id))
  const from = items.findIndex(item => item.id === startingAfter) + 1
  const to = endingBefore === undefined ? items.length : items.findIndex(item => item.id === endingBefore)
  const all = items.slice(from, to)
  return listAnswer(url, { data: endingBefore === undefined ? all.slice(0, limit) : all.slice(-limit), hasMore: all.length > limit })
}

/**
 * What a page is to hold.
 * @throws ApiError when both cursors are given, or one names nothing
 */
export function pageRequest (parameters: PageParameters, what: string, exists: (id: string) => boolean): PageRequest {
  const { limit = 10, starting_after: startingAfter, ending_before: endingBefore } = parameters
  if (startingAfter !== undefined && endingBefore !== undefined) {
    throw errors.parameter_invalid('ending_before', endingBefore, 'cannot be combined with starting_after')
  }
  for (const [param, cursor] of [['starting_after', startingAfter], ['ending_before', endingBefore]] as const) {
    if (cursor !== undefined && !exists(cursor)) throw errors.resource_missing(what, cursor, param, 400)
  }
  return { limit, startingAfter, endingBefore }
}

function isCreatedIn (created: number, { created: range }: ListParameters): boolean {
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = range ?? {}
  return created > gt && created >= gte && created < lt && created <= lte
}

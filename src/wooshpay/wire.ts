import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import { errors } from '../core/errors.ts'
import type { Page, PageRequest } from '../store/collection.ts'

/** Schemas and shapes that every resource of the API shares. */

export const Metadata = Type.Record(Type.String(), Type.String(), {
  description: 'The merchant\'s own keys and values, answered as they were sent.'
})

/** Metadata in a request: numbers and booleans are kept as text, as a form would send them. */
export const MetadataInput = Type.Unsafe<Record<string, string | number | boolean>>({
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
  description: 'Keys and values of the merchant.'
})

/** An object that is kept and answered as it came. */
export const Anything = (description: string) => Type.Unsafe<Readonly<Record<string, unknown>>>({
  type: 'object', additionalProperties: true, description
})

export const Milliseconds = (description: string) => Type.Integer({ description })

export const ErrorAnswer = Type.Object({
  error: Type.Object({
    type: Type.Enum(['invalid_request_error', 'api_error', 'card_error', 'idempotency_error']),
    code: Type.String({ description: 'The failure\'s name, for programs.' }),
    message: Type.String({ description: 'What is wrong and what is allowed, for people.' }),
    param: Type.Optional(Type.String({ description: 'The parameter that is wrong.' }))
  }),
  message: Type.String({ description: 'The same message, where some integrations look for it.' })
}, { $id: 'Error', description: 'Every refusal has this body.' })

/** A schema of the document's components, by its `$id`. */
export function ref<T extends TSchema> (schema: T) {
  return Type.Unsafe<Static<T>>(Type.Ref(String(Reflect.get(schema, '$id'))))
}

/** What a route may answer. */
export function answers<T extends TSchema> (ok: T) {
  const error = ref(ErrorAnswer)
  return { 200: ok, '4xx': error, '5xx': error }
}

export const IdParams = Type.Object({ id: Type.String() })

const Range = Type.Object({
  gt: Type.Optional(Type.Number()),
  gte: Type.Optional(Type.Number()),
  lt: Type.Optional(Type.Number()),
  lte: Type.Optional(Type.Number())
}, { description: 'Only objects made in this range of times, in epoch milliseconds.' })

/** The parameters of every list; the documentation puts them into a JSON body, which is read too. */
export const listParameters = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
  starting_after: Type.Optional(Type.String({ description: 'Answer the objects that come after this id.' })),
  ending_before: Type.Optional(Type.String({ description: 'Answer the objects that come before this id.' })),
  created: Type.Optional(Range)
} satisfies TProperties

type ListParameters = Static<TObject<typeof listParameters>>

export function ListOf<T extends TSchema> (item: T) {
  return Type.Object({
    object: Type.Literal('list'),
    url: Type.String(),
    has_more: Type.Boolean(),
    data: Type.Array(ref(item))
  })
}

/**
 * The page that a list's parameters ask for.
 * @throws ApiError when both cursors are given, or one names nothing
 */
export function pageRequest (parameters: ListParameters, what: string, exists: (id: string) => boolean): PageRequest {
  const { limit = 10, starting_after: startingAfter, ending_before: endingBefore } = parameters
  if (startingAfter !== undefined && endingBefore !== undefined) {
    throw errors.parameter_invalid('ending_before', endingBefore, 'cannot be combined with starting_after')
  }
  for (const [param, cursor] of [['starting_after', startingAfter], ['ending_before', endingBefore]] as const) {
    if (cursor !== undefined && !exists(cursor)) throw errors.resource_missing(what, cursor, param, 400)
  }
  return { limit, startingAfter, endingBefore }
}

/** Whether an object was made in the range that a list asks for. */
export function isCreatedIn (created: number, { created: range }: ListParameters): boolean {
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = range ?? {}
  return created > gt && created >= gte && created < lt && created <= lte
}

export function listAnswer<T> (url: string, { data, hasMore }: Page<T>) {
  return { object: 'list' as const, url, has_more: hasMore, data }
}

/**
 * An object with the keys of its schema, in their order, and without those that are undefined: what WooshPay leaves out.
 */
export function inSchemaOrder<T extends object> (schema: { readonly properties: object }, values: T): T {
  const ordered: Record<string, unknown> = {}
  for (const key of Object.keys(schema.properties)) {
    const value = (values as Record<string, unknown>)[key]
    if (value !== undefined) ordered[key] = value
  }
  return ordered as T
}

/** Metadata as it is stored: every value is text. */
export function toMetadata (input: Readonly<Record<string, string | number | boolean>> | undefined): Record<string, string> | undefined {
  if (input === undefined) return undefined
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, String(value)]))
}

/** Metadata after an update: given keys are set, those given empty are taken out, the others stay. */
export function mergeMetadata (
  before: Readonly<Record<string, string>> | undefined, input: Readonly<Record<string, string | number | boolean>> | undefined
): Record<string, string> | undefined {
  if (input === undefined) return before
  return Object.fromEntries(Object.entries({ ...before, ...toMetadata(input) }).filter(([, value]) => value !== ''))
}

import Type, { type Static, type TObject, type TSchema } from 'typebox'
import { whyUnsafe } from '../core/addresses.ts'
import { errors } from '../core/errors.ts'
import { currencyCode, LARGEST_AMOUNT } from '../core/money.ts'

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

export const Created = Milliseconds('When it was made: epoch milliseconds, rounded to the second.')

export const CurrencyCode = Type.String({ description: 'ISO 4217, in upper case.' })

/** An amount in a request: pages of the documentation show it as a number and as text. */
export const AmountInput = (description: string) => Type.Unsafe<number | string>({ type: ['integer', 'string'], description })

/** True or false in a request, which pages of the documentation also show as text. */
export const FlagInput = (description: string) => Type.Unsafe<boolean | 'true' | 'false'>({ enum: [true, false, 'true', 'false'], description })

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

/**
 * The object that a call names, which the account has to have.
 * @param param the parameter that names it
 * @param status 404 where that stands in the path, 400 elsewhere
 * @example found(refunds.get(account.id, id), 'refund', id)
 */
export function found<T> (object: T | undefined, what: string, id: string, param = 'id', status = param === 'id' ? 404 : 400): T {
  if (object === undefined) throw errors.resource_missing(what, id, param, status)
  return object
}

/** An object of which some values may be undefined. */
export type Loose<T> = { [Key in keyof T]: T[Key] | undefined }

/** For each schema an object with all of its keys: copies of one object have one shape, which makes them fast. */
const blanks = new Map<TObject, object>()

/**
 * An object with the keys of its schema, in their order. Those that are undefined stay so: JSON leaves them out, as
 * WooshPay does.
 */
export function inSchemaOrder<T extends TObject> (schema: T, values: Loose<Static<T>>): Static<T> {
  let blank = blanks.get(schema)
  if (blank === undefined) blanks.set(schema, blank = Object.fromEntries(Object.keys(schema.properties).map(key => [key, undefined])))
  return Object.assign({ ...blank }, values) as Static<T>
}

/**
 * The currency code as it is stored and answered.
 * @throws ApiError when ISO 4217 has no such currency
 */
export function toCurrency (text: string, param = 'currency'): string {
  const code = currencyCode(text)
  if (code === undefined) throw errors.parameter_invalid(param, text, 'is not a currency of ISO 4217, such as IDR')
  return code
}

/**
 * Refuses an address to which no browser may be sent.
 * @param address undefined stands for none, which is fine
 */
export function checkWayBack (param: string, address: string | undefined): void {
  const why = address === undefined ? undefined : whyUnsafe(address)
  if (why !== undefined) throw errors.parameter_invalid(param, address, why)
}

/**
 * An amount of a request as a number of smallest units.
 * @throws ApiError when it is no whole number, or out of bounds
 */
export function toAmount (input: number | string, param: string, least: number): number {
  const amount = typeof input === 'string' && !/^-?\d+$/.test(input) ? NaN : Number(input)
  if (Number.isNaN(amount)) throw errors.parameter_invalid(param, input, 'is not a whole number of the currency\'s smallest unit')
  if (amount < least) throw errors.amount_too_small(param, input, String(least))
  if (amount > LARGEST_AMOUNT) throw errors.amount_too_large(param, input, String(LARGEST_AMOUNT))
  return amount
}

export function toFlag (input: boolean | 'true' | 'false'): boolean {
  return input === true || input === 'true'
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
  const given = Object.entries(toMetadata(input) ?? {})
  const kept = Object.entries(before ?? {}).filter(([key]) => !Object.hasOwn(input, key))
  return Object.fromEntries([...kept, ...given.filter(([, value]) => value !== '')])
}

import Negotiator from 'negotiator'

/**
 * The first of the media types that a client takes, by its own order; undefined when it takes none of them.
 * @param accept the header Accept; a client that sends none takes anything
 * @example preferredType('text/plain;q=0.5, application/json', ['text/plain', 'application/json']) // 'application/json'
 */
export function preferredType<T extends string> (accept: string | undefined, types: readonly T[]): T | undefined {
  return new Negotiator({ headers: { accept } }).mediaType([...types]) as T | undefined
}

/**
 * The first of the languages that a person wants, by their own order; undefined when they want none of them.
 * @param acceptLanguage the header Accept-Language
 */
export function preferredLanguage<T extends string> (acceptLanguage: string | undefined, languages: readonly T[]): T | undefined {
  return acceptLanguage === undefined ? undefined : new Negotiator({ headers: { 'accept-language': acceptLanguage } }).language([...languages]) as T | undefined
}

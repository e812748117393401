import { preferredLanguage } from '../core/preferences.ts'

/** The languages of the pages that a customer sees; the first is for those who want none of them. */
export const LANGUAGES = ['en', 'id'] as const
export type Language = (typeof LANGUAGES)[number]

/**
 * The language that a person wants: the one asked for, else the browser's first that there is, else English.
 * @example languageOf(undefined, 'id-ID,id;q=0.9,en;q=0.8') // 'id'
 */
export function languageOf (asked: unknown, acceptLanguage: string | undefined): Language {
  return LANGUAGES.find(language => language === asked) ?? preferredLanguage(acceptLanguage, LANGUAGES) ?? LANGUAGES[0]
}

/** The languages of the pages that a customer sees. */
export const LANGUAGES = ['id', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

/**
 * The language that a person wants: the one asked for, else the browser's first that there is, else English.
 * @example languageOf(undefined, 'id-ID,id;q=0.9,en;q=0.8') // 'id'
 */
export function languageOf (asked: unknown, acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '').split(',').map(part => {
    const [tag = '', quality] = part.trim().split(/;\s*q=/)
    return { tag: tag.toLowerCase().split('-', 1)[0], quality: quality === undefined ? 1 : Number(quality) }
  // A quality of 0 says that the language is not wanted.
  }).filter(({ quality }) => quality > 0).toSorted((a, b) => b.quality - a.quality).map(({ tag }) => tag)
  return [asked, ...wanted].map(tag => LANGUAGES.find(language => language === tag)).find(language => language !== undefined) ?? 'en'
}

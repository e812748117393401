/** The hosted pages' route; a page names its session by another form of the id, as the documentation's addresses do. */
export const PAGE_ROUTE = '/pay/:page'

/** @example pagePath('cs_1580071142008291328') // '/pay/cs_test_1580071142008291328' */
export function pagePath (id: string): string {
  return PAGE_ROUTE.replace(':page', encodeURIComponent(pageName(id)))
}

/** @example pageName('cs_1580071142008291328') // 'cs_test_1580071142008291328' */
export function pageName (id: string): string {
  return id.replace(/^cs_/, 'cs_test_')
}

/** The id of the session that a page is for; undefined when it names none. */
export function sessionOf (page: string): string | undefined {
  const number = /^cs_test_(\d+)$/.exec(page)?.[1]
  return number === undefined ? undefined : `cs_${number}`
}

/** A customer with a plain browser: opens pages, fills in forms, follows redirects; no cookies, no script. */
export interface Customer {
  /** Opens an address; answers the page. */
  readonly open: (url: string) => Promise<string>
  /** Fills in the form of the open page that has a button with this test id, and presses it. */
  readonly press: (testId: string, entries?: Readonly<Record<string, string>>) => Promise<string>
  /** The text of the element with this test id. */
  readonly read: (testId: string) => string | undefined
  /** Where the browser was sent to outside the sandbox; it does not go there. */
  readonly leftTo: () => string | undefined
}

export function newCustomer ({ language = 'en' } = {}): Customer {
  let address = new URL('http://127.0.0.1')
  let page = ''
  let left: string | undefined

  const get = async (url: string): Promise<string> => {
    const target = new URL(url, address)
    if (address.host !== target.host && page !== '') {
      left = url
      return page
    }
    address = target
    page = await (await fetch(target, { headers: { 'accept-language': language, accept: 'text/html' } })).text()
    return page
  }

  return {
    open: async url => {
      page = ''
      left = undefined
      return await get(url)
    },
    press: async (testId, entries = {}) => {
      const link = new RegExp(`<a[^>]*data-testid="${testId}"[^>]*href="([^"]*)"`).exec(page)?.[1]
      if (link !== undefined) return await get(unescape(link))
      const form = [...page.matchAll(/<form method="post" action="([^"]*)">(.*?)<\/form>/gs)].find(([, , body = '']) => body.includes(`data-testid="${testId}"`))
      if (form === undefined) throw new Error(`There is no form with ${testId} on the page:\n${page}`)
      const [, action = '', body = ''] = form
      const fields = new URLSearchParams(entries)
      for (const [, name = '', value = ''] of body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)) fields.set(name, value)
      const button = new RegExp(`<button name="([^"]*)" value="([^"]*)" data-testid="${testId}"`).exec(body)
      if (button !== null) fields.set(button[1] ?? '', button[2] ?? '')
      const answer = await fetch(new URL(unescape(action), address), { method: 'POST', body: fields, redirect: 'manual', headers: { 'accept-language': language } })
      if (answer.status !== 303) {
        page = await answer.text()
        return page
      }
      return await get(answer.headers.get('location') ?? '')
    },
    read: testId => new RegExp(`data-testid="${testId}"[^>]*>([^<]*)<`).exec(page)?.[1],
    leftTo: () => left
  }
}

function unescape (text: string): string {
  return text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', '\'')
}

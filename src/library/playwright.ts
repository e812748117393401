/** What is needed of a page of Playwright, so that any version of it will do. */
export interface Page {
  url: () => string
  locator: (selector: string) => Locator
  waitForURL: (isThere: (url: URL) => boolean) => Promise<unknown>
}

export interface Locator {
  first: () => Locator
  fill: (text: string) => Promise<unknown>
  click: () => Promise<unknown>
  waitFor: () => Promise<unknown>
  isVisible: () => Promise<boolean>
  textContent: () => Promise<string | null>
}

export interface DanaCustomer {
  /** The end of the number decides how it goes; `081200000001` pays. */
  readonly phone?: string
  readonly pin?: string
  /** Typed in when the wallet asks for it, as for a number that ends in 0004. */
  readonly otp?: string
}

/**
 * Walks a page of Playwright through the wallet, from the address of `next_action` on: phone, PIN, SMS code where it is
 * asked for, pay, and back to the shop, whatever became of the payment. With a number that ends in 0007 the page stays
 * at the wallet.
 * @throws Error with what the wallet says when it does not take an entry
 * @example
 * await page.getByText('Pay with DANA').click()
 * await payWithDana(page, { phone: '081200000002' })
 * await expect(page.getByText('Your balance is too low')).toBeVisible()
 */
export async function payWithDana (page: Page, { phone = '081200000001', pin = '123456', otp = '888888' }: DanaCustomer = {}): Promise<void> {
  const part = (...names: string[]): Locator => page.locator(names.map(name => `[data-testid="${name}"]`).join(', ')).first()
  const [wallet = ''] = page.url().split('?')
  const gone = page.waitForURL(({ origin, pathname }) => `${origin}${pathname}` !== wallet)
  /** Waits for one of the parts, or for the way back to the shop. */
  const reach = async (...names: string[]): Promise<void> => { await Promise.any([gone, part(...names).waitFor()]) }
  const enter = async (name: string, text: string, ...next: string[]): Promise<void> => {
    if (!await part(name).isVisible()) return
    await part(name).fill(text)
    await part('continue').click()
    await reach('fault', ...next)
    if (await part('fault').isVisible()) throw new Error(`The wallet does not take "${text}" as ${name}: ${(await part('fault').textContent())?.trim()}`)
  }

  await part('phone').waitFor()
  await enter('phone', phone, 'pin', 'result')
  await enter('pin', pin, 'otp', 'pay', 'result')
  await enter('otp', otp, 'pay', 'result')
  if (await part('pay').isVisible()) await part('pay').click()
  await reach('result')
  if (await part('back-to-merchant').isVisible()) await part('back-to-merchant').click()
  else if (await part('result').isVisible()) return
  await gone
}

/** Schemes that run something or open a file instead of leading back to a shop. */
const UNSAFE_SCHEMES = ['javascript', 'data', 'vbscript', 'file', 'blob']

/** A header has to hold it, together with what is added: clients give up at 16 KiB. */
const LONGEST_ADDRESS = 4096

/**
 * Why a browser may not be sent to an address, or undefined when it may.
 * Addresses without a scheme (`www.wooshpay.com`) and app links (`myapp://done`) are fine, as the documentation shows.
 */
export function whyUnsafe (address: string): string | undefined {
  // Browsers drop control characters before they read a scheme, so `java\nscript:` is one.
  if (hasControls(address)) return 'contains control characters'
  if (address.trim() === '') return 'is empty'
  if (address.length > LONGEST_ADDRESS) return `has more than ${LONGEST_ADDRESS} characters`
  const scheme = schemeOf(address.trim())
  if (scheme !== undefined && UNSAFE_SCHEMES.includes(scheme)) return `uses ${scheme}:, which is not a way back to a shop`
  if ((scheme === undefined || /^https?$/.test(scheme)) && !URL.canParse(browserAddress(address))) return 'is not a complete address'
  return undefined
}

/** Whether a server can be reached at an address: http or https, complete. */
export function isHttpAddress (address: string): boolean {
  return !hasControls(address) && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)
}

/** Whether a text can be the host of an address, with or without a port, as RFC 3986 has it. */
export function isHost (text: string): boolean {
  return /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d*)?$/i.test(text) && URL.canParse(`http://${text}`)
}

/** A text of an address as it is meant; what is no escape, or not of UTF-8, stays as it was written. */
export function unescaped (text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, escapes => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}

/** Whether a host name leads to the very machine that asks. */
export function isLoopback (hostname: string): boolean {
  return /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/i.test(hostname)
}

/** An http(s) address as a stranger may see it: without the user name and password that it may hold. */
export function withoutCredentials (address: string): string {
  const url = new URL(address)
  if (url.username === '' && url.password === '') return address
  url.username = url.password = ''
  return url.href
}

/**
 * The address that a browser is sent to: the merchant's own, with a scheme where it has none.
 * @example
 * browserAddress('www.wooshpay.com') // 'https://www.wooshpay.com'
 * browserAddress('localhost:3000/done') // 'http://localhost:3000/done'
 */
export function browserAddress (address: string): string {
  const trimmed = address.trim()
  const complete = schemeOf(trimmed) === undefined ? addScheme(trimmed) : trimmed
  // A header holds printable ASCII only; all else stays as the merchant wrote it.
  return complete.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent)
}

/**
 * An address with further query parameters; those already there stay.
 * @example withParameters('https://shop.test/?a=1#top', { status: 'paid' }) // 'https://shop.test/?a=1&status=paid#top'
 */
export function withParameters (address: string, parameters: Readonly<Record<string, string>>): string {
  const hash = address.indexOf('#')
  const [body, fragment] = hash === -1 ? [address, ''] : [address.slice(0, hash), address.slice(hash)]
  return `${body}${body.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}${fragment}`
}

/**
 * An address with the placeholder `{CHECKOUT_SESSION_ID}` filled in, raw or percent-encoded.
 * @example withSessionId('https://shop.test/?s={CHECKOUT_SESSION_ID}', 'cs_1') // 'https://shop.test/?s=cs_1'
 */
export function withSessionId (address: string, session: string): string {
  return address.replace(/(?:\{|%7[Bb])CHECKOUT_SESSION_ID(?:\}|%7[Dd])/g, session)
}

function hasControls (text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f-\u009f]/.test(text)
}

/** `localhost:3000` is a host with a port, not a scheme. */
function schemeOf (address: string): string | undefined {
  if (/^(?:\[[^/?#]*\]|[^:/?#]*):\d+(?:[/?#]|$)/.test(address)) return undefined
  return /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase()
}

function addScheme (address: string): string {
  const bare = address.replace(/^\/+/, '')
  const isLocal = /^(?:localhost|[^/?#]*\.localhost|\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])(?:[:/?#]|$)/i.test(bare)
  return `${isLocal ? 'http' : 'https'}://${bare}`
}

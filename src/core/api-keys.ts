import { createHash } from 'node:crypto'
import { oneWay } from './ids.ts'

/** A key that works at once, unless the settings name others. */
export const READY_KEY = 'sk_test_sandbox'

/** What can be told from a key's text alone. */
export interface ApiKey {
  readonly kind: 'sk' | 'pk'
  readonly mode: 'test' | 'live'
}

/** @example parseApiKey('sk_test_sandbox') // { kind: 'sk', mode: 'test' }; undefined when the text is no key */
export function parseApiKey (text: string): ApiKey | undefined {
  // Printable characters but the colon, which ends the user name of HTTP Basic.
  const match = /^(sk|pk)_(test|live)_[\x21-\x39\x3b-\x7e]{1,255}$/.exec(text)
  return match === null ? undefined : { kind: match[1] as ApiKey['kind'], mode: match[2] as ApiKey['mode'] }
}

/** The account of a key: a hash, so that no file, log or page holds the key. */
export function accountId (secretKey: string): string {
  return `acct_${createHash('sha256').update(secretKey).digest('hex').slice(0, 16)}`
}

/** What a shop's page may know: it follows from the secret key and does not lead back to it. */
export function publishableKey (secretKey: string): string {
  return `pk_test_${oneWay(secretKey, 24)}`
}

/** A text with every key in it masked, for messages that repeat what somebody wrote. */
export function maskKeys (text: string): string {
  return text.replace(/\b[sp]k_(?:test|live)_[^\s,:]+/g, maskKey)
}

/** A text with no key left in it, but for the one that everybody knows; what is masked already stays. */
export function withoutKeys (text: string): string {
  return text.replace(/\b([sp]k_(?:test|live)_)(?!sandbox(?!\w)|[).])[^\s,:&"\\…]*[^\s,:&"\\….]/g, '$1…')
}

/** @example maskKey('sk_test_abcdefghijkl') // 'sk_test_…ijkl' */
export function maskKey (key: string): string {
  const body = key.replace(/^[a-z]+_(?:test|live)_/, '')
  const prefix = key.slice(0, key.length - body.length)
  return `${prefix}…${body.length > 8 ? body.slice(-4) : ''}`
}

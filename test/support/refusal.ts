import { readFileSync } from 'node:fs'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
/** Of a stack trace, or of a file that the caller has no business with. */
const INSIDES = /\n\s+at |\bat \S+ \(|\bnode:internal|node_modules|file:\/\/|[\w-]\.[cm]?[jt]s:\d+/

interface Documented { readonly status: string, readonly type: string }

/** The codes of the README's table, with the status and type that it gives to each. */
const CODES: ReadonlyMap<string, Documented> = new Map([...README.matchAll(/^\| `(\w+)` \| (\d{3}) \| `(\w+)` \|/gm)].map(([, code = '', status = '', type = '']) => [code, { status, type }]))
/** These may come with another status: the row says in words when. */
const OTHER_STATUSES: Readonly<Record<string, readonly number[]>> = { resource_missing: [400], request_malformed: [408, 431] }

/**
 * What is wrong with the body of a refusal, as a reader of the README sees it; undefined when nothing is.
 * @example faultOfRefusal(404, '{"error":{…},"message":"No such event: \"evt_1\"."}') // undefined
 */
export function faultOfRefusal (status: number, text: string): string | undefined {
  if (INSIDES.test(text)) return 'tells of the insides'
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return 'is no JSON'
  }
  const { error, message, ...more } = fieldsOf(body)
  const { type, code, message: inner, param, ...others } = fieldsOf(error)
  if (Object.keys({ ...more, ...others }).length > 0) return 'has keys that the envelope does not'
  if (typeof message !== 'string' || message === '' || inner !== message) return 'does not have the same message twice'
  if (param !== undefined && typeof param !== 'string') return 'has a param that is no text'
  const known = CODES.get(String(code))
  if (known === undefined) return `has the code ${String(code)}, which is not documented`
  if (known.type !== type) return `has the type ${String(type)} for ${String(code)}`
  if (known.status !== String(status) && OTHER_STATUSES[String(code)]?.includes(status) !== true) return `has the status ${status} for ${String(code)}`
  return undefined
}

function fieldsOf (value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

import { errors } from '../../core/errors.ts'
import { currencyCode } from '../../core/money.ts'
import { metadataKey } from './schema.ts'

const FIELDS = ['merchant_order_id', 'status', 'currency', 'customer', 'amount'] as const

/** One condition: a field or a metadata key, a colon, and the value in quotes (a number may go without). */
const CLAUSE = /\s*(?:(?<field>[a-z_]+)|metadata\[(?<quote>["'])(?<key>(?:\\.|(?!\k<quote>)[^\\])*)\k<quote>\])\s*:\s*(?:(?<mark>["'])(?<text>(?:\\.|(?!\k<mark>)[^\\])*)\k<mark>|(?<number>\d+))\s*/y
const AND = /and(?=\s|$)\s*/iy

/**
 * The keys under which a collection finds what a query asks for; all of them have to hold.
 * @throws ApiError saying where the query does not parse
 * @example searchKeys("merchant_order_id:'order1234' AND metadata['shop']:'7'")
 */
export function searchKeys (query: string): string[] {
  const keys: string[] = []
  let position = query.length - query.trimStart().length
  for (;;) {
    CLAUSE.lastIndex = position
    const clause = CLAUSE.exec(query)
    if (clause === null) throw malformed(query, position, 'a condition such as merchant_order_id:\'order1234\'')
    keys.push(keyOf(clause.groups ?? {}, query, position))
    position = CLAUSE.lastIndex
    if (position === query.length) return keys
    AND.lastIndex = position
    if (!AND.test(query)) throw malformed(query, position, 'AND, or the end')
    position = AND.lastIndex
  }
}

function keyOf (groups: Record<string, string | undefined>, query: string, position: number): string {
  const { field, key, text, number } = groups
  const value = number ?? unescape(text ?? '')
  if (key !== undefined) return metadataKey(unescape(key), value)
  if (!FIELDS.some(name => name === field)) throw malformed(query, position, `one of the fields ${FIELDS.join(', ')}, metadata['key']`)
  if (field === 'currency') return `currency:${currencyCode(value) ?? value}`
  return `${field}:${value}`
}

function unescape (text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}

function malformed (query: string, position: number, expected: string): Error {
  return errors.parameter_invalid('query', query, `cannot be read at character ${position + 1}: expected ${expected}`)
}

import type { FastifyInstance } from 'fastify'
import type { ParseError } from 'jsonc-parser'
import { parse as parseQuery } from 'qs'
import { errors } from '../core/errors.ts'
import { isObject, noteForm } from './validation.ts'

/** Deeper brackets and longer lists than any parameter has; a name is a name, also `constructor`. */
const QUERY = { depth: 8, parameterLimit: 10_000, arrayLimit: 200, plainObjects: true } as const
/** Deeper than any body of this API; far from where writing JSON would run out of stack. */
const DEEPEST_JSON = 64
const [QUOTE, BACKSLASH, BRACE, BRACKET, BRACE_END, BRACKET_END] = [0x22, 0x5c, 0x7b, 0x5b, 0x7d, 0x5d]

/**
 * Reads `a[b]=1&c[]=2` into nested objects and lists.
 * @example readBrackets('created[gt]=1') // { created: { gt: '1' } }
 */
export function readBrackets (text: string): Record<string, unknown> {
  return parseQuery(text, QUERY)
}

/**
 * Lets an API read what integrations send: JSON, forms with brackets, empty bodies with any content type,
 * and JSON bodies on GET, where the documentation puts the parameters of lists.
 */
export function readBodies (app: FastifyInstance): void {
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true })
  app.addHttpMethod('DELETE', { hasBody: true, overrideExisting: true })
  app.removeAllContentTypeParsers()

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    try {
      const form = parseQuery(body.toString(), { ...QUERY, throwOnLimitExceeded: true })
      noteForm(form)
      done(null, form)
    } catch (error) {
      done(errors.request_malformed((error as Error).message.replace(/\.$/, '')))
    }
  })
  app.addContentTypeParser(/^application\/(?:[\w.+-]+\+)?json\b/, { parseAs: 'string' }, (_request, body, done) => {
    const text = body.toString()
    if (text.trim() === '') {
      done(null, {})
      return
    }
    if (isTooDeep(text)) {
      done(errors.body_malformed(`it is nested more than ${DEEPEST_JSON} levels deep`))
      return
    }
    try {
      done(null, withoutNulls(JSON.parse(text), text))
    } catch {
      whereMalformed(text).then(where => { done(errors.body_malformed(where)) }, done)
    }
  })
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const type = request.headers['content-type']
    if (body === '') done(null, {})
    else done(errors.content_type_unsupported(type ?? ''))
  })

  app.addHook('preParsing', (request, _reply, payload, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity'
    done(encoding === 'identity' ? null : errors.content_encoding_unsupported(encoding), payload)
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const { body, query, method } = request
    if (method === 'GET') {
      if (isObject(body) && isObject(query)) request.query = { ...body, ...query }
    } else {
      request.body = body ?? {}
    }
    done()
  })
}

/** Counts brackets outside of strings; the text need not be JSON. */
function isTooDeep (text: string): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index)
    if (inString) {
      if (character === BACKSLASH) index++
      else if (character === QUOTE) inString = false
    } else if (character === QUOTE) inString = true
    else if (character === BRACE || character === BRACKET) {
      if (++depth > DEEPEST_JSON) return true
    } else if (character === BRACE_END || character === BRACKET_END) depth--
  }
  return false
}

/** A null is the same as nothing: integrations write out optional fields that they leave empty. */
function withoutNulls (value: unknown, text: string): unknown {
  return text.includes('null') ? dropNulls(value) : value
}

function dropNulls (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null).map(([key, inner]) => [key, dropNulls(inner)]))
}

/** Where a text stops being JSON; V8's own message does not always say it. */
async function whereMalformed (text: string): Promise<string> {
  const { parse, printParseErrorCode } = await import('jsonc-parser')
  const found: ParseError[] = []
  parse(text, found, { disallowComments: true })
  const [first] = found
  if (first === undefined) return 'it has a character that JSON does not allow'
  const before = text.slice(0, first.offset).split('\n')
  return `${printParseErrorCode(first.error)} at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { ParseError } from 'jsonc-parser'
import { parse as parseQuery } from 'qs'
import { errors } from '../core/errors.ts'

/** Deeper brackets and longer lists than any parameter has. */
const QUERY_LIMITS = { depth: 8, parameterLimit: 2000, arrayLimit: 200, strictDepth: false } as const

/** Bodies that came as a form: all their values are text, so that numbers and booleans have to be read from it. */
const forms = new WeakSet<object>()

/**
 * Reads `a[b]=1&c[]=2` into nested objects and lists.
 * @example readBrackets('created[gt]=1') // { created: { gt: '1' } }
 */
export function readBrackets (text: string): Record<string, unknown> {
  return parseQuery(text, QUERY_LIMITS)
}

/**
 * Lets an API read what integrations send: JSON, forms with brackets, empty bodies with any content type,
 * and JSON bodies on GET, where the documentation puts the parameters of lists.
 */
export function readBodies (app: FastifyInstance): void {
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true })
  app.addHttpMethod('DELETE', { hasBody: true, overrideExisting: true })
  app.removeAllContentTypeParsers()
  const parseJson = app.getDefaultJsonParser('error', 'error')

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    const form = readBrackets(body.toString())
    forms.add(form)
    done(null, form)
  })
  app.addContentTypeParser(/^application\/(?:[\w.+-]+\+)?json\b/, { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString()
    if (text.trim() === '') {
      done(null, {})
      return
    }
    void parseJson(request, text, (error, value) => {
      if (error === null) done(null, withoutNulls(value, text))
      else void whereMalformed(text, error).then(where => { done(errors.body_malformed(where)) })
    })
  })
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const type = request.headers['content-type']
    if (body === '') done(null, {})
    else done(errors.content_type_unsupported(type ?? ''))
  })

  app.addHook('preValidation', (request, _reply, done) => {
    const { body, query, method } = request
    if (method === 'GET') {
      if (isObject(body) && isObject(query)) request.query = { ...body, ...query }
    } else if (body === undefined) {
      request.body = {}
    }
    done()
  })
  app.setValidatorCompiler(validatorCompiler())
  // Answers are written as they are: what is stored, sent to webhooks and answered is the same text, in the same order.
  app.setSerializerCompiler(() => value => JSON.stringify(value))
}

/** Whether the request's parameters came as text: from a form, or from the address. */
function isText (data: unknown): boolean {
  return isObject(data) && forms.has(data)
}

/** Compiles a validator when it is first needed: most runs use few of the routes. */
function validatorCompiler (): FastifySchemaCompiler<object> {
  const options = { allErrors: false, verbose: true, strict: false, validateFormats: false } as const
  const exact = new Ajv(options)
  const fromText = new Ajv({ ...options, coerceTypes: true })
  return ({ schema, httpPart }) => {
    const compiled = new Map<Ajv, ValidateFunction>()
    return data => {
      const ajv = httpPart !== 'body' || isText(data) ? fromText : exact
      let validate = compiled.get(ajv)
      if (validate === undefined) compiled.set(ajv, validate = ajv.compile(schema))
      if (validate(data)) return true
      return { error: errorOf(validate.errors?.at(-1)) }
    }
  }
}

/** The first fault that the validator found, as the error that names parameter, value and what is allowed. */
function errorOf (fault: ErrorObject | undefined): Error {
  if (fault === undefined) return errors.internal()
  const path = fault.instancePath.split('/').slice(1).map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const { params, data, schema } = fault
  switch (fault.keyword) {
    case 'required':
      return errors.parameter_missing(bracketed([...path, String(params.missingProperty)]))
    case 'enum':
      return errors.parameter_invalid(bracketed(path), data, `is not one of: ${(schema as unknown[]).join(', ')}`)
    case 'const':
      return errors.parameter_invalid(bracketed(path), data, `has to be ${JSON.stringify(schema)}`)
    case 'type':
      return errors.parameter_invalid(bracketed(path), data, `is not of type ${[schema].flat().join(' or ')}`)
    default:
      return errors.parameter_invalid(bracketed(path), data, fault.message ?? 'is not allowed')
  }
}

/** @example bracketed(['line_items', '0', 'price']) // 'line_items[0][price]' */
export function bracketed (path: readonly string[]): string {
  const [first = 'body', ...rest] = path
  return first + rest.map(part => `[${part}]`).join('')
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

async function whereMalformed (text: string, error: Error): Promise<string> {
  const { parse, printParseErrorCode } = await import('jsonc-parser')
  const found: ParseError[] = []
  parse(text, found, { disallowComments: true })
  const [first] = found
  if (first === undefined) return error.message
  const before = text.slice(0, first.offset).split('\n')
  return `${printParseErrorCode(first.error)} at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Refuses parameters that a route's schema does not know, for accounts that want it so. */
export function refuseUnknownParameters (app: FastifyInstance): void {
  app.addHook('preHandler', (request, _reply, done) => {
    const [unknown] = request.caller.account.switches.STRICT_PARAMETERS ? unknownParameters(request) : []
    done(unknown === undefined ? undefined : errors.parameter_unknown(unknown))
  })
}

/** Parameters of a request that its route's schema does not know. */
export function unknownParameters (request: FastifyRequest): string[] {
  const { body, querystring } = (request.routeOptions.schema ?? {}) as { body?: Schema, querystring?: Schema }
  if (request.method === 'GET') return unknownIn(querystring, request.query, [])
  return unknownIn(body, request.body, [])
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: unknown
  readonly patternProperties?: unknown
}

function unknownIn (schema: Schema | undefined, value: unknown, path: readonly string[]): string[] {
  if (schema === undefined) return []
  if (Array.isArray(value)) return value.flatMap((item, index) => unknownIn(schema.items, item, [...path, String(index)]))
  const { properties } = schema
  const isOpen = properties === undefined || schema.additionalProperties !== undefined || schema.patternProperties !== undefined
  if (!isObject(value) || isOpen) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    Object.hasOwn(properties, name) ? unknownIn(properties[name], inner, [...path, name]) : [bracketed([...path, name])])
}

import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { errors } from '../core/errors.ts'

/** Bodies that came as a form: all their values are text, so that numbers and booleans have to be read from it. */
const forms = new WeakSet<object>()

export function noteForm (body: object): void {
  forms.add(body)
}

/**
 * How an API checks requests and writes answers. Validators are compiled when they are first needed: most runs use
 * few of the routes. Answers are written as they are, so that what is stored, answered and sent to webhooks has the
 * same text; a test compares them with the schemas.
 */
export function validateLazily (app: FastifyInstance): void {
  app.setValidatorCompiler(validatorCompiler())
  app.setSerializerCompiler(() => value => JSON.stringify(value))
}

function validatorCompiler (): FastifySchemaCompiler<object> {
  const options = { allErrors: false, verbose: true, strict: false, strictNumbers: true, allowUnionTypes: true, validateFormats: false } as const
  const exact = new Ajv(options)
  const fromText = new Ajv({ ...options, coerceTypes: true })
  return ({ schema, httpPart }) => {
    const compiled = new Map<Ajv, ValidateFunction>()
    return data => {
      const isText = httpPart !== 'body' || (isObject(data) && forms.has(data))
      const ajv = isText ? fromText : exact
      let validate = compiled.get(ajv)
      if (validate === undefined) compiled.set(ajv, validate = ajv.compile(schema))
      const odd = isText ? oddNumberIn(schema, data) : undefined
      if (odd !== undefined) return { error: odd }
      return validate(data) ? true : { error: errorOf(validate.errors?.at(-1)) }
    }
  }
}

/** How numbers are written as text; by their type. */
const WRITTEN: Readonly<Record<string, RegExp>> = { integer: /^-?(?:0|[1-9]\d*)$/, number: /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/ }

/** The first text in the place of a number that only JavaScript would take for one, such as "0x64", "+100", " 100", "1e3" or "1e400". */
function oddNumberIn ({ type, items, properties = {} }: Schema, value: unknown, path: readonly string[] = []): Error | undefined {
  if (typeof value === 'string') {
    const written = WRITTEN[String(type)]
    const isOdd = written !== undefined && !(written.test(value) && Number.isFinite(Number(value)))
    return isOdd ? errors.parameter_invalid(bracketed(path), value, `is not of type ${String(type)}`) : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const schema = Array.isArray(value) ? items : Object.hasOwn(properties, name) ? properties[name] : undefined
    const found = schema && oddNumberIn(schema, inner, [...path, name])
    if (found !== undefined) return found
  }
  return undefined
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
      return errors.parameter_invalid(bracketed(path), data, `is not one of: ${[...new Set((schema as unknown[]).map(String))].join(', ')}`)
    case 'const':
      return errors.parameter_invalid(bracketed(path), data, `has to be ${JSON.stringify(schema)}`)
    case 'type':
      return errors.parameter_invalid(bracketed(path), data, `is not of type ${[schema].flat().join(' or ')}`)
    default:
      return errors.parameter_invalid(bracketed(path), data, fault.message ?? 'is not allowed')
  }
}

/** @example bracketed(['line_items', '0', 'price']) // 'line_items[0][price]' */
function bracketed (path: readonly string[]): string {
  const [first = 'body', ...rest] = path
  return first + rest.map(part => `[${part}]`).join('')
}

/**
 * Refuses parameters that a route's schema does not know.
 * @param isStrict whether a request's account wants it so
 */
export function refuseUnknownParameters (app: FastifyInstance, isStrict: (request: FastifyRequest) => boolean): void {
  app.decorateRequest('oddParameters')
  app.addHook('preHandler', (request, _reply, done) => {
    // What there is not takes no parameters either, but that is not what is wrong with the call.
    const isStrictCall = !request.is404 && isStrict(request)
    if (isStrictCall && !isObject(request.body) && request.body != null) return done(errors.body_malformed('it has to be an object'))
    const [first] = isStrictCall ? unknownParameters(request).unknown : []
    done(first === undefined ? undefined : errors.parameter_unknown(first.name, first.known))
  })
}

/** Takes out of a request what its route's schema does not know, so that a handler reads nothing but what the document describes. */
export function dropUnknownParameters (app: FastifyInstance): void {
  app.addHook('preHandler', (request, _reply, done) => {
    if (unknownParameters(request).unknown.length === 0) return done()
    const { body, querystring } = schemasOf(request)
    request.query = knownIn(querystring, request.query)
    if (request.method !== 'GET') request.body = knownIn(body, request.body)
    done()
  })
}

/** A parameter that a route's schema does not know. */
interface Unknown {
  /** @example 'line_items[0][colour]' */
  readonly name: string
  /** What there is in its place. */
  readonly known: readonly string[]
}

/** What is odd about the parameters of a request. */
interface Odd {
  readonly unknown: readonly Unknown[]
  readonly deprecated: readonly string[]
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Several ask, and a large body takes a while to look through. */
    oddParameters: Odd | undefined
  }
}

/** Parameters of a request, as it was sent, that its route's schema does not know, and those that it marks as deprecated. */
export function unknownParameters (request: FastifyRequest): Odd {
  if (request.oddParameters !== undefined) return request.oddParameters
  if (request.is404) return { unknown: [], deprecated: [] }
  const { body, querystring } = schemasOf(request)
  const parts = request.method === 'GET' ? [[querystring, request.query]] as const : [[querystring, request.query], [body, request.body]] as const
  request.oddParameters = {
    unknown: parts.flatMap(([schema, value]) => unknownIn(schema, value)),
    deprecated: parts.flatMap(([{ properties = {} }, value]) =>
      isObject(value) ? Object.keys(value).filter(name => Object.hasOwn(properties, name) && properties[name]?.deprecated === true) : [])
  }
  return request.oddParameters
}

/** Where a route has no schema, there are no parameters. */
function schemasOf (request: FastifyRequest): { body: Schema, querystring: Schema } {
  const none = { properties: {} }
  const { body = none, querystring = none } = (request.routeOptions.schema ?? {}) as { body?: Schema, querystring?: Schema }
  return { body, querystring }
}

interface Schema {
  readonly type?: unknown
  readonly properties?: Readonly<Record<string, Schema>> | undefined
  readonly items?: Schema
  readonly additionalProperties?: unknown
  readonly patternProperties?: unknown
  readonly deprecated?: boolean
}

/** Adds to what was found; every call is looked through, and hardly any has something unknown. */
function unknownIn (schema: Schema | undefined, value: unknown, found: Unknown[] = [], path: readonly string[] = []): Unknown[] {
  if (schema === undefined || typeof value !== 'object' || value === null) return found
  const properties = Array.isArray(value) ? undefined : closedProperties(schema)
  if (!Array.isArray(value) && properties === undefined) return found
  for (const [name, inner] of Object.entries(value)) {
    if (properties !== undefined && !Object.hasOwn(properties, name)) found.push({ name: bracketed([...path, name]), known: Object.keys(properties) })
    else if (typeof inner === 'object') unknownIn(properties === undefined ? schema.items : properties[name], inner, found, [...path, name])
  }
  return found
}

function knownIn (schema: Schema | undefined, value: unknown): unknown {
  if (schema === undefined) return value
  if (Array.isArray(value)) return value.map(item => knownIn(schema.items, item))
  const properties = closedProperties(schema)
  if (!isObject(value) || properties === undefined) return value
  return Object.fromEntries(Object.keys(properties).filter(name => Object.hasOwn(value, name)).map(name => [name, knownIn(properties[name], value[name])]))
}

/** The properties of a schema that names all that there may be; undefined where there may be others. */
function closedProperties ({ properties, additionalProperties, patternProperties }: Schema): Schema['properties'] {
  return additionalProperties === undefined && patternProperties === undefined ? properties : undefined
}

export function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

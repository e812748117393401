import { readDocument } from './openapi-document.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}
interface Parameter { readonly in: string, readonly name: string }
interface Described {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
}

/** A place of a body where a client may write what it likes: a text, or an object of texts. */
export interface Field {
  readonly path: ReadonlyArray<string | number>
  readonly kind: 'text' | 'object'
  /** As errors name it, such as `line_items[0][price]`. */
  readonly name: string
}

/** A call that a document describes. */
export interface Operation {
  readonly method: string
  readonly path: string
  readonly query: readonly string[]
  readonly fields: readonly Field[]
}

/** Every call of a committed OpenAPI document, with the fields of its body. */
export function operationsWithFields (document: 'wooshpay' | 'sandbox'): Operation[] {
  const { paths } = JSON.parse(readDocument(document).text) as { paths: Record<string, Record<string, Described>> }
  return Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
    method: method.toUpperCase(),
    path,
    query: parameters.filter(place => place.in === 'query').map(({ name }) => name),
    fields: fieldsOf(requestBody?.content['application/json'].schema ?? {}, [])
  })))
}

function fieldsOf ({ type = [], enum: values, properties, items }: Schema, path: Field['path']): Field[] {
  if (properties !== undefined) return Object.entries(properties).flatMap(([name, schema]) => fieldsOf(schema, [...path, name]))
  if (items !== undefined) return fieldsOf(items, [...path, 0])
  const types = [type].flat()
  const kind = types.includes('object') ? 'object' : types.includes('string') && values === undefined ? 'text' : undefined
  return kind === undefined ? [] : [{ path, kind, name: path.reduce<string>((name, part) => name === '' ? String(part) : `${name}[${part}]`, '') }]
}

/** A copy of a body with a value at a place; what is missing on the way there is made. */
export function withField (body: unknown, [first, ...rest]: Field['path'], value: unknown): unknown {
  if (first === undefined) return value
  if (typeof first === 'number') {
    const list: unknown[] = Array.isArray(body) ? [...body] : []
    list[first] = withField(list[first], rest, value)
    return list
  }
  return { ...body as object | undefined, [first]: withField((body as Readonly<Record<string, unknown>> | undefined)?.[first], rest, value) }
}

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Answer } from './sandbox.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: ReadonlyArray<{ name: string, schema: { type?: string }, style?: string, explode?: boolean }>
  readonly responses: object
}

export interface Document {
  readonly text: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** A committed OpenAPI document. */
export function readDocument (name: 'wooshpay' | 'sandbox'): Document {
  const text = readFileSync(new URL(`../../openapi/${name}.json`, import.meta.url), 'utf8')
  return { text, ...JSON.parse(text) as Pick<Document, 'paths'> }
}

/** The same document, made from the routes. */
export async function documentFromRoutes (t: Test, decorator: 'swagger' | 'sandboxSwagger'): Promise<string> {
  const { app } = await buildApp(readConfig({ DATA_FILE: ':memory:', LOG_LEVEL: 'silent' }, {}), { describe: true })
  t.teardown(() => app.close())
  await app.ready()
  return `${JSON.stringify(app[decorator](), null, 2)}\n`
}

/** Checks what every operation of a document has to have. */
export function checkOperations (t: Test, { paths }: Document, count: number, prefix: RegExp): void {
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.values(methods).map(operation => ({ path, ...operation })))
  t.equal(operations.length, count)
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length, 'each has a name of its own')
  for (const { path, summary, tags, responses } of operations) {
    t.match(path, prefix)
    t.ok(summary.length > 0 && tags.length === 1, path)
    t.same(Object.keys(responses), ['200', '4XX', '5XX'], path)
  }
}

/** All operations of a document, such as `GET /v1/events`. */
export function operationsOf ({ paths }: Document): string[] {
  return Object.entries(paths).flatMap(([path, operations]) => Object.keys(operations).map(name => `${name.toUpperCase()} ${path}`))
}

/** Compares answers with what a document says of them; objects are closed, so that a key which it does not name is found. */
export function answerChecker (t: Test, { text }: Document): { check: (method: string, template: string, answer: Answer) => void, called: Set<string> } {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(JSON.parse(text, (_key, inner) => inner?.type === 'object' && inner.properties !== undefined && inner.additionalProperties === undefined
    ? { ...inner, additionalProperties: false }
    : inner) as object, 'document')
  const called = new Set<string>()
  return {
    called,
    check: (method, template, answer) => {
      t.ok(answer.status < 500, `${method} ${template} is no failure`)
      const status = answer.status === 200 ? '200' : '4XX'
      called.add(`${status} ${method} ${template}`)
      const pointer = ['paths', template, method.toLowerCase(), 'responses', status, 'content', 'application/json', 'schema']
      const validate = ajv.compile({ $ref: `document#/${pointer.map(part => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}` })
      t.ok(validate(answer.body), `${method} ${template} → ${answer.status} ${JSON.stringify(validate.errors)}`)
    }
  }
}

import { readFileSync } from 'node:fs'
import Fastify, { type FastifyInstance } from 'fastify'
import { packageFile } from '../core/package-files.ts'
import { answerErrors, answerUnknownRoutes } from './errors.ts'

/** Where the committed documents lie. */
const FOLDER = packageFile('openapi/')

declare module 'fastify' {
  interface FastifyInstance {
    /** The document of the sandbox's own API. */
    sandboxSwagger: () => object
  }
}

/** A document: which routes it describes, and what it says of them. */
export interface Description {
  /** The method of the application that answers it. */
  readonly decorator: 'swagger' | 'sandboxSwagger'
  /** What the addresses of its routes begin with. */
  readonly prefix: string
  readonly title: string
  readonly description: string
  /** How its calls say who they are. */
  readonly securitySchemes: Readonly<Record<string, object>>
  readonly security: Array<Record<string, string[]>>
}

/** Collects an OpenAPI document from the routes that are registered after it; `npm run openapi` writes it. */
export async function describeRoutes (
  app: FastifyInstance, { decorator, prefix, title, description, securitySchemes, security }: Description
): Promise<void> {
  const { default: swagger } = await import('@fastify/swagger')
  await app.register(swagger, {
    decorator,
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version: '1', license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'The sandbox that serves this document.' }],
      components: { securitySchemes: securitySchemes as Record<string, never> },
      security
    },
    transform: ({ schema, url }) => ({ schema: url.startsWith(prefix) ? schema : { ...schema, hide: true }, url }),
    transformObject: described => {
      if (!('openapiObject' in described)) return described.swaggerObject
      const { openapiObject } = described
      for (const methods of Object.values(openapiObject.paths ?? {})) {
        for (const operation of Object.values(methods ?? {}) as Operation[]) {
          inBrackets(operation)
          onlyIfNeeded(operation)
        }
      }
      const schemas = openapiObject.components?.schemas ?? {}
      const used = namesIn(openapiObject.paths, schemas)
      for (const name of Object.keys(schemas)) if (!used.has(name)) Reflect.deleteProperty(schemas, name)
      return openapiObject
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) => typeof schema.$id === 'string' ? schema.$id : `schema-${index}`
    }
  })
}

interface Operation {
  readonly requestBody?: { required?: boolean, readonly content: Readonly<Record<string, { readonly schema?: { readonly required?: readonly string[] } }>> }
  readonly parameters?: Array<{ in: string, schema?: { type?: string }, style?: string, explode?: boolean }>
}

/** The components that a part of a document refers to, by itself or through others. */
function namesIn (part: unknown, schemas: Readonly<Record<string, unknown>>, found = new Set<string>()): Set<string> {
  for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (found.has(name)) continue
    found.add(name)
    namesIn(schemas[name] ?? {}, schemas, found)
  }
  return found
}

/** A body of which nothing is needed may be left out. */
function onlyIfNeeded ({ requestBody }: Operation): void {
  if (requestBody === undefined) return
  requestBody.required = Object.values(requestBody.content).some(({ schema }) => (schema?.required ?? []).length > 0)
}

/** Says how a query writes an object, since the default of OpenAPI is another way: `created[gt]=1`. */
function inBrackets ({ parameters = [] }: Operation): void {
  for (const parameter of parameters) {
    if (parameter.in === 'query' && parameter.schema?.type === 'object') Object.assign(parameter, { style: 'deepObject', explode: true })
  }
}

/**
 * Serves a committed OpenAPI document and a page that shows it. Their libraries are loaded, in an application of
 * their own, when somebody first asks for the page: a start in CI does not pay for them.
 */
export function serveDocumentation (app: FastifyInstance, { document, page, title }: { document: string, page: string, title: string }): void {
  const path = `${FOLDER}${document}`
  let viewer: Promise<FastifyInstance> | undefined

  app.get(`/openapi/${document}`, { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(readFileSync(path, 'utf8')))

  app.get(page, { schema: { hide: true } }, (_request, reply) => reply.redirect(`${page}/`, 302))

  app.get(`${page}/*`, { schema: { hide: true } }, async (request, reply) => {
    viewer ??= openViewer(path, page, title)
    const { routing } = await viewer
    reply.hijack()
    reply.raw.setHeader('Request-Id', request.id)
    routing(request.raw, reply.raw)
  })
  app.addHook('onClose', async () => { await (await viewer)?.close() })
}

/** What its page needs. The library's own policy also lets other sites in, and has browsers ask for https where there is none. */
const VIEWER_POLICY = 'default-src \'self\'; img-src \'self\' data:; object-src \'none\'; base-uri \'none\'; frame-ancestors \'none\''

async function openViewer (path: string, page: string, title: string): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([import('@fastify/swagger'), import('@fastify/swagger-ui')])
  const viewer = Fastify()
  answerErrors(viewer)
  answerUnknownRoutes(viewer, page)
  await viewer.register(swagger, { mode: 'static', specification: { path, baseDir: FOLDER } })
  await viewer.register(swaggerUi, {
    routePrefix: page,
    staticCSP: VIEWER_POLICY,
    theme: { title },
    uiConfig: { deepLinking: true, defaultModelsExpandDepth: 0, validatorUrl: null, layout: 'BaseLayout' }
  })
  await viewer.ready()
  return viewer
}

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'

/** Where the committed documents lie: the same from `src` and from `dist`. */
const FOLDER = fileURLToPath(new URL('../../openapi/', import.meta.url))

/** Collects the OpenAPI document from the routes that are registered after it; `npm run openapi` writes it. */
export async function describeRoutes (app: FastifyInstance): Promise<void> {
  const { default: swagger } = await import('@fastify/swagger')
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'WooshPay API, as the sandbox imitates it',
        description: 'The part of the WooshPay API that wooshpay-sandbox reproduces. This document describes the sandbox; it is not by WooshPay.',
        version: '1',
        license: { name: 'MIT', identifier: 'MIT' }
      },
      servers: [{ url: '/', description: 'The sandbox that serves this document.' }],
      components: {
        securitySchemes: {
          api_key: { type: 'http', scheme: 'basic', description: 'The API key as user name, an empty password.' }
        }
      },
      security: [{ api_key: [] }]
    },
    transformObject: description => {
      if (!('openapiObject' in description)) return description.swaggerObject
      const { openapiObject } = description
      for (const methods of Object.values(openapiObject.paths ?? {})) {
        for (const operation of Object.values(methods ?? {})) inBrackets(operation as Operation)
      }
      return openapiObject
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) => typeof schema.$id === 'string' ? schema.$id : `schema-${index}`
    }
  })
}

interface Operation {
  readonly parameters?: Array<{ in: string, schema?: { type?: string }, style?: string, explode?: boolean }>
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
export function serveDocumentation (app: FastifyInstance, { document, page }: { document: string, page: string }): void {
  const path = `${FOLDER}${document}`
  let viewer: Promise<FastifyInstance> | undefined

  app.get(`/openapi/${document}`, { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(readFileSync(path, 'utf8')))

  app.get(page, { schema: { hide: true } }, (_request, reply) => reply.redirect(`${page}/`, 302))

  app.get(`${page}/*`, { schema: { hide: true } }, async (request, reply) => {
    viewer ??= openViewer(path, page)
    const { routing } = await viewer
    reply.hijack()
    reply.raw.setHeader('Request-Id', request.id)
    routing(request.raw, reply.raw)
  })
  app.addHook('onClose', async () => { await (await viewer)?.close() })
}

async function openViewer (path: string, page: string): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([import('@fastify/swagger'), import('@fastify/swagger-ui')])
  const viewer = Fastify()
  await viewer.register(swagger, { mode: 'static', specification: { path, baseDir: FOLDER } })
  await viewer.register(swaggerUi, {
    routePrefix: page,
    staticCSP: true,
    theme: { title: 'WooshPay sandbox API' },
    uiConfig: { deepLinking: true, defaultModelsExpandDepth: 0, validatorUrl: null, layout: 'BaseLayout' }
  })
  await viewer.ready()
  return viewer
}

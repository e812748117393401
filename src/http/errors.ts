import type { FastifyInstance, FastifyError } from 'fastify'
import { ApiError, errors } from '../core/errors.ts'

/** Writes every failure of an API as the error envelope, and logs those that are the sandbox's own. */
export function answerErrors (app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | ApiError, request, reply) => {
    const answer = apiErrorOf(error, request.headers['content-type'] ?? '', app.initialConfig.bodyLimit ?? 0)
    request.refusal = answer
    if (answer.status >= 500) request.log.error(error)
    if (answer.code.startsWith('api_key_')) reply.header('WWW-Authenticate', 'Basic realm="WooshPay sandbox", charset="UTF-8"')
    return reply.code(answer.status).send(answer.toJSON())
  })
  answerUnknownRoutes(app)
}

/** Says which route there is not; called for a scope, its hooks (authentication, CORS) come first. */
export function answerUnknownRoutes (app: FastifyInstance): void {
  app.setNotFoundHandler(request => {
    throw errors.route_unknown(request.method, request.url.split('?', 1)[0] ?? '')
  })
}

function apiErrorOf (error: FastifyError | ApiError, contentType: string, bodyLimit: number): ApiError {
  if (error instanceof ApiError) return error
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return errors.body_too_large(bodyLimit)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return errors.content_type_unsupported(contentType)
  }
  const { statusCode = 500 } = error
  return statusCode >= 400 && statusCode < 500 ? errors.body_not_readable(error.message) : errors.internal()
}

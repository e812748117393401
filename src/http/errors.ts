import type { Socket } from 'node:net'
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isHost } from '../core/addresses.ts'
import { ApiError, errors } from '../core/errors.ts'

/** Writes a refusal; its status is set already. */
export type ErrorWriter = (answer: ApiError, request: FastifyRequest, reply: FastifyReply) => FastifyReply

/** Writes every failure of a scope, as the error envelope unless it is to look otherwise, and logs those that are the sandbox's own. */
export function answerErrors (app: FastifyInstance, write: ErrorWriter = writeEnvelope): void {
  app.setErrorHandler((error: FastifyError | ApiError, request, reply) => {
    const answer = apiErrorOf(error, request.headers['content-type'] ?? '', app.initialConfig.bodyLimit ?? 0)
    request.refusal = answer
    if (answer.status >= 500) request.log.error(error)
    return write(answer, request, reply.code(answer.status))
  })
}

export function writeEnvelope (answer: ApiError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (answer.code.startsWith('api_key_')) reply.header('WWW-Authenticate', 'Basic realm="WooshPay sandbox", charset="UTF-8"')
  return reply.send(answer.toJSON())
}

/** Answers what Fastify refuses before it has found a route: addresses that cannot be read. */
export function frameworkErrors (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const answer = errors.request_malformed(error.message)
  void reply.code(answer.status).header('Request-Id', request.id).send(answer.toJSON())
}

/** Answers what is no HTTP that Node can read; there is no request then, so the answer is written to the socket. */
export function clientErrorHandler (error: Pick<ConnectionError, 'code' | 'message'>, socket: Socket): void {
  // What has begun to leave is not to be cut in two.
  const { _httpMessage: answer } = socket as Socket & { readonly _httpMessage?: { readonly headersSent: boolean } | null }
  if (!socket.writable || error.code === 'ECONNRESET' || answer?.headersSent === true) {
    socket.destroy()
    return
  }
  const [status, reason] = CLIENT_ERRORS[error.code] ?? [400, 'Bad Request']
  const body = JSON.stringify(errors.request_malformed(error.message).toJSON())
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout']
}

/** Answers by the sandbox itself what Node would refuse, without the envelope, before any route is asked. */
export function answerForNode (app: FastifyInstance): void {
  // An Expect that nobody knows may as well be ignored.
  app.server.on('checkExpectation', (request, response) => { app.server.emit('request', request, response) })
  app.server.on('connect', (_request, socket: Socket) => {
    clientErrorHandler({ code: 'CONNECT', message: 'CONNECT is for proxies, and the sandbox is none' }, socket)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    // HTTP/1.0 has none; a call that the sandbox makes to itself names one always.
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') throw errors.request_malformed('it has no Host header')
    // It becomes a part of addresses that are answered.
    if (request.host !== '' && !isHost(request.host)) throw errors.request_malformed('its Host header names no host')
    done()
  })
}

/** Says which route there is not; called for a scope, its hooks (authentication, CORS) come first. */
export function answerUnknownRoutes (app: FastifyInstance, docs?: string): void {
  app.setNotFoundHandler(request => {
    throw errors.route_unknown(request.method, request.url.split('?', 1)[0] ?? '', docs)
  })
}

function apiErrorOf (error: FastifyError | ApiError, contentType: string, bodyLimit: number): ApiError {
  if (error instanceof ApiError) return error
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return errors.body_too_large(bodyLimit)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return errors.content_type_unsupported(contentType)
  }
  const { statusCode = 500 } = error
  return statusCode >= 400 && statusCode < 500 ? errors.request_malformed(error.message) : errors.internal()
}

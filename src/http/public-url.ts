import type { FastifyRequest } from 'fastify'

/**
 * The address that a browser is sent to: the one that was set, else the one under which the request came in.
 * @example 'http://localhost:6262'
 */
export function publicUrlOf (request: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl
  const { localAddress, localPort } = request.socket
  // A request of HTTP/1.0 may come without a host.
  return `${request.protocol === 'https' ? 'https' : 'http'}://${request.host || `${localAddress}:${localPort}`}`
}

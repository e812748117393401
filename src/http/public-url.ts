import { Server as TlsServer } from 'node:tls'
import type { FastifyRequest } from 'fastify'

/**
 * The address that a browser is sent to: the one that was set, else the one under which the request came in.
 * @example 'http://localhost:6262'
 */
export function publicUrlOf (request: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl
  const { localAddress, localPort } = request.socket
  // Calls that the sandbox makes to itself come over no socket.
  const isSecure = request.protocol === 'https' || request.server.server instanceof TlsServer
  // A request of HTTP/1.0 may come without a host.
  return `${isSecure ? 'https' : 'http'}://${request.host || `${localAddress}:${localPort}`}`
}

import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { buildApp, type AppOptions } from './app.ts'
import { addressOf, type Config } from './config.ts'
import { SettingError } from './core/settings.ts'

/** A sandbox that listens. */
export interface Server {
  /** Where clients of this machine call it, without a path: `http://127.0.0.1:6262`. */
  readonly address: string
  /** Answers a call without the network, so that neither a certificate nor `PUBLIC_URL` stands in its way. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Answers what is in flight, writes what is left, and ends. */
  readonly close: () => Promise<void>
}

/**
 * Builds the sandbox and listens.
 * @throws SettingError when the address cannot be listened on, DataFileError or FileLockedError when the state cannot be opened
 */
export async function startServer (config: Config, options: AppOptions = {}): Promise<Server> {
  // Before anything is opened, so that a start that is refused for its port leaves no file behind.
  await tryAddress(config)
  const { app } = await buildApp(config, options)
  let isClosed = false
  const close = async (): Promise<void> => {
    isClosed = true
    await app.close()
  }
  try {
    await app.listen({ port: config.PORT, host: config.HOST })
    const { port } = app.server.address() as AddressInfo
    return { address: addressOf({ ...config, PORT: port }), fetch, close }
  } catch (error) {
    await close()
    throw cannotListen(config, error as NodeJS.ErrnoException)
  }

  async function fetch (request: Request): Promise<Response> {
    if (isClosed) throw new Error('it was stopped')
    const { pathname, search } = new URL(request.url)
    const body = await request.text()
    const { statusCode, headers, payload } = await app.inject({
      method: request.method as 'GET',
      url: `${pathname}${search}`,
      headers: Object.fromEntries(request.headers),
      ...(body !== '' && { payload: body })
    })
    return new Response(payload, { status: statusCode, headers: { 'content-type': String(headers['content-type']) } })
  }
}

async function tryAddress (config: Config): Promise<void> {
  const probe = createServer().listen({ port: config.PORT, host: config.HOST })
  try {
    await once(probe, 'listening')
  } catch (error) {
    throw cannotListen(config, error as NodeJS.ErrnoException)
  }
  probe.close()
  await once(probe, 'close')
}

function cannotListen ({ PORT: port, HOST: host }: Config, { code, message }: NodeJS.ErrnoException): SettingError {
  return code === 'EADDRINUSE'
    ? new SettingError(`PORT is ${port}, which another process listens on (${host}); allowed: a free port, or 0.`)
    : new SettingError(`HOST is "${host}" and PORT is ${port}, which cannot be listened on: ${message}.`)
}

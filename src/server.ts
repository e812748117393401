import { once } from 'node:events'
import { createServer } from 'node:net'
import { buildApp, type AppOptions } from './app.ts'
import type { Config } from './config.ts'
import { SettingError } from './core/settings.ts'

/** A sandbox that listens. */
export interface Server {
  /** What clients call and browsers are sent to, without a path: `http://127.0.0.1:6262`, or `PUBLIC_URL`. */
  readonly url: string
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
  const close = async (): Promise<void> => { await app.close() }
  try {
    const address = await app.listen({ port: config.PORT, host: config.HOST })
    return { url: config.PUBLIC_URL ?? address, close }
  } catch (error) {
    await close()
    throw cannotListen(config, error as NodeJS.ErrnoException)
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

import { closeSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { basename, dirname, join } from 'node:path'
import { createSecrets } from '../core/ids.ts'

/** How long a holder has to say its name; one that is stopped or busy still holds. */
const ANSWER_MS = 1000

/** What a holder says to whoever connects. */
interface Holder {
  readonly pid: number
  readonly name: string
  /** Still looking for other holders, so that of two that start at once just one goes on. */
  readonly starting: boolean
}

/** Somebody else holds the file. */
export class FileLockedError extends Error {}

/**
 * Holds a file for this process. The lock is a listening socket beside the file, `<file>.lock-<name>`:
 * the kernel closes it with its process, however that ends, so what is left behind refuses connections and is
 * never mistaken for a holder, whatever process ids do. Each process has a socket of its own name, shows it first
 * and looks for others then; so of two at least one sees the other, and nobody ever removes a living lock.
 *
 * @returns a function that lets go of the file
 * @throws FileLockedError naming the process that holds it
 */
export async function lockFile (file: string): Promise<() => Promise<void>> {
  const folder = dirname(file)
  const prefix = `${basename(file)}.lock-`
  const own = `${prefix}${createSecrets()(8, '')}`
  const directory = openSync(folder, 'r')
  // Socket addresses are short (108 bytes on Linux); through the open folder any path fits.
  const address = (name: string): string =>
    process.platform === 'linux' ? `/proc/self/fd/${directory}/${name}` : join(folder, name)
  let starting = true
  let server: Server | undefined
  const release = async (): Promise<void> => {
    const closed = server === undefined ? undefined : once(server, 'close')
    server?.close()
    await closed
    closeSync(directory)
  }
  try {
    server = await listen(address(own), () => ({ pid: process.pid, name: own, starting }))
    for (const name of readdirSync(folder)) {
      if (!name.startsWith(prefix) || name === own) continue
      const holder = await ask(address(name))
      if (holder === undefined) forget(join(folder, name))
      else if (!holder.starting || holder.name < own) {
        throw new FileLockedError(`${file} is in use by ${holder.pid === 0 ? 'another process' : `process ${holder.pid}`}. ` +
          'Stop that process, or give this one another DATA_FILE.')
      }
    }
  } catch (error) {
    await release()
    throw error
  }
  starting = false
  return release
}

async function listen (address: string, holder: () => Holder): Promise<Server> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.end(JSON.stringify(holder()))
  })
  server.listen(address)
  await once(server, 'listening')
  server.unref()
  return server
}

/** Who listens at an address; undefined when nobody does any more. */
async function ask (address: string): Promise<Holder | undefined> {
  const socket = createConnection(address)
  const silent: Holder = { pid: 0, name: '', starting: false }
  socket.setTimeout(ANSWER_MS, () => { socket.destroy() })
  try {
    await once(socket, 'connect')
  } catch {
    return undefined
  }
  try {
    const parts: Buffer[] = []
    for await (const part of socket) parts.push(part as Buffer)
    return { ...silent, ...JSON.parse(Buffer.concat(parts).toString()) as Partial<Holder> }
  } catch {
    return silent
  }
}

function forget (path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Another process that starts has removed it.
  }
}

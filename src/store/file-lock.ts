import { closeSync, openSync, readdirSync, renameSync, unlinkSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { once } from 'node:events'
import { basename, dirname, join } from 'node:path'
import { createSecrets } from '../core/ids.ts'

/** How long a holder has to answer; one that is stopped or busy still holds. */
const ANSWER_MS = 1000

/** What a process says of itself: still looking for other holders, or holding. One that says nothing in time holds. */
type Answer = 'starting' | 'holding' | ''

/** Somebody else holds the file. */
export class FileLockedError extends Error {}

/**
 * Holds a file for this process. The lock is a listening socket beside the file, `<file>.lock-<pid>-<name>`:
 * the kernel closes it with its process, however that ends, so what is left behind refuses connections and is
 * never mistaken for a holder, whatever process ids do.
 *
 * Each process shows its own socket, which listens by then, and looks for others until a look shows no new ones;
 * only then, in the same breath, it stops saying that it starts. So whoever was told so will be seen by that
 * process, which gives way to the lesser name: of two at least one sees the other, and nobody removes a living lock.
 *
 * @returns a function that lets go of the file
 * @throws FileLockedError naming the process that holds it
 */
export async function lockFile (file: string): Promise<() => Promise<void>> {
  const folder = dirname(file)
  const prefix = `${basename(file)}.lock-`
  const own = `${prefix}${process.pid}-${createSecrets()(8, '')}`
  const directory = openSync(folder, 'r')
  // Socket addresses are short (108 bytes on Linux); through the open folder any path fits.
  const address = (name: string): string =>
    process.platform === 'linux' ? `/proc/self/fd/${directory}/${name}` : join(folder, name)
  let state: Answer = 'starting'
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.end(state, () => { socket.destroy() })
  })
  const release = async (): Promise<void> => {
    remove(join(folder, own))
    server.close()
    closeSync(directory)
  }
  try {
    // Whoever starts may ask, so that another user's left-over tells itself from a holder.
    server.listen({ path: address(`${own}.new`), readableAll: true, writableAll: true })
    await once(server, 'listening')
    server.unref()
    renameSync(join(folder, `${own}.new`), join(folder, own))
    const known = new Set([own])
    for (let others = shown(folder, prefix, known); others.length > 0; others = shown(folder, prefix, known)) {
      for (const other of others) {
        known.add(other)
        const answer = await ask(address(other))
        if (answer === undefined) remove(join(folder, other))
        else if (answer !== 'starting' || other < own) throw lockedBy(file, other.slice(prefix.length))
      }
    }
  } catch (error) {
    await release()
    throw error
  }
  state = 'holding'
  return release
}

function lockedBy (file: string, holder: string): FileLockedError {
  return new FileLockedError(`${file} is in use by process ${Number.parseInt(holder)}. ` +
    'Stop that process, or give this one another DATA_FILE.')
}

/** The sockets in a folder that are not known yet. */
function shown (folder: string, prefix: string, known: ReadonlySet<string>): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isSocket() && entry.name.startsWith(prefix) && /^\d+-\w+$/.test(entry.name.slice(prefix.length)))
    .map(entry => entry.name)
    .filter(name => !known.has(name))
}

/** What the process behind a socket says; undefined when there is none any more. */
async function ask (address: string): Promise<Answer | undefined> {
  const socket = createConnection(address)
  socket.setTimeout(ANSWER_MS, () => { socket.destroy() })
  let answer = ''
  try {
    for await (const part of socket) answer += String(part)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ECONNREFUSED', 'ENOENT'].includes(code)) return undefined
    // It ended while it was asked.
    if (code === 'ECONNRESET') return await ask(address)
    // Anything else does not say that nobody is there: no permission, too many who ask, no answer in time.
  }
  return answer as Answer
}

function remove (path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Another process that starts has removed it.
  }
}

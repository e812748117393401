import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../test/support/process.ts'
import { call, type Call } from './load.ts'

export interface ServerOptions {
  /** Arguments of `node`; `{port}` stands for the port, in the environment too. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Answered with 2xx when the server is ready. */
  readonly probe: Call
}

/** A server in a process of its own. */
export interface Server {
  readonly url: string
  /** From the start of the process to the first answer; milliseconds. */
  readonly startMs: number
  /** Memory that the process holds now; bytes. */
  readonly memory: () => number
  /** Processor time that the process has used so far; milliseconds. */
  readonly cpu: () => number
  /** Asks a probe that was imported into the process, and answers what it says. */
  readonly ask: () => Promise<unknown>
  readonly stop: () => Promise<void>
}

/** Linux counts the time of processes in hundredths of a second. */
const TICK_MS = 10
/** How a call fails while a server starts: nobody listens, or one who only tries the port and hangs up. */
const NOT_YET: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET'])
/** How often a start looks for an answer. */
const LOOK_MS = 2
/** Longer than the sandbox's own 5 s, and than a start with 100,000 payments in memory takes to end. */
const STOP_MS = 10_000

export async function startServer ({ args, env = {}, cwd, probe }: ServerOptions): Promise<Server> {
  const port = await freePort()
  const fill = (text: string): string => text.replaceAll('{port}', String(port))
  const begin = performance.now()
  const child = spawn(process.execPath, args.map(fill), {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)])) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    try {
      await call(url, probe)
      break
    } catch (error) {
      if (!NOT_YET.has((error as NodeJS.ErrnoException).code ?? '') || child.exitCode !== null) {
        child.kill('SIGKILL')
        throw new Error(`node ${args.join(' ')} does not answer: ${String(error)}`)
      }
      await pause(LOOK_MS)
    }
  }
  const startMs = performance.now() - begin
  return {
    url,
    startMs,
    memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    cpu: () => {
      // After the name in brackets, user and system time are the 12th and 13th.
      const [, , , , , , , , , , , user, system] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      return (Number(user) + Number(system)) * TICK_MS
    },
    ask: async () => {
      child.send('?')
      const [answer] = await once(child, 'message') as unknown[]
      return answer
    },
    stop: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const hard = setTimeout(() => { child.kill('SIGKILL') }, STOP_MS)
      await exited
      clearTimeout(hard)
    }
  }
}

/** Runs steps with servers, which are stopped afterwards. */
export async function withServers<const Starts extends ReadonlyArray<() => Promise<Server>>, T> (
  starts: Starts, steps: (...servers: { [Index in keyof Starts]: Server }) => Promise<T>
): Promise<T> {
  const servers: Server[] = []
  try {
    // One after the other: starts are measured too.
    for (const start of starts) servers.push(await start())
    return await steps(...servers as { [Index in keyof Starts]: Server })
  } finally {
    await Promise.all(servers.map(async server => { await server.stop() }))
  }
}

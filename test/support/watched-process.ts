import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const PROBE = new URL('../../bench/probes/memory.mjs', import.meta.url).href
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** Bytes in use after a garbage collection. */
export interface Memory { readonly heapUsed: number, readonly rss: number }

/** A sandbox in a process of its own, whose memory can be measured and whose log is kept. */
export interface WatchedProcess {
  readonly url: string
  readonly memory: () => Promise<Memory>
  /** Whatever the process has printed since its greeting. */
  readonly log: () => string
  /** Asks the process to end; answers its exit code, or the signal that ended it. */
  readonly end: () => Promise<number | string>
}

/** Runs `node dist/main.js` on a free port in a folder, with no environment but the given one; killed when the test ends. */
export async function startWatched (t: Test, folder: string, environment: Readonly<Record<string, string>>): Promise<WatchedProcess> {
  // Through env, since the test runner adds to the environment of the processes that it sees; the channel is named there too.
  const variables = Object.entries({ PATH: process.env.PATH, ...environment }).map(([name, value]) => `${name}=${value}`)
  const child = spawn('sh', [
    '-c', 'exec env -i NODE_CHANNEL_FD="$NODE_CHANNEL_FD" "$@"', 'sh', ...variables,
    process.execPath, '--expose-gc', '--import', PROBE, MAIN, '--port', '0', '--log-level', 'error'
  ], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  t.teardown(() => { child.kill('SIGKILL') })
  let greeting = ''
  let log = ''
  const greeted = new Promise<void>((resolve, reject) => {
    const isWhole = (): boolean => greeting.includes('curl ') && greeting.endsWith('\n\n')
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (isWhole()) log += text
      else greeting += text
      if (isWhole()) resolve()
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { log += text })
    child.once('exit', code => { reject(new Error(`The sandbox ended with ${code}: ${log}`)) })
  })
  await greeted
  return {
    url: /listens on (https?:\/\/\S+)/.exec(greeting)?.[1] ?? '',
    memory: async () => {
      const answer = once(child, 'message')
      child.send('?')
      return (await answer)[0]
    },
    log: () => log,
    end: async () => {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      const [code, name] = await closed as [number | null, string | null]
      return code ?? name ?? ''
    }
  }
}

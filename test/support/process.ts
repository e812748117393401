import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** A sandbox in a process of its own. */
export interface Process {
  readonly child: ChildProcess
  readonly url: string
  readonly greeting: string
  /** Ends the process; answers its exit code, or the signal that ended it. */
  readonly end: (signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT') => Promise<number | string>
}

export interface Settings { readonly flags?: readonly string[], readonly environment?: Readonly<Record<string, string>> }

export function newFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/** Runs `node dist/main.js` in a folder, with no environment but the given one; killed when the test ends. */
export function run (t: Test, folder: string, { flags = [], environment = {} }: Settings): ChildProcess {
  // Through env, since the test runner adds to the environment of the processes that it sees.
  const variables = Object.entries({ PATH: process.env.PATH, ...environment }).map(([name, value]) => `${name}=${value}`)
  const child = spawn('env', ['-i', ...variables, process.execPath, MAIN, ...flags], {
    cwd: folder, stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => { child.kill('SIGKILL') })
  return child
}

/** Starts the sandbox on a free port and waits for its greeting. */
export async function start (t: Test, folder: string, settings: Settings = {}): Promise<Process> {
  const child = run(t, folder, { ...settings, flags: ['--port', '0', '--log-level', 'error', ...settings.flags ?? []] })
  let greeting = ''
  child.stderr?.pipe(process.stderr)
  for await (const part of child.stdout ?? []) {
    greeting += String(part)
    if (greeting.includes('curl ') && greeting.endsWith('\n\n')) break
  }
  return {
    child,
    greeting,
    url: /listens on (https?:\/\/\S+)/.exec(greeting)?.[1] ?? '',
    end: async signal => {
      const exit = once(child, 'exit')
      child.kill(signal)
      const [code, name] = await exit as [number | null, string | null]
      return code ?? name ?? ''
    }
  }
}

/** A port that nobody listens on, for what has to know its port before it starts. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

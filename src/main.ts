#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { readCommandLine, type Order } from './command-line.ts'
import { calledAddress, readConfig, readExecConfig, readTable, resetTable, waitTable } from './config.ts'
import { packageFile } from './core/package-files.ts'
import { SettingError } from './core/settings.ts'
import { SandboxError } from './library/client.ts'
import { DataFileError } from './store/data-file.ts'
import { FileLockedError } from './store/file-lock.ts'

/*
 * The process: from its arguments and environment to a command, and from there to an exit code. Commands are loaded when
 * they are asked for, so that a health check does not load the server.
 */

// Whoever reads the output may have enough of it, as `head` has; what cannot be told ends nothing.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return
  process.exitCode = 1
  complain(`standard output cannot be written: ${message}`)
})
process.stderr.on('error', () => {})

try {
  const code = await run(readCommandLine(process.argv.slice(2)))
  process.exitCode ??= code
} catch (error) {
  const code = exitCode(error)
  if (code === undefined) throw error
  complain((error as Error).message.trim())
  process.exit(code)
}

/** @returns the exit code, if the process ends then */
async function run (order: Order): Promise<number> {
  const { env } = process
  switch (order.command) {
    case 'serve': {
      const config = readConfig(order.flags, env)
      const { serve } = await import('./commands/serve.ts')
      await serve(config)
      return 0
    }
    case 'exec': {
      const config = readExecConfig(order.flags, env, complain)
      const { exec } = await import('./commands/exec.ts')
      return await exec(config, order.run, env)
    }
    case 'wait': {
      const settings = readTable(waitTable, order.flags, env)
      const { wait } = await import('./commands/wait.ts')
      await wait(calledAddress(settings), settings.WAIT_TIMEOUT_MS)
      return 0
    }
    case 'reset': {
      const settings = readTable(resetTable, order.flags, env)
      const { reset } = await import('./commands/reset.ts')
      await reset(calledAddress(settings), settings)
      return 0
    }
    case 'openapi':
      process.stdout.write(readFileSync(packageFile(`openapi/${order.document}.json`)))
      return 0
    case 'print':
      process.stdout.write(order.text)
      return 0
  }
}

function complain (message: string): void {
  process.stderr.write(`wooshpay-sandbox: ${message}\n`)
}

/** Of what is said in a line, without a stack trace: 2 for what was asked in a wrong way, 1 for what went wrong on the way. */
function exitCode (error: unknown): 1 | 2 | undefined {
  if (error instanceof SandboxError) return 1
  const isAskedWrongly = error instanceof SettingError || error instanceof DataFileError || error instanceof FileLockedError ||
    (error instanceof Error && 'code' in error && 'path' in error)
  return isAskedWrongly ? 2 : undefined
}

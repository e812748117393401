import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import type { Config, Texts } from '../config.ts'
import { SettingError } from '../core/settings.ts'
import { startWith } from '../library/start.ts'
import { table } from '../sandbox/coverage/report.ts'

/** What a shell adds to the number of the signal that has ended a command. */
const ENDED_BY_SIGNAL = 128

/**
 * Runs a command against a sandbox of its own, and prints on standard error which situations it has covered.
 * @returns the command's exit code, as a shell would tell it
 * @throws SettingError when there is no such command
 */
export async function exec (config: Config, [command = '', ...args]: readonly string[], environment: Texts): Promise<number> {
  if (command === '') throw new SettingError('The command of exec is ""; allowed: a program of this machine, by its name or path.')
  const sandbox = await startWith(config)
  try {
    const child = spawn(command, args, {
      stdio: 'inherit',
      env: {
        ...environment,
        WOOSHPAY_BASE_URL: sandbox.url,
        WOOSHPAY_SECRET_KEY: sandbox.secretKey,
        ...(config.WEBHOOK_URL !== undefined && { WOOSHPAY_WEBHOOK_SECRET: sandbox.webhookSecret }),
        ...(config.SANDBOX_TOKEN !== undefined && { SANDBOX_TOKEN: config.SANDBOX_TOKEN })
      }
    })
    // The sandbox stays until the command has ended. Ctrl-C in a terminal reaches the command by itself.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
      process.on(signal, () => { if (signal !== 'SIGINT' || !isatty(0)) child.kill(signal) })
    }
    const code = await exitCode(child)
    process.stderr.write(`\nPayment coverage\n${table(await sandbox.coverage())}`)
    return code
  } catch (error) {
    if (!isNoCommand(error)) throw error
    throw new SettingError(`"${command}" cannot be run: ${error.message}; allowed: a program of this machine, by its name or path.`)
  } finally {
    await sandbox.stop()
  }
}

async function exitCode (child: ChildProcess): Promise<number> {
  const [code, signal] = await once(child, 'exit') as [number | null, NodeJS.Signals | null]
  return code ?? ENDED_BY_SIGNAL + constants.signals[signal ?? 'SIGKILL']
}

function isNoCommand (error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && String(error.syscall).startsWith('spawn')
}

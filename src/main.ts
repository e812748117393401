#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { buildApp, type Sandbox } from './app.ts'
import { flagOf, readConfig, settingTable, type Config } from './config.ts'
import { flag, SettingError } from './core/settings.ts'
import { publishableKey } from './store/accounts.ts'
import { FileLockedError } from './store/file-lock.ts'
import { DataFileError } from './store/journal.ts'

/** A key that works at once, for the lines at the start. */
const READY_KEY = 'sk_test_sandbox'
/** How long a stop may take before the process ends anyway. */
const STOP_MS = 4500

try {
  await serve(readConfig(readFlags(process.argv.slice(2)), process.env))
} catch (error) {
  if (!isUserError(error)) throw error
  process.stderr.write(`wooshpay-sandbox: ${error.message.trim()}\n`)
  process.exit(2)
}

async function serve (config: Config): Promise<void> {
  const sandbox = await buildApp(config)
  const address = await listen(sandbox, config)
  if (config.LOG_LEVEL !== 'silent') process.stdout.write(greeting(config.PUBLIC_URL ?? address, config))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => { void stop(sandbox) })
}

async function listen ({ app }: Sandbox, config: Config): Promise<string> {
  try {
    return await app.listen({ port: config.PORT, host: config.HOST })
  } catch (error) {
    await app.close()
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw new SettingError(`PORT is ${config.PORT}, which another process listens on (${config.HOST}); allowed: a free port, or 0.`)
    throw new SettingError(`HOST is "${config.HOST}" and PORT is ${config.PORT}, which cannot be listened on: ${message}.`)
  }
}

/** Answers what is in flight, writes what is left, and ends. */
async function stop ({ app }: Sandbox): Promise<void> {
  setTimeout(() => process.exit(0), STOP_MS).unref()
  await app.close()
  process.exit(0)
}

/** Flags by the names of their settings. */
function readFlags (argv: readonly string[]): Record<string, string> {
  const names = Object.keys(settingTable) as Array<keyof typeof settingTable>
  // A setting that is true or false may stand without a value.
  const args = argv.map(arg => names.some(name => arg === `--${flagOf(name)}` && settingTable[name].kind === flag) ? `${arg}=` : arg)
  const options = Object.fromEntries(names.map(name => [flagOf(name), { type: 'string' as const }]))
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    const [command = 'serve', extra] = positionals
    if (command !== 'serve') throw new SettingError(`"${command}" is not a command; allowed: serve.`)
    if (extra !== undefined) throw new SettingError(`"${extra}" is too much; serve takes flags only, such as --port 6262.`)
    return Object.fromEntries(names.flatMap(name => {
      const value = values[flagOf(name)]
      return value === undefined ? [] : [[name, value]]
    }))
  } catch (error) {
    if (error instanceof SettingError) throw error
    throw new SettingError((error as Error).message)
  }
}

function greeting (address: string, { DATA_FILE: file, PUBLIC_URL: publicUrl, API_KEYS: keys }: Config): string {
  const key = keys?.[0] ?? READY_KEY
  const body = '{"amount":20000,"currency":"IDR","confirm":true,"payment_method_data":{"type":"dana"},"return_url":"http://localhost:3000/done"}'
  return `
wooshpay-sandbox listens on ${address}${publicUrl === undefined ? '' : ' (PUBLIC_URL)'}

  Secret key       ${key}
  Publishable key  ${publishableKey(key)}
  State            ${file === ':memory:' ? 'in memory, nothing is kept' : file}
  API reference    ${address}/docs

Make a payment and open the address in its next_action:

  curl ${address}/v1/payment_intents -u ${key}: -H 'Content-Type: application/json' \\
    -d '${body}'

`
}

/** What the person who starts the sandbox can mend; said in a line, without a stack trace. */
function isUserError (error: unknown): error is Error {
  return error instanceof SettingError || error instanceof DataFileError || error instanceof FileLockedError ||
    (error instanceof Error && 'code' in error && 'path' in error)
}

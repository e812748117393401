#!/usr/bin/env node
import { once } from 'node:events'
import { createServer } from 'node:net'
import { buildApp, type Sandbox } from './app.ts'
import { help, readCommandLine } from './command-line.ts'
import { readConfig, type Config } from './config.ts'
import { publishableKey } from './core/api-keys.ts'
import { SettingError } from './core/settings.ts'
import { DataFileError } from './store/data-file.ts'
import { FileLockedError } from './store/file-lock.ts'

/** A key that works at once, for the lines at the start. */
const READY_KEY = 'sk_test_sandbox'
/** How long a stop may take before the process ends anyway. */
const STOP_MS = 4500

/** Stops what runs so far; a signal may come before the sandbox is there. */
let stop = async (): Promise<void> => {}
let isStopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // A terminal sends Ctrl-C to the whole group, and npm sends it once more: the second one changes nothing.
  process.on(signal, () => {
    if (isStopping) return
    isStopping = true
    setTimeout(() => process.exit(0), STOP_MS).unref()
    stop().then(() => process.exit(0), error => {
      process.stderr.write(`wooshpay-sandbox: the stop failed: ${String(error)}\n`)
      process.exit(1)
    })
  })
}

try {
  const order = readCommandLine(process.argv.slice(2))
  if (order.command === 'help') process.stdout.write(help())
  else await serve(readConfig(order.flags, process.env))
} catch (error) {
  if (!isUserError(error)) throw error
  process.stderr.write(`wooshpay-sandbox: ${error.message.trim()}\n`)
  process.exit(2)
}

async function serve (config: Config): Promise<void> {
  // Before anything is opened, so that a start that is refused for its port leaves no file behind.
  await tryAddress(config)
  const sandbox = await buildApp(config)
  // What is in flight is answered, what is left is written.
  stop = async () => { await sandbox.app.close() }
  const address = await listen(sandbox, config)
  if (config.LOG_LEVEL !== 'silent') process.stdout.write(greeting(config.PUBLIC_URL ?? address, config))
}

async function tryAddress ({ PORT: port, HOST: host }: Config): Promise<void> {
  const probe = createServer().listen({ port, host })
  try {
    await once(probe, 'listening')
  } catch (error) {
    throw cannotListen(port, host, error as NodeJS.ErrnoException)
  }
  probe.close()
  await once(probe, 'close')
}

async function listen ({ app }: Sandbox, { PORT: port, HOST: host }: Config): Promise<string> {
  try {
    return await app.listen({ port, host })
  } catch (error) {
    await app.close()
    throw cannotListen(port, host, error as NodeJS.ErrnoException)
  }
}

function cannotListen (port: number, host: string, { code, message }: NodeJS.ErrnoException): SettingError {
  return code === 'EADDRINUSE'
    ? new SettingError(`PORT is ${port}, which another process listens on (${host}); allowed: a free port, or 0.`)
    : new SettingError(`HOST is "${host}" and PORT is ${port}, which cannot be listened on: ${message}.`)
}

function greeting (address: string, { DATA_FILE: file, PUBLIC_URL: publicUrl, API_KEYS: keys }: Config): string {
  const key = keys?.[0] ?? READY_KEY
  const body = '{"amount":20000,"currency":"IDR","confirm":true,"payment_method_data":{"type":"dana"},"return_url":"http://localhost:3000/done"}'
  return `
wooshpay-sandbox listens on ${address}${publicUrl === undefined ? '' : ' (PUBLIC_URL)'}

  Secret key       ${key}
  Publishable key  ${publishableKey(key)}
  State            ${file === ':memory:' ? 'in memory, nothing is kept' : file}
  Dashboard        ${address}/
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

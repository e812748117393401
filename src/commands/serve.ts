import { isatty } from 'node:tty'
import { readyKey, type Config } from '../config.ts'
import { withoutCredentials } from '../core/addresses.ts'
import { publishableKey } from '../core/api-keys.ts'
import { startServer } from '../server.ts'

/** How long a stop may take before the process ends anyway. */
const STOP_MS = 4500

/** Serves until the process is told to stop; it then ends with 0. */
export async function serve (config: Config): Promise<void> {
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
  const server = await startServer(config, isatty(1) ? { logStream: await readableLog() } : {})
  stop = server.close
  if (config.LOG_LEVEL !== 'silent') process.stdout.write(greeting(config.PUBLIC_URL ?? server.address, config))
}

/** Log lines for people; whatever is no terminal gets JSON. */
async function readableLog (): Promise<NodeJS.WritableStream> {
  const { default: pretty } = await import('pino-pretty')
  // At once, since a long reading of the data file lets nothing else happen.
  return pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' })
}

function greeting (url: string, config: Config): string {
  const { DATA_FILE: file, PUBLIC_URL: publicUrl, WEBHOOK_URL: webhooks, WEBHOOK_SECRET: secret } = config
  const key = readyKey(config)
  const body = '{"amount":20000,"currency":"IDR","confirm":true,"payment_method_data":{"type":"dana"},"return_url":"http://localhost:3000/done"}'
  return `
wooshpay-sandbox listens on ${url}${publicUrl === undefined ? '' : ' (PUBLIC_URL)'}

  Secret key       ${key}
  Publishable key  ${publishableKey(key)}
  State            ${file === ':memory:' ? 'in memory, nothing is kept' : file}
${webhooks === undefined ? '' : `  Webhooks         to ${withoutCredentials(webhooks)}, signed with ${secret === undefined ? 'a secret of each account; WEBHOOK_SECRET sets one for all' : 'WEBHOOK_SECRET'}\n`}  Dashboard        ${url}/
  API reference    ${url}/docs

Make a payment and open the address in its next_action:

  curl ${url}/v1/payment_intents -u ${key}: -H 'Content-Type: application/json' \\
    -d '${body}'

`
}

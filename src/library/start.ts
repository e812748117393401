import { execTable, readConfig, readyKey, type Config, type Texts } from '../config.ts'
import { publishableKey } from '../core/api-keys.ts'
import { createSecrets } from '../core/ids.ts'
import { readSetting, SettingError, type Setting } from '../core/settings.ts'
import { clientOf, type SandboxClient } from './client.ts'

type CamelCase<Name extends string> = Name extends `${infer Word}_${infer Rest}` ? `${Lowercase<Word>}${Capitalize<CamelCase<Rest>>}` : Lowercase<Name>

/**
 * The settings of `wooshpay-sandbox serve`, in camel case: `webhookUrl` is `WEBHOOK_URL`. Each takes its value, or the
 * text that a flag would have.
 */
export type StartOptions = { readonly [Name in keyof Config as CamelCase<Name>]?: Config[Name] | TextOf<Config[Name]> }

/** Where the value is no text, the text of it; a closed list of words stays closed. */
type TextOf<Value> = Value extends string | undefined ? never : string

/** A sandbox in this process. Its calls concern all accounts; `account` has those of one. */
export interface Sandbox extends SandboxClient, AsyncDisposable {
  /** What the shop's code calls in the place of WooshPay, without `/v1`: `http://127.0.0.1:41523`. */
  readonly url: string
  /** A key for the shop; any other `sk_test_…` opens an account of its own. */
  readonly secretKey: string
  /** The publishable key of the same account. */
  readonly publishableKey: string
  /** The secret of the endpoint that every account has at `webhookUrl`. */
  readonly webhookSecret: string
  /** The same calls for one account. */
  readonly account: (secretKey: string) => SandboxClient
  /** Answers what is in flight, and ends. */
  readonly stop: () => Promise<void>
}

/**
 * Starts a sandbox in this process: in memory, on a free port of 127.0.0.1, silent, unless the options say otherwise.
 * The environment is not read. Many can run at once. The process goes on until each was stopped.
 * @throws SettingError naming the option, its value and what is allowed
 * @example
 * const sandbox = await startSandbox({ webhookUrl: 'http://127.0.0.1:3000/webhooks' })
 * const shop = startShop({ wooshpay: sandbox.url, key: sandbox.secretKey, webhookSecret: sandbox.webhookSecret })
 * // … and at the end
 * await sandbox.stop()
 */
export async function startSandbox (options: StartOptions = {}): Promise<Sandbox> {
  return await startWith(readConfig({ LOG_LEVEL: 'silent', ...textsOf(options) }, {}, execTable))
}

/** Starts a sandbox in this process from settings that were read. */
export async function startWith (settings: Config): Promise<Sandbox> {
  // One secret for all accounts, since the shop is told one.
  const webhookSecret = settings.WEBHOOK_SECRET ?? `whsec_${createSecrets(settings.SEED)(32, 'webhook secret')}`
  const config = { ...settings, WEBHOOK_SECRET: webhookSecret }
  // Loaded here, so that a shop that only verifies signatures does not load the server.
  const { startServer } = await import('../server.ts')
  const { address: url, fetch, close } = await startServer(config)
  const client = (secretKey?: string): SandboxClient => clientOf({ url, secretKey, token: config.SANDBOX_TOKEN }, fetch)
  const secretKey = readyKey(config)
  // Opens the account, so that outcomes can be lined up before the shop's first call.
  await client(secretKey).clock.read()
  return {
    ...client(),
    url,
    secretKey,
    publishableKey: publishableKey(secretKey),
    webhookSecret,
    account: key => client(String(key)),
    stop: close,
    [Symbol.asyncDispose]: close
  }
}

/** The options as texts of their settings; a wrong one is named as it was given. */
function textsOf (options: StartOptions): Texts {
  const settings = new Map(Object.entries<Setting<unknown>>(execTable).map(([name, setting]) => [camelCase(name), { name, setting }]))
  return Object.fromEntries(Object.entries<unknown>(options).filter(([, value]) => value !== undefined && value !== null).map(([option, value]) => {
    const { name, setting } = settings.get(option) ?? {}
    if (name === undefined || setting === undefined) throw new SettingError(`"${option}" is not an option; allowed: ${[...settings.keys()].join(', ')}.`)
    const text = value instanceof Date ? value.toISOString() : String(value)
    if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)) throw new SettingError(`${option} is an object; allowed: ${setting.kind.allowed}.`)
    readSetting(option, setting, text)
    return [name, text]
  }))
}

/** @example camelCase('PUBLIC_URL') // 'publicUrl' */
function camelCase (name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_match, letter: string) => letter.toUpperCase())
}

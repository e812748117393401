import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { isHttpAddress } from './core/addresses.ts'
import { parseApiKey, READY_KEY } from './core/api-keys.ts'
import { parseTime } from './core/clock.ts'
import { EVENT_TYPE } from './core/event-types.ts'
import { ID_TIMES } from './core/ids.ts'
import {
  either, flag, integer, listOf, matching, oneOf, optional, readSetting, readSettings, SettingError, text,
  type Keep, type Kind, type Setting, type SettingTable, type ValuesOf
} from './core/settings.ts'
import { switchTable } from './core/switches.ts'

export const httpAddress: Kind<string> = {
  allowed: 'an http or https address without a path, such as https://sandbox.test',
  parse: value => {
    if (!isHttpAddress(value)) return undefined
    const { origin, pathname, search, hash } = new URL(value)
    return `${pathname}${search}${hash}` === '/' ? origin : undefined
  }
}

const webhookAddress: Kind<string> = {
  allowed: 'an http or https address, such as http://localhost:3000/webhooks',
  parse: value => isHttpAddress(value) ? value : undefined
}

export const secretKey: Kind<string> = {
  allowed: 'keys that start with sk_test_',
  parse: value => {
    const key = parseApiKey(value)
    return key?.kind === 'sk' && key.mode === 'test' ? value : undefined
  }
}

const time: Kind<number> = {
  allowed: `a time from ${new Date(ID_TIMES.from).toISOString()} to ${new Date(ID_TIMES.to).toISOString()}, in ISO 8601 or epoch milliseconds`,
  parse: value => {
    const ms = parseTime(value)
    return ms !== undefined && ms >= ID_TIMES.from && ms <= ID_TIMES.to ? ms : undefined
  }
}

const DAY_MS = 24 * 60 * 60 * 1000
const YEAR_MS = 365 * DAY_MS

/** Settings of the whole process; an account cannot change them. */
const processTable = {
  PORT: { kind: integer(0, 65535), default: 6262, about: 'Port to listen on; 0 takes a free one' },
  HOST: { kind: text, default: '127.0.0.1', about: 'Address to listen on; 0.0.0.0 for all of the machine' },
  PUBLIC_URL: { kind: optional(httpAddress), default: undefined, about: 'What browsers are sent to; left out: the host that a request was sent to' },
  TRUST_PROXY: { kind: flag, default: false, about: 'Take the public host and scheme from `X-Forwarded-*` headers' },
  TLS_CERT: { kind: optional(text), default: undefined, about: 'Certificate file (PEM), to serve https; needs `TLS_KEY`' },
  TLS_KEY: { kind: optional(text), default: undefined, about: 'Private key file (PEM) of `TLS_CERT`' },
  DATA_FILE: { kind: text, default: './data/sandbox.json', about: 'Where the state lies; `:memory:` keeps nothing' },
  DURABILITY: {
    kind: oneOf('process', 'disk'),
    default: 'process',
    about: 'What an answered write survives: the end of the `process` (kill -9 too), or also that of the machine (`disk`)'
  },
  API_KEYS: {
    kind: optional(listOf(secretKey)),
    default: undefined,
    about: 'The only secret keys that are taken, with commas between; left out: every `sk_test_…` opens an account of its own'
  },
  WEBHOOK_URL: { kind: optional(webhookAddress), default: undefined, about: 'A webhook endpoint that every account has from its first use' },
  WEBHOOK_SECRET: { kind: optional(text), default: undefined, about: 'The secret of that endpoint; left out: made for each account' },
  WEBHOOK_EVENTS: {
    kind: listOf(either(oneOf('*'), matching(EVENT_TYPE, 'types of events'))),
    default: ['*'] as readonly string[],
    about: 'The events of that endpoint, with commas between'
  },
  SEED: { kind: optional(text), default: undefined, about: 'Makes secrets, and faults that are left to chance, repeat from run to run' },
  CLOCK: { kind: optional(time), default: undefined, about: 'The time at which the clock of an empty data file stands still; ids repeat too' },
  SANDBOX_TOKEN: { kind: optional(matching(/^[\x21-\x7e]+$/, 'letters, digits and punctuation, as a header can hold them')), default: undefined, about: 'What callers of `/_sandbox` have to send in `X-Sandbox-Token`, but for its health; left out: nothing' },
  ALLOWED_HOSTS: {
    kind: listOf(matching(/^[a-z0-9.-]+$/i, 'host names')),
    default: [] as readonly string[],
    about: 'Further host names under which `/_sandbox` may be called, with commas between'
  },
  KEEP_REQUESTS: { kind: integer(0, 100_000), default: 1000, about: 'How many of the last API calls are remembered, of all accounts together; they are not stored' },
  KEEP_REQUESTS_MS: { kind: integer(0, YEAR_MS), default: 7 * DAY_MS, about: 'For how long the last API calls are remembered, in real time' },
  KEEP_IDEMPOTENCY_KEYS: { kind: integer(0, 1_000_000), default: 100_000, about: 'How many answers are kept for an `Idempotency-Key` that may come again, of all accounts together' },
  KEEP_IDEMPOTENCY_KEYS_MS: { kind: integer(0, YEAR_MS), default: DAY_MS, about: 'For how long the answer of an `Idempotency-Key` is kept' },
  KEEP_DELIVERIES: { kind: integer(0, 1_000_000), default: 100_000, about: 'How many deliveries that have ended an account keeps, with what was sent and answered' },
  KEEP_DELIVERIES_MS: { kind: integer(0, YEAR_MS), default: 30 * DAY_MS, about: 'For how long a delivery that has ended is kept; older ones go when the next one ends' },
  MERCHANT_NAME: { kind: text, default: 'Sandbox Shop', about: 'What the pages call the shop' },
  LOG_LEVEL: { kind: oneOf('info', 'silent', 'error', 'warn', 'debug'), default: 'info', about: 'How much is printed' }
} as const satisfies Readonly<Record<string, Setting<unknown>>>

/** Every setting of the server: a flag (`--public-url`) and an environment variable (`PUBLIC_URL`) of the same name. */
export const settingTable = { ...processTable, ...switchTable } as const

export type Config = ValuesOf<typeof settingTable>

/** Settings of the commands that call a sandbox: where it is, and which of its accounts they concern. */
const callTable = {
  WOOSHPAY_BASE_URL: { kind: optional(httpAddress), default: undefined, about: 'The sandbox to call; left out: where `serve` would listen with the same `PORT`, `HOST` and `TLS_CERT`' },
  PORT: processTable.PORT,
  HOST: processTable.HOST,
  TLS_CERT: processTable.TLS_CERT
} as const satisfies SettingTable

export const waitTable = {
  ...callTable,
  WAIT_TIMEOUT_MS: { kind: integer(0, 600_000), default: 30_000, about: 'How long to wait' }
} as const satisfies SettingTable

export const resetTable = {
  ...callTable,
  WOOSHPAY_SECRET_KEY: { kind: optional(secretKey), default: undefined, about: 'The account to empty; left out: all' },
  SANDBOX_TOKEN: processTable.SANDBOX_TOKEN
} as const satisfies SettingTable

/** Texts of settings by their names, as flags or an environment give them. */
export type Texts = Readonly<Record<string, string | undefined>>

/** The settings of a sandbox that lives as long as a command: a free port, nothing kept, the terminal left to the command. */
export const execTable = {
  ...settingTable,
  PORT: { ...settingTable.PORT, default: 0 },
  DATA_FILE: { ...settingTable.DATA_FILE, default: ':memory:' },
  LOG_LEVEL: { ...settingTable.LOG_LEVEL, default: 'error' }
} as const satisfies SettingTable

/** Settings that `exec` takes from its flags alone: in its environment they are those of the shop that it runs. */
const SHOPS_OWN = ['PORT', 'HOST', 'PUBLIC_URL', 'TRUST_PROXY', 'TLS_CERT', 'TLS_KEY', 'DATA_FILE', 'LOG_LEVEL'] as const satisfies ReadonlyArray<keyof Config>

/** Reads the settings of a table: a flag goes before the environment, which goes before the default. An empty variable counts as none. */
export function readTable<Table extends SettingTable> (table: Table, flags: Texts, environment: Texts): ValuesOf<Table> {
  return readSettings(table, Object.fromEntries(Object.keys(table).map(name => [name, flags[name] ?? (environment[name] || undefined)])))
}

/**
 * Reads the settings of the server.
 * @param table with defaults of its own, where the server is not that of `serve`
 */
export function readConfig (flags: Texts, environment: Texts, table: typeof settingTable | typeof execTable = settingTable): Config {
  const config = readTable(table, flags, environment)
  if ((config.TLS_CERT === undefined) !== (config.TLS_KEY === undefined)) {
    const [given, missing] = config.TLS_CERT === undefined ? ['TLS_KEY', 'TLS_CERT'] : ['TLS_CERT', 'TLS_KEY']
    throw new SettingError(`${given} is "${config.TLS_CERT ?? config.TLS_KEY}", but ${missing} is not set; https needs both.`)
  }
  return config
}

/**
 * The certificate and key to serve https with, if they are set.
 * @throws SettingError when a file cannot be read, or is none
 */
export function readTls ({ TLS_CERT: cert, TLS_KEY: key }: Config): { cert: Buffer, key: Buffer } | undefined {
  if (cert === undefined || key === undefined) return undefined
  const pair = { cert: readPem('TLS_CERT', cert), key: readPem('TLS_KEY', key) }
  try {
    createSecureContext(pair)
  } catch (error) {
    throw new SettingError(`TLS_CERT is "${cert}" and TLS_KEY is "${key}", which are no certificate and its key in PEM: ${(error as Error).message}.`)
  }
  return pair
}

/**
 * The file that a setting names.
 * @throws SettingError when it cannot be read
 */
export function readPem (name: 'TLS_CERT' | 'TLS_KEY', path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new SettingError(`${name} is "${path}", which cannot be read: ${(error as Error).message}.`)
  }
}

/**
 * Reads the settings of a sandbox beside a command. The environment is that of a shop, whose variables may have the names
 * of settings and mean something else: what is no value of the setting is passed over.
 * @param passOver told of each
 */
export function readExecConfig (flags: Texts, environment: Texts, passOver: (message: string) => void): Config {
  const own = Object.entries<Setting<unknown>>(execTable).flatMap(([name, setting]) => {
    const text = environment[name]
    if (!text || SHOPS_OWN.some(shops => shops === name)) return []
    try {
      readSetting(name, setting, text)
      return [[name, text]]
    } catch (error) {
      passOver(`${(error as Error).message} It stands in the environment, so it is left to the command.`)
      return []
    }
  })
  return readConfig(flags, Object.fromEntries(own) as Texts, execTable)
}

/** A key that the sandbox takes at once. */
export function readyKey ({ API_KEYS: keys }: Config): string {
  return keys?.[0] ?? READY_KEY
}

/**
 * The sandbox that a command calls: the one that is named, or the one that `serve` starts on this machine with the same settings.
 * @throws SettingError when it cannot be known
 */
export function calledAddress (settings: ValuesOf<typeof callTable>): string {
  const { WOOSHPAY_BASE_URL: url, PORT: port } = settings
  if (url === undefined && port === 0) throw new SettingError('PORT is "0", which says not where the sandbox is; allowed: its port, or WOOSHPAY_BASE_URL.')
  return url ?? addressOf(settings)
}

/** Where a server with these settings is called from its own machine. */
export function addressOf ({ PORT: port, HOST: host, TLS_CERT: cert }: Pick<Config, 'PORT' | 'HOST' | 'TLS_CERT'>): string {
  const name = ({ '0.0.0.0': '127.0.0.1', '::': '::1' } as Record<string, string>)[host] ?? host
  return `${cert === undefined ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** How much is kept of a kind of thing that would grow for ever. */
export function keepOf (config: Config, what: 'REQUESTS' | 'IDEMPOTENCY_KEYS' | 'DELIVERIES'): Keep {
  return { count: config[`KEEP_${what}`], ms: config[`KEEP_${what}_MS`] }
}

/** @example flagOf('PUBLIC_URL') // 'public-url' */
export function flagOf (name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

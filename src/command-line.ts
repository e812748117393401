import { parseArgs } from 'node:util'
import { flagOf, settingTable } from './config.ts'
import { flag, SettingError, type Setting } from './core/settings.ts'

/** What a command line asks for. */
export type Order =
  | { readonly command: 'serve', readonly flags: Readonly<Record<string, string>> }
  | { readonly command: 'help' }

const names = Object.keys(settingTable) as Array<keyof typeof settingTable>

/**
 * Reads the arguments; flags are named after their settings.
 * @throws SettingError naming what is not known
 * @example readCommandLine(['--port', '0']) // { command: 'serve', flags: { PORT: '0' } }
 */
export function readCommandLine (argv: readonly string[]): Order {
  const args = argv.map((arg, index) => standsAlone(arg, argv[index + 1]) ? `${arg}=` : arg)
  const { values, positionals } = parse(args)
  if (values.help === true) return { command: 'help' }
  const [command = 'serve', extra] = positionals
  if (command !== 'serve') throw new SettingError(`"${command}" is not a command; allowed: serve.`)
  if (extra !== undefined) throw new SettingError(`"${extra}" is too much; serve takes flags only, such as --port 6262.`)
  const flags = names.flatMap(name => {
    const value = values[flagOf(name)]
    return typeof value === 'string' ? [[name, value]] : []
  })
  return { command, flags: Object.fromEntries(flags) as Record<string, string> }
}

/** What `--help` prints: every setting with its default. */
export function help (): string {
  const settings = names.map(name => {
    const { about, default: fallback }: Setting<unknown> = settingTable[name]
    const shown = [fallback].flat().join(',')
    return `  --${flagOf(name).padEnd(20)} ${about.replaceAll('`', '')}${shown === '' ? '' : ` (${shown})`}`
  })
  return `Usage: wooshpay-sandbox [serve] [flags]

Serves a sandbox of the WooshPay API and the DANA wallet. A flag goes before the environment variable
of the same name (--public-url and PUBLIC_URL), which goes before the default.

${settings.join('\n')}
`
}

/** A setting that is true or false needs no value. */
function standsAlone (arg: string, next: string | undefined): boolean {
  const name = names.find(name => arg === `--${flagOf(name)}`)
  return name !== undefined && settingTable[name].kind === flag && (next === undefined || flag.parse(next) === undefined)
}

function parse (args: string[]): { values: Record<string, string | boolean | undefined>, positionals: string[] } {
  const settings = Object.fromEntries(names.map(name => [flagOf(name), { type: 'string' as const }]))
  try {
    return parseArgs({ args, options: { ...settings, help: { type: 'boolean', short: 'h' } }, allowPositionals: true })
  } catch (error) {
    const given = /'(-[^\s=']*)/.exec((error as Error).message)?.[1] ?? args.join(' ')
    const name = names.find(name => given === `--${flagOf(name)}`)
    if (name !== undefined) throw new SettingError(`${name} has no value, as in ${given}=VALUE; allowed: ${settingTable[name].kind.allowed}.`)
    throw new SettingError(`"${given}" is not a flag; allowed: --help, ${names.map(name => `--${flagOf(name)}`).join(', ')}.`)
  }
}

import { Command, CommanderError, Option } from 'commander'
import { execTable, flagOf, resetTable, settingTable, waitTable } from './config.ts'
import { maskKeys } from './core/api-keys.ts'
import { PACKAGE_VERSION } from './core/package-files.ts'
import { flag, SettingError, type Setting, type SettingTable } from './core/settings.ts'

/** The documents that ship in `openapi`. */
const DOCUMENTS = ['wooshpay', 'sandbox'] as const

/** What a command line asks for. Flags are texts by the names of their settings. */
export type Order =
  | { readonly command: 'serve' | 'wait' | 'reset', readonly flags: Flags }
  | { readonly command: 'exec', readonly flags: Flags, readonly run: readonly string[] }
  | { readonly command: 'openapi', readonly document: (typeof DOCUMENTS)[number] }
  | { readonly command: 'print', readonly text: string }

export type Flags = Readonly<Record<string, string>>

const EXAMPLES = `
Examples:
  wooshpay-sandbox                                   serves on http://127.0.0.1:6262
  wooshpay-sandbox --port 0 --data-file :memory:     on a free port, keeping nothing
  wooshpay-sandbox exec -- npm test                  runs tests against a sandbox of their own
  wooshpay-sandbox exec --webhook-url http://localhost:3000/webhooks -- npm test
  wooshpay-sandbox wait && npm test                  waits until a sandbox answers
  wooshpay-sandbox reset                             empties it

Every flag has an environment variable of the same name: --public-url is PUBLIC_URL. A flag goes before the
variable, which goes before the default. "wooshpay-sandbox serve --help" tells all settings; serve is what it does
when no command is given.

Exit codes: 0 when it went well, 1 when it failed, 2 when something was asked in a wrong way; exec has that of its command.
`

const EXEC_HELP = `
The command finds WOOSHPAY_BASE_URL (without /v1) and WOOSHPAY_SECRET_KEY in its environment, and with --webhook-url
WOOSHPAY_WEBHOOK_SECRET. The environment's own PORT, HOST, PUBLIC_URL, TRUST_PROXY, TLS_CERT, TLS_KEY, DATA_FILE and
LOG_LEVEL are the shop's: they reach the command, and the sandbox takes these settings from its flags alone. The other
variables count, unless their text is no value of the setting; that is said, and left to the command.
`

/**
 * Reads the arguments; flags are named after their settings.
 * @throws SettingError naming what is not known, and what is near it
 * @example readCommandLine(['--port', '0']) // { command: 'serve', flags: { PORT: '0' } }
 */
export function readCommandLine (argv: readonly string[]): Order {
  let order: Order | undefined
  let printed = ''
  const give = (given: Order): void => { order = given }
  const program = new Command('wooshpay-sandbox')
    .description('A sandbox of the WooshPay payment API and the DANA wallet, for integration tests.')
    .usage('[command] [flags]')
    .version(PACKAGE_VERSION, '-v, --version', 'tell the version')
    .helpOption('-h, --help', 'tell what can be asked for')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .enablePositionalOptions()
    .configureHelp({ helpWidth: 118 })
    .configureOutput({ writeOut: text => { printed += text }, writeErr: () => {} })

  command(program, 'serve', 'serve until told to stop', settingTable)
    .action((values: Values) => { give({ command: 'serve', flags: flagsOf(settingTable, values) }) })
  command(program, 'exec', 'run a command against a sandbox of its own, and print what it has covered', execTable)
    .usage('[flags] -- <command...>')
    .argument('<command...>', 'the command and its arguments')
    .passThroughOptions()
    .addHelpText('after', EXEC_HELP)
    .action((run: string[], values: Values) => { give({ command: 'exec', flags: flagsOf(execTable, values), run }) })
  command(program, 'wait', 'wait until a sandbox answers', waitTable)
    .action((values: Values) => { give({ command: 'wait', flags: flagsOf(waitTable, values) }) })
  command(program, 'reset', 'empty a sandbox, or one account of it', resetTable)
    .action((values: Values) => { give({ command: 'reset', flags: flagsOf(resetTable, values) }) })
  command(program, 'openapi', 'print the OpenAPI document of the WooshPay API, or of the sandbox\'s own calls', {})
    .argument('[document]', DOCUMENTS.join(' or '), DOCUMENTS[0])
    .action((name: string) => {
      const document = DOCUMENTS.find(document => document === name)
      if (document === undefined) throw new SettingError(`"${name}" is not a document; allowed: ${DOCUMENTS.join(', ')}.`)
      give({ command: 'openapi', document })
    })
  program.exitOverride(error => { throw userError(error, program, {}) })

  const [first] = argv
  const isForAll = first !== undefined && (!first.startsWith('-') || ['-h', '--help', '-v', '--version'].includes(first))
  try {
    program.parse(isForAll ? argv : ['serve', ...argv], { from: 'user' })
  } catch (error) {
    // So the parser ends when it has printed something.
    if (!(error instanceof CommanderError)) throw error
  }
  return order ?? { command: 'print', text: printed }
}

type Values = Readonly<Record<string, string | true | undefined>>

/** A command with a flag for each of its settings. */
function command (program: Command, name: string, about: string, table: SettingTable): Command {
  const command = program.command(name).description(about).helpOption('-h, --help', 'tell what can be asked for')
  for (const [name, { kind, about, default: fallback }] of Object.entries<Setting<unknown>>(table)) {
    const shown = [fallback].flat().join(',')
    // A setting that is true or false needs no value.
    command.option(`--${flagOf(name)} ${kind === flag ? '[value]' : '<value>'}`, `${about.replaceAll('`', '')}${shown === '' ? '' : ` (${shown})`}`)
  }
  return command.exitOverride(error => { throw userError(error, command, table) })
}

function flagsOf (table: SettingTable, values: Values): Flags {
  return Object.fromEntries(Object.keys(table).flatMap(name => {
    const value = values[new Option(`--${flagOf(name)}`).attributeName()]
    return value === undefined ? [] : [[name, value === true ? 'true' : value]]
  }))
}

/** What the parser refuses, in the words of the other messages; its own error when it refuses nothing. */
function userError (error: CommanderError, { args, registeredArguments, commands, options, parent }: Command, table: SettingTable): Error {
  if (error.exitCode === 0) return error
  const named = maskKeys(/'([^']*)'/.exec(error.message)?.[1] ?? '')
  const near = /\(Did you mean (.+)\?\)/.exec(error.message)?.[1]
  const isNot = (what: string, allowed: readonly string[]): string =>
    `"${named}" is not a ${what}; ${near === undefined ? '' : `did you mean ${near}? `}allowed: ${allowed.join(', ')}.`
  switch (error.code) {
    case 'commander.unknownOption':
      return new SettingError(isNot('flag', [...options.map(({ long }) => String(long)), '--help']))
    case 'commander.unknownCommand':
      return new SettingError(isNot('command', commands.map(command => command.name())))
    case 'commander.optionMissingArgument': {
      const [option = ''] = named.split(' ')
      const [name, setting] = Object.entries<Setting<unknown>>(table).find(([name]) => `--${flagOf(name)}` === option) ?? []
      return new SettingError(`${name} has no value, as in ${option}=VALUE; allowed: ${setting?.kind.allowed}.`)
    }
    case 'commander.excessArguments': {
      const extra = args[registeredArguments.length] ?? ''
      const isCommand = parent?.commands.some(command => command.name() === extra) === true
      return new SettingError(`"${maskKeys(extra)}" is too much; ${isCommand ? 'a command comes first, its flags after it.' : `allowed: flags, such as ${options[0]?.long ?? '--help'}.`}`)
    }
    case 'commander.missingArgument':
      return new SettingError('exec has no command to run; allowed: one after two dashes, as in wooshpay-sandbox exec -- npm test.')
    default:
      return new SettingError(error.message.replace(/^error: /, ''))
  }
}

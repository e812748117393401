import { maskKeys } from './api-keys.ts'

/** A kind of value that a setting takes: how its text is read, and what to say when it can't be. */
export interface Kind<T> {
  /** What is allowed, as it stands in messages and in the README. */
  readonly allowed: string
  /** The value, or undefined when the text is none. */
  readonly parse: (text: string) => T | undefined
}

export interface Setting<T> {
  readonly kind: Kind<T>
  readonly default: T
  /** One sentence for `--help` and the README. */
  readonly about: string
}

export type SettingTable = Readonly<Record<string, Setting<unknown>>>

/** The values of a table of settings. */
export type ValuesOf<Table extends SettingTable> =
  { readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never }

/** How much is kept of what would grow for ever. */
export interface Keep {
  readonly count: number
  readonly ms: number
}

/** A setting whose text is not allowed. */
export class SettingError extends Error {
  override readonly name = 'SettingError'
}

/**
 * Reads every setting of a table; those without a text get their default.
 * @throws SettingError naming the setting, the value and what is allowed
 */
export function readSettings<Table extends SettingTable> (
  table: Table, texts: Readonly<Record<string, string | undefined>>
): ValuesOf<Table> {
  const values = Object.entries(table).map(([name, setting]) => {
    const text = texts[name]
    return [name, text === undefined ? setting.default : readSetting(name, setting, text)]
  })
  return Object.fromEntries(values) as ValuesOf<Table>
}

/**
 * The value of a setting.
 * @param name as the message is to say it
 * @throws SettingError naming the setting, the value and what is allowed
 */
export function readSetting<T> (name: string, { kind }: Pick<Setting<T>, 'kind'>, text: string): T {
  const value = kind.parse(text)
  if (value === undefined) throw new SettingError(`${name} is ${JSON.stringify(maskKeys(text))}; allowed: ${kind.allowed}.`)
  return value
}

export function oneOf<const Values extends readonly string[]> (...values: Values): Kind<Values[number]> {
  return { allowed: values.join(', '), parse: text => values.find(value => value === text) }
}

export function integer (least: number, most: number): Kind<number> {
  return {
    allowed: `an integer from ${least} to ${most}`,
    parse: text => /^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined
  }
}

export const flag: Kind<boolean> = {
  allowed: 'true or false',
  // An option without a value, as `--strict-parameters`, arrives as the empty text.
  parse: text => ['', 'true', '1', 'yes', 'on'].includes(text) ? true : ['false', '0', 'no', 'off'].includes(text) ? false : undefined
}

export const text: Kind<string> = { allowed: 'any text but the empty one', parse: text => text === '' ? undefined : text }

/** Items between commas. */
export function listOf<T> (item: Kind<T>): Kind<readonly T[]> {
  return {
    allowed: `${item.allowed}; several with commas between`,
    parse: text => {
      const items = text.split(',').map(part => item.parse(part.trim()))
      return items.every(value => value !== undefined) ? items : undefined
    }
  }
}

export function either<A, B> (first: Kind<A>, second: Kind<B>): Kind<A | B> {
  return { allowed: `${first.allowed}, or ${second.allowed}`, parse: text => first.parse(text) ?? second.parse(text) }
}

/** Text that matches a pattern. */
export function matching (pattern: RegExp, allowed: string): Kind<string> {
  return { allowed, parse: text => pattern.test(text) ? text : undefined }
}

export function optional<T> (kind: Kind<T>): Kind<T | undefined> {
  return kind
}

import { createHmac } from 'node:crypto'
import { customAlphabet, customRandom } from 'nanoid'

/** The first millisecond of Twitter's snowflake ids, which every documented WooshPay id decodes to. */
const EPOCH_MS = 1288834974657n
const TIME_SHIFT = 22n
/** Ids of one millisecond: the low 12 bits. */
const SEQUENCES = 4096
/** How many recent milliseconds are remembered, so that accounts which share one do not try ids one by one. */
const REMEMBERED_MS = 1024
const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Ids have 19 digits, as every documented one, between these times (epoch milliseconds). */
export const ID_TIMES = { from: Date.UTC(2018, 6, 1), to: Date.UTC(2080, 5, 1) } as const

/** What every id starts with: one prefix for each kind of object. */
export type IdPrefix =
  'pi' | 'pm' | 'cs' | 'li' | 'price' | 'prod' | 're' | 'ch' | 'we' | 'evt' | 'cus' | 'dlv' | 'flt' | 'snap'

interface Position { ms: number, sequence: number }

/**
 * Makes the numbers of ids: `(ms − 1288834974657) << 22`, plus a sequence number within one millisecond.
 * Numbers of one account only grow, also when its clock is set back; no two accounts get the same id.
 */
export class SnowflakeIds {
  readonly #last = new Map<string, Position>()
  readonly #free = new Map<number, number>()
  readonly #isTaken: (id: string) => boolean
  readonly #latestOf: (account: string) => string | undefined

  /**
   * @param isTaken whether an id is in use, in any account
   * @param latestOf the newest id of an account that was read from a file, so that its ids go on from there
   */
  constructor (
    isTaken: (id: string) => boolean = () => false,
    latestOf: (account: string) => string | undefined = () => undefined
  ) {
    this.#isTaken = isTaken
    this.#latestOf = latestOf
  }

  /** @example ids.next('pi', 'acct_1', 1681356962654) // 'pi_1646356544343769088' */
  next (prefix: IdPrefix, account: string, nowMs: number): string {
    const last = this.#last.get(account) ?? this.#restored(account)
    let ms = Math.max(nowMs, last.ms)
    for (;;) {
      const own = ms === last.ms ? last.sequence + 1 : 0
      for (let sequence = Math.max(own, this.#free.get(ms) ?? 0); sequence < SEQUENCES; sequence++) {
        const id = `${prefix}_${(BigInt(ms) - EPOCH_MS << TIME_SHIFT) + BigInt(sequence)}`
        if (this.#isTaken(id)) continue
        this.#last.set(account, { ms, sequence })
        this.#remember(ms, sequence + 1)
        return id
      }
      ms++
    }
  }

  #restored (account: string): Position {
    const latest = this.#latestOf(account)
    if (latest === undefined) return { ms: 0, sequence: -1 }
    return { ms: idTime(latest), sequence: Number(BigInt(idNumber(latest)) & 4095n) }
  }

  #remember (ms: number, free: number): void {
    this.#free.set(ms, free)
    if (this.#free.size <= REMEMBERED_MS) return
    const [oldest] = this.#free.keys()
    if (oldest !== undefined) this.#free.delete(oldest)
  }
}

/**
 * The digits of an id; all have 19, so that their order as text is that of the numbers, over kinds of objects too.
 * @example idNumber('pi_1646356544343769088') // '1646356544343769088'
 */
export function idNumber (id: string): string {
  return id.slice(id.indexOf('_') + 1)
}

/**
 * Whether a text is an id: later ones are reckoned from its digits.
 * @example isId('pi_1646356544343769088') // true
 */
export function isId (text: unknown): text is string {
  return typeof text === 'string' && /^[a-z]+_\d{19}$/.test(text)
}

/**
 * The time at which an id was made, in epoch milliseconds.
 * @example idTime('pi_1646356544343769088') // 1681356962654
 */
export function idTime (id: string): number {
  return Number((BigInt(idNumber(id)) >> TIME_SHIFT) + EPOCH_MS)
}

/**
 * A maker of secrets from `0-9A-Za-z`. With a seed, the same name always gets the same secret;
 * without one, every secret is random.
 * @example createSecrets()(24, 'pi_1646356544343769088') // 'm58mCj87dL3cj5JiUOtbdx2e'
 */
export function createSecrets (seed?: string): (length: number, name: string) => string {
  if (seed === undefined) {
    const make = customAlphabet(ALPHANUMERIC)
    return length => make(length)
  }
  return (length, name) => customRandom(ALPHANUMERIC, length, seededBytes(seed, name))()
}

export type Secrets = ReturnType<typeof createSecrets>

/** Letters and digits that follow from a text and do not lead back to it, as in a publishable key. */
export function oneWay (text: string, length: number): string {
  return createSecrets('wooshpay-sandbox')(length, text)
}

function seededBytes (seed: string, name: string): (bytes: number) => Uint8Array {
  let block = 0
  return bytes => {
    const blocks: Buffer[] = []
    for (let made = 0; made < bytes; made += 32) {
      blocks.push(createHmac('sha256', seed).update(`${block++}:${name}`).digest())
    }
    return Buffer.concat(blocks).subarray(0, bytes)
  }
}

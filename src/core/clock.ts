import TinyQueue from 'tinyqueue'

/** Something that happens at a time of the sandbox clock. */
export interface Timer {
  /** Epoch milliseconds on this clock. */
  readonly at: number
  /** What happens, for the list that a move answers with, such as `payment_intent.lapse`. */
  readonly what: string
  /** The object that it happens to. */
  readonly id: string
  readonly run: () => void | Promise<void>
}

/** A timer that ran during a move. */
export type Ran = Pick<Timer, 'at' | 'what' | 'id'>

interface Scheduled extends Timer {
  /** Keeps timers of the same time in the order in which they were set. */
  readonly turn: number
  cancelled: boolean
}

/** Where a clock stands; what is stored of it. */
export interface ClockState {
  /** Milliseconds ahead of real time, while the clock runs. */
  readonly offset_ms: number
  /** The time at which the clock stands still, while it does. */
  readonly frozen_at_ms?: number
}

/** Further off than ids can tell, in 2109, and near enough for every time beyond it to be a date. */
const FARTHEST_MS = 2 ** 42

/** Whether something that was stored says where a clock stands. */
export function isClockState (value: unknown): value is ClockState {
  const isTime = (ms: unknown): boolean => Number.isInteger(ms) && Math.abs(Number(ms)) <= FARTHEST_MS
  return typeof value === 'object' && value !== null && 'offset_ms' in value && isTime(value.offset_ms) &&
    (!('frozen_at_ms' in value) || isTime(value.frozen_at_ms))
}

/** `setTimeout` takes no longer delay; a later timer is looked at again then. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/**
 * A clock that runs with real time, ahead of it, or not at all, and can be moved forward.
 * Timers follow it: moving the clock runs them in order, each at its own time.
 *
 * @example
 * const clock = new SandboxClock({ offset_ms: 0 })
 * clock.at({ at: clock.now() + 600_000, what: 'payment_intent.lapse', id: 'pi_1', run: lapse })
 * await clock.moveTo(clock.now() + 3_600_000) // runs lapse, answers [{ at, what, id }]
 */
export class SandboxClock {
  #offsetMs: number
  /** Whether it stands still by itself, not only while it is moved. */
  #frozen: boolean
  /** The time at which it stands: frozen, or in the middle of a move. */
  #standsAtMs: number | undefined
  #latestMs = 0
  #queue = new TinyQueue<Scheduled>([], byTime)
  #turn = 0
  #cancelled = 0
  #wake: (() => void) | undefined
  #moving: Promise<unknown> = Promise.resolve()
  #moves = 0
  /** How often it was set, which ends a move that is under way. */
  #settings = 0
  #stopped = false
  readonly #moveListeners = new Set<() => void>()
  /** The work of timers that ran in real time and has not ended. */
  readonly #underWay = new Set<Promise<void>>()
  readonly #realNow: () => number

  constructor (state: ClockState, realNow: () => number = Date.now) {
    this.#offsetMs = state.offset_ms
    this.#frozen = state.frozen_at_ms !== undefined
    this.#standsAtMs = state.frozen_at_ms
    this.#realNow = realNow
  }

  /** Epoch milliseconds; never less than an earlier answer, also when the machine's clock is set back. */
  now (): number {
    const now = this.#standsAtMs ?? this.#realNow() + this.#offsetMs
    if (now > this.#latestMs) this.#latestMs = now
    return this.#latestMs
  }

  get frozen (): boolean {
    return this.#frozen
  }

  /** Milliseconds ahead of real time. */
  get aheadMs (): number {
    return this.now() - this.#realNow()
  }

  /** What to store so that a later clock goes on where this one is. */
  get state (): ClockState {
    if (this.#standsAtMs === undefined) return { offset_ms: this.#offsetMs }
    if (this.#frozen) return { offset_ms: this.#offsetMs, frozen_at_ms: this.#standsAtMs }
    return { offset_ms: this.#standsAtMs - this.#realNow() }
  }

  /** Whether it is being moved just now. */
  get moving (): boolean {
    return this.#moves > 0
  }

  /** Whether something is due that has not begun yet. */
  get hasDue (): boolean {
    const next = this.#queue.peek()
    return next !== undefined && next.at <= this.now()
  }

  /**
   * Sets the clock to a time, which may be an earlier one, when the state of that time is brought back with it.
   * Timers keep their times; a move that is under way ends where it is.
   */
  set ({ now, frozen }: { now: number, frozen: boolean }): void {
    this.#settings++
    this.#frozen = frozen
    this.#latestMs = 0
    this.#offsetMs = now - this.#realNow()
    this.#standsAtMs = frozen ? now : undefined
    this.#arm()
  }

  /** Lets the clock stand still, from the end of a move that is under way. */
  freeze (): void {
    this.#frozen = true
    this.#standsAtMs ??= this.now()
    this.#arm()
  }

  /** Lets a frozen clock run on from where it stands, or from the end of a move that is under way. */
  run (): void {
    this.#frozen = false
    if (this.#moves === 0) this.#runOn()
    this.#arm()
  }

  /**
   * Sets a timer; one that is due already runs in the next turn of the event loop, on a frozen clock too.
   * @returns a function that takes the timer back
   */
  at (timer: Timer): () => void {
    const scheduled: Scheduled = { ...timer, turn: this.#turn++, cancelled: false }
    this.#queue.push(scheduled)
    if (this.#queue.peek() === scheduled) this.#arm()
    return () => {
      if (scheduled.cancelled) return
      scheduled.cancelled = true
      this.#cancelled++
      this.#forgetCancelled()
    }
  }

  /**
   * Moves the clock forward and runs, in order and one after the other, every timer that falls due on the way,
   * those set by other timers included. Moves wait for each other.
   * @param target epoch milliseconds; a time that has passed moves nothing
   * @returns what ran
   */
  async moveTo (target: number): Promise<Ran[]> {
    return await this.#inTurn(() => target)
  }

  /** Moves the clock on by so many milliseconds, counted from the end of the moves before this one. */
  async moveBy (ms: number): Promise<Ran[]> {
    return await this.#inTurn(() => this.now() + ms)
  }

  /**
   * Tells when a move begins. Work that is under way then is waited for, so it should end soon.
   * @returns a function that ends the listening
   */
  onMove (listener: () => void): () => void {
    this.#moveListeners.add(listener)
    return () => { this.#moveListeners.delete(listener) }
  }

  async #inTurn (target: () => number): Promise<Ran[]> {
    if (this.#moves++ === 0) for (const listener of this.#moveListeners) listener()
    const settings = this.#settings
    const move = this.#moving.then(async () => await this.#moveTo(target, settings))
    this.#moving = move.catch(() => {})
    try {
      return await move
    } finally {
      this.#moves--
      this.#arm()
    }
  }

  /** Ends all timers; the clock still tells the time. */
  stop (): void {
    this.#stopped = true
    this.#disarm()
  }

  /** @param settings how often the clock had been set when the move was asked for */
  async #moveTo (targetAfterOthers: () => number, settings: number): Promise<Ran[]> {
    this.#disarm()
    // What is under way belongs to the time before.
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    const ran: Ran[] = []
    const isSet = (): boolean => settings !== this.#settings
    if (isSet()) return ran
    const target = targetAfterOthers()
    this.#standsAtMs = this.now()
    try {
      for (let next = this.#due(target); next !== undefined; next = isSet() ? undefined : this.#due(target)) {
        this.#standsAtMs = Math.max(this.now(), next.at)
        await next.run()
        ran.push({ at: next.at, what: next.what, id: next.id })
      }
      if (!isSet()) this.#standsAtMs = Math.max(this.now(), target)
    } finally {
      if (!this.#frozen) this.#runOn()
    }
    return ran
  }

  #runOn (): void {
    if (this.#standsAtMs === undefined) return
    this.#offsetMs = this.#standsAtMs - this.#realNow()
    this.#standsAtMs = undefined
  }

  #due (by: number): Scheduled | undefined {
    for (let next = this.#queue.peek(); next !== undefined && next.at <= by; next = this.#queue.peek()) {
      this.#queue.pop()
      if (!next.cancelled) {
        // One that has run can no longer be taken back.
        next.cancelled = true
        return next
      }
      this.#cancelled--
    }
    return undefined
  }

  #arm (): void {
    this.#disarm()
    const next = this.#queue.peek()
    if (next === undefined || this.#stopped || this.#moves > 0) return
    const delay = next.at - this.now()
    if (delay <= 0) {
      const immediate = setImmediate(() => { this.#tick() })
      this.#wake = () => { clearImmediate(immediate) }
    } else if (!this.frozen) {
      const timeout = setTimeout(() => { this.#tick() }, Math.min(delay, LONGEST_DELAY_MS))
      this.#wake = () => { clearTimeout(timeout) }
    }
  }

  #disarm (): void {
    this.#wake?.()
    this.#wake = undefined
  }

  /** In real time nothing waits for a timer's work; what goes wrong in it is for its owner to handle. */
  #tick (): void {
    const now = this.now()
    for (let next = this.#due(now); next !== undefined; next = this.#due(now)) {
      const work = Promise.resolve(next.run()).finally(() => { this.#underWay.delete(work) })
      this.#underWay.add(work)
    }
    this.#arm()
  }

  /** A timer that was taken back leaves the queue when half of the queue is such timers. */
  #forgetCancelled (): void {
    if (this.#cancelled < 1024 || this.#cancelled < this.#queue.length / 2) return
    this.#queue = new TinyQueue(this.#queue.data.filter(timer => !timer.cancelled), byTime)
    this.#cancelled = 0
  }
}

function byTime (a: Scheduled, b: Scheduled): number {
  return a.at - b.at || a.turn - b.turn
}

/** Below it an epoch time is in seconds: as milliseconds it would lie in 1973. */
export const FIRST_MILLISECONDS = 100_000_000_000

const ISO_8601 = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/

/** A time in epoch milliseconds, from their digits or from ISO 8601, UTC unless it says otherwise; undefined when the text is neither. */
export function parseTime (text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  const [, date = '', time = '00:00', zone = 'Z'] = ISO_8601.exec(text) ?? []
  const day = Date.parse(date)
  const ms = Date.parse(`${date}T${time}${zone}`)
  // JavaScript takes the 31st of February for the 3rd of March.
  return Number.isNaN(day) || Number.isNaN(ms) || !new Date(day).toISOString().startsWith(date) ? undefined : ms
}

/**
 * The form in which WooshPay prints `created` and `updated`: milliseconds, rounded to the nearest second.
 * @example toWireTime(1681356962654) // 1681356963000
 */
export function toWireTime (ms: number): number {
  return Math.round(ms / 1000) * 1000
}

/** Choices that repeat with the same seed. */
export interface Random {
  /** One of the integers between two, both included. */
  readonly integer: (least: number, most: number) => number
  readonly chance: (probability: number) => boolean
  readonly one: <T>(items: readonly [T, ...T[]]) => T
  /** Choices of their own, for what goes on beside others. */
  readonly split: () => Random
}

/** @param seed a 32 bit integer */
export function seeded (seed: number): Random {
  let state = seed | 0
  /** mulberry32: from 0 up to 1. */
  const next = (): number => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer: Random['integer'] = (least, most) => least + Math.floor(next() * (most - least + 1))
  return {
    integer,
    chance: probability => next() < probability,
    one: items => items[integer(0, items.length - 1)] ?? items[0],
    split: () => seeded(integer(0, 2 ** 32 - 1))
  }
}

import { createHmac } from 'node:crypto'

/** Decides whether something happens, from a number of 0 to 1. */
export type Chance = (probability: number, name: string) => boolean

/**
 * With a seed, the same name is always decided in the same way, so that a run repeats; without one, by chance.
 * @example createChance('seed')(0.5, 'flt_1 3')
 */
export function createChance (seed?: string): Chance {
  const between = (name: string): number => seed === undefined
    ? Math.random()
    : createHmac('sha256', seed).update(name).digest().readUInt32BE() / 2 ** 32
  return (probability, name) => probability >= 1 || between(name) < probability
}

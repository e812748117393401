import { figureOf, mediansOf, type Figure } from './figures.ts'

/** One line of the table. */
export interface Row {
  /** What is measured, and against what. */
  readonly what: string
  /** How the figure is to be read: `×`, `ms`, `MB`. */
  readonly unit: string
  /** What it is to reach; neither, for a figure that only informs. */
  readonly atLeast?: number
  readonly atMost?: number
  readonly figure: Figure
  /** The figures behind a ratio. */
  readonly behind?: string
}

/** The row of a ratio, pair by pair. */
export function ratioRow (what: string, unit: string, pairs: ReadonlyArray<readonly [ours: number, theirs: number]>, target: Pick<Row, 'atLeast' | 'atMost'> = {}): Row {
  return { what, unit: '×', ...target, figure: figureOf(pairs.map(([ours, theirs]) => ours / theirs)), behind: mediansOf(pairs, unit) }
}

/** Measures some rows that belong together. */
export interface Measurement {
  /** A word to choose it by. */
  readonly name: string
  readonly measure: (effort: Effort) => Promise<Row[]>
}

/** How much is measured: a short run shows that the bench works, a whole one gives figures. */
export interface Effort {
  /** Pairs of slices. */
  readonly slices: number
  /** Milliseconds of a slice. */
  readonly sliceMs: number
  /** Starts of each server. */
  readonly starts: number
  /** Payments in the large store. */
  readonly stored: number
  /** Payments, or webhooks, of a measurement that counts them. */
  readonly count: number
  /** Holds what the run needs and is removed after it. */
  readonly folder: string
}

export const whole = { slices: 7, sliceMs: 1000, starts: 7, stored: 100_000, count: 10_000 } as const
export const short = { slices: 2, sliceMs: 200, starts: 2, stored: 2000, count: 1000 } as const

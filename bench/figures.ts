/** A figure that was taken several times. */
export interface Figure {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** @example figureOf([3, 1, 2]) // { median: 2, least: 1, most: 3 } */
export function figureOf (values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2
  return { median, least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN }
}

/**
 * Takes two measurements in turns, so that whatever else the machine does befalls both.
 * @param slices how many pairs; one more is made first, to warm up
 * @returns the pairs, in the order in which they were taken
 */
export async function inTurns<T> (slices: number, ours: () => Promise<T>, theirs: () => Promise<T>): Promise<Array<readonly [ours: T, theirs: T]>> {
  const pairs: Array<readonly [T, T]> = []
  for (let slice = 0; slice <= slices; slice++) {
    // Who goes first changes from pair to pair.
    const early = slice % 2 === 0 ? await ours() : undefined
    const their = await theirs()
    pairs.push([early ?? await ours(), their])
  }
  return pairs.slice(1)
}

/** The median of each side of pairs, for people. */
export function mediansOf (pairs: ReadonlyArray<readonly [ours: number, theirs: number]>, unit: string): string {
  const [ours, theirs] = [0, 1].map(side => figureOf(pairs.map(pair => pair[side] ?? NaN)).median)
  const show = (value = NaN): string => value < 10 ? value.toFixed(1) : String(Math.round(value))
  return `${show(ours)}${unit} against ${show(theirs)}${unit}`
}

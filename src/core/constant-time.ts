import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a secret was given; takes the same time however much of a guess is right. */
export function isSame (given: string, expected: string): boolean {
  const [a, b] = [given, expected].map(text => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a secret was given; takes the same time however much of a guess is right. */
export function isSame (given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

/** Both have to have one length. */
function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

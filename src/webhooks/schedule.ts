import type { Switches } from '../core/switches.ts'

/** WooshPay documents 18 deliveries within 72 hours, with growing gaps, and no table: doubling from 1.9 s fills 69.2 h. */
const DOCUMENTED_GAPS_MS = Array.from({ length: 17 }, (_, retry) => 1900 * 2 ** retry)
/** As many attempts for a test that has no patience: 10 ms doubling up to 1 s. */
const FAST_GAPS_MS = Array.from({ length: 17 }, (_, retry) => Math.min(10 * 2 ** retry, 1000))

/** The pauses between attempts, in milliseconds; there is one attempt more than pauses. */
export function retryGaps (retries: Switches['WEBHOOK_RETRIES']): readonly number[] {
  switch (retries) {
    case 'documented': return DOCUMENTED_GAPS_MS
    case 'fast': return FAST_GAPS_MS
    case 'none': return []
    default: return retries
  }
}

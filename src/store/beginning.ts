import type { ClockState } from '../core/clock.ts'
import type { Definition } from './collection.ts'

/** The one record's id. */
export const BEGINNING = 'beginning'

/** How a data file began; it stays so, whatever later starts say. */
export interface Beginning {
  readonly id: typeof BEGINNING
  /** The clock of an account at its first use. */
  readonly clock: ClockState
}

export const beginningDefinition: Definition<Beginning> = { name: 'beginning', isListed: false }

/** @param frozenAtMs the time at which clocks stand still; undefined lets them run with real time */
export function beginningOf (frozenAtMs: number | undefined): Beginning {
  return { id: BEGINNING, clock: frozenAtMs === undefined ? { offset_ms: 0 } : { offset_ms: 0, frozen_at_ms: frozenAtMs } }
}

import { isClockState, type ClockState } from '../core/clock.ts'
import type { Definition } from './collection.ts'

/** The one record's id. */
export const BEGINNING = 'beginning'

/** How a data file began, whatever later starts say, and what new accounts begin with. */
export interface Beginning {
  readonly id: typeof BEGINNING
  /** The time at which the settings let the file begin, if they did. */
  readonly began_at_ms?: number
  /** The clock of an account at its first use: moved, when all are. */
  readonly clock: ClockState
}

export const beginningDefinition: Definition<Beginning> = {
  name: 'beginning',
  isListed: false,
  fault: ({ clock }) => isClockState(clock) ? undefined : 'its clock says no time'
}

/** @param frozenAtMs the time at which clocks stand still; undefined lets them run with real time */
export function beginningOf (frozenAtMs: number | undefined): Beginning {
  if (frozenAtMs === undefined) return { id: BEGINNING, clock: { offset_ms: 0 } }
  return { id: BEGINNING, began_at_ms: frozenAtMs, clock: { offset_ms: 0, frozen_at_ms: frozenAtMs } }
}

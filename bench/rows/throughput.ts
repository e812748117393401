import { figureOf, inTurns } from '../figures.ts'
import type { Call, Load } from '../load.ts'
import { create, load, startFloor, startSandbox } from '../sandbox.ts'
import { withServers, type Server } from '../server.ts'
import type { Effort, Measurement, Row } from '../row.ts'

/** Requests a second of one server against another's, slice by slice. */
export async function paired (
  { slices, sliceMs }: Effort, connections: number, ours: { server: Server, next: (number: number) => Call }, theirs: { server: Server, next: (number: number) => Call }
): Promise<ReadonlyArray<readonly [Load, Load]>> {
  const run = async ({ server, next }: typeof ours): Promise<Load> => await load(server.url, { connections, ms: sliceMs, next })
  return await inTurns(slices, async () => await run(ours), async () => await run(theirs))
}

/** The row of a ratio of rates. */
export function rateRow (what: string, pairs: ReadonlyArray<readonly [Load, Load]>, target: Pick<Row, 'atLeast'>): Row {
  const rate = (side: 0 | 1): number => Math.round(figureOf(pairs.map(pair => pair[side].rate)).median)
  return { what, unit: '×', ...target, figure: figureOf(pairs.map(([ours, theirs]) => ours.rate / theirs.rate)), behind: `${rate(0)}/s against ${rate(1)}/s` }
}

/** Create + confirm against the limit. */
export const limit: Measurement = {
  name: 'limit',
  measure: async effort => await withServers([
    async () => await startSandbox(`${effort.folder}/limit/sandbox.json`),
    async () => await startFloor('limit')
  ], async (ours, theirs) => {
    const rows: Row[] = []
    for (const [connections, atLeast] of [[10, 0.8], [100, 0.65]] as const) {
      const pairs = await paired(effort, connections, { server: ours, next: create }, { server: theirs, next: create })
      rows.push(rateRow(`create + confirm, on disk, ${connections} connections, against the limit`, pairs, { atLeast }))
    }
    return rows
  })
}

/** What it costs to have each write on the disk itself. */
export const durability: Measurement = {
  name: 'durability',
  measure: async effort => await withServers([
    async () => await startSandbox(`${effort.folder}/disk/sandbox.json`, { env: { DURABILITY: 'disk' } }),
    async () => await startSandbox(`${effort.folder}/process/sandbox.json`)
  ], async (disk, process) => {
    const pairs = await paired(effort, 100, { server: disk, next: create }, { server: process, next: create })
    return [rateRow('create + confirm with DURABILITY=disk, 100 connections, against DURABILITY=process', pairs, {})]
  })
}

import { inTurns, mediansOf } from '../figures.ts'
import { load, type Call, type Load } from '../load.ts'
import { create, startFloor, startSandbox } from '../sandbox.ts'
import { withServers, type Server } from '../server.ts'
import { ratioRow, type Effort, type Measurement, type Row } from '../row.ts'

/** A server under load. */
export interface Side {
  readonly server: Server
  /** Makes the call of a number. */
  readonly next: (number: number) => Call
  /** Comes before each slice, and is not measured. */
  readonly prepare?: () => Promise<unknown>
}

/** A slice: the load, and what each call cost the server itself. */
export interface Slice extends Load {
  /** Milliseconds of processor time. */
  readonly cpu: number
}

/** One server against another, slice by slice. */
export async function paired ({ slices, sliceMs }: Effort, connections: number, ours: Side, theirs: Side): Promise<ReadonlyArray<readonly [Slice, Slice]>> {
  const run = async ({ server, next, prepare }: Side): Promise<Slice> => {
    await prepare?.()
    const before = server.cpu()
    const measured = await load(server.url, { connections, ms: sliceMs, next })
    return { ...measured, cpu: (server.cpu() - before) / measured.calls }
  }
  return await inTurns(slices, async () => await run(ours), async () => await run(theirs))
}

/** The row of a ratio of rates, with what a call costs the servers: the load comes from the same machine, and can be what holds back the faster one. */
export function rateRow (what: string, pairs: ReadonlyArray<readonly [Slice, Slice]>, target: Pick<Row, 'atLeast'> = {}): Row {
  const row = ratioRow(what, '/s', pairs.map(([ours, theirs]) => [ours.rate, theirs.rate]), target)
  const cpu = mediansOf(pairs.map(([ours, theirs]) => [ours.cpu * 1000, theirs.cpu * 1000]), ' µs')
  return { ...row, behind: `${row.behind}; ${cpu} of processor time a call` }
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
    return [rateRow('create + confirm with DURABILITY=disk, 100 connections, against DURABILITY=process', pairs)]
  })
}

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { figureOf, inTurns } from '../figures.ts'
import { create, get, pay, ROOT, startSandbox } from '../sandbox.ts'
import { withServers } from '../server.ts'
import type { Effort, Measurement, Row } from '../row.ts'
import { paired, rateRow } from './throughput.ts'

/** What the small store holds. */
const FEW = 100
const CONNECTIONS = 10

/** A large store against a small one: nothing may depend on how much there is. */
export const scale: Measurement = {
  name: 'scale',
  measure: async effort => {
    const { folder, stored } = effort
    const large = `${folder}/large/sandbox.json`
    const few = `${folder}/few/sandbox.json`
    const ids = { large: await filled(large, stored), few: await filled(few, FEW) }
    const stall = program(['--import', 'tsx', fileURLToPath(new URL('../probes/compact.ts', import.meta.url)), large])
    const rows: Row[] = [
      { what: `longest stall while ${stored} payments are compacted`, unit: 'ms', atMost: 50, figure: figureOf([stall]) },
      await restart(effort, large)
    ]
    await withServers([
      async () => await startSandbox(large), async () => await startSandbox(few), async () => await startSandbox(`${folder}/empty/sandbox.json`)
    ], async (many, some, none) => {
      const creates = await paired(effort, CONNECTIONS, { server: many, next: create }, { server: none, next: create })
      rows.push(
        rateRow(`create + confirm with ${stored} payments stored, against an empty store`, creates, { atLeast: 0.8 }),
        {
          what: 'p99 of the same',
          unit: '×',
          atMost: 2,
          figure: figureOf(creates.map(([a, b]) => a.p99 / b.p99)),
          behind: `${figureOf(creates.map(([a]) => a.p99)).median.toFixed(1)} ms against ${figureOf(creates.map(([, b]) => b.p99)).median.toFixed(1)} ms`
        })
      const reads = [
        ['GET by id', (of: readonly string[], number: number) => `/v1/payment_intents/${of[(number * 7919) % of.length] ?? ''}`],
        ['first page of the list', () => '/v1/payment_intents'],
        ['search by merchant_order_id', (of: readonly string[], number: number) => `/v1/payment_intents/search?query=${encodeURIComponent(`merchant_order_id:'order-${(number * 7919) % of.length}'`)}`]
      ] as const
      for (const [what, path] of reads) {
        const pairs = await paired(effort, CONNECTIONS,
          { server: many, next: number => get(path(ids.large, number)) },
          { server: some, next: number => get(path(ids.few, number)) })
        rows.push(rateRow(`${what} with ${stored} payments stored, against ${FEW}`, pairs, { atLeast: 0.8 }))
      }
    })
    return rows
  }
}

/** Makes a store of completed payments, and answers their ids. */
async function filled (file: string, count: number): Promise<string[]> {
  return await withServers([async () => await startSandbox(file)], async ({ url }) => await pay(url, count))
}

/** From the start of the process to its first answer, against reading the same bytes and nothing else. */
async function restart ({ stored, starts }: Effort, file: string): Promise<Row> {
  const pairs = await inTurns(Math.min(starts, 5),
    async () => await withServers([async () => await startSandbox(file)], async ({ startMs }) => startMs),
    async () => program([fileURLToPath(new URL('../floors/parse.mjs', import.meta.url)), file]))
  const ms = (side: 0 | 1): number => Math.round(figureOf(pairs.map(pair => pair[side])).median)
  return {
    what: `restart with ${stored} payments, against JSON.parse of the same bytes`,
    unit: '×',
    atMost: 2,
    figure: figureOf(pairs.map(([ours, theirs]) => ours / theirs)),
    behind: `${ms(0)} ms against ${ms(1)} ms`
  }
}

/** Runs a program that says one number. */
function program (args: readonly string[]): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
  return Number(stdout)
}

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { figureOf, inTurns } from '../figures.ts'
import { call, type Call } from '../load.ts'
import { create, floor, get, pay, post, ROOT, startSandbox } from '../sandbox.ts'
import { withServers, type Server } from '../server.ts'
import { ratioRow, type Effort, type Measurement, type Row } from '../row.ts'
import { paired, rateRow, type Side } from './throughput.ts'

/** What the small store holds. */
const FEW = 100
const CONNECTIONS = 10
/** A prime, so that neighbours are not asked for one after the other. */
const STRIDE = 7919
const COMPACT = fileURLToPath(new URL('../probes/compact.ts', import.meta.url))

/** What is read, and its address for the payment of a number. */
const READS = [
  ['GET by id', (ids: readonly string[], number: number) => `/v1/payment_intents/${ids[number] ?? ''}`],
  ['first page of the list', () => '/v1/payment_intents'],
  ['search by merchant_order_id', (_ids: readonly string[], number: number) => `/v1/payment_intents/search?query=${encodeURIComponent(`merchant_order_id:'order-${number}'`)}`]
] as const

/** A large store against a small one: nothing may depend on how much there is. */
export const scale: Measurement = {
  name: 'scale',
  measure: async effort => {
    const { folder, stored } = effort
    const large = `${folder}/large/sandbox.json`
    const few = `${folder}/few/sandbox.json`
    const ids = { large: await filled(large, stored), few: await filled(few, FEW) }
    const rows: Row[] = [
      // As a stop has left them: more records than it writes anew, so that journals are read too.
      await restart(effort, large),
      { what: `longest stall while ${stored} payments are compacted`, unit: 'ms', atMost: 50, figure: figureOf([program(['--import', 'tsx', COMPACT, large])]) }
    ]
    await withServers([
      async () => await startSandbox(large), async () => await startSandbox(few), async () => await startSandbox(`${folder}/empty/sandbox.json`)
    ], async (many, some, none) => {
      // Before anything is created, so that both answer payments of one kind: paid ones.
      for (const [what, path] of READS) {
        const side = (server: Server, of: readonly string[]): Side => ({ server, next: number => get(path(of, (number * STRIDE) % of.length)) })
        const pairs = await paired(effort, CONNECTIONS, side(many, ids.large), side(some, ids.few))
        rows.push(rateRow(`${what} with ${stored} payments stored, against ${FEW}`, pairs, { atLeast: 0.8 }))
      }
      // Orders that nothing stored has.
      let order = stored
      const next = (): Call => create(++order)
      const creates = await paired(effort, CONNECTIONS,
        { server: many, next }, { server: none, next, prepare: async () => await call(none.url, post('/_sandbox/reset', {})) })
      rows.push(
        rateRow(`create + confirm with ${stored} payments stored, against an empty store`, creates, { atLeast: 0.8 }),
        ratioRow('p99 of the same', ' ms', creates.map(([a, b]) => [a.p99, b.p99]), { atMost: 2 }))
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
    async () => program([floor('parse'), file]))
  return ratioRow(`restart with ${stored} payments, against JSON.parse of the same bytes`, ' ms', pairs, { atMost: 2 })
}

/** Runs a program that says one number. */
function program (args: readonly string[]): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
  return Number(stdout)
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Call } from '../load.ts'
import { create, startSandbox } from '../sandbox.ts'
import { startServer, withServers, type Server } from '../server.ts'
import { npm } from '../npm.ts'
import { ratioRow, type Effort, type Measurement, type Row } from '../row.ts'
import { IDLE_MS, MB } from './size.ts'
import { paired, rateRow } from './throughput.ts'

/** A mock of payments that npm has, and the call of it that stores something. */
interface Peer {
  readonly name: string
  readonly package: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly create: (number: number) => Call
}

const FORM = 'application/x-www-form-urlencoded'

const PEERS: readonly Peer[] = [
  {
    name: 'emulate 0.11.2',
    package: 'emulate@0.11.2',
    args: ['node_modules/emulate/dist/index.js', 'start', '--service', 'stripe', '--port', '{port}'],
    // It refuses a token's calls from the 5,000th in an hour on.
    create: number => ({
      method: 'POST', path: '/v1/payment_intents', headers: { authorization: `Bearer sk_test_${Math.floor(number / 1000)}`, 'content-type': FORM }, body: 'amount=150000&currency=idr'
    })
  },
  {
    name: 'stripe-stateful-mock 0.0.16',
    package: 'stripe-stateful-mock@0.0.16',
    args: ['node_modules/stripe-stateful-mock/dist/cli.js'],
    env: { PORT: '{port}', LOG_LEVEL: 'silent' },
    create: () => ({ method: 'POST', path: '/v1/charges', headers: { authorization: 'Bearer sk_test_1', 'content-type': FORM }, body: 'amount=150000&currency=usd&source=tok_visa' })
  },
  {
    name: 'json-server 0.17.4',
    package: 'json-server@0.17.4',
    args: ['node_modules/json-server/lib/cli/bin.js', '--host', '127.0.0.1', '--port', '{port}', '--quiet', 'db.json'],
    files: { 'db.json': '{"payment_intents":[]}' },
    create: () => ({ method: 'POST', path: '/payment_intents', headers: { 'content-type': 'application/json' }, body: '{"amount":150000,"currency":"idr"}' })
  }
]

/** The sandbox's documented call, with all that follows from it and on disk, against the peers' simplest one that stores something. */
export const peers: Measurement = {
  name: 'peers',
  measure: async effort => {
    const rows: Row[] = []
    for (const peer of PEERS) rows.push(...await against(peer, effort))
    return rows
  }
}

async function against (peer: Peer, effort: Effort): Promise<Row[]> {
  const cwd = join(effort.folder, peer.package)
  mkdirSync(cwd)
  for (const [name, text] of Object.entries({ 'package.json': '{}', ...peer.files })) writeFileSync(join(cwd, name), text)
  npm(['install', peer.package, '--no-audit', '--no-fund'], cwd)
  let calls = 0
  const next = (): Call => peer.create(calls++)
  const startPeer = async (): Promise<Server> => await startServer({ args: peer.args, cwd, probe: next(), ...(peer.env && { env: peer.env }) })
  let files = 0
  // Each with an empty store.
  const startOurs = async (): Promise<Server> => await startSandbox(join(cwd, `sandbox-${files++}.json`))
  const rows = await withServers([startOurs, startPeer], async (ours, theirs) => {
    const rows: Row[] = []
    for (const connections of [10, 100]) {
      const pairs = await paired(effort, connections, { server: ours, next: create }, { server: theirs, next })
      rows.push(rateRow(`create, ${connections} connections, against ${peer.name}`, pairs))
    }
    return rows
  })
  const starts: Array<readonly [ours: number, theirs: number]> = []
  const memory: Array<readonly [ours: number, theirs: number]> = []
  for (let round = 0; round < effort.starts; round++) {
    const [a, b] = [await once(startOurs), await once(startPeer)]
    starts.push([a.ms, b.ms])
    memory.push([a.mb, b.mb])
  }
  return [
    ...rows,
    ratioRow(`start until the first answer, against ${peer.name}`, ' ms', starts),
    ratioRow(`memory when idle, against ${peer.name}`, ' MB', memory)
  ]
}

async function once (start: () => Promise<Server>): Promise<{ ms: number, mb: number }> {
  return await withServers([start], async server => {
    await pause(IDLE_MS)
    return { ms: server.startMs, mb: server.memory() / MB }
  })
}

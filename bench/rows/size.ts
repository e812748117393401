import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { figureOf } from '../figures.ts'
import { pay, ROOT, startFloor, startSandbox } from '../sandbox.ts'
import { withServers } from '../server.ts'
import { npm } from '../npm.ts'
import { ratioRow, type Measurement } from '../row.ts'

export const MB = 1 << 20
/** After a start, until what it needed is given back. */
export const IDLE_MS = 1000

export const start: Measurement = {
  name: 'start',
  measure: async ({ starts }) => {
    const ms: Record<'node' | 'fastify' | 'sandbox', number[]> = { node: [], fastify: [], sandbox: [] }
    const memory: number[] = []
    for (let round = 0; round < starts; round++) {
      for (const name of ['node', 'fastify', 'sandbox'] as const) {
        await withServers([async () => name === 'sandbox' ? await startSandbox(':memory:') : await startFloor(name)], async server => {
          ms[name].push(server.startMs)
          if (name !== 'sandbox') return
          await pause(IDLE_MS)
          memory.push(server.memory() / MB)
        })
      }
    }
    const against = (name: 'fastify' | 'sandbox'): Array<readonly [number, number]> => ms[name].map((value, round) => [value, ms.node[round] ?? NaN])
    return [
      ratioRow('start until the first answer, against bare node', ' ms', against('sandbox'), { atMost: 6 }),
      ratioRow('the same of a bare Fastify', ' ms', against('fastify')),
      { what: 'memory when idle', unit: 'MB', atMost: 80, figure: figureOf(memory) }
    ]
  }
}

export const heap: Measurement = {
  name: 'heap',
  measure: async ({ count }) => {
    const probe = new URL('../probes/memory.mjs', import.meta.url).href
    const perPayment = await withServers([async () => await startSandbox(':memory:', { args: ['--expose-gc', '--import', probe] })], async server => {
      await pay(server.url, 2000)
      const used = async (): Promise<number> => (await server.ask() as { heapUsed: number }).heapUsed
      const before = await used()
      await pay(server.url, count, 2000)
      return (await used() - before) / count / 1024
    })
    return [{ what: 'heap of a completed payment with its charge and events', unit: 'KB', atMost: 6, figure: figureOf([perPayment]) }]
  }
}

export const install: Measurement = {
  name: 'install',
  measure: async ({ folder }) => {
    const place = join(folder, 'install')
    mkdirSync(place)
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(ROOT, file), join(place, file))
    npm(['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], place)
    const size = (bytesIn(join(place, 'node_modules')) + bytesIn(join(ROOT, 'dist'))) / MB
    return [{ what: 'production install, with what is built', unit: 'MB', atMost: 45, figure: figureOf([size]) }]
  }
}

function bytesIn (folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

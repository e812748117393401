import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine, table } from './report.ts'
import { short, whole, type Row } from './row.ts'
import { peers } from './rows/peers.ts'
import { scale } from './rows/scale.ts'
import { heap, install, start } from './rows/size.ts'
import { durability, limit } from './rows/throughput.ts'
import { webhooks } from './rows/webhooks.ts'

const measurements = [limit, scale, webhooks, start, heap, install, durability, peers]
const names = measurements.map(({ name }) => name).join(', ')

/*
 * `npm run bench` measures everything and writes RESULTS.md and results.json; `-- --only limit,start` measures some,
 * and `-- --short` shows quickly that it works; these print their table only.
 */
const { values: { only, short: isShort = false } } = parseArgs({ options: { only: { type: 'string' }, short: { type: 'boolean' } } })
const wanted = only?.split(',') ?? measurements.map(({ name }) => name)
const chosen = measurements.filter(({ name }) => wanted.includes(name))
if (chosen.length < wanted.length) {
  process.stderr.write(`--only is "${only}"; allowed: ${names}, with commas between.\n`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
const rows: Row[] = []
try {
  for (const { name, measure } of chosen) {
    process.stderr.write(`${name} …\n`)
    const measured = await measure({ ...isShort ? short : whole, folder })
    rows.push(...measured)
    process.stderr.write(`${table(measured)}\n\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

process.stdout.write(`${table(rows)}\n`)
if (only === undefined && !isShort) {
  const place = (name: string): URL => new URL(name, import.meta.url)
  writeFileSync(place('results.json'), `${JSON.stringify({ machine: machine(), rows }, null, 2)}\n`)
  const text = readFileSync(place('RESULTS.md'), 'utf8')
  const [before = '', after = ''] = text.split(/<!-- figures -->[^]*<!-- end of figures -->/)
  writeFileSync(place('RESULTS.md'), `${before}<!-- figures -->\n\n${machine()}\n\n${table(rows)}\n\n<!-- end of figures -->${after}`)
}

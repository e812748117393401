import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

// JSON.parse of a data file and its journals, line by line (as one text they would be too long for a string), and says
// how many milliseconds that took.
const [, , file] = process.argv
const begin = performance.now()
const records = []
for (const name of readdirSync(dirname(file)).filter(name => name === basename(file) || name.includes('.journal.'))) {
  const bytes = readFileSync(join(dirname(file), name))
  for (let start = 0, end = bytes.indexOf(10); end !== -1; start = end + 1, end = bytes.indexOf(10, start)) {
    const line = bytes.toString('utf8', start, end)
    if (line.startsWith('["') || line.startsWith('[[')) records.push(JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line))
  }
}
process.stdout.write(String(performance.now() - begin))

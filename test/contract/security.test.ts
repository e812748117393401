import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const TESTS = new URL('../', import.meta.url)

/** The titles of all tests of a file, as they stand in it. */
function titlesOf (file: string): string[] {
  return [...readFileSync(new URL(file, TESTS), 'utf8').matchAll(/\btest\('((?:[^'\\]|\\.)*)'/g)].map(([, title = '']) => title.replaceAll('\\\'', '\''))
}

/** The rows of the threat model, cell by cell. */
function threats (): string[][] {
  const lines = readFileSync(new URL('../SECURITY.md', TESTS), 'utf8').split('\n')
  const start = lines.indexOf('| who | tries | what stops it | tests |')
  const rows = lines.slice(start + 2)
  return start === -1 ? [] : rows.slice(0, rows.findIndex(line => !line.startsWith('|'))).map(line => line.slice(2, -2).split(' | '))
}

t.test('every line of SECURITY.md\'s threat model names tests that there are, and every test of security is in a line', t => {
  const rows = threats()
  t.ok(rows.length >= 15)
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.test.ts'))
  const all = new Set(files.flatMap(titlesOf))
  const named = rows.map(cells => [...cells[3]?.matchAll(/`([^`]+)`/g) ?? []].map(([, title = '']) => title))
  for (const [index, titles] of named.entries()) {
    t.equal(rows[index]?.length, 4, String(rows[index]))
    t.not(titles.length, 0, `there is a test for: ${rows[index]?.[1]}`)
    t.same(titles.filter(title => !all.has(title)), [], `tests for: ${rows[index]?.[1]}`)
  }
  const shown = new Set(named.flat())
  t.same(titlesOf('security.test.ts').filter(title => !shown.has(title)), [])
  t.end()
})

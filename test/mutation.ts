/**
 * Mutation testing: changes one small thing at a time in the code that decides, sends and stores, and sees whether a
 * test fails. `npm run mutation`, of one part `npm run mutation -- store`, of some lines
 * `npm run mutation -- store --mutate src/store/lines.ts:20-45`. What it has shown: docs/mutation.md.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'

/** The least percentage of a part's mutants that tests have to notice. */
const LEAST = 85

interface Part {
  readonly mutate: string
  /** The quick ones first: the first that fails ends the search. Tests that start the built process see no mutant. */
  readonly tests: readonly string[]
}

const PARTS: Readonly<Record<string, Part>> = {
  core: { mutate: 'src/core/**/*.ts', tests: ['core', 'webhooks', 'lifecycle', 'resources', 'journeys/pay-with-dana'] },
  lifecycles: { mutate: 'src/**/lifecycle.ts', tests: ['lifecycle', 'resources', 'journeys/refunds', 'journeys/checkout'] },
  webhooks: { mutate: 'src/webhooks/**/*.ts', tests: ['webhooks', 'journeys/pay-with-dana', 'contract/openapi-sandbox'] },
  store: { mutate: 'src/store/**/*.ts', tests: ['account', 'store', 'journeys/pay-with-dana'] }
}

const { values: { mutate: lines }, positionals: chosen } = parseArgs({ options: { mutate: { type: 'string', multiple: true } }, allowPositionals: true })
const unknown = chosen.find(name => !Object.hasOwn(PARTS, name))
if (unknown !== undefined) throw new Error(`There is no part ${unknown}; there are: ${Object.keys(PARTS).join(', ')}.`)

for (const [name, { mutate, tests }] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const results = await new Stryker({
    mutate: lines ?? [mutate],
    testRunner: 'tap',
    // One file that Node can read as it is starts in half the time.
    buildCommand: 'esbuild --bundle --packages=external --platform=node --format=esm --log-level=error ' +
      `--outbase=test --outdir=test --out-extension:.js=.mjs ${tests.map(test => `test/${test}.test.ts`).join(' ')}`,
    tap: { testFiles: tests.map(test => `test/${test}.test.mjs`), nodeArgs: [], forceBail: true },
    coverageAnalysis: 'perTest',
    concurrency: 2,
    tempDirName: '.mutation',
    ignorePatterns: ['bench', 'data', 'dist', 'docs', 'examples', '.tap', 'test-results'],
    reporters: ['progress-append-only']
  }).runMutationTest()

  // One that does not run is none.
  const runs = results.filter(({ status }) => !status.endsWith('Error'))
  const unnoticed = runs.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
  const percentage = 100 * (1 - unnoticed.length / runs.length)
  process.stdout.write(`\n${name}: ${runs.length} mutants, ${percentage.toFixed(1)} % noticed, ${unnoticed.length} not\n`)
  for (const { fileName, location: { start, end }, replacement, status } of unnoticed) {
    const text = readFileSync(fileName, 'utf8').split('\n').slice(start.line - 1, end.line)
    text.push((text.pop() ?? '').slice(0, end.column - 1))
    text[0] = (text[0] ?? '').slice(start.column - 1)
    process.stdout.write(`${relative('', fileName)}:${start.line} ${short(text.join(' '))} → ${short(replacement)}${status === 'NoCoverage' ? ' (never run)' : ''}\n`)
  }
  // Nor is it enough where there is none at all.
  if (!(percentage >= LEAST)) process.exitCode = 1
}

function short (text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}

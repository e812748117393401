import fc from 'fast-check'
import t from 'tap'
import { figures, finish, register, sequences } from '../support/model/commands.ts'
import { ACCOUNTS, newWorld } from '../support/model/model.ts'
import { openInProcess, openProcess } from '../support/model/system.ts'
import { startReceiver } from '../support/receiver.ts'

/**
 * `MODEL_SEED` repeats a run, with `MODEL_PATH` and `MODEL_REPLAY`, as a failure prints them, its shortest counterexample;
 * `MODEL_STEPS` goes on for longer.
 * `MODEL_KILLS=1 npx tap --timeout 1200 test/robustness/model.test.ts` kills a real process, where else one is started
 * again in this process.
 */
const KILLS = process.env.MODEL_KILLS === '1'
const STEPS = Number(process.env.MODEL_STEPS ?? (KILLS ? 2500 : 10_000))
const SEED = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31))
const { MODEL_PATH: path, MODEL_REPLAY: replayPath } = process.env
const MOST_COMMANDS = KILLS ? 60 : 400
/** Sequences of one seed. */
const RUNS = 5
/** For the sequences of one seed, and for making a counterexample shorter; they take a few seconds, so that it cuts short the latter only. */
const LONGEST_MS = 40_000

t.setTimeout((KILLS ? STEPS / 4 : STEPS / 50) * 1000 + 2 * LONGEST_MS)

t.test(`${STEPS} random steps leave what a small model of the contract says, through ${KILLS ? 'kills' : 'restarts'}`, async t => {
  t.comment(`MODEL_SEED=${SEED} MODEL_STEPS=${STEPS}${KILLS ? ' MODEL_KILLS=1' : ''}`)
  const receiver = await startReceiver(t)
  const property = fc.asyncProperty(sequences({ kills: KILLS, maxCommands: MOST_COMMANDS, replayPath }), async commands => {
    const system = await (KILLS ? openProcess(t, receiver) : openInProcess(receiver))
    const world = newWorld()
    try {
      for (const number of ACCOUNTS) await register(system, number)
      await fc.asyncModelRun(() => ({ model: world, real: system }), commands)
      await finish(world, system, { mayRepeat: KILLS })
    } finally {
      await system.stop()
    }
  })
  for (let seed = SEED; figures.steps < STEPS; seed++) {
    const details = await fc.check(property, { seed, numRuns: RUNS, ...(path !== undefined && { path }), interruptAfterTimeLimit: LONGEST_MS })
    if (details.failed) {
      const report = fc.defaultReportMessage(details) ?? ''
      const [, replay = ''] = /replayPath="([^"]*)"/.exec(report) ?? []
      t.comment(`MODEL_SEED=${seed} MODEL_PATH=${details.counterexamplePath ?? ''} MODEL_REPLAY=${replay}`)
      t.fail(report, { found: String(details.errorInstance) })
      break
    }
    if (path !== undefined) break
  }
  const { byName, ...sums } = figures
  t.comment(`${JSON.stringify(sums)} ${JSON.stringify(Object.fromEntries([...byName].sort(([, a], [, b]) => b - a)))}`)
})

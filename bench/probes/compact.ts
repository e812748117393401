import { monitorEventLoopDelay } from 'node:perf_hooks'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'

// Opens a data file, writes it anew, and says for how many milliseconds the event loop stood still at the longest.
const { app, database } = await buildApp(readConfig({}, { DATA_FILE: process.argv[2], LOG_LEVEL: 'error' }))
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
await database.compact()
delay.disable()
process.stdout.write(String(delay.max / 1e6))
await app.close()

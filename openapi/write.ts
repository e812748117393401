import { writeFile } from 'node:fs/promises'
import { buildApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'

/** Writes the OpenAPI document from the routes; a test compares the committed one with it. */
const { app } = await buildApp(readConfig({ DATA_FILE: ':memory:', LOG_LEVEL: 'silent' }, {}), { describe: true })
await app.ready()
await writeFile(new URL('wooshpay.json', import.meta.url), `${JSON.stringify(app.swagger(), null, 2)}\n`)
await app.close()

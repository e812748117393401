import { writeFile } from 'node:fs/promises'
import { buildApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'

/** Writes the OpenAPI documents from the routes; a test compares the committed ones with them. */
const { app } = await buildApp(readConfig({ DATA_FILE: ':memory:', LOG_LEVEL: 'silent' }, {}), { describe: true })
await app.ready()
for (const [name, document] of [['wooshpay', app.swagger()], ['sandbox', app.sandboxSwagger()]] as const) {
  await writeFile(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(document, null, 2)}\n`)
}
await app.close()

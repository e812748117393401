import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json: the sources lie deeper below it than what the build makes of them. */
const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)))

/** As in package.json. */
export const { version: PACKAGE_VERSION } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }

/**
 * A file that ships with the sandbox.
 * @param path as seen from package.json
 * @example packageFile('fixtures/wallets.json')
 */
export function packageFile (path: string): string {
  return join(ROOT, path)
}

function rootAbove (folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  if (dirname(folder) === folder) throw new Error('The package.json of wooshpay-sandbox is missing: what is built needs it, fixtures and openapi beside its folder.')
  return rootAbove(dirname(folder))
}

import { startSandbox, type Sandbox, type StartOptions } from './start.ts'

/** Options, or what answers them when the sandbox starts, such as when the port of the shop is known. */
export type LateOptions = StartOptions | (() => StartOptions | Promise<StartOptions>)

/**
 * A fixture for `test.extend` of Vitest and of Playwright: a sandbox for each test, or for each file or worker when the
 * runner is told so, that is stopped when it is not needed any more.
 * @example const test = base.extend({ sandbox: sandboxFixture() })
 */
export function sandboxFixture (options: LateOptions = {}): (fixtures: object, use: (sandbox: Sandbox) => Promise<void>) => Promise<void> {
  // Both runners read from the braces which other fixtures it needs.
  // eslint-disable-next-line no-empty-pattern
  return async ({}, use) => {
    const sandbox = await start(options)
    try {
      await use(sandbox)
    } finally {
      await sandbox.stop()
    }
  }
}

type Hook = (run: () => Promise<void>) => unknown

/**
 * Starts a sandbox before the first test, empties it before each and stops it after the last, by the hooks of whatever
 * runs the tests. Jest and Vitest name them so; `node:test` has `before` and `after`, tap `t.before` and `t.teardown`.
 * @returns what gives the sandbox, from the first test on
 * @example const sandbox = sandboxHooks({ beforeAll, beforeEach, afterAll })
 */
export function sandboxHooks (
  { beforeAll, beforeEach, afterAll }: { readonly beforeAll: Hook, readonly beforeEach: Hook, readonly afterAll: Hook },
  options: LateOptions = {}
): () => Sandbox {
  let sandbox: Sandbox | undefined
  let failure: Error | undefined
  const present = (): Sandbox => {
    if (sandbox === undefined) throw failure ?? new Error('The sandbox starts before the first test; ask for it in a test.')
    return sandbox
  }
  beforeAll(async () => {
    sandbox = await start(options).catch((error: Error) => { throw failure = error })
  })
  beforeEach(async () => { await present().reset() })
  afterAll(async () => { await sandbox?.stop() })
  return present
}

async function start (options: LateOptions): Promise<Sandbox> {
  return await startSandbox(typeof options === 'function' ? await options() : options)
}

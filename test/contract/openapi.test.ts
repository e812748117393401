import t from 'tap'
import { answerChecker, checkOperations, documentFromRoutes, operationsOf, readDocument } from '../support/openapi-document.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSandbox } from '../support/sandbox.ts'

const document = readDocument('wooshpay')

t.test('the committed OpenAPI document is what the routes say; `npm run openapi` writes it', async t => {
  t.equal(await documentFromRoutes(t, 'swagger'), document.text)
})

t.test('every operation has a name of its own, a summary, a tag, and its refusals', async t => {
  checkOperations(t, document, 47, /^\/v1\//)
})

t.test('objects in a query are written with brackets, and the document says so', async t => {
  const parameters = Object.values(document.paths).flatMap(methods => Object.values(methods)).flatMap(({ parameters = [] }) => parameters)
  const objects = parameters.filter(({ schema }) => schema.type === 'object')
  t.same([...new Set(objects.map(({ name }) => name))].toSorted(), ['created', 'customer_details'])
  for (const { style, explode } of objects) t.match({ style, explode }, { style: 'deepObject', explode: true })
})

t.test('every operation answers as the document says, and refuses as it says', async t => {
  const { check: compare, called } = answerChecker(t, document)
  const sandbox = await startSandbox(t)
  const receiver = await startReceiver(t)
  const check = async (method: string, path: string, template: string, body?: object): Promise<{ id: string, data: Array<{ id: string }> }> => {
    const answer = await sandbox.call(method, path, body)
    compare(method, template, answer)
    return answer.body
  }
  /** Creates, and retrieves, updates and lists what was made; each is refused as well. */
  const checkResource = async (path: string, { create, update, wrong = { metadata: 1 } }: { create: object, update?: object, wrong?: object }): Promise<string> => {
    const { id } = await check('POST', path, path, create)
    await check('POST', path, path, wrong)
    await check('GET', `${path}?limit=1`, path)
    await check('GET', `${path}?limit=0`, path)
    await check('GET', `${path}/${id}`, `${path}/{id}`)
    await check('GET', `${path}/none`, `${path}/{id}`)
    if (update !== undefined) {
      await check('POST', `${path}/${id}`, `${path}/{id}`, update)
      await check('POST', `${path}/none`, `${path}/{id}`, update)
    }
    return id
  }
  const act = async (path: string, id: string, action: string, body?: object): Promise<void> => {
    await check('POST', `${path}/${id}/${action}`, `${path}/{id}/${action}`, body)
    await check('POST', `${path}/none/${action}`, `${path}/{id}/${action}`, body)
  }
  const [intents, sessions, customers, methods] = ['/v1/payment_intents', '/v1/checkout/sessions', '/v1/customers', '/v1/payment_methods']

  const endpoint = await checkResource('/v1/webhook_endpoints', {
    create: { url: receiver.url, enabled_events: ['*'], metadata: { a: 1 } }, update: { description: 'here' }
  })
  const customer = await checkResource(customers, {
    create: { email: 'siti@shop.test', name: 'Siti', phone: '0812', description: 'a', metadata: { a: 1 }, address: { city: 'Jakarta' }, shipping: { name: 'Siti' } },
    update: { address: { country: 'ID' } }
  })
  const method = await checkResource(methods, { create: { type: 'dana', billing_details: { name: 'Siti' }, metadata: { a: 1 } }, update: { metadata: { b: 2 } } })
  await act(methods, method, 'attach', { customer })
  await check('GET', `${customers}/${customer}/payment_methods`, `${customers}/{id}/payment_methods`)
  await check('GET', `${customers}/none/payment_methods`, `${customers}/{id}/payment_methods`)
  await check('GET', `${customers}/${customer}/payment_methods/${method}`, `${customers}/{id}/payment_methods/{payment_method}`)
  await check('GET', `${customers}/${customer}/payment_methods/none`, `${customers}/{id}/payment_methods/{payment_method}`)
  await act(methods, method, 'detach')
  const product = await checkResource('/v1/products', {
    create: { name: 'apple', description: 'red', images: ['https://shop.test/a.png'], url: 'https://shop.test/apple', metadata: { a: 1 } }, update: { active: false }
  })
  const price = await checkResource('/v1/prices', {
    create: { currency: 'IDR', unit_amount: '20000', product, nickname: 'one', lookup_key: 'apple', metadata: { a: 1 }, recurring: { interval: 'month' } },
    update: { active: 'true', nickname: 'an apple' }
  })
  const session = await checkResource(sessions, {
    create: {
      success_url: 'https://shop.test/done',
      cancel_url: 'https://shop.test',
      line_items: [{ price_data: { currency: 'IDR', unit_amount: 20000, product }, quantity: 2 }],
      customer,
      customer_email: 'siti@shop.test',
      client_reference_id: 'order-7',
      metadata: { a: 1 },
      payment_method_options: { dana: { terminal_type: 'WEB' } },
      shipping_address_collection: { allowed_countries: ['ID'] }
    },
    wrong: { success_url: 'https://shop.test', line_items: [{ price, quantity: 1 }] }
  })
  await check('GET', `${sessions}/list`, `${sessions}/list`)
  await check('GET', `${sessions}/list?starting_after=none`, `${sessions}/list`)
  await check('GET', `${sessions}/${session}/line_items`, `${sessions}/{id}/line_items`)
  await check('GET', `${sessions}/none/line_items`, `${sessions}/{id}/line_items`)
  await act(sessions, session, 'expire')

  const payment = {
    amount: 20000,
    currency: 'IDR',
    confirm: true,
    payment_method_data: { type: 'dana', billing_details: { name: 'Siti' } },
    return_url: 'https://shop.test',
    quantity: 2,
    metadata: { order: 7 },
    shipping: { name: 'Siti' },
    payment_method_options: { dana: { terminal_type: 'WEB' } },
    setup_future_usage: 'off_session',
    customer,
    merchant_order_id: 'order-7',
    description: 'apples'
  }
  const { id: paid } = await check('POST', intents, intents, payment)
  await sandbox.call('POST', `/v1/receives/dana/pay/${paid}/outcome`, { outcome: 'pay' })
  await checkResource('/v1/refunds', { create: { payment_intent: paid, amount: 5000, reason: 'duplicate', metadata: { a: 1 } } })
  const { data: [charge] } = await check('GET', '/v1/charges', '/v1/charges')
  await check('GET', '/v1/charges?limit=x', '/v1/charges')
  await check('GET', `/v1/charges/${charge?.id}`, '/v1/charges/{id}')
  await check('GET', '/v1/charges/none', '/v1/charges/{id}')

  const declined = await checkResource(intents, { create: payment, update: { description: 'pears' } })
  await sandbox.call('POST', `/v1/receives/dana/pay/${declined}/outcome`, { outcome: 'insufficient-balance' })
  await check('GET', `${intents}/${declined}`, `${intents}/{id}`)
  await act(intents, declined, 'confirm', { payment_method_data: { type: 'dana' } })
  await act(intents, declined, 'cancel', { cancellation_reason: 'customer cancelled' })
  await act(intents, declined, 'capture')
  await check('GET', `${intents}/search?query=amount:20000`, `${intents}/search`)
  await check('GET', `${intents}/search?query=amount`, `${intents}/search`)

  const { data: [event] } = await check('GET', '/v1/events', '/v1/events')
  await check('GET', '/v1/events?limit=101', '/v1/events')
  await check('GET', `/v1/events/${event?.id}`, '/v1/events/{id}')
  await check('GET', '/v1/events/none', '/v1/events/{id}')
  for (const [path, id] of [['/v1/webhook_endpoints', endpoint], [customers, customer]] as const) {
    await check('DELETE', `${path}/${id}`, `${path}/{id}`)
    await check('DELETE', `${path}/${id}`, `${path}/{id}`)
  }

  const all = operationsOf(document)
  // No method of the sandbox lets a payment be captured, so that nothing answers a capture with 200.
  const expected = all.flatMap(operation => operation.endsWith('/capture') ? [`4XX ${operation}`] : [`200 ${operation}`, `4XX ${operation}`])
  t.same([...called].toSorted(), expected.toSorted(), 'every operation was called, in both ways')
})

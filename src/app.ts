import { setMaxListeners } from 'node:events'
import cors from '@fastify/cors'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { keepOf, readTls, type Config } from './config.ts'
import { checkoutRoutes } from './checkout/routes.ts'
import { Checkout } from './checkout/service.ts'
import { createChance } from './core/chance.ts'
import { createSecrets, SnowflakeIds } from './core/ids.ts'
import { PACKAGE_VERSION } from './core/package-files.ts'
import { switchesOf } from './core/switches.ts'
import { dashboardRoutes } from './dashboard/routes.ts'
import { faultDefinition, type Possible } from './faults/fault.ts'
import { Faults } from './faults/service.ts'
import { assetRoutes } from './html/assets.ts'
import { authentication, optionalAccount } from './http/authentication.ts'
import { readBodies, readBrackets } from './http/bodies.ts'
import { answerErrors, answerForNode, answerUnknownRoutes, clientErrorHandler, frameworkErrors } from './http/errors.ts'
import { injectFaults, loseAnswers } from './http/faults.ts'
import { ownCalls } from './http/own-calls.ts'
import { hangUpAtClose } from './http/hang-up.ts'
import { forgetKey, idempotencyDefinition, keepIdempotency } from './http/idempotency.ts'
import { describeRoutes, serveDocumentation } from './http/openapi.ts'
import { logRequests, rememberRequests, RequestLog } from './http/request-log.ts'
import { dropUnknownParameters, refuseUnknownParameters, validateLazily } from './http/validation.ts'
import { answerWhenWritten } from './http/written.ts'
import { Coverage, coverageDefinition } from './sandbox/coverage/service.ts'
import { sandboxDescription } from './sandbox/description.ts'
import { HintedRequests } from './sandbox/hinted-requests.ts'
import { sandboxRoutes } from './sandbox/routes.ts'
import { snapshotDefinition } from './sandbox/snapshots.ts'
import { accountDefinition, Accounts, type Account } from './store/accounts.ts'
import { Agenda } from './store/agenda.ts'
import { BEGINNING, beginningDefinition, beginningOf } from './store/beginning.ts'
import { createCommit, put, type Operation } from './store/commit.ts'
import { Database } from './store/database.ts'
import { eventDefinition } from './store/events.ts'
import { balanceDefinition, WalletBalances } from './wallet/balances.ts'
import { OutcomeQueue, queuedOutcomesDefinition } from './wallet/queue.ts'
import { walletRoutes } from './wallet/routes.ts'
import { Wallet } from './wallet/service.ts'
import { visitDefinition } from './wallet/visit.ts'
import { deliveryDefinition, deriveDeliveries } from './webhooks/deliveries.ts'
import { Dispatcher } from './webhooks/dispatcher.ts'
import { Sender } from './webhooks/sender.ts'
import { deriveCharges } from './wooshpay/charges/derive.ts'
import { chargeRoutes } from './wooshpay/charges/routes.ts'
import { chargeDefinition } from './wooshpay/charges/schema.ts'
import { checkoutSessionRoutes } from './wooshpay/checkout-sessions/routes.ts'
import { checkoutSessionDefinition } from './wooshpay/checkout-sessions/schema.ts'
import { CheckoutSessions } from './wooshpay/checkout-sessions/service.ts'
import { customerRoutes } from './wooshpay/customers/routes.ts'
import { customerDefinition } from './wooshpay/customers/schema.ts'
import { Customers } from './wooshpay/customers/service.ts'
import { wooshpayDescription } from './wooshpay/description.ts'
import { eventRoutes } from './wooshpay/events/routes.ts'
import { paymentIntentRoutes } from './wooshpay/payment-intents/routes.ts'
import { paymentIntentDefinition } from './wooshpay/payment-intents/schema.ts'
import { PaymentIntents } from './wooshpay/payment-intents/service.ts'
import { paymentMethodRoutes } from './wooshpay/payment-methods/routes.ts'
import { readPaymentMethodRules } from './wooshpay/payment-methods/rules.ts'
import { paymentMethodDefinition } from './wooshpay/payment-methods/schema.ts'
import { PaymentMethods } from './wooshpay/payment-methods/service.ts'
import { priceRoutes } from './wooshpay/prices/routes.ts'
import { priceDefinition } from './wooshpay/prices/schema.ts'
import { Prices } from './wooshpay/prices/service.ts'
import { productRoutes } from './wooshpay/products/routes.ts'
import { productDefinition } from './wooshpay/products/schema.ts'
import { Products } from './wooshpay/products/service.ts'
import { refundRoutes } from './wooshpay/refunds/routes.ts'
import { refundDefinition } from './wooshpay/refunds/schema.ts'
import { Refunds } from './wooshpay/refunds/service.ts'
import { webhookEndpointRoutes } from './wooshpay/webhook-endpoints/routes.ts'
import { webhookEndpointDefinition } from './wooshpay/webhook-endpoints/schema.ts'
import { WebhookEndpoints } from './wooshpay/webhook-endpoints/service.ts'
import { ErrorAnswer } from './wooshpay/wire.ts'

/** Everything that is stored, in the order in which the data file holds it. */
const definitions = [
  beginningDefinition, accountDefinition, webhookEndpointDefinition, customerDefinition, productDefinition, priceDefinition,
  checkoutSessionDefinition, paymentIntentDefinition, paymentMethodDefinition, chargeDefinition, refundDefinition, eventDefinition,
  deliveryDefinition, visitDefinition, balanceDefinition, queuedOutcomesDefinition, idempotencyDefinition,
  faultDefinition, snapshotDefinition, coverageDefinition
] as const

const BODY_LIMIT_BYTES = 1 << 20
/** What Node gives a request to arrive; Fastify would wait for ever for the rest of one. An answer may take longer. */
const LONGEST_ARRIVAL_MS = 300_000
/** Far longer than any id, so that a wrong one is told from a wrong address. */
const LONGEST_ID = 2048

export interface AppOptions {
  /** Where log lines go, each as JSON; standard output when left out. */
  readonly logStream?: { readonly write: (line: string) => unknown } | undefined
  /** Collect the OpenAPI document of the routes, to write it. */
  readonly describe?: boolean
}

export interface Sandbox {
  readonly app: FastifyInstance
  readonly accounts: Accounts
  readonly database: Database
}

/**
 * Builds the sandbox from its settings: the state, the services over it, and the HTTP routes over those.
 * It listens to nothing yet, and `app.close()` ends it.
 */
export async function buildApp (config: Config, { describe = false, logStream }: AppOptions = {}): Promise<Sandbox> {
  const secrets = createSecrets(config.SEED)
  let requests = 0
  // With a seed, ids of requests repeat from run to run, but not within one data file.
  let earlierEvents = 0
  const tls = readTls(config)
  // Node's own refusal would not have the envelope.
  const lenient = { requireHostHeader: false }
  const app: FastifyInstance = Fastify({
    ...tls === undefined ? { http: lenient } : { https: { ...tls, ...lenient } },
    logger: { level: config.LOG_LEVEL, ...(logStream !== undefined && { stream: logStream }) },
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { querystringParser: readBrackets, maxParamLength: LONGEST_ID },
    frameworkErrors,
    clientErrorHandler,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: LONGEST_ARRIVAL_MS,
    trustProxy: config.TRUST_PROXY,
    genReqId: () => `req_${secrets(24, `request ${earlierEvents}.${++requests}`)}`
  })
  const { log } = app

  // The state
  const database = await Database.open({
    file: config.DATA_FILE,
    durability: config.DURABILITY,
    definitions,
    onRead: tellOfReading(config.DATA_FILE, line => { log.info(line) }),
    onCompactionError: error => { log.error(error, 'The data file could not be written anew; its journal goes on.') }
  })
  earlierEvents = database.collection(eventDefinition).size
  const beginnings = database.collection(beginningDefinition)
  const beginning = beginnings.find(BEGINNING)?.record ?? beginningOf(config.CLOCK)
  if (config.CLOCK !== undefined && beginning.began_at_ms !== config.CLOCK) {
    log.warn(`CLOCK is not used: ${config.DATA_FILE} began with another one.`)
  }
  const ids = new SnowflakeIds(id => database.has(id), account => database.latestId(account, accounts.byId(account)?.record.latest_id))
  const accounts = new Accounts({
    database,
    defaults: switchesOf(config),
    clock: beginning.clock,
    open: account => {
      commit(account, { operations: withEndpoint(account) })
    }
  })

  // The services; what follows from the events of a write is derived here, so that services need not know each other.
  const rules = readPaymentMethodRules()
  const balances = new WalletBalances(database)
  const queue = new OutcomeQueue(database)
  const commit = createCommit({
    database,
    ids,
    derivers: [deriveCharges(database), balances.derive, written => sessions.derive(written)],
    deliver: written => deriveDeliveries(endpoints, ids)(written)
  })
  const store = { database, commit, ids }
  const faults = new Faults({ ...store, accounts, chance: createChance(config.SEED) })
  const calls: Array<Possible['calls'][number]> = []
  const coverage = new Coverage({ ...store, accounts, faults, calls, rules })
  const endpoints = new WebhookEndpoints({ ...store, secrets })
  const intents = new PaymentIntents({ ...store, secrets, rules })
  const methods = new PaymentMethods({ ...store, rules })
  const customers = new Customers(store)
  const products = new Products(store)
  const prices = new Prices(store)
  const sessions = new CheckoutSessions({ ...store, intents, prices })
  const refunds = new Refunds({ ...store, rules })
  const dispatcher = new Dispatcher({ database, accounts, commit, faults, sender: new Sender(), userAgent: `wooshpay-sandbox/${PACKAGE_VERSION}`, keep: keepOf(config, 'DELIVERIES'), log })
  const wallet = new Wallet({ database, accounts, commit, intents, rules, balances, queue, dispatcher })
  const checkout = new Checkout({ accounts, sessions, intents, rules })
  const agenda = new Agenda({
    database,
    accounts,
    handlers: {
      'payment_intent.lapse': (account, id) => { intents.lapse(accounts.require(account), id) },
      'payment_intent.settle': (account, id) => { intents.settle(accounts.require(account), id) },
      'checkout_session.expire': (account, id) => { sessions.expireDue(accounts.require(account), id) },
      'refund.settle': (account, id) => { refunds.settleDue(accounts.require(account), id) },
      'delivery.attempt': async (account, id) => { await dispatcher.attempt(account, id) },
      'idempotency_key.expire': (account, id) => { forgetKey(commit, accounts.require(account), id) }
    },
    onError: (error, what, id) => { log.error(error, `${what} of ${id} failed and will be tried again.`) }
  })

  // The routes
  if (describe) for (const description of [wooshpayDescription, sandboxDescription]) await describeRoutes(app, description)
  hangUpAtClose(app)
  logRequests(app)
  readBodies(app)
  answerErrors(app)
  answerUnknownRoutes(app)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('Request-Id', request.id)
    done()
  })
  answerForNode(app)
  assetRoutes(app)
  const end = new AbortController()
  // One for each listener of the stream and each call that waits; they take themselves off.
  setMaxListeners(0, end.signal)
  const requestLog = new RequestLog(keepOf(config, 'REQUESTS'))
  const hintedRequests = new HintedRequests({ requests: requestLog, database })
  const callItself = ownCalls(app, end.signal)
  sandboxRoutes(app, {
    ...store,
    accounts,
    accountOf: optionalAccount({ accounts, apiKeys: config.API_KEYS }),
    beginningOf: withEndpoint,
    intents,
    sessions,
    refunds,
    rules,
    wallet,
    queue,
    faults,
    coverage,
    requests: requestLog,
    hintedRequests,
    calls,
    callItself,
    checkout,
    dispatcher,
    end: end.signal,
    clock: accounts.whole.clock,
    version: PACKAGE_VERSION,
    merchantName: config.MERCHANT_NAME,
    token: config.SANDBOX_TOKEN,
    allowedHosts: config.ALLOWED_HOSTS,
    publicUrl: config.PUBLIC_URL
  })
  serveDocumentation(app, { document: 'wooshpay.json', page: '/docs', title: 'WooshPay sandbox API' })
  serveDocumentation(app, { document: 'sandbox.json', page: '/docs-sandbox', title: 'The sandbox\'s own API' })
  await app.register(async pages => {
    answerWhenWritten(pages, database)
    dashboardRoutes(pages, {
      accounts,
      database,
      hintedRequests,
      balances,
      rules,
      faults,
      coverageOf: accounts => coverage.report(accounts),
      callItself,
      token: config.SANDBOX_TOKEN,
      allowedHosts: config.ALLOWED_HOSTS,
      publicUrl: config.PUBLIC_URL
    })
  })
  await app.register(async pages => {
    answerWhenWritten(pages, database)
    walletRoutes(pages, { wallet, merchantName: config.MERCHANT_NAME, publicUrl: config.PUBLIC_URL })
  })
  await app.register(async pages => {
    answerWhenWritten(pages, database)
    checkoutRoutes(pages, { checkout, merchantName: config.MERCHANT_NAME, publicUrl: config.PUBLIC_URL })
  })
  await app.register(async scope => {
    const api = scope.withTypeProvider<TypeBoxTypeProvider>()
    validateLazily(api)
    await api.register(cors, { exposedHeaders: ['Request-Id', 'Idempotent-Replayed'], maxAge: 86_400, strictPreflight: false })
    api.addHook('onRequest', authentication({ accounts, apiKeys: config.API_KEYS, publicUrl: config.PUBLIC_URL }))
    const remember = rememberRequests(api, requestLog, () => accounts.whole.clock.now())
    const unanswered = (request: FastifyRequest, reply: FastifyReply): void => {
      remember(request, reply)
      coverage.answered(request, reply)
    }
    refuseUnknownParameters(api, ({ caller }) => caller.account.switches.STRICT_PARAMETERS)
    injectFaults(api, faults, { end: end.signal, unanswered })
    keepIdempotency(api, { database, commit, accounts, keep: keepOf(config, 'IDEMPOTENCY_KEYS') })
    // After the above, which compares what was sent.
    dropUnknownParameters(api)
    // After the above, so that an answer also waits for the record that keeps it.
    answerWhenWritten(api, database, { readsAgain: true })
    loseAnswers(api, unanswered)
    api.addHook('onResponse', (request, reply, done) => {
      coverage.answered(request, reply)
      done()
    })
    api.addHook('onRoute', ({ method, url }) => { if (method !== 'HEAD' && method !== 'OPTIONS') calls.push({ method: String(method), path: url }) })
    answerUnknownRoutes(api)
    api.addSchema(ErrorAnswer)
    paymentIntentRoutes(api, intents)
    paymentMethodRoutes(api, methods)
    customerRoutes(api, customers, methods)
    productRoutes(api, products)
    priceRoutes(api, prices)
    checkoutSessionRoutes(api, sessions)
    chargeRoutes(api, database)
    refundRoutes(api, refunds)
    webhookEndpointRoutes(api, endpoints)
    eventRoutes(api, database)
  }, { prefix: '/v1' })

  let farewell: Promise<void> | undefined
  app.addHook('preClose', async () => {
    agenda.stop()
    end.abort()
    // Beside the requests in flight, of which one may wait for a webhook.
    farewell = dispatcher.close()
  })
  app.addHook('onClose', async () => {
    await farewell
    await database.close()
  })
  if (beginnings.find(BEGINNING) === undefined) commit(accounts.whole, { operations: [put(beginningDefinition, beginning)] })
  if (config.WEBHOOK_URL !== undefined) {
    for (const account of accounts.all()) commit(account, { operations: withEndpoint(account) })
  }
  agenda.start()
  return { app, accounts, database }

  /** An account with the endpoint that the settings give to every account. */
  function withEndpoint (account: Account): Operation[] {
    if (config.WEBHOOK_URL === undefined) return [put(accountDefinition, account.record)]
    const endpoint = endpoints.follow(account, account.record.webhook_endpoint, {
      url: config.WEBHOOK_URL, enabled_events: [...config.WEBHOOK_EVENTS]
    }, config.WEBHOOK_SECRET)
    return [put(accountDefinition, { ...account.record, webhook_endpoint: endpoint.id }), put(webhookEndpointDefinition, endpoint)]
  }
}

/** Tells once a second how far a long reading is. */
function tellOfReading (file: string, tell: (line: string) => void): (bytes: number, of: number) => void {
  let next = performance.now() + 1000
  return (bytes, of) => {
    if (performance.now() < next) return
    next = performance.now() + 1000
    tell(`Reading ${file}: ${Math.floor(bytes / of * 100)} % of ${Math.ceil(of / 1e6)} MB.`)
  }
}

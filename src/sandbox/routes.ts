import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { answerUnknownRoutes } from '../http/errors.ts'
import { refuseUnknownParameters, validateLazily } from '../http/validation.ts'
import { answerWhenWritten } from '../http/written.ts'
import type { Account } from '../store/accounts.ts'
import { ErrorAnswer } from '../wooshpay/wire.ts'
import type { Refunds } from '../wooshpay/refunds/service.ts'
import { accountRoutes, type AccountOptions } from './account.ts'
import { clockRoutes, type ClockOptions } from './clock.ts'
import { Concern } from './concern.ts'
import { coverageRoutes, type CoverageRoutesOptions } from './coverage/routes.ts'
import { deliveryRoutes, type DeliveryOptions } from './deliveries.ts'
import { sampleEventRoutes, type SampleEventOptions } from './events.ts'
import { faultRoutes, type FaultOptions } from './faults.ts'
import { guard, type GuardOptions } from './guard.ts'
import { healthRoute, type HealthOptions } from './health.ts'
import { outcomeRoutes, type OutcomeOptions } from './outcomes.ts'
import { refundRoutes } from './refunds.ts'
import { requestRoutes, type RequestOptions } from './requests.ts'
import { scenarioRoutes, type ScenarioOptions } from './scenarios.ts'
import { shopperRoutes, type ShopperOptions } from './shopper.ts'
import { snapshotRoutes, type SnapshotOptions } from './snapshots.ts'
import { streamRoutes, type StreamOptions } from './stream.ts'
import { waitingRoutes, type WaitingOptions } from './waiting.ts'

type CallOptions = ScenarioOptions & StreamOptions & AccountOptions & ClockOptions & CoverageRoutesOptions & DeliveryOptions & FaultOptions & OutcomeOptions & RequestOptions & SampleEventOptions & ShopperOptions & SnapshotOptions & WaitingOptions

export interface SandboxOptions extends HealthOptions, GuardOptions, Omit<CallOptions, 'concern'> {
  readonly refunds: Refunds
  /** The account of a request's key; undefined when it has none. */
  readonly accountOf: (request: FastifyRequest) => Account | undefined
}

/** The sandbox's own API: what a test may do and a customer can't. Health is open to everybody, all else is guarded. */
export function sandboxRoutes (app: FastifyInstance, options: SandboxOptions): void {
  void app.register(async scope => {
    const api = scope.withTypeProvider<TypeBoxTypeProvider>()
    const call = { ...options, concern: new Concern(options.accounts, options.accountOf) }
    validateLazily(api)
    api.addHook('onRequest', guard(options))
    // A test that asks for what there is not would prove nothing.
    refuseUnknownParameters(api, ({ routeOptions }) => routeOptions.config.open !== true)
    answerWhenWritten(api, options.database)
    answerUnknownRoutes(api, '/docs-sandbox')
    api.addSchema(ErrorAnswer)
    healthRoute(api, options)
    shopperRoutes(api, call)
    outcomeRoutes(api, call)
    refundRoutes(api, call)
    clockRoutes(api, call)
    waitingRoutes(api, call)
    deliveryRoutes(api, call)
    requestRoutes(api, call)
    scenarioRoutes(api, call)
    streamRoutes(api, call)
    faultRoutes(api, call)
    sampleEventRoutes(api, call)
    coverageRoutes(api, call)
    accountRoutes(api, call)
    snapshotRoutes(api, call)
  }, { prefix: '/_sandbox' })
}

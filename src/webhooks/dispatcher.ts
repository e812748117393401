import { setMaxListeners } from 'node:events'
import fastq, { type queueAsPromised } from 'fastq'
import { withoutCredentials } from '../core/addresses.ts'
import type { Keep } from '../core/settings.ts'
import type { Fault } from '../faults/fault.ts'
import type { Faults } from '../faults/service.ts'
import type { Account, Accounts } from '../store/accounts.ts'
import type { Collection } from '../store/collection.ts'
import { put, remove, type Commit } from '../store/commit.ts'
import type { Database } from '../store/database.ts'
import { eventDefinition, type EventRecord } from '../store/events.ts'
import { until } from '../store/until.ts'
import { webhookEndpointDefinition, type WebhookEndpoint } from '../wooshpay/webhook-endpoints/schema.ts'
import { afterAttempt, deliveryDefinition, givenUp, held, isDue, isLost, lost, outdated, putOff, released, type Attempt, type Delivery } from './deliveries.ts'
import { AT_ONCE, Limit, type Sender } from './sender.ts'
import { signatureHeaders } from './signature.ts'

/** How long a receiver has to answer while the clock is moved, so that moving past days of retries ends. */
const MOVING_TIMEOUT_MS = 1000
/** How old a fault makes a signature: beyond every receiver's tolerance, of which 5 minutes is the usual one. */
const OLD_MS = 60 * 60 * 1000
/** How long a stop waits for attempts under way; what has no answer then is tried again after the next start. */
const FAREWELL_MS = 2000

interface Job { readonly account: Account, readonly id: string }
/** A delivery after an attempt; undefined where none was made. */
type Made = Delivery | undefined

export interface DispatcherOptions {
  readonly database: Database
  readonly accounts: Accounts
  readonly commit: Commit
  readonly faults: Faults
  readonly sender: Sender
  readonly userAgent: string
  /** Of the deliveries of each account that have ended. */
  readonly keep: Keep
  readonly log: { readonly warn: (details: object, message: string) => void }
}

/**
 * Makes the attempts that are due: a few at a time for each endpoint, so that a slow receiver holds up only itself;
 * the first attempts of one payment's events one after the other, so that they arrive in order.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #deliveries: Collection<Delivery>
  readonly #events: Collection<EventRecord>
  readonly #endpoints: Collection<WebhookEndpoint>
  readonly #queues = new Map<string, queueAsPromised<Job, Made>>()
  /** By delivery and number of earlier attempts, so that none is made twice. */
  readonly #underWay = new Map<string, Promise<Made>>()
  /** The last first attempt for an endpoint and payment; the next one waits for it. */
  readonly #turns = new Map<string, Promise<Made>>()
  /** Attempts that wait for their receiver. */
  readonly #sent = new Set<{ readonly delivery: Delivery, readonly endpoint: WebhookEndpoint, readonly limit: Limit }>()
  /** What became of attempts that could not be recorded yet: they are not made again for that. */
  readonly #unrecorded = new WeakMap<Delivery, Delivery>()
  #closing = false
  readonly #end = new AbortController()

  constructor (options: DispatcherOptions) {
    this.#options = options
    // One for each customer who waits for a webhook; they take themselves off.
    setMaxListeners(0, this.#end.signal)
    this.#deliveries = options.database.collection(deliveryDefinition)
    this.#events = options.database.collection(eventDefinition)
    this.#endpoints = options.database.collection(webhookEndpointDefinition)
    options.database.onSettled(() => { this.#cutShort() })
  }

  /**
   * Makes the next attempt of a delivery; resolves when it is recorded.
   * @returns the delivery after it, which may not have been kept; undefined where there was no attempt to make
   */
  async attempt (accountId: string, id: string): Promise<Made> {
    const account = this.#options.accounts.byId(accountId)
    const delivery = this.#deliveries.get(accountId, id)
    if (account === undefined || delivery?.status !== 'pending' || this.#closing) return undefined
    const key = `${id} ${delivery.attempts.length}`
    let attempt = this.#underWay.get(key)
    if (attempt === undefined) {
      attempt = this.#inTurn(delivery, () => this.#queueOf(delivery.endpoint).push({ account, id }))
        .finally(() => { this.#underWay.delete(key) })
      this.#underWay.set(key, attempt)
    }
    return await attempt
  }

  /**
   * Resolves when every delivery of a payment's events that is due has had its first attempt, or at a stop, when none
   * will be made any more. What a fault holds or puts off may never come, since time can stand still.
   */
  async firstAttempts (account: Account, intent: string): Promise<void> {
    const isFirstDue = (delivery: Delivery): boolean => delivery.attempts.length === 0 && isDue(delivery, account.clock.now())
    await until(
      this.#options.database,
      () => ![...this.#deliveries.newest(account.id, `payment_intent:${intent}`)].some(isFirstDue),
      this.#end.signal
    )
  }

  /** Ends attempts whose outcome concerns nobody any more, so that no other waits behind a receiver that hangs. */
  #cutShort (): void {
    for (const { delivery, endpoint, limit } of this.#sent) {
      if (!this.#isCurrent(delivery, endpoint)) limit.cutShort('the endpoint has changed, or is gone')
    }
  }

  #isCurrent (delivery: Delivery, endpoint: WebhookEndpoint): boolean {
    return this.#deliveries.find(delivery.id)?.record === delivery && this.#endpoints.find(endpoint.id)?.record.url === endpoint.url
  }

  /** Lets attempts under way end, for a moment, and then ends them. */
  async close (): Promise<void> {
    this.#closing = true
    const underWay = Promise.allSettled(this.#underWay.values())
    let farewell: NodeJS.Timeout | undefined
    await Promise.race([underWay, new Promise(resolve => { farewell = setTimeout(resolve, FAREWELL_MS) })])
    clearTimeout(farewell)
    await this.#options.sender.close()
    await underWay
    this.#end.abort()
  }

  async #inTurn (delivery: Delivery, run: () => Promise<Made>): Promise<Made> {
    if (delivery.attempts.length > 0) return await run()
    const key = `${delivery.endpoint} ${delivery.payment_intent ?? delivery.event}`
    const turn = (this.#turns.get(key) ?? Promise.resolve(undefined)).then(run, run)
    this.#turns.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key)
    }
  }

  #queueOf (endpoint: string): queueAsPromised<Job, Made> {
    let queue = this.#queues.get(endpoint)
    if (queue === undefined) {
      queue = fastq.promise(async (job: Job) => await this.#make(job), AT_ONCE)
      queue.drain = () => { this.#queues.delete(endpoint) }
      this.#queues.set(endpoint, queue)
    }
    return queue
  }

  async #make ({ account, id }: Job): Promise<Made> {
    const delivery = this.#deliveries.get(account.id, id)
    const event = this.#events.get(account.id, delivery?.event ?? '')
    if (delivery?.status !== 'pending' || event === undefined || this.#closing) return undefined
    const isCurrent = (): boolean => this.#deliveries.get(account.id, id) === delivery
    const wasCutShort = ({ attempts }: Delivery): boolean => this.#closing && attempts.at(-1)?.error !== undefined
    const made = this.#unrecorded.get(delivery)
    const next = made ?? await this.#next(account, delivery, event)
    // A reset may have removed it meanwhile, and what a stop has cut short was no attempt.
    if (!isCurrent() || wasCutShort(next)) return undefined
    if (made === undefined && next.attempts.length > delivery.attempts.length && next.status !== 'succeeded') this.#warn(next)
    const now = account.clock.now()
    const last = next.attempts.at(-1)
    const wasSent = next.attempts.length > delivery.attempts.length && last !== undefined && !isLost(last)
    const waiting = wasSent ? [...this.#deliveries.newest(account.id, `held:${delivery.endpoint}`)] : []
    this.#options.commit(account, {
      operations: [put(deliveryDefinition, next), ...waiting.map(other => put(deliveryDefinition, released(other, now)))]
    })
    const old = outdated(this.#deliveries, account.id, this.#options.keep, now)
    if (old.length > 0) this.#options.commit(account, { operations: old.map(({ id }) => remove(deliveryDefinition, id)) })
    this.#unrecorded.set(delivery, next)
    await this.#options.database.written()
    this.#unrecorded.delete(delivery)
    return next
  }

  /** The delivery after an attempt, or after what a fault has made of it. */
  async #next (account: Account, delivery: Delivery, event: EventRecord): Promise<Delivery> {
    const endpoint = this.#endpoints.get(account.id, delivery.endpoint)
    if (endpoint?.status !== 'enabled') return givenUp(delivery)
    const fault = this.#options.faults.befallingSending(account, {
      type: delivery.type,
      endpoint: endpoint.id,
      paymentIntent: delivery.payment_intent,
      isAwaited: this.#deliveries.count(account.id, `held:${endpoint.id}`) > 0,
      spentFault: delivery.fault
    })
    const { drop, delay_ms: delayMs, swap_with_next: swap, duplicate } = fault?.then ?? {}
    const now = account.clock.now()
    if (fault !== undefined && drop === true) return lost(delivery, now, fault.id)
    if (fault !== undefined && swap === true) return held(delivery, fault.id)
    if (fault !== undefined && delayMs !== undefined) return putOff(delivery, now + delayMs, fault.id)
    const post = async (number: number): Promise<Attempt> => await this.#post(account, delivery, number, event, endpoint, fault)
    const attempt = await post(delivery.attempts.length + 1)
    const isRepeated = duplicate === true && !this.#closing && this.#isCurrent(delivery, endpoint)
    const repetition = isRepeated ? await post(delivery.attempts.length + 2) : undefined
    return { ...afterAttempt(delivery, attempt, account.switches, repetition), url: withoutCredentials(endpoint.url) }
  }

  #warn ({ id, type, url, attempts, next_attempt_at: nextAttemptAt }: Delivery): void {
    const last = attempts.at(-1)
    this.#options.log.warn(
      { delivery: id, attempt: attempts.length, next_attempt_at: nextAttemptAt },
      `The webhook ${type} to ${withoutCredentials(url)} failed: ${last?.error ?? `status ${last?.status}`}.`
    )
  }

  async #post (
    account: Account, delivery: Delivery, number: number, event: EventRecord, endpoint: WebhookEndpoint, fault: Fault | undefined
  ): Promise<Attempt> {
    const { switches, clock } = account
    const at = clock.now()
    const body = bodyOf(event, endpoint)
    const age = fault?.then.old_timestamp === true ? OLD_MS : 0
    const headers = {
      'Content-Type': 'application/json',
      'User-Agent': this.#options.userAgent,
      ...signatureHeaders({
        secret: `${endpoint.secret ?? ''}${fault?.then.bad_signature === true ? ' ' : ''}`, body, eventAt: delivery.created - age, attemptAt: at - age
      }, switches)
    }
    const started = performance.now()
    const limit = new Limit(switches.WEBHOOK_TIMEOUT_MS)
    const shorten = (): void => { limit.shorten(MOVING_TIMEOUT_MS) }
    if (clock.moving) shorten()
    const stopListening = clock.onMove(shorten)
    const sent = { delivery, endpoint, limit }
    this.#sent.add(sent)
    const answer = await this.#options.sender.send({ endpoint: endpoint.id, url: endpoint.url, body, headers, limit })
    this.#sent.delete(sent)
    stopListening()
    limit.end()
    return {
      number,
      at,
      ...answer,
      duration_ms: clock.frozen ? 0 : Math.round(performance.now() - started),
      request_headers: headers,
      ...(fault !== undefined && { fault: fault.id })
    }
  }
}

/** Compact JSON; the very text that is signed. An endpoint's `api_version` stands in the place that WooshPay's schema gives it. */
function bodyOf ({ id, object, created, livemode, ...rest }: EventRecord, { api_version: apiVersion }: WebhookEndpoint): string {
  return JSON.stringify({ id, object, created, livemode, api_version: apiVersion, ...rest })
}

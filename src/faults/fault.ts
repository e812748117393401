import Type, { type Static } from 'typebox'
import type { Definition } from '../store/collection.ts'

/** What is to go wrong, where, and how often: for calls of the API, or for deliveries of webhooks. */

const Match = Type.Object({
  method: Type.Optional(Type.Enum(['GET', 'POST', 'DELETE'])),
  path: Type.Optional(Type.String({ description: 'Of a call: exact, or with `*` and `{id}` for whatever stands there.', examples: ['/v1/payment_intents'] })),
  type: Type.Optional(Type.String({ description: 'Of a webhook: the type of its event.' })),
  endpoint: Type.Optional(Type.String({ description: 'Of a webhook: the endpoint that it goes to.' })),
  payment_intent: Type.Optional(Type.String({ description: 'Only what concerns this payment.' }))
})
export type Match = Static<typeof Match>

const CallEffects = {
  status: Type.Optional(Type.Integer({ minimum: 400, maximum: 599, description: 'Refuse the call with this status; nothing is done.' })),
  retry_after: Type.Optional(Type.Integer({ minimum: 0, description: 'With `status`: seconds, in the header Retry-After.' })),
  latency_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 600_000, description: 'Answer that much later, in real time.' })),
  hang: Type.Optional(Type.Literal(true, { description: 'Never answer; nothing is done.' })),
  reset: Type.Optional(Type.Literal(true, { description: 'Drop the connection; nothing is done.' })),
  lose_answer: Type.Optional(Type.Literal(true, { description: 'Do and store the call, then drop the connection.' }))
}
const WebhookEffects = {
  drop: Type.Optional(Type.Literal(true, { description: 'Lose the webhook: it is never sent, unless it is resent.' })),
  delay_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_592_000_000, description: 'Send it that much later, by the account\'s clock.' })),
  duplicate: Type.Optional(Type.Literal(true, { description: 'Send it twice.' })),
  swap_with_next: Type.Optional(Type.Literal(true, { description: 'Hold it until the next webhook for the endpoint was sent.' })),
  bad_signature: Type.Optional(Type.Literal(true, { description: 'Sign it with another secret.' })),
  old_timestamp: Type.Optional(Type.Literal(true, { description: 'Sign it as if it were an hour old.' }))
}
export const CALL_EFFECTS = Object.keys(CallEffects)
export const WEBHOOK_EFFECTS = Object.keys(WebhookEffects)
const Effects = Type.Object({ ...CallEffects, ...WebhookEffects })
export type Effects = Static<typeof Effects>

export const FaultParameters = Type.Object({
  match: Type.Optional(Match),
  times: Type.Optional(Type.Integer({ minimum: 1, default: 1, description: 'How often it happens.' })),
  probability: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 1 })),
  then: Effects
})
export type FaultParameters = Static<typeof FaultParameters>

export const Fault = Type.Object({
  id: Type.String(),
  object: Type.Literal('fault'),
  created: Type.Integer({ description: 'Epoch milliseconds.' }),
  match: Match,
  times: Type.Integer(),
  probability: Type.Number(),
  then: Effects,
  seen: Type.Integer({ description: 'How often something has matched.' }),
  hits: Type.Integer({ description: 'How often it has happened; no more than `times`.' })
}, { $id: 'Fault' })
export type Fault = Static<typeof Fault>

/** Those that may still happen are found without looking at those that have. */
export const OPEN = 'open'
export const faultDefinition: Definition<Fault> = { name: 'faults', idPrefix: 'flt', keys: ({ hits, times }) => hits < times ? [OPEN] : [] }

/** A call, as far as faults concern it. */
export interface Call {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** The PaymentIntent that its body names. */
  readonly paymentIntent?: string | undefined
}

/** An attempt of a delivery, as far as faults concern it. */
export interface Sending {
  readonly type: string
  readonly endpoint: string
  readonly paymentIntent?: string | undefined
  /** Another delivery to the endpoint is held until this one was sent. */
  readonly isAwaited: boolean
  /** The fault that has put this delivery off or held it before. */
  readonly spentFault: string | undefined
}

function concernsCalls ({ then }: Pick<Fault, 'then'>): boolean {
  return CALL_EFFECTS.some(name => Object.hasOwn(then, name))
}

export function matchesCall ({ match, then }: Fault, call: Call): boolean {
  return concernsCalls({ then }) &&
    (match.method === undefined || match.method === call.method) &&
    (match.path === undefined || patternOf(match.path).test(call.path)) &&
    (match.payment_intent === undefined || call.path.split('/').includes(match.payment_intent) || call.paymentIntent === match.payment_intent)
}

export function matchesSending ({ id, match, then }: Fault, sending: Sending): boolean {
  return !concernsCalls({ then }) &&
    id !== sending.spentFault &&
    !(sending.isAwaited && then.swap_with_next === true) &&
    (match.type === undefined || match.type === sending.type) &&
    (match.endpoint === undefined || match.endpoint === sending.endpoint) &&
    (match.payment_intent === undefined || match.payment_intent === sending.paymentIntent)
}

/** What a rule could ever match. */
export interface Possible {
  /** Calls of the API; `:id` stands for any id. */
  readonly calls: ReadonlyArray<{ readonly method: string, readonly path: string }>
  readonly types: readonly string[]
  readonly hasEndpoint: (id: string) => boolean
  readonly hasPaymentIntent: (id: string) => boolean
}

/** Why a rule can never do anything, with the parameter that is the reason; undefined when it can. */
export function whyNever ({ match = {}, then }: FaultParameters, possible: Possible): { param: string, value: unknown, why: string } | undefined {
  const names = Object.keys(then)
  const [forCalls, forWebhooks] = [CALL_EFFECTS, WEBHOOK_EFFECTS].map(all => names.filter(name => all.includes(name))) as [string[], string[]]
  const [call, webhook] = [forCalls[0], forWebhooks[0]]
  if (call === undefined && webhook === undefined) return { param: 'then', value: then, why: `does nothing; there are ${[...CALL_EFFECTS, ...WEBHOOK_EFFECTS].join(', ')}` }
  if (call !== undefined && webhook !== undefined) return { param: 'then', value: then, why: `mixes ${call}, which is for calls, with ${webhook}, which is for webhooks` }
  const alone = names.filter(name => !['latency_ms', 'retry_after'].includes(name))
  if (alone.length > 1) return { param: 'then', value: then, why: `can do only one of ${alone.join(', ')}` }
  if (names.includes('retry_after') && then.status === undefined) return { param: 'then[retry_after]', value: then.retry_after, why: 'goes with a status only' }

  const stray = (call === undefined ? ['method', 'path'] as const : ['type', 'endpoint'] as const).find(name => match[name] !== undefined)
  if (stray !== undefined) return { param: `match[${stray}]`, value: match[stray], why: `never matches, since ${call ?? webhook} is for ${call === undefined ? 'webhooks' : 'calls'}` }
  if (match.type !== undefined && !possible.types.includes(match.type)) return { param: 'match[type]', value: match.type, why: `is never raised; there are ${possible.types.join(', ')}` }
  if (match.endpoint !== undefined && !possible.hasEndpoint(match.endpoint)) return { param: 'match[endpoint]', value: match.endpoint, why: 'is no webhook endpoint' }
  if (match.payment_intent !== undefined && !possible.hasPaymentIntent(match.payment_intent)) return { param: 'match[payment_intent]', value: match.payment_intent, why: 'is no PaymentIntent' }
  const { path, method } = match
  if (path === undefined) return undefined
  if (!isPattern(path)) return { param: 'match[path]', value: path, why: `is no path; it may have up to ${MOST_STARS} \`*\`, and \`{id}\` in the place of a whole part` }
  const calls = possible.calls.filter(known => patternOf(path).test(known.path) || patternOf(known.path).test(path))
  if (calls.length === 0) return { param: 'match[path]', value: path, why: 'is the path of no call; the list of calls is at /docs' }
  if (method !== undefined && !calls.some(known => known.method === method)) {
    return { param: 'match[method]', value: method, why: `never comes to ${path}; there are ${[...new Set(calls.map(known => known.method))].join(', ')}` }
  }
  return undefined
}

/** More would let a pattern take for ever to be found not to match. */
const MOST_STARS = 2

function isPattern (path: string): boolean {
  return /^[/*][^?#]*$/.test(path) && path.length <= 500 && path.split('*').length - 1 <= MOST_STARS &&
    path.split('/').every(part => !part.includes('{') || /^\{\w+\}$/.test(part))
}

function patternOf (path: string): RegExp {
  const escaped = path.replace(/[.+?^$()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\{\w+\}|:\w+/g, '[^/]+')}$`)
}

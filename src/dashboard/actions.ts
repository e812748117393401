import { errors } from '../core/errors.ts'

/** A call of the sandbox's own API. */
export interface Call {
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

type Fields = Readonly<Record<string, string | undefined>>

/** What the dashboard's buttons do: each is one call that a test could make too. */
const ACTIONS: Readonly<Record<string, (fields: Fields) => Call>> = {
  shopper: ({ payment_intent: intent, outcome }) => ({ method: 'POST', path: '/shopper', body: { payment_intent: intent, outcome } }),
  refund: ({ payment_intent: intent, amount }) => ({ method: 'POST', path: '/refunds', body: { payment_intent: intent, ...(amount !== '' && { amount }) } }),
  'settle-refund': ({ id }) => ({ method: 'POST', path: `/refunds/${part(id)}/settle` }),
  'fail-refund': ({ id }) => ({ method: 'POST', path: `/refunds/${part(id)}/fail` }),
  resend: ({ id }) => ({ method: 'POST', path: `/deliveries/${part(id)}/resend` }),
  advance: ({ advance_ms: ms = '' }) => ({ method: 'POST', path: '/clock', body: { advance_ms: Number.isFinite(Number(ms)) ? Number(ms) : ms } }),
  freeze: () => ({ method: 'POST', path: '/clock', body: { frozen: true } }),
  run: () => ({ method: 'POST', path: '/clock', body: { frozen: false } }),
  reset: () => ({ method: 'POST', path: '/reset' }),
  'add-fault': ({ rule = '{}' }) => ({ method: 'POST', path: '/faults', body: ruleIn(rule) }),
  'delete-fault': ({ id }) => ({ method: 'DELETE', path: `/faults/${part(id)}` })
}

/**
 * The call that a button makes.
 * @throws ApiError that lists the actions that there are
 */
export function callOf (action: string, fields: Fields): Call {
  const make = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
  if (make === undefined) throw errors.parameter_invalid('action', action, `is not one of: ${Object.keys(ACTIONS).join(', ')}`)
  return make(fields)
}

/** An id as a part of a path. */
function part (id = ''): string {
  // Encoding leaves dots alone, and they lead to another path.
  if (['.', '..'].includes(id)) throw errors.parameter_invalid('id', id, 'is no id')
  return encodeURIComponent(id)
}

function ruleIn (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw errors.parameter_invalid('rule', text, 'is no JSON')
  }
}

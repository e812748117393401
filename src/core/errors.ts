import { withoutKeys } from './api-keys.ts'

/** The four types that WooshPay documents; there is none of its own for authentication. */
export type ErrorType = 'invalid_request_error' | 'api_error' | 'card_error' | 'idempotency_error'

interface ErrorDetails {
  readonly status: number
  readonly type?: ErrorType
  readonly code: string
  readonly message: string
  readonly param?: string
}

/** A refusal that the caller reads: thrown anywhere, written as the error envelope by `http/errors.ts`. */
export class ApiError extends Error {
  readonly status: number
  readonly type: ErrorType
  readonly code: string
  readonly param: string | undefined

  constructor ({ status, type = 'invalid_request_error', code, message, param }: ErrorDetails) {
    // Some send a key in the place of an id or a name; no refusal says it again.
    super(withoutKeys(message))
    this.name = 'ApiError'
    this.status = status
    this.type = type
    this.code = code
    this.param = param === undefined ? undefined : withoutKeys(param)
  }

  /** The answer's body. The message stands twice, since integrations read `error.message` or `message`. */
  toJSON (): ErrorEnvelope {
    const param = this.param === undefined ? {} : { param: this.param }
    return { error: { type: this.type, code: this.code, message: this.message, ...param }, message: this.message }
  }
}

export interface ErrorEnvelope {
  error: { type: ErrorType, code: string, message: string, param?: string }
  message: string
}

/**
 * Every failure of the API by its code. Statuses are those of WooshPay's table; its list of codes could not be read,
 * so the codes are the usual ones of this family of APIs.
 */
export const errors = {
  api_key_missing: () => new ApiError({
    status: 401,
    code: 'api_key_missing',
    message: 'No API key was sent. Use HTTP Basic authentication with the key as user name and an empty password, ' +
      'as in: curl -u sk_test_sandbox: …'
  }),
  api_key_invalid: (why: string) => new ApiError({ status: 401, code: 'api_key_invalid', message: why }),
  api_key_live: (masked: string) => new ApiError({
    status: 401,
    code: 'api_key_live',
    message: `The live key ${masked} was sent to a sandbox. Use a key that starts with sk_test_, and check where else the live key went.`
  }),
  secret_key_required: (what: string) => new ApiError({ status: 403, code: 'secret_key_required', message: what }),
  client_secret_invalid: (id: string) => new ApiError({
    status: 403,
    code: 'client_secret_invalid',
    param: 'client_secret',
    message: `The client_secret does not belong to ${id}. A publishable key needs the client_secret of the PaymentIntent that it asks for.`
  }),

  sandbox_token_required: () => new ApiError({
    status: 401, code: 'sandbox_token_required', message: 'This sandbox has a SANDBOX_TOKEN; send it in the header X-Sandbox-Token.'
  }),
  host_not_allowed: (host: string) => new ApiError({
    status: 403,
    code: 'host_not_allowed',
    message: `The sandbox's own API may not be called under the name ${quote(host)}; allowed: localhost, addresses, names without a dot, ` +
      '*.localhost, *.internal, *.local, the host of PUBLIC_URL, and those in ALLOWED_HOSTS.'
  }),

  body_malformed: (where: string) => new ApiError({
    status: 400, code: 'body_malformed', message: `The request body is not valid JSON: ${where}.`
  }),
  body_too_large: (limitBytes: number) => new ApiError({
    status: 413, code: 'body_too_large', message: `The request body is larger than ${limitBytes} bytes.`
  }),
  request_malformed: (why: string) => new ApiError({ status: 400, code: 'request_malformed', message: `The request cannot be read: ${why}.` }),
  content_type_unsupported: (contentType: string) => new ApiError({
    status: 415,
    code: 'content_type_unsupported',
    message: `The content type ${quote(contentType)} is not supported; send application/json or application/x-www-form-urlencoded.`
  }),
  content_encoding_unsupported: (encoding: string) => new ApiError({
    status: 415, code: 'content_encoding_unsupported', message: `The content encoding ${quote(encoding)} is not supported; send the body as it is.`
  }),
  origin_not_allowed: (origin: string) => new ApiError({
    status: 403, code: 'origin_not_allowed', message: `A web page from ${origin} may not use the sandbox's own API; ALLOWED_HOSTS names further hosts that may.`
  }),
  route_unknown: (method: string, path: string, docs = '/docs') => new ApiError({
    status: 404, code: 'route_unknown', message: `There is no ${method} ${path}. The list of routes is at ${docs}.`
  }),

  parameter_missing: (param: string, why = '') => new ApiError({
    status: 400, code: 'parameter_missing', param, message: `Missing required parameter: ${param}.${why && ` ${why}`}`
  }),
  parameter_unknown: (param: string, known: readonly string[]) => new ApiError({
    status: 400, code: 'parameter_unknown', param, message: `Unknown parameter: ${param}; there ${known.length === 0 ? 'are none here' : `are: ${known.join(', ')}`}.`
  }),
  parameter_invalid: (param: string, value: unknown, allowed: string) => new ApiError({
    status: 400, code: 'parameter_invalid', param, message: `Invalid ${param}: ${quote(value)} ${allowed}.`
  }),
  resource_missing: (what: string, id: string, param: string, status = 404) => new ApiError({
    status, code: 'resource_missing', param, message: `No such ${what}: ${quote(id)}.`
  }),

  currency_not_supported: (param: string, method: string, currency: string, allowed: readonly string[]) => new ApiError({
    status: 400,
    code: 'currency_not_supported',
    param,
    message: `${method} does not take ${currency}; allowed: ${allowed.join(', ')}.`
  }),
  amount_too_small: (param: string, amount: number | string, least: string, what = param) => new ApiError({
    status: 400, code: 'amount_too_small', param, message: `The ${what} ${amount} is too small; the least is ${least}.`
  }),
  amount_too_large: (param: string, amount: number | string, most: string, what = param) => new ApiError({
    status: 400, code: 'amount_too_large', param, message: `The ${what} ${amount} is too large; the most is ${most}.`
  }),
  payment_method_not_supported: (param: string, method: string, supported: readonly string[]) => new ApiError({
    status: 400,
    code: 'payment_method_not_supported',
    param,
    message: `This sandbox does not have the payment method ${quote(method)}; it has: ${supported.join(', ')}.`
  }),
  capture_method_not_supported: (param: string, methods: readonly string[]) => new ApiError({
    status: 400,
    code: 'capture_method_not_supported',
    param,
    message: `${methods.join(', ')} ${methods.length === 1 ? 'takes' : 'take'} automatic capture only: the customer's payment is final at once, so capture_method "manual" is not possible.`
  }),
  payment_intent_unexpected_state: (message: string) => new ApiError({
    status: 400, code: 'payment_intent_unexpected_state', message
  }),

  payment_method_unexpected_state: (message: string) => new ApiError({
    status: 400, code: 'payment_method_unexpected_state', message
  }),
  checkout_session_unexpected_state: (message: string) => new ApiError({
    status: 400, code: 'checkout_session_unexpected_state', message
  }),
  refund_not_allowed: (message: string) => new ApiError({
    status: 400, code: 'refund_not_allowed', message
  }),
  refund_unexpected_state: (message: string) => new ApiError({
    status: 400, code: 'refund_unexpected_state', message
  }),

  fault_injected: (status: number, fault: string) => new ApiError({
    status,
    type: status >= 500 || status === 429 ? 'api_error' : status === 402 ? 'card_error' : 'invalid_request_error',
    code: 'fault_injected',
    message: `The fault ${fault} was asked for; nothing was done.`
  }),
  coverage_missing: (why: string) => new ApiError({
    status: 412, code: 'coverage_missing', message: `The tests have not reached what is required: ${why}.`
  }),
  account_missing: () => new ApiError({
    status: 400, code: 'account_missing', message: 'No account was used yet, so this would change nothing. Send the secret key of the account that it is for.'
  }),
  scenario_failed: (call: string, why: string) => new ApiError({
    status: 400, code: 'scenario_failed', param: 'steps', message: `The scenario stopped at ${call}, which ${why}`
  }),
  wait_timeout: (seen: string) => new ApiError({
    status: 408, code: 'wait_timeout', message: `The time to wait is over: ${seen}.`
  }),
  snapshot_missing: (name: string, present: readonly string[]) => new ApiError({
    status: 400,
    code: 'snapshot_missing',
    param: 'name',
    message: `There is no snapshot ${quote(name)}; there ${present.length === 0 ? 'are none' : `are: ${present.join(', ')}`}.`
  }),

  idempotency_key_invalid: (why: string) => new ApiError({
    status: 400, type: 'idempotency_error', code: 'idempotency_key_invalid', message: `Invalid Idempotency-Key: ${why}.`
  }),
  idempotency_key_reused: (key: string) => new ApiError({
    status: 400,
    type: 'idempotency_error',
    code: 'idempotency_key_reused',
    message: `The Idempotency-Key ${quote(key)} was used on this path with another body in the last 24 hours. Send the same body, or a new key.`
  }),
  idempotency_key_in_use: (key: string) => new ApiError({
    status: 409,
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: `A request with the Idempotency-Key ${quote(key)} is still running. Repeat it when that one has been answered.`
  }),

  storage_unavailable: (why: string, what = 'Nothing was changed, since the state cannot be written') => new ApiError({
    status: 503, type: 'api_error', code: 'storage_unavailable', message: `${what}: ${why}.`
  }),
  internal: () => new ApiError({
    status: 500, type: 'api_error', code: 'internal', message: 'The sandbox failed at this request; its log says why.'
  })
} as const

/** How a value stands in a message: shown as JSON, shortened, so that a message never carries a whole body. */
function quote (value: unknown): string {
  const text = value === undefined ? 'undefined' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

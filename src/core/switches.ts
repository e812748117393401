import { either, flag, integer, listOf, oneOf, type Setting, type ValuesOf } from './settings.ts'

/**
 * What every account can have in its own way: wherever WooshPay's documentation is silent or speaks with two voices,
 * the choice is one of these. The defaults come from the environment.
 */
export const switchTable = {
  STRICT_PARAMETERS: {
    kind: flag,
    default: false,
    about: 'Refuse parameters that the API does not know, instead of ignoring them'
  },
  IDEMPOTENCY: {
    kind: oneOf('strict', 'lenient', 'off'),
    default: 'strict',
    about: 'What an Idempotency-Key does when it comes again with another body: `strict` refuses it, `lenient` takes it as a new request, `off` ignores keys'
  },
  RETURN_PARAMETERS: {
    kind: flag,
    default: false,
    about: 'Add `payment_intent`, `payment_intent_client_secret` and `redirect_status` to the address that the customer goes back to'
  },
  REFUND_MODE: {
    kind: oneOf('sync', 'async'),
    default: 'sync',
    about: 'Whether a refund has succeeded when it is answered (`sync`), or is `pending` first (`async`)'
  },
  REFUND_DELAY_MS: {
    kind: integer(0, 2_592_000_000),
    default: 5000,
    about: 'How long a `pending` refund takes to succeed'
  },
  SESSION_EVENTS: {
    kind: flag,
    default: false,
    about: 'Send `checkout.session.completed` and `checkout.session.expired`, which the documentation does not list'
  },
  SIGNATURE_HEADERS: {
    kind: oneOf('both', 'english', 'chinese'),
    default: 'both',
    about: 'Which headers carry a webhook\'s signature: `Wooshpay-Signature` (English pages), `Signature` (Chinese pages) or both'
  },
  SIGNATURE_TIMESTAMP: {
    kind: oneOf('seconds', 'milliseconds'),
    default: 'seconds',
    about: 'Unit of `t` in a signature'
  },
  SIGNATURE_TIME: {
    kind: oneOf('event', 'attempt'),
    default: 'event',
    about: 'What `t` tells: when the event happened, the same on every retry, or when the attempt is made'
  },
  WEBHOOK_RETRIES: {
    kind: either(oneOf('documented', 'fast', 'none'), listOf(integer(0, 259_200_000))),
    default: 'documented',
    about: 'When webhooks are tried again: `documented` is 18 attempts in 72 hours, `fast` 18 attempts in about 11 seconds; numbers are the gaps in milliseconds'
  },
  WEBHOOK_TIMEOUT_MS: {
    kind: integer(1, 60_000),
    default: 10_000,
    about: 'How long a receiver of webhooks has to answer'
  }
} as const satisfies Readonly<Record<string, Setting<unknown>>>

export type Switches = ValuesOf<typeof switchTable>

/** The switches among all settings. */
export function switchesOf (settings: Switches): Switches {
  const names = Object.keys(switchTable) as Array<keyof Switches>
  return Object.fromEntries(names.map(name => [name, settings[name]])) as unknown as Switches
}

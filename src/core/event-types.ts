/** Every type of event that is raised; an endpoint may name these, or `*`. */
export const EVENT_TYPES = [
  'payment_intent.created', 'payment_intent.requires_action', 'payment_intent.processing', 'payment_intent.succeeded',
  'payment_intent.payment_failed', 'payment_intent.canceled', 'charge.refund.updated',
  'checkout.session.completed', 'checkout.session.expired'
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** What a type of event looks like. More types are taken than are raised here: integrations register for many of WooshPay's. */
export const EVENT_TYPE = /^[a-z_]+(?:\.[a-z_]+)+$/

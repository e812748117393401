/**
 * Status × trigger → next status. Every status has a row, so that the compiler finds a forgotten one;
 * a trigger that a row leaves out is refused there; a final status has an empty row.
 */
export type Transitions<Status extends string, Trigger extends string> =
  Readonly<Record<Status, Readonly<Partial<Record<Trigger, Status>>>>>

/**
 * The status that a trigger leads to, or undefined where it is refused.
 * @example step(paymentIntentTransitions, 'requires_action', 'pay') // 'succeeded'
 */
export function step<Status extends string, Trigger extends string> (
  transitions: Transitions<Status, Trigger>, status: Status, trigger: Trigger
): Status | undefined {
  return transitions[status][trigger]
}

/** The statuses in which a trigger is allowed, for the message that refuses it elsewhere. */
export function statusesThatTake<Status extends string, Trigger extends string> (
  transitions: Transitions<Status, Trigger>, trigger: Trigger
): Status[] {
  return (Object.keys(transitions) as Status[]).filter(status => transitions[status][trigger] !== undefined)
}

/**
 * The status that a trigger leads to.
 * @param subject what it happens to, and where that stands
 * @param participle what the trigger does to it, for the message
 * @param refuse makes the error, from a message that names the present status and those in which it is allowed
 * @throws the error, where the trigger is refused
 * @example advance(refundTransitions, { name: 'Refund re_1', status: 'failed' }, 'settle', 'settled', errors.refund_unexpected_state)
 */
export function advance<Status extends string, Trigger extends string> (
  transitions: Transitions<Status, Trigger>, { name, status }: { name: string, status: Status }, trigger: Trigger, participle: string,
  refuse: (message: string) => Error
): Status {
  const next = step(transitions, status, trigger)
  if (next !== undefined) return next
  const allowed = statusesThatTake(transitions, trigger).join(', ')
  throw refuse(`${name} has the status ${status}; it can be ${participle} only while that is one of: ${allowed}.`)
}

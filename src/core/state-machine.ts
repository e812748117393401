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

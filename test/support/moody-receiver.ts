import type { Test } from 'tap'
import { verify } from './documented-verifier.ts'
import { startReceiver } from './receiver.ts'
import type { Random } from './random.ts'

/** How long a late answer takes; longer than the sandbox waits is never. */
const LATE_MS = 80

/** A webhook as it arrived: once for each attempt. */
export interface Arrival {
  readonly event: string
  readonly payment: string
  readonly raw: string
  readonly isSigned: boolean
  /** What it is answered: a status, or undefined where the sender waits in vain. */
  readonly answer: number | undefined
}

/** A receiver of many shops that sometimes fails, is late or says nothing, and takes every event in the end. */
export interface MoodyReceiver {
  /** An address for the webhooks of one shop, and what has arrived there. */
  readonly open: (name: string) => { url: string, arrivals: Arrival[], close: () => void }
  /** What nobody should have sent. */
  readonly strays: string[]
}

/** @param secretOf the secret of the endpoint with this name */
export async function startMoodyReceiver (t: Test, random: Random, secretOf: (name: string) => string): Promise<MoodyReceiver> {
  /** By name of the shop; with how often the receiver will yet fail to take an event. */
  const inboxes = new Map<string, { arrivals: Arrival[], failures: Map<string, number> }>()
  const strays: string[] = []
  const receiver = await startReceiver(t, {
    reply: (response, { path, headers, raw, event }) => {
      // It would grow with every webhook of the run.
      receiver.received.length = 0
      const name = path.slice('/webhooks/'.length)
      const inbox = inboxes.get(name)
      if (inbox === undefined) {
        strays.push(`${event.type} ${event.id} came to ${path}, which was closed`)
        response.end()
        return
      }
      const { arrivals, failures } = inbox
      const left = failures.get(event.id) ?? (random.chance(0.12) ? random.integer(1, 4) : 0)
      failures.set(event.id, left - 1)
      const answer = left <= 0 ? 200 : random.chance(0.005) ? undefined : 500
      const { object } = event.data
      arrivals.push({
        event: event.id,
        payment: object.object === 'payment_intent' ? object.id : object.payment_intent,
        raw,
        isSigned: ['wooshpay-signature', 'signature'].every(header => verify(String(headers[header]), raw, secretOf(name))),
        answer
      })
      if (answer === undefined) return
      response.statusCode = answer
      if (random.chance(0.05)) setTimeout(() => { response.end('late') }, random.integer(1, LATE_MS))
      else response.end('ok')
    }
  })
  return {
    open: name => {
      const arrivals: Arrival[] = []
      inboxes.set(name, { arrivals, failures: new Map() })
      return { url: `${receiver.url}/${name}`, arrivals, close: () => { inboxes.delete(name) } }
    },
    strays
  }
}

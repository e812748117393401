import Type from 'typebox'
import type { SandboxClock } from '../core/clock.ts'
import type { Api } from '../http/api.ts'
import type { Database } from '../store/database.ts'
import { answers } from '../wooshpay/wire.ts'

export interface HealthOptions {
  readonly database: Database
  readonly clock: SandboxClock
  readonly version: string
}

const Health = Type.Object({
  status: Type.Literal('ok'),
  version: Type.String(),
  uptime_ms: Type.Integer(),
  now: Type.Integer({ description: 'The sandbox\'s time: epoch milliseconds.' }),
  counts: Type.Record(Type.String(), Type.Integer(), { description: 'How many records there are of each kind.' })
})

/** `GET /_sandbox/health`: that the sandbox answers, and how much it holds; needs neither key nor token. */
export function healthRoute (api: Api, { database, clock, version }: HealthOptions): void {
  const startedAt = performance.now()

  api.get('/health', {
    config: { open: true },
    schema: { operationId: 'health', summary: 'Tell that the sandbox answers', tags: ['Health'], response: answers(Health) }
  }, async () => ({
    status: 'ok' as const,
    version,
    uptime_ms: Math.round(performance.now() - startedAt),
    now: clock.now(),
    counts: Object.fromEntries([...database.collections].map(collection => [collection.definition.name, collection.size]))
  }))
}

import type { FastifyInstance } from 'fastify'
import type { SandboxClock } from '../core/clock.ts'
import type { Database } from '../store/database.ts'

export interface HealthOptions {
  readonly database: Database
  readonly clock: SandboxClock
  readonly version: string
}

/** `GET /_sandbox/health`: that the sandbox answers, and how much it holds; needs neither key nor token. */
export function healthRoute (app: FastifyInstance, { database, clock, version }: HealthOptions): void {
  const startedAt = performance.now()

  app.get('/_sandbox/health', { schema: { hide: true } }, async () => ({
    status: 'ok',
    version,
    uptime_ms: Math.round(performance.now() - startedAt),
    now: clock.now(),
    counts: Object.fromEntries([...database.collections].map(collection => [collection.definition.name, collection.size]))
  }))
}

import type { Database } from './database.ts'

/**
 * Resolves as soon as a condition on the stored state holds, looking again after every write, or when the signal says
 * that it is not waited for any more.
 */
export function until (database: Database, condition: () => boolean, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      stop()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const look = (): void => { if (condition()) end() }
    const stop = database.onSettled(look)
    signal?.addEventListener('abort', end)
    if (signal?.aborted === true) end()
    else look()
  })
}

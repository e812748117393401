import type { Database } from './database.ts'

/** Resolves as soon as a condition on the stored state holds, looking again after every write. */
export function until (database: Database, condition: () => boolean): Promise<void> {
  return new Promise(resolve => {
    if (condition()) {
      resolve()
      return
    }
    const stop = database.onSettled(() => {
      if (!condition()) return
      stop()
      resolve()
    })
  })
}

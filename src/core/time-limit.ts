/**
 * Runs what may take some time only, with a signal that is aborted when that is over, or with one of others.
 * `AbortSignal.any([...ends, AbortSignal.timeout(ms)])` would not do: it holds the time-out weakly, so that a garbage
 * collection takes it away, and then nothing ever ends what waits.
 * @param ends each aborts it earlier
 * @param ms real milliseconds
 */
export async function withTimeLimit<T> (ends: readonly AbortSignal[], ms: number, run: (limit: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  const abort = (): void => { limit.abort() }
  const timer = setTimeout(abort, ms)
  for (const end of ends) end.addEventListener('abort', abort)
  if (ends.some(({ aborted }) => aborted)) abort()
  try {
    return await run(limit.signal)
  } finally {
    clearTimeout(timer)
    for (const end of ends) end.removeEventListener('abort', abort)
  }
}

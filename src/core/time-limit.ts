/**
 * Runs what may take some time only, with a signal that is aborted when that is over, or with another signal.
 * `AbortSignal.any([end, AbortSignal.timeout(ms)])` would not do: it holds the time-out weakly, so that a garbage
 * collection takes it away, and then nothing ever ends what waits.
 * @param end aborts it earlier
 * @param ms real milliseconds
 */
export async function withTimeLimit<T> (end: AbortSignal, ms: number, run: (limit: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  const abort = (): void => { limit.abort() }
  const timer = setTimeout(abort, ms)
  end.addEventListener('abort', abort)
  if (end.aborted) abort()
  try {
    return await run(limit.signal)
  } finally {
    clearTimeout(timer)
    end.removeEventListener('abort', abort)
  }
}

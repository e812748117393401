import t from 'tap'
import { newFolder } from '../support/process.ts'
import { call } from '../support/sandbox.ts'
import { startWatched } from '../support/watched-process.ts'

t.test('a wait ends when its time is over, though memory is tidied up meanwhile', async t => {
  const sandbox = await startWatched(t, newFolder(t), {})
  const { body: { id } } = await call(sandbox.url, 'POST', '/v1/payment_intents', { amount: 100, currency: 'IDR' })
  const ended: number[] = []
  const wait = async (what: string): Promise<void> => {
    ended.push((await call(sandbox.url, 'GET', `/_sandbox/wait?payment_intent=${id}&${what}&timeout_ms=500`)).status)
  }
  // They never end where the time-out is collected; the process is killed then.
  for (const what of ['status=succeeded', 'event=payment_intent.succeeded']) wait(what).catch(() => {})
  const began = performance.now()
  // Each measurement collects what nobody holds.
  while (ended.length < 2 && performance.now() - began < 5000) await sandbox.memory()
  t.same(ended, [408, 408])
})

/** A process that takes and leaves the lock of a file when it is told to; `store.test.ts` forks it. */
import { lockFile } from '../../src/store/file-lock.ts'

let release: (() => Promise<void>) | undefined

process.on('message', ({ hold }: { hold: string | null }) => {
  void answer(hold).then(message => process.send?.(message))
})
process.send?.('ready')

async function answer (file: string | null): Promise<string> {
  try {
    await release?.()
    release = file === null ? undefined : await lockFile(file)
    return file === null ? 'free' : 'holds'
  } catch (error) {
    release = undefined
    return (error as Error).message
  }
}

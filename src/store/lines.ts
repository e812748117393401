import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** A line of a file, without its end. */
export interface Line {
  readonly text: string
  /** From 1. */
  readonly number: number
  /** Bytes from the beginning of the file to the end of the line. */
  readonly end: number
  /** Whether the line has an end; only the last one may have none. */
  readonly whole: boolean
}

const NEWLINE = 10
const CHUNK_BYTES = 1 << 20

/**
 * The lines of a file, read in pieces, so that its size is not limited by that of a string.
 * @param onRead told of the bytes of each piece
 */
export function * linesOf (path: string, onRead: (bytes: number) => void = () => {}): Generator<Line> {
  const fd = openSync(path, 'r')
  try {
    let rest = Buffer.alloc(0)
    let number = 0
    let end = 0
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      const size = readSync(fd, chunk)
      if (size === 0) break
      onRead(size)
      rest = rest.length === 0 ? chunk.subarray(0, size) : Buffer.concat([rest, chunk.subarray(0, size)])
      let start = 0
      for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE, start)) {
        end += at + 1 - start
        yield { text: rest.toString('utf8', start, at), number: ++number, end, whole: true }
        start = at + 1
      }
      rest = rest.subarray(start)
    }
    if (rest.length > 0) yield { text: rest.toString(), number: ++number, end: end + rest.length, whole: false }
  } finally {
    closeSync(fd)
  }
}

/** Writes all bytes; the system may take less than it is given at once. */
export function writeAll (fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
}

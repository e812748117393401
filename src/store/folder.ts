import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Makes a folder and those above it, for good. */
export function makeFolder (folder: string): void {
  const first = mkdirSync(folder, { recursive: true })
  if (first === undefined) return
  const above = dirname(resolve(first))
  for (let made = resolve(folder); made !== above; made = dirname(made)) syncFolder(dirname(made))
}

/** A new, renamed or removed file is so for good only when its folder has been written too. */
export function syncFolder (folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Makes a folder and those above it, for good. */
export function makeFolder (folder: string): void {
  if (isFolder(folder)) return
  const above = dirname(resolve(folder))
  makeFolder(above)
  // One at a time: by itself Node goes round for ever where the system says that a folder is missing and cannot be made, as in /proc.
  try {
    mkdirSync(folder)
  } catch (error) {
    if (!isFolder(folder)) throw error
  }
  syncFolder(above)
}

function isFolder (path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
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

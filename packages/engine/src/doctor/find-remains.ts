import { readdir } from 'node:fs/promises'
import type { Dirent } from 'node:fs'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { stagedName } from '../files/staged-name.ts'
import { attachedMounts } from '../in-use/attachments.ts'
import { isQuarantine } from '../quarantine/entry.ts'
import { readError, systemCode } from '../system/system-error.ts'

const deepest = 64

/** What lies below a folder and is no image, by its name alone. */
export interface Remains {
  /** Files and bundles that did not get their names yet. */
  readonly staged: readonly string[]
  readonly links: readonly string[]
  /** Files whose names say that they take a change back. */
  readonly undoFiles: readonly string[]
}

/** Goes through all names below a folder once. Links are not followed, mounted guests not entered; what lies in a quarantine is kept on purpose. */
export async function findRemains(folder: string, signal?: AbortSignal): Promise<Remains> {
  const mounts = await attachedMounts()
  const remains = { staged: [] as string[], links: [] as string[], undoFiles: [] as string[] }
  const waiting = [{ folder, entries: await entriesOf(folder), depth: 0 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    signal?.throwIfAborted()
    for (const entry of next.entries) {
      const path = join(next.folder, entry.name)
      if (entry.isSymbolicLink()) remains.links.push(path)
      else if (stagedName.test(entry.name) && (entry.isFile() || entry.isDirectory()))
        remains.staged.push(path)
      else if (entry.isFile() && entry.name.endsWith('.undo')) remains.undoFiles.push(path)
      else if (entry.isDirectory() && !isQuarantine(path) && !mounts.has(path) && next.depth < deepest)
        waiting.push({ folder: path, entries: await entriesOf(path).catch(() => []), depth: next.depth + 1 })
    }
  }
  return remains
}

/** What lies in a folder; throws when it cannot be read. */
export async function entriesOf(folder: string): Promise<Dirent[]> {
  return await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOTDIR')
      throw new DiskError('not-readable', { file: folder, reason: 'it is not a folder' })
    throw readError(error, folder)
  })
}

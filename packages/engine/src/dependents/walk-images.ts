import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFormat } from '../files/bundle-folders.ts'
import { decodeName, isSkippedName } from '../files/file-names.ts'
import { attachedMounts } from '../in-use/attachments.ts'

/** Folders deeper than this are not entered. */
const depthLimit = 32

/** What ended a walk early, or could not be looked at. */
export interface WalkGaps {
  /** Folders that could not be read. */
  readonly unread: string[]
}

/**
 * Every file and every bundle below `folders` that may be an image, a bundle by its folder. Hidden names, with them
 * quarantines and unfinished files, are left out; symlinks are not followed: what they lead to is met by its own name. Where
 * Varve has mounted the filesystem of an image, its guest's files lie, and they are nobody's images here.
 */
export async function* walkImages(
  folders: readonly string[],
  gaps: WalkGaps,
  mounts?: ReadonlySet<string>,
): AsyncGenerator<string> {
  const met = new Set(mounts ?? (await attachedMounts()))
  // Who asks for one by its name is shown it.
  for (const folder of folders) met.delete(folder)
  const waiting = folders.map((path) => ({ path, depth: 0 })).toReversed()
  for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
    const { path, depth } = folder
    if (met.has(path)) continue
    met.add(path)
    const entries = await namesIn(path)
    if (entries === null) {
      gaps.unread.push(path)
      continue
    }
    if (
      bundleFormat(
        path,
        entries.map(({ name }) => name),
      ) !== null
    ) {
      yield path
      continue
    }
    for (const { name, entry } of entries) {
      if (isSkippedName(name)) continue
      if (entry.isDirectory() && depth < depthLimit)
        waiting.push({ path: join(path, name), depth: depth + 1 })
      if (entry.isFile()) yield join(path, name)
    }
  }
}

/** Names that are not UTF-8 are left out: no image can name them, and no message either. */
async function namesIn(folder: string): Promise<{ name: string; entry: Dirent<Buffer> }[] | null> {
  const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch(() => null)
  if (entries === null) return null
  return entries
    .flatMap((entry) => {
      const name = decodeName(entry.name)
      return name === null ? [] : [{ name, entry }]
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

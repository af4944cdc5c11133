import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeError } from '../system/system-error.ts'
import { syncPath } from '../files/sync-file.ts'
import {
  entryPath,
  keptMoves,
  purgingName,
  readEntry,
  removeEmptyEntry,
  removeEntry,
  type QuarantineEntry,
} from './entry.ts'
import { manifestName } from './manifest.ts'
import { hostNames, inodeOf, type NameCalls } from './names.ts'
import { moveAll, type Move } from './swap.ts'

/**
 * Brings back what the entry `id` of the quarantine of `folder` holds, never over another file; gives the absolute paths, none when
 * there is no such entry. May be called again after any death. Throws `target-exists` before anything is moved.
 */
export async function restore(
  folder: string,
  id: string,
  names: NameCalls = hostNames,
): Promise<readonly string[]> {
  const entry = await readEntry(folder, id)
  if (entry === null) {
    await removeEmptyEntry(entryPath(folder, id))
    return []
  }
  const back = backMoves(entry)
  await moveAll(back, names)
  await removeEntry(entry)
  return back.map(({ to }) => to)
}

/** The moves that bring an entry's files back. */
export function backMoves(entry: QuarantineEntry): Move[] {
  return keptMoves(entry).map(({ from, to, ...rest }) => ({ from: to, to: from, ...rest }))
}

/** Removes what an entry holds for good; may be called again after any death. Gives whether there was one. */
export async function purge(folder: string, id: string): Promise<boolean> {
  const path = entryPath(folder, id)
  try {
    const isThere = (await readEntry(folder, id)) !== null
    if (isThere) {
      await rename(join(path, manifestName), join(path, purgingName))
      await syncPath(path)
    }
    const isBegun = isThere || inodeOf(join(path, purgingName)) !== null
    if (isBegun) {
      await rm(join(path, 'files'), { recursive: true, force: true })
      await removeEntry({ path })
    }
    return isBegun
  } catch (error) {
    throw writeError(error, path)
  }
}

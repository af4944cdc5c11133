import { linkSync, lstatSync, readdirSync, renameSync, unlinkSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { systemCode, writeError } from '../system/system-error.ts'

/** What is done to names; a test makes one of them the last. */
export interface NameCalls {
  /** A second name for a file; throws `EEXIST`. */
  link(from: string, to: string): void
  /** Takes a name off a file that has another one. */
  unlink(path: string): void
  /** In the place of the file `to`, in one step. */
  renameOver(from: string, to: string): void
  /** Throws `EEXIST` when the name is taken. */
  renameNew(from: string, to: string): void
  /** Both get the other's name in one step; false: this host or filesystem cannot do that. */
  exchange(a: string, b: string): boolean
}

const notOffered = new Set(['ENOSYS', 'EINVAL', 'EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EISDIR'])

/** The names of this host's files. */
export const hostNames: NameCalls = {
  link: (from, to) => linkSync(from, to),
  unlink: (path) => unlinkSync(path),
  renameOver: (from, to) => renameSync(from, to),
  renameNew(from, to) {
    try {
      hostFileRanges().renameNoReplace(from, to)
      return
    } catch (error) {
      if (!notOffered.has(systemCode(error) ?? '')) throw error
    }
    // There a look and a rename are all there is.
    if (lstatSync(to, { throwIfNoEntry: false })) throw new DiskError('target-exists', { file: to })
    renameSync(from, to)
  },
  exchange(a, b) {
    try {
      return hostFileRanges().exchange(a, b)
    } catch (error) {
      throw writeError(error, b)
    }
  },
}

/** The inode number of what has that name, links not followed; null: nothing has. */
export function inodeOf(path: string): string | null {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stats ? String(stats.ino) : null
}

/**
 * Whether two paths of one file are one name of it: then taking the first off takes the file away. Equal paths are, and where
 * letters of another case, or composed in another way, mean the same name, paths that are not both listed in their folder.
 */
export function isOneName(a: string, b: string): boolean {
  if (a === b) return true
  const [folder, other] = [dirname(a), dirname(b)]
  if (folder !== other && inodeOf(folder) !== inodeOf(other)) return false
  const listed = new Set(readdirSync(folder))
  return !listed.has(basename(a)) || !listed.has(basename(b))
}

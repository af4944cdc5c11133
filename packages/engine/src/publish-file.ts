import { link, lstat, rename as move, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { type FileRanges } from './file-ranges/file-ranges.ts'
import { hostFileRanges } from './file-ranges/host-file-ranges.ts'
import { syncPath } from './files/sync-file.ts'
import { systemCode, writeError } from './files/system-error.ts'

const withoutNoReplace = new Set(['ENOSYS', 'EINVAL', 'EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EISDIR'])
const withoutLinks = new Set([...withoutNoReplace, 'EMLINK'])

export interface PublishOptions {
  /** `synced` (the default): file and name are on the medium when the call returns. */
  readonly durability?: 'synced' | 'cached'
  readonly ranges?: FileRanges
}

/**
 * Gives the finished file `partPath` its final name, never in the place of another file: throws `target-exists` when the
 * name is taken. Both must be on one filesystem.
 */
export async function publishFile(
  partPath: string,
  finalPath: string,
  { durability = 'synced', ranges = hostFileRanges() }: PublishOptions = {},
): Promise<void> {
  try {
    if (durability === 'synced') await syncPath(partPath)
    await rename(ranges, { partPath, finalPath })
    if (durability === 'cached') return
    await syncPath(dirname(finalPath))
    if (dirname(partPath) !== dirname(finalPath)) await syncPath(dirname(partPath))
  } catch (error) {
    throw writeError(error, finalPath)
  }
}

interface Names {
  readonly partPath: string
  readonly finalPath: string
}

async function rename(ranges: FileRanges, { partPath, finalPath }: Names): Promise<void> {
  try {
    ranges.renameNoReplace(partPath, finalPath)
    return
  } catch (error) {
    if (!withoutNoReplace.has(systemCode(error) ?? '')) throw error
  }
  try {
    await link(partPath, finalPath)
    await unlink(partPath)
  } catch (error) {
    if (!withoutLinks.has(systemCode(error) ?? '')) throw error
    // FAT and folders have no second name: a look and a rename are all there is.
    if (await isThere(finalPath)) throw new DiskError('target-exists', { file: finalPath })
    await move(partPath, finalPath)
  }
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}

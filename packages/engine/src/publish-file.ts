import { link, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type FileRanges } from './file-ranges/file-ranges.ts'
import { hostFileRanges } from './file-ranges/host-file-ranges.ts'
import { systemCode, writeError } from './files/system-error.ts'
import { syncFolder } from './run/output-file.ts'

const withoutNoReplace = new Set(['ENOSYS', 'EINVAL', 'EOPNOTSUPP'])

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
    if (durability === 'synced') await syncFile(partPath)
    await rename(ranges, { partPath, finalPath })
    if (durability === 'cached') return
    await syncFolder(dirname(finalPath))
    if (dirname(partPath) !== dirname(finalPath)) await syncFolder(dirname(partPath))
  } catch (error) {
    throw writeError(error, finalPath)
  }
}

/** Waits until what was written to `path` is on the medium. */
export async function syncFile(path: string): Promise<void> {
  try {
    await using file = await open(path, 'r')
    await file.sync()
  } catch (error) {
    throw writeError(error, path)
  }
}

interface Names {
  readonly partPath: string
  readonly finalPath: string
}

async function rename(ranges: FileRanges, { partPath, finalPath }: Names): Promise<void> {
  try {
    ranges.renameNoReplace(partPath, finalPath)
  } catch (error) {
    if (!withoutNoReplace.has(systemCode(error) ?? '')) throw error
    await link(partPath, finalPath)
    await unlink(partPath)
  }
}

import { link, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type FileRanges } from './file-ranges/file-ranges.ts'
import { hostFileRanges } from './file-ranges/host-file-ranges.ts'
import { systemCode, writeError } from './files/system-error.ts'
import { syncFolder } from './run/output-file.ts'

const withoutNoReplace = new Set(['ENOSYS', 'EINVAL', 'EOPNOTSUPP'])

/**
 * Gives the finished file `partPath` its final name, durably, and never in the place of another file: throws
 * `target-exists` when the name is taken. Both must be on one filesystem.
 */
export async function publishFile(
  partPath: string,
  finalPath: string,
  { ranges = hostFileRanges() }: { readonly ranges?: FileRanges } = {},
): Promise<void> {
  try {
    await using part = await open(partPath, 'r')
    await part.sync()
    await rename(ranges, { partPath, finalPath })
    await syncFolder(dirname(finalPath))
    if (dirname(partPath) !== dirname(finalPath)) await syncFolder(dirname(partPath))
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
  } catch (error) {
    if (!withoutNoReplace.has(systemCode(error) ?? '')) throw error
    await link(partPath, finalPath)
    await unlink(partPath)
  }
}

import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { type FileRanges } from '../file-ranges/file-ranges.ts'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { syncPath } from './sync-file.ts'
import { systemCode, writeError } from '../system/system-error.ts'

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
    rename(ranges, { partPath, finalPath })
    if (durability === 'cached') return
    await syncPath(dirname(finalPath))
    if (dirname(partPath) !== dirname(finalPath)) await syncPath(dirname(partPath))
  } catch (error) {
    throw writeError(error, finalPath)
  }
}

/**
 * As `publishFile` for an image of several files, the last of which is the image itself. Everything is on the medium before
 * the first name is given, and the names are given one right after the other: no signal comes between them. When one is
 * taken, none stays.
 */
export async function publishFiles(
  files: readonly Names[],
  { durability = 'synced', ranges = hostFileRanges() }: PublishOptions = {},
): Promise<void> {
  if (durability === 'synced') for (const { partPath } of files) await syncPath(partPath)
  const given: string[] = []
  for (const names of files) {
    try {
      rename(ranges, names)
      given.push(names.finalPath)
    } catch (error) {
      for (const path of given) unlinkSync(path)
      throw writeError(error, names.finalPath)
    }
  }
  if (durability === 'cached') return
  for (const folder of new Set(
    files.flatMap(({ partPath, finalPath }) => [dirname(finalPath), dirname(partPath)]),
  ))
    await syncPath(folder)
}

interface Names {
  readonly partPath: string
  readonly finalPath: string
}

function rename(ranges: FileRanges, { partPath, finalPath }: Names): void {
  try {
    ranges.renameNoReplace(partPath, finalPath)
    return
  } catch (error) {
    if (!withoutNoReplace.has(systemCode(error) ?? '')) throw error
  }
  try {
    linkSync(partPath, finalPath)
    unlinkSync(partPath)
  } catch (error) {
    if (!withoutLinks.has(systemCode(error) ?? '')) throw error
    // FAT and folders have no second name: a look and a rename are all there is.
    if (lstatSync(finalPath, { throwIfNoEntry: false }))
      throw new DiskError('target-exists', { file: finalPath })
    renameSync(partPath, finalPath)
  }
}

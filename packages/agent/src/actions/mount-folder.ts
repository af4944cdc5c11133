import { mkdir, readdir, rmdir } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { systemCode, writeError } from '@varve/engine/system/system-error'

/** Not empty or gone: it is not the folder any more that was made. */
const left = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'])

/** Makes the folder of a mount; one that was made before a death is taken. */
export async function makeMountFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o755 }).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw writeError(error, folder)
  })
}

/** Whether nothing lies in a folder that is there. */
export async function isEmptyFolder(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw writeError(error, folder)
  })
  return names.length === 0
}

/** Removes a folder that was made for a mount, if it is empty. */
export async function removeMountFolder(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!left.has(systemCode(error) ?? '')) throw writeError(error, folder)
  })
}

/** What was to be mounted at the folder is attached no more. */
export function attachmentGone(folder: string): DiskError {
  return new DiskError('refused', {
    file: folder,
    reason: 'what was attached for it is gone',
    remedy: 'Mount it again.',
    layer: 'L3',
  })
}

/** Somebody uses the folder since the plan was made. */
export function folderUsed(folder: string): DiskError {
  return new DiskError('refused', {
    file: folder,
    reason: 'it is in use by now: it is not empty, or something is mounted there',
    remedy: 'Say an empty folder, or a new one.',
    layer: 'L1',
  })
}

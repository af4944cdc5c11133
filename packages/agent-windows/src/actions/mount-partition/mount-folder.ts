import { rmdir } from 'node:fs/promises'
import { systemCode, writeError } from '@varve/engine/system/system-error'

/** Not empty or gone: it is not the folder any more that was made. */
const left = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'])

/** Removes a folder that was made for a mount, if it is empty. */
export async function removeMountFolder(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!left.has(systemCode(error) ?? '')) throw writeError(error, folder)
  })
}

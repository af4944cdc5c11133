import { lstat } from 'node:fs/promises'
import { readError, systemCode } from '../system/system-error.ts'

/** The number of a file or folder on its filesystem, which stays when its name changes; null: there is nothing of that name. */
export async function fileIdentity(path: string): Promise<string | null> {
  try {
    return String((await lstat(path, { bigint: true })).ino)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw readError(error, path)
  }
}

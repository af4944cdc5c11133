import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { systemCode, writeError } from './system-error.ts'

/**
 * Makes a folder, and those above it that are missing; one that is there stays as it is. Throws `not-writable` and other coded
 * errors that name the folder which cannot be made. Node's recursive mkdir does not end where a filesystem such as procfs says
 * that the folder above is missing, whatever is there.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const missing: string[] = []
  for (let at = path; !(await isFolder(at)); at = dirname(at)) {
    missing.unshift(at)
    if (dirname(at) === at) break
  }
  for (const folder of missing) await makeOne(folder, mode)
}

async function makeOne(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { mode })
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST' && (await isFolder(folder))) return
    if (code === 'EEXIST' || code === 'ENOTDIR')
      throw new DiskError('not-writable', {
        file: folder,
        reason: 'a file has the name of a folder that is wanted',
      })
    if (code === 'ENOENT')
      throw new DiskError('not-writable', { file: folder, reason: 'no folder can be made there' })
    throw writeError(error, folder)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

import { constants } from 'node:fs'
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError } from '../system/system-error.ts'
import { assertDownloaded } from './dataless.ts'
import { libraryRoots } from './library-roots.ts'
import { pathOfOpen } from './path-of-open.ts'

/** A pipe of that name must not hold anybody up, and a link that comes in between is not followed. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

/**
 * Opens a file for reading that lies inside these roots, links resolved; null: anywhere. It is opened first and judged then, so
 * that what is read is what was judged. Throws `outside-library`, and what reading throws.
 */
export async function openInside(path: string, roots: readonly string[] | null): Promise<FileHandle> {
  const judged = libraryRoots(roots)
  let file: FileHandle | null = null
  try {
    const real = await realpath(resolve(path)).catch((error: unknown) => {
      judged.assertNamedInside(path)
      throw error
    })
    judged.assertInside(real, path)
    assertDownloaded(real)
    file = await open(real, openFlags)
    judged.assertInside(await placeOf(file, real), path)
    return file
  } catch (error) {
    await file?.close()
    throw readError(error, path)
  }
}

/** Where an open file really is: a folder on the way to it may have become a link in the meantime. */
async function placeOf(file: FileHandle, real: string): Promise<string> {
  if (process.platform === 'linux') return await realpath(pathOfOpen(file.fd))
  const again = await realpath(real)
  const [opened, there] = [await file.stat({ bigint: true }), await lstat(again, { bigint: true })]
  if (opened.ino === there.ino && opened.dev === there.dev) return again
  throw new DiskError('source-changed', { file: real, change: 'another file took its name' })
}

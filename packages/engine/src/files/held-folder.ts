import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError } from '../system/system-error.ts'
import { libraryRoots } from './library-roots.ts'
import { pathOfOpen } from './path-of-open.ts'

/** A folder with a name by which it stays the same one, whatever is put in its place meanwhile. */
export interface HeldFolder {
  /** What lies in it is named by this as long as the folder is held: for this process only, and never for people. */
  readonly path: string
  /** Where it lay, links resolved, when it was judged. */
  readonly real: string
}

const openFlags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * Does `work` in a folder that lies inside these roots: it is opened first and judged then, and what `work` names in it is of the
 * folder that was judged. Throws `outside-library`. Where the system names no open folders, and without roots, it is only judged.
 */
export async function inFolder<T>(
  folder: string,
  roots: readonly string[] | null,
  work: (held: HeldFolder) => Promise<T>,
): Promise<T> {
  const judged = libraryRoots(roots)
  if (roots === null || process.platform !== 'linux') {
    const real = await resolved(folder)
    judged.assertInside(real, folder)
    return await work({ path: real, real })
  }
  await using handle = await open(folder, openFlags).catch((error: unknown) => {
    throw readError(error, folder)
  })
  const path = pathOfOpen(handle.fd)
  const real = await resolved(path)
  judged.assertInside(real, folder)
  try {
    return await work({ path, real })
  } catch (error) {
    throw namedForPeople(error, { path, real })
  }
}

async function resolved(folder: string): Promise<string> {
  return await realpath(folder).catch((error: unknown) => {
    throw readError(error, folder)
  })
}

function namedForPeople(error: unknown, { path, real }: HeldFolder): unknown {
  if (!(error instanceof DiskError) || !error.file.startsWith(path)) return error
  const rest = error.file.slice(path.length)
  if (rest !== '' && !rest.startsWith('/')) return error
  return new DiskError(error.code, { ...error.details, file: real + rest } as never, { cause: error })
}

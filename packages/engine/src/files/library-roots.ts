import { realpathSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'

/** The folders below which files may be opened, symlinks resolved; null: everywhere. */
export interface LibraryRoots {
  /** Whether the real path `real` lies inside. */
  holds(real: string): boolean
  /** Throws `outside-library` unless the real path `real` of the file named `file` lies inside. */
  assertInside(real: string, file: string): void
}

export function libraryRoots(roots: readonly string[] | null): LibraryRoots {
  if (roots === null) return { holds: () => true, assertInside() {} }
  const folders = roots.map(realFolder)
  const holds = (real: string) => folders.some((folder) => isInside(real, folder))
  return {
    holds,
    assertInside(real, file) {
      if (holds(real)) return
      throw new DiskError('outside-library', { file, library: roots.join(', ') })
    },
  }
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return resolve(folder)
  }
}

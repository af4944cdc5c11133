import { readdirSync, realpathSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { hostPaths, type PathRules } from './host-path.ts'

/** The folders below which files may be opened, symlinks resolved; null: everywhere. */
export interface LibraryRoots {
  /** Whether the real path `real` lies inside, or is a device that a link in a folder of devices leads to. */
  holds(real: string): boolean
  /**
   * Throws `outside-library` unless the real path `real` of the file named `file` lies inside. What is named below one of the
   * folders lies in that one: a link leads out of none, not into another one either.
   */
  assertInside(real: string, file: string): void
  /** Throws `outside-library` for a name that does not lie inside: whether anything has it is told to nobody. */
  assertNamedInside(file: string): void
}

export function libraryRoots(
  roots: readonly string[] | null,
  { isBelowPath, isRealBelow }: PathRules = hostPaths,
): LibraryRoots {
  if (roots === null) return { holds: () => true, assertInside() {}, assertNamedInside() {} }
  const folders = roots.map(realFolder)
  const isOf = (real: string, folder: string) =>
    isRealBelow(real, folder) || (isOfDevices(folder) && linksTo(folder, real))
  const refuse = (file: string) => new DiskError('outside-library', { file, library: roots.join(', ') })
  const holds = (real: string) => folders.some((folder) => isOf(real, folder))
  return {
    holds,
    assertInside(real, file) {
      const named = isAbsolute(file) ? resolve(file) : null
      const own = named === null ? undefined : folders.find((folder) => isBelowPath(named, folder))
      if (own === undefined ? holds(real) : isOf(real, own)) return
      throw refuse(file)
    },
    assertNamedInside(file) {
      const named = resolve(file)
      if (![...folders, ...roots].some((folder) => isBelowPath(named, folder))) throw refuse(file)
    },
  }
}

const devices = `${sep}dev${sep}`
/** Memory that programs share: files like others. */
const shared = join(devices, 'shm')
/** Folders below one of devices, and names in all of them, that are looked at. */
const most = { depth: 16, names: 20_000 }

/** Whether a folder holds devices: those of volumes (`/dev/VG`, `/dev/zvol/POOL`) are links to what lies elsewhere. */
export function isOfDevices(folder: string): boolean {
  return folder.startsWith(devices) && !hostPaths.isBelowPath(folder, shared)
}

/** Whether a link in the folder, or below it, leads to the device of that real path. */
function linksTo(folder: string, real: string): boolean {
  if (!real.startsWith(devices)) return false
  let left = most.names
  const search = (place: string, depth: number): boolean => {
    for (const entry of entriesOf(place)) {
      if ((left -= 1) < 0) return false
      const path = join(place, entry.name)
      if (entry.isSymbolicLink() && realFolder(path) === real) return true
      if (entry.isDirectory() && depth < most.depth && search(path, depth + 1)) return true
    }
    return false
  }
  return search(folder, 0)
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

/** With the letters that it has, in whichever case it was said: as what is asked for is resolved. */
function realFolder(folder: string): string {
  try {
    return realpathSync.native(folder)
  } catch {
    return resolve(folder)
  }
}

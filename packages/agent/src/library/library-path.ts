import { lstat, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { windowsPathFault } from '@varve/core/image/windows-names'
import { DiskError } from '@varve/core/problems/disk-error'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { readError } from '@varve/engine/system/system-error'
import type { Library } from './library.ts'

/** True when `path` is `root` or lies below it; both absolute and resolved. */
export function isBelow(root: string, path: string): boolean {
  const rest = relative(root, path)
  return rest === '' || (rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest))
}

/** Finds a library by name; throws `refused` when this agent has none of that name. */
export function findLibrary(libraries: readonly Library[], name: string): Library {
  const library = libraries.find((candidate) => candidate.name === name)
  if (library) return library
  throw new DiskError('refused', {
    file: name,
    reason: `this agent has no library ${JSON.stringify(name)}`,
    remedy: 'Name one of its libraries, or start the agent with that library.',
  })
}

/**
 * The resolved absolute path of an existing image, of a volume that of its link. `name` is relative to the library, with `/`;
 * throws `outside-library`, `not-found`, `not-readable`.
 */
export async function resolveImage(library: Library, name: string): Promise<string> {
  const path = joinName(library, name)
  const resolved = await realpath(path).catch((error: unknown) => {
    throw readError(error, path)
  })
  if (isBelow(library.root, resolved)) return resolved
  if (libraryRoots([library.root]).holds(resolved)) return path
  throw outside(library, path)
}

/** The absolute path of a file that may not exist yet, directly in the library's folder or below it. */
export function joinName(library: Library, name: string): string {
  const path = join(library.root, name)
  const isPlain = name !== '' && !name.includes('\0') && !isAbsolute(name)
  if (!isPlain || !isBelow(library.root, path) || path === library.root) throw outside(library, name)
  if (name.split(/[/\\]/u).includes('..')) throw outside(library, name)
  const fault = process.platform === 'win32' ? windowsPathFault(name) : null
  if (fault !== null)
    throw new DiskError('refused', {
      file: name,
      reason: `its name ${fault}`,
      remedy: 'Choose another name.',
    })
  return path
}

/** True when there is anything of that name, even a symlink that leads nowhere. */
export async function nameIsTaken(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    const coded = readError(error, path)
    if (coded.code === 'not-found') return false
    throw coded
  }
}

function outside(library: Library, file: string): DiskError {
  return new DiskError('outside-library', { file, library: library.name })
}

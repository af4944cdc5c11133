import { posix } from 'node:path'
import * as mac from './mac-path.ts'
import * as windows from './windows-path.ts'

/** How a system compares names of files that it is not asked about: those of a request, or of what is not there yet. */
export interface PathRules {
  /** Two names have the same key where they mean the same file. */
  readonly pathKey: (path: string) => string
  readonly isSamePath: (one: string, other: string) => boolean
  /** Whether the path is that folder or lies below it, both absolute. */
  readonly isBelowPath: (path: string, folder: string) => boolean
  /** As `isBelowPath`, of paths that the system has resolved: on a Mac those have the names that are kept. */
  readonly isRealBelow: (path: string, folder: string) => boolean
}

const isExactlyBelow = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

const exact: PathRules = {
  pathKey: (path) => posix.normalize(path),
  isSamePath: (one, other) => one === other,
  isBelowPath: isExactlyBelow,
  isRealBelow: isExactlyBelow,
}

export function pathRules(platform: NodeJS.Platform): PathRules {
  if (platform === 'win32') return { ...windows, isRealBelow: windows.isBelowPath }
  // A volume may tell letters of another case apart, and what lies there is not to be taken for the library.
  return platform === 'darwin' ? { ...mac, isRealBelow: isExactlyBelow } : exact
}

/** Those of this system. */
export const hostPaths: PathRules = pathRules(process.platform)

import { posix } from 'node:path'

/**
 * As macOS compares names where letters of another case mean the same, which a volume is unless it was made otherwise: APFS keeps a
 * name as it was written, HFS+ takes it apart (NFD), and both find it in either form. Of two files that are there only the
 * filesystem tells whether they are one (`sameFileAs`), and a real path has the name that is kept.
 */
export function pathKey(path: string): string {
  return Array.from(posix.normalize(path).normalize('NFD'), folded).join('')
}

export function isSamePath(one: string, other: string): boolean {
  return pathKey(one) === pathKey(other)
}

/** Whether the path is that folder or lies below it, both absolute. */
export function isBelowPath(path: string, folder: string): boolean {
  const [own, above] = [pathKey(path), pathKey(folder)]
  return own === above || own.startsWith(above.endsWith('/') ? above : `${above}/`)
}

/** Only where it is one letter again. */
function folded(letter: string): string {
  const lower = letter.toLowerCase()
  const upper = letter.toUpperCase()
  if (upper.length !== letter.length || lower.length !== letter.length) return letter
  return upper.toLowerCase()
}

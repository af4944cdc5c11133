import { win32 } from 'node:path'

/** Without the prefix of long names. */
export function plainPath(path: string): string {
  if (/^\\\\\?\\UNC\\/iu.test(path)) return `\\\\${path.slice(8)}`
  return /^\\\\\?\\[A-Za-z]:/u.test(path) ? path.slice(4) : path
}

/** As Windows compares names of its files, whose letters it folds one by one: two names have the same key where they mean the same file. */
export function pathKey(path: string): string {
  const plain = plainPath(path.replaceAll('/', '\\'))
  const own = isOfWindows(plain) ? win32.normalize(plain) : plain
  // Upper and lower case: of two letters that share one only, such as the Kelvin sign and K, neither is the other.
  return own
    .split('')
    .map((letter) => folded(letter.toUpperCase(), letter) + folded(letter.toLowerCase(), letter))
    .join('')
}

export function isSamePath(one: string, other: string): boolean {
  return pathKey(one) === pathKey(other)
}

/** Whether two names are of one folder: where volumes are mounted at one, Windows ends its name with a slash. */
export function isSameFolder(one: string, other: string): boolean {
  const [own, named] = [one, other].map((folder) => folder.replace(/[\\/]+$/u, ''))
  return isSamePath(own ?? '', named ?? '')
}

/** Whether the path is that folder or lies below it, both absolute. */
export function isBelowPath(path: string, folder: string): boolean {
  const [own, above, end] = [pathKey(path), pathKey(folder), pathKey('\\')]
  return own === above || own.startsWith(above.endsWith(end) ? above : above + end)
}

const isOfWindows = (path: string) => /^(?:[A-Za-z]:|\\\\)/u.test(path)

/** Only where it is one letter again. */
const folded = (changed: string, letter: string) => (changed.length === letter.length ? changed : letter)

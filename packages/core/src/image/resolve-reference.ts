import { DiskError } from '../problems/disk-error.ts'

/** What kind of paths the host has. */
export type PathRules = 'posix' | 'windows'

export interface ReferencePlace {
  /** Path of the file that holds the reference. */
  readonly from: string
  readonly rules: PathRules
}

/** Characters of a reference, at most. */
const maxReference = 4096

/**
 * The path that a reference written inside an image means: plain names and paths only, relative ones from the folder of
 * the file they stand in; a `file:` in front is taken off. Throws `reference-refused` for everything that a tool could
 * take for something else than a file: drivers (`json:`, `nbd:`), URLs, devices, network paths.
 */
export function resolveReference(reference: string, { from, rules }: ReferencePlace): string {
  const refuse = (reason: string) => new DiskError('reference-refused', { file: from, reference, reason })
  if (reference.length > maxReference) throw refuse(`it is longer than ${maxReference} characters`)
  if (reference.includes('\0')) throw refuse('it holds a NUL character')
  const path = withoutFileScheme(reference, refuse)
  if (path === '') throw refuse('it is empty')
  return rules === 'posix' ? resolvePosix(path, from, refuse) : resolveWindows(path, from, refuse)
}

type Refuse = (reason: string) => DiskError

/** `file:name`, `file:/path`, `file:///path` and `file://localhost/path`; another host is refused. */
function withoutFileScheme(reference: string, refuse: Refuse): string {
  if (!/^file:/iu.test(reference)) return reference
  const rest = reference.slice('file:'.length)
  if (!rest.startsWith('//')) return rest
  const path = rest.slice(2)
  if (path.startsWith('/')) return path
  if (/^localhost\//iu.test(path)) return path.slice('localhost'.length)
  throw refuse('it names a file on another host')
}

function resolvePosix(path: string, from: string, refuse: Refuse): string {
  if (/^[a-z]:[\\/]/iu.test(path) || path.startsWith('\\\\')) throw refuse('it is a Windows path')
  if (driverPrefix(path, ['/'])) throw refuse('it names a driver or a URL, not a file')
  const folder = from.slice(0, from.lastIndexOf('/') + 1)
  // `..` stays: behind a symbolic link it means another folder than the text says.
  const joined = path.startsWith('/') ? path : `${folder}${path}`
  const parts = joined.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0) throw refuse('it names a folder')
  return `${joined.startsWith('/') ? '/' : ''}${parts.join('/')}`
}

function resolveWindows(path: string, from: string, refuse: Refuse): string {
  // `file:///C:/x` leaves a slash in front of the drive.
  const plain = path.replace(/^\/(?=[a-z]:[\\/])/iu, '').replaceAll('/', '\\')
  if (plain.startsWith('\\\\')) throw refuse('it is a network path or a device')
  const drive = /^[a-z]:\\/iu.exec(plain)?.[0]
  const rest = drive === undefined ? plain : plain.slice(drive.length)
  if (drive === undefined && driverPrefix(plain, ['\\']))
    throw refuse('it names a driver or a URL, not a file')
  if (rest.includes(':')) throw refuse('it names a stream of a file or a drive without a folder')
  const own = windowsFolder(from)
  const root = drive ?? own.root
  const parts = drive !== undefined || rest.startsWith('\\') ? [] : [...own.parts]
  for (const part of rest.split('\\')) {
    if (part === '' || part === '.') continue
    if (isDeviceName(part)) throw refuse(`${part} is a device`)
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  if (parts.length === 0) throw refuse('it names a folder')
  return `${root}${parts.join('\\')}`
}

/** The folder of a path: `C:\`, `\\server\share\` or nothing, and the names below it. */
function windowsFolder(from: string): { root: string; parts: readonly string[] } {
  const plain = from.replaceAll('/', '\\')
  const root = /^(?:[a-z]:\\|\\\\[?.]\\[^\\]+\\|\\\\[^\\]+\\[^\\]+\\|\\)/iu.exec(plain)?.[0] ?? ''
  const parts = plain.slice(root.length).split('\\')
  return { root, parts: parts.slice(0, -1).filter((part) => part !== '' && part !== '.') }
}

/** A colon before the first separator, as in `json:{…}` and `nbd:host:port`. */
function driverPrefix(path: string, separators: readonly string[]): boolean {
  const colon = path.indexOf(':')
  if (colon === -1) return false
  return separators.every((separator) => !path.slice(0, colon).includes(separator))
}

function isDeviceName(part: string): boolean {
  return /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:[. ].*)?$/iu.test(part)
}

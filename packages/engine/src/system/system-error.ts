import { constants } from 'node:os'
import { dirname } from 'node:path'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import type { NotWritableWhy } from '@varve/core/problems/causes'
import { DiskError, quote } from '@varve/core/problems/disk-error'

/** A system call that failed, in the shape of Node's own errors: `code` is `ENOSPC` and the like. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly code: string
  readonly errno: number
  readonly syscall: string
  constructor(
    errno: number,
    syscall: string,
    { reason = getSystemErrorMessage(-errno), ...options }: ErrorOptions & { readonly reason?: string } = {},
  ) {
    super(`${syscall}: ${reason}`, options)
    this.code = codeOf(errno) ?? getSystemErrorName(-errno)
    this.errno = errno
    this.syscall = syscall
  }
}

/** `ENOENT` and the like, or null when `error` did not come from the system. */
export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : 0
  // Node knows no name for some, a full quota among them, and says "Unknown system error -122".
  return error.code.startsWith('Unknown system error') ? (codeOf(Math.abs(errno)) ?? error.code) : error.code
}

/** The name of a number that the system knows; null: it has none. */
function codeOf(errno: number): string | null {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? null
}

const isWindows = process.platform === 'win32'
/** Windows says no more when a name is to go whose file a program has open. */
const denied = isWindows ? 'permission denied, or a program has it open' : 'permission denied'

/** Rights of files are refused with EACCES: EPERM is what macOS says for its privacy (TCC), also to root. */
const keptOut = {
  reason: 'macOS keeps this program out of it (privacy)',
  why: 'privacy',
  program: process.execPath,
} as const

function isKeptOut(error: unknown, system: NodeJS.Platform): boolean {
  return system === 'darwin' && systemCode(error) === 'EPERM'
}

/** Another program shares the file with nobody, or not with who writes. */
function inUse(file: string, options: ErrorOptions): DiskError {
  return new DiskError('in-use', { file, by: 'another program' }, options)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What opening or reading the file `file` failed with, as a coded error. */
export function readError(
  error: unknown,
  file: string,
  system: NodeJS.Platform = process.platform,
): DiskError {
  if (error instanceof DiskError) return error
  const options = { cause: error }
  const reason = reasonOf(error)
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ERR_INVALID_ARG_VALUE':
      return new DiskError('not-found', { file }, options)
    case 'ENXIO':
    case 'ENODEV':
      return new DiskError(
        'not-an-image',
        { file, reason: 'there is no such device or it is a socket' },
        options,
      )
    case 'EIO':
    case 'EREMOTEIO':
    case 'ESTALE':
    case 'ETIMEDOUT':
      return new DiskError('input-output', { file, reason }, options)
    case null:
      return new DiskError('input-output', { file, reason }, options)
    case 'EBUSY':
      return isWindows ? inUse(file, options) : new DiskError('not-readable', { file, reason }, options)
    case 'EACCES':
    case 'EPERM': {
      const why = isKeptOut(error, system) ? keptOut : { reason: 'permission denied' }
      return new DiskError('not-readable', { file, ...why }, options)
    }
    case 'ENAMETOOLONG':
      // No file can have it.
      return new DiskError('not-found', { file }, options)
    default:
      return new DiskError('not-readable', { file, reason }, options)
  }
}

/** What creating or writing the file `file` failed with, as a coded error. */
export function writeError(
  error: unknown,
  file: string,
  system: NodeJS.Platform = process.platform,
): DiskError {
  if (error instanceof DiskError) return error
  const options = { cause: error }
  const reason = reasonOf(error)
  const notWritable = (why: NotWritableWhy, words: string) =>
    new DiskError('not-writable', { file, reason: words, why }, options)
  switch (systemCode(error)) {
    case 'EEXIST':
      return new DiskError('target-exists', { file }, options)
    case 'ENOSPC':
    case 'EDQUOT':
      return new DiskError('no-space', { file, wanted: null, available: null }, options)
    case 'ENOENT':
    case 'ENOTDIR':
      return new DiskError('folder-missing', { file, folder: dirname(file) }, options)
    case 'EFBIG':
      return notWritable('file-too-large', 'files may not grow so large there')
    case 'EROFS':
      return notWritable('read-only-filesystem', 'its filesystem is mounted read-only')
    case 'ENAMETOOLONG':
      return notWritable('name-too-long', 'its name is too long for that filesystem')
    case 'EMFILE':
    case 'ENFILE':
      return notWritable('too-many-open-files', 'too many files are open already')
    case 'EISDIR':
      return new DiskError('not-writable', { file, reason: 'it is a folder' }, options)
    case 'EBUSY':
      return isWindows
        ? inUse(file, options)
        : new DiskError('input-output', { file, reason: reason || quote(file) }, options)
    case 'EACCES':
    case 'EPERM':
      if (isKeptOut(error, system)) return notWritable('privacy', `${keptOut.reason}, or it is locked`)
      return new DiskError('not-writable', { file, reason: denied }, options)
    case 'ELOOP':
    case 'ERR_INVALID_ARG_VALUE':
      return new DiskError('not-writable', { file, reason }, options)
    default:
      return new DiskError('input-output', { file, reason: reason || quote(file) }, options)
  }
}

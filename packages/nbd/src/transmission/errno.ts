import { isDiskError } from '@varve/core/problems/disk-error'
import type { DiskErrorCode } from '@varve/core/problems/error-details'

/** Errors of the transmission phase (specification: "Error values"). */
export const errnoNumbers = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const
export type NbdErrno = keyof typeof errnoNumbers

const meanings: Record<NbdErrno, string> = {
  EPERM: 'not permitted',
  EIO: 'input/output error',
  ENOMEM: 'out of memory',
  EINVAL: 'invalid request',
  ENOSPC: 'no space left',
  EOVERFLOW: 'request too large',
  ENOTSUP: 'not supported',
  ESHUTDOWN: 'the server is shutting down',
}

/** A request that the server answers with `errno`; `message` goes to the client. */
export class NbdRequestError extends Error {
  override readonly name = 'NbdRequestError'
  readonly errno: NbdErrno
  constructor(errno: NbdErrno, message: string = meanings[errno], options?: ErrorOptions) {
    super(message, options)
    this.errno = errno
  }
}

const errnoOfDiskError: Partial<Record<DiskErrorCode, NbdErrno>> = {
  'out-of-range': 'EINVAL',
  'not-writable': 'EPERM',
  refused: 'EPERM',
  'no-space': 'ENOSPC',
  canceled: 'ESHUTDOWN',
}

/** What a client is told about `error`: text of coded errors only, as others may hold secrets. */
export function toRequestError(error: unknown): NbdRequestError {
  if (error instanceof NbdRequestError) return error
  if (isDiskError(error)) {
    return new NbdRequestError(errnoOfDiskError[error.code] ?? 'EIO', error.message, { cause: error })
  }
  return new NbdRequestError('EIO', meanings.EIO, { cause: error })
}

/** The error number of a server in words, such as `EIO (input/output error)`. */
export function describeErrno(number: number): string {
  for (const [name, value] of Object.entries(errnoNumbers)) {
    if (value === number) return `${name} (${meanings[name as NbdErrno]})`
  }
  return `error number ${number}`
}

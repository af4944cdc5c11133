import { DiskError } from '@varve/core/problems/disk-error'

/** What the system said when files were read and written, as a coded error about `file`; other errors stay what they are. */
export function fileError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || error instanceof DiskError || !('code' in error)) return error
  const reason = error.message
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'SQLITE_FULL':
      return new DiskError('no-space', { file, wanted: null, available: null }, { cause: error })
    case 'EEXIST':
      return new DiskError('target-exists', { file }, { cause: error })
    case 'EROFS':
      return new DiskError('not-writable', { file, reason, why: 'read-only-filesystem' }, { cause: error })
    case 'EACCES':
    case 'EPERM':
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_READONLY':
      return new DiskError('not-writable', { file, reason }, { cause: error })
    case 'EIO':
      return new DiskError('input-output', { file, reason }, { cause: error })
    default:
      return error
  }
}

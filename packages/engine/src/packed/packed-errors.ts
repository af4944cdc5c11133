import { DiskError } from '@varve/core/problems/disk-error'

/** That packed bytes cannot be unpacked from `offset` on. */
export function damaged(file: string, offset: number, reason: string, cause?: unknown): DiskError {
  return new DiskError('decompression-failed', { file, offset, reason }, cause === undefined ? {} : { cause })
}

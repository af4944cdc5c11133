import { DiskError } from '../problems/disk-error.ts'
import type { FileWrite } from './disk-writer.ts'

/** Bytes that a repair may overwrite in all: each is kept before, old and new. */
export const mostRepairBytes = 8 * 1024 * 1024

/** What puts an image right without touching what the guest sees. */
export interface RepairPlan {
  /** In sentences; empty when there is nothing to repair. */
  readonly fixes: readonly string[]
  /** In rising order, not overlapping; they may go past the end of the file. */
  readonly writes: readonly FileWrite[]
}

/** The error for damage that cannot be repaired provably right. */
export function notRepairable(file: string, reason: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: `it is not repaired: ${reason}`,
    remedy: 'Copy what can be read to a new image with varve convert, or restore it from a backup.',
  })
}

import type { ErrorRecord } from '@varve/core/problems/disk-error'

/** An error in words, for standard error. */
export function explained({ message, remedy }: Pick<ErrorRecord, 'message' | 'remedy'>): string {
  return `varve: ${message}\n       ${remedy}`
}

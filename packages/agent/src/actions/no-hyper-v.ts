import { DiskError } from '@varve/core/problems/disk-error'

/** That Hyper-V is asked for on another system. */
export function noHyperV(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'Hyper-V is a part of Windows, and this host is none',
    remedy: 'Choose another tool, or a host of Windows.',
  })
}

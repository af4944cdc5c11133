import { DiskError } from '@varve/core/problems/disk-error'
import type { Services } from '@varve/controller/router/context'

/** Uploads that have all arrived already; a name that says so is taken. */
export function inventedUploads(): Services['uploads'] {
  return {
    async begin({ name, size }) {
      if (name.includes('taken')) throw new DiskError('target-exists', { file: name })
      return { upload: 'x'.repeat(32), received: size }
    },
    async cancel() {},
  }
}

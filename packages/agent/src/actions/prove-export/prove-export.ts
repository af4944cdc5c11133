import { DiskError } from '@varve/core/problems/disk-error'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { exportInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Reads an NBD export back as a disk. */
export const proveExport = nativeAdapter('prove-export', {
  calls: 'NBD_CMD_READ at the server and BLAKE3 of each 4 MiB',

  async run({ target, expected }, context) {
    const found = await digestDisk(exportInput(target, context.ports), runOptions(context))
    const { digest, virtualSize, seconds } = found
    if (digest !== expected)
      throw new DiskError('digest-mismatch', { file: target, expected, found: digest, chunk: null })
    return { digest, virtualSize, seconds }
  },
})

import { DiskError } from '@varve/core/problems/disk-error'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Reads the disk of an image and compares its digest. */
export const proveUnchanged = nativeAdapter('prove-unchanged', {
  calls: 'open(2) of the chain for reading, pread(2), BLAKE3 of each 4 MiB',

  async run({ image, digest: expected }, context) {
    const { digest, virtualSize, seconds } = await digestDisk(imageInput(image, context.ports), {
      ...runOptions(context),
      inUse: 'refuse',
    })
    if (digest !== expected)
      throw new DiskError('digest-mismatch', { file: image.path, expected, found: digest, chunk: null })
    return { digest, virtualSize, seconds }
  },
})

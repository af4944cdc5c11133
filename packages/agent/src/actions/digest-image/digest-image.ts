import { digestDisk } from '@varve/engine/disks/digest-disk'
import { diskInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Reads the disk of an image and gives its digest. */
export const digestImage = nativeAdapter('digest-image', {
  calls: 'open(2) of the chain for reading, pread(2), BLAKE3 of each 4 MiB',

  async run({ image, inUse, sha256 }, context) {
    const options = { ...runOptions(context), inUse, sha256 }
    const outcome = await digestDisk(diskInput(image, context.ports), options)
    const { digest, virtualSize, dataBytes, seconds } = outcome
    return { digest, sha256: outcome.sha256, virtualSize, dataBytes, seconds }
  },
})

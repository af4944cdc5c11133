import { proveStaged } from '@varve/engine/staging/write-staged'
import { assertTarget } from '../inside-roots.ts'
import { keepStagedProof } from '../kept-proofs.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Reads a staged image back as a disk while it is put on the medium. */
export const proveImage = nativeAdapter('prove-image', {
  calls: 'fsync(2), then pread(2) of the hidden file as a disk and BLAKE3 of it',

  async run({ image, expected, durability }, context) {
    const { ports } = context
    await assertTarget(ports, image.target)
    const found = await proveStaged({ image, expected, roots: ports.roots, durability }, runOptions(context))
    await keepStagedProof(ports, image, found)
    const { digest, virtualSize, dataBytes, seconds } = found
    return { digest, virtualSize, dataBytes, seconds }
  },
})

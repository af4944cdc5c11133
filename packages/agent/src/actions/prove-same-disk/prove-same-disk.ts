import { chunkSize, type Manifest } from '@varve/core/digest/disk-digest'
import { DiskError } from '@varve/core/problems/disk-error'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Reads both images as disks. */
export const proveSameDisk = nativeAdapter('prove-same-disk', {
  calls: 'pread(2) of both chains and BLAKE3 of their disks',

  async run({ first, second }, context) {
    const expected = await digestDisk(imageInput(first, context.ports), runOptions(context))
    const found = await digestDisk(imageInput(second, context.ports), runOptions(context))
    if (found.digest !== expected.digest)
      throw new DiskError('disks-differ', {
        file: second.path,
        other: first.path,
        at: firstDifference(expected.manifest, found.manifest),
      })
    const { digest, virtualSize } = found
    return { digest, virtualSize, seconds: expected.seconds + found.seconds }
  },
})

/** The start of the first chunk that differs; null when the sizes do. */
function firstDifference(a: Manifest, b: Manifest): number | null {
  if (a.size !== b.size) return null
  for (let chunk = 0; chunk < a.chunks; chunk += 1) {
    const [one, other] = [a.leaf(chunk), b.leaf(chunk)]
    if (one === null || other === null ? one !== other : Buffer.compare(one, other) !== 0)
      return chunk * chunkSize
  }
  return null
}

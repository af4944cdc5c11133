import { nativeAdapter } from '@varve/agent/actions/native'
import { shrinkVolume as shrink } from '@varve/engine/cutting/volume-extents'
import { physicalOf } from '@varve/operations/actions/physical-place'
import { holdDevice } from '../hold-device.ts'

/** Once more after a death it finds the group as it was, or as it is to be. */
export const shrinkVolume = nativeAdapter('shrink-volume', {
  calls:
    'read(2) of the metadata of LVM and of the superblock in the volume, pread(2) and pwrite(2) of extents, pwrite(2) of the metadata, fsync(2) before what names them',

  async run(input, context) {
    const { image, volume, size, physical } = input
    await using _held = await holdDevice(physicalOf(input), context.ports)
    const { signal, onProgress } = context
    return await shrink(physicalOf(input), {
      image,
      volume,
      size,
      physical,
      signal,
      onProgress(doneBytes, totalBytes) {
        const progress = { doneBytes, totalBytes, skippedBytes: 0, ...noChunks }
        onProgress({ of: 'transfer', progress })
      },
    })
  },
})

const noChunks = { states: new Uint8Array(0), waited: { input: 0, output: 0 } }

import { nativeAdapter } from '@varve/agent/actions/native'
import { countExtents } from '@varve/core/volumes/linear-volume'
import { readExtents } from '@varve/engine/cutting/volume-extents'
import { physicalOf } from '@varve/operations/actions/physical-place'
import { holdDevice } from '../hold-device.ts'

export const findExtents = nativeAdapter('find-extents', {
  calls: 'open(2), read(2) of the metadata of LVM',

  async run(input, context) {
    const { image, partition, over, volume } = input
    await using _held = await holdDevice(physicalOf(input), context.ports)
    const { signal } = context
    const found = await readExtents(physicalOf(input), { image, volume, signal })
    const { extentSize, dataStart } = found.group
    return {
      group: countExtents(found.group, found.volume),
      pieces: found.volume.runs.map(({ at, count }) => ({
        size: count * extentSize,
        chunk: count * extentSize,
        stripes: [{ partition: over === null ? partition : null, at: dataStart + at * extentSize }],
      })),
    }
  },
})

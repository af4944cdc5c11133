import type { Extent } from '@varve/core/ranges/extent'
import { mapDisk } from '@varve/engine/disks/map-disk'
import { mostExtents } from '@varve/operations/actions/map-image'
import { diskInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'

/** Goes through the tables of an image and its chain. */
export const mapImage = nativeAdapter('map-image', {
  calls: 'open(2) of the chain for reading, pread(2) of its tables',

  async run({ image, inUse }, { ports, signal }) {
    const extents: Extent[] = []
    for await (const extent of mapDisk(diskInput(image, ports), { signal, inUse })) {
      if (extents.length === mostExtents) return { extents, cutAt: extent.start }
      extents.push(extent)
    }
    return { extents, cutAt: null }
  },
})

import { compareLayers } from '@varve/engine/proofs/compare-layers'
import { compareDisks } from '@varve/engine/disks/compare-disks'
import { diskInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Reads two disks beside each other. */
export const compareImages = nativeAdapter('compare-images', {
  calls: 'open(2) of both chains for reading, pread(2), a comparison of each 4 MiB',

  async run({ a, b, inUse, layers }, context) {
    const inputs = [diskInput(a, context.ports), diskInput(b, context.ports)] as const
    if (layers) {
      const { identical, sizes, chunks, ranges, places } = await compareLayers(...inputs, {
        ...runOptions(context),
        inUse,
      })
      const differing = {
        chunks: chunks.length,
        ranges: [...ranges],
        places: places.map((each) => ({ ...each, ranges: [...each.ranges] })),
      }
      return {
        identical,
        virtualSizes: [...sizes],
        firstDifference: ranges[0]?.start ?? null,
        tail: null,
        differing,
      }
    }
    const outcome = await compareDisks(...inputs, { ...runOptions(context), inUse })
    const { identical, sizes, firstDifference, tail } = outcome
    return { identical, virtualSizes: [...sizes], firstDifference, tail, differing: null }
  },
})

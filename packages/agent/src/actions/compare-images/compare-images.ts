import { compareDisks } from '@varve/engine/compare-disks'
import { diskInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Reads two disks beside each other. */
export const compareImages = nativeAdapter('compare-images', {
  calls: 'open(2) of both chains for reading, pread(2), a comparison of each 4 MiB',

  async run({ a, b, inUse }, context) {
    const inputs = [diskInput(a, context.ports), diskInput(b, context.ports)] as const
    const outcome = await compareDisks(...inputs, { ...runOptions(context), inUse })
    const { identical, sizes, firstDifference, tail } = outcome
    return { identical, virtualSizes: [...sizes], firstDifference, tail }
  },
})

import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReclaimOptions } from './reclaim.ts'

export const reclaimCommand = defineCommand<ReclaimOptions>({
  usage: 'reclaim <image>',
  group: 'L2',
  does: 'give back what an image or a volume holds for nothing: free blocks of its filesystems, and zeros',
  grammar: (command) =>
    addOperationOptions(
      command
        .option(
          '--report',
          'only say what is held for nothing, layer by layer, and what each step would give',
        )
        .option('--zeros-only', 'leave free blocks as they are: only zeros become holes')
        .option(
          '--in-place',
          'have Windows compact the VHD or VHDX itself: no room for a copy is needed, and nothing of before is kept',
        ),
    ),
  async run({ args: [image = ''], options, context }) {
    const { reclaim, reclaimReport } = await import('./reclaim.ts')
    if (options.report === true) return await reclaimReport(image, options, context)
    return await withThreads(context, [image], async (run) => reclaim(image, options, run))
  },
})

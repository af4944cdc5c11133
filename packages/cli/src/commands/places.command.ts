import { defineCommand } from '../grammar/command-definition.ts'
import { addReadOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReadOptions } from '../operations/wish.ts'

export const placesCommand = defineCommand<ReadOptions>({
  usage: 'places',
  group: 'L1',
  does: 'show where images can be on this host: volume groups, thin pools, ZFS, Btrfs, folders, with their room',
  grammar: addReadOptions,
  async run({ options, context }) {
    return await withThreads(context, [], async (running) => {
      const { places } = await import('./places.ts')
      return await places(options, running)
    })
  },
})

import { Option } from 'commander'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addOutputOptions, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ConvertOptions } from './convert.ts'

export const convertCommand = defineCommand<Omit<ConvertOptions, 'source' | 'target'>>({
  usage: 'convert <source> <target>',
  group: 'L2',
  does: 'write the disk of SOURCE (chain and all) as a new image; SOURCE is only read',
  grammar: (command) =>
    addReadingOptions(
      addAcceptOption(
        addOutputOptions(command)
          .option('--force', 'replace TARGET when it exists, once the new image is complete')
          .option(
            '--no-reflink',
            'copy the data even where TARGET could share blocks with SOURCE (Btrfs, XFS)',
          )
          .option('--no-verify', 'do not read the new image back before it gets its name')
          .addOption(
            new Option(
              '--durability <when>',
              'synced: wait until TARGET is on the medium; cached: as with cp',
            )
              .choices(['synced', 'cached'])
              .default('synced'),
          ),
      ),
    ),
  async run({ args: [source = '', target = ''], options, context }) {
    return await withThreads(context, [source], async (running) => {
      const { convert } = await import('./convert.ts')
      return await convert({ ...options, source, target }, running)
    })
  },
})

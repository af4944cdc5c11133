import { defineCommand } from '../grammar/command-definition.ts'
import { addControllerOption, compressOption, readOption } from '../grammar/options.ts'
import type { MigrateOptions } from './migrate.ts'

export const migrateCommand = defineCommand<Omit<MigrateOptions, 'image' | 'target'>>({
  usage: 'migrate <image> <target>',
  group: 'fleet',
  does: 'move HOST:NAME to HOST:NAME in another format, proven bit-identical; the source stays',
  grammar: (command) =>
    addControllerOption(command)
      .option('--library <library>', "the library on the target's host; default: its only one")
      .option('--source-library <library>', 'the library of IMAGE, where several have one of that name')
      .option('-O, --output-format <format>', 'format of TARGET; default: by its extension')
      .option(
        '--subformat <kind>',
        "one of the format's kinds, such as fixed or streamOptimized; default: the usual",
      )
      .addOption(compressOption())
      .option(
        '--thin-pool <pool>',
        'into a library of volumes of LVM: the thin pool that the volume is made in',
      )
      .option('--sparse', 'into one of ZFS: nothing is kept back for the volume')
      .option('--plan', 'print the plan and do nothing')
      .option(
        '--accept <ids>',
        'ids of warnings to accept, comma-separated, or all (but for those that ask for a word by name, such as in-use)',
      )
      .option('--detach', 'do not wait for its end')
      .addOption(readOption()),
  async run({ args: [image = '', target = ''], options, context }) {
    const { migrate } = await import('./migrate.ts')
    return await migrate({ ...options, image, target }, context)
  },
})

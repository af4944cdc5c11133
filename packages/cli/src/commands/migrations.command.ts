import { defineCommand } from '../grammar/command-definition.ts'
import { addControllerOption } from '../grammar/options.ts'
import type { MigrationsOptions } from './migrations.ts'

export const migrationsCommand = defineCommand<Omit<MigrationsOptions, 'id'>>({
  usage: 'migrations [id]',
  group: 'fleet',
  does: 'the migrations, or one in detail',
  grammar: (command) =>
    addControllerOption(command)
      .option('--cancel', 'cancel the named migration')
      .option('--forget', 'take the named migration, which is over, out of the lists')
      .option(
        '--clear <states>',
        'take out all that ended like this: failed, canceled, succeeded, with commas',
      )
      .option('--limit <n>', 'at most this many', '50'),
  async run({ args: [id = null], options, context }) {
    const { migrations } = await import('./migrations.ts')
    return await migrations({ ...options, id }, context)
  },
})

import { Option } from 'commander'
import { defineCommand } from '../grammar/command-definition.ts'
import { addReadOptions, addReadingOptions, compressOption, addTlsOption } from '../grammar/options.ts'
import type { MeasureOptions } from './measure.ts'

export const measureCommand = defineCommand<Omit<MeasureOptions, 'file'>>({
  usage: 'measure <file>',
  group: 'L2',
  does: 'how large an image can become in another format; reads its tables only',
  grammar: (command) =>
    addReadOptions(
      addTlsOption(
        addReadingOptions(
          command
            .addOption(new Option('-O, --output-format <format>', 'the other format').makeOptionMandatory())
            .option('--subformat <kind>', 'kind of the format, such as dynamic or fixed')
            .addOption(compressOption()),
        ),
      ),
    ),
  async run({ args: [file = ''], options, context }) {
    const { measure } = await import('./measure.ts')
    return await measure({ ...options, file }, context)
  },
})

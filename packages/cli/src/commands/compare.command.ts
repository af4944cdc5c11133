import { UsageError, type AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadOptions, addReadingOptions, addTlsOption } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import { dash } from '../standard-input.ts'
import type { ReadingOptions } from '../input.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'

export const compareCommand = defineCommand<
  ReadingOptions & AcceptOptions & ReadOptions & { layers?: boolean }
>({
  usage: 'compare <a> <b>',
  group: 'L3',
  does: 'whether two images hold the same disk (exit code 0) or not (1)',
  grammar: (command) =>
    addReadOptions(
      addTlsOption(
        addReadingOptions(
          addAcceptOption(
            command.option(
              '--layers',
              'name what differs by partition, volume and filesystem; reads both whole',
            ),
          ),
        ),
      ),
    ),
  async run({ args: [a = '', b = ''], options, context }) {
    if (isReadByPlan(options)) {
      const { compareByPlan } = await import('./compare.ts')
      return await compareByPlan([a, b], options, context)
    }
    if (a === dash || b === dash) {
      if (options.layers === true)
        throw new UsageError('--layers reads both twice, and standard input can be read once.')
      const { compareInput } = await import('./compare-input.ts')
      return await compareInput([a, b], options, context)
    }
    return await withThreads(context, [a, b], async (running) => {
      if (options.layers === true) {
        const { compareByLayers } = await import('./compare-layers.ts')
        return await compareByLayers([a, b], options, running)
      }
      const { compare } = await import('./compare.ts')
      return await compare([a, b], options, running)
    })
  },
})

import { Option } from 'commander'
import { writingTools } from '@varve/operations/convert/writing-tools'
import { isVolumeAddress } from '@varve/core/image/volume-address'
import { isNbdAddress } from '@varve/nbd/nbd-address'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { sizeOption } from '../grammar/size.ts'
import {
  addCopyOptions,
  addOutputOptions,
  addReadingOptions,
  addVolumeOptions,
  addTlsOption,
} from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import { dash } from '../standard-input.ts'
import type { OperateOptions } from '../operations/operate.ts'
import type { ConvertOptions } from './convert-request.ts'
import { assertNoVolumeChoices, type VolumeOptions } from './volume-options.ts'

type Options = ConvertOptions & VolumeOptions & OperateOptions

export const convertCommand = defineCommand<Omit<Options, 'sources' | 'target'>>({
  usage: 'convert <source> <target...>',
  group: 'L2',
  does: 'write the disk of SOURCE (chain and all) as a new image; of several into the folder TARGET; - is a raw disk on standard input or output',
  grammar: (command) =>
    addVolumeOptions(addTlsOption(addReadingOptions(addCopyOptions(addOutputOptions(command)))))
      .addOption(
        new Option('--with <program>', 'who writes the new image; Varve proves it, whoever it is').choices([
          'varve',
          ...writingTools,
        ]),
      )
      .addOption(sizeOption('--size <size>', 'with - as SOURCE: what comes has to be of this size')),
  async run({ args, options, context }) {
    const [sources, target] = [args.slice(0, -1), args.at(-1) ?? '']
    if (options.size !== undefined && !sources.includes(dash))
      throw new UsageError('--size is for standard input.')
    return await withThreads(context, sources, async (running) => {
      if (target === dash) {
        assertWriter({ ...options, target })
        const { convertToOutput } = await import('./convert-to-output.ts')
        return await convertToOutput({ ...options, sources, target }, running)
      }
      return await (sources.includes(dash) ? fromInput : toImage)({ ...options, sources, target }, running)
    })
  },
})

async function fromInput(options: Options, context: RunContext): Outcome {
  const { convertFromInput } = await import('./convert-from-input.ts')
  return await convertFromInput(options, context, toImage)
}

async function toImage(options: Options, context: RunContext): Outcome {
  assertWriter(options)
  if (isNbdAddress(options.target)) {
    const { writeExport } = await import('./write-export.ts')
    return await writeExport(options, context)
  }
  if (isVolumeAddress(options.target)) {
    const { writeVolume } = await import('./write-volume.ts')
    return await writeVolume(options, context)
  }
  assertNoVolumeChoices(options)
  const { convert } = await import('./convert.ts')
  return await convert(options, context)
}

/** A tool writes a file that is proven before it gets its name. */
function assertWriter({ with: writer = 'varve', target }: Pick<Options, 'with' | 'target'>): void {
  if (writer === 'varve') return
  if (target === dash || isNbdAddress(target) || isVolumeAddress(target))
    throw new UsageError(`--with ${writer} writes image files; into volumes, exports and pipes Varve writes.`)
}

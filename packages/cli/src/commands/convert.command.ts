import { isNbdAddress } from '@varve/nbd/nbd-address'
import { defineCommand } from '../grammar/command-definition.ts'
import { addCopyOptions, addOutputOptions, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'
import type { ConvertOptions } from './convert-request.ts'

export const convertCommand = defineCommand<Omit<ConvertOptions, 'sources' | 'target'> & OperateOptions>({
  usage: 'convert <source> <target...>',
  group: 'L2',
  does: 'write the disk of SOURCE (chain and all) as a new image; of several into the folder TARGET; sources are only read',
  grammar: (command) => addReadingOptions(addCopyOptions(addOutputOptions(command))),
  async run({ args, options, context }) {
    const [sources, target] = [args.slice(0, -1), args.at(-1) ?? '']
    return await withThreads(context, sources, async (running) => {
      if (isNbdAddress(target)) {
        const { writeExport } = await import('./write-export.ts')
        return await writeExport({ ...options, sources, target }, running)
      }
      const { convert } = await import('./convert.ts')
      return await convert({ ...options, sources, target }, running)
    })
  },
})

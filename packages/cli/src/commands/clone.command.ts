import { defineCommand } from '../grammar/command-definition.ts'
import { addCopyOptions, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'
import type { CloneOptions } from './clone.ts'

export const cloneCommand = defineCommand<Omit<CloneOptions, 'source' | 'target'> & OperateOptions>({
  usage: 'clone <source> <target>',
  group: 'L2',
  does: 'make an image of the same disk and format with an identity of its own; SOURCE is only read',
  grammar: (command) => addReadingOptions(addCopyOptions(command)),
  async run({ args: [source = '', target = ''], options, context }) {
    return await withThreads(context, [source], async (running) => {
      const { clone } = await import('./clone.ts')
      return await clone({ ...options, source, target }, running)
    })
  },
})

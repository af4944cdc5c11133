import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addHostOptions } from '../grammar/options.ts'
import type { HostOptions } from '../operations/wish.ts'

export const attachedCommand = defineCommand<HostOptions & AcceptOptions>({
  usage: 'attached',
  group: 'L3',
  does: 'list what is attached and mounted, as the kernel has it now',
  grammar: addHostOptions,
  async run({ options, context }) {
    const { host } = options
    if (host !== undefined) {
      const { attachedThere } = await import('./attached.ts')
      return await attachedThere({ ...options, host }, context)
    }
    const { attached } = await import('./attached.ts')
    return await attached(options, context)
  },
})

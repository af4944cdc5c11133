import { UsageError } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'

const sparseCommand = defineCommand<OperateOptions>({
  usage: 'sparse <image> <on|off>',
  does: "make the file of a distribution's disk sparse, or a plain one; WSL holds sparse ones to be unsafe",
  grammar: addOperationOptions,
  async run({ args: [image = '', state = ''], options, context }) {
    if (state !== 'on' && state !== 'off') throw new UsageError('say on or off.')
    return await withThreads(context, [], async (running) => {
      const { setSparse } = await import('./wsl.ts')
      return await setSparse({ image, isSparse: state === 'on' }, options, running)
    })
  },
})

export const wslCommand = defineCommand({
  usage: 'wsl',
  group: 'L2',
  does: 'what WSL does with the disks of its distributions; varve places tells them',
  commands: [sparseCommand],
})

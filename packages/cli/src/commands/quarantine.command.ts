import { defineCommand } from '../grammar/command-definition.ts'
import { addFreeOptions } from '../grammar/options.ts'
import { assertNoPlanAsked, type FreeOptions } from '../operations/wish.ts'

export const quarantineCommand = defineCommand<FreeOptions>({
  usage: 'quarantine [folders...]',
  group: 'L1',
  does: 'what lies in quarantine: in those that this user filled, and in those of FOLDERS; quarantine list is the same',
  grammar: addFreeOptions,
  async run({ args, options, context }) {
    assertNoPlanAsked(options, 'a list of what lies in quarantine')
    const { quarantine } = await import('./quarantine.ts')
    const [first, ...rest] = args
    return await quarantine(first === 'list' ? rest : args, context)
  },
})

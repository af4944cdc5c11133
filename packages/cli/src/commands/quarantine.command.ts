import { defineCommand } from '../grammar/command-definition.ts'

export const quarantineCommand = defineCommand({
  usage: 'quarantine [folders...]',
  group: 'L1',
  does: 'what lies in quarantine: in those that this user filled, and in those of FOLDERS; quarantine list is the same',
  async run({ args, context }) {
    const { quarantine } = await import('./quarantine.ts')
    const [first, ...rest] = args
    return await quarantine(first === 'list' ? rest : args, context)
  },
})

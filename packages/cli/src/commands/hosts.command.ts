import { defineCommand } from '../grammar/command-definition.ts'
import { addControllerOption } from '../grammar/options.ts'

export const hostsCommand = defineCommand<{ controller?: string; forget?: string }>({
  usage: 'hosts',
  group: 'fleet',
  does: 'the hosts of the fleet',
  grammar: (command) =>
    addControllerOption(command).option(
      '--forget <host>',
      'take a host that is gone out of the fleet, with its images; no file is touched',
    ),
  async run({ options, context }) {
    const { hosts } = await import('./hosts.ts')
    return await hosts(options, context)
  },
})

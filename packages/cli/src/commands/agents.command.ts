import { defineCommand } from '../grammar/command-definition.ts'
import { durationOption } from '../grammar/duration.ts'
import { addControllerOption } from '../grammar/options.ts'
import type { FleetOptions } from '../fleet.ts'
import type { CertificateOptions } from './agents-certificate.ts'
import type { UpdateOptions } from './agents-update.ts'
import type { TokenOptions } from './agents.ts'

const tokenCommand = defineCommand<TokenOptions>({
  usage: 'token [name]',
  does: 'a token by which one host joins the fleet, shown once; the name may have * for any characters',
  grammar: (command) =>
    addControllerOption(command).addOption(
      durationOption('--valid <time>', 'how long it may be used, from 1m to 24d; 1h when not said'),
    ),
  async run({ args: [name], options, context }) {
    const { agentsToken } = await import('./agents.ts')
    return await agentsToken(name, options, context)
  },
})

const tokensCommand = defineCommand<FleetOptions>({
  usage: 'tokens',
  does: 'the tokens that were made, and who has used them',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { agentsTokens } = await import('./agents.ts')
    return await agentsTokens(options, context)
  },
})

const cancelCommand = defineCommand<FleetOptions>({
  usage: 'cancel <token>',
  does: 'a token lets nobody in any more; it is named by its id',
  grammar: addControllerOption,
  async run({ args: [id = ''], options, context }) {
    const { agentsCancel } = await import('./agents.ts')
    return await agentsCancel(id, options, context)
  },
})

const revokeCommand = defineCommand<FleetOptions>({
  usage: 'revoke <host>',
  does: 'a host is cut off at once, and comes back only by a new token; its files are not touched',
  grammar: addControllerOption,
  async run({ args: [host = ''], options, context }) {
    const { agentsRevoke } = await import('./agents.ts')
    return await agentsRevoke(host, options, context)
  },
})

const longestCertificate = { shortest: 3600, longest: 30 * 86_400 }

const certificateCommand = defineCommand<CertificateOptions>({
  usage: 'certificate <name>',
  does: 'a certificate of the fleet for a tool that speaks NBD by TLS, in the layout of libnbd and QEMU; the key is made here',
  grammar: (command) =>
    addControllerOption(command)
      .requiredOption('--to <folder>', 'where ca-cert.pem, client-cert.pem and client-key.pem are laid')
      .option('--serves <name...>', 'it is of a server that is reached by these names and addresses')
      .addOption(
        durationOption(
          '--valid <time>',
          'how long it is good for, up to 30d; 1d when not said',
          longestCertificate,
        ),
      ),
  async run({ args: [name = ''], options, context }) {
    const { agentsCertificate } = await import('./agents-certificate.ts')
    return await agentsCertificate(name, options, context)
  },
})

const allowCommand = defineCommand<FleetOptions>({
  usage: 'allow <host>',
  does: 'a host that was stopped, since two used its certificate, may come back; switch the copy off first',
  grammar: addControllerOption,
  async run({ args: [host = ''], options, context }) {
    const { agentsAllow } = await import('./agents.ts')
    return await agentsAllow(host, options, context)
  },
})

const rotateCommand = defineCommand<FleetOptions>({
  usage: 'rotate',
  does: 'a new root key for the fleet; the hosts move to it by themselves, the old one is believed until they have',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { agentsRotate } = await import('./agents.ts')
    return await agentsRotate(options, context)
  },
})

const updateCommand = defineCommand<UpdateOptions>({
  usage: 'update [hosts...]',
  does: 'the agents of these hosts, or of all that can be, get the release that the controller serves, ring by ring',
  grammar: (command) =>
    addControllerOption(command)
      .option(
        '--rings <list>',
        'how many hosts are updated at the end of each ring; 1,10%,100% when not said',
      )
      .addOption(
        durationOption('--soak <time>', 'how long a ring has to do well before the next; 60s when not said', {
          shortest: 1,
          longest: 86_400,
        }),
      )
      .option('--at-once <number>', 'hosts of a ring that are updated at the same time; 5 when not said')
      .option('--detach', 'do not wait for its end'),
  async run({ args, options, context }) {
    const { agentsUpdate } = await import('./agents-update.ts')
    return await agentsUpdate(args, options, context)
  },
})

const updatesCommand = defineCommand<FleetOptions>({
  usage: 'updates',
  does: 'what the agents can be updated to, which can be, and how the last update went',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { agentsUpdates } = await import('./agents-update.ts')
    return await agentsUpdates(options, context)
  },
})

const cancelUpdateCommand = defineCommand<FleetOptions>({
  usage: 'cancel-update',
  does: 'ends the update that is going; hosts whose turn has not come are left as they are',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { agentsCancelUpdate } = await import('./agents-update.ts')
    return await agentsCancelUpdate(options, context)
  },
})

export const agentsCommand = defineCommand<FleetOptions>({
  usage: 'agents',
  group: 'fleet',
  does: 'the agents of the fleet: who has joined, tokens to join by, who is put out, updates',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { agents } = await import('./agents.ts')
    return await agents(options, context)
  },
  commands: [
    allowCommand,
    cancelCommand,
    cancelUpdateCommand,
    certificateCommand,
    revokeCommand,
    rotateCommand,
    tokenCommand,
    tokensCommand,
    updateCommand,
    updatesCommand,
  ],
})

import { defineCommand } from '../grammar/command-definition.ts'
import { durationOption } from '../grammar/duration.ts'
import { addControllerOption } from '../grammar/options.ts'
import type { FleetOptions } from '../fleet.ts'
import type { CertificateOptions } from './agents-certificate.ts'
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

export const agentsCommand = defineCommand<FleetOptions>({
  usage: 'agents',
  group: 'fleet',
  does: 'the certificates of the fleet: who has joined, tokens to join by, who is put out',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { agents } = await import('./agents.ts')
    return await agents(options, context)
  },
  commands: [
    allowCommand,
    cancelCommand,
    certificateCommand,
    revokeCommand,
    rotateCommand,
    tokenCommand,
    tokensCommand,
  ],
})

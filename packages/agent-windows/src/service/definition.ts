import { commandLine } from './command-line.ts'
import type { ServiceDefinition } from './service-system.ts'
import { virtualAccount } from './virtual-account.ts'

export const serviceName = 'varve-agent'

/**
 * What the agent needs of its account besides its groups: to pass through folders to the libraries, and, where there is no
 * Hyper-V to do it, to attach images and to give files their space at once.
 */
export const manageVolumes = 'SeManageVolumePrivilege'
export const passThrough = 'SeChangeNotifyPrivilege'

/** Words that start this program: of Node and of the agent, all absolute, since a service works in `C:\Windows`. */
export interface Program {
  readonly node: string
  readonly nodeWords: readonly string[]
  readonly script: string
}

/** The agent as a service; `privileges` are those that its account has. */
export function agentService(
  { node, nodeWords, script }: Program,
  { data, privileges }: { readonly data: string; readonly privileges: readonly string[] },
): ServiceDefinition {
  return {
    displayName: 'Varve agent',
    description: 'Serves the disk images of this host to its Varve controller.',
    commandLine: commandLine([node, ...nodeWords, script, 'service', 'run', '--data', data]),
    account: virtualAccount(serviceName),
    privileges,
    restartsAfterMs: [5000, 30_000, 60_000],
    forgetsAfterSeconds: 24 * 3600,
    shutdownMs: 15_000,
  }
}

import type { ToolView } from '@varve/protocol/hosts'
import { z } from 'zod'
import { ScriptError } from './script-error.ts'
import type { ScriptCaller } from './powershell-host.ts'

/** What `get-rights.ps1` gives. */
const Rights = z.object({
  account: z.string(),
  isAdministrator: z.boolean(),
  maySeeMachines: z.boolean(),
  /** `EditionID`, such as `Professional`, `Core` or `ServerStandard`; empty: it is not known. */
  edition: z.string(),
  /** Whether the service of Hyper-V is there: its tools can be without it, and it without them. */
  hyperV: z.boolean(),
  /** Folder of the module, or null. */
  hyperVModule: z.string().nullable(),
  storageModule: z.string().nullable(),
  wsl: z.boolean(),
})
export type Rights = z.infer<typeof Rights>

/** The agent starts without them when PowerShell takes longer. */
const patienceMs = 20_000

/** Parts of this Windows and rights on it that decide what can be done; those that lack have how to get them. */
export function hostParts(scripts: ScriptCaller): () => Promise<ToolView[]> {
  return async () => {
    try {
      return partsOf(Rights.parse(await scripts.call('get-rights', {}, { silenceMs: patienceMs })))
    } catch (error) {
      const reason = error instanceof ScriptError ? error.failure.message : 'it gave no answer'
      return [
        part('what Windows PowerShell tells', {
          enables: 'Hyper-V, disks and volumes',
          install: `PowerShell did not tell what is there: ${reason}`,
        }),
      ]
    }
  }
}

/** Rights and optional parts are named where they lack only. */
export function partsOf(rights: Rights): ToolView[] {
  const { hyperV, hyperVModule, storageModule, isAdministrator, maySeeMachines, wsl } = rights
  return [
    part('Hyper-V', {
      enables: 'machines, their checkpoints and their disks',
      install: howToGetHyperV(rights),
      path: hyperV ? hyperVModule : null,
    }),
    part('Storage module', {
      enables: 'attached disks, their partitions and volumes',
      install: 'It is part of Windows since 8 and Server 2012.',
      path: storageModule,
    }),
    ...(maySeeMachines || !hyperV
      ? []
      : [
          part('rights of Hyper-V Administrators', {
            enables: 'machines of Hyper-V, which are not shown without',
            install: joins('S-1-5-32-578', rights),
          }),
        ]),
    ...(isAdministrator
      ? []
      : [
          part('rights of an administrator', {
            enables: 'attaching disks without Hyper-V, and changes of partitions and volumes',
            install: isService(rights)
              ? joins('S-1-5-32-544', rights)
              : 'Open PowerShell with: Run as administrator. Or install the service: varve-agent service install',
          }),
        ]),
    ...(wsl
      ? []
      : [
          part('Windows Subsystem for Linux', {
            enables: 'disks of its distributions',
            install: 'wsl --install',
          }),
        ]),
  ]
}

function part(name: string, more: Pick<ToolView, 'enables' | 'install'> & Partial<ToolView>): ToolView {
  return { name, version: null, path: null, ...more }
}

function howToGetHyperV({ edition, hyperV }: Rights): string {
  // Core, CoreN, CoreSingleLanguage, CoreCountrySpecific: what is sold as Home.
  if (edition.startsWith('Core'))
    return 'Windows Home has no Hyper-V; images are converted, checked and served all the same. Pro, Enterprise and Education have it.'
  const onlyTools = hyperV
  if (edition.startsWith('Server'))
    return onlyTools
      ? 'Install-WindowsFeature -Name Hyper-V-PowerShell'
      : 'Install-WindowsFeature -Name Hyper-V -IncludeManagementTools -Restart'
  const feature = onlyTools ? 'Microsoft-Hyper-V-Management-PowerShell' : 'Microsoft-Hyper-V-All'
  return `Enable-WindowsOptionalFeature -Online -FeatureName ${feature}`
}

function isService({ account }: Rights): boolean {
  return /^NT SERVICE\\/iu.test(account)
}

function joins(group: string, rights: Rights): string {
  const add = `Add-LocalGroupMember -SID ${group} -Member '${rights.account.replaceAll("'", "''")}'`
  return isService(rights)
    ? `${add}; Restart-Service varve-agent`
    : `${add}; then sign out and in again, and start the agent anew`
}

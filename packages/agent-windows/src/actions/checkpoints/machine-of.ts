import type { ActionContext } from '@varve/agent/actions/adapter'
import type { WindowsHost } from '@varve/agent/platform/windows-host'
import { DiskError } from '@varve/core/problems/disk-error'
import type { HyperVMachine } from '@varve/protocol/machines'
import { assertTarget } from '@varve/agent/actions/inside-roots'

/** The machine as it is now; throws `not-found`, and for agents `outside-library` when one of its disks is. */
export async function machineNow(
  { machine, called }: { readonly machine: string; readonly called: string },
  windows: WindowsHost,
  { ports }: Pick<ActionContext, 'ports'>,
): Promise<HyperVMachine> {
  const found = (await windows.machines()).machines.find(({ id }) => id === machine)
  if (!found) throw new DiskError('not-found', { file: called })
  for (const { path } of found.drives) await assertTarget(ports, path)
  return found
}

/** The machine in a cmdlet that is shown. */
export const vmOf = (machine: string) => `(Get-VM -Id ${machine})`

/** A checkpoint in a cmdlet that is shown. */
export const checkpointOf = (machine: string, checkpoint: string) =>
  `(Get-VMSnapshot -VM ${vmOf(machine)} | Where-Object Id -eq ${checkpoint})`

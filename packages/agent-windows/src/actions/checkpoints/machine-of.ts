import type { ActionContext } from '@varve/agent/actions/adapter'
import { assertMachineInside } from '@varve/agent/operations/machine-of-image'
import type { WindowsHost } from '@varve/agent/platform/windows-host'
import { DiskError } from '@varve/core/problems/disk-error'
import { powershellWord } from '@varve/operations/plans/shown'
import type { HyperVMachine } from '@varve/protocol/machines'

interface Meant {
  readonly machine: string
  /** Its name, for people. */
  readonly called: string
}

/** The machine as it is now; throws `not-found`, and for agents `refused` when one of its disks lies outside their libraries. */
export async function machineNow(
  meant: Meant,
  windows: WindowsHost,
  { ports }: Pick<ActionContext, 'ports'>,
): Promise<HyperVMachine> {
  const found = await machineIfThere(meant, windows)
  if (!found) throw new DiskError('not-found', { file: meant.called, thing: 'machine' })
  await assertMachineInside(found, { image: fileOf(found), roots: ports.roots })
  return found
}

/** The machine as it is now; null: Hyper-V tells its machines, and has it no more. */
export async function machineIfThere(
  { machine, called }: Meant,
  windows: WindowsHost,
): Promise<HyperVMachine | null> {
  const { told, machines } = await windows.machines()
  if (told === 'no-module')
    throw new DiskError('tool-missing', {
      file: called,
      tool: 'the module of Hyper-V',
      install: 'Turn it on: Hyper-V is a feature of Windows.',
    })
  if (told === 'no-rights')
    throw new DiskError('refused', {
      file: called,
      finding: 'not-elevated',
      layer: 'L1',
      reason: 'Hyper-V shows its machines to elevated administrators and members of Hyper-V Administrators',
      remedy: 'Do it in a PowerShell that was started with "Run as administrator".',
    })
  return machines.find(({ id }) => id === machine.toLowerCase()) ?? null
}

/** What errors about a machine are about. */
export const fileOf = ({ drives, name }: HyperVMachine) => drives[0]?.path ?? name

/** The machine in a cmdlet that is shown. */
export const vmOf = (machine: string) => `(Get-VM -Id ${machine})`

/** A checkpoint in a cmdlet that is shown; one that is not made yet is known by its name. */
export const checkpointOf = (
  machine: string,
  { checkpoint, name }: { readonly checkpoint: string | null; readonly name: string },
) =>
  `(Get-VMSnapshot -VM ${vmOf(machine)} | Where-Object ${checkpoint === null ? `Name -ceq ${powershellWord(name)}` : `Id -eq ${checkpoint}`})`

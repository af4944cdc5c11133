import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import { z } from 'zod'
import { tied } from '../tied.ts'

/** Nothing of this host's LVM is asked, told or kept: no other device, no device mapper, no daemon, no backup of metadata. */
const config = [
  'backup{backup=0 archive=0}',
  'devices{filter=["a|.*|"] global_filter=["a|.*|"] scan_lvs=0 use_devicesfile=0}',
  'global{use_lvmlockd=0 use_lvmpolld=0 notify_dbus=0}',
  'activation{monitoring=0}',
].join(' ')

function command<Output>(
  words: readonly [name: string, ...args: string[]],
  device: string,
  parse: ToolCommand<Output>['parse'],
): ToolCommand<Output> {
  const [name, ...args] = words
  const alone = ['--devices', device, '--driverloaded', 'n', '--config', config]
  return tied({ tool: 'lvm', args: [name, ...alone, ...args], silence: { ms: 120_000 }, parse })
}

/** `pvresize`: all of the device. */
export function growPhysical(device: string): ToolCommand<null> {
  return command(['pvresize', device], device, () => null)
}

/** `pvresize` to a size below that of the device; it refuses where extents lie behind. */
export function shrinkPhysical(device: string, size: number): ToolCommand<null> {
  return command(['pvresize', '--yes', '--setphysicalvolumesize', `${size}b`, device], device, () => null)
}

/** `lvextend` with all that is free. It does not touch what is in the volume. */
export function growLogical(device: string, { group, name }: Named): ToolCommand<null> {
  return command(['lvextend', '--extents', '+100%FREE', `${group}/${name}`], device, () => null)
}

interface Named {
  readonly group: string
  readonly name: string
}

const Groups = z.object({
  report: z.array(z.object({ vg: z.array(z.object({ vg_free_count: z.string().regex(/^\d{1,15}$/u) })) })),
})

/** Extents that no volume of the group has. */
export function freeExtents(device: string, group: string): ToolCommand<number> {
  const words = ['vgs', '--reportformat', 'json', '--options', 'vg_free_count', group] as const
  return command([...words], device, (output) => {
    const said = Groups.safeParse(readJson(stdoutText(output)))
    const [row] = said.data?.report[0]?.vg ?? []
    if (row) return Number(row.vg_free_count)
    throw new DiskError('tool-failed', {
      file: device,
      tool: 'lvm',
      exitCode: output.exitCode,
      stderr: 'it does not say how much of the group is free',
    })
  })
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

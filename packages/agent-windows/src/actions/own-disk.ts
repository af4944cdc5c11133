import type { ActionPorts } from '@varve/agent/actions/adapter'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import type { WindowsHost } from '@varve/agent/platform/windows-host'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ShownDisk } from '@varve/operations/actions/attached-vhd'
import { isSamePath } from '@varve/engine/files/windows-path'

interface Wanted {
  readonly windows: WindowsHost
  readonly ports: Pick<ActionPorts, 'stateFolder'>
  readonly isReadOnly: boolean
}

/** The disk that Varve has made of an image; throws `in-use` when others have made it, and `refused` when it is not there as wanted. */
export async function ownDisk(image: string, { windows, ports, isReadOnly }: Wanted): Promise<ShownDisk> {
  const { disks } = await windows.disks(notesFolder(ports))
  const found = disks.find((one) => isSamePath(one.image, image))
  if (found && found.note === null)
    throw new DiskError('in-use', {
      file: image,
      by: 'somebody else, who attached it to Windows',
      how: 'holds',
    })
  if (found && found.disk.readOnly === isReadOnly) return found.disk
  throw new DiskError('refused', {
    file: image,
    finding: 'not-attached',
    layer: 'L3',
    reason: `Varve has it attached ${isReadOnly ? 'read-only' : 'for writing'} no more`,
    remedy: 'Do it again from the beginning.',
  })
}

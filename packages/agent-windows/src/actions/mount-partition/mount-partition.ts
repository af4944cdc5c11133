import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ActionPorts, AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage, assertTarget } from '@varve/agent/actions/inside-roots'
import { isEmptyFolder, makeMountFolder } from '@varve/agent/actions/mount-folder'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import type { AttachedVhd } from '@varve/agent/platform/windows-host'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { isDriveLetter } from '@varve/operations/actions/partition-mount'
import { nativeAction } from '@varve/operations/plans/shown'
import { changeMounts } from '../../host/notes.ts'
import { isSamePath } from '@varve/engine/files/windows-path'
import { callScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'
import { usualWaits } from '../waits.ts'
import { isMountedAt, mountOf } from './mounted-at.ts'

type Input = ActionInput<'mount-partition'>

/** The cmdlet that `mount-partition.ps1` runs, whose numbers it finds by the place of the image and of the partition. */
export function mountCmdlet({ folder }: Pick<Input, 'folder'>): string {
  return cmdlet('Add-PartitionAccessPath', {
    DiskNumber: 'DISK',
    PartitionNumber: 'PARTITION',
    AccessPath: folder,
  })
}

export function mountPartition({
  scripts,
  windows,
  waits: { diskSeconds } = usualWaits,
}: WindowsPorts): AdapterOf<'mount-partition'> {
  /** Varve's disk of the image; null: it has none any more. */
  async function findDisk({ image, attachment }: Input, notes: string): Promise<AttachedVhd | null> {
    const { disks } = await windows.disks(notes)
    const found = disks.find((one) => isSamePath(one.image, image))
    return found?.note?.attachment === attachment ? found : null
  }

  return {
    tools: [],
    command: (input) => nativeAction('mount-partition', input, mountCmdlet(input)),

    async run(input, { ports, signal }) {
      const { image, attachment, start, folder, isNew } = input
      const notes = notesFolder(ports)
      await assertImage(ports, image)
      await assertFolder(folder, ports)
      const disk = notes === null ? null : await findDisk(input, notes)
      if (notes === null || disk === null) throw notAttached(image)
      const { isOffline } = disk.disk
      const noted = await changeMounts(notes, { image, attachment }, (mounts) => {
        const before = mounts.find((mount) => isSamePath(mount.folder, folder))
        const wasOffline = isOffline || before?.wasOffline === true
        return [
          ...mounts.filter((mount) => mount !== before),
          { folder, start, isFolderOurs: isNew, wasOffline },
        ]
      })
      if (noted === null) throw notAttached(image)
      if (!isMountedAt(disk, folder)) await prepare(folder, isNew)
      await callScript(scripts, {
        script: 'mount-partition',
        parameters: { image, start, folder, seconds: diskSeconds },
        about: { file: image, folder, waitedSeconds: diskSeconds },
        signal,
      })
      const done = await findDisk(input, notes)
      const mount = done === null ? undefined : mountOf(done, folder)
      if (mount === undefined) throw notAttached(image)
      const wasOffline = noted.some((one) => isSamePath(one.folder, folder) && one.wasOffline)
      return { device: mount.device, folder, wasOffline }
    },

    async isDone(input, { ports }) {
      const notes = notesFolder(ports)
      const disk = notes === null ? null : await findDisk(input, notes)
      const mount = disk === null ? undefined : mountOf(disk, input.folder)
      if (mount === undefined) return null
      const own = disk?.note?.mounts.find((one) => isSamePath(one.folder, input.folder))
      return own === undefined
        ? null
        : { device: mount.device, folder: input.folder, wasOffline: own.wasOffline }
    },
  }
}

/** Agents mount at folders below their libraries only, by their own names. */
async function assertFolder(folder: string, ports: Pick<ActionPorts, 'roots'>): Promise<void> {
  const { roots } = ports
  if (isDriveLetter(folder) && roots === null) return
  await assertTarget(ports, folder)
  if (roots === null) return
  const isOwn = (await realpath(dirname(folder)).catch(() => null)) === dirname(folder)
  if (isOwn && !roots.includes(folder) && !isDriveLetter(folder)) return
  throw new DiskError('refused', {
    file: folder,
    reason: 'it is a library itself, or not named by its own name',
    remedy: 'Say a folder inside a library: an agent mounts nowhere else.',
    layer: 'L1',
  })
}

/** Makes the folder where it is to be made; what somebody uses is not mounted over. */
async function prepare(folder: string, isNew: boolean): Promise<void> {
  if (isDriveLetter(folder)) return
  if (isNew) await makeMountFolder(folder)
  if (await isEmptyFolder(folder)) return
  throw new DiskError('refused', {
    file: folder,
    finding: 'folder-used',
    reason: 'it is in use by now: it is not empty',
    remedy: 'Say an empty folder, or a new one.',
    layer: 'L1',
  })
}

function notAttached(file: string): DiskError {
  return new DiskError('refused', {
    file,
    finding: 'not-attached',
    reason: 'what was attached for it is gone, or is no disk of Varve’s',
    remedy: 'Mount it again; see what is attached: varve attached.',
    layer: 'L3',
  })
}

import { z } from 'zod'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { changeMounts } from '../../host/notes.ts'
import { isSamePath } from '@varve/engine/files/windows-path'
import { askScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'
import { removeMountFolder } from '@varve/agent/actions/mount-folder'
import { usualWaits } from '../waits.ts'

/** What `unmount-partition.ps1` gives. */
const Unmounted = z.object({ wasMounted: z.boolean() })

/** The cmdlet that `unmount-partition.ps1` runs, whose numbers it finds by the place of the image and of the partition. */
export function unmountCmdlet({ folder }: Pick<ActionInput<'unmount-partition'>, 'folder'>): string {
  return cmdlet('Remove-PartitionAccessPath', {
    DiskNumber: 'DISK',
    PartitionNumber: 'PARTITION',
    AccessPath: folder,
  })
}

export function unmountPartition({
  scripts,
  windows,
  waits: { diskSeconds } = usualWaits,
}: WindowsPorts): AdapterOf<'unmount-partition'> {
  return {
    tools: [],
    command: (input) => nativeAction('unmount-partition', input, unmountCmdlet(input)),

    async run({ image, attachment, start, folder }, { ports, signal }) {
      const notes = notesFolder(ports)
      await assertTarget(ports, image)
      if (notes === null) return { wasMounted: false }
      const { disks, gone } = await windows.disks(notes)
      const found = [...disks.map(({ note }) => note), ...gone].find(
        (one) => one?.attachment === attachment && isSamePath(one.image, image),
      )
      const isMount = (one: { readonly folder: string }) => isSamePath(one.folder, folder)
      const mount = found?.mounts.find(isMount)
      // What was not noted was never made, or is somebody else's.
      if (!found || !mount) return { wasMounted: false }
      const isLast = found.mounts.every(isMount)
      const { wasMounted } = await askScript(scripts, {
        script: 'unmount-partition',
        parameters: {
          image,
          start,
          folder,
          goesOffline: mount.wasOffline && isLast,
          seconds: diskSeconds,
        },
        schema: Unmounted,
        file: image,
        signal,
      })
      if (mount.isFolderOurs) await removeMountFolder(folder)
      await changeMounts(notes, { image, attachment }, (mounts) => mounts.filter((one) => !isMount(one)))
      return { wasMounted }
    },
  }
}

import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { removeNote } from '../../host/notes.ts'
import { isSamePath } from '../../host/windows-path.ts'
import { scriptProblem } from '../../powershell/script-problem.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'

/** The cmdlet that `dismount-image.ps1` runs where the disk is there. */
export function dismountCmdlet({ image, by }: ActionInput<'detach-vhd'>): string {
  return by === 'hyper-v'
    ? cmdlet('Dismount-VHD', { Path: image })
    : cmdlet('Dismount-DiskImage', { ImagePath: image })
}

export function detachVhd({ scripts, windows }: WindowsPorts): AdapterOf<'detach-vhd'> {
  return {
    tools: [],
    command: (input) => nativeAction('detach-vhd', input, dismountCmdlet(input)),

    async run(input, { ports, signal }) {
      const { image } = input
      const notes = notesFolder(ports)
      await assertTarget(ports, image)
      const found = (await windows.disks(notes)).disks.find((one) => isSamePath(one.image, image))
      if (found && found.note === null)
        throw new DiskError('in-use', { file: image, by: 'somebody else, who attached it to Windows' })
      try {
        const wasAttached = found !== undefined
        if (wasAttached) await scripts.call('dismount-image', input, { signal })
        if (notes !== null) await removeNote(notes, image)
        return { wasAttached }
      } catch (error) {
        throw scriptProblem(error, image)
      }
    },
  }
}

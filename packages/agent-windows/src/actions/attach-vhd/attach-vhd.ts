import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage } from '@varve/agent/actions/inside-roots'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { removeNote, writeNote } from '../../host/notes.ts'
import { isSamePath } from '../../host/windows-path.ts'
import { scriptProblem } from '../../powershell/script-problem.ts'
import { cmdlet } from '../cmdlets.ts'
import type { WindowsPorts } from '../adapter-table.ts'

/** The cmdlet that `mount-image.ps1` runs. */
export function mountCmdlet({ image, by, isReadOnly }: ActionInput<'attach-vhd'>): string {
  return by === 'hyper-v'
    ? cmdlet('Mount-VHD', { Path: image, NoDriveLetter: true, ReadOnly: isReadOnly })
    : cmdlet('Mount-DiskImage', {
        ImagePath: image,
        Access: isReadOnly ? 'ReadOnly' : 'ReadWrite',
        NoDriveLetter: true,
      })
}

export function attachVhd({ scripts, windows }: WindowsPorts): AdapterOf<'attach-vhd'> {
  async function find(image: string, notes: string | null) {
    const now = await windows.disks(notes)
    return now.disks.find((one) => isSamePath(one.image, image)) ?? null
  }

  return {
    tools: [],
    command: (input) => nativeAction('attach-vhd', input, mountCmdlet(input)),

    async run(input, { ports, signal }) {
      const { image, isReadOnly } = input
      const notes = notesFolder(ports)
      await assertImage(ports, image)
      if (!isReadOnly) await assertNotUsed([image], ports)
      if (notes !== null) await writeNote(notes, input)
      try {
        await scripts.call('mount-image', input, { signal })
        const found = await find(image, notes)
        if (found) return found.disk
        throw new DiskError('tool-failed', {
          file: image,
          tool: 'PowerShell',
          exitCode: null,
          stderr: 'Windows shows no disk of it',
        })
      } catch (error) {
        const there = await find(image, notes).catch(() => undefined)
        // What was there before is somebody else's; what nobody could look at keeps its note.
        if (notes !== null && there === null) await removeNote(notes, image)
        throw scriptProblem(error, image)
      }
    },

    async isDone({ image }, { ports }) {
      const found = await find(image, notesFolder(ports))
      return found?.note ? found.disk : null
    },
  }
}

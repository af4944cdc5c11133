import { resolve } from 'node:path'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage } from '@varve/agent/actions/inside-roots'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { beginNote, removeNote, writeNote } from '../../host/notes.ts'
import { isSamePath, plainPath } from '../../host/windows-path.ts'
import { hasFailedForGood, scriptProblem } from '../../powershell/script-problem.ts'
import { cmdlet } from '../cmdlets.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { usualWaits } from '../waits.ts'

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

export function attachVhd({
  scripts,
  windows,
  waits: { diskSeconds } = usualWaits,
}: WindowsPorts): AdapterOf<'attach-vhd'> {
  async function find(image: string, notes: string | null) {
    const { disks } = await windows.disks(notes)
    return disks.find((one) => isSamePath(one.image, image)) ?? null
  }

  return {
    tools: [],
    command: (input) => nativeAction('attach-vhd', input, mountCmdlet(input)),

    async run(input, { ports, signal }) {
      const { attachment, by, isReadOnly, isForMount = false } = input
      const notes = notesFolder(ports)
      await assertImage(ports, input.image)
      const image = plainPath(resolve(input.image))
      if (!isReadOnly) await assertNotUsed([image], ports)
      const { disks } = await windows.disks(notes)
      // Noted before it is looked at, it would be taken for Varve's, and be detached.
      if (disks.some((one) => isSamePath(one.image, image)))
        throw new DiskError('in-use', { file: image, by: 'Windows, which has it attached', how: 'holds' })
      const note = { attachment, image, by, isReadOnly, isForMount }
      if (notes !== null) await beginNote(notes, note)
      try {
        const asked = { image, by, isReadOnly, seconds: diskSeconds }
        await scripts.call('mount-image', asked, { signal })
        const found = await find(image, notes)
        if (found === null) throw noDisk(image)
        if (notes !== null) await writeNote(notes, note)
        return { ...found.disk, attachment }
      } catch (error) {
        const problem = scriptProblem(error, { file: image, waitedSeconds: diskSeconds })
        if (notes !== null && (await isNothingOfOurs(error, problem))) await removeNote(notes, note)
        throw problem
      }

      /** What was cut off may come yet, and what nobody could look at keeps its note. */
      async function isNothingOfOurs(error: unknown, problem: unknown): Promise<boolean> {
        if (!hasFailedForGood(error)) return false
        if (isDiskError(problem, 'in-use')) return true
        return (await find(image, notes).catch(() => undefined)) === null
      }
    },

    async isDone({ image, attachment }, { ports }) {
      const found = await find(image, notesFolder(ports))
      return found?.note?.attachment === attachment ? { ...found.disk, attachment } : null
    },
  }
}

function noDisk(file: string): DiskError {
  return new DiskError('tool-failed', {
    file,
    tool: 'PowerShell',
    exitCode: null,
    stderr: 'Windows shows no disk of it',
  })
}

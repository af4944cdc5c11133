import { resolve } from 'node:path'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage } from '@varve/agent/actions/inside-roots'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { beginNote, removeNote, writeNote } from '../../host/notes.ts'
import { isSamePath, plainPath } from '@varve/engine/files/windows-path'
import { hasFailedForGood, scriptProblem } from '../../powershell/script-problem.ts'
import { diskpartProblem } from '../../tools/diskpart/output.ts'
import { paused, runDiskpart } from '../../tools/diskpart/run-script.ts'
import { attachLine, selectLine, shownScript } from '../../tools/diskpart/script.ts'
import { cmdlet } from '../cmdlets.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { usualWaits, waitFor } from '../waits.ts'

/** The lines of the script of diskpart. */
function diskpartLines({ image, isReadOnly }: Pick<ActionInput<'attach-vhd'>, 'image' | 'isReadOnly'>) {
  return [selectLine(image), attachLine({ isReadOnly })]
}

/** The cmdlet that `mount-image.ps1` runs, or the script of diskpart. */
export function mountCmdlet(input: ActionInput<'attach-vhd'>): string {
  const { image, by, isReadOnly } = input
  if (by === 'diskpart') return shownScript(diskpartLines(input))
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
  waits: { diskSeconds, everyMs, diskpartMs } = usualWaits,
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
      const lines = by === 'diskpart' ? diskpartLines({ image, isReadOnly }) : []
      const note = { attachment, image, by, isReadOnly, isForMount }
      if (notes !== null) await beginNote(notes, note)
      try {
        const found = by === 'diskpart' ? await byDiskpart() : await byScript()
        if (found === null) throw noDisk(image)
        if (notes !== null) await writeNote(notes, note)
        return { ...found.disk, attachment }
      } catch (error) {
        const problem = scriptProblem(error, { file: image, waitedSeconds: diskSeconds })
        if (notes !== null && (await isNothingOfOurs(error, problem))) await removeNote(notes, note)
        throw problem
      }

      async function byScript() {
        const asked = { image, by, isReadOnly, seconds: diskSeconds }
        await scripts.call('mount-image', asked, { signal })
        return await find(image, notes)
      }

      /** What it says tells nothing: whether it worked is whether the disk comes. */
      async function byDiskpart() {
        const { tools } = ports
        const said = await runDiskpart({ image, lines }, { tools, signal, ...paused(diskpartMs) })
        const looks = { seconds: diskSeconds, everyMs, signal }
        const found = await waitFor(async () => find(image, notes), looks)
        if (found === null) throw diskpartProblem(image, said)
        return found
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

import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import type { VhdNote } from '@varve/agent/platform/windows-host'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { noteOf, readNotes, removeNote } from '../../host/notes.ts'
import { isSamePath, plainPath } from '@varve/engine/files/windows-path'
import { callScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { diskpartProblem } from '../../tools/diskpart/output.ts'
import { paused, runDiskpart } from '../../tools/diskpart/run-script.ts'
import { detachLine, selectLine, shownScript } from '../../tools/diskpart/script.ts'
import { cmdlet } from '../cmdlets.ts'
import { removeMountFolder } from '@varve/agent/actions/mount-folder'
import { usualWaits, waitFor } from '../waits.ts'

const diskpartLines = (image: string) => [selectLine(image), detachLine]

/** The cmdlet that `dismount-image.ps1` runs where the disk is there, or the script of diskpart. */
export function dismountCmdlet({ image, by }: ActionInput<'detach-vhd'>): string {
  if (by === 'diskpart') return shownScript(diskpartLines(image))
  return by === 'hyper-v'
    ? cmdlet('Dismount-VHD', { Path: image })
    : cmdlet('Dismount-DiskImage', { ImagePath: image })
}

export function detachVhd({
  scripts,
  windows,
  waits: { diskSeconds, lateMs, everyMs, diskpartMs } = usualWaits,
}: WindowsPorts): AdapterOf<'detach-vhd'> {
  /** The disk of the image; one that was begun and has not come is waited for, since nobody would know of it later. */
  async function find(
    { image, attachment }: Pick<ActionInput<'detach-vhd'>, 'image' | 'attachment'>,
    { notes, signal }: { readonly notes: string | null; readonly signal: AbortSignal },
  ) {
    const until = performance.now() + lateMs
    for (;;) {
      const { disks, gone } = await windows.disks(notes)
      const found = disks.find((one) => isSamePath(one.image, image)) ?? null
      const isAwaited = gone.some(
        (note) => note.isPending && isMeant(note, attachment) && isSamePath(note.image, image),
      )
      if (found !== null || !isAwaited || performance.now() >= until) return found
      await sleep(everyMs, undefined, { signal })
    }
  }

  return {
    tools: [],
    command: (input) => nativeAction('detach-vhd', input, dismountCmdlet(input)),

    async run(input, { ports, signal }) {
      const notes = notesFolder(ports)
      await assertTarget(ports, input.image)
      const image = plainPath(resolve(input.image))
      const { attachment, by } = input
      const found = await find({ image, attachment }, { notes, signal })
      // Others attached it since, another attempt of Varve's among them, and the one that is meant is gone.
      if (found && !isMeant(found.note, attachment)) return { wasAttached: false }
      if (found && by === 'diskpart') {
        const { tools } = ports
        const script = { image, lines: diskpartLines(image) }
        const said = await runDiskpart(script, { tools, signal, ...paused(diskpartMs) })
        const isGone = await waitFor(
          async () =>
            (await windows.disks(notes)).disks.some((one) => isSamePath(one.image, image)) ? null : true,
          { seconds: diskSeconds, everyMs, signal },
        )
        if (isGone === null) throw diskpartProblem(image, said)
      } else if (found) {
        await callScript(scripts, {
          script: 'dismount-image',
          parameters: { image, by, seconds: diskSeconds },
          about: { file: image, waitedSeconds: diskSeconds },
          signal,
        })
      }
      if (notes !== null) await forget(notes, { image, attachment })
      return { wasAttached: found !== null }
    },
  }
}

/** With the folders that were made for mounts which never came. */
async function forget(
  notes: string,
  { image, attachment }: Pick<ActionInput<'detach-vhd'>, 'image'> & { readonly attachment: string | null },
): Promise<void> {
  const note = noteOf(await readNotes(notes), image)
  for (const { folder, isFolderOurs } of isMeant(note, attachment) ? (note?.mounts ?? []) : [])
    if (isFolderOurs) await removeMountFolder(folder)
  await removeNote(notes, { image, attachment })
}

const isMeant = (note: VhdNote | null, attachment: string | null) =>
  note !== null && (attachment === null || note.attachment === attachment)

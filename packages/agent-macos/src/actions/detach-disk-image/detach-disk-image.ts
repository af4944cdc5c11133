import { realpath, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import type { AttachedMacImage, MacNote } from '@varve/agent/platform/macos-host'
import { DiskError } from '@varve/core/problems/disk-error'
import { macNotes, shadowOf } from '../../host/notes.ts'
import { detachCommand, type Detached } from '../../tools/hdiutil/commands.ts'
import type { MacPorts } from '../adapter-table.ts'
import { disksOf, ownNotes } from '../own-attachment.ts'
import { usualWaits } from '../waits.ts'

interface Meant {
  readonly image: string
  readonly attachment: string
}

export function detachDiskImage({ mac, waits = usualWaits }: MacPorts): AdapterOf<'detach-disk-image'> {
  return {
    tools: ['hdiutil'],
    command({ device, isForced }) {
      const { tool, args } = detachCommand(device ?? '/dev/DEVICE', isForced)
      return { argv: [tool, ...args] }
    },

    async run({ image: named, attachment, isForced }, context) {
      const { ports } = context
      await assertTarget(ports, named)
      const image = await realpath(resolve(named)).catch(() => resolve(named))
      const notes = ownNotes(ports, image)
      const meant = { image, attachment }
      const { found, gone } = await find(meant, notes, context.signal)
      // Others attached it since, and the one that is meant is gone.
      if (found === null && gone === null) return { wasAttached: false }
      if (found !== null) await takeAway(found, { notes, meant, isForced }, context)
      const shadow = (found?.note ?? gone)?.shadow
      if (shadow && shadow === shadowOf(ports, image)) await rm(shadow, { force: true })
      await macNotes.remove(notes, meant)
      return { wasAttached: found !== null }
    },
  }

  /** The disk that is meant; one that was begun and has not come is waited for, since nobody would know of it later. */
  async function find(
    { image, attachment }: Meant,
    notes: string,
    signal: AbortSignal,
  ): Promise<{ readonly found: AttachedMacImage | null; readonly gone: MacNote | null }> {
    const until = performance.now() + waits.lateMs
    for (;;) {
      const { disks, gone } = await disksOf(mac, notes, image)
      const found = disks.find(({ note }) => note?.attachment === attachment) ?? null
      const left = gone.find((note) => note.attachment === attachment) ?? null
      if (found !== null || left === null || !left.isPending || performance.now() >= until)
        return { found, gone: left }
      await sleep(waits.everyMs, undefined, { signal })
    }
  }

  interface Taking {
    readonly notes: string
    readonly meant: Meant
    readonly isForced: boolean
  }

  /** Tries again while it is busy; forced only at the end, and only where that was said. */
  async function takeAway(
    { image, disk: { device } }: AttachedMacImage,
    { notes, meant, isForced }: Taking,
    { ports, signal, onProgress }: ActionContext,
  ): Promise<void> {
    const detach = async (force: boolean): Promise<Detached> =>
      await ports.tools.run(detachCommand(device, force), { signal, file: image })
    for (const [at, waitMs] of [0, ...waits.busyMs].entries()) {
      if (at > 0) {
        const note = `${device} is busy; tried again in ${waitMs / 1000} s (${at} of ${waits.busyMs.length})`
        onProgress({ of: 'tool', progress: { fraction: null, note } })
        await sleep(waitMs, undefined, { signal })
        // The number may be another's by now.
        if (!(await isThere(device, meant, notes))) return
      }
      await detach(false)
      if (!(await isThere(device, meant, notes))) return
    }
    if (isForced) await detach(true)
    if (!(await isThere(device, meant, notes))) return
    throw new DiskError('in-use', {
      file: image,
      by: `macOS or a program that has files of ${device} open`,
      how: 'holds',
    })
  }

  async function isThere(device: string, { image, attachment }: Meant, notes: string): Promise<boolean> {
    const { disks } = await disksOf(mac, notes, image)
    return disks.some(({ disk, note }) => disk.device === device && note?.attachment === attachment)
  }
}

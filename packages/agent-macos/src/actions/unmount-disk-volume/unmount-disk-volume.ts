import { setTimeout as sleep } from 'node:timers/promises'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { unmountCommand } from '../../tools/diskutil/commands.ts'
import type { MacPorts } from '../adapter-table.ts'
import { disksOf, ownNotes } from '../own-attachment.ts'
import { usualWaits } from '../waits.ts'

export function unmountDiskVolume({ mac, waits = usualWaits }: MacPorts): AdapterOf<'unmount-disk-volume'> {
  return {
    tools: ['diskutil'],
    command({ folder }) {
      const { tool, args } = unmountCommand(folder)
      return { argv: [tool, ...args] }
    },

    async run({ image, attachment, folder }, { ports, signal, onProgress }) {
      const notes = ownNotes(ports, image)
      if (!libraryRoots(ports.roots).holds(image)) return { folder }
      // What somebody else has mounted there is left alone.
      const isMounted = async () =>
        (await disksOf(mac, notes, image)).disks.some(
          ({ note, mounts }) =>
            note?.attachment === attachment && mounts.some((mount) => mount.folder === folder),
        )
      for (const [at, waitMs] of [0, ...waits.busyMs].entries()) {
        if (at > 0) {
          const note = `${folder} is busy; tried again in ${waitMs / 1000} s`
          onProgress({ of: 'tool', progress: { fraction: null, note } })
          await sleep(waitMs, undefined, { signal })
        }
        if (at === 0 && !(await isMounted())) return { folder }
        await ports.tools.run(unmountCommand(folder), { signal, file: folder })
        if (!(await isMounted())) return { folder }
      }
      throw new DiskError('in-use', {
        file: folder,
        by: 'a program that has files of it open (lsof names it)',
        how: 'holds',
      })
    },
  }
}

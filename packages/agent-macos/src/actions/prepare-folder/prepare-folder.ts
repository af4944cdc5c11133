import { mkdir, readdir } from 'node:fs/promises'
import { nativeAdapter } from '@varve/agent/actions/native'
import { DiskError } from '@varve/core/problems/disk-error'
import { systemCode, writeError } from '@varve/engine/system/system-error'
import { changeNote, findNote } from '../../host/notes.ts'
import type { MacPorts } from '../adapter-table.ts'
import { assertFolder, assertOwnNote, ownNotes } from '../own-attachment.ts'

/** Noted before it is made: what is left of it is found again. */
export function prepareFolder({ mac }: MacPorts) {
  return nativeAdapter('prepare-folder', {
    calls: 'rename(2) of the note, mkdir(2)',

    async run({ attachment, folder, isNew }, { ports }) {
      await assertFolder(folder, ports)
      const notes = ownNotes(ports, folder)
      const note = await findNote(notes, attachment)
      if (note === null)
        throw new DiskError('refused', {
          file: folder,
          reason: 'what was attached for it is gone',
          remedy: 'Mount it again.',
          layer: 'L3',
        })
      assertOwnNote(note, ports)
      await changeNote(notes, attachment, ({ mounts }) => ({
        mounts: [...mounts.filter((mount) => mount.folder !== folder), { folder, isFolderOurs: isNew }],
      }))
      if (isNew) await make(folder)
      const { disks } = await mac.disks(notes, { isBrief: true })
      const isMounted = disks.some(({ mounts }) => mounts.some((mount) => mount.folder === folder))
      if (isMounted || (await namesOf(folder)).length > 0)
        throw new DiskError('refused', {
          file: folder,
          reason: 'it is in use by now: it is not empty, or something is mounted there',
          remedy: 'Say an empty folder, or a new one.',
          layer: 'L1',
        })
      return { folder }
    },
  })
}

async function make(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o755 }).catch((error: unknown) => {
    // Made before a death.
    if (systemCode(error) !== 'EEXIST') throw writeError(error, folder)
  })
}

async function namesOf(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch((error: unknown) => {
    throw writeError(error, folder)
  })
}

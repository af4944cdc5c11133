import { attachmentGone, folderUsed, isEmptyFolder, makeMountFolder } from '@varve/agent/actions/mount-folder'
import { nativeAdapter } from '@varve/agent/actions/native'
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
      if (note === null) throw attachmentGone(folder)
      assertOwnNote(note, ports)
      await changeNote(notes, attachment, ({ mounts }) => ({
        mounts: [...mounts.filter((mount) => mount.folder !== folder), { folder, isFolderOurs: isNew }],
      }))
      if (isNew) await makeMountFolder(folder)
      const { disks } = await mac.disks(notes, { isBrief: true })
      const isMounted = disks.some(({ mounts }) => mounts.some((mount) => mount.folder === folder))
      if (isMounted || !(await isEmptyFolder(folder))) throw folderUsed(folder)
      return { folder }
    },
  })
}

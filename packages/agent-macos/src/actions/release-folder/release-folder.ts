import { removeMountFolder } from '@varve/agent/actions/mount-folder'
import { nativeAdapter } from '@varve/agent/actions/native'
import { changeNote, findNote } from '../../host/notes.ts'
import { ownNotes } from '../own-attachment.ts'
import { libraryRoots } from '@varve/engine/files/library-roots'

export const releaseFolder = nativeAdapter('release-folder', {
  calls: 'rmdir(2), rename(2) of the note',

  async run({ attachment, folder, isNew }, { ports }) {
    const notes = ownNotes(ports, folder)
    const note = await findNote(notes, attachment)
    const isOurs = note?.mounts.some((mount) => mount.folder === folder) === true
    if (!isOurs || !libraryRoots(ports.roots).holds(note.image)) return { folder }
    if (isNew) await removeMountFolder(folder)
    await changeNote(notes, attachment, ({ mounts }) => ({
      mounts: mounts.filter((mount) => mount.folder !== folder),
    }))
    return { folder }
  },
})

import { rmdir } from 'node:fs/promises'
import { nativeAdapter } from '@varve/agent/actions/native'
import { systemCode, writeError } from '@varve/engine/system/system-error'
import { changeNote, findNote } from '../../host/notes.ts'
import { ownNotes } from '../own-attachment.ts'
import { libraryRoots } from '@varve/engine/files/library-roots'

/** Not empty or gone: it is not the folder any more that was made. */
const left = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'])

export const releaseFolder = nativeAdapter('release-folder', {
  calls: 'rmdir(2), rename(2) of the note',

  async run({ attachment, folder, isNew }, { ports }) {
    const notes = ownNotes(ports, folder)
    const note = await findNote(notes, attachment)
    const isOurs = note?.mounts.some((mount) => mount.folder === folder) === true
    if (!isOurs || !libraryRoots(ports.roots).holds(note.image)) return { folder }
    if (isNew)
      await rmdir(folder).catch((error: unknown) => {
        if (!left.has(systemCode(error) ?? '')) throw writeError(error, folder)
      })
    await changeNote(notes, attachment, ({ mounts }) => ({
      mounts: mounts.filter((mount) => mount.folder !== folder),
    }))
    return { folder }
  },
})

import { attachedNotes } from '@varve/agent/platform/attached-notes'
import type { VhdNote } from '@varve/agent/platform/windows-host'
import { isSamePath, pathKey } from '@varve/engine/files/windows-path'
import { VhdBy } from '@varve/operations/actions/attached-vhd'
import { z } from 'zod'

export { putFile, shortText } from '@varve/agent/platform/attached-notes'

/** What Varve has attached to Windows. */
export const {
  begin: beginNote,
  write: writeNote,
  remove: removeNote,
  read: readNotes,
} = attachedNotes(z.object({ by: VhdBy }), pathKey)

export function noteOf(notes: readonly VhdNote[], image: string): VhdNote | null {
  return notes.find((note) => isSamePath(note.image, image)) ?? null
}

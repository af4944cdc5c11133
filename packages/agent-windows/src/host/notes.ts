import { attachedNotes } from '@varve/agent/platform/attached-notes'
import type { VhdMount, VhdNote } from '@varve/agent/platform/windows-host'
import { isSamePath, pathKey } from '@varve/engine/files/windows-path'
import { VhdBy } from '@varve/operations/actions/attached-vhd'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'

export { putFile, shortText } from '@varve/agent/platform/attached-notes'

const Mount = z.object({ folder: Path, start: Bytes, isFolderOurs: z.boolean(), wasOffline: z.boolean() })

const notes = attachedNotes(
  z.object({ by: VhdBy, isForMount: z.boolean().default(false), mounts: z.array(Mount).default([]) }),
  pathKey,
)

/** Reads and forgets what Varve has attached to Windows. */
export const { remove: removeNote, read: readNotes } = notes

type Attaching = Pick<VhdNote, 'attachment' | 'image' | 'by' | 'isReadOnly'> &
  Partial<Pick<VhdNote, 'isForMount'>>

/** Notes that this is what Varve attaches, before it does; whether it was not noted already, by who attaches it at the same time. */
export async function beginNote(folder: string, attaching: Attaching): Promise<boolean> {
  return await notes.begin(folder, { isForMount: false, ...attaching, mounts: [] })
}

/** Notes that Varve has attached it. */
export async function writeNote(folder: string, attached: Attaching): Promise<void> {
  await notes.write(folder, { isForMount: false, ...attached, mounts: [] })
}

/** Notes other mounts of that attachment of the image; null: it is noted no more. */
export async function changeMounts(
  folder: string,
  named: Pick<VhdNote, 'image' | 'attachment'>,
  change: (mounts: readonly VhdMount[]) => readonly VhdMount[],
): Promise<readonly VhdMount[] | null> {
  const changed = await notes.change(folder, named, ({ mounts }) => ({ mounts: [...change(mounts)] }))
  return changed && changed.mounts
}

export function noteOf(notes: readonly VhdNote[], image: string): VhdNote | null {
  return notes.find((note) => isSamePath(note.image, image)) ?? null
}

import { attachedNotes, notesFolder, hashOf, type AttachedNotes } from '@varve/agent/platform/attached-notes'
import { macPathKey } from '@varve/agent/platform/mac-path'
import type { MacNote, OwnMacNote } from '@varve/agent/platform/macos-host'
import type { ActionPorts } from '@varve/agent/actions/adapter'
import { DiskImageBy } from '@varve/operations/actions/mac-disk'
import { Path } from '@varve/protocol/primitives'
import { join } from 'node:path'
import { z } from 'zod'

const Own: z.ZodType<OwnMacNote> = z.object({
  by: DiskImageBy,
  purpose: z.enum(['attach', 'mount']),
  device: z.string().nullable(),
  pid: z.number().int().min(0).nullable(),
  shadow: Path.nullable(),
  mounts: z.array(z.object({ folder: Path, isFolderOurs: z.boolean() })).max(1000),
})

/** What Varve has attached to macOS. */
export const macNotes: AttachedNotes<OwnMacNote> = attachedNotes(Own, macPathKey)

/** The note of an attachment; null: it is noted no more. */
export async function findNote(folder: string, attachment: string): Promise<MacNote | null> {
  return (await macNotes.read(folder)).find((note) => note.attachment === attachment) ?? null
}

/** Changes what is noted of an attachment, if it is; gives what is noted then. */
export async function changeNote(
  folder: string,
  attachment: string,
  change: (note: MacNote) => Partial<OwnMacNote>,
): Promise<MacNote | null> {
  const note = await findNote(folder, attachment)
  if (note === null) return null
  const { image, isReadOnly, by, purpose, device, pid, shadow, mounts } = note
  const own = { by, purpose, device, pid, shadow, mounts, ...change(note) }
  await macNotes.write(folder, { attachment, image, isReadOnly, ...own })
  return { ...note, ...own }
}

/** The one file that throw-away writes of an image may go into; null: this host keeps nothing. */
export function shadowOf(ports: Pick<ActionPorts, 'stateFolder'>, image: string): string | null {
  const folder = notesFolder(ports)
  return folder === null ? null : join(folder, `${hashOf(macPathKey(image))}.shadow`)
}

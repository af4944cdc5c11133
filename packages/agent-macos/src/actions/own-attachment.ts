import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ActionPorts } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { macPathKey } from '@varve/agent/platform/mac-path'
import type { AttachedMacImage, MacHost, MacNote } from '@varve/agent/platform/macos-host'
import { DiskError } from '@varve/core/problems/disk-error'
import { libraryRoots } from '@varve/engine/files/library-roots'

type Ports = Pick<ActionPorts, 'roots' | 'stateFolder'>

/** The folder of the notes; throws `refused` where this host keeps none, since what is attached must be found again. */
export function ownNotes(ports: Ports, file: string): string {
  const folder = notesFolder(ports)
  if (folder !== null) return folder
  throw new DiskError('refused', {
    file,
    reason: 'this host keeps no notes of what it attaches',
    remedy: 'Use the command on that host.',
    layer: 'L3',
  })
}

/** The image's disks, without what is asked one by one, and what was noted of it and has none. */
export async function disksOf(
  mac: MacHost,
  notes: string,
  image: string,
): Promise<{ readonly disks: readonly AttachedMacImage[]; readonly gone: readonly MacNote[] }> {
  const isImage = (one: { readonly image: string }) => macPathKey(one.image) === macPathKey(image)
  const { disks, gone } = await mac.disks(notes, { isBrief: true })
  return { disks: disks.filter(isImage), gone: gone.filter(isImage) }
}

/** Throws unless it may be mounted at by who is asked: for agents a folder below a library, by its own name. */
export async function assertFolder(folder: string, ports: Ports): Promise<void> {
  await assertTarget(ports, folder)
  const { roots } = ports
  if (roots === null) return
  const real = await realpath(folder).catch(() => folder)
  const isOwn = real === folder && (await realpath(dirname(folder))) === dirname(folder)
  if (isOwn && !roots.includes(folder)) return
  throw new DiskError('refused', {
    file: folder,
    reason: 'it is a library itself, or not named by its own name',
    remedy: 'Say a folder inside a library: an agent mounts nowhere else.',
  })
}

/** Throws for agents unless the attachment is of an image of their libraries. */
export function assertOwnNote(note: MacNote, { roots }: Ports): void {
  if (libraryRoots(roots).holds(note.image)) return
  throw new DiskError('refused', {
    file: note.image,
    reason: 'an agent works in its libraries only, and that is of none of them',
    remedy: 'Use the command on that host: varve attached shows what is attached there.',
  })
}

import { lstat, realpath } from 'node:fs/promises'
import type { ActionPorts } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { isBelow } from '@varve/agent/library/library-path'
import { dirname } from 'node:path'
import { volumeAddress, volumeDevice, type VolumeAddress } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import { processFileOf, registryIn, socketOf } from '@varve/engine/attached/registry'
import { isOfDevices, libraryRoots } from '@varve/engine/files/library-roots'
import type { Attachment } from '@varve/engine/in-use/attachment'
import { readAttachments } from '@varve/engine/in-use/attachments'

type Ports = Pick<ActionPorts, 'roots' | 'runtimeFolder'>

interface Named {
  readonly attachment: string
  readonly image?: string
  readonly device?: string
  readonly socket?: string | null
  readonly processFile?: string
}

/** Whether the attachment is noted just so, with its own socket and file; without roots nobody asks. Throws `refused` when it is noted of an image that lies outside the roots. */
export async function isInLibraries(
  { attachment, image, device, socket = null, processFile }: Named,
  { ports }: { readonly ports: Ports },
): Promise<boolean> {
  if (ports.roots === null) return true
  const { folder } = registryIn(ports.runtimeFolder)
  if (socket !== null && socket !== socketOf(folder, attachment)) return false
  if (processFile !== undefined && processFile !== processFileOf(folder, attachment)) return false
  const note = (await notesOf(ports)).find(({ id }) => id === attachment)
  if (note === undefined) return false
  if (!libraryRoots(ports.roots).holds(note.image)) throw notOfLibraries(note.device)
  return (image === undefined || note.image === image) && (device === undefined || note.device === device)
}

/** Throws `outside-library` or `refused` for agents unless it is a file of their libraries by its own name, and no link. */
export async function assertFileInLibraries(path: string, { roots }: Ports): Promise<void> {
  if (roots === null) return
  await assertTarget({ roots }, path)
  const stats = await lstat(path).catch(() => null)
  if (stats?.isFile() === true && (await realpath(path)) === path) return
  throw new DiskError('refused', {
    file: path,
    reason: 'it is no file, or not named by its own name',
    remedy: 'Plan it again: an agent works on files of its libraries only.',
  })
}

/** Throws `outside-library` or `refused` for agents unless it is a folder below a library by its own name, or one that could be made there. */
export async function assertFolderInLibraries(folder: string, { roots }: Ports): Promise<void> {
  if (roots === null) return
  await assertTarget({ roots }, folder)
  const real = await realpath(folder).catch(() => folder)
  if (real === folder && (await realpath(dirname(folder))) === dirname(folder) && !roots.includes(folder))
    return
  throw new DiskError('refused', {
    file: folder,
    reason: 'it is a library itself, or not named by its own name',
    remedy: 'Say a folder inside a library: an agent mounts nowhere else.',
  })
}

/** Whether the folder was noted for a mount of the attachment, of an image below the roots; without roots nobody asks. */
export async function isMountInLibraries(
  { folder, ...named }: Named & { readonly folder: string },
  { ports }: { readonly ports: Ports },
): Promise<boolean> {
  if (ports.roots === null) return true
  if (!(await isInLibraries(named, { ports })) || !libraryRoots(ports.roots).holds(folder)) return false
  const note = (await notesOf(ports)).find(({ id }) => id === named.attachment)
  return note?.mounts.some((mount) => mount.folder === folder) === true
}

/** Whether the device of a volume lies, or would lie, in a library of volumes; without roots nobody asks. */
export async function isVolumeInLibraries(
  { volume }: { readonly volume: VolumeAddress },
  { ports }: { readonly ports: Ports },
): Promise<boolean> {
  const folder = dirname(volumeDevice(volume))
  return Promise.resolve(
    ports.roots === null || ports.roots.some((root) => isOfDevices(root) && isBelow(root, folder)),
  )
}

/** Throws `refused` for agents unless the volume is of one of their libraries. */
export async function assertVolumeInLibraries(
  input: { readonly volume: VolumeAddress },
  context: { readonly ports: Ports },
): Promise<void> {
  if (!(await isVolumeInLibraries(input, context))) throw notOfLibraries(volumeAddress(input.volume))
}

/** That an agent was told of a device or an attachment which is none of its libraries'. */
export function notOfLibraries(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'an agent works in its libraries only, and that is of none of them',
    remedy: 'Use the command on that host: varve attached shows what is attached there.',
  })
}

async function notesOf({ runtimeFolder }: Ports): Promise<readonly Attachment[]> {
  return await readAttachments(registryIn(runtimeFolder).folder)
}

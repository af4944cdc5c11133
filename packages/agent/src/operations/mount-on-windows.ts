import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { hostFileRanges } from '@varve/engine/file-ranges/host-file-ranges'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { isDriveLetter } from '@varve/operations/actions/partition-mount'
import { isSameFolder } from '@varve/engine/files/windows-path'
import type { MountFacts } from '@varve/operations/mount/facts'
import type { MountRequest } from '@varve/operations/mount/request'
import type { UmountFacts } from '@varve/operations/umount/facts'
import type { AttachedVhd, VhdNote, WindowsDisksNow } from '../platform/windows-host.ts'
import { gatherOnWindows } from './attach.ts'
import { attachedVhds } from './attached-vhds.ts'
import { deviceWays, type WindowsNow } from './device-ways.ts'
import type { FactsContext } from './local-operation.ts'
import { contentsOf, outsideProblems, stateOfFolder } from './mount-place.ts'

/** What is known of an image of which Windows is to mount a partition. */
export async function gatherMountOnWindows(
  request: MountRequest,
  context: FactsContext,
  windows: WindowsNow,
): Promise<MountFacts> {
  const { facts, report, there } = await gatherOnWindows(request, context, windows)
  const folder = await placeOf(request.folder)
  const outside = outsideProblems(folder, context)
  return {
    ...facts,
    problems: [...facts.problems, ...outside],
    folder,
    folderIs: outside.length > 0 ? 'missing' : await stateOf(folder, windows.now),
    hostFilesystem: isDriveLetter(folder) ? null : filesystemOf(dirname(folder)),
    ...contentsOf(report),
    attached: usable(there),
    hostBtrfs: [],
  }
}

/** What is known of a folder or a letter that Varve gave a partition. */
export async function gatherUmountOnWindows(
  folderAsked: string,
  context: FactsContext,
  { now, ...own }: WindowsNow,
): Promise<UmountFacts> {
  const { host, ports } = context
  const folder = await placeOf(folderAsked)
  const libraries = libraryRoots(ports.roots)
  const isMeant = (mount: { readonly folder: string }) => isSameFolder(mount.folder, folder)
  const none: UmountFacts = {
    host,
    ways: { ...(await deviceWays(context)), ...own },
    folder,
    mounted: null,
    attached: null,
    isFolderOurs: false,
    isDeviceOurs: false,
    busy: [],
  }
  // Agents say nothing of what lies elsewhere.
  if (!libraries.holds(folder)) return none
  const mounted = now.disks.flatMap(({ mounts }) => mounts).find(isMeant)?.device ?? null
  const note = notesIn(now).find((one) => libraries.holds(one.image) && one.mounts.some(isMeant))
  const mount = note?.mounts.find(isMeant)
  const attached = attachedVhds(now).find(({ attachment }) => attachment === note?.attachment)
  if (note === undefined || mount === undefined || attached === undefined) return { ...none, mounted }
  return {
    ...none,
    // As it was noted.
    folder: mount.folder,
    mounted,
    attached,
    isFolderOurs: mount.isFolderOurs,
    isDeviceOurs: note.isForMount && note.mounts.length === 1,
    partitionStart: mount.start,
  }
}

function notesIn({ disks, gone }: WindowsDisksNow): readonly VhdNote[] {
  return [...disks.flatMap(({ note }) => (note === null ? [] : [note])), ...gone]
}

/** What `varve attach` made a disk already, read-only. */
function usable(there: AttachedVhd | null): MountFacts['attached'] {
  const note = there?.note ?? null
  if (there === null || note === null || note.isPending || !there.disk.readOnly) return null
  return { attachment: note.attachment, device: there.disk.device, volumes: [] }
}

/** The folder with the links of what it lies in resolved: of a folder that is a mount, Windows would name the volume. */
async function placeOf(folder: string): Promise<string> {
  if (isDriveLetter(folder)) return `${folder.slice(0, 1).toUpperCase()}:\\`
  const parent = await realpath(dirname(folder)).catch(() => dirname(folder))
  return join(parent, basename(folder))
}

async function stateOf(folder: string, { disks }: WindowsDisksNow): Promise<MountFacts['folderIs']> {
  const mounts = disks.flatMap((disk) => disk.mounts)
  if (mounts.some((mount) => isSameFolder(mount.folder, folder))) return 'mount-point'
  if (!isDriveLetter(folder)) return await stateOfFolder(folder)
  const isTaken = await lstat(folder).then(
    () => true,
    () => false,
  )
  return isTaken ? 'mount-point' : 'missing'
}

/** As Windows calls it. */
function filesystemOf(folder: string): string | null {
  if (process.platform !== 'win32') return null
  try {
    return hostFileRanges().filesystemOf(folder).filesystem
  } catch {
    return null
  }
}

import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { toErrorRecord } from '@varve/core/problems/disk-error'
import { bareWords } from '@varve/core/problems/problem-words'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { sameFileAs } from '@varve/engine/files/same-file'
import type { AttachFacts, DeviceWays } from '@varve/operations/attach/facts'
import { refusing } from '@varve/operations/attach/problems'
import type { AttachRequest } from '@varve/operations/attach/request'
import type { DetachFacts } from '@varve/operations/detach/facts'
import type { MountFacts } from '@varve/operations/mount/facts'
import type { UmountFacts } from '@varve/operations/umount/facts'
import { shellWord } from '@varve/operations/plans/shown'
import type { ImageReport } from '@varve/core/image/image-report'
import type { Problem } from '@varve/core/problems/problem'
import { hashOf, notesFolder } from '../platform/attached-notes.ts'
import { macPathKey } from '../platform/mac-path.ts'
import type { AttachedMacImage, MacDisksNow } from '../platform/macos-host.ts'
import { attachedMacImages } from './attached-mac-images.ts'
import { problemCollector, sourceFacts } from './copy-facts.ts'
import { deviceWays } from './device-ways.ts'
import { filesForWriting, isPlainRaw, writersOf } from './files-to-attach.ts'
import type { FactsContext } from './local-operation.ts'

/** What macOS has attached, and how it answered. */
export interface MacNow {
  readonly ways: Pick<DeviceWays, 'system' | 'macos'>
  readonly now: MacDisksNow
}

/** What macOS has attached, and what it can attach by; null: this is another system. */
export async function macNow({ ports }: Pick<FactsContext, 'ports'>): Promise<MacNow | null> {
  const { macHost } = ports
  if (!macHost) return null
  const system = 'darwin'
  try {
    const now = await macHost.disks(notesFolder(ports))
    return { ways: { system, macos: { hasImages: now.hasImages, unasked: null } }, now }
  } catch (error) {
    const unasked = bareWords(toErrorRecord(error, 'hdiutil')).trim()
    const now = { hasImages: false, disks: [], gone: [] }
    return { ways: { system, macos: { hasImages: false, unasked } }, now }
  }
}

interface GatheredOnMac {
  readonly facts: AttachFacts
  readonly report: ImageReport | null
  /** The image's disks, whoever attached them. */
  readonly there: readonly AttachedMacImage[]
}

/** What is known of an image that macOS is to make a disk of. */
export async function gatherAttachOnMac(
  request: AttachRequest,
  context: FactsContext,
  { ways, now }: MacNow,
): Promise<GatheredOnMac> {
  const { host, ports } = context
  const { problems, collect } = problemCollector()
  const image = await realpath(request.image.path).catch(() => request.image.path)
  const report = (await collect(async () => sourceFacts(request.image, context)))?.report ?? null
  const isImage = await sameFileAs(image)
  const found = await Promise.all(
    now.disks.map(async (disk) => ((await isImage?.(disk.image)) === true ? disk : null)),
  )
  const there = found.filter((disk) => disk !== null)
  const isFree = report !== null && there.length === 0
  const folder = notesFolder(ports)
  const facts: AttachFacts = {
    host,
    ways: { ...(await deviceWays(context)), ...ways },
    image,
    format: report?.format ?? null,
    virtualSize: report?.virtualSize ?? null,
    isPlainRaw: report !== null && (await isPlainRaw({ ...request.image, path: image }, report)),
    sectorSize: report?.guest?.table.sectorSize === 4096 ? 4096 : 512,
    volumes: [],
    problems: [
      ...problems,
      ...(report?.problems ?? []).filter(({ severity, asks }) => severity === 'block' || asks === true),
      ...(await halfMade(now, isImage, image)),
      ...(isFree && !request.isWritten ? await writersOf(request, context) : []),
    ],
    files: isFree && request.isWritten ? await collect(async () => filesForWriting(image, context)) : null,
    already: there[0]?.disk.device ?? null,
    ...(folder !== null && { shadow: join(folder, `${hashOf(macPathKey(image))}.shadow`) }),
  }
  return { facts, report, there }
}

/** What was begun and cut off may come yet. */
async function halfMade(
  { gone }: MacDisksNow,
  isImage: ((path: string) => Promise<boolean>) | null,
  image: string,
): Promise<Problem[]> {
  const pending = await keep(gone, async (note) => note.isPending && (await isImage?.(note.image)) === true)
  return pending.slice(0, 1).map(() =>
    refusing(image, 'already-attached', {
      why: 'attaching it was cut off, and its disk may come yet',
      remedy: `Detach it first: varve detach ${shellWord(image)}`,
    }),
  )
}

/** The attachment of Varve's that can be mounted from as it is. */
export function usableOnMac(there: readonly AttachedMacImage[]): MountFacts['attached'] {
  const [only] = there
  const note = only?.note
  if (!only || there.length > 1 || !note || note.isPending || note.shadow !== null) return null
  if (note.purpose !== 'attach' || !only.disk.readOnly) return null
  return { attachment: note.attachment, device: only.disk.device, volumes: [] }
}

/** Folders that something is mounted at, as macOS tells. */
export function mountPointsOf({ disks }: MacDisksNow): ReadonlySet<string> {
  return new Set(disks.flatMap(({ mounts }) => mounts.map(({ folder }) => folder)))
}

export async function gatherDetachOnMac(
  target: string,
  context: FactsContext,
  { ways, now }: MacNow,
): Promise<Omit<DetachFacts, 'run'>> {
  const { host, ports } = context
  const image = await realpath(target).catch(() => target)
  const libraries = libraryRoots(ports.roots)
  const isImage = await sameFileAs(image)
  const isMeant = async (one: { readonly image: string; readonly device: string }) =>
    libraries.holds(one.image) &&
    (target === one.device ||
      isDeviceOf(target, one.device) ||
      one.image === image ||
      (await isImage?.(one.image)) === true)
  const views = await keep(attachedMacImages(now), isMeant)
  const foreign = await keep(
    now.disks
      .filter(({ note }) => note === null)
      .map((one) => ({ image: one.image, device: one.disk.device })),
    isMeant,
  )
  return {
    host,
    ways: { ...(await deviceWays(context)), ...ways },
    target,
    attached: views[0] ?? null,
    holders: [],
    foreign: views.length > 0 ? [] : foreign.map(({ device }) => device),
  }
}

/** The whole disk, by its name with or without its folder, and any part of it. */
function isDeviceOf(target: string, device: string): boolean {
  const named = /^(?:\/dev\/)?r?(disk\d+)(?:s\d+)*$/u.exec(target)?.[1]
  return named !== undefined && `/dev/${named}` === device
}

async function keep<T>(all: readonly T[], isKept: (one: T) => Promise<boolean>): Promise<T[]> {
  const kept = await Promise.all(all.map(isKept))
  return all.filter((_, at) => kept[at])
}

export async function gatherUmountOnMac(
  asked: string,
  context: FactsContext,
  { ways, now }: MacNow,
): Promise<UmountFacts> {
  const { host, ports } = context
  const folder = await realpath(asked).catch(() => asked)
  const libraries = libraryRoots(ports.roots)
  const none = {
    host,
    ways: { ...(await deviceWays(context)), ...ways },
    folder,
    mounted: null,
    attached: null,
    isFolderOurs: false,
    isDeviceOurs: false,
    busy: [],
  }
  // Agents say nothing of what lies elsewhere.
  if (!libraries.holds(folder)) return none
  const mounted =
    now.disks.flatMap(({ mounts }) => mounts).find((mount) => mount.folder === folder)?.device ?? null
  const notes = [...now.disks.flatMap(({ note }) => note ?? []), ...now.gone]
  const note = notes.find(
    ({ image, mounts }) => libraries.holds(image) && mounts.some((mount) => mount.folder === folder),
  )
  const view = attachedMacImages(now).find(({ attachment }) => attachment === note?.attachment)
  if (!note || !view) return { ...none, mounted }
  return {
    ...none,
    mounted,
    attached: view,
    isFolderOurs: note.mounts.some((mount) => mount.folder === folder && mount.isFolderOurs),
    isDeviceOurs: note.purpose === 'mount',
  }
}

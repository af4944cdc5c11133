import { realpath } from 'node:fs/promises'
import type { ToolBox } from '@varve/agent/actions/adapter'
import { macPathKey } from '@varve/agent/platform/mac-path'
import type { AttachedMacImage, MacDisksNow, MacHost, MacNote } from '@varve/agent/platform/macos-host'
import type { ShownMacDisk } from '@varve/operations/actions/mac-disk'
import {
  apfsListCommand,
  diskInfoCommand,
  hasImagesCommand,
  listCommand,
} from '../tools/diskutil/commands.ts'
import type { ListedDisk } from '../tools/diskutil/output.ts'
import { infoCommand } from '../tools/hdiutil/commands.ts'
import type { AttachedImage } from '../tools/hdiutil/output.ts'
import { partitionNumber } from '../tools/plist-output.ts'
import { macNotes } from './notes.ts'
import { mainDiskOf, mountsOf, shownDisk } from './shown-disk.ts'

/** Who uses which file is asked for many files in a row. */
const believedMs = 1000

interface Seen {
  readonly image: string
  readonly device: string
  readonly of: AttachedImage
}

/** What this Mac knows, asked by its own tools. */
export function macHost(tools: ToolBox): MacHost {
  let hasImages: Promise<boolean> | null = null
  let last: { readonly at: number; readonly seen: Promise<readonly Seen[]> } | null = null

  async function ask<T>(command: Parameters<typeof tools.run<T>>[0]): Promise<T> {
    return await tools.run(command, {})
  }

  async function look(): Promise<{ readonly seen: readonly Seen[]; readonly listed: readonly ListedDisk[] }> {
    const [images, listed] = await Promise.all([ask(infoCommand()), ask(listCommand())])
    const found = await Promise.all(
      images.map(async (image): Promise<Seen | null> => {
        const device = mainDiskOf(image, listed)
        if (device === null) return null
        return { image: await realpath(image.path).catch(() => image.path), device, of: image }
      }),
    )
    const seen = found.filter((one) => one !== null)
    last = { at: performance.now(), seen: Promise.resolve(seen) }
    return { seen, listed }
  }

  /** Where partitions begin is told of one at a time. */
  async function partitionsOf(
    device: string,
    listed: readonly ListedDisk[],
  ): Promise<ShownMacDisk['partitions']> {
    const parts = listed.find((disk) => disk.device === device)?.partitions ?? []
    const found = await Promise.all(
      parts.map(async (part) => {
        const number = partitionNumber(part.device)
        const info = number === null ? null : await ask(diskInfoCommand(part.device))
        const start = info?.offset ?? null
        return number === null || start === null
          ? null
          : { number, device: part.device, start, size: part.size }
      }),
    )
    return found.filter((one) => one !== null)
  }

  async function rolesOf(volumes: ShownMacDisk['volumes']): Promise<ShownMacDisk['volumes']> {
    if (volumes.length === 0) return volumes
    const all = (await ask(apfsListCommand())).flatMap((container) => container.volumes)
    return volumes.map((volume) => ({
      ...volume,
      role: all.find(({ device }) => device === volume.device)?.roles[0] ?? null,
    }))
  }

  async function described(
    { image, device, of }: Seen,
    note: MacNote | null,
    { listed, isBrief }: { readonly listed: readonly ListedDisk[]; readonly isBrief: boolean },
  ): Promise<AttachedMacImage> {
    const shown = shownDisk(device, of, listed)
    const mounts = await Promise.all(
      mountsOf(device, of, listed).map(async (mount) => ({
        ...mount,
        folder: await realpath(mount.folder).catch(() => mount.folder),
      })),
    )
    // Others' disks are only known as that.
    const isTold = note !== null && !isBrief
    const partitions = isTold ? await partitionsOf(device, listed) : []
    const volumes = isTold ? await rolesOf(shown.volumes) : shown.volumes
    return { image: note?.image ?? image, disk: { ...shown, partitions, volumes }, mounts, pid: of.pid, note }
  }

  return {
    async disks(notesFolder, { isBrief = false } = {}): Promise<MacDisksNow> {
      hasImages ??= ask(hasImagesCommand()).catch(() => {
        hasImages = null
        return false
      })
      const notes = notesFolder === null ? [] : await macNotes.read(notesFolder)
      const { seen, listed } = await look()
      const left = new Set(notes)
      const disks: AttachedMacImage[] = []
      for (const one of seen) {
        const note = [...left].find((noted) => isNotedAs(noted, one)) ?? null
        if (note !== null) left.delete(note)
        disks.push(await described(one, note, { listed, isBrief }))
      }
      return { hasImages: await hasImages, disks, gone: [...left] }
    },

    async attachedImages() {
      const isFresh = last !== null && performance.now() - last.at < believedMs
      const seen = isFresh && last !== null ? await last.seen : (await look()).seen
      return seen.map(({ image, device, of }) => ({ image, device, isReadOnly: !of.isWriteable }))
    },
  }
}

/** Numbers of disks are given anew: the process that answers for it must be the same too, where it is told. */
function isNotedAs(note: MacNote, { image, device, of: { pid } }: Seen): boolean {
  if (macPathKey(note.image) !== macPathKey(image)) return false
  if (note.device === null) return true
  return note.device === device && (note.pid === null || pid === null || note.pid === pid)
}

import type { DiskReader, ReadOptions } from '../disk/disk-reader.ts'
import { freeSpaceTable } from '../filesystems/free-space-table.ts'
import type { NotBelieved, ReadFreeSpace } from '../filesystems/free-space.ts'
import type { FilesystemFinding, GuestContents } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { isDiskError } from '../problems/disk-error.ts'
import { eachRun, RunCollector, type RunList } from '../ranges/run-list.ts'
import { doubtOf, type Doubt } from './free-space-doubts.ts'
import { scanGuest, type FilesystemSite, type GuestScanned } from './read-guest.ts'

/** Bytes read over one disk: bitmaps and trees of filesystems of many TiB. */
const readLimit = 8 * 1024 ** 3

/** A filesystem and what it calls free. */
export interface FilesystemSpace {
  readonly filesystem: FilesystemFinding
  /** Its free blocks on the disk; null: they are not known, or not believed. */
  readonly free: RunList | null
  /** Why they are not. */
  readonly doubt: Doubt | null
}

export interface FreeSpace {
  readonly contents: GuestContents
  readonly filesystems: readonly FilesystemSpace[]
  /** All that is free by filesystems that are believed. */
  readonly free: RunList
}

/**
 * Which bytes of the disk no filesystem uses, block by block, as their own bitmaps and trees say. A filesystem that is not
 * clean, contradicts itself or lies on what others share is not believed: nothing of it is free here. Never throws for what
 * the disk holds.
 */
export async function readFreeSpace(disk: DiskReader, options: ReadOptions = {}): Promise<FreeSpace> {
  const scanned = await scanGuest(disk, { ...options, readLimit })
  const filesystems: FilesystemSpace[] = []
  const all = new RunCollector()
  for (const site of scanned.filesystems) {
    options.signal?.throwIfAborted()
    const { filesystem } = site
    const space = await readOne(site, scanned)
    filesystems.push({ filesystem, ...space })
    if (space.free) all.addAll(space.free)
  }
  return { contents: scanned.contents, filesystems, free: all.list() }
}

async function readOne(
  site: FilesystemSite,
  scanned: GuestScanned,
): Promise<Pick<FilesystemSpace, 'free' | 'doubt'>> {
  const read = freeSpaceTable[site.filesystem.type]
  const doubt = doubtOf(site, { scanned, isRead: read !== undefined })
  if (doubt || !read) return { free: null, doubt }
  return await readBelieved(site, read)
}

async function readBelieved(
  { region, filesystem }: FilesystemSite,
  read: ReadFreeSpace,
): Promise<Pick<FilesystemSpace, 'free' | 'doubt'>> {
  const inside = new RunCollector()
  const end = Math.min(filesystem.size ?? 0, region.length)
  const notBelieved = (fault: NotBelieved) => ({
    free: null,
    doubt: typeof fault === 'string' ? ({ kind: 'bitmap', reason: fault } as const) : fault,
  })
  try {
    const reason = await read(region, (at, length) =>
      inside.add({ start: at, end: Math.min(at + length, end) }),
    )
    if (reason !== null) return notBelieved(reason)
  } catch (error) {
    if (!isDiskError(error) && !(error instanceof RangeError)) throw error
    return notBelieved(error.message)
  }
  return { free: onDisk(region, inside.list()), doubt: null }
}

/** Runs of the region where they lie on the disk. */
function onDisk(region: GuestRegion, runs: RunList): RunList {
  const placed = new RunCollector()
  for (const run of eachRun(runs))
    for (const { start, length } of region.place(run)) placed.add({ start, end: start + length })
  return placed.list()
}

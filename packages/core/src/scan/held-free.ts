import type { DiskReader, ReadOptions } from '../disk/disk-reader.ts'
import { RunCollector, runsWithin, type RunList } from '../ranges/run-list.ts'
import { readFreeSpace } from './free-space.ts'

/** A disk, and what the image's own file holds of it where it stands on others. */
export interface OwnedDisk {
  readonly disk: DiskReader
  readonly own: DiskReader | null
}

/** The free blocks of the guest's filesystems that reading may leave out: of an image that stands on others those that it holds itself. */
export async function readHeldFree({ disk, own }: OwnedDisk, options: ReadOptions = {}): Promise<RunList> {
  const { free } = await readFreeSpace(disk, options)
  return own === null ? free : await heldBy(own, free, options)
}

/** The parts of the runs that `own` holds as data: elsewhere it shows what lies below it, and goes on to. */
export async function heldBy(own: DiskReader, runs: RunList, options: ReadOptions = {}): Promise<RunList> {
  const held = new RunCollector()
  for await (const { start, length, content } of own.extents({ start: 0, end: own.virtualSize }, options)) {
    options.signal?.throwIfAborted()
    if (content !== 'data') continue
    for (const run of runsWithin(runs, { start, end: start + length })) held.add(run)
  }
  return held.list()
}

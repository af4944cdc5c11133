import { changedChunks, rangesOfChunks } from '@varve/core/digest/changed-chunks'
import { changedPlaces, layerPlaces, type ChangedPlace } from '@varve/core/layers/layer-places'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { isDiskError } from '@varve/core/problems/disk-error'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { digestDisk } from '../disks/digest-disk.ts'
import type { DiskInput } from '../run/requests.ts'
import { openInput } from '../run/open-input.ts'
import type { RunOptions } from '../run/run-options.ts'

/** Where two disks differ, to the chunk of 4 MiB. */
export interface LayerComparison {
  readonly identical: boolean
  readonly sizes: readonly [number, number]
  readonly chunks: readonly number[]
  readonly ranges: readonly ByteRange[]
  /** What of the first disk's partitions, volumes and filesystems lies there. */
  readonly places: readonly ChangedPlace[]
}

/** Reads two disks whole, and names what differs by the layers of the first one. */
export async function compareLayers(
  first: DiskInput,
  second: DiskInput,
  options: RunOptions = {},
): Promise<LayerComparison> {
  const a = await digestDisk(first, options)
  const b = await digestDisk(second, options)
  const chunks = changedChunks(a.manifest, b.manifest)
  const ranges = rangesOfChunks(chunks, Math.max(a.virtualSize, b.virtualSize))
  return {
    identical: a.digest === b.digest,
    sizes: [a.virtualSize, b.virtualSize],
    chunks,
    ranges,
    places: chunks.length === 0 ? [] : changedPlaces(await placesIn(first), ranges),
  }
}

async function placesIn(input: DiskInput) {
  try {
    await using opened = await openInput(input, { io: 'sync' })
    return layerPlaces(await readGuestContents(opened.disk), opened.disk.virtualSize)
  } catch (error) {
    // What cannot be made out has no names; that it differs is known.
    if (isDiskError(error)) return []
    throw error
  }
}

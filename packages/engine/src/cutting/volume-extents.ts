import { type FileHandle, open } from 'node:fs/promises'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import { GuestDisk } from '@varve/core/guest/guest-region'
import type { DiskPiece } from '@varve/core/partitions/gpt-end'
import { DiskError } from '@varve/core/problems/disk-error'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { formatBytes } from '@varve/core/units/format-bytes'
import {
  extentsIn,
  fitGroup,
  linearGroupOf,
  withVolumes,
  type ExtentMove,
  type LinearGroup,
  type LinearVolume,
} from '@varve/core/volumes/lvm2-extents'
import { linearPieces } from '@varve/core/volumes/linear-volume'
import { findLabel, metadataPieces, readMetadata } from '@varve/core/volumes/lvm2-metadata'
import { formatLvmText } from '@varve/core/volumes/lvm2-text'
import { mappedDisk } from '@varve/core/volumes/mapped-disk'
import { readWhole, writeWhole } from '../files/whole.ts'
import { openInput } from '../run/open-input.ts'
import { writeError } from '../system/system-error.ts'
import { writePieces } from './write-pieces.ts'

export interface Named {
  readonly group: string
  readonly name: string
}

interface Looking {
  readonly volume: Named
  /** What people call the image, for messages. */
  readonly image: string
  readonly signal: AbortSignal
}

/** Where a logical volume lies, and what else its physical volume holds. */
export interface VolumeExtents {
  readonly group: LinearGroup
  readonly volume: LinearVolume
}

/** What is known of the group of a physical volume; throws `refused` where its extents are not to be moved. */
export async function readExtents(device: string, looking: Looking): Promise<VolumeExtents> {
  return await lookAt(device, looking, async ({ found }) => Promise.resolve(found))
}

export interface ShrinkVolumeOptions extends Looking {
  /** Bytes that the volume keeps. */
  readonly size: number
  /** Bytes of the physical volume that all of its group is to lie in. */
  readonly physical: number
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

/**
 * Makes a logical volume smaller than nobody has open, and has its group lie in the first `physical` bytes of its physical volume.
 * Extents are copied to where nothing is kept, and count only when the one sector that names the new metadata is written: after a
 * death at any moment the group is as it was, or as it is to be. Done already, it changes nothing.
 */
export async function shrinkVolume(
  device: string,
  options: ShrinkVolumeOptions,
): Promise<{ readonly size: number; readonly moved: number }> {
  const { size, physical, image, volume } = options
  const made = await lookAt(device, options, async ({ found, metadata, disk }) => {
    const { group } = found
    const { extentSize, dataStart } = group
    const count = Math.ceil(size / extentSize)
    const before = extentsIn(found.volume.runs)
    if (count < 1 || count > before)
      throw refused(image, `${named(volume)} has ${before} extents, and is to keep ${count}`)
    if (count < before) await assertFits(disk, found, { ...options, size: count * extentSize })
    const extents = Math.min(group.extents, Math.max(0, Math.floor((physical - dataStart) / extentSize)))
    const fitted = fitGroup(group, { volume: volume.name, count, extents })
    if (fitted === null)
      throw refused(
        image,
        `the volumes of ${group.name} do not fit into ${formatBytes(physical)} of their physical volume`,
      )
    const isSame = count === before && fitted.moves.length === 0
    return {
      group,
      moves: fitted.moves,
      size: count * extentSize,
      pieces: isSame ? [] : await metadata(fitted.volumes),
    }
  })
  const moved = made.moves.reduce((sum, { count }) => sum + count * made.group.extentSize, 0)
  if (made.pieces.length > 0) await writeChange(device, made, options)
  const { volume: then } = await readExtents(device, options)
  if (extentsIn(then.runs) * made.group.extentSize !== made.size)
    throw refused(image, `${named(volume)} does not read as it was written`)
  return { size: made.size, moved }
}

interface Seen {
  readonly found: VolumeExtents
  readonly disk: DiskReader
  /** What is written so that the group has these volumes. */
  readonly metadata: (volumes: readonly LinearVolume[]) => Promise<readonly DiskPiece[]>
}

async function lookAt<T>(
  device: string,
  { volume, image, signal }: Looking,
  look: (seen: Seen) => Promise<T>,
): Promise<T> {
  const source = { kind: 'image', path: device, roots: null, format: 'raw', choices: {} } as const
  await using opened = await openInput(source, { io: 'async', signal })
  const { disk } = opened
  const region = new GuestDisk(disk, { signal }).whole()
  const label = await findLabel(region)
  const root = label && (await readMetadata(region, label))
  if (!label || !root) throw refused(image, `${device} is no physical volume with the metadata of a group`)
  const group = linearGroupOf(root, label.uuid)
  if (typeof group === 'string') throw refused(image, `the volume group of ${named(volume)} ${group}`)
  const own = group.volumes.find(({ name }) => name === volume.name)
  if (group.name !== volume.group || !own) throw refused(image, `it has no logical volume ${named(volume)}`)
  if (group.dataStart + group.extents * group.extentSize > disk.virtualSize)
    throw refused(image, `the volume group ${group.name} goes beyond the end of its physical volume`)
  return await look({
    found: { group, volume: own },
    disk,
    metadata: async (volumes) =>
      metadataPieces(region, label, formatLvmText(withVolumes(root, volumes), disk.name)),
  })
}

/** What is in the volume says by itself that it ends before. */
async function assertFits(
  disk: DiskReader,
  found: VolumeExtents,
  { volume, size, image, signal }: ShrinkVolumeOptions,
): Promise<void> {
  const pieces = linearPieces(found.group, found.volume, 0)
  const { filesystems, table, volumes } = await readGuestContents(mappedDisk(disk, pieces), { signal })
  const own = filesystems.find(({ start }) => start === 0)
  const isPlain = table.kind === 'none' && volumes.length === 0
  if (isPlain && own && own.size !== null && own.size <= size) return
  throw refused(
    image,
    own && own.size !== null
      ? `the ${own.type} in ${named(volume)} has ${own.size} bytes, and the volume is to keep ${size}`
      : `${named(volume)} holds no filesystem that says where it ends`,
  )
}

interface Change {
  readonly group: LinearGroup
  readonly moves: readonly ExtentMove[]
  readonly pieces: readonly DiskPiece[]
}

const chunkBytes = 4 * 1024 ** 2

async function writeChange(
  device: string,
  { group: { dataStart, extentSize }, moves, pieces }: Change,
  { signal, onProgress }: ShrinkVolumeOptions,
): Promise<void> {
  const total = moves.reduce((sum, { count }) => sum + count * extentSize, 0)
  let done = 0
  let file: FileHandle | null = null
  try {
    file = await open(device, 'r+')
    const buffer = Buffer.alloc(Math.min(chunkBytes, Math.max(total, 1)))
    for (const { from, to, count } of moves)
      for (let at = 0; at < count * extentSize;) {
        signal.throwIfAborted()
        const part = buffer.subarray(0, Math.min(buffer.length, count * extentSize - at))
        const read = await readWhole(file, part, dataStart + from * extentSize + at)
        if (read < part.length)
          throw new DiskError('truncated', {
            file: device,
            structure: 'an extent of LVM',
            wanted: part.length,
            available: read,
          })
        await writeWhole(file, part, dataStart + to * extentSize + at)
        at += part.length
        done += part.length
        onProgress?.(done, total)
      }
    await file.sync()
    await writePieces(file, pieces)
  } catch (error) {
    throw signal.aborted ? error : writeError(error, device)
  } finally {
    await file?.close()
  }
}

const named = ({ group, name }: Named) => `${group}/${name}`

function refused(file: string, reason: string): DiskError {
  return new DiskError('refused', {
    file,
    reason,
    remedy:
      'Nothing of the image was changed. Shrink it inside the guest; after that varve shrink --partition none cuts the disk.',
    finding: 'volume-not-shrunk',
    layer: 'L5',
  })
}

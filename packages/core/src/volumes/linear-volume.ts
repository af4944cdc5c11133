import type { DiskReader, ReadOptions } from '../disk/disk-reader.ts'
import { GuestDisk } from '../guest/guest-region.ts'
import { isDiskError } from '../problems/disk-error.ts'
import { extentsIn, linearGroupOf, withVolumes, type LinearGroup, type LinearVolume } from './lvm2-extents.ts'
import type { VolumePiece } from './lvm2-groups.ts'
import { findLabel, metadataPieces, readMetadata } from './lvm2-metadata.ts'
import { formatLvmText } from './lvm2-text.ts'

/** What extents of a group are, and how many there are. */
export interface ExtentCounts {
  /** Bytes. */
  readonly extentSize: number
  /** Byte of the physical volume at which the first begins. */
  readonly dataStart: number
  /** Extents of the volume that is meant. */
  readonly volume: number
  /** Extents of all others of its group. */
  readonly others: number
}

export function countExtents(
  { extentSize, dataStart, volumes }: LinearGroup,
  { runs }: LinearVolume,
): ExtentCounts {
  const all = extentsIn(volumes.flatMap((one) => one.runs))
  const volume = extentsIn(runs)
  return { extentSize, dataStart, volume, others: all - volume }
}

/** Where a volume lies on the disk whose byte `physical` is the first of its group's physical volume. */
export function linearPieces(
  { extentSize, dataStart }: LinearGroup,
  { runs }: LinearVolume,
  physical: number,
): VolumePiece[] {
  return runs.map(({ at, count }) => ({
    length: count * extentSize,
    chunk: count * extentSize,
    stripes: [{ physical, at: dataStart + at * extentSize }],
  }))
}

interface Physical {
  /** Byte of the disk at which the physical volume begins. */
  readonly start: number
  readonly length: number
}

interface Named {
  readonly group: string
  readonly name: string
}

export interface LinearVolumeThere {
  readonly group: LinearGroup
  readonly volume: LinearVolume
  readonly pieces: readonly VolumePiece[]
}

/** A volume of the group that lies in that physical volume alone; a text: why its extents are not moved, as a clause. */
export async function readLinearVolume(
  disk: DiskReader,
  { start, length }: Physical,
  named: Named,
  options: ReadOptions = {},
): Promise<LinearVolumeThere | string> {
  const region = new GuestDisk(disk, options).region([{ start, length }])
  try {
    const label = await findLabel(region)
    const root = label && (await readMetadata(region, label))
    if (label === null || root === null) return 'it has no metadata of a volume group'
    const group = linearGroupOf(root, label.uuid)
    if (typeof group === 'string') return `its volume group ${group}`
    const volume = group.volumes.find(({ name }) => name === named.name)
    if (group.name !== named.group || !volume) return `it has no logical volume ${named.group}/${named.name}`
    if (group.dataStart + group.extents * group.extentSize > length)
      return `the volume group ${group.name} goes beyond the end of its physical volume`
    // Whether another text of the group could be written.
    await metadataPieces(region, label, formatLvmText(withVolumes(root, group.volumes), disk.name))
    return { group, volume, pieces: linearPieces(group, volume, start) }
  } catch (error) {
    if (isDiskError(error, 'refused') || isDiskError(error, 'corrupt')) return error.details.reason
    throw error
  }
}

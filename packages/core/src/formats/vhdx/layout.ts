import { DiskError } from '../../problems/disk-error.ts'
import type { DiskWriterOptions } from '../../image/disk-writer.ts'
import { parentOfNew } from '../overlay-fault.ts'
import { notNameable, type ParentImage } from '../../image/parent-image.ts'
import type { LogicalSectorSize } from '../../image/image-choices.ts'
import { batShape, entrySize, type BatShape } from './bat.ts'
import { mib } from './header.ts'
import { encodeLocator, pairsOf } from './name-parent.ts'
import { assertSize } from '../writable-sizes.ts'

/*
 * A new image:
 *
 *   0         header section
 *   1 MiB     log, empty
 *   2 MiB     metadata region
 *   3 MiB     BAT region, long enough for a full disk
 *   …         blocks in the order in which they first get data; in a fixed disk all of them, in their own order; in an
 *             overlay the sector bitmaps too, each before the first block in part that it tells of
 */

const usualPhysicalSector = 4096
export const logRegion = { start: mib, length: mib } as const
export const metadataRegion = { start: 2 * mib, length: mib } as const
const batStart = 3 * mib
/** The block of an overlay: what Hyper-V takes too. */
const overlayBlock = 2 * mib
/** The largest block that a new image has: what Hyper-V takes too. */
export const largestBlock = 32 * mib

export interface VhdxLayout {
  readonly virtualSize: number
  readonly isFixed: boolean
  /** Bytes of the sectors that the guest sees. */
  readonly logicalSectorSize: LogicalSectorSize
  readonly physicalSectorSize: number
  /** Null: it stands alone. */
  readonly parent: ParentImage | null
  /** How the parent is named: the item of the metadata region. */
  readonly locator: Uint8Array | null
  readonly bat: BatShape
  readonly batRegion: { readonly start: number; readonly length: number }
  /** Byte of the file where the first block starts. */
  readonly dataAt: number
}

/**
 * The layout of a disk: blocks of 8 MiB up to 1 GiB, of 16 MiB up to 100 GiB, else of 32 MiB, of 2 MiB for an overlay, whose
 * sectors are those of its parent. Throws `size-unsupported`, and `refused` for a parent that it cannot have.
 */
export function layoutVhdx({
  virtualSize,
  subformat = 'dynamic',
  choices = {},
}: Pick<DiskWriterOptions, 'virtualSize' | 'subformat' | 'choices'>): VhdxLayout {
  const parent = parentOfNew('vhdx', { virtualSize, subformat, choices })
  const { logicalSectorSize, physicalSectorSize } = sectorsOf(parent, choices)
  assertSize('vhdx', { virtualSize, subformat, choices: { logicalSectorSize } })
  if (subformat !== 'dynamic' && subformat !== 'fixed') {
    throw new DiskError('unsupported-feature', {
      file: 'new VHDX',
      format: 'VHDX',
      feature: `subformat ${subformat}`,
    })
  }
  const blockSize = parent ? overlayBlock : blockSizeFor(virtualSize)
  const bat = batShape({ virtualSize, blockSize, logicalSectorSize, hasParent: parent !== null })
  const length = Math.max(1, Math.ceil((bat.entryCount * entrySize) / mib)) * mib
  return {
    virtualSize,
    isFixed: subformat === 'fixed',
    logicalSectorSize,
    physicalSectorSize,
    parent,
    locator: parent && encodeLocator(pairsOf(parent.path, parent)),
    bat,
    batRegion: { start: batStart, length },
    dataAt: batStart + length,
  }
}

function blockSizeFor(virtualSize: number): number {
  if (virtualSize <= 1024 ** 3) return 8 * mib
  return virtualSize <= 100 * 1024 ** 3 ? 16 * mib : largestBlock
}

/** The sectors that the guest sees, which are those of the parent. */
function sectorsOf(
  parent: ParentImage | null,
  { logicalSectorSize: asked }: NonNullable<DiskWriterOptions['choices']>,
): Pick<VhdxLayout, 'logicalSectorSize' | 'physicalSectorSize'> {
  if (parent === null) return { logicalSectorSize: asked ?? 512, physicalSectorSize: usualPhysicalSector }
  const { details } = parent.facts
  const logicalSectorSize = details['logicalSectorSize'] === 4096 ? 4096 : 512
  if (asked !== undefined && asked !== logicalSectorSize)
    throw notNameable(
      parent.path,
      `its disk has sectors of ${logicalSectorSize} bytes, not ${asked}`,
      'Leave the size of the sectors out.',
    )
  return {
    logicalSectorSize,
    physicalSectorSize: details['physicalSectorSize'] === 512 ? 512 : usualPhysicalSector,
  }
}

import { DiskError } from '../../problems/disk-error.ts'
import type { DiskWriterOptions } from '../disk-writer.ts'
import type { LogicalSectorSize } from '../write-choices.ts'
import { batShape, entrySize, type BatShape } from './bat.ts'
import { mib } from './header.ts'
import { assertSize } from '../writable-sizes.ts'

/*
 * A new image:
 *
 *   0         header section
 *   1 MiB     log, empty
 *   2 MiB     metadata region
 *   3 MiB     BAT region, long enough for a full disk
 *   …         blocks in the order in which they first get data; in a fixed disk all of them, in their own order
 */

export const physicalSectorSize = 4096
export const logRegion = { start: mib, length: mib } as const
export const metadataRegion = { start: 2 * mib, length: mib } as const
const batStart = 3 * mib
/** The largest block that a new image has: what Hyper-V takes too. */
export const largestBlock = 32 * mib

export interface VhdxLayout {
  readonly virtualSize: number
  readonly isFixed: boolean
  /** Bytes of the sectors that the guest sees. */
  readonly logicalSectorSize: LogicalSectorSize
  readonly bat: BatShape
  readonly batRegion: { readonly start: number; readonly length: number }
  /** Byte of the file where the first block starts. */
  readonly dataAt: number
}

/** The layout of a disk: blocks of 8 MiB up to 1 GiB, of 16 MiB up to 100 GiB, else of 32 MiB; throws `size-unsupported`. */
export function layoutVhdx({
  virtualSize,
  subformat = 'dynamic',
  choices = {},
}: Pick<DiskWriterOptions, 'virtualSize' | 'subformat' | 'choices'>): VhdxLayout {
  const { logicalSectorSize = 512 } = choices
  assertSize('vhdx', { virtualSize, subformat, choices })
  if (subformat !== 'dynamic' && subformat !== 'fixed') {
    throw new DiskError('unsupported-feature', {
      file: 'new VHDX',
      format: 'VHDX',
      feature: `subformat ${subformat}`,
    })
  }
  const blockSize = blockSizeFor(virtualSize)
  const bat = batShape({ virtualSize, blockSize, logicalSectorSize, hasParent: false })
  const length = Math.max(1, Math.ceil((bat.entryCount * entrySize) / mib)) * mib
  return {
    virtualSize,
    isFixed: subformat === 'fixed',
    logicalSectorSize,
    bat,
    batRegion: { start: batStart, length },
    dataAt: batStart + length,
  }
}

function blockSizeFor(virtualSize: number): number {
  if (virtualSize <= 1024 ** 3) return 8 * mib
  return virtualSize <= 100 * 1024 ** 3 ? 16 * mib : largestBlock
}

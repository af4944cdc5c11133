import { mib } from './header.ts'

/** Sectors that one sector bitmap block of 1 MiB tells of ([MS-VHDX] 2.4). */
const sectorsPerBitmap = 2 ** 23
export const entrySize = 8

/** How the block allocation table of a disk is laid out ([MS-VHDX] 2.5). */
export interface BatShape {
  readonly blockSize: number
  readonly blockCount: number
  /** Payload entries before each sector bitmap entry. */
  readonly chunkRatio: number
  readonly entryCount: number
}

export interface BatShapeOptions {
  readonly virtualSize: number
  readonly blockSize: number
  readonly logicalSectorSize: number
  /** Differencing disks have an entry for the bitmap of the last chunk too. */
  readonly hasParent: boolean
}

export function batShape(options: BatShapeOptions): BatShape {
  const { virtualSize, blockSize, logicalSectorSize, hasParent } = options
  const chunkRatio = (sectorsPerBitmap * logicalSectorSize) / blockSize
  const blockCount = Math.ceil(virtualSize / blockSize)
  const entryCount = hasParent
    ? Math.ceil(blockCount / chunkRatio) * (chunkRatio + 1)
    : blockCount + Math.max(0, Math.floor((blockCount - 1) / chunkRatio))
  return { blockSize, blockCount, chunkRatio, entryCount }
}

/** Index of the entry of a payload block. */
export function payloadEntry({ chunkRatio }: Pick<BatShape, 'chunkRatio'>, block: number): number {
  return block + Math.floor(block / chunkRatio)
}

/** The payload block of an entry; null for the entry of a sector bitmap. */
export function payloadAt({ chunkRatio, blockCount }: BatShape, entry: number): number | null {
  const stride = chunkRatio + 1
  const within = entry % stride
  const block = Math.floor(entry / stride) * chunkRatio + within
  return within === chunkRatio || block >= blockCount ? null : block
}

/** Index of the sector bitmap entry of the chunk that a payload block is in. */
export function bitmapEntry({ chunkRatio }: Pick<BatShape, 'chunkRatio'>, block: number): number {
  return Math.floor(block / chunkRatio) * (chunkRatio + 1) + chunkRatio
}

/** [MS-VHDX] 2.5.1.1, Payload BAT Entry States; 5 was `unmapped` in version 0.95 of the specification. */
export const blockStates = {
  notPresent: 0,
  undefined: 1,
  zero: 2,
  unmapped: 3,
  unmappedEarly: 5,
  fullyPresent: 6,
  partiallyPresent: 7,
} as const
/** [MS-VHDX] 2.5.1.2. */
export const bitmapPresent = 6

/** State (bits 0 to 2) and byte offset in the file (bits 20 to 63, in MiB) of an entry. */
export function decodeEntry(view: DataView, at: number): { readonly state: number; readonly offset: number } {
  const low = view.getUint32(at, true)
  return { state: low & 7, offset: (view.getUint32(at + 4, true) * 4096 + (low >>> 20)) * mib }
}

export function encodeEntry(view: DataView, at: number, entry: { state: number; offset: number }): void {
  const inMib = entry.offset / mib
  view.setUint32(at, (((inMib % 4096) << 20) | entry.state) >>> 0, true)
  view.setUint32(at + 4, Math.floor(inMib / 4096), true)
}

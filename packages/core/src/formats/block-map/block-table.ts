/**
 * What a block allocation table says, one number per block, so that a table is one Float64Array and no object per block:
 * a data block is the byte of the file where its data starts; a partly present one is `partialAt` of that byte.
 */
export const absentBlock = -1
export const zeroBlock = -2
const firstPartial = -3

/** The value of a block whose bitmap says which sectors are present. */
export function partialAt(offset: number): number {
  return firstPartial - offset
}

/** Byte of the file where the data of a present or partly present block starts. */
export function dataOffset(value: number): number {
  return value >= 0 ? value : firstPartial - value
}

export function isPartial(value: number): boolean {
  return value <= firstPartial
}

/** A block allocation table, read page by page. */
export interface BlockTable {
  readonly blockSize: number
  readonly blockCount: number
  /** Blocks per page; the last page may have fewer. */
  readonly pageLength: number
  /** The values of a page, checked against the file; null when all its blocks are absent. Throws a coded error for an entry that lies. */
  loadPage(page: number): Promise<Float64Array | null>
}

/** Which sectors of a partly present block are in this layer. */
export interface SectorBitmaps {
  /** Bytes per bit. */
  readonly sectorSize: number
  /** VHD counts from the highest bit of each byte, VHDX from the lowest. */
  readonly bitOrder: 'highest-first' | 'lowest-first'
  /** What a sector whose bit is not set is: the parent's, or zeros where there is no parent. */
  readonly unset: 'absent' | 'zero'
  /** The bitmap of a block: at least one bit per sector of it. */
  load(block: number, value: number): Promise<Uint8Array>
}

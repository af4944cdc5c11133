import { isHole, readPieces, readRange } from '../../binary/byte-source.ts'
import { isZero } from '../../binary/zero-scan.ts'
import type { Problem } from '../../problems/problem.ts'
import { absentBlock, dataOffset, type BlockTable } from '../block-map/block-table.ts'
import type { ImageFile } from '../../image/image-files.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { sectorSize } from './header.ts'
import type { VhdMetadata } from './metadata.ts'
import { vhdBlockTable } from './reader.ts'

/** How far a look at the sector bitmaps of a disk goes. */
export interface LookLimits {
  /** Blocks whose bitmap is read, spread over the disk when it has more. */
  readonly mostBlocks: number
  /** Bytes read, of bitmaps and of what they call never written. */
  readonly mostBytes: number
  readonly signal?: AbortSignal | undefined
}

/** What an inspection looks at: every bitmap of 8 GiB in blocks of the usual size. */
export const briefLook: LookLimits = { mostBlocks: 4096, mostBytes: 32 * 1024 * 1024 }

/** Everything; a file whose blocks lie on each other is left when it has been read once. */
export function wholeLook({ source }: ImageFile, signal: AbortSignal | undefined): LookLimits {
  return { mostBlocks: Number.MAX_SAFE_INTEGER, mostBytes: source.size, signal }
}

/** Sectors for which a dynamic disk holds bytes that are not zero though its bitmaps say that nobody wrote them. */
export interface UnmarkedSectors {
  readonly count: number
  /** Whether every block was looked at. */
  readonly isWhole: boolean
}

/**
 * Counts such sectors ("Virtual Hard Disk Image Format Specification" 1.0, Data Blocks). None in a differencing disk:
 * there a sector that is not marked is the parent's.
 */
export async function countUnmarkedSectors(
  file: ImageFile,
  metadata: VhdMetadata,
  { mostBlocks, mostBytes, signal }: LookLimits,
): Promise<UnmarkedSectors> {
  if (metadata.type !== 'dynamic' || metadata.blocks === null) return { count: 0, isWhole: true }
  const table = vhdBlockTable(file, metadata.blocks, metadata)
  let allocated = 0
  for await (const _block of allocatedBlocks(table, signal)) allocated += 1
  const step = Math.max(1, Math.ceil(allocated / mostBlocks))
  let [index, count, bytesLeft] = [0, 0, mostBytes]
  for await (const { block, at } of allocatedBlocks(table, signal)) {
    index += 1
    if ((index - 1) % step !== 0) continue
    if (bytesLeft <= 0) return { count, isWhole: false }
    const length = Math.min(table.blockSize, metadata.virtualSize - block * table.blockSize)
    const found = await unmarkedInBlock(file, { at, length, bitmapSize: metadata.blocks.bitmapSize })
    count += found.count
    bytesLeft -= found.bytesRead
  }
  return { count, isWhole: step === 1 }
}

/** That such sectors are there and how they are read; it asks unless somebody chose. */
export function unmarkedSectorsFinding(
  file: string,
  { count, isWhole }: UnmarkedSectors,
  { vhdBitmap }: ReadingChoices = {},
): Problem | null {
  if (count === 0) return null
  const isChosen = vhdBitmap !== undefined
  const read = vhdBitmap === 'ignore' ? 'as the bytes that are stored' : 'as zeros'
  const number = `${isWhole ? '' : 'At least '}${count} ${count === 1 ? 'sector holds' : 'sectors hold'}`
  return {
    id: 'vhd-unmarked-sectors',
    severity: isChosen ? 'info' : 'warn',
    layer: 'L2',
    file,
    message: `${number} bytes that are not zero, though the bitmap of the block says that nobody wrote there: by the specification they are zeros, QEMU reads the bytes. They are read ${read}${isChosen ? ', as chosen' : ''}.`,
    remedy: isChosen
      ? `The other reading is --read vhd-bitmap=${vhdBitmap === 'ignore' ? 'honour' : 'ignore'}.`
      : 'Choose: --read vhd-bitmap=honour reads zeros, --read vhd-bitmap=ignore the bytes, for a disk whose writer did not keep the bitmap.',
    ...(isChosen ? {} : { asks: true, settledBy: 'vhd-bitmap' }),
  }
}

interface AllocatedBlock {
  readonly block: number
  /** Byte of the file where its data starts. */
  readonly at: number
}

async function* allocatedBlocks(
  table: BlockTable,
  signal: AbortSignal | undefined,
): AsyncGenerator<AllocatedBlock> {
  const { blockCount, pageLength } = table
  for (let page = 0; page * pageLength < blockCount; page += 1) {
    signal?.throwIfAborted()
    for (const [index, value] of ((await table.loadPage(page)) ?? []).entries())
      if (value !== absentBlock) yield { block: page * pageLength + index, at: dataOffset(value) }
  }
}

interface BlockPlace extends Omit<AllocatedBlock, 'block'> {
  /** Bytes of it that are a part of the disk. */
  readonly length: number
  readonly bitmapSize: number
}

async function unmarkedInBlock(
  { source }: ImageFile,
  { at, length, bitmapSize }: BlockPlace,
): Promise<{ readonly count: number; readonly bytesRead: number }> {
  const sectors = Math.ceil(length / sectorSize)
  const start = at - bitmapSize
  const bitmap = await readRange(source, { start, end: start + Math.ceil(sectors / 8) }, 'VHD sector bitmap')
  let [count, bytesRead] = [0, bitmap.length]
  for (const [first, end] of clearRuns(bitmap, sectors)) {
    const range = { start: at + first * sectorSize, end: at + Math.min(end * sectorSize, length) }
    if (await isHole(source, range)) continue
    for await (const piece of readPieces(source, range, 'VHD block')) {
      bytesRead += piece.length
      for (let sector = 0; sector < piece.length; sector += sectorSize)
        if (!isZero(piece, { start: sector, end: Math.min(piece.length, sector + sectorSize) })) count += 1
    }
  }
  return { count, bytesRead }
}

/** Runs of sectors whose bit, counted from the highest of each byte, is not set. */
function* clearRuns(bitmap: Uint8Array, sectors: number): Generator<[first: number, end: number]> {
  for (let sector = 0; sector < sectors;) {
    if (bitmap[sector >>> 3] === 0xff && (sector & 7) === 0) {
      sector += 8
      continue
    }
    const first = sector
    while (sector < sectors && !isMarked(bitmap, sector)) sector += 1
    if (sector > first) yield [first, sector]
    else sector += 1
  }
}

function isMarked(bitmap: Uint8Array, sector: number): boolean {
  return (((bitmap[sector >>> 3] ?? 0) >>> (7 - (sector & 7))) & 1) === 1
}

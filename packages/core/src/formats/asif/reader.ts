import { readRange } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { blockDisk } from '../block-map/block-disk.ts'
import { absentBlock } from '../block-map/block-table.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile } from '../../image/image-files.ts'
import type { AsifMetadata } from './metadata.ts'

/** Bits 55 to 61 of an entry, in its upper word; no published reader knows a meaning. */
const reservedMask = 0x3f80_0000
/** Bits 32 to 54 of the chunk number, in the upper word of an entry. */
const chunkHighMask = 0x007f_ffff

/** An ASIF image as a disk; chunks without a place in the file are `absent`. */
export function openAsif(file: ImageFile, metadata: AsifMetadata): DiskReader {
  const { virtualSize, chunkSize, tableLength } = metadata
  const blockCount = Math.ceil(virtualSize / chunkSize)
  return blockDisk({
    name: file.path,
    virtualSize,
    source: file.source,
    table: {
      blockSize: chunkSize,
      blockCount,
      pageLength: tableLength,
      loadPage: (page) =>
        loadTable(file, metadata, { page, count: Math.min(tableLength, blockCount - page * tableLength) }),
    },
  })
}

async function loadTable(
  file: ImageFile,
  metadata: AsifMetadata,
  part: TablePart,
): Promise<Float64Array | null> {
  const { chunkSize, tableLength, virtualSize, groupLength, tables } = metadata
  const { page } = part
  if (tables[page] === 0) return null
  const values = await readPlaces(file, metadata, part)
  for (const [index, at] of values.entries()) {
    if (at === absentBlock) continue
    const length = Math.min(chunkSize, virtualSize - (page * tableLength + index) * chunkSize)
    if (at + length <= file.source.size) continue
    throw new DiskError('corrupt', {
      file: file.path,
      structure: 'ASIF table',
      reason: `chunk ${index} lies at ${at}, past the end of the file at ${file.source.size}`,
      offset: (tables[page] ?? 0) + entryOf(index, groupLength),
    })
  }
  return values
}

export interface TablePart {
  readonly page: number
  /** Entries of the table that are about the disk. */
  readonly count: number
}

/** Byte of the table where the entry of a chunk stands: behind each group stands the entry of its bitmap. */
export function entryOf(index: number, groupLength: number): number {
  return (index + Math.floor(index / groupLength)) * 8
}

/** Where the chunks of one table that is there are said to lie, inside the file or not; throws `corrupt` for reserved bits. */
export async function readPlaces(
  { source, path }: ImageFile,
  { tables, chunkSize, groupLength }: AsifMetadata,
  { page, count }: TablePart,
): Promise<Float64Array> {
  const values = new Float64Array(count).fill(absentBlock)
  const start = tables[page] ?? 0
  const entries = count + Math.floor(count / groupLength)
  const bytes = await readRange(source, { start, end: start + entries * 8 }, 'ASIF table')
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < count; index += 1) {
    const entry = entryOf(index, groupLength)
    const high = view.getUint32(entry)
    const chunk = (high & chunkHighMask) * 2 ** 32 + view.getUint32(entry + 4)
    if ((high & reservedMask) !== 0) {
      const reason = `the entry of chunk ${index} has reserved bits set`
      throw new DiskError('corrupt', { file: path, structure: 'ASIF table', reason, offset: start + entry })
    }
    if (chunk !== 0) values[index] = chunk * chunkSize
  }
  return values
}

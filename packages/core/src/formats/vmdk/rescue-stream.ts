import type { ByteSource } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { rescuedAs } from '../../image/rescue.ts'
import { maxDirectorySize, sectorSize, sparseHeader } from './sparse-header.ts'

/** Grain tables that are made again, at most: 2 TiB of the usual grains. */
const mostTables = 65_536
const windowSize = 1024 * 1024
const grainMarker = 12

/**
 * A stream-optimized extent that lost its end: the grains that are there are found by their markers, and the tables and the
 * footer are made again behind them ("Virtual Disk Format 5.0", Markers). Null for what is no such extent.
 */
export async function rescueStream(file: ImageFile): Promise<ImageFile | null> {
  const { source, path } = file
  if (source.size < sparseHeader.size) return null
  const first = new Uint8Array(sparseHeader.size)
  await source.readInto(first, 0)
  if (String.fromCharCode(...first.subarray(0, 4)) !== 'KDMV') return null
  const header = sparseHeader.read(first, path)
  const { capacity, grainSize, numGTEsPerGT: entries } = header
  if (header.gdOffset !== null || grainSize < 1 || entries < 1 || entries > 512) return null
  const directoryEntries = Math.ceil(capacity / (grainSize * entries))
  if (!Number.isSafeInteger(capacity * sectorSize) || directoryEntries * 4 > maxDirectorySize) return null
  const { tables, end } = await findGrains(source, { ...header, entries, path })
  const tail = tailOf({ header, tables, entries, directoryEntries, end })
  return rescuedAs(file, withTail(source, end, tail))
}

interface Shape {
  readonly capacity: number
  /** Sectors. */
  readonly grainSize: number
  readonly overHead: number
  readonly entries: number
  readonly path: string
}

interface Grains {
  /** Of each grain table its entries: sectors of the file. */
  readonly tables: ReadonlyMap<number, Uint32Array>
  /** Byte behind the last whole grain, at a sector. */
  readonly end: number
}

/** Goes from marker to marker until one is not whole or makes no sense. */
async function findGrains(source: ByteSource, shape: Shape): Promise<Grains> {
  const { capacity, grainSize, entries, path } = shape
  const tables = new Map<number, Uint32Array>()
  const mostPacked = grainSize * sectorSize * 2 + 2 * sectorSize
  const read = markerReader(source)
  let at = Math.max(1, shape.overHead) * sectorSize
  while (at + sectorSize <= source.size) {
    const { lba, size } = await read(at)
    if (size === 0) {
      // A marker of tables, with so many sectors behind it.
      const next = at + (1 + lba) * sectorSize
      if (next > source.size) break
      at = next
      continue
    }
    if (lba % grainSize !== 0 || lba >= capacity || size > mostPacked) break
    if (at + grainMarker + size > source.size) break
    const grain = lba / grainSize
    const index = Math.floor(grain / entries)
    const table = tables.get(index) ?? new Uint32Array(entries)
    table[grain % entries] = at / sectorSize
    tables.set(index, table)
    if (tables.size > mostTables) {
      const what = 'grain tables to make again'
      throw new DiskError('limit-exceeded', { file: path, what, value: tables.size, limit: mostTables })
    }
    at += Math.ceil((grainMarker + size) / sectorSize) * sectorSize
  }
  return { tables, end: Math.min(at, Math.ceil(source.size / sectorSize) * sectorSize) }
}

function markerReader(source: ByteSource) {
  let window = new Uint8Array(0)
  let windowAt = 0
  return async (at: number): Promise<{ lba: number; size: number }> => {
    if (at < windowAt || at + grainMarker > windowAt + window.length) {
      windowAt = at
      window = new Uint8Array(Math.min(windowSize, source.size - at))
      await source.readInto(window, at)
    }
    const view = new DataView(window.buffer, at - windowAt, grainMarker)
    return {
      lba: view.getUint32(0, true) + view.getUint32(4, true) * 0x1_0000_0000,
      size: view.getUint32(8, true),
    }
  }
}

interface Tail extends Grains {
  readonly header: ReturnType<typeof sparseHeader.read>
  readonly entries: number
  readonly directoryEntries: number
}

/** Grain tables, grain directory, footer and end-of-stream marker, as they would follow the grains. */
function tailOf({ header, tables, entries, directoryEntries, end }: Tail): Uint8Array {
  const padded = (bytes: number) => Math.ceil(bytes / sectorSize) * sectorSize
  const tableSize = padded(entries * 4)
  const directoryAt = tables.size * tableSize
  const footerAt = directoryAt + padded(directoryEntries * 4)
  const tail = new Uint8Array(footerAt + 2 * sectorSize)
  const view = new DataView(tail.buffer)
  let tableAt = 0
  for (const [index, table] of tables) {
    for (const [entry, sector] of table.entries()) view.setUint32(tableAt + entry * 4, sector, true)
    view.setUint32(directoryAt + index * 4, (end + tableAt) / sectorSize, true)
    tableAt += tableSize
  }
  tail.set(sparseHeader.write({ ...header, gdOffset: (end + directoryAt) / sectorSize }), footerAt)
  return tail
}

/** `source` up to `end`, zeros where it is shorter, then `tail`. */
function withTail(source: ByteSource, end: number, tail: Uint8Array): ByteSource {
  return {
    name: source.name,
    size: end + tail.length,
    async readInto(target, at) {
      const own = Math.max(0, Math.min(target.length, Math.min(end, source.size) - at))
      if (own > 0) await source.readInto(target.subarray(0, own), at)
      const fromTail = Math.max(0, Math.min(target.length, end - at))
      target.fill(0, own, fromTail)
      const skip = Math.max(0, at - end)
      target.set(tail.subarray(skip, skip + target.length - fromTail), fromTail)
    },
    async *extents({ start, end: stop }) {
      if (start < stop) yield { start, length: stop - start, content: 'data' }
    },
  }
}

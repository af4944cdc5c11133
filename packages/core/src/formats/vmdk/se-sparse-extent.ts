import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { loadCache } from '../../binary/load-cache.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { blockDisk } from '../block-map/block-disk.ts'
import { absentBlock, zeroBlock, type BlockTable } from '../block-map/block-table.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import { seGrainSize, seTableEntries, type SeLayout } from './se-sparse-header.ts'

/** Entries of the grain directory read at a time, and bytes of them kept. */
const directoryPage = 8192
const directoryCache = 1024 * 1024
const structure = 'VMDK seSparse grain table'

/**
 * An seSparse extent as a disk of its capacity. A grain that the guest unmapped reads as zeros, as in QEMU: what the parent
 * has there was given up.
 */
export function openSeSparseExtent(source: ByteSource, layout: SeLayout): DiskReader {
  const table = grainTables(source, layout)
  return blockDisk({ name: source.name, virtualSize: layout.capacity, source, table })
}

function grainTables(source: ByteSource, layout: SeLayout): BlockTable {
  const { capacity, directoryAt, tablesAt } = layout
  const blockCount = Math.ceil(capacity / seGrainSize)
  const tableCount = Math.ceil(blockCount / seTableEntries)
  const absentTable = new Float64Array(seTableEntries).fill(absentBlock)
  const pages = loadCache<DataView>({ maxBytes: directoryCache, sizeOf: ({ byteLength }) => byteLength })

  const directoryEntry = async (index: number): Promise<number | null> => {
    const first = index - (index % directoryPage)
    const count = Math.min(directoryPage, tableCount - first)
    const start = directoryAt + first * 8
    const page = await pages.get(first, async () => {
      const range = { start, end: start + count * 8 }
      return new DataView((await readRange(source, range, 'VMDK seSparse grain directory')).buffer)
    })
    const at = (index - first) * 8
    return tableIndex(page.getUint32(at + 4, true), page.getUint32(at, true), {
      layout,
      file: source.name,
      offset: start + at,
    })
  }
  return {
    blockSize: seGrainSize,
    blockCount,
    pageLength: seTableEntries,
    async loadPage(page) {
      const index = await directoryEntry(page)
      if (index === null) return absentTable
      const start = tablesAt + index * seTableEntries * 8
      const bytes = await readRange(source, { start, end: start + seTableEntries * 8 }, structure)
      const view = new DataView(bytes.buffer)
      const values = new Float64Array(Math.min(seTableEntries, blockCount - page * seTableEntries))
      for (let i = 0; i < values.length; i += 1) {
        const place = {
          layout,
          source,
          offset: start + i * 8,
          length: Math.min(seGrainSize, capacity - (page * seTableEntries + i) * seGrainSize),
        }
        values[i] = grainPlace(view.getUint32(i * 8 + 4, true), view.getUint32(i * 8, true), place)
      }
      return values
    },
  }
}

/** A grain directory entry: nibble 0 no table, 1 the index of one in its low half. */
function tableIndex(
  high: number,
  low: number,
  { layout, file, offset }: { readonly layout: SeLayout; readonly file: string; readonly offset: number },
): number | null {
  if (high === 0 && low === 0) return null
  if (high === 0x1000_0000 && low < layout.tableCount) return low
  const reason = 'an entry names no grain table'
  throw new DiskError('corrupt', { file, structure: 'VMDK seSparse grain directory', reason, offset })
}

interface GrainPlace {
  readonly layout: SeLayout
  readonly source: ByteSource
  /** Byte of the file at which the entry is. */
  readonly offset: number
  /** Bytes of the grain on the disk. */
  readonly length: number
}

/** A grain table entry: nibble 0 absent, 1 unmapped, 2 zero, 3 allocated with the grain's index in mixed order. */
function grainPlace(high: number, low: number, { layout, source, offset, length }: GrainPlace): number {
  const damaged = (reason: string) =>
    new DiskError('corrupt', { file: source.name, structure, reason, offset })
  switch (high >>> 28) {
    case 0:
      if (high === 0 && low === 0) return absentBlock
      throw damaged('an entry without a kind')
    case 1:
    case 2:
      return zeroBlock
    case 3: {
      const index = ((high >>> 16) & 0xfff) + (low + (high & 0xffff) * 0x1_0000_0000) * 0x1000
      const at = layout.grainsAt + index * seGrainSize
      if (at + length <= source.size) return at
      throw damaged(`its grain lies at ${at}, past the end of the file at ${source.size}`)
    }
    default:
      throw damaged(`an entry of the kind ${high >>> 28}, which is not known`)
  }
}

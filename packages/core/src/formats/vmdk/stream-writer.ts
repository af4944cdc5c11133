import { releaseMemory } from '../../binary/release-memory.ts'
import { chunkSize } from '../../digest/disk-digest.ts'
import type { Compressors } from '../../image/image-files.ts'
import type { DiskWriter, FileWrite, PreparedChunk } from '../../image/disk-writer.ts'
import { sectorSize, sparseFlags, sparseHeader } from './sparse-header.ts'
import {
  descriptorSectors,
  directorySectorsOf,
  grainSectors,
  grainSize,
  maxFileSectors,
  tableEntries,
  tableSectors,
  tableSpan,
} from './sparse-layout.ts'
import { dataGrains, newlines, tooMuchData } from './sparse-writer.ts'

/** "Virtual Disk Format 5.0", Stream-Optimized Compressed Sparse Extents: types of markers. */
const markerTypes = { table: 1, directory: 2, footer: 3 } as const
/** Grain marker: u64 sector of the disk, u32 bytes of packed data, then the data. */
const markerSize = 12
/** Where VMware lets the first grain start. */
const overHead = 128
/** Sectors of a packed grain, marker included: deflate makes noise no longer than this. */
const maxPackedSectors = grainSectors + 1
const chunksPerTable = tableSpan / chunkSize

export interface StreamWriterOptions {
  readonly virtualSize: number
  readonly compressors: Compressors
  readonly descriptor: Uint8Array
  readonly state: ArrayBufferLike
}

interface PackedGrain {
  /** Within the chunk, in grains. */
  readonly index: number
  readonly packed: Uint8Array
}

interface StreamChunk extends PreparedChunk {
  readonly grains: readonly PackedGrain[]
  /** Sector of the first grain in the file; the others follow. */
  sector: number
  /** The table before, which became final when this chunk took its room. */
  readonly finals: FileWrite[]
}

/** The state that all threads share. */
interface StreamState {
  /** The next free sector of the file. */
  next: number
  /** Index of the table that is being filled, plus one; 0: none yet. */
  openTable: number
  readonly table: Uint32Array
  readonly directory: Uint32Array
}

/** Bytes of shared state. */
export function streamStateSize(virtualSize: number): number {
  return 16 + (tableEntries + Math.ceil(virtualSize / tableSpan)) * 4
}

/** Bytes of a file of that many grains, at most. */
export function largestStream(virtualSize: number, grains: number): number {
  const tables = Math.ceil(virtualSize / tableSpan)
  const usedTables = Math.min(tables, grains)
  const metadata = usedTables * (1 + tableSectors) + 1 + directorySectorsOf(tables) + 3
  return (overHead + grains * maxPackedSectors + metadata) * sectorSize
}

/** Writes a stream-optimized extent as VMware does: markers, rising sectors, the directory and a footer at the end. */
export function streamWriter(options: StreamWriterOptions): DiskWriter {
  const { virtualSize, compressors, descriptor } = options
  const tables = Math.ceil(virtualSize / tableSpan)
  const state = sharedState(options.state, tables)
  const scratch = new Uint8Array(maxPackedSectors * sectorSize)

  /** Ends the open table: it lies behind its grains. */
  const closeTable = (): FileWrite[] => {
    if (state.openTable === 0) return []
    const at = state.next
    state.directory[state.openTable - 1] = at + 1
    state.next = at + 1 + tableSectors
    const bytes = toBytes(state.table)
    state.table.fill(0)
    state.openTable = 0
    return [
      { at: at * sectorSize, bytes: marker(markerTypes.table, tableSectors) },
      { at: (at + 1) * sectorSize, bytes },
    ]
  }

  const pack = (grain: Uint8Array): Uint8Array => {
    const whole = grain.length === grainSize ? grain : new Uint8Array(grainSize)
    if (whole !== grain) whole.set(grain)
    const packed = compressors.deflate(whole)
    if (markerSize + packed.length <= scratch.length) return packed
    throw new RangeError(`a grain grew to ${packed.length} bytes`)
  }

  return {
    prepare(index, chunk): StreamChunk {
      const grains = dataGrains(virtualSize, index, chunk).map((start) => ({
        index: start / grainSize,
        packed: pack(chunk.subarray(start, Math.min(chunk.length, start + grainSize))),
      }))
      return { index, grains, sector: 0, finals: [] }
    },
    place(prepared) {
      const chunk = asStreamChunk(prepared)
      if (chunk.grains.length === 0) return
      const table = Math.floor(chunk.index / chunksPerTable)
      if (state.openTable !== table + 1) chunk.finals.push(...closeTable())
      state.openTable = table + 1
      chunk.sector = state.next
      const firstEntry = (chunk.index % chunksPerTable) * (chunkSize / grainSize)
      let sector = state.next
      for (const { index, packed } of chunk.grains) {
        state.table[firstEntry + index] = sector
        sector += packedSectors(packed)
        if (sector > maxFileSectors) throw tooMuchData(virtualSize)
      }
      state.next = sector
    },
    *writes(prepared) {
      const { index: chunkIndex, grains, sector: first, finals } = asStreamChunk(prepared)
      yield* finals
      let sector = first
      for (const { index, packed } of grains) {
        const bytes = scratch.subarray(0, packedSectors(packed) * sectorSize)
        const view = new DataView(bytes.buffer)
        const diskSector = (chunkIndex * chunkSize) / sectorSize + index * grainSectors
        view.setUint32(0, diskSector % 0x1_0000_0000, true)
        view.setUint32(4, Math.floor(diskSector / 0x1_0000_0000), true)
        view.setUint32(8, packed.length, true)
        bytes.set(packed, markerSize)
        bytes.fill(0, markerSize + packed.length)
        yield { at: sector * sectorSize, bytes }
        sector += bytes.length / sectorSize
        releaseMemory(packed)
      }
    },
    *finish() {
      yield* closeTable()
      const directoryAt = state.next + 1
      yield { at: state.next * sectorSize, bytes: marker(markerTypes.directory, directorySectorsOf(tables)) }
      yield { at: directoryAt * sectorSize, bytes: toBytes(state.directory) }
      const footerAt = directoryAt + directorySectorsOf(tables)
      state.next = footerAt + 3
      yield { at: footerAt * sectorSize, bytes: marker(markerTypes.footer, 1) }
      yield { at: (footerAt + 1) * sectorSize, bytes: headerOf(virtualSize, directoryAt) }
      // The marker of the end of the stream is a sector of zeros.
      yield { at: (footerAt + 2) * sectorSize, bytes: new Uint8Array(sectorSize) }
      yield { at: sectorSize, bytes: descriptor }
      yield { at: 0, bytes: headerOf(virtualSize, null) }
    },
    fileSize: () => state.next * sectorSize,
  }
}

function sharedState(memory: ArrayBufferLike, tables: number): StreamState {
  const numbers = new Float64Array(memory, 0, 2)
  return {
    get next() {
      return Math.max(overHead, numbers[0] ?? 0)
    },
    set next(sector) {
      numbers[0] = sector
    },
    get openTable() {
      return numbers[1] ?? 0
    },
    set openTable(table) {
      numbers[1] = table
    },
    table: new Uint32Array(memory, 16, tableEntries),
    directory: new Uint32Array(memory, 16 + tableEntries * 4, tables),
  }
}

function packedSectors({ length }: Uint8Array): number {
  return Math.ceil((markerSize + length) / sectorSize)
}

/** Metadata marker: u64 sectors of what follows, u32 0, u32 type. */
function marker(type: number, sectors: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(sectorSize))
  view.setUint32(0, sectors, true)
  view.setUint32(12, type, true)
  return new Uint8Array(view.buffer)
}

function toBytes(values: Uint32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4))
  for (let i = 0; i < values.length; i += 1) view.setUint32(i * 4, values[i] ?? 0, true)
  return new Uint8Array(view.buffer)
}

/** The header, or with the directory's place the footer. */
function headerOf(virtualSize: number, directoryAt: number | null): Uint8Array {
  return sparseHeader.write({
    magic: 'KDMV',
    version: 3,
    flags: sparseFlags.newlineTest | sparseFlags.compressed | sparseFlags.markers,
    capacity: virtualSize / sectorSize,
    grainSize: grainSectors,
    descriptorOffset: 1,
    descriptorSize: descriptorSectors,
    numGTEsPerGT: tableEntries,
    rgdOffset: 0,
    gdOffset: directoryAt,
    overHead,
    uncleanShutdown: 0,
    newlineTest: newlines,
    compressAlgorithm: 1,
  })
}

function asStreamChunk(prepared: PreparedChunk): StreamChunk {
  if ('grains' in prepared && 'finals' in prepared) return prepared as StreamChunk
  throw new TypeError('a chunk that another writer prepared')
}

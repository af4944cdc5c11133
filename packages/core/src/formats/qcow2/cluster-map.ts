import { isHole, readRange } from '../../binary/byte-source.ts'
import type { ByteSource } from '../../binary/byte-source.ts'
import { loadCache } from '../../binary/load-cache.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { decodeClusterEntry, tableOffset, twoTo32 } from './cluster-entry.ts'
import type { ClusterEntry, ClusterGeometry } from './cluster-entry.ts'

/** A run of guest bytes that one rule fetches. */
export type Run =
  | { readonly kind: 'absent' | 'zero'; readonly length: number }
  /** `length` bytes lie together from `hostOffset` on. */
  | { readonly kind: 'data'; readonly length: number; readonly hostOffset: number }
  /** The bytes are those from `skip` on of one unpacked cluster. */
  | {
      readonly kind: 'compressed'
      readonly length: number
      readonly hostOffset: number
      readonly storedSize: number
      readonly skip: number
    }

/** The L1 table: per L2 table its offset in the file, 0 where there is none. */
export type L1Table = Float64Array

/** One L2 table as it lies in the file. */
export interface L2Table {
  readonly offset: number
  readonly view: DataView
}

/** Where every guest byte of an image lies: L1 in memory, L2 tables on demand. */
export interface ClusterMap {
  readonly clusterSize: number
  /** Guest bytes under one L2 table. */
  readonly tableSpan: number
  /** The table that covers guest byte `at`, null when there is none, undefined when it has to be loaded first. */
  peekTable(at: number): L2Table | null | undefined
  loadTable(at: number): Promise<L2Table>
  /**
   * As `loadTable`, for who goes over many tables: null for a table of zeros, and what does not fit into the cache is read
   * into `buffer`, of one cluster, which the caller uses again when it is done with it.
   */
  scanTable(at: number, buffer: Uint8Array<ArrayBuffer>): Promise<L2Table | null>
  /** End of the run of missing tables that begins with the one over `at`. */
  endOfMissingTables(at: number): number
  /** The longest run from guest byte `at` on, at most up to `end` and to the end of the table. */
  runAt(table: L2Table, at: number, end: number): Run
}

export interface ClusterMapOptions {
  readonly file: string
  readonly source: ByteSource
  readonly geometry: ClusterGeometry
  readonly l1: L1Table
}

/** L2 tables kept in memory, in bytes. */
const keptTableBytes = 16 * 1024 * 1024
const l1ReadSize = 1024 * 1024
const subclusterCount = 32

/** Reads `entries` entries of the L1 table; throws for a table that is not where a table can be. */
export async function readL1Table(
  { file, source, clusterSize }: { file: string; source: ByteSource; clusterSize: number },
  { offset, entries }: { offset: number; entries: number },
): Promise<L1Table> {
  const l1 = new Float64Array(entries)
  let tables = 0
  const perRead = l1ReadSize / 8
  for (let first = 0; first < entries; first += perRead) {
    const count = Math.min(perRead, entries - first)
    const start = offset + first * 8
    const bytes = await readRange(source, { start, end: start + count * 8 }, 'L1 table')
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < count; i += 1) {
      const l2Offset = tableOffset(view.getUint32(i * 8), view.getUint32(i * 8 + 4))
      if (l2Offset === 0) continue
      if (l2Offset % clusterSize !== 0) {
        const reason = `an L2 table is said to lie at ${l2Offset}, off any cluster boundary`
        throw new DiskError('corrupt', { file, structure: 'L1 table', reason, offset: start + i * 8 })
      }
      if (l2Offset + clusterSize > source.size) {
        const available = Math.max(0, source.size - l2Offset)
        throw new DiskError('truncated', {
          file,
          structure: `L2 table at ${l2Offset}`,
          wanted: clusterSize,
          available,
        })
      }
      l1[first + i] = l2Offset
      tables += 1
    }
  }
  if (tables * clusterSize > source.size) {
    const reason = `it names ${tables} L2 tables, for which the file has no room`
    throw new DiskError('corrupt', { file, structure: 'L1 table', reason, offset })
  }
  return l1
}

interface Steps {
  readonly index: number
  readonly step: number
  readonly stop: number
}

export function clusterMap({ file, source, geometry, l1 }: ClusterMapOptions): ClusterMap {
  const clusterSize = 2 ** geometry.clusterBits
  const entrySize = geometry.hasSubclusters ? 16 : 8
  const tableSpan = (clusterSize / entrySize) * clusterSize
  const subclusterSize = clusterSize / subclusterCount
  const tables = loadCache<L2Table>({
    maxBytes: keptTableBytes,
    sizeOf: (table) => table.view.byteLength,
  })

  async function readTable(offset: number, buffer = new Uint8Array(clusterSize)): Promise<L2Table> {
    await source.readInto(buffer, offset)
    return { offset, view: new DataView(buffer.buffer) }
  }

  function l2Offset(at: number): number {
    return l1[Math.floor(at / tableSpan)] ?? 0
  }

  function entryAt(table: L2Table, index: number): Exclude<ClusterEntry, { kind: 'invalid' }> {
    const at = index * entrySize
    const { view } = table
    const words = {
      high: view.getUint32(at),
      low: view.getUint32(at + 4),
      zeroBits: geometry.hasSubclusters ? view.getUint32(at + 8) : 0,
      dataBits: geometry.hasSubclusters ? view.getUint32(at + 12) : 0,
    }
    const entry = decodeClusterEntry(words, geometry)
    if (entry.kind !== 'invalid') return entry
    throw new DiskError('corrupt', {
      file,
      structure: 'L2 table',
      reason: entry.reason,
      offset: table.offset + at,
    })
  }

  /**
   * Index after the entries before `stop` that follow the one at `index` and are the same, or each `step` bytes further on.
   * They need not be decoded one by one, as they differ in nothing else.
   */
  function endOfSteps({ view }: L2Table, { index, step, stop }: Steps): number {
    let at = index * entrySize
    const [high, low] = [view.getUint32(at), view.getUint32(at + 4)]
    const bits = entrySize === 16 ? [view.getUint32(at + 8), view.getUint32(at + 12)] : null
    let next = index + 1
    for (let expected = low + step; next < stop && expected < twoTo32; next += 1, expected += step) {
      at += entrySize
      if (view.getUint32(at + 4) !== expected || view.getUint32(at) !== high) break
      if (bits && (view.getUint32(at + 8) !== bits[0] || view.getUint32(at + 12) !== bits[1])) break
    }
    return next
  }

  /** Index after the last entry of `kind` that follows `index`, data only where it lies right behind. */
  function endOfLike(table: L2Table, first: { index: number; entry: ClusterEntry }, stop: number): number {
    const { entry } = first
    const step = entry.kind === 'data' ? clusterSize : 0
    let index = endOfSteps(table, { index: first.index, step, stop })
    let expected = entry.kind === 'data' ? entry.hostOffset + (index - first.index) * clusterSize : 0
    for (; index < stop; index += 1) {
      const next = entryAt(table, index)
      if (next.kind !== entry.kind) break
      if (next.kind !== 'data') continue
      if (next.hostOffset !== expected) break
      expected += clusterSize
    }
    return index
  }

  function subclusterRun(entry: Extract<ClusterEntry, { kind: 'mixed' }>, skip: number, limit: number): Run {
    const kindOf = (index: number) =>
      ((entry.allocated >>> index) & 1) === 1
        ? 'data'
        : ((entry.zeros >>> index) & 1) === 1
          ? 'zero'
          : 'absent'
    const first = Math.floor(skip / subclusterSize)
    const kind = kindOf(first)
    let last = first + 1
    while (last < subclusterCount && kindOf(last) === kind) last += 1
    const length = Math.min(limit, last * subclusterSize - skip)
    return kind === 'data' ? { kind, length, hostOffset: entry.hostOffset + skip } : { kind, length }
  }

  return {
    clusterSize,
    tableSpan,
    peekTable(at) {
      const offset = l2Offset(at)
      return offset === 0 ? null : tables.peek(offset)
    },
    async loadTable(at) {
      const offset = l2Offset(at)
      return await tables.get(offset, async () => await readTable(offset))
    },
    async scanTable(at, buffer) {
      const offset = l2Offset(at)
      // In a table of zeros nothing is allocated, as under a table that is not there.
      if (await isHole(source, { start: offset, end: offset + clusterSize })) return null
      if (tables.hasRoomFor(clusterSize)) return await tables.get(offset, async () => await readTable(offset))
      return await readTable(offset, buffer)
    },
    endOfMissingTables(at) {
      let index = Math.floor(at / tableSpan) + 1
      while (index < l1.length && l1[index] === 0) index += 1
      return index * tableSpan
    },
    runAt(table, at, end) {
      const inTable = at % tableSpan
      const index = Math.floor(inTable / clusterSize)
      const skip = inTable - index * clusterSize
      const limit = Math.min(end - at, tableSpan - inTable)
      const entry = entryAt(table, index)
      if (entry.kind === 'mixed') return subclusterRun(entry, skip, limit)
      if (entry.kind === 'compressed') {
        const { hostOffset, storedSize } = entry
        return {
          kind: 'compressed',
          length: Math.min(limit, clusterSize - skip),
          hostOffset,
          storedSize,
          skip,
        }
      }
      const stop = Math.ceil((inTable + limit) / clusterSize)
      const length = Math.min(limit, (endOfLike(table, { index, entry }, stop) - index) * clusterSize - skip)
      if (entry.kind === 'data') return { kind: 'data', length, hostOffset: entry.hostOffset + skip }
      return { kind: entry.kind === 'zero' ? 'zero' : 'absent', length }
    },
  }
}

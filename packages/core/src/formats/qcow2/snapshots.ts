import { assertInside, readRange } from '../../binary/byte-source.ts'
import type { ByteSource } from '../../binary/byte-source.ts'
import { u64be } from '../../binary/fields.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { InternalSnapshot } from '../../image/image-facts.ts'
import { snapshotEntry } from './header.ts'
import type { Qcow2Header } from './header.ts'

/** QEMU's limits on entries and on the extra data of one entry. */
const mostSnapshots = 65_536
const mostExtraBytes = 1024
/** Ours on the whole table: a list for people, not a place to fill memory. */
const mostTableBytes = 16 * 1024 * 1024
/** More than the longest entry: fixed part, extra data, id and name. */
const windowSize = 256 * 1024
const longestEntry = snapshotEntry.size + mostExtraBytes + 2 * 0xffff

/** Where the L1 table of a snapshot lies, and its entries. */
export interface SnapshotEntry {
  readonly snapshot: InternalSnapshot
  readonly l1TableOffset: number
  readonly l1Size: number
}

export interface SnapshotTable {
  readonly entries: readonly SnapshotEntry[]
  /** Bytes of the table up to the end of its last entry, which QEMU does not pad. */
  readonly size: number
}

/** The internal snapshots in the order of their table (qcow2.rst, "Snapshots"). */
export async function readSnapshots(
  source: ByteSource,
  header: Qcow2Header,
  file: string,
): Promise<InternalSnapshot[]> {
  const { entries } = await readSnapshotTable(source, header, file)
  return entries.map(({ snapshot }) => snapshot)
}

/** The snapshot table with the places of the L1 tables, which are not looked at. */
export async function readSnapshotTable(
  source: ByteSource,
  header: Qcow2Header,
  file: string,
): Promise<SnapshotTable> {
  const { snapshotCount: count, snapshotsOffset: tableAt, clusterSize } = header
  if (count === 0) return { entries: [], size: 0 }
  if (count > mostSnapshots) {
    throw new DiskError('limit-exceeded', {
      file,
      what: 'number of internal snapshots',
      value: count,
      limit: mostSnapshots,
    })
  }
  if (tableAt === 0 || tableAt % clusterSize !== 0) {
    throw new DiskError('corrupt', {
      file,
      structure: 'snapshot table',
      reason: 'it does not begin at a cluster',
      offset: tableAt,
    })
  }
  assertInside(source, { start: tableAt, end: tableAt + count * snapshotEntry.size }, 'snapshot table')
  const entries: SnapshotEntry[] = []
  let window: Uint8Array = new Uint8Array(0)
  let windowAt = tableAt
  let at = tableAt
  let end = tableAt
  for (let i = 0; i < count; i += 1) {
    if (at - tableAt > mostTableBytes) {
      throw new DiskError('limit-exceeded', {
        file,
        what: 'bytes of the snapshot table',
        value: at - tableAt,
        limit: mostTableBytes,
      })
    }
    const windowEnd = windowAt + window.length
    if (windowEnd < source.size && windowEnd - at < longestEntry) {
      windowAt = at
      window = await readRange(
        source,
        { start: at, end: Math.min(source.size, at + windowSize) },
        'snapshot table',
      )
    }
    const { size, ...entry } = readSnapshot(window.subarray(at - windowAt), file)
    entries.push(entry)
    end = at + size
    at = tableAt + Math.ceil((end - tableAt) / 8) * 8
  }
  return { entries, size: end - tableAt }
}

function readSnapshot(bytes: Uint8Array, file: string): SnapshotEntry & { size: number } {
  const entry = snapshotEntry.read(bytes, file)
  const { extraSize, idSize, nameSize } = entry
  if (extraSize > mostExtraBytes) {
    throw new DiskError('limit-exceeded', {
      file,
      what: 'extra data of an internal snapshot',
      value: extraSize,
      limit: mostExtraBytes,
    })
  }
  const idAt = snapshotEntry.size + extraSize
  const end = idAt + idSize + nameSize
  if (end > bytes.length) {
    throw new DiskError('truncated', {
      file,
      structure: 'snapshot table entry',
      wanted: end,
      available: bytes.length,
    })
  }
  const extra = new DataView(bytes.buffer, bytes.byteOffset + snapshotEntry.size, extraSize)
  const place = { file, what: 'snapshot table entry, extra data' }
  const text = new TextDecoder()
  return {
    snapshot: {
      id: text.decode(bytes.subarray(idAt, idAt + idSize)),
      name: text.decode(bytes.subarray(idAt + idSize, end)),
      takenAt: new Date(entry.seconds * 1000 + Math.floor(entry.nanoseconds / 1e6)).toISOString(),
      virtualSize: extraSize >= 16 ? u64be.read(extra, 8, place) : null,
      stateSize: extraSize >= 8 ? u64be.read(extra, 0, place) : entry.stateSize,
    },
    l1TableOffset: entry.l1TableOffset,
    l1Size: entry.l1Size,
    size: end,
  }
}

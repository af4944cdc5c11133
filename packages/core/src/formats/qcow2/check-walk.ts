import { isHole, readRange, type ByteSource } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { FindingList } from '../../image/check-report.ts'
import { tableOffset } from './cluster-entry.ts'
import { autoclearFeatures, hasFeature } from './feature-bits.ts'
import { bitmapEntry, type Qcow2Header } from './header.ts'
import type { HeaderExtensions } from './header-extensions.ts'
import { longestL1Table } from './header-faults.ts'
import { readSnapshotTable, type SnapshotTable } from './snapshots.ts'
import { mergeTables, noTables, type TableList } from './table-list.ts'

/** What a check works on. */
export interface CheckScene {
  readonly file: string
  readonly source: ByteSource
  readonly header: Qcow2Header
  readonly extensions: HeaderExtensions
  readonly findings: FindingList
  readonly signal: AbortSignal | undefined
}

/** Bytes of the file with one use. */
export interface Place {
  readonly offset: number
  readonly size: number
}

/** All that is referred to outside the L2 tables. */
export interface Walk {
  /** Header, L1 tables, refcount table, snapshot table, bitmap directory and tables, encryption header. */
  readonly tables: readonly Place[]
  /** Per L1 entry of the active table the place of its L2 table, negative when not marked as copied; 0: none. */
  readonly activeL1: Float64Array
  readonly l2: TableList
  readonly bitmapTables: readonly Place[]
}

/** Entries of all L1 tables together, and of all bitmap tables, at most. */
const mostL1Entries = 16 * 1024 * 1024
const mostBitmapEntries = 16 * 1024 * 1024
const longestDirectory = 16 * 1024 * 1024
const readSize = 1024 * 1024
/** L1 entries of snapshots that are merged at once: each merge costs as much as all that are known. */
const entriesPerMerge = 1024 * 1024

export const damagedRemedy = 'Repair a copy with: qemu-img check -r all, or restore it from a backup.'

/** Whether at least a part of the place's last cluster is in the file. */
export function reachesFile({ source, header }: CheckScene, { offset, size }: Place): boolean {
  return offset + size - source.size < header.clusterSize
}

/** As `reachesFile`; else it becomes a finding. */
export function isInFile(
  scene: CheckScene,
  { offset, size }: Place,
  { what, at, times = 1 }: { what: string; at: number; times?: number },
): boolean {
  const { source, findings } = scene
  if (reachesFile(scene, { offset, size })) return true
  findings.add(
    'corruption',
    {
      id: 'qcow2-beyond-file',
      message: `${what} is said to lie at ${offset}, past the end of the file at ${source.size}.`,
      remedy: damagedRemedy,
      offset: at,
    },
    times,
  )
  return false
}

/** Reads everything but L2 tables and refcount blocks. Throws a coded error for what cannot be walked at all. */
export async function walkTables(scene: CheckScene): Promise<Walk> {
  const { source, header, extensions, file } = scene
  const { clusterSize, l1Size, l1TableOffset, snapshotsOffset } = header
  const tables: Place[] = [{ offset: 0, size: clusterSize }]
  const addTable = (place: Place, what: string, at: number): boolean => {
    const isInside = isInFile(scene, place, { what, at })
    if (isInside && place.size > 0) tables.push(place)
    return isInside
  }
  let l2: TableList = noTables
  let entries = l1Size
  const activeL1 = new Float64Array(l1Size)
  if (addTable({ offset: l1TableOffset, size: l1Size * 8 }, 'The L1 table', 40)) {
    const places = await readL1(scene, { offset: l1TableOffset, entries: l1Size }, activeL1)
    l2 = mergeTables(l2, places, { isActive: true })
  }
  let waiting: Float64Array[] = []
  let waitingEntries = 0
  const flush = () => {
    l2 = mergeTables(l2, joined(waiting, waitingEntries), { isActive: false })
    waiting = []
    waitingEntries = 0
  }
  const snapshots = await readSnapshotTable(source, header, file)
  addTable({ offset: snapshotsOffset, size: snapshots.size }, 'The snapshot table', 64)
  for (const { snapshot, ...l1 } of walkable(scene, snapshots)) {
    scene.signal?.throwIfAborted()
    entries += l1.entries
    const limit = mostEntries(source, mostL1Entries)
    if (entries > limit) throw tooMany(file, 'entries of all L1 tables', entries, limit)
    const what = `The L1 table of snapshot ${JSON.stringify(snapshot.id)}`
    if (!addTable({ offset: l1.offset, size: l1.entries * 8 }, what, snapshotsOffset)) continue
    waiting.push(await readL1(scene, l1, null))
    waitingEntries += waiting.at(-1)?.length ?? 0
    if (waitingEntries >= entriesPerMerge) flush()
  }
  flush()
  addTable(
    { offset: header.refcountTableOffset, size: header.refcountTableClusters * clusterSize },
    'The refcount table',
    48,
  )
  if (extensions.encryptionHeader) addTable(extensions.encryptionHeader, 'The encryption header', 112)
  const bitmapTables = await readBitmapDirectory(scene, addTable)
  return { tables, activeL1, l2, bitmapTables }
}

function joined(parts: readonly Float64Array[], length: number): Float64Array {
  const all = new Float64Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

interface SnapshotL1 {
  readonly snapshot: { readonly id: string }
  readonly offset: number
  readonly entries: number
}

function* walkable({ header, findings }: CheckScene, { entries }: SnapshotTable): Generator<SnapshotL1> {
  for (const { snapshot, l1TableOffset: offset, l1Size } of entries) {
    const reason =
      offset % header.clusterSize !== 0
        ? `is said to lie at ${offset}, off any cluster boundary`
        : l1Size * 8 > longestL1Table
          ? `is said to have ${l1Size} entries`
          : null
    if (reason === null) yield { snapshot, offset, entries: l1Size }
    else {
      findings.add('corruption', {
        id: 'qcow2-snapshot-l1',
        message: `The L1 table of snapshot ${JSON.stringify(snapshot.id)} ${reason}.`,
        remedy: damagedRemedy,
        offset: header.snapshotsOffset,
      })
    }
  }
}

/** The places of L2 tables that an L1 table names, valid ones only; the active table is also noted with its flags. */
async function readL1(
  scene: CheckScene,
  l1: { readonly offset: number; readonly entries: number },
  active: Float64Array | null,
): Promise<Float64Array> {
  const { source, header, findings } = scene
  const { clusterSize } = header
  const places = new Float64Array(l1.entries)
  let count = 0
  for await (const { view, first, at } of tableParts(source, l1)) {
    for (let i = 0; i * 8 < view.byteLength; i += 1) {
      const high = view.getUint32(i * 8)
      const low = view.getUint32(i * 8 + 4)
      const offset = tableOffset(high, low)
      if (active) active[first + i] = high >= 0x8000_0000 ? offset : -offset
      if (offset === 0) continue
      const entryAt = at + i * 8
      const fault = { id: 'qcow2-l1-entry', remedy: damagedRemedy, offset: entryAt }
      if ((high & 0x7f00_0000) !== 0 || (low & 0x1ff) !== 0)
        findings.add('corruption', { ...fault, message: `L1 entry ${first + i} has reserved bits set.` })
      if (offset % clusterSize !== 0) {
        const message = `L1 entry ${first + i} names byte ${offset}, off any cluster boundary.`
        findings.add('corruption', { ...fault, message })
        continue
      }
      const what = `The L2 table of L1 entry ${first + i}`
      if (!isInFile(scene, { offset, size: clusterSize }, { what, at: entryAt })) continue
      places[count] = offset
      count += 1
    }
  }
  return places.slice(0, count)
}

interface TablePart {
  readonly view: DataView
  /** Number of its first entry, and where that lies. */
  readonly first: number
  readonly at: number
}

/** Memory for a table, or for the part of one that is read at a time. */
export function tableBuffer(entries: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.min(readSize, entries * 8))
}

/**
 * A table of 64-bit entries in parts of a megabyte; what lies past the end of the file is zeros. A part is good until the next
 * one is asked for: all are read into `buffer`. Parts that are holes of the file are left out: nothing but zeros is there.
 */
export async function* tableParts(
  source: ByteSource,
  { offset, entries }: { readonly offset: number; readonly entries: number },
  buffer = tableBuffer(entries),
): AsyncGenerator<TablePart> {
  const perRead = readSize / 8
  for (let first = 0; first < entries; first += perRead) {
    const at = offset + first * 8
    const bytes = buffer.subarray(0, Math.min(perRead, entries - first) * 8)
    const inFile = Math.max(0, Math.min(bytes.length, source.size - at))
    if (inFile === 0 || (await isHole(source, { start: at, end: at + inFile }))) continue
    await source.readInto(bytes.subarray(0, inFile), at)
    bytes.fill(0, inFile)
    yield { view: new DataView(bytes.buffer, 0, bytes.length), first, at }
  }
}

type AddTable = (place: Place, what: string, at: number) => boolean

/** The bitmap tables, as far as the directory can be read; bitmaps without their autoclear bit are none any more. */
async function readBitmapDirectory(scene: CheckScene, addTable: AddTable): Promise<Place[]> {
  const { source, header, extensions, file } = scene
  const place = extensions.bitmapDirectory
  if (place === null || !hasFeature(header.autoclear, autoclearFeatures.bitmaps)) return []
  if (!addTable(place, 'The bitmap directory', 112)) return []
  if (place.size > longestDirectory)
    throw tooMany(file, 'bytes of the bitmap directory', place.size, longestDirectory)
  const end = place.offset + place.size
  const bytes = await readRange(source, { start: place.offset, end }, 'bitmap directory')
  const bitmapTables: Place[] = []
  let entries = 0
  for (let at = 0; at < bytes.length;) {
    const { tableOffset: offset, tableSize, nameSize, extraSize } = bitmapEntry.read(bytes, file, at)
    const what = 'A bitmap table'
    const table = { offset, size: tableSize * 8 }
    entries += tableSize
    const limit = mostEntries(source, mostBitmapEntries)
    if (entries > limit) throw tooMany(file, 'entries of all bitmap tables', entries, limit)
    if (addTable(table, what, place.offset + at)) bitmapTables.push(table)
    at += Math.ceil((bitmapEntry.size + extraSize + nameSize) / 8) * 8
  }
  return bitmapTables
}

/** Tables lie each in a place of its own, so the file limits them too; damaged ones may overlap a little. */
function mostEntries({ size }: ByteSource, limit: number): number {
  return Math.min(limit, Math.ceil(size / 4) + 1024)
}

function tooMany(file: string, what: string, value: number, limit: number): DiskError {
  return new DiskError('limit-exceeded', { file, what, value, limit })
}

import { ascii, bytes, u16le, u64le, u8 } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { toHex } from '../binary/hex.ts'
import { labelOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { bitmapCount, freeByRegion } from './free-regions.ts'
import { findAttribute, readFileRecord, type FileRecord } from './ntfs-records.ts'
import { readStream } from './ntfs-runs.ts'
import { holdsSession, mustReplay } from './ntfs-session.ts'

/** NTFS boot sector, as in the Linux-NTFS documentation, "$Boot". */
export const bootSector = struct('NTFS boot sector', 80, {
  oemName: [0x03, ascii(8)],
  bytesPerSector: [0x0b, u16le],
  sectorsPerCluster: [0x0d, u8], // above 128: two to the power of 256 minus this
  sectors: [0x28, u64le],
  mftCluster: [0x30, u64le],
  recordSizeCode: [0x40, u8], // above 127: two to the power of 256 minus this, in bytes
  serial: [0x48, bytes(8)],
})
type BootSector = StructValue<typeof bootSector>

export interface Geometry {
  readonly clusterSize: number
  readonly clusters: number
  readonly recordSize: number
  readonly mftAt: number
}

/** Bitmaps are read up to this size: 16 TiB in clusters of 4 KiB. */
const maxBitmapBytes = 512 * 1024 * 1024
/** Bytes of a bitmap in memory at one time. */
const windowLength = 4 * 1024 * 1024
/** Places of system files in the MFT. */
export const records = { fileTable: 0, journal: 2, volume: 3, rootFolder: 5, bitmap: 6 }
const attributes = { volumeName: 0x60, volumeInformation: 0x70, data: 0x80 }
const dirtyFlag = 0x0001

/** NTFS: label and dirty flag from $Volume, free space from $Bitmap, whether it waits for its journal or for a session. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(0, bootSector.size)
  if (!head || String.fromCharCode(...head.subarray(3, 11)) !== 'NTFS    ') return null
  const facts = bootSector.read(head, region.name)
  const geometry = geometryOf(facts)
  const uuid = toHex(facts.serial.toReversed()).toUpperCase()
  if (typeof geometry === 'string') {
    return filesystemFinding(region, { type: 'ntfs', sure: 'damaged', uuid, notes: [geometry] })
  }
  const size = geometry.clusters * geometry.clusterSize
  const sectorSize = facts.bytesPerSector
  const told = { type: 'ntfs', uuid, size, blockSize: geometry.clusterSize, sectorSize }
  const mft = await region.peek(geometry.mftAt, 8 * geometry.recordSize)
  const recordOf = (index: number) => mft && readFileRecord(mft, index, geometry.recordSize)
  const volume = recordOf(records.volume)
  if (!volume) {
    return filesystemFinding(region, { ...told, sure: 'damaged', notes: ['its file table cannot be read'] })
  }
  const name = findAttribute(volume, attributes.volumeName)
  const condition = await readCondition(region, geometry, recordOf)
  const space = await readFreeSpace(region, recordOf(records.bitmap), geometry)
  return filesystemFinding(region, {
    ...told,
    label: name?.kind === 'resident' ? labelOf(name.value, 'utf-16le') : null,
    free: space.free,
    state: condition.state,
    ...(condition.isHibernated === true ? { isHibernated: true } : {}),
    notes: [...condition.notes, ...(space.note === null ? [] : [space.note])],
    freeByRegion: space.regions,
  })
}

type Condition = Pick<FilesystemFinding, 'state' | 'notes' | 'isHibernated'>

/** From the dirty flag, the journal's restart pages, and the hibernation file. */
async function readCondition(
  region: GuestRegion,
  geometry: Geometry,
  recordOf: (index: number) => FileRecord | null,
): Promise<Condition> {
  const volume = recordOf(records.volume)
  const information = volume && findAttribute(volume, attributes.volumeInformation)
  const value = information?.kind === 'resident' && information.value.length >= 12 ? information.value : null
  const isMarked = value !== null && ((value[10] ?? 0) & dirtyFlag) !== 0
  const journal = recordOf(records.journal)
  const isOpen = journal ? await mustReplay(region, journal, geometry.clusterSize) : null
  const fileTable = recordOf(records.fileTable)
  const rootFolder = recordOf(records.rootFolder)
  const isHibernated =
    fileTable && rootFolder ? await holdsSession(region, { ...geometry, fileTable, rootFolder }) : null
  const isDirty = isMarked || isOpen === true
  return {
    state: isDirty ? 'dirty' : value === null ? 'unknown' : 'clean',
    isHibernated: isHibernated === true,
    notes: [
      ...(isMarked ? ['Windows marked it to be checked'] : []),
      ...(isOpen === true ? ['its journal must be replayed'] : []),
      ...(isHibernated === true
        ? ['its Windows is hibernated, or was shut down by Fast Startup (hiberfil.sys holds a session)']
        : []),
    ],
  }
}

/** The geometry, or what is wrong with it. */
export function geometryOf(facts: BootSector): Geometry | string {
  const { bytesPerSector, sectorsPerCluster, sectors, mftCluster, recordSizeCode } = facts
  if (bytesPerSector < 256 || bytesPerSector > 4096 || (bytesPerSector & (bytesPerSector - 1)) !== 0) {
    return `its sectors have ${bytesPerSector} bytes`
  }
  const perCluster = sectorsPerCluster > 128 ? 2 ** (256 - sectorsPerCluster) : sectorsPerCluster
  const clusterSize = perCluster * bytesPerSector
  if (clusterSize === 0 || clusterSize > 2 * 1024 * 1024 || (perCluster & (perCluster - 1)) !== 0) {
    return `its clusters have ${perCluster} sectors`
  }
  const recordSize = recordSizeCode > 127 ? 2 ** (256 - recordSizeCode) : recordSizeCode * clusterSize
  if (recordSize < 512 || recordSize > 65_536) return `its file records have ${recordSize} bytes`
  const clusters = Math.floor(sectors / perCluster)
  if (!Number.isSafeInteger(sectors * bytesPerSector) || clusters === 0) return `it claims ${sectors} sectors`
  if (mftCluster >= clusters) return 'its file table lies beyond its end'
  return { clusterSize, clusters, recordSize, mftAt: mftCluster * clusterSize }
}

interface CountedSpace {
  readonly free: number | null
  readonly regions: FilesystemFinding['freeByRegion']
  readonly note: string | null
}

async function readFreeSpace(
  region: GuestRegion,
  record: FileRecord | null,
  { clusters, clusterSize }: Geometry,
): Promise<CountedSpace> {
  const count = bitmapCount({ count: clusters, size: clusterSize, firstAt: 0 })
  const note = await readBitmap(region, { record, clusters, clusterSize }, (piece) => count.add(piece))
  if (note !== null) return { free: null, regions: [], note }
  const { free, runs } = count.result()
  return { free, regions: freeByRegion(region, runs), note: null }
}

interface BitmapPlace {
  readonly record: FileRecord | null
  readonly clusters: number
  readonly clusterSize: number
}

/** Gives $Bitmap piece by piece, or says why not. */
export async function readBitmap(
  region: GuestRegion,
  { record, clusters, clusterSize }: BitmapPlace,
  give: (piece: Uint8Array) => void,
): Promise<string | null> {
  const data = record && findAttribute(record, attributes.data)
  if (data?.kind !== 'non-resident') return 'its bitmap cannot be found'
  const length = Math.ceil(clusters / 8)
  if (length > maxBitmapBytes) return 'its free space is not counted: the bitmap is too large'
  for (let at = 0; at < length; at += windowLength) {
    const window = { at, length: Math.min(windowLength, length - at) }
    const piece = await readStream(region, { runs: data.runs, clusterSize }, window)
    if (!piece) return 'its bitmap ends before its clusters do'
    give(piece)
  }
  return null
}

import { ascii, bytes, u16le, u64le, u8 } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { toHex } from '../binary/hex.ts'
import { labelOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../layers/guest-contents.ts'
import type { GuestRegion } from '../layers/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { freeByRegion, freeFromBitmap } from './free-regions.ts'
import { findAttribute, readFileRecord, type FileRecord } from './ntfs-records.ts'

/** NTFS boot sector, as in the Linux-NTFS documentation, "$Boot". */
const bootSector = struct('NTFS boot sector', 80, {
  oemName: [0x03, ascii(8)],
  bytesPerSector: [0x0b, u16le],
  sectorsPerCluster: [0x0d, u8], // above 128: two to the power of 256 minus this
  sectors: [0x28, u64le],
  mftCluster: [0x30, u64le],
  recordSizeCode: [0x40, u8], // above 127: two to the power of 256 minus this, in bytes
  serial: [0x48, bytes(8)],
})
type BootSector = StructValue<typeof bootSector>

interface Geometry {
  readonly clusterSize: number
  readonly clusters: number
  readonly recordSize: number
  readonly mftAt: number
}

/** Bitmaps are read up to this size: 1 TiB in clusters of 4 KiB. */
const maxBitmapBytes = 32 * 1024 * 1024
/** Places of system files in the MFT. */
const records = { volume: 3, bitmap: 6 }
const attributes = { volumeName: 0x60, volumeInformation: 0x70, data: 0x80 }
const dirtyFlag = 0x0001

/** NTFS: label and dirty flag from $Volume, free space from $Bitmap. */
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
  const told = { type: 'ntfs', uuid, size, blockSize: geometry.clusterSize }
  const mft = await region.peek(geometry.mftAt, 8 * geometry.recordSize)
  const volume = mft && readFileRecord(mft, records.volume, geometry.recordSize)
  if (!volume) {
    return filesystemFinding(region, { ...told, sure: 'damaged', notes: ['its file table cannot be read'] })
  }
  const name = findAttribute(volume, attributes.volumeName)
  const information = findAttribute(volume, attributes.volumeInformation)
  const flags = information?.kind === 'resident' ? information.value : null
  const space = await readFreeSpace(
    region,
    readFileRecord(mft, records.bitmap, geometry.recordSize),
    geometry,
  )
  return filesystemFinding(region, {
    ...told,
    label: name?.kind === 'resident' ? labelOf(name.value, 'utf-16le') : null,
    free: space.free,
    state: flags && flags.length >= 12 ? stateOf(flags) : 'unknown',
    notes: space.note === null ? [] : [space.note],
    freeByRegion: space.regions,
  })
}

function stateOf(information: Uint8Array): 'clean' | 'dirty' {
  const flags = (information[10] ?? 0) | ((information[11] ?? 0) << 8)
  return (flags & dirtyFlag) === 0 ? 'clean' : 'dirty'
}

/** The geometry, or what is wrong with it. */
function geometryOf(facts: BootSector): Geometry | string {
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

interface FreeSpace {
  readonly free: number | null
  readonly regions: FilesystemFinding['freeByRegion']
  readonly note: string | null
}

async function readFreeSpace(
  region: GuestRegion,
  record: FileRecord | null,
  { clusters, clusterSize }: Geometry,
): Promise<FreeSpace> {
  const unknown = (note: string): FreeSpace => ({ free: null, regions: [], note })
  const data = record && findAttribute(record, attributes.data)
  if (data?.kind !== 'non-resident') return unknown('its bitmap cannot be found')
  const length = Math.ceil(clusters / 8)
  if (length > maxBitmapBytes) return unknown('its free space is not counted: the bitmap is too large')
  const bitmap = new Uint8Array(length)
  let filled = 0
  for (const run of data.runs) {
    if (filled === length) break
    const wanted = Math.min(run.clusters * clusterSize, length - filled)
    const part = run.cluster === null ? null : await region.peek(run.cluster * clusterSize, wanted)
    if (!part) return unknown('its bitmap lies beyond its end')
    bitmap.set(part, filled)
    filled += wanted
  }
  if (filled < length) return unknown('its bitmap is too short')
  const { free, runs } = freeFromBitmap(bitmap, { count: clusters, size: clusterSize, firstAt: 0 })
  return { free, regions: freeByRegion(region, runs), note: null }
}

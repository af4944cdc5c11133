import { bytes, u16le, u32le, u8 } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { freeByRegion, freeFromBitmap } from './free-regions.ts'

/** Microsoft FAT specification 1.03 (ECMA-107 for FAT12 and FAT16), "Boot sector and BPB". */
export const bootSector = struct('FAT boot sector', 90, {
  jump: [0, u8],
  bytesPerSector: [11, u16le],
  sectorsPerCluster: [13, u8],
  reservedSectors: [14, u16le],
  tables: [16, u8],
  rootEntries: [17, u16le],
  sectors16: [19, u16le],
  media: [21, u8],
  tableSectors16: [22, u16le],
  sectors32: [32, u32le],
  tableSectors32: [36, u32le], // FAT32 only, as all below
  mirroring: [40, u16le],
  rootCluster: [44, u32le],
  infoSector: [48, u16le],
})
type BootSector = StructValue<typeof bootSector>

/** What follows the BPB: at 36 for FAT12 and FAT16, at 64 for FAT32. */
const extended = struct('FAT extended boot record', 26, {
  state: [1, u8],
  signature: [2, u8],
  serial: [3, u32le],
  label: [7, bytes(11)],
})

const maxTableBytes = 4 * 1024 * 1024

export interface Geometry {
  readonly type: 'fat12' | 'fat16' | 'fat32'
  readonly size: number
  readonly clusterSize: number
  readonly clusters: number
  readonly tableAt: number
  readonly tableLength: number
  readonly dataAt: number
  readonly rootAt: number
  readonly rootLength: number
}

/** FAT12, FAT16 or FAT32: free space from the table itself up to 4 MiB, above from FSInfo. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(0, 512)
  if (!head || head[510] !== 0x55 || head[511] !== 0xaa) return null
  const facts = bootSector.read(head, region.name)
  const geometry = geometryOf(facts)
  if (!geometry) return null
  const { type, size, clusterSize } = geometry
  const record = extended.read(head, region.name, type === 'fat32' ? 64 : 36)
  const isExtended = record.signature === 0x28 || record.signature === 0x29
  const space = await readFreeSpace(region, facts, geometry)
  const label = (await readRootLabel(region, geometry)) ?? (isExtended ? bootLabel(record.label) : null)
  const hasDirtyBit = isExtended && (record.state & 0x01) !== 0
  return filesystemFinding(region, {
    type,
    label,
    uuid: isExtended ? serialOf(record.serial) : null,
    size,
    free: space?.free ?? null,
    blockSize: clusterSize,
    sectorSize: facts.bytesPerSector,
    state: hasDirtyBit || space?.isDirty === true ? 'dirty' : space ? 'clean' : 'unknown',
    notes: space?.note ? [space.note] : [],
    freeByRegion: space?.regions ?? [],
  })
}

export function geometryOf(facts: BootSector): Geometry | null {
  const { bytesPerSector, sectorsPerCluster, reservedSectors, tables, media } = facts
  const isSane =
    (facts.jump === 0xeb || facts.jump === 0xe9 || facts.jump === 0) &&
    isPowerOfTwo(bytesPerSector) &&
    bytesPerSector >= 512 &&
    bytesPerSector <= 4096 &&
    isPowerOfTwo(sectorsPerCluster) &&
    reservedSectors > 0 &&
    tables > 0 &&
    tables <= 4 &&
    (media === 0xf0 || media >= 0xf8)
  if (!isSane) return null
  const sectors = facts.sectors16 > 0 ? facts.sectors16 : facts.sectors32
  const tableSectors = facts.tableSectors16 > 0 ? facts.tableSectors16 : facts.tableSectors32
  const rootSectors = Math.ceil((facts.rootEntries * 32) / bytesPerSector)
  const dataSector = reservedSectors + tables * tableSectors + rootSectors
  const clusters = Math.floor((sectors - dataSector) / sectorsPerCluster)
  if (tableSectors === 0 || clusters < 1) return null
  const type = facts.tableSectors16 === 0 ? 'fat32' : clusters < 4085 ? 'fat12' : 'fat16'
  const bitsPerEntry = { fat12: 12, fat16: 16, fat32: 32 }[type]
  const tableLength = Math.ceil(((clusters + 2) * bitsPerEntry) / 8)
  if (tableLength > tableSectors * bytesPerSector) return null
  const clusterSize = sectorsPerCluster * bytesPerSector
  const dataAt = dataSector * bytesPerSector
  const isInData = type === 'fat32'
  return {
    type,
    size: sectors * bytesPerSector,
    clusterSize,
    clusters,
    tableAt: reservedSectors * bytesPerSector,
    tableLength,
    dataAt,
    rootAt: isInData ? dataAt + (facts.rootCluster - 2) * clusterSize : dataAt - rootSectors * bytesPerSector,
    rootLength: Math.min(4096, isInData ? clusterSize : rootSectors * bytesPerSector),
  }
}

interface FreeSpace {
  readonly free: number | null
  readonly isDirty: boolean
  readonly regions: FilesystemFinding['freeByRegion']
  readonly note: string | null
}

async function readFreeSpace(
  region: GuestRegion,
  facts: BootSector,
  geometry: Geometry,
): Promise<FreeSpace | null> {
  const { type, clusters, clusterSize, dataAt, tableAt, tableLength } = geometry
  if (tableLength > maxTableBytes) return readInfoSector(region, facts, geometry)
  const table = await region.peek(tableAt, tableLength)
  if (!table) return null
  const entryOf = entryReaders[type](table)
  const bitmap = new Uint8Array(Math.ceil(clusters / 8))
  for (let index = 0; index < clusters; index += 1) {
    if (entryOf(index + 2) !== 0) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7))
  }
  const { free, runs } = freeFromBitmap(bitmap, { count: clusters, size: clusterSize, firstAt: dataAt })
  return { free, isDirty: isMarkedDirty(type, entryOf(1)), regions: freeByRegion(region, runs), note: null }
}

/** "FSInfo": a hint that drivers keep, possibly stale. */
async function readInfoSector(
  region: GuestRegion,
  { infoSector, bytesPerSector }: BootSector,
  { clusters, clusterSize, tableAt }: Geometry,
): Promise<FreeSpace | null> {
  const info = await region.peek(infoSector * bytesPerSector, 512)
  const start = await region.peek(tableAt, 8)
  if (!info || !start) return null
  const view = new DataView(info.buffer, info.byteOffset, info.length)
  const told = view.getUint32(488, true)
  const isInfo = view.getUint32(0, true) === 0x41615252 && view.getUint32(484, true) === 0x61417272
  const free = isInfo && told <= clusters ? told * clusterSize : null
  const isDirty = isMarkedDirty('fat32', entryReaders.fat32(start)(1))
  return { free, isDirty, regions: [], note: free === null ? null : 'free space as its last driver noted it' }
}

export const entryReaders: Record<Geometry['type'], (table: Uint8Array) => (cluster: number) => number> = {
  fat12: (table) => (cluster) => {
    const at = cluster + (cluster >> 1)
    const pair = (table[at] ?? 0) | ((table[at + 1] ?? 0) << 8)
    return (cluster & 1) === 0 ? pair & 0xfff : pair >> 4
  },
  fat16: (table) => (cluster) => (table[cluster * 2] ?? 0) | ((table[cluster * 2 + 1] ?? 0) << 8),
  fat32: (table) => {
    const view = new DataView(table.buffer, table.byteOffset, table.length)
    return (cluster) => view.getUint32(cluster * 4, true) & 0x0fff_ffff
  },
}

/** Entry 1 has a bit that drivers clear while they have the volume mounted. */
function isMarkedDirty(type: Geometry['type'], entry: number): boolean {
  if (type === 'fat12') return false
  return (entry & (type === 'fat16' ? 0x8000 : 0x0800_0000)) === 0
}

/** The label's entry in the root folder: it counts, the boot sector's copy may be stale. */
async function readRootLabel(region: GuestRegion, { rootAt, rootLength }: Geometry): Promise<string | null> {
  const entries = await region.peek(rootAt, rootLength)
  if (!entries) return null
  for (let at = 0; at + 32 <= entries.length && entries[at] !== 0; at += 32) {
    const attributes = entries[at + 11] ?? 0
    const isLabel = (attributes & 0x3f) === 0x08 && entries[at] !== 0xe5
    if (isLabel) return labelOf(entries.subarray(at, at + 11), 'latin1')
  }
  return null
}

function bootLabel(label: Uint8Array): string | null {
  const text = labelOf(label, 'latin1')
  return text === 'NO NAME' ? null : text
}

function serialOf(serial: number): string {
  const hex = serial.toString(16).toUpperCase().padStart(8, '0')
  return `${hex.slice(0, 4)}-${hex.slice(4)}`
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0
}

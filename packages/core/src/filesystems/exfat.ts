import { bytes, u16le, u32le, u64le, u8 } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { freeByRegion, freeFromBitmap } from './free-regions.ts'

/** Microsoft exFAT specification, section 3.1 "Main and Backup Boot Sector". */
export const bootSector = struct('exFAT boot sector', 120, {
  name: [3, bytes(8)],
  sectors: [72, u64le],
  tableSector: [80, u32le],
  heapSector: [88, u32le],
  clusters: [92, u32le],
  rootCluster: [96, u32le],
  serial: [100, u32le],
  flags: [106, u16le],
  sectorShift: [108, u8],
  clusterShift: [109, u8],
  tables: [110, u8],
  percentInUse: [112, u8],
})
export type BootSector = StructValue<typeof bootSector>

const maxBitmapBytes = 32 * 1024 * 1024
const dirtyFlag = 0x0002
const entryTypes = { bitmap: 0x81, label: 0x83 }

/** exFAT: free space from its allocation bitmap. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(0, bootSector.size)
  if (!head || String.fromCharCode(...head.subarray(3, 11)) !== 'EXFAT   ') return null
  const facts = bootSector.read(head, region.name)
  const { sectorShift, clusterShift, serial } = facts
  const hex = serial.toString(16).toUpperCase().padStart(8, '0')
  const uuid = `${hex.slice(0, 4)}-${hex.slice(4)}`
  const size = facts.sectors * 2 ** sectorShift
  if (sectorShift < 9 || sectorShift > 12 || sectorShift + clusterShift > 25 || !Number.isSafeInteger(size)) {
    return filesystemFinding(region, {
      type: 'exfat',
      sure: 'damaged',
      uuid,
      notes: ['its geometry is impossible'],
    })
  }
  const clusterSize = 2 ** (sectorShift + clusterShift)
  const root = await readRoot(region, facts)
  const space = root.bitmap && (await readBitmap(region, facts, root.bitmap))
  return filesystemFinding(region, {
    type: 'exfat',
    label: root.label,
    uuid,
    size,
    free: space ? space.free : null,
    blockSize: clusterSize,
    sectorSize: 2 ** sectorShift,
    state: (facts.flags & dirtyFlag) === 0 ? 'clean' : 'dirty',
    notes: space ? [] : ['its allocation bitmap was not read'],
    freeByRegion: space ? freeByRegion(region, space.runs) : [],
  })
}

interface BitmapPlace {
  readonly cluster: number
  readonly length: number
}

/** The label and the place of the bitmap: both come first in the root folder (section 7). */
export async function readRoot(
  region: GuestRegion,
  facts: BootSector,
): Promise<{ label: string | null; bitmap: BitmapPlace | null }> {
  const length = Math.min(4096, 2 ** (facts.sectorShift + facts.clusterShift))
  const entries = await region.peek(clusterAt(facts, facts.rootCluster), length)
  let label: string | null = null
  let bitmap: BitmapPlace | null = null
  if (!entries) return { label, bitmap }
  const view = new DataView(entries.buffer, entries.byteOffset, entries.length)
  for (let at = 0; at + 32 <= entries.length && entries[at] !== 0; at += 32) {
    if (entries[at] === entryTypes.label) {
      const characters = Math.min(11, entries[at + 1] ?? 0)
      label = labelOf(entries.subarray(at + 2, at + 2 + 2 * characters), 'utf-16le')
    }
    if (entries[at] === entryTypes.bitmap && ((entries[at + 1] ?? 0) & 1) === 0) {
      const high = view.getUint32(at + 28, true)
      if (high === 0)
        bitmap = { cluster: view.getUint32(at + 20, true), length: view.getUint32(at + 24, true) }
    }
  }
  return { label, bitmap }
}

/** The bitmap, where it is as long as it must be and lies in one piece. */
async function readBitmap(region: GuestRegion, facts: BootSector, { cluster, length }: BitmapPlace) {
  const needed = Math.ceil(facts.clusters / 8)
  if (length < needed || needed > maxBitmapBytes) return null
  if (!(await isInOnePiece(region, facts, { cluster, length: needed }))) return null
  const bitmap = await region.peek(clusterAt(facts, cluster), needed)
  if (!bitmap) return null
  const size = 2 ** (facts.sectorShift + facts.clusterShift)
  return freeFromBitmap(bitmap, { count: facts.clusters, size, firstAt: clusterAt(facts, 2) })
}

export async function isInOnePiece(region: GuestRegion, facts: BootSector, { cluster, length }: BitmapPlace) {
  const links = Math.ceil(length / 2 ** (facts.sectorShift + facts.clusterShift)) - 1
  if (links < 1) return true
  const table = await region.peek(facts.tableSector * 2 ** facts.sectorShift + cluster * 4, links * 4)
  if (!table) return false
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  for (let i = 0; i < links; i += 1) if (view.getUint32(i * 4, true) !== cluster + i + 1) return false
  return true
}

export function clusterAt({ heapSector, sectorShift, clusterShift }: BootSector, cluster: number): number {
  return heapSector * 2 ** sectorShift + (cluster - 2) * 2 ** (sectorShift + clusterShift)
}

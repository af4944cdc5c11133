import { ascii, bytes, u16be, u32be } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import type { Problem } from '../problems/problem.ts'
import { checkPlacement } from './check-placement.ts'
import type { TableScan } from './table-scan.ts'

/** Inside Macintosh: Devices, "Data structures": Block0. */
const driverDescriptor = struct('Apple driver descriptor', 8, {
  signature: [0, ascii(2)], // ER
  blockSize: [2, u16be],
  blockCount: [4, u32be],
})

/** Inside Macintosh: Devices, "The partition map entry record". */
const mapEntry = struct('Apple partition map entry', 92, {
  signature: [0, ascii(2)], // PM
  mapBlocks: [4, u32be],
  firstBlock: [8, u32be],
  blocks: [12, u32be],
  name: [16, bytes(32)],
  type: [48, bytes(32)],
  status: [88, u32be],
})

const maxEntries = 256

const typeNames: Readonly<Record<string, string>> = {
  Apple_partition_map: 'Partition map',
  Apple_HFS: 'Apple HFS+',
  Apple_HFSX: 'Apple HFSX',
  Apple_UFS: 'Apple UFS',
  Apple_APFS: 'Apple APFS',
  Apple_Boot: 'Apple boot',
  Apple_Driver43: 'Driver',
  Apple_Driver_ATAPI: 'Driver',
  Apple_Patches: 'Patches',
}

/** An Apple partition map: its first entry says how many there are. */
export async function readApm(disk: GuestRegion): Promise<TableScan | null> {
  const first = await disk.peek(0, driverDescriptor.size)
  if (!first) return null
  const descriptor = driverDescriptor.read(first, disk.name)
  if (descriptor.signature !== 'ER') return null
  const blockSize = await blockSizeOf(disk, descriptor.blockSize)
  if (blockSize === null) return null
  const partitions: Partition[] = []
  const problems: Problem[] = []
  let count = 1
  for (let index = 1; index <= count; index += 1) {
    const block = await disk.peek(index * blockSize, mapEntry.size)
    const entry = block && mapEntry.read(block, disk.name)
    if (entry?.signature !== 'PM') {
      problems.push(guestProblem('apm-damaged', disk.name, { reason: `entry ${index} is missing` }))
      break
    }
    if (index === 1) count = Math.min(entry.mapBlocks, maxEntries)
    const type = labelOf(entry.type) ?? 'unknown'
    if (type === 'Apple_Free' || entry.blocks === 0) continue
    partitions.push({
      index,
      start: entry.firstBlock * blockSize,
      length: entry.blocks * blockSize,
      type,
      typeName: typeNames[type] ?? type,
      name: labelOf(entry.name),
      uuid: null,
      bootable: (entry.status & 0x08) !== 0,
      role: 'primary',
    })
  }
  problems.push(...checkPlacement(partitions, disk))
  const sure = problems.length > 0 ? 'damaged' : 'consistent'
  return { table: { kind: 'apm', sure, sectorSize: blockSize, id: null, partitions, notes: [] }, problems }
}

/** Entries lie one per block; on CDs the descriptor says 2,048 although they lie 512 apart. */
async function blockSizeOf(disk: GuestRegion, told: number): Promise<number | null> {
  for (const blockSize of [told, 512, 2048]) {
    if (blockSize < 512 || blockSize > 8192 || blockSize % 512 !== 0) continue
    const signature = await disk.peek(blockSize, 2)
    if (signature && signature[0] === 0x50 && signature[1] === 0x4d) return blockSize
  }
  return null
}

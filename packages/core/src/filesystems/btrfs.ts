import { crc32c } from '../binary/crc32.ts'
import { ascii, bytes, u16le, u32le, u64le } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import { formatUuid } from '../binary/uuid.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { readFreeRuns, type BtrfsTrees } from './btrfs-chunks.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { freeByRegion } from './free-regions.ts'

export const superblockAt = 64 * 1024

/** Btrfs on-disk format, "Superblock"; the item of this device begins at 0xC9. */
export const superblock = struct('Btrfs superblock', 4096, {
  checksum: [0x00, u32le],
  uuid: [0x20, bytes(16)],
  magic: [0x40, ascii(8)],
  root: [0x50, u64le],
  chunkRoot: [0x58, u64le],
  logRoot: [0x60, u64le],
  totalBytes: [0x70, u64le],
  bytesUsed: [0x78, u64le],
  devices: [0x88, u64le],
  sectorSize: [0x90, u32le],
  nodeSize: [0x94, u32le],
  systemChunksSize: [0xa0, u32le],
  incompatible: [0xbc, u32le],
  incompatibleHigh: [0xc0, u32le],
  checksumType: [0xc4, u16le],
  deviceBytes: [0xd1, u64le],
  label: [0x12b, bytes(256)],
  systemChunks: [0x32b, bytes(2048)],
})

/** Btrfs: consistent at every moment, so that clean means that no log waits for replay; used
 * bytes count each copy where the block groups tell, and every block once where they are too many. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(superblockAt, superblock.size)
  if (!head || String.fromCharCode(...head.subarray(0x40, 0x48)) !== '_BHRfS_M') return null
  const facts = superblock.read(head, region.name)
  const contradiction =
    facts.checksumType === 0 && crc32c(head.subarray(32)) !== facts.checksum
      ? 'the checksum of its superblock is wrong'
      : facts.bytesUsed > facts.totalBytes
        ? `it claims ${facts.bytesUsed} used bytes of ${facts.totalBytes}`
        : null
  const isAlone = facts.devices === 1
  const isTelling = isAlone && contradiction === null
  const runs = isTelling ? await readFreeRuns(treesOf(region, facts)) : null
  const free = runs
    ? runs.reduce((sum, run) => sum + run.free, 0)
    : Math.max(0, facts.deviceBytes - facts.bytesUsed)
  return filesystemFinding(region, {
    type: 'btrfs',
    sure: contradiction === null ? 'consistent' : 'damaged',
    label: labelOf(facts.label),
    uuid: formatUuid(facts.uuid),
    size: facts.deviceBytes,
    devices: facts.devices,
    free: isTelling ? free : null,
    blockSize: facts.sectorSize,
    state: contradiction !== null ? 'unknown' : facts.logRoot === 0 ? 'clean' : 'dirty',
    notes: [
      ...(contradiction === null ? [] : [contradiction]),
      ...(facts.logRoot === 0 ? [] : ['its log tree must be replayed']),
      ...(isAlone ? [] : [`spread over ${facts.devices} devices`]),
    ],
    freeByRegion: runs ? freeByRegion(region, runs) : [],
  })
}

export function treesOf(region: GuestRegion, facts: StructValue<typeof superblock>): BtrfsTrees {
  const { nodeSize, deviceBytes, root, chunkRoot, systemChunks, systemChunksSize } = facts
  const isPossible = nodeSize >= 4096 && nodeSize <= 65_536
  return {
    region,
    nodeSize: isPossible ? nodeSize : 0,
    deviceBytes,
    root,
    chunkRoot,
    systemChunks: systemChunks.subarray(0, isPossible ? systemChunksSize : 0),
  }
}

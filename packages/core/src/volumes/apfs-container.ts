import { ascii, bytes, u16le, u32le, u64le } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import { formatUuid } from '../binary/uuid.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from '../filesystems/filesystem-finding.ts'
import { closedVolume, volumeFinding, type VolumeScan } from './volume-finding.ts'

/** Apple File System Reference, "Container Superblock" (nx_superblock_t); the object header comes first. */
const containerSuperblock = struct('APFS container superblock', 984, {
  transaction: [16, u64le],
  magic: [32, ascii(4)],
  blockSize: [36, u32le],
  blocks: [40, u64le],
  uuid: [72, bytes(16)],
  descriptorBlocks: [104, u32le],
  descriptorBase: [112, u64le],
  descriptorIndex: [136, u32le],
  descriptorLength: [140, u32le],
  spaceManager: [152, u64le],
  objectMap: [160, u64le],
  maxVolumes: [180, u32le],
  volumes: [184, bytes(800)],
})
type ContainerSuperblock = StructValue<typeof containerSuperblock>

/** "Checkpoint Mapping" (checkpoint_mapping_t). */
const checkpointMapping = struct('APFS checkpoint mapping', 40, {
  object: [24, u64le],
  block: [32, u64le],
})

/** "B-Trees" (btree_node_phys_t). */
const treeNode = struct('APFS B-tree node', 56, {
  flags: [32, u16le],
  level: [34, u16le],
  keys: [36, u32le],
  tableAt: [40, u16le],
  tableLength: [42, u16le],
})

/** "Volume Superblock" (apfs_superblock_t). */
const volumeSuperblock = struct('APFS volume superblock', 960, {
  magic: [32, ascii(4)],
  allocatedBlocks: [88, u64le],
  uuid: [240, bytes(16)],
  name: [704, bytes(256)],
})

/** Blocks of the checkpoint area that are read: macOS makes 8 to 280, of 4 KiB. */
const maxDescriptorBlocks = 512
const maxVolumes = 100

export interface ApfsContainer {
  readonly uuid: string
  readonly blockSize: number
  readonly blocks: number
  /** Null when the space manager could not be read. */
  readonly freeBlocks: number | null
  readonly volumes: readonly { readonly name: string; readonly allocated: number }[]
  readonly contradiction: string | null
}

/** An APFS container: its members are the volumes, which share its space, so that the filesystem is described as one. */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  const container = await readContainer(region)
  if (!container) return null
  const { uuid, volumes, contradiction, blockSize, blocks, freeBlocks } = container
  const sure = contradiction === null ? 'consistent' : 'damaged'
  const notes = contradiction === null ? [] : [contradiction]
  const members = volumes.map(({ name, allocated }) => ({ name, length: allocated, segments: [] }))
  return {
    ...closedVolume(volumeFinding(region, { type: 'apfs-container', sure, uuid, members, notes })),
    filesystem: filesystemFinding(region, {
      type: 'apfs',
      sure,
      label: volumes.length === 1 ? (volumes[0]?.name ?? null) : null,
      uuid,
      size: contradiction === null ? blocks * blockSize : null,
      free: freeBlocks === null ? null : freeBlocks * blockSize,
      blockSize,
      notes,
    }),
  }
}

/** The newest state of a container: its size, free blocks and volumes as far as they are found without a search. */
export async function readContainer(region: GuestRegion): Promise<ApfsContainer | null> {
  const first = await region.peek(0, containerSuperblock.size)
  if (!first || String.fromCharCode(...first.subarray(32, 36)) !== 'NXSB') return null
  const told = containerSuperblock.read(first, region.name)
  const { blockSize, blocks } = told
  const uuid = formatUuid(told.uuid)
  const isSound =
    blockSize >= 4096 &&
    blockSize <= 65_536 &&
    (blockSize & (blockSize - 1)) === 0 &&
    Number.isSafeInteger(blocks * blockSize)
  if (!isSound) {
    const contradiction = `it claims ${blocks} blocks of ${blockSize} bytes`
    return { uuid, blockSize, blocks: 0, freeBlocks: null, volumes: [], contradiction }
  }
  const checkpoint = await readCheckpoint(region, told)
  const freeBlocks = checkpoint && (await readFreeBlocks(region, checkpoint))
  const volumes = await readVolumes(region, checkpoint?.newest ?? told)
  return { uuid, blockSize, blocks, freeBlocks, volumes, contradiction: null }
}

interface Checkpoint {
  readonly newest: ContainerSuperblock
  readonly area: Uint8Array
}

/** The superblock of the highest transaction in the checkpoint area; block 0 may be older. */
async function readCheckpoint(region: GuestRegion, told: ContainerSuperblock): Promise<Checkpoint | null> {
  const { blockSize, descriptorBlocks, descriptorBase } = told
  if (descriptorBlocks === 0 || descriptorBlocks > maxDescriptorBlocks) return null
  const area = await region.peek(descriptorBase * blockSize, descriptorBlocks * blockSize)
  if (!area) return null
  let newest = told
  for (let at = 0; at < area.length; at += blockSize) {
    if (String.fromCharCode(...area.subarray(at + 32, at + 36)) !== 'NXSB') continue
    const found = containerSuperblock.read(area, region.name, at)
    if (found.transaction > newest.transaction && found.blockSize === blockSize) newest = found
  }
  return { newest, area }
}

/** "Space Manager" (spaceman_phys_t): found through the checkpoint's map; the main device's free count is at 72. */
async function readFreeBlocks(region: GuestRegion, { newest, area }: Checkpoint): Promise<number | null> {
  const { blockSize, descriptorBlocks, descriptorIndex, descriptorLength, spaceManager, blocks } = newest
  for (let i = 0; i < Math.min(descriptorLength, descriptorBlocks); i += 1) {
    const at = ((descriptorIndex + i) % descriptorBlocks) * blockSize
    const view = new DataView(area.buffer, area.byteOffset + at, blockSize)
    if ((view.getUint32(24, true) & 0xffff) !== objectTypes.checkpointMap) continue
    const count = Math.min(view.getUint32(36, true), Math.floor((blockSize - 40) / checkpointMapping.size))
    for (let slot = 0; slot < count; slot += 1) {
      const mapping = checkpointMapping.read(area, region.name, at + 40 + slot * checkpointMapping.size)
      if (mapping.object !== spaceManager) continue
      const found = await region.peek(mapping.block * blockSize, 96)
      const free = found && freeCount.read(found, region.name).free
      return free !== null && free <= blocks ? free : null
    }
  }
  return null
}

const objectTypes = { checkpointMap: 0x0c }
const freeCount = struct('APFS space manager', 80, { free: [72, u64le] })

/** The volumes, where the container's object map is a single leaf, as it is up to some hundred volumes and snapshots. */
async function readVolumes(region: GuestRegion, container: ContainerSuperblock) {
  const { blockSize, objectMap } = container
  const map = await region.peek(objectMap * blockSize, 56)
  if (!map) return []
  const root = objectMapRoot.read(map, region.name).root
  const node = await region.peek(root * blockSize, blockSize)
  const places = node ? readLeaf(node, region.name) : new Map<number, number>()
  const volumes: { name: string; allocated: number }[] = []
  const ids = new DataView(container.volumes.buffer, container.volumes.byteOffset)
  for (let slot = 0; slot < Math.min(container.maxVolumes, maxVolumes); slot += 1) {
    const block = places.get(ids.getUint32(slot * 8, true))
    const found = block === undefined ? null : await region.peek(block * blockSize, volumeSuperblock.size)
    const volume = found && volumeSuperblock.read(found, region.name)
    if (volume?.magic !== 'APSB') continue
    const allocated = volume.allocatedBlocks * blockSize
    if (!Number.isSafeInteger(allocated)) continue
    volumes.push({ name: labelOf(volume.name) ?? `volume ${slot + 1}`, allocated })
  }
  return volumes
}

const objectMapRoot = struct('APFS object map', 56, { root: [48, u64le] })

/** Object number → block of a root leaf of fixed-size entries ("B-Trees", "Object Maps"); the newest transaction wins. */
function readLeaf(node: Uint8Array, file: string): Map<number, number> {
  const places = new Map<number, number>()
  const { flags, level, keys, tableAt, tableLength } = treeNode.read(node, file)
  const isRootLeaf = level === 0 && (flags & 0x7) === 0x7
  if (!isRootLeaf) return places
  const view = new DataView(node.buffer, node.byteOffset, node.length)
  const keysAt = treeNode.size + tableAt + tableLength
  const valuesEnd = node.length - 40
  for (let slot = 0; slot < keys; slot += 1) {
    const entryAt = treeNode.size + tableAt + slot * 4
    if (entryAt + 4 > node.length) break
    const keyAt = keysAt + view.getUint16(entryAt, true)
    const valueAt = valuesEnd - view.getUint16(entryAt + 2, true)
    if (keyAt + 16 > node.length || valueAt < 0 || valueAt + 16 > node.length) continue
    // Keys are sorted by object, then transaction: a later one replaces an earlier one.
    const blockHigh = view.getUint32(valueAt + 12, true)
    if (view.getUint32(keyAt + 4, true) !== 0 || blockHigh > 0xffff) continue
    places.set(view.getUint32(keyAt, true), blockHigh * 0x1_0000_0000 + view.getUint32(valueAt + 8, true))
  }
  return places
}

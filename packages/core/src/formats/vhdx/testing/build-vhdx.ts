import { memorySource, type ByteSource } from '../../../binary/byte-source.ts'
import { parseGuid } from '../../../binary/uuid.ts'
import { sparseDisk, type Patch } from '../../../testing/sparse-disk.ts'
import { batShape, encodeEntry, entrySize } from '../bat.ts'
import { sealChecksum } from '../checksum.ts'
import {
  fileIdentifier,
  fileParameterFlags,
  fileParameters,
  header,
  headersAt,
  itemGuids,
  locatorEntry,
  locatorHeader,
  metadataEntry,
  metadataTableHeader,
  mib,
  regionEntry,
  regionGuids,
  regionTableHeader,
  regionTablesAt,
  regionTableSize,
  uint32Item,
  uint64Item,
  vhdxLocatorType,
} from '../header.ts'

export const dataWriteGuid = '11111111-2222-4333-8444-555555555555'
export const logGuid = '99999999-8888-4777-8666-555555555555'
const nilGuid = '00000000-0000-0000-0000-000000000000'

export const logAt = mib
export const logLength = mib
export const metadataAt = 2 * mib
export const batAt = 3 * mib
const itemsAt = 64 * 1024

export interface VhdxPlan {
  readonly virtualSize: number
  readonly blockSize: number
  readonly logicalSectorSize?: number
  readonly isFixed?: boolean
  /** Pairs of the parent locator, for a differencing disk. */
  readonly parent?: Readonly<Record<string, string>>
  /** Entries of the BAT by their index in it. */
  readonly entries?: Readonly<Record<number, { state: number; offset: number }>>
  /** Bytes at places of the file. */
  readonly patches?: readonly Patch[]
  /** The log is dirty and starts with these bytes. */
  readonly log?: Uint8Array
  readonly dataWriteGuid?: string
  /** Bytes of the file, at least. */
  readonly fileSize?: number
}

/** The structures of a hand-made VHDX as patches, and the size of its file. */
export function planVhdx(plan: VhdxPlan): { readonly size: number; readonly patches: readonly Patch[] } {
  const { virtualSize, blockSize, logicalSectorSize = 512, parent, entries = {}, patches = [], log } = plan
  const hasParent = parent !== undefined
  const bat = batShape({ virtualSize, blockSize, logicalSectorSize, hasParent })
  const batLength = Math.max(1, Math.ceil((bat.entryCount * entrySize) / mib)) * mib
  const regions = regionTable(batLength)
  const all: Patch[] = [
    { at: 0, bytes: fileIdentifier.write({ signature: 'vhdxfile', creator: new Uint8Array(512) }) },
    ...headersAt.map((at, index) => ({ at, bytes: headerBytes(plan, index + 1) })),
    ...regionTablesAt.map((at) => ({ at, bytes: regions })),
    ...(log ? [{ at: logAt, bytes: log }] : []),
    ...metadata({ ...plan, logicalSectorSize }),
    ...Object.entries(entries).map(([index, entry]) => {
      const bytes = new Uint8Array(entrySize)
      encodeEntry(new DataView(bytes.buffer), 0, entry)
      return { at: batAt + Number(index) * entrySize, bytes }
    }),
    ...patches,
  ]
  const end = all.reduce((last, { at, bytes }) => Math.max(last, at + bytes.length), batAt + batLength)
  return { size: Math.max(end, plan.fileSize ?? 0), patches: all }
}

/** The whole file in memory, for small ones. */
export function buildVhdx(plan: VhdxPlan): Uint8Array {
  const { size, patches } = planVhdx(plan)
  const bytes = new Uint8Array(size)
  for (const patch of patches) bytes.set(patch.bytes, patch.at)
  return bytes
}

/** The file as a source of any size that tells its holes and counts what is read from it. */
export function sparseVhdx(plan: VhdxPlan): { source: ByteSource; reads: { calls: number; bytes: number } } {
  const { size, patches } = planVhdx(plan)
  const disk = sparseDisk(size, patches, 'sparse.vhdx')
  return {
    source: {
      name: disk.name,
      size,
      readInto: (target, at) => disk.readInto(target, at),
      extents: (range) => disk.extents(range),
    },
    reads: disk.reads,
  }
}

/** Seals headers and region tables again after `bytes` was changed. */
export function resealVhdx(bytes: Uint8Array): Uint8Array {
  for (const at of headersAt) sealChecksum(bytes.subarray(at, at + header.size))
  for (const at of regionTablesAt) sealChecksum(bytes.subarray(at, at + regionTableSize))
  return bytes
}

export function sourceOf(bytes: Uint8Array): ByteSource {
  return memorySource(bytes, 'handmade.vhdx')
}

function headerBytes(plan: VhdxPlan, sequenceNumber: number): Uint8Array {
  const bytes = header.write({
    signature: 'head',
    checksum: 0,
    sequenceNumber,
    fileWriteGuid: parseGuid('12345678-1234-4234-8234-123456789abc'),
    dataWriteGuid: parseGuid(plan.dataWriteGuid ?? dataWriteGuid),
    logGuid: parseGuid(plan.log ? logGuid : nilGuid),
    logVersion: 0,
    version: 1,
    logLength,
    logOffset: logAt,
  })
  sealChecksum(bytes)
  return bytes
}

function regionTable(batLength: number): Uint8Array {
  const table = new Uint8Array(regionTableSize)
  table.set(regionTableHeader.write({ signature: 'regi', checksum: 0, entryCount: 2 }))
  const regions = [
    { guid: parseGuid(regionGuids.bat), fileOffset: batAt, length: batLength, required: 1 },
    { guid: parseGuid(regionGuids.metadata), fileOffset: metadataAt, length: mib, required: 1 },
  ]
  for (const [index, region] of regions.entries())
    table.set(regionEntry.write(region), regionTableHeader.size + index * regionEntry.size)
  sealChecksum(table)
  return table
}

function metadata(plan: VhdxPlan & { logicalSectorSize: number }): Patch[] {
  const flags =
    (plan.isFixed ? fileParameterFlags.leaveBlocksAllocated : 0) |
    (plan.parent ? fileParameterFlags.hasParent : 0)
  const items: [guid: string, flags: number, bytes: Uint8Array][] = [
    [itemGuids.fileParameters, 4, fileParameters.write({ blockSize: plan.blockSize, flags })],
    [itemGuids.virtualDiskSize, 6, uint64Item.write({ value: plan.virtualSize })],
    [itemGuids.virtualDiskId, 6, new Uint8Array(16).fill(7)],
    [itemGuids.logicalSectorSize, 6, uint32Item.write({ value: plan.logicalSectorSize })],
    [itemGuids.physicalSectorSize, 6, uint32Item.write({ value: 4096 })],
  ]
  if (plan.parent) items.push([itemGuids.parentLocator, 4, buildLocator(plan.parent)])
  const patches: Patch[] = [
    {
      at: metadataAt,
      bytes: metadataTableHeader.write({ signature: 'metadata', entryCount: items.length }),
    },
  ]
  let offset = itemsAt
  for (const [index, [guid, itemFlags, bytes]] of items.entries()) {
    const entry = { itemId: parseGuid(guid), offset, length: bytes.length, flags: itemFlags }
    patches.push({
      at: metadataAt + metadataTableHeader.size + index * metadataEntry.size,
      bytes: metadataEntry.write(entry),
    })
    patches.push({ at: metadataAt + offset, bytes })
    offset += bytes.length
  }
  return patches
}

/** A parent locator of the VHDX kind. */
export function buildLocator(pairs: Readonly<Record<string, string>>): Uint8Array {
  const texts = Object.entries(pairs).map((pair) => pair.map(utf16))
  let at = locatorHeader.size + texts.length * locatorEntry.size
  const parts: Uint8Array[] = [
    locatorHeader.write({ locatorType: parseGuid(vhdxLocatorType), keyValueCount: texts.length }),
  ]
  for (const [key = new Uint8Array(), value = new Uint8Array()] of texts) {
    parts.push(
      locatorEntry.write({
        keyOffset: at,
        valueOffset: at + key.length,
        keyLength: key.length,
        valueLength: value.length,
      }),
    )
    at += key.length + value.length
  }
  return Buffer.concat([...parts, ...texts.flat()])
}

function utf16(text: string): Uint8Array {
  return Buffer.from(text, 'utf16le')
}

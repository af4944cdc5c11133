import { deriveUuid } from '../../binary/derive-uuid.ts'
import { formatUuid, parseGuid } from '../../binary/uuid.ts'
import type { FileWrite } from '../disk-writer.ts'
import { blockStates, encodeEntry, entrySize, payloadEntry } from './bat.ts'
import { sealChecksum } from './checksum.ts'
import {
  fileIdentifier,
  fileParameterFlags,
  fileParameters,
  header,
  headersAt,
  itemGuids,
  metadataEntry,
  metadataFlags,
  metadataTableHeader,
  regionEntry,
  regionGuids,
  regionTableHeader,
  regionTablesAt,
  regionTableSize,
  uint32Item,
  uint64Item,
} from './header.ts'
import { logRegion, metadataRegion, physicalSectorSize, type VhdxLayout } from './layout.ts'

/** Entries of the BAT written at a time. */
const batPart = 8192
/** Where the items start in the metadata region, behind the table. */
const itemsAt = 64 * 1024

/** Byte offset in the file of a payload block, or null for one that is not present. */
export type OffsetOf = (block: number) => number | null

/** What makes the blocks an image; the file identifier comes last. Same layout and id, same bytes. */
export function* finalStructures(layout: VhdxLayout, offsetOf: OffsetOf, id: string): Generator<FileWrite> {
  yield* batWrites(layout, offsetOf)
  yield { at: metadataRegion.start, bytes: metadataTable(layout, id) }
  const regions = regionTable(layout)
  for (const at of regionTablesAt) yield { at, bytes: regions }
  for (const [index, at] of headersAt.entries()) yield { at, bytes: encodeHeader(id, index + 1) }
  yield {
    at: 0,
    bytes: fileIdentifier.write({ signature: 'vhdxfile', creator: utf16('Varve', 512) }),
  }
}

/** Parts of the BAT without a block stay holes. */
function* batWrites({ bat, batRegion }: VhdxLayout, offsetOf: OffsetOf): Generator<FileWrite> {
  for (let first = 0; first < bat.blockCount; first += batPart) {
    const last = Math.min(first + batPart, bat.blockCount) - 1
    const firstEntry = payloadEntry(bat, first)
    const bytes = new Uint8Array((payloadEntry(bat, last) + 1 - firstEntry) * entrySize)
    const view = new DataView(bytes.buffer)
    let hasBlocks = false
    for (let block = first; block <= last; block += 1) {
      const offset = offsetOf(block)
      if (offset === null) continue
      hasBlocks = true
      const at = (payloadEntry(bat, block) - firstEntry) * entrySize
      encodeEntry(view, at, { state: blockStates.fullyPresent, offset })
    }
    if (hasBlocks) yield { at: batRegion.start + firstEntry * entrySize, bytes }
  }
}

function metadataTable({ virtualSize, isFixed, logicalSectorSize, bat }: VhdxLayout, id: string): Uint8Array {
  const { isRequired, isVirtualDisk } = metadataFlags
  const ofDisk = isRequired | isVirtualDisk
  const items: readonly { guid: string; flags: number; bytes: Uint8Array }[] = [
    {
      guid: itemGuids.fileParameters,
      flags: isRequired,
      bytes: fileParameters.write({
        blockSize: bat.blockSize,
        flags: isFixed ? fileParameterFlags.leaveBlocksAllocated : 0,
      }),
    },
    { guid: itemGuids.virtualDiskSize, flags: ofDisk, bytes: uint64Item.write({ value: virtualSize }) },
    { guid: itemGuids.virtualDiskId, flags: ofDisk, bytes: guidOf(id, 2) },
    {
      guid: itemGuids.logicalSectorSize,
      flags: ofDisk,
      bytes: uint32Item.write({ value: logicalSectorSize }),
    },
    {
      guid: itemGuids.physicalSectorSize,
      flags: ofDisk,
      bytes: uint32Item.write({ value: physicalSectorSize }),
    },
  ]
  const length = items.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const table = new Uint8Array(itemsAt + length)
  table.set(metadataTableHeader.write({ signature: 'metadata', entryCount: items.length }))
  let offset = itemsAt
  for (const [index, { guid, flags, bytes }] of items.entries()) {
    const entry = metadataEntry.write({ itemId: parseGuid(guid), offset, length: bytes.length, flags })
    table.set(entry, metadataTableHeader.size + index * metadataEntry.size)
    table.set(bytes, offset)
    offset += bytes.length
  }
  return table
}

function regionTable({ batRegion }: VhdxLayout): Uint8Array {
  const regions = [
    { guid: regionGuids.bat, ...batRegion },
    { guid: regionGuids.metadata, ...metadataRegion },
  ]
  const table = new Uint8Array(regionTableSize)
  table.set(regionTableHeader.write({ signature: 'regi', checksum: 0, entryCount: regions.length }))
  for (const [index, { guid, start, length }] of regions.entries()) {
    const entry = regionEntry.write({ guid: parseGuid(guid), fileOffset: start, length, required: 1 })
    table.set(entry, regionTableHeader.size + index * regionEntry.size)
  }
  sealChecksum(table)
  return table
}

function encodeHeader(id: string, sequenceNumber: number): Uint8Array {
  const bytes = header.write({
    signature: 'head',
    checksum: 0,
    sequenceNumber,
    fileWriteGuid: guidOf(id, 0),
    dataWriteGuid: guidOf(id, 1),
    logGuid: new Uint8Array(16),
    logVersion: 0,
    version: 1,
    logLength: logRegion.length,
    logOffset: logRegion.start,
  })
  sealChecksum(bytes)
  return bytes
}

function guidOf(id: string, number: number): Uint8Array {
  return parseGuid(formatUuid(deriveUuid(id, number)))
}

function utf16(text: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < text.length; index += 1) view.setUint16(index * 2, text.charCodeAt(index), true)
  return bytes
}

import { deriveUuid } from '../../binary/derive-uuid.ts'
import { formatUuid, parseGuid } from '../../binary/uuid.ts'
import type { DiskWriterOptions, FileWrite } from '../../image/disk-writer.ts'
import { encodeEntry, entrySize } from './bat.ts'
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
import { logRegion, metadataRegion, type VhdxLayout } from './layout.ts'

/** Entries of the BAT written at a time. */
const batPart = 8192
/** Where the items start in the metadata region, behind the table. */
const itemsAt = 64 * 1024

/** What the BAT says of its entry `index`, of blocks and sector bitmaps alike; null: not present. */
export type EntryOf = (index: number) => { readonly state: number; readonly offset: number } | null

type Identified = Pick<DiskWriterOptions, 'id' | 'choices'>

/** What makes the blocks an image; the file identifier comes last. Same layout and options, same bytes. */
export function* finalStructures(
  layout: VhdxLayout,
  entryOf: EntryOf,
  about: Identified,
): Generator<FileWrite> {
  yield* batWrites(layout, entryOf)
  yield { at: metadataRegion.start, bytes: metadataTable(layout, about) }
  const regions = regionTable(layout)
  for (const at of regionTablesAt) yield { at, bytes: regions }
  for (const [index, at] of headersAt.entries()) yield { at, bytes: encodeHeader(about, index + 1) }
  yield {
    at: 0,
    bytes: fileIdentifier.write({ signature: 'vhdxfile', creator: utf16('Varve', 512) }),
  }
}

/** Parts of the BAT without a block stay holes. */
function* batWrites({ bat, batRegion }: VhdxLayout, entryOf: EntryOf): Generator<FileWrite> {
  for (let first = 0; first < bat.entryCount; first += batPart) {
    const end = Math.min(first + batPart, bat.entryCount)
    const bytes = new Uint8Array((end - first) * entrySize)
    const view = new DataView(bytes.buffer)
    let hasBlocks = false
    for (let index = first; index < end; index += 1) {
      const entry = entryOf(index)
      if (entry === null) continue
      hasBlocks = true
      encodeEntry(view, (index - first) * entrySize, entry)
    }
    if (hasBlocks) yield { at: batRegion.start + first * entrySize, bytes }
  }
}

function metadataTable(
  { virtualSize, isFixed, logicalSectorSize, physicalSectorSize, parent, locator, bat }: VhdxLayout,
  { id, choices: { identity } = {} }: Identified,
): Uint8Array {
  const { isRequired, isVirtualDisk } = metadataFlags
  const ofDisk = isRequired | isVirtualDisk
  // The guest knows its disk by it, along a whole chain.
  const said = identity?.disk ?? parent?.facts.details['virtualDiskId']
  const diskId = typeof said === 'string' ? parseGuid(said) : guidOf(id, 2)
  const items: readonly { guid: string; flags: number; bytes: Uint8Array }[] = [
    {
      guid: itemGuids.fileParameters,
      flags: isRequired,
      bytes: fileParameters.write({
        blockSize: bat.blockSize,
        flags: parent ? fileParameterFlags.hasParent : isFixed ? fileParameterFlags.leaveBlocksAllocated : 0,
      }),
    },
    { guid: itemGuids.virtualDiskSize, flags: ofDisk, bytes: uint64Item.write({ value: virtualSize }) },
    { guid: itemGuids.virtualDiskId, flags: ofDisk, bytes: diskId },
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
    ...(locator ? [{ guid: itemGuids.parentLocator, flags: isRequired, bytes: locator }] : []),
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

function encodeHeader({ id, choices: { identity } = {} }: Identified, sequenceNumber: number): Uint8Array {
  const bytes = header.write({
    signature: 'head',
    checksum: 0,
    sequenceNumber,
    fileWriteGuid: guidOf(id, 0),
    dataWriteGuid: identity?.content === undefined ? guidOf(id, 1) : parseGuid(identity.content),
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

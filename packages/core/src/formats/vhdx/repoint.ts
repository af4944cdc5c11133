import { readRange } from '../../binary/byte-source.ts'
import { formatGuid, parseGuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { FileWrite } from '../../image/disk-writer.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { notNameable } from '../../image/parent-image.ts'
import { changedRuns, type NewParent, type RepointPlan } from '../../image/repoint.ts'
import { readActiveHeader } from './active-header.ts'
import { sealChecksum } from './checksum.ts'
import {
  header as headerFields,
  headersAt,
  itemGuids,
  metadataEntry,
  metadataTableHeader,
  metadataFlags,
  type VhdxHeader,
} from './header.ts'
import { readVhdxMetadata } from './metadata.ts'
import { encodeLocator, pairsOf } from './name-parent.ts'

/** The metadata table takes this much of its region; items lie behind it. */
const tableSize = 64 * 1024

/**
 * The parent locator with another parent's paths and DataWriteGuid, and both headers with a new FileWriteGuid and higher
 * sequence numbers ([MS-VHDX] 2.2.2); its own DataWriteGuid stays, since the guest's bytes do.
 */
export async function repointVhdx(file: ImageFile, parent: NewParent): Promise<RepointPlan> {
  const { path } = file
  const active = await readActiveHeader(file)
  if (active.isDirty)
    throw new DiskError('refused', {
      file: path,
      reason: 'its log holds writes that were not replayed yet',
      remedy:
        'Let Hyper-V open it once (Mount-VHD -ReadOnly does not do), or write it anew with varve convert.',
    })
  const pairs = pairsOf(path, parent)
  const item = await placeItem(file, encodeLocator(pairs))
  return {
    says: [`It names ${pairs.map(({ key, value }) => `${key} ${JSON.stringify(value)}`).join(', ')}.`],
    writes: [...(await newHeaders(file, active.header, parent.freshId)), ...item].toSorted(
      (a, b) => a.at - b.at,
    ),
  }
}

/** Where the old locator lay when it is not longer, else behind the last item of the metadata region. */
async function placeItem(file: ImageFile, item: Uint8Array): Promise<FileWrite[]> {
  const { path } = file
  const { source, regions } = await readVhdxMetadata(file)
  const { start, end } = regions.metadata
  const table = await readRange(
    source,
    { start, end: Math.min(start + tableSize, end) },
    'VHDX metadata table',
  )
  const { entryCount } = metadataTableHeader.read(table, path)
  let entryAt: number | null = null
  let free = tableSize
  for (let index = 0; index < entryCount; index += 1) {
    const at = metadataTableHeader.size + index * metadataEntry.size
    const { itemId, offset, length, flags } = metadataEntry.read(table, path, at)
    const isSystem = (flags & metadataFlags.isUser) === 0
    if (isSystem && formatGuid(itemId) === itemGuids.parentLocator) entryAt = at
    free = Math.max(free, offset + length)
  }
  if (entryAt === null) throw notNameable(path, 'it has no parent locator', 'It is no differencing disk.')
  const entry = metadataEntry.read(table, path, entryAt)
  const offset = item.length <= entry.length ? entry.offset : Math.ceil(free / 8) * 8
  if (offset + item.length > end - start)
    throw notNameable(path, 'its metadata region is full', 'Put the new parent where it has a shorter path.')
  const newTable = table.slice()
  newTable.set(metadataEntry.write({ ...entry, offset, length: item.length }), entryAt)
  return [...changedRuns(table, newTable, start), { at: start + offset, bytes: item }]
}

/** Both with the next sequence numbers, each whole by itself. */
async function newHeaders({ source }: ImageFile, active: VhdxHeader, freshId: string): Promise<FileWrite[]> {
  const writes: FileWrite[] = []
  for (const [index, at] of headersAt.entries()) {
    const old = await readRange(source, { start: at, end: at + headerFields.size }, 'VHDX header')
    const bytes = headerFields.write({
      ...active,
      sequenceNumber: active.sequenceNumber + 1 + index,
      fileWriteGuid: parseGuid(freshId),
    })
    sealChecksum(bytes)
    writes.push(...changedRuns(old, bytes, at))
  }
  return writes
}

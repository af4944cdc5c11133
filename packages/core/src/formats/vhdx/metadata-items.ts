import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { formatGuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import {
  damaged,
  itemGuids,
  metadataEntry,
  metadataFlags,
  metadataTableHeader,
  type ItemName,
} from './header.ts'
import type { Region } from './regions.ts'

const tableSize = 64 * 1024
/** Read at once of the table and of what lies behind it: enough for the items of most images. */
const firstRead = 4096
const maxEntries = 2047
const maxItem = 1024 * 1024
const structure = 'VHDX metadata table'

export interface MetadataPlace {
  readonly source: ByteSource
  readonly path: string
  readonly region: Region
}

/** A known metadata item: where its bytes are in the file. */
interface Item {
  readonly start: number
  readonly end: number
}

/** The items of the metadata table ([MS-VHDX] 2.6), by name; those that Varve does not know are checked and left out. */
export interface MetadataItems {
  /** The bytes of an item; throws `corrupt` when it is missing. */
  read(name: ItemName): Promise<Uint8Array>
}

/** Throws for a table that lies about its items and for a required item of unknown kind. */
export async function readMetadataTable({ source, path, region }: MetadataPlace): Promise<MetadataItems> {
  const { start } = region
  const first = await readRange(source, { start, end: Math.min(start + firstRead, region.end) }, structure)
  const { signature, entryCount } = metadataTableHeader.read(first, path)
  if (signature !== 'metadata')
    throw damaged(path, structure, { reason: 'its signature is missing', offset: start })
  if (entryCount > maxEntries) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'number of VHDX metadata items',
      value: entryCount,
      limit: maxEntries,
    })
  }
  const entriesAt = start + metadataTableHeader.size
  const entries = { start: entriesAt, end: entriesAt + entryCount * metadataEntry.size }
  const table =
    entries.end <= start + first.length
      ? first.subarray(metadataTableHeader.size, entries.end - start)
      : await readRange(source, entries, structure)
  const items = readEntries(table, { path, region, entriesAt })
  const behind = { start: start + tableSize, end: Math.min(start + tableSize + firstRead, region.end) }
  const small = behind.start < behind.end ? await readRange(source, behind, structure) : new Uint8Array()
  return {
    async read(name) {
      const item = items.get(itemGuids[name])
      if (!item) throw damaged(path, structure, { reason: `it has no item ${name}`, offset: start })
      if (item.end <= behind.end) return small.subarray(item.start - behind.start, item.end - behind.start)
      return await readRange(source, item, `VHDX metadata item ${name}`)
    },
  }
}

interface EntriesPlace extends Pick<MetadataPlace, 'path' | 'region'> {
  readonly entriesAt: number
}

/** The system items by GUID. A user item may have any GUID, so it never stands for a known one. */
function readEntries(
  table: Uint8Array,
  { path, region, entriesAt }: EntriesPlace,
): ReadonlyMap<string, Item> {
  const known: readonly string[] = Object.values(itemGuids)
  const seen = new Set<string>()
  const items = new Map<string, Item>()
  for (let at = 0; at < table.length; at += metadataEntry.size) {
    const { itemId, offset, length, flags } = metadataEntry.read(table, path, at)
    const guid = formatGuid(itemId)
    const say = (reason: string) => damaged(path, structure, { reason, offset: entriesAt + at })
    const isUser = (flags & metadataFlags.isUser) !== 0
    const key = `${isUser ? 'user' : 'system'} ${guid}`
    if (seen.has(key)) throw say(`item {${guid}} is there twice`)
    seen.add(key)
    const isKnown = !isUser && known.includes(guid)
    if (!isKnown && (flags & metadataFlags.isRequired) !== 0) {
      const feature = `a required metadata item of unknown kind {${guid}}`
      throw new DiskError('unsupported-feature', { file: path, format: 'VHDX', feature })
    }
    const isEmpty = length === 0
    if (length > maxItem) throw say(`item {${guid}} has ${length} bytes, more than 1 MiB`)
    if (!isEmpty && (offset < tableSize || offset + length > region.end - region.start))
      throw say(`item {${guid}} of ${length} bytes at ${offset} lies outside the metadata region`)
    const start = region.start + offset
    if (isKnown && !isEmpty) items.set(guid, { start, end: start + length })
  }
  return items
}

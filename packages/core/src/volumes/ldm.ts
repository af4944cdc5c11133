import { ascii, u16be, u64be } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { volumeFinding } from './volume-finding.ts'
import type { VolumeFinding } from '../guest/guest-contents.ts'

/** Linux, block/partitions/ldm.c: `struct privhead`, as Windows writes it. */
const privateHeader = struct('LDM private header', 512, {
  magic: [0, ascii(8)],
  major: [12, u16be],
  minor: [14, u16be],
  diskId: [0x30, ascii(64)],
  groupId: [0xb0, ascii(64)],
  groupName: [0xf0, ascii(32)],
  databaseSector: [0x12b, u64be],
  databaseSectors: [0x133, u64be],
})

/** On disks with an MBR the header lies in sector 6, on those with a GPT in the last one of the metadata partition. */
const headerInMbrDisk = 6 * 512

/** The dynamic disk whose database `whole` or its metadata partition holds; null when no header is there. */
export async function readLdm(region: GuestRegion, whole: GuestRegion): Promise<VolumeFinding | null> {
  const inPartition = await region.peek(region.length - 512, 512)
  const found = isHeader(inPartition) ? inPartition : await whole.peek(headerInMbrDisk, 512)
  if (!isHeader(found)) return null
  const facts = privateHeader.read(found, region.name)
  const database = await whole.peek(facts.databaseSector * 512, 512)
  const hasDatabase =
    database !== null &&
    facts.databaseSectors > 0 &&
    String.fromCharCode(...database.subarray(0, 6)) === 'TOCBLO'
  const name = labelOf(new TextEncoder().encode(facts.groupName))
  const version = `database version ${facts.major}.${facts.minor}`
  return volumeFinding(region, {
    type: 'ldm',
    sure: 'signature',
    label: name,
    uuid: guidText(facts.diskId),
    group: name ?? guidText(facts.groupId),
    notes: [hasDatabase ? `${version} was found` : `${version}, at sector ${facts.databaseSector}`],
  })
}

function isHeader(sector: Uint8Array | null): sector is Uint8Array {
  return sector !== null && String.fromCharCode(...sector.subarray(0, 8)) === 'PRIVHEAD'
}

/** A GUID in text, or null for anything else. */
function guidText(text: string): string | null {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/iu.test(text) ? text.toLowerCase() : null
}

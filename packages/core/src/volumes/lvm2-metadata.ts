import { crc32 } from '../binary/crc32.ts'
import { u32le, u64le } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { signatureOf } from '../binary/text.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import type { DiskPiece } from '../partitions/gpt-end.ts'
import { DiskError } from '../problems/disk-error.ts'
import { parseLvmText, type LvmSection } from './lvm2-text.ts'

export const sectorSize = 512
/** lvm2, label.h: `struct label_header`. */
const labelHeader = struct('LVM2 label', 32, {
  sector: [8, u64le],
  offset: [20, u32le],
})
/** lvm2, layout.h: `struct disk_locn`. */
const area = struct('LVM2 area', 16, { offset: [0, u64le], size: [8, u64le] })
/** lvm2, layout.h: `struct mda_header` with its first `struct raw_locn`, which is the committed text. */
const metadataHeader = struct('LVM2 metadata area', 64, {
  start: [24, u64le],
  size: [32, u64le],
  textOffset: [40, u64le],
  textSize: [48, u64le],
  textChecksum: [56, u32le],
})
const metadataMagic = ' LVM2 x[5A%r0N*>'
const textChecksumStart = 0xf597a6cf
const maxTextBytes = 1024 * 1024
const maxAreas = 16

/** The label of a physical volume, as it lies on the disk. */
export interface PhysicalLabel {
  readonly uuid: string
  /** lvm2, layout.h: `struct pv_header`. */
  readonly header: Uint8Array
}

/** The label of a physical volume, in one of its first four sectors; null: the region is none. */
export async function findLabel(region: GuestRegion): Promise<PhysicalLabel | null> {
  for (let sector = 0; sector < 4; sector += 1) {
    const found = await region.peek(sector * sectorSize, sectorSize)
    if (!found) return null
    if (signatureOf(found, 0, 8) !== 'LABELONE' || signatureOf(found, 24, 8) !== 'LVM2 001') continue
    const label = labelHeader.read(found, region.name)
    if (label.sector !== sector) continue
    const header = found.subarray(Math.min(label.offset, sectorSize))
    return { uuid: dashed(signatureOf(header, 0, 32)), header }
  }
  return null
}

/** The metadata of its group; null where no copy lies here. Throws coded errors for what is damaged. */
export async function readMetadata(
  region: GuestRegion,
  { header }: PhysicalLabel,
): Promise<LvmSection | null> {
  for (const place of metadataAreas(header, region.name)) {
    const text = await readText(region, place)
    if (text !== null) return parseLvmText(text, region.name)
  }
  return null
}

/**
 * What is written so that `text` is the metadata of the group, in this order: the text where nothing is that counts, then the
 * one sector that says where it lies. Throws `refused` where the physical volume has not exactly one copy, or no room.
 */
export async function metadataPieces(
  region: GuestRegion,
  { header }: PhysicalLabel,
  text: string,
): Promise<readonly [text: DiskPiece, header: DiskPiece]> {
  const [place, ...others] = metadataAreas(header, region.name)
  if (!place || others.length > 0)
    throw refused(region, 'it does not keep exactly one copy of the metadata of its group')
  const head = new Uint8Array(await region.read(place.offset, sectorSize))
  const facts = metadataHeader.read(head, region.name)
  const isOwn = facts.start === place.offset && facts.size === place.size && facts.size > sectorSize
  if (place.offset + place.size > region.length) throw corrupt(region, 'its area goes beyond its end')
  if (signatureOf(head, 4, 16) !== metadataMagic || !isOwn) throw corrupt(region, 'its area has no header')
  const bytes = new TextEncoder().encode(`${text}\0`)
  const at = freePlace(facts, bytes.length)
  if (at === null || bytes.length > maxTextBytes)
    throw refused(region, 'the area of its metadata has no room for a second text')
  const view = new DataView(head.buffer)
  view.setBigUint64(40, BigInt(at), true)
  view.setBigUint64(48, BigInt(bytes.length), true)
  view.setUint32(56, textSum(bytes), true)
  view.setUint32(60, 0, true)
  // The second place is of a change that was not ended.
  head.fill(0, 64, 88)
  view.setUint32(0, textSum(head.subarray(4)), true)
  return [
    { at: place.offset + at, bytes },
    { at: place.offset, bytes: head },
  ]
}

const textSum = (bytes: Uint8Array) => crc32(bytes, { start: textChecksumStart, raw: true })

interface Ring {
  readonly size: number
  readonly textOffset: number
  readonly textSize: number
}

/** A sector of the ring from which `length` bytes are free up to its end or to the text that counts; null: there is none. */
function freePlace({ size, textOffset, textSize }: Ring, length: number): number | null {
  const end = textOffset + textSize
  const room = size - sectorSize
  // A text that goes on at the beginning leaves what lies between its end and its start.
  const gaps =
    end > size
      ? [[end - room, textOffset]]
      : [
          [end, size],
          [sectorSize, textOffset],
        ]
  for (const [from = 0, to = 0] of gaps) {
    const start = Math.max(sectorSize, Math.ceil(from / sectorSize) * sectorSize)
    if (start + length <= to) return start
  }
  return null
}

function refused({ name }: GuestRegion, reason: string): DiskError {
  return new DiskError('refused', {
    file: name,
    reason: `as for its physical volume of LVM, ${reason}`,
    remedy: 'Shrink it inside the guest; after that varve shrink --partition none cuts the disk.',
    finding: 'volume-not-shrunk',
    layer: 'L5',
  })
}

interface Area {
  readonly offset: number
  readonly size: number
}

/** `struct pv_header`: after the identity and the size come the data areas, then the metadata areas, each list ended by zeros. */
function metadataAreas(header: Uint8Array, file: string): Area[] {
  const lists: Area[][] = [[], []]
  let at = 40
  for (const list of lists) {
    for (let count = 0; count < maxAreas && at + area.size <= header.length; count += 1) {
      const found = area.read(header, file, at)
      at += area.size
      if (found.offset === 0) break
      list.push(found)
    }
  }
  return lists[1] ?? []
}

/** The committed metadata text of an area, which is a ring after its header; null when it holds none. */
async function readText(region: GuestRegion, { offset, size }: Area): Promise<string | null> {
  const head = await region.read(offset, sectorSize)
  const facts = metadataHeader.read(head, region.name)
  if (signatureOf(head, 4, 16) !== metadataMagic) throw corrupt(region, 'its area has no header')
  const { textOffset, textSize, textChecksum } = facts
  if (textOffset === 0 || textSize === 0) return null
  if (textSize > maxTextBytes || textSize > size || textOffset > size) {
    throw corrupt(region, `its text claims ${textSize} bytes at ${textOffset} of ${size}`)
  }
  const untilEnd = Math.min(textSize, size - textOffset)
  const text = new Uint8Array(textSize)
  text.set(await region.read(offset + textOffset, untilEnd))
  if (untilEnd < textSize) text.set(await region.read(offset + sectorSize, textSize - untilEnd), untilEnd)
  if (crc32(text, { start: textChecksumStart, raw: true }) !== textChecksum) {
    throw corrupt(region, 'the checksum of its text is wrong')
  }
  return new TextDecoder().decode(text).replaceAll('\0', '')
}

export function corrupt(region: GuestRegion, reason: string): DiskError {
  return new DiskError('corrupt', { file: region.name, structure: 'LVM metadata', reason })
}

/** The identity as LVM's tools write it: 6-4-4-4-4-4-6 characters. */
function dashed(uuid: string): string {
  return (
    /^([A-Za-z0-9]{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/u.exec(uuid)?.slice(1).join('-') ?? 'unreadable'
  )
}

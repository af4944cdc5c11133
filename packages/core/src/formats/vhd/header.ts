import { ascii, bytes, u16be, u32be, u64be, u8, type Field } from '../../binary/fields.ts'
import { struct, type StructValue } from '../../binary/struct.ts'
import type { ContentMark } from '../../image/image-facts.ts'

export const sectorSize = 512
export const footerSize = 512
/** An entry of the block allocation table for a block that is not there. */
export const unusedEntry = 0xffff_ffff
/** Seconds from 1970-01-01 to 2000-01-01, where VHD time starts. */
const epochSeconds = 946_684_800

/** 64 bits of which all set means "none". */
const u64beOrNone: Field<number | null> = {
  size: 8,
  read: (view, at, place) =>
    view.getUint32(at) === 0xffff_ffff && view.getUint32(at + 4) === 0xffff_ffff
      ? null
      : u64be.read(view, at, place),
  write: (view, at, value) => {
    if (value === null) view.setBigUint64(at, 0xffff_ffff_ffff_ffffn)
    else u64be.write(view, at, value)
  },
}

/** Microsoft "Virtual Hard Disk Image Format Specification" 1.0, Hard Disk Footer Format. */
export const footer = struct('VHD footer', footerSize, {
  cookie: [0, ascii(8)],
  features: [8, u32be],
  fileFormatVersion: [12, u32be],
  dataOffset: [16, u64beOrNone],
  timeStamp: [24, u32be],
  creatorApplication: [28, ascii(4)],
  creatorVersion: [32, u32be],
  creatorHostOs: [36, ascii(4)],
  originalSize: [40, u64be],
  currentSize: [48, u64be],
  cylinders: [56, u16be],
  heads: [58, u8],
  sectorsPerTrack: [59, u8],
  diskType: [60, u32be],
  checksum: [64, u32be],
  uniqueId: [68, bytes(16)],
  savedState: [84, u8],
})
export type Footer = StructValue<typeof footer>

/** Bytes of the eight Parent Locator Entries. */
export const locatorsSize = 192

/** The same specification, Dynamic Disk Header Format. */
export const dynamicHeader = struct('VHD dynamic header', 1024, {
  cookie: [0, ascii(8)],
  dataOffset: [8, u64beOrNone],
  tableOffset: [16, u64be],
  headerVersion: [24, u32be],
  maxTableEntries: [28, u32be],
  blockSize: [32, u32be],
  checksum: [36, u32be],
  parentUniqueId: [40, bytes(16)],
  parentTimeStamp: [56, u32be],
  parentUnicodeName: [64, bytes(512)],
  locators: [576, bytes(locatorsSize)],
})
export type DynamicHeader = StructValue<typeof dynamicHeader>

/** One of the eight Parent Locator Entries. */
export const locatorEntry = struct('VHD parent locator', 24, {
  platformCode: [0, ascii(4)],
  platformDataSpace: [4, u32be],
  platformDataLength: [8, u32be],
  platformDataOffset: [16, u64be],
})

export const diskTypes = { fixed: 2, dynamic: 3, differencing: 4 } as const
export type DiskType = keyof typeof diskTypes

/** The name of a disk type, or null for the reserved ones. */
export function diskTypeOf(value: number): DiskType | null {
  for (const [name, number] of Object.entries(diskTypes)) if (number === value) return name as DiskType
  return null
}

/** Ones' complement of the sum of all bytes but those of the checksum itself, at byte `at`. */
export function checksumOf(structure: Uint8Array, at: number): number {
  let sum = 0
  for (const [index, byte] of structure.entries()) if (index < at || index >= at + 4) sum += byte
  return ~sum >>> 0
}

export const checksumAt = { footer: 64, dynamicHeader: 36 } as const

/** A VHD time as ISO text. */
export function timeText(seconds: number): string {
  return new Date((seconds + epochSeconds) * 1000).toISOString()
}

/** Milliseconds since 1970 as a VHD time, as near as it can say. */
export function timeOfMark(ms: number): number {
  return Math.max(0, Math.min(0xffff_ffff, Math.floor(ms / 1000) - epochSeconds))
}

/** A VHD time as the mark of content; some writers leave it zero. */
export function timeMark(seconds: number): ContentMark | undefined {
  return seconds === 0 ? undefined : { kind: 'time', ms: (seconds + epochSeconds) * 1000 }
}

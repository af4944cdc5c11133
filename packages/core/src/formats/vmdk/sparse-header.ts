import { assertInside, readRange, type ByteSource } from '../../binary/byte-source.ts'
import type { ByteRange } from '../../ranges/byte-range.ts'
import { ascii, bytes, u16le, u32le, u64le, u8, type Field } from '../../binary/fields.ts'
import { struct } from '../../binary/struct.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { maxDescriptorSize } from './descriptor.ts'

export const sectorSize = 512
/** Bytes of a grain directory, at most. */
export const maxDirectorySize = 32 * 1024 * 1024
/** Bytes of a compressed grain when unpacked, at most. */
export const maxCompressedGrain = 16 * 1024 * 1024
const maxGrainSectors = 0x20_0000
const minGrainSectors = 8
const maxTableEntries = 512

/** A sector number, or null for "at the end" (all bits set). */
const u64leOrEnd: Field<number | null> = {
  size: 8,
  read: (view, at, place) =>
    view.getUint32(at, true) === 0xffff_ffff && view.getUint32(at + 4, true) === 0xffff_ffff
      ? null
      : u64le.read(view, at, place),
  write: (view, at, value) => {
    if (value === null) view.setBigUint64(at, 0xffff_ffff_ffff_ffffn, true)
    else u64le.write(view, at, value)
  },
}

/** VMware "Virtual Disk Format 5.0", SparseExtentHeader; offsets and sizes in sectors. */
export const sparseHeader = struct('VMDK sparse header', 512, {
  magic: [0, ascii(4)],
  version: [4, u32le],
  flags: [8, u32le],
  capacity: [12, u64le],
  grainSize: [20, u64le],
  descriptorOffset: [28, u64le],
  descriptorSize: [36, u64le],
  numGTEsPerGT: [44, u32le],
  rgdOffset: [48, u64leOrEnd],
  gdOffset: [56, u64leOrEnd],
  overHead: [64, u64le],
  uncleanShutdown: [72, u8],
  newlineTest: [73, bytes(4)],
  compressAlgorithm: [77, u16le],
})

export const sparseFlags = {
  newlineTest: 0x1,
  redundantDirectory: 0x2,
  zeroGrains: 0x4,
  compressed: 0x1_0000,
  markers: 0x2_0000,
} as const

/** A sparse header, checked against the file; offsets and sizes in bytes. */
export interface SparseLayout {
  readonly version: number
  readonly capacity: number
  readonly grainSize: number
  /** Entries of one grain table. */
  readonly tableEntries: number
  readonly directoryEntries: number
  /** Where the grain directory starts, and where its second copy does. */
  readonly directoryAt: number
  readonly redundantDirectoryAt: number | null
  readonly isCompressed: boolean
  readonly hasZeroGrains: boolean
  readonly hasFooter: boolean
  readonly uncleanShutdown: boolean
  /** The embedded descriptor, or null when this is a part of a split disk. */
  readonly descriptor: ByteRange | null
}

/** The layout of a hosted sparse extent; throws a coded error for what is damaged, hostile or not known. */
export async function readSparseLayout(source: ByteSource): Promise<SparseLayout> {
  const file = source.name
  const first = await readRange(source, { start: 0, end: Math.min(source.size, sparseHeader.size) })
  const magic = magicOf(first)
  if (magic !== 'KDMV') throw wrongMagic(magic, file)
  const header = sparseHeader.read(first, file)
  const hasFooter = header.gdOffset === null
  const geometry = hasFooter ? await readFooter(source) : header
  if (geometry.gdOffset === null) throw damaged(file, 'its footer does not say where the grain directory is')
  checkVersion(header.version, file)
  const { flags } = header
  const newlines = header.newlineTest
  if ((flags & sparseFlags.newlineTest) !== 0 && String(newlines) !== '10,32,13,10') {
    throw damaged(file, 'its line ends were changed, as by a transfer in text mode')
  }
  const isCompressed = checkCompression(header, file)
  checkGrains(geometry, { file, isCompressed })
  const capacity = toBytes(geometry.capacity, 'capacity', file)
  const grainSize = geometry.grainSize * sectorSize
  const directoryEntries = Math.ceil(capacity / (grainSize * geometry.numGTEsPerGT))
  if (directoryEntries * 4 > maxDirectorySize) {
    const what = 'size of the VMDK grain directory'
    throw new DiskError('limit-exceeded', {
      file,
      what,
      value: directoryEntries * 4,
      limit: maxDirectorySize,
    })
  }
  const hasRedundant = (flags & sparseFlags.redundantDirectory) !== 0 && (geometry.rgdOffset ?? 0) !== 0
  return {
    version: header.version,
    capacity,
    grainSize,
    tableEntries: geometry.numGTEsPerGT,
    directoryEntries,
    directoryAt: toBytes(geometry.gdOffset, 'grain directory offset', file),
    redundantDirectoryAt: hasRedundant
      ? toBytes(geometry.rgdOffset ?? 0, 'redundant grain directory offset', file)
      : null,
    isCompressed,
    hasZeroGrains: (flags & sparseFlags.zeroGrains) !== 0,
    hasFooter,
    uncleanShutdown: header.uncleanShutdown !== 0,
    descriptor: descriptorRange(header, source),
  }
}

/** The header's copy 1,024 bytes before the end, which a stream written in one go has instead of a header that knows. */
async function readFooter(source: ByteSource) {
  const start = source.size - 2 * sectorSize
  const file = source.name
  if (start < sectorSize) {
    throw new DiskError('truncated', { file, structure: 'VMDK footer', wanted: 1024, available: 0 })
  }
  const footer = await readRange(source, { start, end: start + sectorSize })
  if (magicOf(footer) === 'KDMV') return sparseHeader.read(footer, file)
  throw damaged(file, 'its footer is missing; the file is cut short or was not written to its end', start)
}

function checkVersion(version: number, file: string): void {
  if (version >= 1 && version <= 3) return
  const feature = `sparse header version ${version}`
  throw new DiskError('unsupported-feature', { file, format: 'VMDK', feature })
}

function checkCompression(header: { flags: number; compressAlgorithm: number }, file: string): boolean {
  if ((header.flags & sparseFlags.compressed) === 0) return false
  const refuse = (feature: string) => new DiskError('unsupported-feature', { file, format: 'VMDK', feature })
  if (header.compressAlgorithm !== 1) throw refuse(`compression method ${header.compressAlgorithm}`)
  if ((header.flags & sparseFlags.markers) === 0) throw refuse('compressed grains without markers')
  return true
}

function checkGrains(
  { grainSize, numGTEsPerGT }: { grainSize: number; numGTEsPerGT: number },
  { file, isCompressed }: { file: string; isCompressed: boolean },
): void {
  const log = Math.log2(grainSize)
  if (!Number.isInteger(log) || grainSize < minGrainSectors || grainSize > maxGrainSectors) {
    throw damaged(file, `a grain of ${grainSize} sectors is not a power of two from 8 to 2,097,152`, 20)
  }
  if (isCompressed && grainSize * sectorSize > maxCompressedGrain) {
    const what = 'size of a compressed VMDK grain'
    const value = grainSize * sectorSize
    throw new DiskError('limit-exceeded', { file, what, value, limit: maxCompressedGrain })
  }
  if (numGTEsPerGT < 1 || numGTEsPerGT > maxTableEntries) {
    throw damaged(file, `a grain table of ${numGTEsPerGT} entries; there are 1 to 512`, 44)
  }
}

function descriptorRange(
  { descriptorOffset, descriptorSize }: { descriptorOffset: number; descriptorSize: number },
  source: ByteSource,
): ByteRange | null {
  if (descriptorOffset === 0 || descriptorSize === 0) return null
  const file = source.name
  const size = toBytes(descriptorSize, 'descriptor size', file)
  if (size > maxDescriptorSize) {
    const what = 'size of the VMDK descriptor'
    throw new DiskError('limit-exceeded', { file, what, value: size, limit: maxDescriptorSize })
  }
  const start = toBytes(descriptorOffset, 'descriptor offset', file)
  assertInside(source, { start, end: start + size }, 'VMDK descriptor')
  return { start, end: start + size }
}

function toBytes(sectors: number, what: string, file: string): number {
  const size = sectors * sectorSize
  if (Number.isSafeInteger(size)) return size
  const limit = Math.floor(Number.MAX_SAFE_INTEGER / sectorSize)
  throw new DiskError('limit-exceeded', { file, what: `VMDK ${what} in sectors`, value: sectors, limit })
}

/** The first four bytes as characters; before them nothing else is believed. */
function magicOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 4))
}

function wrongMagic(magic: string, file: string): DiskError {
  const kind = otherKinds.get(magic)
  if (kind === undefined) return damaged(file, 'it does not start with KDMV', 0)
  return damaged(file, `it is ${kind} extent, where a hosted sparse one belongs`, 0)
}

/** First four characters of extents of other layouts. */
const otherKinds = new Map([
  ['COWD', 'a vmfsSparse (COWD)'],
  ['\u00be\u00ba\u00fe\u00ca', 'an seSparse'],
])

function damaged(file: string, reason: string, offset?: number): DiskError {
  const structure = 'VMDK sparse header'
  return new DiskError('corrupt', { file, structure, reason, ...(offset === undefined ? {} : { offset }) })
}

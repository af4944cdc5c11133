import { ascii, bytes, u32be, u64be } from '../../binary/fields.ts'
import { struct, type StructValue } from '../../binary/struct.ts'

export const sectorSize = 512
export const trailerSignature = 'koly'
export const tableSignature = 'mish'

/** The trailer of a UDIF image ("UDIF resource file", the last 512 bytes). */
export const udifTrailer = struct('UDIF trailer', 512, {
  signature: [0, ascii(4)],
  version: [4, u32be],
  headerSize: [8, u32be],
  flags: [12, u32be],
  runningDataForkOffset: [16, u64be],
  dataForkOffset: [24, u64be],
  dataForkLength: [32, u64be],
  resourceForkOffset: [40, u64be],
  resourceForkLength: [48, u64be],
  segmentNumber: [56, u32be],
  segmentCount: [60, u32be],
  segmentId: [64, bytes(16)],
  dataChecksumType: [80, u32be],
  dataChecksumBits: [84, u32be],
  dataChecksum: [88, u32be],
  xmlOffset: [216, u64be],
  xmlLength: [224, u64be],
  masterChecksumType: [352, u32be],
  masterChecksumBits: [356, u32be],
  masterChecksum: [360, u32be],
  imageVariant: [488, u32be],
  sectorCount: [492, u64be],
})
export type UdifTrailer = StructValue<typeof udifTrailer>

/** The head of a block table (`blkx` resource); its runs follow. */
export const blockTable = struct('UDIF block table', 204, {
  signature: [0, ascii(4)],
  version: [4, u32be],
  firstSector: [8, u64be],
  sectorCount: [16, u64be],
  dataOffset: [24, u64be],
  buffersNeeded: [32, u32be],
  descriptor: [36, u32be],
  checksumType: [64, u32be],
  checksum: [72, u32be],
  runCount: [200, u32be],
})

export type BlockTable = StructValue<typeof blockTable>

/** Bytes of one run of a block table: type, comment, first sector, sectors, offset, length. */
export const runSize = 40

/** Run types; the rest is the name by which the run is refused when there is no decoder. */
export const runTypes = {
  0: 'zero',
  1: 'raw',
  2: 'ignore',
  0x8000_0004: 'ADC',
  0x8000_0005: 'zlib',
  0x8000_0006: 'bzip2',
  0x8000_0007: 'LZFSE',
  0x8000_0008: 'LZMA',
} as const
export type RunKind = (typeof runTypes)[keyof typeof runTypes]
export type PackedKind = Exclude<RunKind, 'zero' | 'raw' | 'ignore'>

/** Runs that hold nothing: a comment, and the end of the table. */
export const emptyRunTypes: ReadonlySet<number> = new Set([0x7fff_fffe, 0xffff_ffff])

/** What hdiutil calls an image whose packed runs are of one kind. */
export const subformats: Readonly<Record<PackedKind, string>> = {
  ADC: 'UDCO',
  zlib: 'UDZO',
  bzip2: 'UDBZ',
  LZFSE: 'ULFO',
  LZMA: 'ULMO',
}

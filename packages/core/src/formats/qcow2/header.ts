import { assertMark } from '../../image/assert-mark.ts'
import { readRange } from '../../binary/byte-source.ts'
import type { ByteSource } from '../../binary/byte-source.ts'
import { bytes, u16be, u32be, u64be, u8 } from '../../binary/fields.ts'
import { struct } from '../../binary/struct.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { hasFeature, incompatibleFeatures } from './feature-bits.ts'
import type { FeatureBits } from './feature-bits.ts'

/** `QFI` and 0xFB. */
export const qcowMagic = 0x5146_49fb

/** qcow2.rst, "Header", all versions. */
export const headerStart = struct('qcow2 header', 72, {
  magic: [0, u32be],
  version: [4, u32be],
  backingFileOffset: [8, u64be],
  backingFileSize: [16, u32be],
  clusterBits: [20, u32be],
  virtualSize: [24, u64be],
  cryptMethod: [32, u32be],
  l1Size: [36, u32be],
  l1TableOffset: [40, u64be],
  refcountTableOffset: [48, u64be],
  refcountTableClusters: [56, u32be],
  snapshotCount: [60, u32be],
  snapshotsOffset: [64, u64be],
})

/** qcow2.rst, "Header", bytes 72 to 103, from version 3 on. */
export const headerVersion3 = struct('qcow2 header, version 3', 32, {
  incompatibleHigh: [0, u32be],
  incompatibleLow: [4, u32be],
  compatibleHigh: [8, u32be],
  compatibleLow: [12, u32be],
  autoclearHigh: [16, u32be],
  autoclearLow: [20, u32be],
  refcountOrder: [24, u32be],
  headerLength: [28, u32be],
})

/** qcow2.rst, "Additional fields": present when the header is longer than 104 bytes. */
export const headerMore = struct('qcow2 header, additional fields', 8, {
  compressionType: [0, u8],
  padding: [1, bytes(7)],
})

/** qcow2.rst, "Header extensions". */
export const extensionHead = struct('qcow2 header extension', 8, { type: [0, u32be], length: [4, u32be] })

/** qcow2.rst, "Bitmaps extension". */
export const bitmapsExtension = struct('qcow2 bitmaps extension', 24, {
  count: [0, u32be],
  directorySize: [8, u64be],
  directoryOffset: [16, u64be],
})

/** qcow2.rst, "Full disk encryption header pointer". */
export const encryptionExtension = struct('qcow2 encryption header pointer', 16, {
  offset: [0, u64be],
  length: [8, u64be],
})

/** qcow2.rst, "Bitmap directory": the fixed part of an entry. */
export const bitmapEntry = struct('bitmap directory entry', 24, {
  tableOffset: [0, u64be],
  tableSize: [8, u32be],
  flags: [12, u32be],
  type: [16, u8],
  granularityBits: [17, u8],
  nameSize: [18, u16be],
  extraSize: [20, u32be],
})

/** qcow2.rst, "Feature name table". */
export const featureNameEntry = struct('feature name', 48, {
  type: [0, u8],
  bit: [1, u8],
  name: [2, bytes(46)],
})

/** qcow2.rst, "Snapshots": the fixed part. */
export const snapshotEntry = struct('snapshot table entry', 40, {
  l1TableOffset: [0, u64be],
  l1Size: [8, u32be],
  idSize: [12, u16be],
  nameSize: [14, u16be],
  seconds: [16, u32be],
  nanoseconds: [20, u32be],
  clockHigh: [24, u32be],
  clockLow: [28, u32be],
  stateSize: [32, u32be],
  extraSize: [36, u32be],
})

/** A header whose numbers were read; `findHeaderFaults` says whether they make sense. */
export interface Qcow2Header {
  readonly version: number
  readonly clusterBits: number
  readonly clusterSize: number
  readonly virtualSize: number
  /** 0: no backing file. */
  readonly backingFileOffset: number
  readonly backingFileSize: number
  /** 0 none, 1 AES, 2 LUKS. */
  readonly cryptMethod: number
  /** Entries. */
  readonly l1Size: number
  readonly l1TableOffset: number
  readonly refcountTableOffset: number
  readonly refcountTableClusters: number
  readonly refcountOrder: number
  readonly snapshotCount: number
  readonly snapshotsOffset: number
  /** Header extensions begin here. */
  readonly headerLength: number
  readonly incompatible: FeatureBits
  readonly compatible: FeatureBits
  readonly autoclear: FeatureBits
  /** 0 zlib (raw deflate), 1 zstd. */
  readonly compressionType: number
}

const noFeatures: FeatureBits = { high: 0, low: 0 }

/** The header; throws what makes the rest of the file unreadable: cut short, another version, absurd cluster size. */
export async function readHeader(source: ByteSource, file: string): Promise<Qcow2Header> {
  const head = await readRange(source, { start: 0, end: Math.min(source.size, 112) }, 'qcow2 header')
  assertMark(head, { file, structure: 'qcow2 header', format: 'qcow2' })
  const { version, clusterBits, ...start } = headerStart.read(head, file)
  if (version !== 2 && version !== 3) {
    throw new DiskError('unsupported-feature', { file, format: 'qcow2', feature: `version ${version}` })
  }
  if (clusterBits < 9 || clusterBits > 21) {
    const limit = '9 to 21'
    throw new DiskError('limit-exceeded', {
      file,
      what: 'cluster_bits of the qcow2 header',
      value: clusterBits,
      limit,
    })
  }
  const common = { ...start, version, clusterBits, clusterSize: 2 ** clusterBits }
  return version === 2
    ? { ...common, ...version2 }
    : { ...common, ...readVersion3(head, file, common.clusterSize) }
}

const version2 = {
  incompatible: noFeatures,
  compatible: noFeatures,
  autoclear: noFeatures,
  refcountOrder: 4,
  headerLength: 72,
  compressionType: 0,
}

function readVersion3(head: Uint8Array, file: string, clusterSize: number): typeof version2 {
  const fields = headerVersion3.read(head, file, headerStart.size)
  const { headerLength, refcountOrder } = fields
  if (headerLength < 104 || headerLength > clusterSize || headerLength % 8 !== 0) {
    const reason = `header_length is ${headerLength}`
    throw new DiskError('corrupt', { file, structure: 'qcow2 header', reason, offset: 100 })
  }
  return {
    incompatible: { high: fields.incompatibleHigh, low: fields.incompatibleLow },
    compatible: { high: fields.compatibleHigh, low: fields.compatibleLow },
    autoclear: { high: fields.autoclearHigh, low: fields.autoclearLow },
    refcountOrder,
    headerLength,
    compressionType: headerLength > 104 ? headerMore.read(head, file, 104).compressionType : 0,
  }
}

/** Bytes of an L2 entry: 16 with subclusters. */
export function l2EntrySize(header: Pick<Qcow2Header, 'incompatible'>): number {
  return hasFeature(header.incompatible, incompatibleFeatures.extendedL2) ? 16 : 8
}

/** Guest bytes under one L2 table. */
export function l2TableSpan(header: Pick<Qcow2Header, 'incompatible' | 'clusterSize'>): number {
  return (header.clusterSize / l2EntrySize(header)) * header.clusterSize
}

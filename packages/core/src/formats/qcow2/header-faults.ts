import { assertInside } from '../../binary/byte-source.ts'
import type { ByteSource } from '../../binary/byte-source.ts'
import { DiskError, quote } from '../../problems/disk-error.ts'
import { hasFeature, incompatibleFeatures, unknownFeatures } from './feature-bits.ts'
import { l2TableSpan } from './header.ts'
import type { Qcow2Header } from './header.ts'
import type { HeaderExtensions } from './header-extensions.ts'

/** QEMU's limits on the two tables that are held in memory, in bytes. */
export const longestL1Table = 32 * 1024 * 1024
export const longestRefcountTable = 8 * 1024 * 1024

/** What the rules look at; extensions are null when they could not be read. */
export interface HeaderEvidence {
  readonly file: string
  readonly source: ByteSource
  readonly header: Qcow2Header
  readonly extensions: HeaderExtensions | null
}

type HeaderRule = (evidence: HeaderEvidence) => DiskError | null

const rules: readonly HeaderRule[] = [
  knowsAllFeatures,
  isNotEncrypted,
  knowsCompression,
  hasRoomForSubclusters,
  refcountsMakeSense,
  hasWholeSectors,
  l1TableFitsLimit,
  l1TableCoversDisk,
  l1TableIsInside,
  namesItsDataFile,
]

/** Everything for which the image must not be opened, most telling first. */
export function findHeaderFaults(evidence: HeaderEvidence): DiskError[] {
  return rules.flatMap((rule) => rule(evidence) ?? [])
}

function knowsAllFeatures({ file, header, extensions }: HeaderEvidence): DiskError | null {
  const unknown = unknownFeatures(header.incompatible, incompatibleFeatures)
  if (unknown.length === 0) return null
  const names = unknown.map((bit) => {
    const name = extensions?.featureName(0, bit)
    return name ? `${quote(name)} (incompatible feature bit ${bit})` : `incompatible feature bit ${bit}`
  })
  return new DiskError('unsupported-feature', { file, format: 'qcow2', feature: names.join(', ') })
}

function isNotEncrypted({ file, header, extensions }: HeaderEvidence): DiskError | null {
  const { cryptMethod } = header
  if (cryptMethod === 0 && !extensions?.hasEncryptionHeader) return null
  if (cryptMethod > 2) return corrupt(file, `crypt_method is ${cryptMethod}`, 32)
  return new DiskError('encrypted', { file, format: 'qcow2', method: cryptMethod === 1 ? 'AES' : 'LUKS' })
}

function knowsCompression({ file, header }: HeaderEvidence): DiskError | null {
  const { compressionType } = header
  if (compressionType > 1) {
    return new DiskError('unsupported-feature', {
      file,
      format: 'qcow2',
      feature: `compression type ${compressionType}`,
    })
  }
  const isMarked = hasFeature(header.incompatible, incompatibleFeatures.compressionType)
  return isMarked === (compressionType !== 0)
    ? null
    : corrupt(file, 'the compression type and its feature bit disagree', 104)
}

function hasRoomForSubclusters({ file, header }: HeaderEvidence): DiskError | null {
  if (!hasFeature(header.incompatible, incompatibleFeatures.extendedL2) || header.clusterBits >= 14)
    return null
  return corrupt(file, `clusters of ${header.clusterSize} bytes are too small for subclusters`, 20)
}

function refcountsMakeSense({ file, header }: HeaderEvidence): DiskError | null {
  const { refcountOrder, refcountTableClusters: clusters, refcountTableOffset: offset, clusterSize } = header
  if (refcountOrder > 6) return corrupt(file, `refcount_order is ${refcountOrder}`, 96)
  if (clusters === 0) return corrupt(file, 'there is no refcount table', 56)
  if (clusters * clusterSize > longestRefcountTable) {
    const value = clusters * clusterSize
    return new DiskError('limit-exceeded', {
      file,
      what: 'bytes of the refcount table',
      value,
      limit: longestRefcountTable,
    })
  }
  if (offset === 0 || offset % clusterSize !== 0)
    return corrupt(file, `the refcount table is said to lie at ${offset}`, 48)
  return null
}

function hasWholeSectors({ file, header }: HeaderEvidence): DiskError | null {
  if (header.virtualSize % 512 === 0) return null
  return corrupt(file, `the virtual size of ${header.virtualSize} bytes is not whole sectors of 512`, 24)
}

function l1TableFitsLimit({ file, header }: HeaderEvidence): DiskError | null {
  const value = header.l1Size * 8
  if (value <= longestL1Table) return null
  return new DiskError('limit-exceeded', {
    file,
    what: 'bytes of the L1 table',
    value,
    limit: longestL1Table,
  })
}

function l1TableCoversDisk({ file, header }: HeaderEvidence): DiskError | null {
  const { l1Size, virtualSize } = header
  if (l1Size >= Math.ceil(virtualSize / l2TableSpan(header))) return null
  return corrupt(file, `an L1 table of ${l1Size} entries is too small for a disk of ${virtualSize} bytes`, 36)
}

function l1TableIsInside({ file, source, header }: HeaderEvidence): DiskError | null {
  const { l1Size, l1TableOffset: start, clusterSize } = header
  if (l1Size === 0) return null
  if (start === 0 || start % clusterSize !== 0)
    return corrupt(file, `the L1 table is said to lie at ${start}`, 40)
  return faultOf(() =>
    assertInside({ name: file, size: source.size }, { start, end: start + l1Size * 8 }, 'L1 table'),
  )
}

function namesItsDataFile({ file, header, extensions }: HeaderEvidence): DiskError | null {
  if (!hasFeature(header.incompatible, incompatibleFeatures.externalDataFile)) return null
  if (extensions === null || extensions.dataFile) return null
  return corrupt(file, 'an external data file is in use, but its name is not given')
}

function corrupt(file: string, reason: string, offset?: number): DiskError {
  const details = { file, structure: 'qcow2 header', reason }
  return new DiskError('corrupt', offset === undefined ? details : { ...details, offset })
}

function faultOf(check: () => void): DiskError | null {
  try {
    check()
    return null
  } catch (error) {
    if (error instanceof DiskError) return error
    throw error
  }
}

import { ascii, bytes, u16le, u32le, u64le } from '../../binary/fields.ts'
import { struct, type StructValue } from '../../binary/struct.ts'
import { DiskError } from '../../problems/disk-error.ts'

/*
 * [MS-VHDX] 2.2, Header Section:
 *
 *   0         file type identifier
 *   64 KiB    header 1
 *   128 KiB   header 2
 *   192 KiB   region table 1
 *   256 KiB   region table 2
 *   1 MiB …   log, BAT, metadata and blocks, in any order, each at a multiple of 1 MiB
 */

export const mib = 1024 * 1024
export const headersAt: readonly number[] = [64 * 1024, 128 * 1024]
export const regionTablesAt: readonly number[] = [192 * 1024, 256 * 1024]
export const regionTableSize = 64 * 1024
/** Where every checked structure keeps its CRC-32C; it counts as zero while the checksum is computed. */
export const checksumAt = 4

/** [MS-VHDX] 2.2.1, File Type Identifier. */
export const fileIdentifier = struct('VHDX file identifier', 8 + 512, {
  signature: [0, ascii(8)],
  creator: [8, bytes(512)],
})

/** [MS-VHDX] 2.2.2, Headers. */
export const header = struct('VHDX header', 4096, {
  signature: [0, ascii(4)],
  checksum: [4, u32le],
  sequenceNumber: [8, u64le],
  fileWriteGuid: [16, bytes(16)],
  dataWriteGuid: [32, bytes(16)],
  logGuid: [48, bytes(16)],
  logVersion: [64, u16le],
  version: [66, u16le],
  logLength: [68, u32le],
  logOffset: [72, u64le],
})
export type VhdxHeader = StructValue<typeof header>

/** [MS-VHDX] 2.2.3.1, Region Table Header. */
export const regionTableHeader = struct('VHDX region table', 16, {
  signature: [0, ascii(4)],
  checksum: [4, u32le],
  entryCount: [8, u32le],
})

/** [MS-VHDX] 2.2.3.2, Region Table Entry. */
export const regionEntry = struct('VHDX region table entry', 32, {
  guid: [0, bytes(16)],
  fileOffset: [16, u64le],
  length: [24, u32le],
  required: [28, u32le],
})

export const regionGuids = {
  bat: '2DC27766-F623-4200-9D64-115E9BFD4A08',
  metadata: '8B7CA206-4790-4B9A-B8FE-575F050F886E',
} as const

/** [MS-VHDX] 2.6.1.1, Metadata Table Header. */
export const metadataTableHeader = struct('VHDX metadata table', 32, {
  signature: [0, ascii(8)],
  entryCount: [10, u16le],
})

/** [MS-VHDX] 2.6.1.2, Metadata Table Entry. */
export const metadataEntry = struct('VHDX metadata table entry', 32, {
  itemId: [0, bytes(16)],
  offset: [16, u32le],
  length: [20, u32le],
  flags: [24, u32le],
})
export const metadataFlags = { isUser: 1, isVirtualDisk: 2, isRequired: 4 } as const

/** [MS-VHDX] 2.6.2, Known Metadata Items. */
export const itemGuids = {
  fileParameters: 'CAA16737-FA36-4D43-B3B6-33F0AA44E76B',
  virtualDiskSize: '2FA54224-CD1B-4876-B211-5DBED83BF4B8',
  virtualDiskId: 'BECA12AB-B2E6-4523-93EF-C309E000C746',
  logicalSectorSize: '8141BF1D-A96F-4709-BA47-F233A8FAAB5F',
  physicalSectorSize: 'CDA348C7-445D-4471-9CC9-E9885251C556',
  parentLocator: 'A8D35F2D-B30B-454D-ABF7-D3D84834AB0C',
} as const
export type ItemName = keyof typeof itemGuids

/** [MS-VHDX] 2.6.2.1, File Parameters. */
export const fileParameters = struct('VHDX file parameters', 8, {
  blockSize: [0, u32le],
  flags: [4, u32le],
})
export const fileParameterFlags = { leaveBlocksAllocated: 1, hasParent: 2 } as const

export const uint64Item = struct('VHDX virtual disk size', 8, { value: [0, u64le] })
export const uint32Item = struct('VHDX sector size', 4, { value: [0, u32le] })

/** [MS-VHDX] 2.6.2.6.1, Parent Locator Header. */
export const locatorHeader = struct('VHDX parent locator', 20, {
  locatorType: [0, bytes(16)],
  keyValueCount: [18, u16le],
})

/** [MS-VHDX] 2.6.2.6.2, Parent Locator Entry. */
export const locatorEntry = struct('VHDX parent locator entry', 12, {
  keyOffset: [0, u32le],
  valueOffset: [4, u32le],
  keyLength: [8, u16le],
  valueLength: [10, u16le],
})
export const vhdxLocatorType = 'B04AEFB7-D19E-4A81-B789-25B8E9445913'

export function damaged(
  file: string,
  structure: string,
  { reason, offset }: { reason: string; offset: number },
): DiskError {
  return new DiskError('corrupt', { file, structure, reason, offset })
}

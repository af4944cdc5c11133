import { ascii, bytes, u32le, u64le } from '../../binary/fields.ts'
import { struct, type StructValue } from '../../binary/struct.ts'

export const vdiSignature = 0xbeda_107f
/** An entry of the block map for a block that is not in this layer. */
export const freeEntry = 0xffff_ffff
/** An entry for a block of zeros. */
export const zeroEntry = 0xffff_fffe

/** VirtualBox VDICore.h, VDIPREHEADER and VDIHEADER1PLUS (version 1.1). */
export const vdiHeader = struct('VDI header', 456, {
  fileInfo: [0, ascii(64)],
  signature: [64, u32le],
  version: [68, u32le],
  headerSize: [72, u32le],
  type: [76, u32le],
  flags: [80, u32le],
  comment: [84, ascii(256)],
  offBlocks: [340, u32le],
  offData: [344, u32le],
  sectorSize: [360, u32le],
  diskSize: [368, u64le],
  blockSize: [376, u32le],
  blockExtra: [380, u32le],
  blockCount: [384, u32le],
  allocatedCount: [388, u32le],
  uuidCreate: [392, bytes(16)],
  uuidModify: [408, bytes(16)],
  uuidLinkage: [424, bytes(16)],
  uuidParentModify: [440, bytes(16)],
})
export type VdiHeader = StructValue<typeof vdiHeader>

export const vdiTypes = { dynamic: 1, fixed: 2, undo: 3, differencing: 4 } as const
export type VdiType = keyof typeof vdiTypes

/** The name of an image type, or null for the unknown ones. */
export function vdiTypeOf(value: number): VdiType | null {
  for (const [name, number] of Object.entries(vdiTypes)) if (number === value) return name as VdiType
  return null
}

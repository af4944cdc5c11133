import { ascii, u32le, u64le } from '../../binary/fields.ts'
import { struct, type StructValue } from '../../binary/struct.ts'

export const sectorSize = 512
/** The magic of images whose BAT counts sectors (version 1) and of those whose BAT counts clusters (version 2). */
export const hdsMagics = { WithoutFreeSpace: 1, WithouFreSpacExt: 2 } as const

/** `inuse`: somebody has the image open for writing, or crashed. */
export const inUseOpen = 0x746f_6e59
/** `flags`, bit 0: the image holds no data. */
export const emptyFlag = 1

/** QEMU docs/interop/parallels.rst, "Parallels Expandable Image File Format", header; the BAT follows. */
export const hdsHeader = struct('Parallels header', 64, {
  magic: [0, ascii(16)],
  version: [16, u32le],
  heads: [20, u32le],
  cylinders: [24, u32le],
  tracks: [28, u32le],
  batEntries: [32, u32le],
  sectors: [36, u32le],
  sectorsHigh: [40, u32le],
  inUse: [44, u32le],
  dataOffset: [48, u32le],
  flags: [52, u32le],
  extensionOffset: [56, u64le],
})
export type HdsHeader = StructValue<typeof hdsHeader>

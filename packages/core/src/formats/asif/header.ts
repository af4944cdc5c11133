import { ascii, bytes, u16be, u32be, u64be } from '../../binary/fields.ts'
import { struct, type StructValue } from '../../binary/struct.ts'

/** Header of an Apple sparse image (ASIF), as published by those who read it: no specification is public. */
export const asifHeader = struct('ASIF header', 512, {
  signature: [0, ascii(4)],
  version: [4, u32be],
  headerSize: [8, u32be],
  flags: [12, u32be],
  directoryA: [16, u64be],
  directoryB: [24, u64be],
  uuid: [32, bytes(16)],
  sectorCount: [48, u64be],
  maxSectorCount: [56, u64be],
  chunkSize: [64, u32be],
  blockSize: [68, u16be],
  segments: [70, u16be],
  metadataChunk: [72, u64be],
})
export type AsifHeader = StructValue<typeof asifHeader>

import { u16be, u32be, u64be } from '@varve/core/binary/fields'
import { struct } from '@varve/core/binary/struct'
import type { StructValue } from '@varve/core/binary/struct'
import { u64wire } from './wire-fields.ts'

/** First message of the server (specification: "Newstyle negotiation"). */
export const greeting = struct('NBD greeting', 18, {
  magic: [0, u64wire],
  style: [8, u64wire],
  flags: [16, u16be],
})
export type Greeting = StructValue<typeof greeting>

/** First message of the client (specification: "Newstyle negotiation"). */
export const clientFlags = struct('NBD client flags', 4, { flags: [0, u32be] })

/** Start of an option; `length` bytes of data follow (specification: "Fixed newstyle negotiation"). */
export const optionHeader = struct('NBD option', 16, {
  magic: [0, u64wire],
  option: [8, u32be],
  length: [12, u32be],
})

/** Start of an option reply; `length` bytes of data follow (specification: "Fixed newstyle negotiation"). */
export const optionReplyHeader = struct('NBD option reply', 20, {
  magic: [0, u64wire],
  option: [8, u32be],
  type: [12, u32be],
  length: [16, u32be],
})

/** Answer to `NBD_OPT_EXPORT_NAME`; 124 zero bytes follow unless both sides agreed on none. */
export const exportNameReply = struct('NBD export name reply', 10, { size: [0, u64be], flags: [8, u16be] })

/** Zero bytes after `exportNameReply`. */
export const exportNamePadding = 124

/** `NBD_INFO_EXPORT` inside an option reply. */
export const infoExport = struct('NBD_INFO_EXPORT', 12, {
  type: [0, u16be],
  size: [2, u64be],
  flags: [10, u16be],
})

/** `NBD_INFO_BLOCK_SIZE` inside an option reply, sizes in bytes. */
export const infoBlockSize = struct('NBD_INFO_BLOCK_SIZE', 14, {
  type: [0, u16be],
  minimum: [2, u32be],
  preferred: [6, u32be],
  maximum: [10, u32be],
})

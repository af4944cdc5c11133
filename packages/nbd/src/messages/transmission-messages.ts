import { u16be, u32be, u64be } from '@varve/core/binary/fields'
import { struct } from '@varve/core/binary/struct'
import type { StructValue } from '@varve/core/binary/struct'
import { u64wire } from './wire-fields.ts'

/** A request; the payload of a write follows (specification: "Request message"). */
export const requestHeader = struct('NBD request', 28, {
  magic: [0, u32be],
  flags: [4, u16be],
  type: [6, u16be],
  cookie: [8, u64wire],
  offset: [16, u64wire],
  length: [24, u32be],
})
export type RequestHeader = StructValue<typeof requestHeader>

/** A simple reply; the data of a read follows (specification: "Simple reply message"). */
export const simpleReply = struct('NBD simple reply', 16, {
  magic: [0, u32be],
  error: [4, u32be],
  cookie: [8, u64wire],
})

/** Start of one chunk of a structured reply; `length` bytes follow (specification: "Structured reply chunk message"). */
export const chunkHeader = struct('NBD reply chunk', 20, {
  magic: [0, u32be],
  flags: [4, u16be],
  type: [6, u16be],
  cookie: [8, u64wire],
  length: [16, u32be],
})
export type ChunkHeader = StructValue<typeof chunkHeader>

/** Start of the payload of `NBD_REPLY_TYPE_OFFSET_DATA`; the data follows. */
export const offsetData = struct('NBD_REPLY_TYPE_OFFSET_DATA', 8, { offset: [0, u64be] })

/** Payload of `NBD_REPLY_TYPE_OFFSET_HOLE`. */
export const offsetHole = struct('NBD_REPLY_TYPE_OFFSET_HOLE', 12, { offset: [0, u64be], length: [8, u32be] })

/** Start of the payload of `NBD_REPLY_TYPE_ERROR`; the message follows. */
export const errorChunk = struct('NBD_REPLY_TYPE_ERROR', 6, { error: [0, u32be], messageLength: [4, u16be] })

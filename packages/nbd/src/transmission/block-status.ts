import type { ByteRange } from '@varve/core/binary/byte-source'
import { clipExtent, mergeExtents, mergeExtentStream } from '@varve/core/extent/extent'
import type { Extent } from '@varve/core/extent/extent'
import { allocationFlags } from '../messages/numbers.ts'

/** Blocks in one reply of the server; a client asks again for the rest. */
export const maxBlocksPerReply = 8192

/** Bytes of the largest block-status payload that a client takes: qemu-nbd sends up to 1 MiB. */
export const maxStatusPayload = 2 * 1024 * 1024

const headerSize = 4

/** Bytes of a block: its length and its flags, 32 bits each (specification: "NBD_REPLY_TYPE_BLOCK_STATUS"). */
const blockSize = 8

/** The payload of `NBD_REPLY_TYPE_BLOCK_STATUS` for the first at most `limit` runs of `extents`; null: there is none. */
export async function encodeBlockStatus(
  contextId: number,
  extents: AsyncIterable<Extent>,
  limit: number,
): Promise<Uint8Array | null> {
  const payload = new Uint8Array(headerSize + limit * blockSize)
  const view = new DataView(payload.buffer)
  view.setUint32(0, contextId)
  let at = headerSize
  for await (const { length, content } of mergeExtentStream(asZeroOrData(extents))) {
    view.setUint32(at, length)
    view.setUint32(at + 4, content === 'data' ? 0 : allocationFlags.hole | allocationFlags.zero)
    at += blockSize
    if (at === payload.length) break
  }
  return at === headerSize ? null : payload.subarray(0, at)
}

/** Blocks of one reply from which on a server is taken for one that cuts holes small. */
const manyBlocks = 4096

/** Holes shorter than this are read like data where there are many: their zeros cost less than knowing of them. */
const smallestOfMany = 64 * 1024

/**
 * The extents of `range` that a block-status payload tells, clipped to it; null when the payload breaks the
 * protocol. They start at `range.start`, and may end before `range.end`. Of a reply with hundreds of thousands of blocks
 * few are kept.
 */
export function decodeBlockStatus(payload: Uint8Array, contextId: number, range: ByteRange): Extent[] | null {
  const count = (payload.length - headerSize) / blockSize
  if (!Number.isInteger(count) || count < 1) return null
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  if (view.getUint32(0) !== contextId) return null
  let start = range.start
  for (let at = headerSize; at < payload.length; at += blockSize) {
    const length = view.getUint32(at)
    if (length === 0 || start >= range.end) return null
    start += length
  }
  const blocks = clippedBlocks(view, range)
  return [...mergeExtents(count > manyBlocks ? withoutSmallHoles(blocks) : blocks)]
}

function* clippedBlocks(view: DataView, range: ByteRange): Generator<Extent> {
  let start = range.start
  for (let at = headerSize; at < view.byteLength; at += blockSize) {
    const length = view.getUint32(at)
    const content = (view.getUint32(at + 4) & allocationFlags.zero) === 0 ? 'data' : 'zero'
    const extent = clipExtent({ start, length, content }, range)
    if (extent) yield extent
    start += length
  }
}

function* withoutSmallHoles(extents: Iterable<Extent>): Generator<Extent> {
  for (const extent of mergeExtents(extents)) {
    yield extent.length < smallestOfMany ? { ...extent, content: 'data' } : extent
  }
}

/** On the wire `absent` and `zero` are the same: a hole that reads as zeros. */
async function* asZeroOrData(extents: AsyncIterable<Extent>): AsyncGenerator<Extent> {
  for await (const extent of extents) {
    yield extent.content === 'absent' ? { ...extent, content: 'zero' } : extent
  }
}

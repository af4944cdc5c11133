import type { ByteRange } from '@varve/core/ranges/byte-range'
import { mergeExtentStream } from '@varve/core/ranges/extent'
import type { Extent } from '@varve/core/ranges/extent'
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
 * protocol. They start at `range.start`, and may end before `range.end`.
 */
export function decodeBlockStatus(payload: Uint8Array, contextId: number, range: ByteRange): Extent[] | null {
  const count = blocksIn(payload.length)
  if (count === null || contextOf(payload) !== contextId) return null
  const decoder = new BlockStatusDecoder(range, count)
  return decoder.add(payload.subarray(headerSize)) ? decoder.extents() : null
}

/** Bytes before the first block of a payload: the context. */
export const statusHeaderSize = headerSize

/** The context that a payload is about. */
export function contextOf(header: Uint8Array): number {
  return new DataView(header.buffer, header.byteOffset, header.length).getUint32(0)
}

/** How many blocks a payload of so many bytes has; null: it is none. */
export function blocksIn(payloadLength: number): number | null {
  const count = (payloadLength - headerSize) / blockSize
  return Number.isInteger(count) && count >= 1 ? count : null
}

interface Run {
  readonly start: number
  end: number
  readonly content: Extent['content']
}

/**
 * Takes in the blocks of one reply piece by piece, so that neither its bytes nor its blocks are ever all in memory: of a reply
 * with hundreds of thousands of blocks few extents are kept.
 */
export class BlockStatusDecoder {
  readonly #end: number
  readonly #isOfMany: boolean
  readonly #runs: Run[] = []
  #open: Run | null = null
  #next: number

  /** `count`: the blocks of the whole reply. */
  constructor({ start, end }: ByteRange, count: number) {
    this.#next = start
    this.#end = end
    this.#isOfMany = count > manyBlocks
  }

  /** Takes in whole blocks; false: they break the protocol. */
  add(blocks: Uint8Array): boolean {
    const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.length)
    for (let at = 0; at < view.byteLength; at += blockSize) {
      const length = view.getUint32(at)
      if (length === 0 || this.#next >= this.#end) return false
      const content = (view.getUint32(at + 4) & allocationFlags.zero) === 0 ? 'data' : 'zero'
      this.#take(content, Math.min(this.#next + length, this.#end))
      this.#next += length
    }
    return true
  }

  /** What the blocks say, merged; nothing can be added afterwards. */
  extents(): Extent[] {
    this.#settle()
    return this.#runs.map(({ start, end, content }) => ({ start, length: end - start, content }))
  }

  #take(content: Extent['content'], end: number): void {
    if (this.#open?.content === content) {
      this.#open.end = end
      return
    }
    this.#settle()
    this.#open = { start: this.#next, end, content }
  }

  #settle(): void {
    if (!this.#open) return
    const { start, end, content } = this.#open
    const kept = this.#isOfMany && end - start < smallestOfMany ? 'data' : content
    const last = this.#runs.at(-1)
    if (last?.content === kept) last.end = end
    else this.#runs.push({ start, end, content: kept })
    this.#open = null
  }
}

/** On the wire `absent` and `zero` are the same: a hole that reads as zeros. */
async function* asZeroOrData(extents: AsyncIterable<Extent>): AsyncGenerator<Extent> {
  for await (const extent of extents) {
    yield extent.content === 'absent' ? { ...extent, content: 'zero' } : extent
  }
}

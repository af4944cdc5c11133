import { mergeExtents } from '@varve/core/ranges/extent'
import type { Extent } from '@varve/core/ranges/extent'
import type { NbdExport } from '../nbd-export.ts'

const blockSize = 4096
const zeros = new Uint8Array(blockSize)

/** Bytes in memory as a disk that can be written; blocks of 4 KiB of zeros are holes. */
export function memoryExport(
  bytes: Uint8Array,
  { description = null }: { description?: string | null } = {},
): NbdExport {
  return {
    size: bytes.length,
    description,
    async readInto(target, at) {
      target.set(bytes.subarray(at, at + target.length))
    },
    async *extents({ start, end }) {
      yield* mergeExtents(blocks(bytes, start, end))
    },
    writer: {
      async write(data, at) {
        bytes.set(data, at)
      },
      async flush() {},
    },
  }
}

function* blocks(bytes: Uint8Array, start: number, end: number): Generator<Extent> {
  for (let at = start; at < end;) {
    const blockEnd = Math.min(end, (Math.floor(at / blockSize) + 1) * blockSize)
    const isZero = Buffer.compare(bytes.subarray(at, blockEnd), zeros.subarray(0, blockEnd - at)) === 0
    const content = isZero ? 'zero' : 'data'
    yield { start: at, length: blockEnd - at, content }
    at = blockEnd
  }
}

import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../testing/seeded-random.ts'
import { dataToWrite, differingBlocks, sectorBitmap } from './differing-blocks.ts'

const shape = { blockSize: 64 * 1024, unit: 4096 }
const sector = 512

/** A chunk and what lies below it: runs of one byte in both, with a length that ends inside a unit. */
function makeChunk(seed: number): { chunk: Uint8Array; below: Uint8Array } {
  const random = seededRandom(seed)
  const length = 4 * shape.blockSize + random(shape.blockSize / sector) * sector
  const [chunk, below] = [new Uint8Array(length), new Uint8Array(length)]
  for (const bytes of [chunk, below])
    for (let run = 0; run < 6; run += 1) bytes.fill(random(3), random(length), random(length))
  return { chunk, below }
}

describe('blocks that differ', () => {
  test('written over what lies below by their bitmaps they give the chunk', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const { chunk, below } = makeChunk(seed)
      const read = below.slice()
      for (const block of differingBlocks(chunk, below, shape)) {
        // What is stored: a new file, holes and all.
        const stored = new Uint8Array(shape.blockSize)
        for (const { start, end } of dataToWrite(chunk, block))
          stored.set(chunk.subarray(start, end), start - block.start)
        const bitOrder = seed % 2 === 0 ? 'highest-first' : 'lowest-first'
        const bitmap = sectorBitmap(block, {
          length: shape.blockSize / sector / 8,
          sectorSize: sector,
          bitOrder,
        })
        for (let at = block.start; at < block.end; at += sector) {
          const index = (at - block.start) / sector
          const bit = bitOrder === 'lowest-first' ? index % 8 : 7 - (index % 8)
          if ((((bitmap[index >> 3] ?? 0) >> bit) & 1) === 0) continue
          read.set(stored.subarray(at - block.start, Math.min(at + sector, block.end) - block.start), at)
        }
        if (block.kind === 'zeros')
          expect(chunk.subarray(block.start, block.end).every((byte) => byte === 0)).toBe(true)
      }
      expect(Buffer.compare(read, chunk)).toBe(0)
    }
  })

  test('say whether they are there whole, in part, or as zeros; the same is nothing', () => {
    const size = 3 * shape.blockSize
    const below = new Uint8Array(size).fill(1)
    const chunk = below.slice()
    expect(differingBlocks(chunk, below, shape)).toEqual([])
    chunk.fill(2, 0, shape.blockSize)
    chunk[shape.blockSize + 5000] = 3
    chunk.fill(0, 2 * shape.blockSize)
    const kinds = differingBlocks(chunk, below, shape).map(({ kind, runs }) => [kind, ...runs])
    const [first, second] = [shape.blockSize, 2 * shape.blockSize]
    expect(kinds).toEqual([
      ['whole', 0, first],
      ['parts', first + 4096, first + 8192],
      ['zeros', second, size],
    ])
    expect(differingBlocks(new Uint8Array(size), undefined, shape)).toEqual([])
  })
})

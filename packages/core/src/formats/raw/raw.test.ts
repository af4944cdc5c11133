import { testId } from '../../testing/write-disk.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ByteSource } from '../../binary/byte-source.ts'
import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import type { Extent } from '../../ranges/extent.ts'
import { rawDisk } from './driver.ts'
import { holeSize, rawWriter } from './writer.ts'

const compressors = {
  deflateRaw: (bytes: Uint8Array) => bytes,
  deflate: (bytes: Uint8Array) => bytes,
  zstd: (bytes: Uint8Array) => bytes,
}

function writerOf(virtualSize: number) {
  const state = new ArrayBuffer(rawWriter.stateSize({ virtualSize, compression: 'none' }))
  return rawWriter.open({ id: testId, virtualSize, compression: 'none', compressors, state })
}

describe('raw writer', () => {
  test('what it writes is the chunk; aligned runs of zeros are left out', () => {
    const piece = fc.record({ isZero: fc.boolean(), length: fc.integer({ min: 1, max: 3 * holeSize }) })
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 20 }), fc.nat(3), (pieces, index) => {
        const chunk = Uint8Array.from(
          pieces.flatMap(({ isZero, length }) => Array.from({ length }, () => (isZero ? 0 : 7))),
        )
        const virtualSize = index * chunkSize + chunk.length
        const writer = writerOf(virtualSize)
        const prepared = writer.prepare(index, chunk)
        writer.place(prepared)
        const file = new Uint8Array(chunk.length)
        let written = 0
        let end = -1
        for (const { at, bytes } of writer.writes(prepared)) {
          expect((at - index * chunkSize) % holeSize).toBe(0)
          expect(at).toBeGreaterThan(end)
          file.set(bytes, at - index * chunkSize)
          written += bytes.length
          end = at + bytes.length
        }
        expect(Buffer.compare(file, chunk)).toBe(0)
        let blocksOfData = 0
        for (let start = 0; start < chunk.length; start += holeSize) {
          const block = chunk.subarray(start, start + holeSize)
          if (block.some((byte) => byte !== 0)) blocksOfData += block.length
        }
        expect(written).toBe(blocksOfData)
        expect([...writer.finish()]).toEqual([])
        expect(writer.fileSize()).toBe(virtualSize)
      }),
      { numRuns: 60 },
    )
  })

  test('a chunk that does not belong to the disk is refused', () => {
    const writer = writerOf(chunkSize + 5)
    expect(() => writer.prepare(2, new Uint8Array(5))).toThrow(RangeError)
    expect(() => writer.prepare(1, new Uint8Array(6))).toThrow(RangeError)
    expect(() => writer.prepare(0, new Uint8Array(5))).toThrow(RangeError)
    expect(writer.prepare(1, new Uint8Array(chunkLength(chunkSize + 5, 1))).index).toBe(1)
  })

  test('no size that a number cannot hold', () => {
    expect(() => rawWriter.stateSize({ virtualSize: 2 ** 53, compression: 'none' })).toThrow(
      'Raw cannot hold a disk',
    )
  })

  test('measures the room it takes, never more than the disk', () => {
    expect(rawWriter.measure({ virtualSize: 10_000, dataBytes: 1, compression: 'none' })).toBe(4096)
    expect(rawWriter.measure({ virtualSize: 10_000, dataBytes: 10_000, compression: 'none' })).toBe(10_000)
    expect(rawWriter.measure({ virtualSize: 10_000, dataBytes: 0, compression: 'none' })).toBe(0)
  })
})

describe('raw reader', () => {
  const holes: Extent[] = [
    { start: 0, length: 4096, content: 'data' },
    { start: 4096, length: 4096, content: 'absent' },
    { start: 8192, length: 4096, content: 'zero' },
    { start: 12_288, length: 100, content: 'data' },
  ]
  const source: ByteSource = {
    name: 'disk.img',
    size: 12_388,
    readInto: async (target) => {
      target.fill(5)
    },
    async *extents({ start, end }) {
      for (const { start: from, length, content } of holes) {
        const [a, b] = [Math.max(start, from), Math.min(end, from + length)]
        if (a < b) yield { start: a, length: b - a, content }
      }
    },
  }

  test('holes of the file are zeros, never absent', async () => {
    const found: Extent[] = []
    for await (const extent of rawDisk(source).extents({ start: 100, end: 1_000_000 })) found.push(extent)
    expect(found).toEqual([
      { start: 100, length: 3996, content: 'data' },
      { start: 4096, length: 8192, content: 'zero' },
      { start: 12_288, length: 100, content: 'data' },
    ])
  })

  test('reading past the end is out of range', async () => {
    await expect(rawDisk(source).readInto(new Uint8Array(101), 12_288)).rejects.toMatchObject({
      code: 'out-of-range',
    })
  })
})

import { deflateRawSync, deflateSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodeCodecs, nodeCompressors } from './node-codecs.ts'
import { zstdFrameLength } from './zstd-frame.ts'

const pairs = [
  ['inflateRaw', 'deflateRaw'],
  ['inflate', 'deflate'],
  ['zstd', 'zstd'],
] as const

/** Bytes that compress well in part. */
const content = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 50 }), fc.integer({ min: 1, max: 40 })), {
    minLength: 1,
    maxLength: 20,
  })
  .map((parts) =>
    Buffer.concat(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))),
  )
  .filter((bytes) => bytes.length > 0)

describe.each(pairs)('%s', (unpack, pack) => {
  test('gives back what was packed, whatever follows it', () => {
    fc.assert(
      fc.property(content, fc.uint8Array({ maxLength: 600 }), (bytes, padding) => {
        const stored = Buffer.concat([nodeCompressors[pack](bytes), padding])
        expect(Buffer.compare(nodeCodecs[unpack](stored, bytes.length), bytes)).toBe(0)
      }),
    )
  })

  test('never gives more than asked for', () => {
    const stored = nodeCompressors[pack](new Uint8Array(100_000))
    expect(() => nodeCodecs[unpack](stored, 99_999)).toThrow()
  })

  test('bad input throws or gives at most the size', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        let length = 0
        try {
          length = nodeCodecs[unpack](bytes, 1000).length
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
        expect(length).toBeLessThanOrEqual(1000)
      }),
    )
  })
})

test('raw deflate keeps to the window of 4 KiB that QEMU has', () => {
  const once = randomBytes(5000)
  const far = Buffer.concat([once, once])
  expect(nodeCompressors.deflateRaw(far).length).toBeGreaterThan(9000)
  expect(deflateRawSync(far).length).toBeLessThan(6000)
})

test('a zlib stream is not raw deflate', () => {
  expect(() => nodeCodecs.inflate(deflateRawSync(Buffer.from('abc')), 3)).toThrow()
  expect(Buffer.from(nodeCodecs.inflate(deflateSync(Buffer.from('abc')), 3)).toString()).toBe('abc')
})

describe('length of a Zstandard frame', () => {
  test('is where the frame ends, even before another frame', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const frame = zstdCompressSync(bytes)
        expect(zstdFrameLength(Buffer.concat([frame, frame]))).toBe(frame.length)
      }),
    )
  })

  test('a cut frame is refused', () => {
    const frame = zstdCompressSync(randomBytes(1000))
    for (const length of [0, 4, 5, 10, frame.length - 1]) {
      expect(() => zstdFrameLength(frame.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'decompression-failed' }),
      )
    }
  })
})

function randomBytes(length: number): Buffer {
  let state = 1
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state >>> 16
    }),
  )
}

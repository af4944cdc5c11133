import { chunkSize } from '@varve/core/digest/disk-digest'
import { dataRuns, isZero } from '@varve/core/binary/zero-scan'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isZeroChunk } from './zero-chunk.ts'

test('the test that is brought to core finds each byte that is not zero, and no other', () => {
  const sizes = fc.integer({ min: 1, max: 70_000 })
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), fc.boolean(), (size, place, cut, isData) => {
      const bytes = new Uint8Array(size)
      const at = place % size
      const start = cut % (size + 1)
      if (isData) bytes[at] = 1
      expect(isZero(bytes)).toBe(!isData)
      expect(isZeroChunk(bytes)).toBe(!isData)
      expect(isZero(bytes, { start, end: size })).toBe(!isData || at < start)
      const block = Math.floor(at / 4096) * 4096
      expect(dataRuns(bytes, 4096)).toEqual(isData ? [block, Math.min(size, block + 4096)] : [])
    }),
  )
})

test('more than a chunk is tested to its end', () => {
  const bytes = new Uint8Array(2 * chunkSize + 3)
  expect(isZero(bytes)).toBe(true)
  bytes[2 * chunkSize + 1] = 7
  expect(isZero(bytes)).toBe(false)
})

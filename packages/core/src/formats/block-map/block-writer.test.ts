import { expect, test } from 'vitest'
import { chunkSize } from '../../digest/disk-digest.ts'
import { blockStateSize, blockWriter, type BlockLayout } from './block-writer.ts'

const KiB = 1024
const blockSize = 1024 * KiB

/** Where the chunks of one disk are written that hold ones in these ranges, by `[at, length]`. */
function writesOf(
  layout: Pick<BlockLayout, 'dataAt' | 'prefix'>,
  ranges: readonly (readonly [start: number, end: number])[],
) {
  const whole = { ...layout, virtualSize: chunkSize, blockSize, isFixed: false }
  const state = new ArrayBuffer(blockStateSize(whole))
  const writer = blockWriter({ layout: whole, state, finish: () => [], fileSize: () => 0 })
  const chunk = new Uint8Array(chunkSize)
  for (const [start, end] of ranges) chunk.fill(1, start, end)
  const prepared = writer.prepare(0, chunk)
  writer.place(prepared)
  return [...writer.writes(prepared)].map(({ at, bytes }) => [at, bytes.length])
}

const none = new Uint8Array(0)

test('zeros inside blocks that lie on pages stay holes, page by page', () => {
  const ranges = [
    [5 * KiB, 6 * KiB],
    [100 * KiB, 104 * KiB],
    [3 * blockSize - 4 * KiB, 3 * blockSize + 1],
  ] as const
  // The second block is empty, so the third and the fourth follow the first one in the file.
  expect(writesOf({ dataAt: 8 * KiB, prefix: none }, ranges)).toEqual([
    [12 * KiB, 4 * KiB],
    [108 * KiB, 4 * KiB],
    [8 * KiB + 2 * blockSize - 4 * KiB, 8 * KiB],
  ])
})

test('blocks that do not lie on pages have holes of 64 KiB', () => {
  const prefix = new Uint8Array(512).fill(0xff)
  const ranges = [
    [5 * KiB, 6 * KiB],
    [70 * KiB, 71 * KiB],
    [600 * KiB, 601 * KiB],
  ] as const
  expect(writesOf({ dataAt: 2048, prefix }, ranges)).toEqual([
    [2048, 512],
    [2048 + 512, 128 * KiB],
    [2048 + 512 + 576 * KiB, 64 * KiB],
  ])
})

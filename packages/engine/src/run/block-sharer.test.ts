import { expect, test } from 'vitest'
import { chunkSize } from '@varve/core/digest/disk-digest'
import { sliceSource } from '@varve/core/binary/byte-source'
import { rawDisk } from '@varve/core/formats/raw/driver'
import { MemoryFiles, memoryFileRanges } from '../file-ranges/testing/memory-file-ranges.ts'
import { fileSource } from '../files/file-source.ts'
import { BlockSharer } from './block-sharer.ts'

const KiB = 1024
const size = chunkSize + 128 * KiB

/** A disk that starts at `start` of a file, and an empty file beside it. */
function setUp(start = 0) {
  const files = new MemoryFiles()
  const [sourceFd, fd] = [files.create('source', start + size), files.create('target', size)]
  files.write(
    sourceFd,
    0,
    Uint8Array.from({ length: start + size }, (_, at) => Math.floor(at / 4096) + 1),
  )
  const ranges = memoryFileRanges(files)
  const file = { fd: sourceFd, stat: fail, read: fail, close: fail }
  const source = fileSource({ file, name: 'source', size: start + size, ranges })
  const disk = rawDisk(start === 0 ? source : sliceSource(source, { start, end: start + size }))
  const sharer = new BlockSharer(disk, ranges)
  const chunk = { start: 0, bytes: new Uint8Array(chunkSize) }
  const share = (at: number, [from, end]: readonly [number, number], bytes = chunk.bytes) =>
    sharer.share(
      { fd, name: 'target', allocates: false, writesBehind: false },
      { at, bytes: bytes.subarray(from, end) },
      chunk,
    )
  return { files, ranges, sourceFd, fd, chunk, share }
}

function fail(): never {
  throw new Error('nothing is read to share it')
}

test('bytes of the chunk are shared from their place in the file, wherever they go', () => {
  const { files, sourceFd, fd, share } = setUp(8 * KiB)
  expect(share(256 * KiB, [64 * KiB, 192 * KiB])).toBe(true)
  const [from, to] = [files.file(sourceFd).bytes, files.file(fd).bytes]
  expect(to.slice(256 * KiB, 384 * KiB)).toEqual(from.slice(72 * KiB, 200 * KiB))
  expect(to.findIndex((byte) => byte !== 0)).toBe(256 * KiB)
})

test('a later chunk is shared from where it lies on the disk', () => {
  const { files, sourceFd, fd, chunk, share } = setUp()
  chunk.start = chunkSize
  expect(share(0, [0, 64 * KiB])).toBe(true)
  expect(files.file(fd).bytes.slice(0, 64 * KiB)).toEqual(
    files.file(sourceFd).bytes.slice(chunkSize, chunkSize + 64 * KiB),
  )
})

test.each<[string, number, readonly [number, number]]>([
  ['little', 0, [0, 32 * KiB]],
  ['no whole blocks', 0, [0, 64 * KiB + 512]],
  ['at a place between blocks', 512, [0, 64 * KiB]],
  ['from a place between blocks', 0, [512, 64 * KiB + 512]],
])('%s is written', (_, at, range) => {
  expect(setUp().share(at, range)).toBe(false)
})

test('what lies in the file between blocks is written, and so is what the writer made itself', () => {
  expect(setUp(512).share(0, [0, 64 * KiB])).toBe(false)
  expect(setUp().share(0, [0, 64 * KiB], new Uint8Array(chunkSize))).toBe(false)
})

test('past the end of the file nothing is shared', () => {
  const { chunk, share } = setUp()
  chunk.start = chunkSize
  expect(share(0, [0, 256 * KiB])).toBe(false)
})

test('a filesystem that refuses is asked once', () => {
  const { ranges, share } = setUp()
  let asked = 0
  ranges.cloneRange = () => {
    asked += 1
    return false
  }
  expect([share(0, [0, 64 * KiB]), share(0, [0, 64 * KiB])]).toEqual([false, false])
  expect(asked).toBe(1)
})

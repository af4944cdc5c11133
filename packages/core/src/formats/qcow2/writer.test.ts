import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertInside } from '../../binary/byte-source.ts'
import type { ByteSource } from '../../binary/byte-source.ts'
import { chunkSize } from '../../digest/disk-digest.ts'
import type { Extent } from '../../ranges/extent.ts'
import { nodeCompressors, testId } from '../../testing/write-disk.ts'
import type { FileWrite } from '../../image/disk-writer.ts'
import { sharedAllocation } from './allocation.ts'
import { qcow2Driver } from './driver.ts'
import { clusterSize, clustersPerRegion, layoutQcow2 } from './layout.ts'
import { memoryFile, memoryPorts } from './testing/handmade-image.ts'
import { qcow2Writer } from './writer.ts'

const TiB = 1024 ** 4

function openWriter(virtualSize: number, compression: 'none' | 'zlib' | 'zstd' = 'none') {
  const state = new ArrayBuffer(qcow2Writer.stateSize({ virtualSize, compression }))
  return qcow2Writer.open({ id: testId, virtualSize, compression, compressors: nodeCompressors, state })
}

/** A file of which only the written parts take memory. */
function sparseFile(writes: readonly FileWrite[], size: number) {
  const reads: number[] = []
  const source: ByteSource = {
    name: 'sparse',
    size,
    async readInto(target, at) {
      assertInside(source, { start: at, end: at + target.length }, 'data')
      reads.push(target.length)
      target.fill(0)
      for (const write of writes) {
        const start = Math.max(at, write.at)
        const end = Math.min(at + target.length, write.at + write.bytes.length)
        if (start < end) target.set(write.bytes.subarray(start - write.at, end - write.at), start - at)
      }
    },
    async *extents({ start, end }) {
      yield { start, length: end - start, content: 'data' }
    },
  }
  return { file: { ...memoryFile(new Uint8Array(0)), source }, reads }
}

describe('qcow2Writer', () => {
  test('a disk of 64 TiB maps without a look at any missing table', async () => {
    const writer = openWriter(64 * TiB)
    const chunk = new Uint8Array(chunkSize)
    chunk.fill(5, (100 * clusterSize) % chunkSize, chunkSize)
    const index = 9_999_999
    const prepared = writer.prepare(index, chunk)
    writer.place(prepared)
    const writes = [...writer.writes(prepared), ...writer.finish()]
    const { file, reads } = sparseFile(writes, writer.fileSize())
    await using layer = await qcow2Driver.openLayer(file, memoryPorts())
    const opened = reads.length
    const extents: Extent[] = []
    for await (const extent of layer.disk.extents({ start: 0, end: 64 * TiB })) extents.push(extent)
    const start = index * chunkSize + 36 * clusterSize
    const end = (index + 1) * chunkSize
    expect(extents).toEqual([
      { start: 0, length: start, content: 'absent' },
      { start, length: end - start, content: 'data' },
      { start: end, length: 64 * TiB - end, content: 'absent' },
    ])
    expect(reads.slice(opened)).toEqual([clusterSize])
    const bytes = new Uint8Array(chunkSize)
    await layer.disk.readInto(bytes, index * chunkSize)
    expect(Buffer.compare(bytes, chunk)).toBe(0)
    expect(reads.slice(opened)).toEqual([clusterSize, end - start])
  })

  test('the header is written last, all before it elsewhere', () => {
    const writer = openWriter(TiB, 'zstd')
    const prepared = writer.prepare(3, new Uint8Array(chunkSize).fill(1))
    writer.place(prepared)
    const places: { at: number; end: number }[] = []
    for (const { at, bytes } of writer.writes(prepared)) places.push({ at, end: at + bytes.length })
    for (const { at, bytes } of writer.finish()) places.push({ at, end: at + bytes.length })
    expect(places.at(-1)?.at).toBe(0)
    expect(places.slice(0, -1).every(({ at }) => at >= clusterSize)).toBe(true)
    expect(places.every(({ end }) => end <= writer.fileSize())).toBe(true)
    places.sort((a, b) => a.at - b.at)
    places.forEach(({ at }, i) => expect(at).toBeGreaterThanOrEqual(places[i - 1]?.end ?? 0))
  })

  test('a chunk of zeros takes no room', () => {
    const writer = openWriter(TiB)
    const prepared = writer.prepare(0, new Uint8Array(chunkSize))
    writer.place(prepared)
    expect([...writer.writes(prepared)]).toEqual([])
    expect(writer.fileSize()).toBe(openWriter(TiB).fileSize())
  })

  test('a chunk of another place or length is refused', () => {
    const writer = openWriter(chunkSize + 512)
    expect(() => writer.prepare(2, new Uint8Array(512))).toThrow(RangeError)
    expect(() => writer.prepare(-1, new Uint8Array(chunkSize))).toThrow(RangeError)
    expect(() => writer.prepare(1, new Uint8Array(chunkSize))).toThrow(RangeError)
    expect(() => writer.place({ index: 0 })).toThrow(TypeError)
  })

  test('sizes that the format cannot hold are refused', () => {
    for (const virtualSize of [1000, -512, 0.5, 2 ** 53, 2 ** 53 - 512, 2 * 1024 * TiB]) {
      expect(() => qcow2Writer.stateSize({ virtualSize, compression: 'none' })).toThrow(
        expect.objectContaining({ code: 'size-unsupported' }),
      )
    }
    expect(qcow2Writer.stateSize({ virtualSize: 1024 * TiB, compression: 'none' })).toBeLessThan(
      17 * 1024 * 1024,
    )
  })
})

describe('allocation', () => {
  type Request = { readonly kind: 'cluster' } | { readonly kind: 'packed'; readonly size: number }
  const requests = fc.array(
    fc.oneof(
      fc.constant<Request>({ kind: 'cluster' }),
      fc.integer({ min: 1, max: clusterSize - 512 }).map((size): Request => ({ kind: 'packed', size })),
    ),
    { minLength: 1, maxLength: 200 },
  )

  test('room never overlaps, counts are what uses each cluster, and a request takes at most a cluster', () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 0, max: 250 }), (list, beforeRegionEnd) => {
        const layout = layoutQcow2(TiB)
        const state = new ArrayBuffer(qcow2Writer.stateSize({ virtualSize: TiB, compression: 'none' }))
        const allocation = sharedAllocation(state, layout)
        const finals: FileWrite[] = []
        while (allocation.clusters() < clustersPerRegion - beforeRegionEnd) allocation.takeCluster(finals)
        const counts = new Map<number, number>()
        for (let i = 0; i < allocation.clusters(); i += 1) counts.set(i, 1)
        let blocks = 1
        const taken: { start: number; end: number }[] = []
        for (const request of list) {
          const before = allocation.clusters()
          const size = request.kind === 'cluster' ? clusterSize : request.size
          const start =
            request.kind === 'cluster'
              ? allocation.takeCluster(finals) * clusterSize
              : allocation.takePacked(size, finals)
          taken.push({ start, end: start + size })
          const last = Math.floor((start + size - 1) / clusterSize)
          for (let i = Math.floor(start / clusterSize); i <= last; i += 1)
            counts.set(i, (counts.get(i) ?? 0) + 1)
          const newBlocks = Math.ceil(allocation.clusters() / clustersPerRegion) - blocks
          blocks += newBlocks
          expect(allocation.clusters() - before - newBlocks).toBeLessThanOrEqual(1)
        }
        taken.sort((a, b) => a.start - b.start)
        taken.forEach(({ start }, i) => expect(start).toBeGreaterThanOrEqual(taken[i - 1]?.end ?? 0))
        for (let region = 1; region < blocks; region += 1) counts.set(region * clustersPerRegion, 1)
        const written = [...finals, allocation.lastBlock()]
        expect(written).toHaveLength(blocks)
        written.forEach(({ bytes }, region) => {
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
          const wrong = Array.from({ length: clustersPerRegion }, (_, i) => i).filter(
            (i) => view.getUint16(i * 2) !== (counts.get(region * clustersPerRegion + i) ?? 0),
          )
          expect(wrong).toEqual([])
        })
      }),
      { numRuns: 25 },
    )
  })
})

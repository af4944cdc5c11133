import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memorySource } from '../binary/byte-source.ts'
import type { Extent } from '../ranges/extent.ts'
import { RunCollector } from '../ranges/run-list.ts'
import type { DiskReader } from './disk-reader.ts'
import { maskedDisk } from './masked-disk.ts'

const size = 512 * 1024
const unit = 1024
const content = fc.constantFrom<Extent['content'][]>('absent', 'zero', 'data')
const run = fc.tuple(fc.nat(size - 1), fc.integer({ min: 1, max: 80 * 1024 }))

/** A disk of units of some content each, its data never zero. */
function diskOf(contents: readonly Extent['content'][]) {
  const bytes = Uint8Array.from({ length: size }, (_, at) =>
    contents[Math.floor(at / unit) % contents.length] === 'data' ? (at % 255) + 1 : 0,
  )
  const disk: DiskReader = {
    name: 'disk',
    virtualSize: size,
    async *extents({ start, end }) {
      for (let at = start; at < end;) {
        const stop = Math.min(end, (Math.floor(at / unit) + 1) * unit)
        yield {
          start: at,
          length: stop - at,
          content: contents[Math.floor(at / unit) % contents.length] ?? 'data',
        }
        at = stop
      }
    },
    async readInto(target, at) {
      target.set(bytes.subarray(at, at + target.length))
    },
    storedAt: (at) => ({
      source: memorySource(bytes, 'disk'),
      at: at + 100,
      length: Math.min(size - at, 64 * 1024),
    }),
  }
  return { disk, bytes }
}

test('reads and tells what a copy with the holes written as zeros would', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(content, { minLength: 1, maxLength: 40 }),
      fc.array(run, { maxLength: 20 }),
      fc.array(run, { minLength: 1, maxLength: 10 }),
      async (contents, holes, reads) => {
        const { disk, bytes } = diskOf(contents)
        const collector = new RunCollector()
        const isHole = new Uint8Array(size)
        for (const [start, length] of holes) {
          const end = Math.min(size, start + length)
          collector.add({ start, end })
          isHole.fill(1, start, end)
        }
        const naive = bytes.map((byte, at) => (isHole[at] === 1 ? 0 : byte))
        const masked = maskedDisk(disk, collector.list())
        for (const [at, wanted] of reads) {
          const target = new Uint8Array(Math.min(wanted, size - at)).fill(0xee)
          await masked.readInto(target, at)
          expect(Buffer.compare(target, naive.subarray(at, at + target.length))).toBe(0)
          const stored = masked.storedAt?.(at) ?? null
          const until = isHole.indexOf(1, at)
          const free = Math.min(until === -1 ? size : until, at + 64 * 1024, size) - at
          expect(stored === null ? 0 : stored.length).toBe(free)
          if (stored) expect(stored.at).toBe(at + 100)
        }
        let next = 0
        for await (const extent of masked.extents({ start: 0, end: size })) {
          expect(extent.start).toBe(next)
          next += extent.length
          for (let at = extent.start; at < next; at += 1) {
            const own = contents[Math.floor(at / unit) % contents.length]
            if (extent.content !== (isHole[at] === 1 && own === 'data' ? 'zero' : own))
              throw new Error(`byte ${at} is told as ${extent.content}`)
          }
        }
        expect(next).toBe(size)
      },
    ),
    { numRuns: 60 },
  )
})

test('past the end nothing is read', async () => {
  const { disk } = diskOf(['data'])
  const masked = maskedDisk(disk, Float64Array.of(0, size))
  await expect(masked.readInto(new Uint8Array(2), size - 1)).rejects.toMatchObject({ code: 'out-of-range' })
})

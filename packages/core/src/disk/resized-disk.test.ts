import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memorySource } from '../binary/byte-source.ts'
import type { DiskReader } from './disk-reader.ts'
import { resizedDisk } from './resized-disk.ts'

const size = 4096

function diskOf(bytes: Uint8Array): DiskReader {
  return {
    name: 'disk',
    virtualSize: bytes.length,
    async *extents({ start, end }) {
      for (let at = start; at < end; at += 1)
        yield { start: at, length: 1, content: bytes[at] === 0 ? 'absent' : 'data' }
    },
    async readInto(target, at) {
      target.set(bytes.subarray(at, at + target.length))
    },
    storedAt: (at) => ({ source: memorySource(bytes, 'disk'), at, length: bytes.length - at }),
  }
}

test('reads and tells what a copy that was cut, or got zeros, and was then written to would', async () => {
  const patch = fc.tuple(fc.nat(7), fc.uint8Array({ minLength: 1, maxLength: 300 }))
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: size, maxLength: size }),
      fc.integer({ min: 3000, max: 6000 }),
      fc.uniqueArray(patch, { maxLength: 4, selector: ([place]) => place }),
      fc.nat(2999),
      async (bytes, virtualSize, found, from) => {
        const patches = found.map(([place, text]) => ({ at: place * 320, bytes: text }))
        const naive = new Uint8Array(virtualSize)
        naive.set(bytes.subarray(0, virtualSize))
        for (const one of patches) naive.set(one.bytes, one.at)
        const disk = resizedDisk(diskOf(bytes), { virtualSize, patches })
        const target = new Uint8Array(virtualSize - from).fill(0xee)
        await disk.readInto(target, from)
        expect(Buffer.compare(target, naive.subarray(from))).toBe(0)
        let next = from
        for await (const { start, length, content } of disk.extents({ start: from, end: virtualSize })) {
          expect(start).toBe(next)
          next += length
          if (content !== 'data') expect(naive.subarray(start, next).every((byte) => byte === 0)).toBe(true)
        }
        expect(next).toBe(virtualSize)
        const stored = disk.storedAt?.(from) ?? null
        const isStored = (at: number) =>
          at < Math.min(size, virtualSize) &&
          patches.every((one) => at < one.at || at >= one.at + one.bytes.length)
        let length = 0
        while (isStored(from + length)) length += 1
        expect(stored?.length ?? 0).toBe(length)
      },
    ),
    { numRuns: 100 },
  )
})

test('past the new end nothing is read', async () => {
  const disk = resizedDisk(diskOf(new Uint8Array(size)), { virtualSize: 1024, patches: [] })
  await expect(disk.readInto(new Uint8Array(2), 1023)).rejects.toMatchObject({ code: 'out-of-range' })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryExport } from './memory-export.ts'
import { throwAwayExport } from './throw-away-export.ts'

const size = 20_000

function made() {
  const below = new Uint8Array(size).map((_, at) => at % 251)
  const kept = new Uint8Array(size).fill(0xee)
  const exported = throwAwayExport(memoryExport(below), {
    async read(target, at) {
      target.set(kept.subarray(at, at + target.length))
    },
    async write(bytes, at) {
      kept.set(bytes, at)
    },
  })
  return { below, exported }
}

const range = fc.tuple(fc.nat(size - 1), fc.integer({ min: 1, max: 9000 })).map(([at, length]) => ({
  at,
  length: Math.min(length, size - at),
}))

test('what is read is what was written last, and nothing below is changed, at any bounds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 8 }), range, async (writes, read) => {
      const { below, exported } = made()
      const before = below.slice()
      const wanted = below.slice()
      await Promise.all(
        writes.map(async ({ at, length }, index) => {
          const bytes = new Uint8Array(length).fill(200 + index)
          wanted.set(bytes, at)
          await exported.writer?.write(bytes, at)
        }),
      )
      await exported.writer?.flush()
      const target = new Uint8Array(read.length)
      await exported.readInto(target, read.at)
      expect(target).toEqual(wanted.subarray(read.at, read.at + read.length))
      expect(below).toEqual(before)
    }),
  )
})

test('its extents promise nothing about zeros', async () => {
  const found = []
  for await (const extent of made().exported.extents({ start: 0, end: size })) found.push(extent)
  expect(found).toEqual([{ start: 0, length: size, content: 'data' }])
})

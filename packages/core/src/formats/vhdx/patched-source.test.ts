import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memorySource } from '../../binary/byte-source.ts'
import type { LogWrite } from './log-entry.ts'
import { patchedSource } from './patched-source.ts'

const sector = 16

const write = fc
  .record({ at: fc.nat(20), length: fc.integer({ min: 0, max: 6 }), fill: fc.integer({ min: 0, max: 255 }) })
  .map(({ at, length, fill }): LogWrite => {
    const start = at * sector
    if (fill === 0) return { start, end: start + length * sector, sector: null }
    return { start, end: start + sector, sector: new Uint8Array(sector).fill(fill) }
  })

test('reads as if every write had been done in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 12 }),
      fc.nat(300),
      fc.nat(400),
      async (writes, sourceSize, minSize) => {
        const base = new Uint8Array(sourceSize).fill(0xff)
        const patched = patchedSource(memorySource(base), writes, minSize)
        const oracle = new Uint8Array(Math.max(1000, patched.size))
        oracle.set(base)
        for (const { start, end, sector: bytes } of writes) {
          if (bytes) oracle.set(bytes, start)
          else oracle.fill(0, start, end)
        }
        const dataEnds = writes.flatMap(({ end, sector: bytes }) => (bytes ? [end] : []))
        expect(patched.size).toBe(Math.max(sourceSize, minSize, ...dataEnds))
        for (const [start, length] of [
          [0, patched.size],
          [5, 40],
          [64, 100],
        ] as const) {
          if (start + length > patched.size) continue
          const bytes = new Uint8Array(length).fill(0xaa)
          await patched.readInto(bytes, start)
          expect(Buffer.compare(bytes, oracle.subarray(start, start + length))).toBe(0)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('holes are told only where nothing was written', async () => {
  const source = {
    ...memorySource(new Uint8Array(4096)),
    async *extents({ start, end }: { start: number; end: number }) {
      yield { start, length: end - start, content: 'zero' as const }
    },
  }
  const patched = patchedSource(source, [{ start: 1024, end: 2048, sector: new Uint8Array(1024) }], 8192)
  const contents = async (start: number, end: number) => {
    const found: string[] = []
    for await (const { content } of patched.extents({ start, end })) found.push(content)
    return found
  }
  expect(await contents(0, 1024)).toEqual(['zero'])
  expect(await contents(2048, 4096)).toEqual(['zero'])
  expect(await contents(0, 1025)).toEqual(['data'])
  expect(await contents(4000, 5000)).toEqual(['data'])
  expect(await contents(10, 10)).toEqual([])
})

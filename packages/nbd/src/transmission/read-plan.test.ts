import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Extent, ExtentContent } from '@varve/core/ranges/extent'
import { dataBytes, planRead } from './read-plan.ts'

async function* stream(extents: readonly Extent[]): AsyncGenerator<Extent> {
  yield* extents
}

function laidOut(start: number, runs: readonly (readonly [number, ExtentContent])[]): Extent[] {
  let at = start
  return runs.map(([length, content]) => {
    const extent = { start: at, length, content }
    at += length
    return extent
  })
}

const runs = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 20_000 }), fc.constantFrom<ExtentContent>('data', 'zero', 'absent')),
  { maxLength: 400 },
)

describe('planRead', () => {
  test('pieces cover the request once, in order, and no data is called a hole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(5000),
        fc.integer({ min: 1, max: 200_000 }),
        runs,
        async (offset, length, all) => {
          const extents = laidOut(offset, all)
          const pieces = await planRead(stream(extents), offset, length)
          let at = offset
          for (const piece of pieces) {
            expect(piece.offset).toBe(at)
            expect(piece.length).toBeGreaterThan(0)
            at += piece.length
            if (piece.content === 'data') continue
            const meets = extents.filter(
              (extent) => extent.start < at && extent.start + extent.length > piece.offset,
            )
            expect(meets.every((extent) => extent.content !== 'data')).toBe(true)
          }
          expect(at).toBe(offset + length)
          expect(pieces.length).toBeLessThanOrEqual(257)
        },
      ),
    )
  })

  test('a long hole is a hole, a short one is sent as data', async () => {
    const extents = laidOut(0, [
      [8192, 'data'],
      [512, 'zero'],
      [8192, 'data'],
      [65_536, 'absent'],
    ])
    const pieces = await planRead(stream(extents), 0, 82_432)
    expect(pieces).toEqual([
      { content: 'data', offset: 0, length: 16_896 },
      { content: 'hole', offset: 16_896, length: 65_536 },
    ])
    expect(dataBytes(pieces)).toBe(16_896)
  })

  test('what the export does not tell is read as data', async () => {
    expect(await planRead(stream([]), 100, 50)).toEqual([{ content: 'data', offset: 100, length: 50 }])
  })
})

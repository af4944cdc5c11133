import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeExtents } from '@varve/core/ranges/extent'
import type { Extent, ExtentContent } from '@varve/core/ranges/extent'
import { decodeBlockStatus, encodeBlockStatus } from './block-status.ts'

async function* stream(extents: readonly Extent[]): AsyncGenerator<Extent> {
  yield* extents
}

function blocks(
  contextId: number,
  ...pairs: readonly (readonly [length: number, flags: number])[]
): Uint8Array {
  const bytes = new Uint8Array(4 + 8 * pairs.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, contextId)
  for (const [index, [length, flags]] of pairs.entries()) {
    view.setUint32(4 + 8 * index, length)
    view.setUint32(8 + 8 * index, flags)
  }
  return bytes
}

describe('block status', () => {
  test('decodes to the merged extents that were encoded, absent as zero', async () => {
    const runs = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.constantFrom<ExtentContent>('data', 'zero', 'absent')),
      { minLength: 1, maxLength: 50 },
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), runs, fc.integer({ min: 1, max: 60 }), async (start, all, limit) => {
        let at = start
        const extents = all.map(([length, content]) => {
          const extent: Extent = { start: at, length, content }
          at += length
          return extent
        })
        const payload = await encodeBlockStatus(7, stream(extents), limit)
        const expected = [
          ...mergeExtents(
            extents.map((e) => ({ ...e, content: e.content === 'data' ? e.content : ('zero' as const) })),
          ),
        ]
        expect(payload && decodeBlockStatus(payload, 7, { start, end: at })).toEqual(expected.slice(0, limit))
      }),
    )
  })

  test('the last block may reach past the request and is clipped', () => {
    expect(decodeBlockStatus(blocks(1, [100, 0], [900, 3]), 1, { start: 50, end: 200 })).toEqual([
      { start: 50, length: 100, content: 'data' },
      { start: 150, length: 50, content: 'zero' },
    ])
  })

  test('only blocks that read as zeros are holes', () => {
    const content = (flags: number): unknown =>
      decodeBlockStatus(blocks(1, [10, flags]), 1, { start: 0, end: 10 })?.[0]?.content
    expect([0, 1, 2, 3].map(content)).toEqual(['data', 'data', 'zero', 'zero'])
  })

  test('of a reply in blocks of a sector few extents are kept, and none calls data a hole', () => {
    const pairs = Array.from({ length: 20_001 }, (_, index) => [512, index % 2 === 0 ? 0 : 3] as const)
    const big = 1024 * 1024
    const payload = blocks(1, ...pairs, [big, 3], [big, 0])
    const end = 20_001 * 512 + 2 * big
    expect(decodeBlockStatus(payload, 1, { start: 0, end })).toEqual([
      { start: 0, length: 20_001 * 512, content: 'data' },
      { start: 20_001 * 512, length: big, content: 'zero' },
      { start: 20_001 * 512 + big, length: big, content: 'data' },
    ])
  })

  const broken: readonly [string, Uint8Array][] = [
    ['another context', blocks(2, [10, 0])],
    ['no block', blocks(1)],
    ['an empty block', blocks(1, [0, 0])],
    ['a block past the request', blocks(1, [10, 0], [10, 0])],
    ['half a block', blocks(1, [10, 0]).subarray(0, 8)],
    ['nothing', new Uint8Array(0)],
  ]
  test.each(broken)('%s breaks the protocol', (_, payload) => {
    expect(decodeBlockStatus(payload, 1, { start: 0, end: 10 })).toBeNull()
  })

  test('an export without extents gives none', async () => {
    expect(await encodeBlockStatus(1, stream([]), 5)).toBeNull()
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memorySource } from '../../binary/byte-source.ts'
import { absentBlock, dataOffset, isPartial, partialAt, zeroBlock, type BlockTable } from './block-table.ts'
import { blockDisk } from './block-disk.ts'

const blockSize = 64
const sectorSize = 8

interface Block {
  readonly kind: 'absent' | 'zero' | 'data' | 'partial'
  readonly slot: number
  readonly bits: number
}

const blocks = fc.array(
  fc.record({
    kind: fc.constantFrom('absent' as const, 'zero' as const, 'data' as const, 'partial' as const),
    slot: fc.nat(11),
    bits: fc.nat(255),
  }),
  { minLength: 1, maxLength: 12 },
)

function build(map: readonly Block[], bitOrder: 'highest-first' | 'lowest-first', tail: number) {
  const file = Uint8Array.from({ length: 12 * blockSize }, (_, i) => 1 + (i % 250))
  const values = map.map(({ kind, slot }) =>
    kind === 'absent'
      ? absentBlock
      : kind === 'zero'
        ? zeroBlock
        : kind === 'data'
          ? slot * blockSize
          : partialAt(slot * blockSize),
  )
  const table: BlockTable = {
    blockSize,
    blockCount: map.length,
    pageLength: 4,
    loadPage: async (page) => Float64Array.from(values.slice(page * 4, page * 4 + 4)),
  }
  const virtualSize = map.length * blockSize - tail
  const disk = blockDisk({
    name: 'test',
    virtualSize,
    source: memorySource(file),
    table,
    bitmaps: {
      sectorSize,
      bitOrder,
      unset: 'absent',
      load: async (block) => Uint8Array.of(map[block]?.bits ?? 0),
    },
  })
  const content: string[] = []
  const bytes: number[] = []
  for (let at = 0; at < virtualSize; at += 1) {
    const { kind, slot, bits } = map[Math.floor(at / blockSize)] ?? { kind: 'absent', slot: 0, bits: 0 }
    const into = at % blockSize
    const bit = Math.floor(into / sectorSize)
    const isSet = (bitOrder === 'highest-first' ? bits >> (7 - bit) : bits >> bit) & 1
    const isData = kind === 'data' || (kind === 'partial' && isSet === 1)
    content.push(isData ? 'data' : kind === 'zero' ? 'zero' : 'absent')
    bytes.push(isData ? (file[slot * blockSize + into] ?? 0) : 0)
  }
  return { disk, content, bytes, virtualSize }
}

describe('blockDisk', () => {
  test('reads and maps as a byte-by-byte oracle does', async () => {
    await fc.assert(
      fc.asyncProperty(
        blocks,
        fc.constantFrom('highest-first' as const, 'lowest-first' as const),
        fc.nat(blockSize - 1),
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        async (map, bitOrder, tail, [a, b]) => {
          const { disk, content, bytes, virtualSize } = build(map, bitOrder, tail)
          const start = Math.floor(Math.min(a, b) * virtualSize)
          const end = Math.ceil(Math.max(a, b) * virtualSize)
          const target = new Uint8Array(end - start).fill(255)
          await disk.readInto(target, start)
          expect([...target]).toEqual(bytes.slice(start, end))
          let next = start
          let before = ''
          for await (const extent of disk.extents({ start, end })) {
            expect(extent.start).toBe(next)
            expect(extent.content).not.toBe(before)
            for (let i = 0; i < extent.length; i += 1) expect(content[next + i]).toBe(extent.content)
            next += extent.length
            before = extent.content
          }
          expect(next).toBe(end)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('values of partly present blocks round-trip', () => {
    for (const offset of [0, 512, 2 ** 50]) {
      expect(isPartial(partialAt(offset))).toBe(true)
      expect(dataOffset(partialAt(offset))).toBe(offset)
      expect(dataOffset(offset)).toBe(offset)
    }
    expect([absentBlock, zeroBlock, 0].map(isPartial)).toEqual([false, false, false])
  })

  test('reading past the end is refused', async () => {
    const { disk, virtualSize } = build([{ kind: 'data', slot: 0, bits: 0 }], 'lowest-first', 3)
    await expect(disk.readInto(new Uint8Array(2), virtualSize - 1)).rejects.toMatchObject({
      code: 'out-of-range',
    })
  })
})

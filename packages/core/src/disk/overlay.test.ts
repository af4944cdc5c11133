import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DiskReader } from './disk-reader.ts'
import { clipExtent, mergeExtents, type Extent, type ExtentContent } from '../ranges/extent.ts'
import { overlayDisk } from './overlay-disk.ts'
import { clipExtentStream, overlayExtents } from '../ranges/overlay-extents.ts'

const contents = ['absent', 'zero', 'data'] as const

/** One disk as the oracle sees it: what each byte is, and its value. */
interface Model {
  readonly kinds: readonly ExtentContent[]
  readonly bytes: Uint8Array
}

const model: fc.Arbitrary<Model> = fc
  .array(
    fc.record({
      content: fc.constantFrom(...contents),
      length: fc.integer({ min: 0, max: 9 }),
      value: fc.integer({ min: 1, max: 255 }),
    }),
    { maxLength: 12 },
  )
  .map((runs) => ({
    kinds: runs.flatMap(({ content, length }) => Array.from({ length }, () => content)),
    bytes: Uint8Array.from(
      runs.flatMap(({ content, length, value }) =>
        Array.from({ length }, (_, i) => (content === 'data' ? ((value + i) % 255) + 1 : 0)),
      ),
    ),
  }))

function runsOf(kinds: readonly ExtentContent[], offset = 0): Extent[] {
  const each = kinds.map((content, i): Extent => ({ start: offset + i, length: 1, content }))
  return [...mergeExtents(each)]
}

function modelDisk({ kinds, bytes }: Model, log: string[] = []): DiskReader {
  return {
    name: 'model',
    virtualSize: kinds.length,
    async *extents({ start, end }) {
      yield* runsOf(kinds.slice(start, end), start)
    },
    async readInto(target, at) {
      log.push(`${at}+${target.length}`)
      if (at + target.length > bytes.length)
        throw new Error(`model read past its end: ${at}+${target.length}`)
      target.set(bytes.subarray(at, at + target.length))
    },
  }
}

function overlaid(child: Model, parent: Model): Model {
  const kinds = child.kinds.map((kind, i) => (kind === 'absent' ? (parent.kinds[i] ?? 'absent') : kind))
  const bytes = child.bytes.map((byte, i) => (child.kinds[i] === 'absent' ? (parent.bytes[i] ?? 0) : byte))
  return { kinds, bytes }
}

async function collect(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const all: Extent[] = []
  for await (const extent of extents) all.push(extent)
  return all
}

describe('overlay algebra against a byte-by-byte oracle', () => {
  test('extents of a child over a parent', async () => {
    await fc.assert(
      fc.asyncProperty(model, model, async (child, parent) => {
        const below = modelDisk(parent)
        const found = await collect(
          overlayExtents(modelDisk(child).extents({ start: 0, end: child.kinds.length }), {
            size: below.virtualSize,
            extents: (range) => below.extents(range),
          }),
        )
        expect(found).toEqual(runsOf(overlaid(child, parent).kinds))
      }),
      { numRuns: 500 },
    )
  })

  test('disk of three layers: bytes and extents of any range', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(model, model, model),
        fc.nat(),
        fc.nat(),
        async ([top, middle, base], a, b) => {
          const size = top.kinds.length
          const start = Math.min(a % (size + 1), b % (size + 1))
          const end = Math.max(a % (size + 1), b % (size + 1))
          const expected = overlaid(top, overlaid(middle, base))
          const disk = overlayDisk(modelDisk(top), overlayDisk(modelDisk(middle), modelDisk(base)))
          const target = new Uint8Array(end - start).fill(0xee)
          await disk.readInto(target, start)
          expect(target).toEqual(expected.bytes.slice(start, end))
          expect(await collect(disk.extents({ start, end }))).toEqual(
            runsOf(expected.kinds.slice(start, end), start),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  test('merge loses no byte and leaves no equal neighbours', () => {
    fc.assert(
      fc.property(model, ({ kinds }) => {
        const each = kinds.map((content, i): Extent => ({ start: i, length: 1, content }))
        const merged = [...mergeExtents(each)]
        expect(merged.flatMap(({ content, length }) => Array.from({ length }, () => content))).toEqual(kinds)
        expect(merged.some((extent, i) => i > 0 && merged[i - 1]?.content === extent.content)).toBe(false)
      }),
    )
  })

  test('clip keeps exactly the bytes of the range', async () => {
    await fc.assert(
      fc.asyncProperty(model, fc.nat(100), fc.nat(100), async (disk, a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) }
        const all = { start: 0, end: disk.kinds.length }
        const found = await collect(clipExtentStream(modelDisk(disk).extents(all), range))
        const inside = runsOf(disk.kinds).flatMap((extent) => clipExtent(extent, range) ?? [])
        expect(found).toEqual(inside)
        const bytes = found.reduce((sum, { length }) => sum + length, 0)
        expect(bytes).toBe(Math.max(0, Math.min(range.end, all.end) - Math.min(range.start, all.end)))
      }),
    )
  })
})

test('a range that the child has whole is one read of the child and none of the parent', async () => {
  const childLog: string[] = []
  const parentLog: string[] = []
  const [data, zero] = ['data', 'zero'] as const
  const kinds = [data, data, data, zero, zero, zero, data, data]
  const bytes = Uint8Array.from([1, 2, 3, 0, 0, 0, 4, 5])
  const child = modelDisk({ kinds, bytes }, childLog)
  const disk = overlayDisk(child, modelDisk({ kinds, bytes: bytes.slice() }, parentLog))
  const target = new Uint8Array(8)
  await disk.readInto(target, 0)
  expect(target).toEqual(bytes)
  expect(childLog).toEqual(['0+8'])
  expect(parentLog).toEqual([])
})

test('reading past the end of the child is out of range', async () => {
  const kinds: ExtentContent[] = ['data', 'data']
  const disk = overlayDisk(
    modelDisk({ kinds, bytes: Uint8Array.of(1, 2) }),
    modelDisk({ kinds: [...kinds, 'data'], bytes: Uint8Array.of(1, 2, 3) }),
  )
  await expect(disk.readInto(new Uint8Array(2), 1)).rejects.toMatchObject({ code: 'out-of-range' })
})

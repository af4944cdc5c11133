import { describe, expect, test } from 'vitest'
import type { NbdExport } from '../nbd-export.ts'

/** An export under test with the bytes that it must serve. */
export interface ExportUnderTest extends AsyncDisposable {
  readonly exported: NbdExport
  readonly bytes: Uint8Array
}

/** 1 MiB + 100 bytes with data in two places. */
export function contractBytes(): Uint8Array {
  const bytes = new Uint8Array(1024 * 1024 + 100)
  bytes.fill(1, 0, 5000)
  bytes.fill(2, 700_000, bytes.length)
  return bytes
}

/** What every export keeps to, whatever is behind it. */
export function describeNbdExport(name: string, make: (bytes: Uint8Array) => Promise<ExportUnderTest>): void {
  describe(`NbdExport: ${name}`, () => {
    test('has the size of the disk', async () => {
      await using subject = await make(contractBytes())
      expect(subject.exported.size).toBe(subject.bytes.length)
    })

    test.each([
      [0, 1],
      [4999, 2],
      [699_990, 5000],
      [0, 1024 * 1024 + 100],
      [1024 * 1024 + 99, 1],
    ])('fills memory from %i with %i bytes', async (at, length) => {
      await using subject = await make(contractBytes())
      const target = new Uint8Array(length).fill(0xee)
      await subject.exported.readInto(target, at)
      expect(Buffer.compare(target, subject.bytes.subarray(at, at + length))).toBe(0)
    })

    test.each([
      [0, 1024 * 1024 + 100],
      [4999, 700_001],
      [100, 100],
    ])('tells the extents from %i to %i without gaps, and holes are zeros', async (start, end) => {
      await using subject = await make(contractBytes())
      let at = start
      for await (const extent of subject.exported.extents({ start, end })) {
        expect(extent.start).toBe(at)
        at += extent.length
        if (extent.content !== 'data') {
          expect(subject.bytes.subarray(extent.start, at).some((byte) => byte !== 0)).toBe(false)
        }
      }
      expect(at).toBe(end)
    })
  })
}

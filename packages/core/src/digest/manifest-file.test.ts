import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDiskError } from '../problems/disk-error.ts'
import { Manifest, chunkSize } from './disk-digest.ts'
import { decodeManifest, encodeManifest } from './manifest-file.ts'

function encode(manifest: Manifest): Uint8Array {
  return Buffer.concat([...encodeManifest(manifest)])
}

function manifestOf(size: number, leaves: ReadonlyMap<number, number>): Manifest {
  const manifest = new Manifest(size)
  for (const [index, byte] of leaves) manifest.setLeaf(index, new Uint8Array(32).fill(byte))
  return manifest
}

function codeOf(act: () => unknown): string | null {
  try {
    act()
    return null
  } catch (error) {
    if (isDiskError(error)) return error.code
    throw error
  }
}

describe('manifest file', () => {
  test('what was encoded is decoded', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 44 }),
        fc.uniqueArray(fc.nat(), { maxLength: 50 }),
        (size, numbers) => {
          const chunks = Math.ceil(size / chunkSize)
          const leaves = new Map(chunks === 0 ? [] : numbers.map((number) => [number % chunks, number % 256]))
          const manifest = manifestOf(size, leaves)
          const decoded = decodeManifest(encode(manifest))
          expect(decoded.size).toBe(size)
          expect([...decoded.entries()]).toEqual([...manifest.entries()])
        },
      ),
    )
  })

  test('more entries than fit one piece', () => {
    const leaves = new Map(Array.from({ length: 10_000 }, (_, index) => [index, index % 251]))
    const manifest = manifestOf(10_000 * chunkSize, leaves)
    expect([...encodeManifest(manifest)].length).toBe(4)
    expect([...decodeManifest(encode(manifest)).entries()].length).toBe(10_000)
  })

  const good = encode(
    manifestOf(
      10 * chunkSize,
      new Map([
        [1, 1],
        [7, 2],
      ]),
    ),
  )
  const changed = (change: (view: DataView) => void) => {
    const bytes = Uint8Array.from(good)
    change(new DataView(bytes.buffer))
    return bytes
  }

  test.each([
    ['empty', new Uint8Array(), 'truncated'],
    ['cut in the header', good.subarray(0, 31), 'truncated'],
    ['cut in an entry', good.subarray(0, good.length - 1), 'truncated'],
    ['something behind it', Buffer.concat([good, new Uint8Array(1)]), 'corrupt'],
    ['another magic', changed((view) => view.setUint8(0, 0)), 'corrupt'],
    ['a later version', changed((view) => view.setUint32(8, 2)), 'unsupported-feature'],
    ['another algorithm', changed((view) => view.setUint32(12, 9)), 'unsupported-feature'],
    ['another chunk size', changed((view) => view.setUint32(16, 512)), 'unsupported-feature'],
    ['a size beyond 2^53', changed((view) => view.setBigUint64(20, 2n ** 60n)), 'corrupt'],
    ['a count that lies', changed((view) => view.setUint32(28, 0xffff_ffff)), 'truncated'],
    ['entries out of order', changed((view) => view.setUint32(32, 8)), 'corrupt'],
    ['an entry twice', changed((view) => view.setUint32(32, 7)), 'corrupt'],
    ['an entry past the end', changed((view) => view.setUint32(68, 10)), 'corrupt'],
  ])('%s is refused', (_, bytes, code) => {
    expect(codeOf(() => decodeManifest(bytes))).toBe(code)
  })

  test('few entries cannot take unbounded memory', () => {
    const pages = 40_000
    const header = changed((view) => {
      view.setBigUint64(20, BigInt(2 ** 53 - 1))
      view.setUint32(28, pages)
    }).subarray(0, 32)
    const entries = new Uint8Array(pages * 36)
    const view = new DataView(entries.buffer)
    for (let page = 0; page < pages; page += 1) view.setUint32(page * 36, page * 1024)
    expect(codeOf(() => decodeManifest(Buffer.concat([header, entries])))).toBe('limit-exceeded')
  })

  test('any bytes give a manifest or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        codeOf(() => decodeManifest(Buffer.concat([good.subarray(0, 28), tail])))
      }),
    )
  })
})

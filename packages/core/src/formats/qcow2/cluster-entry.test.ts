import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeClusterEntry, encodeCompressedEntry, encodeDataEntry, tableOffset } from './cluster-entry.ts'
import type { ClusterEntry, ClusterGeometry, EntryWords } from './cluster-entry.ts'

const geometries: fc.Arbitrary<ClusterGeometry> = fc.record({
  clusterBits: fc.integer({ min: 9, max: 21 }),
  version: fc.constantFrom(2, 3),
  hasSubclusters: fc.boolean(),
  hasDataFile: fc.boolean(),
})

/** Entries of which many bits are clear, so that every kind comes up. */
const sparseWords = fc
  .tuple(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(0n, 1n, 9n, 16n, 21n),
  )
  .map(([bits, mask, alignment]) => (bits & (mask | (3n << 62n)) & ~((1n << alignment) - 1n)) | (bits & 1n))

/** The specification once more, in 64-bit arithmetic and without thought of speed. */
function oracle(entry: bigint, bitmap: bigint, geometry: ClusterGeometry): ClusterEntry['kind'] {
  const { clusterBits, version, hasSubclusters, hasDataFile } = geometry
  if ((entry >> 62n) & 1n) return hasDataFile ? 'invalid' : 'compressed'
  const offset = entry & 0x00ff_ffff_ffff_fe00n
  if (offset % (1n << BigInt(clusterBits)) !== 0n) return 'invalid'
  const hasPlace = offset !== 0n || (hasDataFile && entry >> 63n === 1n)
  if (!hasSubclusters) {
    if (entry & 1n) return version < 3 ? 'invalid' : 'zero'
    return hasPlace ? 'data' : 'unallocated'
  }
  const kinds = Array.from({ length: 32 }, (_, i) => {
    const isData = (bitmap >> BigInt(i)) & 1n
    const isZero = (bitmap >> BigInt(32 + i)) & 1n
    if (isData && (isZero || !hasPlace)) return 'invalid'
    return isData ? 'data' : isZero ? 'zero' : 'unallocated'
  })
  if (kinds.includes('invalid')) return 'invalid'
  const [first = 'invalid'] = kinds
  return kinds.every((kind) => kind === first) ? first : 'mixed'
}

function wordsOf(entry: bigint, bitmap: bigint): EntryWords {
  return {
    high: Number(entry >> 32n),
    low: Number(entry & 0xffff_ffffn),
    zeroBits: Number(bitmap >> 32n),
    dataBits: Number(bitmap & 0xffff_ffffn),
  }
}

describe('decodeClusterEntry', () => {
  test('agrees with the specification in 64-bit arithmetic', () => {
    const bitmaps = fc.oneof(
      fc.constantFrom(0n, 0xffff_ffffn, 0xffff_ffff_0000_0000n, 0xff_0000_ff00n, 1n),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    )
    fc.assert(
      fc.property(sparseWords, bitmaps, geometries, (entry, bitmap, geometry) => {
        const decoded = decodeClusterEntry(wordsOf(entry, bitmap), geometry)
        expect(decoded.kind).toBe(oracle(entry, bitmap, geometry))
        if (decoded.kind === 'data') expect(BigInt(decoded.hostOffset)).toBe(entry & 0x00ff_ffff_ffff_fe00n)
        if (decoded.kind === 'compressed') {
          const x = BigInt(62 - (geometry.clusterBits - 8))
          const offset = entry & ((1n << x) - 1n)
          const sectors = ((entry & ((1n << 62n) - 1n)) >> x) + 1n
          expect(decoded.hostOffset).toBe(Number(offset))
          if (offset <= BigInt(Number.MAX_SAFE_INTEGER)) {
            expect(decoded.storedSize).toBe(Number(sectors * 512n - (offset % 512n)))
          }
        }
      }),
      { numRuns: 5000 },
    )
  })

  test('decodes what the writer encodes', () => {
    const geometry = { clusterBits: 16, version: 3, hasSubclusters: false, hasDataFile: false }
    const none = { zeroBits: 0, dataBits: 0 }
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 36 }),
        fc.integer({ min: 1, max: 65_024 }),
        (cluster, storedBytes) => {
          const hostOffset = cluster * 65_536
          const data = encodeDataEntry(hostOffset)
          expect(decodeClusterEntry({ ...data, ...none }, geometry)).toEqual({ kind: 'data', hostOffset })
          expect(tableOffset(data.high, data.low)).toBe(hostOffset)
          const at = cluster * 997
          const packed = encodeCompressedEntry(at, { storedBytes, clusterSize: 65_536 })
          const decoded = decodeClusterEntry({ ...packed, ...none }, geometry)
          expect(decoded).toMatchObject({ kind: 'compressed', hostOffset: at })
          if (decoded.kind !== 'compressed') return
          expect(decoded.storedSize).toBeGreaterThanOrEqual(storedBytes)
          expect(decoded.storedSize).toBeLessThan(storedBytes + 512)
        },
      ),
    )
  })
})

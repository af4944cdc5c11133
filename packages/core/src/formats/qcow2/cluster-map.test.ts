import { expect, test } from 'vitest'
import type { ByteSource } from '../../binary/byte-source.ts'
import type { Extent } from '../../ranges/extent.ts'
import { clusterMap } from './cluster-map.ts'

const clusterBits = 21
const clusterSize = 2 ** clusterBits
const tableCount = 12
/** Tables of 2 MiB that are kept at a time. */
const kept = 8

/** Tables one after the other; those of `holes` were never written. What is read into is noted. */
function setUp(holes: readonly number[] = []) {
  const targets = new Set<ArrayBufferLike>()
  let reads = 0
  const contentOf = (table: number): Extent['content'] => (holes.includes(table) ? 'zero' : 'data')
  const source: ByteSource = {
    name: '/a.qcow2',
    size: (tableCount + 1) * clusterSize,
    async readInto(target, at) {
      reads += 1
      targets.add(target.buffer)
      new DataView(target.buffer).setUint32(4, at / clusterSize)
    },
    async *extents({ start, end }) {
      yield { start, length: end - start, content: contentOf(start / clusterSize) }
    },
  }
  const l1 = Float64Array.from({ length: tableCount }, (_, index) => (index + 1) * clusterSize)
  const geometry = { clusterBits, version: 3, hasSubclusters: false, hasDataFile: false }
  const map = clusterMap({ file: '/a.qcow2', source, geometry, l1 })
  const buffer = new Uint8Array(clusterSize)
  const scan = async (index: number) => map.scanTable(index * map.tableSpan, buffer)
  return { map, scan, targets, reads: () => reads }
}

test('more tables than are kept pass through one buffer', async () => {
  const { map, scan, targets, reads } = setUp()
  for (let index = 0; index < tableCount; index += 1) {
    const table = await scan(index)
    expect(table?.offset).toBe((index + 1) * clusterSize)
    expect(table?.view.getUint32(4)).toBe(index + 1)
  }
  expect(targets.size).toBe(kept + 1)
  expect(map.peekTable(0)?.offset).toBe(clusterSize)
  expect(map.peekTable((tableCount - 1) * map.tableSpan)).toBeUndefined()
  expect(reads()).toBe(tableCount)
})

test('a table that was never written is not read', async () => {
  const { scan, reads } = setUp([3])
  expect(await scan(2)).toBeNull()
  expect(reads()).toBe(0)
})

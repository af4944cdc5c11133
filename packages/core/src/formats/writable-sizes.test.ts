import { expect, test } from 'vitest'
import { formatRules } from '../image/format-rules.ts'
import { layoutQcow2 } from './qcow2/layout.ts'
import { longestL1Table, longestRefcountTable } from './qcow2/header-faults.ts'
import { clusterSize } from './qcow2/layout.ts'
import { writableFormats } from './writable-formats.ts'
import { sizeFault } from './writable-sizes.ts'

const TiB = 1024 ** 4

test('no writer takes more than its format holds', () => {
  for (const format of writableFormats) {
    const { maxVirtualSize } = formatRules[format]
    if (maxVirtualSize !== null)
      expect(sizeFault(format, { virtualSize: Math.floor(maxVirtualSize / 512 + 1) * 512 })).not.toBeNull()
  }
})

test('the largest qcow2 has tables that QEMU reads', () => {
  const virtualSize = 1024 * TiB
  expect(sizeFault('qcow2', { virtualSize })).toBeNull()
  expect(sizeFault('qcow2', { virtualSize: virtualSize + 512 })).toContain('QEMU')
  for (const extendedL2 of [false, true]) {
    const { l1Entries, refcountTableClusters } = layoutQcow2(virtualSize, { extendedL2 })
    expect(l1Entries * 8).toBeLessThanOrEqual(longestL1Table)
    expect(refcountTableClusters * clusterSize).toBeLessThanOrEqual(longestRefcountTable)
  }
})

test.each([
  ['raw', 1000, null, null],
  ['qcow2', 1000, null, 'sectors of 512'],
  ['vmdk', 0, null, 'at least one sector'],
  ['vmdk', 3 * TiB, 'twoGbMaxExtentSparse', '999 parts'],
  ['vmdk', 3 * TiB, 'monolithicSparse', null],
  ['parallels', 0, 'bundle', 'at least one sector'],
  ['parallels', 0, 'expanding', null],
  ['vhd', 2040 * 1024 ** 3, 'fixed', null],
  ['vhd', 2041 * 1024 ** 3, 'fixed', '2,040 GiB'],
  ['raw', 2 ** 53, null, 'below 2^53'],
] as const)('%s of %i bytes, %s', (format, virtualSize, subformat, fault) => {
  const found = sizeFault(format, { virtualSize, subformat })
  if (fault === null) expect(found).toBeNull()
  else expect(found).toContain(fault)
})

test('a VHDX of large sectors has whole ones', () => {
  const about = { virtualSize: 4096 + 512, choices: { logicalSectorSize: 4096 } } as const
  expect(sizeFault('vhdx', about)).toContain('sectors of 4096')
})

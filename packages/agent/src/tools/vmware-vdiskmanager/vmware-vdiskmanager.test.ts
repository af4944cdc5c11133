import { expect, test } from 'vitest'
import { convertProgress, convertVmdk } from './commands.ts'

test.each([
  ['monolithicSparse', '0'],
  ['twoGbMaxExtentSparse', '1'],
  ['monolithicFlat', '2'],
  ['twoGbMaxExtentFlat', '3'],
  ['streamOptimized', '5'],
])('%s is its type %s', (kind, type) => {
  const { args } = convertVmdk({ source: '/vms/a b.vmdk', target: '/vms/b.vmdk', kind })
  expect(args).toEqual(['-r', '/vms/a b.vmdk', '-t', type, '/vms/b.vmdk'])
})

test.each([
  ['  Convert: 45% done.', 0.45],
  ['  Konvertieren: 100 % erledigt.', 1],
  ["Creating disk '/vms/50% of it.vmdk'", null],
  ['VixDiskLib: Failed to initialize PhoneHome library.', null],
])('%s says how far it is', (text, fraction) => {
  expect(convertProgress({ stream: 'stdout', text })?.fraction ?? null).toBe(fraction)
})

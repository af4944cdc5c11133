import { expect, test } from 'vitest'
import { writtenPlace } from './build-command.ts'
import { isLeftSparse } from './take-written.ts'

test.each([
  ['qemu-img', 'vhdx', 'win32', true],
  ['qemu-img', 'vhd', 'win32', true],
  ['qemu-img', 'qcow2', 'win32', false],
  ['qemu-img', 'vhdx', 'linux', false],
  ['hyper-v', 'vhdx', 'win32', false],
] as const)('what %s leaves as %s on %s is copied without holes: %s', (tool, format, system, isLeft) => {
  expect(isLeftSparse(tool, format, system)).toBe(isLeft)
})

test('a tool writes under the name that the image is to get, in a folder of its own', () => {
  const image = { target: '/vms/a b.vmdk', staging: '0123456789ab', format: 'vmdk', subformat: null } as const
  expect(writtenPlace(image)).toEqual({
    folder: '/vms/.a b.vmdk.0123456789ab-tool.part',
    path: '/vms/.a b.vmdk.0123456789ab-tool.part/a b.vmdk',
  })
})

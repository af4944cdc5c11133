import { noUses, type Uses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import type { ImageFilesFacts } from '../image-files-facts.ts'
import type { AttachFacts, DeviceWays, VolumeThere } from './facts.ts'
import { attachOperation } from './plan.ts'
import { AttachRequest } from './request.ts'

const path = `/lib/it's "web01"\n.qcow2`
const ways: DeviceWays = {
  system: 'linux',
  isRoot: true,
  isOwnHost: true,
  loop: 'there',
  nbd: 'there',
  mapper: 'there',
  hasUdev: false,
  tools: ['losetup', 'nbd-client', 'qemu-nbd', 'mount', 'dmsetup'],
}
const files: ImageFilesFacts = {
  host: 'here',
  path,
  format: 'qcow2',
  virtualSize: 1024 ** 3,
  bytes: 1024 ** 2,
  files: [path],
  elsewhere: [],
  partOf: null,
  dependents: [],
  unseen: null,
  searched: ['/lib'],
  uses: noUses,
  machines: [],
}
const facts: AttachFacts = {
  host: 'here',
  ways,
  image: path,
  format: 'qcow2',
  virtualSize: 1024 ** 3,
  isPlainRaw: false,
  sectorSize: 512,
  volumes: [],
  problems: [],
  files: null,
  already: null,
}
const raw: Partial<AttachFacts> = { format: 'raw', isPlainRaw: true }

const root: VolumeThere = {
  group: 'vg-0',
  name: 'root',
  size: 4 * 1024 ** 2,
  pieces: [{ size: 4 * 1024 ** 2, chunk: 4 * 1024 ** 2, stripes: [{ partition: 2, at: 1024 ** 2 }] }],
  reason: null,
  filesystem: { type: 'ext4', label: null, uuid: null, blockSize: null, state: 'clean' },
}
const thin: VolumeThere = {
  ...root,
  name: 'thin',
  pieces: null,
  reason: 'is a thin volume',
  filesystem: null,
}

function plan(change: Partial<AttachFacts> = {}, isWritten = false) {
  const request = AttachRequest.parse({ image: { path }, isWritten })
  return attachOperation.plan(request, { ...facts, ...(isWritten && { files }), ...change })
}
const on = (change: Partial<DeviceWays>): Partial<AttachFacts> => ({ ways: { ...ways, ...change } })
const usedBy: Uses = {
  files: [{ path, uses: [{ by: 'process', pid: 12, command: 'qemu', how: 'writes' }] }],
  unseen: [],
}

describe('the plan of attach', () => {
  test('a raw image is a loop device, read-only', () => {
    expect(plan(raw)).toMatchSnapshot()
  })

  test('everything else is served to the kernel by a process of its own', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('qcow2 is written to by qemu-nbd, after a word by name, and nobody else works on it', () => {
    expect(plan({}, true)).toMatchSnapshot()
  })

  test('logical volumes are mapped without LVM, after udev was told to leave the device alone', () => {
    expect(plan({ ...raw, ...on({ hasUdev: true }), volumes: [root, thin] })).toMatchSnapshot()
  })

  test('without the device mapper they get no device, and it says so', () => {
    const made = plan({ ...raw, ...on({ mapper: 'missing' }), volumes: [root, thin] })
    expect(made).toMatchObject({ kind: 'plan', warnings: [{ id: 'no-mapper', severity: 'info' }] })
    expect(made.kind === 'plan' && made.steps.map(({ id }) => id)).not.toContain('volume-1')
  })

  test.each<[string, Partial<AttachFacts>]>([
    ['loop', raw],
    ['nbd', {}],
  ])('a table for sectors of 4096 bytes gets a device that has them: %s', (_name, change) => {
    const made = plan({ ...change, sectorSize: 4096 })
    const attached = made.kind === 'plan' ? made.steps.find(({ id }) => id === 'attach') : null
    expect(attached?.input).toMatchObject({ sectorSize: 4096 })
  })

  test.each<[string, Partial<AttachFacts>, readonly string[]]>([
    ['without nbd-client', on({ tools: ['qemu-nbd'] }), ['reserve', 'serve', 'attach', 'partitions']],
    ['with a module to load', on({ nbd: 'loadable' }), ['load', 'reserve', 'serve', 'attach', 'partitions']],
    [
      'raw without loop',
      { ...raw, ...on({ loop: 'missing' }) },
      ['reserve', 'serve', 'attach', 'partitions'],
    ],
  ])('%s', (_name, change, ids) => {
    const made = plan(change)
    expect(made.kind === 'plan' && made.steps.map(({ id }) => id)).toEqual(ids)
  })

  test.each<[string, Partial<AttachFacts>, boolean, string]>([
    ['another system', on({ system: 'darwin' }), false, 'no-block-devices'],
    ['no root', on({ isRoot: false }), false, 'not-root'],
    ['a kernel without the modules', on({ nbd: 'missing' }), false, 'no-way'],
    ['no tool', on({ tools: [] }), false, 'no-way'],
    [
      'qemu-nbd alone, with sectors of 4096',
      { ...on({ tools: ['qemu-nbd'] }), sectorSize: 4096 },
      false,
      'no-way',
    ],
    ['qcow2 with sectors of 4096, for writing', { sectorSize: 4096 }, true, 'no-way'],
    ['an image that is attached', { already: '/dev/nbd3' }, false, 'already-attached'],
    ['a format that is not written in place', { format: 'vmdk' }, true, 'not-written-in-place'],
    ['an image in use, for writing', { files: { ...files, uses: usedBy } }, true, 'in-use'],
    [
      'an image with children, for writing',
      { files: { ...files, dependents: ['/lib/b'] } },
      true,
      'has-dependents',
    ],
    [
      'a part of an image, for writing',
      { files: { ...files, partOf: '/lib/b.vmdk' } },
      true,
      'part-of-image',
    ],
  ])('%s is refused', (_name, change, isWritten, id) => {
    expect(plan(change, isWritten)).toMatchObject({ kind: 'refusal', problems: [{ id, severity: 'block' }] })
  })

  test('a refusal names what goes without root, ready to be called', () => {
    const refused = plan(on({ isRoot: false, tools: ['nbdfuse', 'guestmount'] }))
    expect(refused).toMatchSnapshot()
  })
})

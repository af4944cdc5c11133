import { noUses } from '@varve/core/problems/use'
import type { Problem } from '@varve/core/problems/problem'
import { describe, expect, test } from 'vitest'
import { detachOperation } from '../detach/plan.ts'
import type { MountFacts } from '../mount/facts.ts'
import { mountOperation } from '../mount/plan.ts'
import { MountRequest } from '../mount/request.ts'
import { umountOperation } from '../umount/plan.ts'
import type { AttachFacts, MacWays } from './facts.ts'
import { attachOperation } from './plan.ts'
import { AttachRequest } from './request.ts'

const path = "/Users/me/it's [web].dmg"
const macos: MacWays = { hasImages: true, unasked: null }
const facts: AttachFacts = {
  host: 'here',
  ways: {
    system: 'darwin',
    isRoot: false,
    isOwnHost: true,
    loop: 'missing',
    nbd: 'missing',
    mapper: 'missing',
    hasUdev: false,
    tools: [],
    macos,
  },
  image: path,
  format: 'udif',
  virtualSize: 1024 ** 3,
  isPlainRaw: false,
  sectorSize: 512,
  volumes: [],
  problems: [],
  files: null,
  already: null,
  shadow: '/state/attached/a.shadow',
}
const files: AttachFacts['files'] = {
  host: 'here',
  path,
  format: 'raw',
  virtualSize: 1024 ** 3,
  bytes: 1024 ** 3,
  files: [path],
  elsewhere: [],
  partOf: null,
  dependents: [],
  unseen: null,
  searched: [],
  uses: noUses,
  machines: [],
}
const on = (ways: Partial<MacWays>) => ({ ways: { ...facts.ways, macos: { ...macos, ...ways } } })
const locked: Problem = {
  id: 'encrypted',
  severity: 'block',
  layer: 'L2',
  file: path,
  message: 'it is encrypted',
  remedy: '',
}

function plan(change: Partial<AttachFacts> = {}, more: object = {}) {
  const request = AttachRequest.parse({ image: { path }, ...more })
  return attachOperation.plan(request, { ...facts, ...(request.isWritten && { files }), ...change })
}

describe('attach on macOS', () => {
  test('UDIF by hdiutil, read-only', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('raw for writing, after a word by name, in sectors of 4096 bytes', () => {
    expect(plan({ format: 'raw', isPlainRaw: true, sectorSize: 4096 }, { isWritten: true })).toMatchSnapshot()
  })

  test('ASIF by diskutil, and an encrypted sparse bundle with its passphrase', () => {
    expect(plan({ format: 'asif' })).toMatchObject({ steps: [{ input: { by: 'diskutil' } }] })
    const bundle = plan({ format: 'sparsebundle', problems: [locked] }, { isEncrypted: true })
    expect(bundle).toMatchObject({ steps: [{ input: { by: 'hdiutil', isEncrypted: true } }] })
  })

  test.each<[string, Partial<AttachFacts>, object, string]>([
    ['tools that do not answer', on({ unasked: 'they hang' }), {}, 'no-way'],
    ['qcow2', { format: 'qcow2' }, {}, 'no-way'],
    ['VMDK', { format: 'vmdk' }, {}, 'no-way'],
    ['raw whose bytes are not the disk', { format: 'raw' }, {}, 'no-way'],
    ['ASIF before macOS 26', { format: 'asif', ...on({ hasImages: false }) }, {}, 'no-way'],
    ['UDIF for writing', {}, { isWritten: true }, 'not-written-in-place'],
    ['an encrypted image without its passphrase', { problems: [locked] }, {}, 'encrypted'],
    ['a passphrase for what is not encrypted', {}, { isEncrypted: true }, 'not-encrypted'],
    ['a choice of how it is read', {}, { image: { path, reading: { vhdSize: 'current' } } }, 'no-way'],
    ['what is attached', { already: '/dev/disk7' }, {}, 'already-attached'],
    ['a passphrase on Linux', { ways: { ...linux(), system: 'linux' } }, { isEncrypted: true }, 'no-way'],
  ])('refused: %s', (_name, change, more, id) => {
    const made = plan(change, more)
    expect(made).toMatchObject({ kind: 'refusal', problems: [{ id, file: path }] })
    expect(made.kind === 'refusal' && made.problems.every(({ remedy }) => remedy.length > 0)).toBe(true)
  })
})

function linux(): AttachFacts['ways'] {
  const { macos: _macos, ...ways } = facts.ways
  return ways
}

const hfs = { partition: 2, type: 'hfs+', label: 'Mac', uuid: null, state: 'clean' } as const
const mountFacts: MountFacts = {
  ...facts,
  folder: '/mnt/a b',
  folderIs: 'missing',
  filesystems: [hfs],
  others: [],
  attached: null,
  hostBtrfs: [],
}
const mount = (change: Partial<MountFacts> = {}, more: object = {}) => {
  const request = MountRequest.parse({ image: { path }, folder: '/mnt/a b', ...more })
  return mountOperation.plan(request, { ...mountFacts, ...(request.isWritten && { files }), ...change })
}

describe('mount on macOS', () => {
  test('HFS+ that was unmounted cleanly, read-only', () => {
    expect(mount()).toMatchSnapshot()
  })

  test('a journal is replayed into a shadow file, never into the image', () => {
    const made = mount({ filesystems: [{ ...hfs, state: 'dirty' }] })
    expect(made).toMatchObject({
      steps: [{ input: { shadow: facts.shadow, isReadOnly: true } }, {}, { input: { isReadOnly: true } }],
      warnings: [{ id: 'journal-replayed-aside' }],
    })
  })

  test('APFS from what Varve has attached read-only', () => {
    const attached = { attachment: 'a1', device: '/dev/disk4', volumes: [] }
    const apfs = { ...hfs, type: 'apfs', partition: null }
    expect(mount({ attached, already: '/dev/disk4', filesystems: [apfs] })).toMatchSnapshot()
  })

  test.each<[string, Partial<MountFacts>, object, string]>([
    ['ext4', { filesystems: [{ ...hfs, type: 'ext4' }] }, { partition: 2 }, 'filesystem-not-mounted'],
    ['ext4 alone', { filesystems: [{ ...hfs, type: 'ext4' }] }, {}, 'filesystem-not-mounted'],
    ['LUKS', {}, { isLuks: true }, 'filesystem-not-mounted'],
    ['several', { filesystems: [hfs, { ...hfs, partition: 3 }] }, {}, 'which-filesystem'],
    ['none', { filesystems: [] }, {}, 'no-filesystem'],
    ['another partition', {}, { partition: 7 }, 'no-filesystem'],
    ['what others attached', { already: '/dev/disk7' }, {}, 'already-attached'],
    ['a folder that is used', { folderIs: 'used' }, {}, 'folder-used'],
    [
      'NTFS for writing',
      { format: 'raw', isPlainRaw: true, filesystems: [{ ...hfs, type: 'ntfs' }] },
      { isWritten: true },
      'filesystem-not-written',
    ],
    ['what is encrypted', { problems: [locked] }, { isEncrypted: true }, 'no-filesystem'],
    [
      'a journal where nothing is kept',
      (() => {
        const { shadow: _shadow, ...rest } = mountFacts
        return { ...rest, shadow: undefined, filesystems: [{ ...hfs, state: 'dirty' }] } as object
      })(),
      {},
      'no-way',
    ],
  ])('refused: %s', (_name, change, more, id) => {
    const made = mount(change, more)
    expect(made).toMatchObject({
      kind: 'refusal',
      problems: expect.arrayContaining([expect.objectContaining({ id })]),
    })
    expect(made.kind === 'refusal' && made.problems.every(({ remedy }) => remedy.length > 0)).toBe(true)
  })
})

describe('detach and umount on macOS', () => {
  const attached = {
    attachment: 'a1',
    image: path,
    device: '/dev/disk4',
    how: 'hdiutil',
    state: 'live',
    readOnly: true,
    throwAway: false,
    pid: null,
    size: 1024 ** 3,
    partitions: [],
    volumes: [],
    mounts: [],
    madeAt: '2026-01-01T00:00:00.000Z',
  } as const
  const view = { ...attached, partitions: [], volumes: [], mounts: [] }
  const known = { host: 'here', ways: facts.ways, target: path, run: null, holders: [], foreign: [] }
  const detach = (change: object = {}, isForced = false) =>
    detachOperation.plan({ target: path, isForced }, { ...known, attached: view, ...change })

  test('what attached it takes it away; by force only after a word by name', () => {
    expect(detach()).toMatchSnapshot()
    const mounts = [{ device: '/dev/disk4s2', folder: '/Volumes/Mac' }]
    expect(detach({ attached: { ...view, mounts } })).toMatchObject({ problems: [{ id: 'in-use' }] })
    expect(detach({ attached: { ...view, mounts } }, true)).toMatchObject({
      steps: [{ input: { isForced: true } }],
      warnings: [{ id: 'detach-forced', asks: true }],
    })
  })

  test('not what others have attached, and force is of macOS', () => {
    expect(detach({ attached: null, foreign: ['/dev/disk7'] })).toMatchObject({
      problems: [{ id: 'not-attached', remedy: expect.stringContaining('hdiutil detach /dev/disk7') }],
    })
    expect(detach({ ways: { ...linux(), system: 'linux', isRoot: true } }, true)).toMatchObject({
      problems: [{ id: 'no-way' }],
    })
    expect(detach(on({ unasked: 'they hang' }))).toMatchObject({ problems: [{ id: 'no-way' }] })
  })

  test('a mount goes with its folder and its disk', () => {
    const folder = '/mnt/a b'
    const umount = { host: 'here', ways: facts.ways, folder, mounted: '/dev/disk4s2', busy: [] }
    const gone = { ...umount, attached: view, isFolderOurs: true, isDeviceOurs: true }
    expect(umountOperation.plan({ folder }, gone)).toMatchSnapshot()
  })
})

import { describe, expect, test } from 'vitest'
import type { VolumeThere } from '../attach/facts.ts'
import type { FilesystemThere, MountFacts } from './facts.ts'
import { mountOperation } from './plan.ts'
import { MountRequest } from './request.ts'

const image = '/lib/web01.raw'
const folder = `/mnt/a "folder"\n`
const filesystem: FilesystemThere = { partition: 1, type: 'ext4', label: 'root', uuid: 'u-1', state: 'clean' }
const facts: MountFacts = {
  host: 'here',
  ways: {
    system: 'linux',
    isRoot: true,
    isOwnHost: true,
    loop: 'there',
    nbd: 'there',
    mapper: 'there',
    hasUdev: false,
    tools: ['losetup', 'nbd-client', 'mount', 'dmsetup', 'cryptsetup'],
  },
  image,
  format: 'raw',
  virtualSize: 1024 ** 3,
  isPlainRaw: true,
  sectorSize: 512,
  volumes: [],
  problems: [],
  files: null,
  already: null,
  folder,
  folderIs: 'missing',
  filesystems: [filesystem],
  others: [],
  attached: null,
  hostBtrfs: [],
}
const swap: FilesystemThere = { ...filesystem, partition: 2, type: 'swap' }
const second: FilesystemThere = { ...filesystem, partition: 3, type: 'xfs' }

const root: VolumeThere = {
  group: 'vg-0',
  name: 'root',
  size: 4 * 1024 ** 2,
  pieces: [{ size: 4 * 1024 ** 2, chunk: 4 * 1024 ** 2, stripes: [{ partition: 2, at: 1024 ** 2 }] }],
  reason: null,
  filesystem: { type: 'ext4', label: 'root', uuid: null, blockSize: null, state: 'clean' },
}
const thin: VolumeThere = {
  ...root,
  name: 'thin',
  pieces: null,
  reason: 'is a thin volume',
  filesystem: null,
}
const empty: VolumeThere = { ...root, name: 'empty', filesystem: null }
const inVolumes: Partial<MountFacts> = {
  filesystems: [],
  others: [{ partition: 2, type: 'lvm2' }],
  volumes: [root, thin, empty],
}
const inLuks: Partial<MountFacts> = { filesystems: [], others: [{ partition: 3, type: 'luks2' }] }
const named = (name: string, group = 'vg-0') => ({ volume: { group, name } })
const actionsOf = (made: ReturnType<typeof plan>) =>
  made.kind === 'plan' ? made.steps.map(({ action }) => action) : made.problems.map(({ id }) => id)

function plan(change: Partial<MountFacts> = {}, request: object = {}) {
  return mountOperation.plan(MountRequest.parse({ image: { path: image }, folder, ...request }), {
    ...facts,
    ...change,
  })
}

/** The options that it would be mounted with. */
function optionsOf(change: Partial<MountFacts>): unknown {
  const made = plan(change)
  const step = made.kind === 'plan' ? made.steps.find(({ id }) => id === 'mount') : undefined
  return (step?.input as { readonly options?: unknown } | undefined)?.options
}

describe('the plan of mount', () => {
  test('attaches it read-only and keeps the journal from being replayed', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('a dirty journal is replayed into an overlay that is thrown away, and it says so', () => {
    expect(plan({ filesystems: [{ ...filesystem, state: 'dirty' }] })).toMatchSnapshot()
  })

  test('what is attached already is used', () => {
    const made = plan({
      attached: { attachment: 'a1', device: '/dev/loop3', volumes: [] },
      already: '/dev/loop3',
      folderIs: 'empty',
    })
    expect(made).toMatchSnapshot()
  })

  test('a logical volume is mapped over the device and mounted', () => {
    expect(plan(inVolumes, named('root'))).toMatchSnapshot()
  })

  test('the only filesystem is meant, also in a logical volume', () => {
    expect(plan(inVolumes)).toMatchObject({ kind: 'plan' })
  })

  test('a volume with a dirty journal is mapped over an overlay', () => {
    const dirty = {
      ...root,
      filesystem: { type: 'xfs', label: null, uuid: null, blockSize: null, state: 'dirty' },
    } as const
    const made = plan({ ...inVolumes, volumes: [dirty] })
    const mapped = made.kind === 'plan' ? made.steps.find(({ action }) => action === 'map-volume') : null
    expect(mapped?.input).toMatchObject({ isReadOnly: false })
    expect(made).toMatchObject({ warnings: [{ id: 'journal-replayed-aside' }] })
  })

  test('a volume that is mapped already is used, and is not taken away by an undo', () => {
    const attached = { attachment: 'a1', device: '/dev/loop3', volumes: ['/dev/mapper/varve-a1-vg--0-root'] }
    const made = plan({ ...inVolumes, attached, already: '/dev/loop3' }, named('root'))
    expect(actionsOf(made)).toEqual(['prepare-folder', 'mount-filesystem'])
    expect(made).toMatchObject({ steps: [{}, { input: { mapped: attached.volumes[0] } }] })
  })

  test('LUKS is opened over an overlay, for nobody sees before what is inside', () => {
    expect(plan(inLuks, { isLuks: true, partition: 3 })).toMatchSnapshot()
  })

  test('a logical volume inside LUKS', () => {
    expect(actionsOf(plan(inLuks, { isLuks: true, ...named('root') }))).toEqual([
      'reserve-device',
      'serve-device',
      'attach-nbd',
      'read-partitions',
      'open-luks',
      'find-filesystem',
      'map-volume',
      'prepare-folder',
      'mount-filesystem',
    ])
  })

  test('LUKS without nbd is opened read-only', () => {
    const made = plan({ ...inLuks, ways: { ...facts.ways, nbd: 'missing' } }, { isLuks: true })
    const opened = made.kind === 'plan' ? made.steps.find(({ id }) => id === 'open') : null
    expect(opened?.input).toMatchObject({ isReadOnly: true })
    expect(made).toMatchObject({ warnings: [] })
  })

  test.each<[string, Partial<MountFacts>, object, string]>([
    ['a volume that is not there', inVolumes, named('other'), 'no-volume'],
    ['a volume of another group', inVolumes, named('root', 'vg'), 'no-volume'],
    ['a thin volume', inVolumes, named('thin'), 'volume-not-mapped'],
    ['a volume without a filesystem', inVolumes, named('empty'), 'no-filesystem'],
    [
      'no dmsetup',
      { ...inVolumes, ways: { ...facts.ways, tools: ['losetup', 'mount'] } },
      named('root'),
      'no-mapper',
    ],
    [
      'no device mapper',
      { ...inLuks, ways: { ...facts.ways, mapper: 'missing' } },
      { isLuks: true },
      'no-mapper',
    ],
    ['LUKS that is not opened', inLuks, { partition: 3 }, 'no-filesystem'],
    ['no LUKS', inVolumes, { isLuks: true }, 'no-luks'],
    [
      'two of LUKS',
      { others: [...(inLuks.others ?? []), { partition: 4, type: 'luks1' }] },
      { isLuks: true },
      'which-volume',
    ],
    ['a filesystem on a partition and one in a volume', { volumes: [root] }, {}, 'which-filesystem'],
  ])('%s is refused, with what to say instead', (_name, change, request, id) => {
    const refused = plan(change, request)
    expect(refused).toMatchObject({ kind: 'refusal', problems: [{ id }] })
    expect(refused.kind === 'refusal' && refused.problems[0]?.remedy).toMatchSnapshot()
  })

  test.each([
    ['ext4', ['ro', 'nosuid', 'nodev', 'noexec', 'noload']],
    ['xfs', ['ro', 'nosuid', 'nodev', 'noexec', 'nouuid', 'norecovery']],
    ['btrfs', ['ro', 'nosuid', 'nodev', 'noexec', 'rescue=nologreplay']],
    ['ntfs', ['ro', 'nosuid', 'nodev', 'noexec', 'norecover']],
    ['fat32', ['ro', 'nosuid', 'nodev', 'noexec']],
  ])('%s is mounted without writing to it', (type, options) => {
    expect(optionsOf({ filesystems: [{ ...filesystem, type }] })).toEqual(options)
  })

  test.each(['xfs', 'btrfs', 'ntfs', 'ext3'])(
    '%s of which nobody knows whether it is clean gets an overlay',
    (type) => {
      expect(plan({ filesystems: [{ ...filesystem, type, state: 'unknown' }] })).toMatchObject({
        kind: 'plan',
        warnings: [{ id: 'journal-replayed-aside', severity: 'info' }],
      })
    },
  )

  test('swap is no filesystem that could be meant', () => {
    expect(plan({ filesystems: [swap, filesystem] })).toMatchObject({ kind: 'plan' })
  })

  test('for writing it takes a word by name, and no overlay', () => {
    const made = plan({ filesystems: [{ ...filesystem, state: 'dirty' }] }, { isWritten: true })
    expect(made).toMatchObject({ kind: 'plan', subjects: [{ path: image }] })
  })

  test.each<[string, Partial<MountFacts>, number | null, string]>([
    ['a folder with something in it', { folderIs: 'used' }, null, 'folder-used'],
    ['a mount point', { folderIs: 'mount-point' }, null, 'folder-used'],
    ['a file', { folderIs: 'no-folder' }, null, 'folder-used'],
    ['a folder in no folder', { folderIs: 'nowhere' }, null, 'folder-missing'],
    ['several filesystems', { filesystems: [filesystem, second] }, null, 'which-filesystem'],
    ['no filesystem', { filesystems: [] }, null, 'no-filesystem'],
    ['a partition that is not there', {}, 7, 'no-filesystem'],
    ['a volume group', { filesystems: [], others: [{ partition: 2, type: 'lvm2' }] }, 2, 'no-filesystem'],
    ['swap', { filesystems: [swap] }, 2, 'filesystem-not-mounted'],
    [
      'a Btrfs that the host has mounted too',
      { filesystems: [{ ...filesystem, type: 'btrfs' }], hostBtrfs: ['u-1'] },
      null,
      'same-uuid',
    ],
    [
      'a dirty journal without nbd',
      { filesystems: [{ ...filesystem, state: 'dirty' }], ways: { ...facts.ways, nbd: 'missing' } },
      null,
      'no-way',
    ],
    ['no root', { ways: { ...facts.ways, isRoot: false } }, null, 'not-root'],
  ])('%s is refused', (_name, change, partition, id) => {
    expect(plan(change, { partition })).toMatchObject({
      kind: 'refusal',
      problems: [{ id, severity: 'block' }],
    })
  })
})

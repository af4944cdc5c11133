import { describe, expect, test } from 'vitest'
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
    tools: ['losetup', 'nbd-client', 'mount'],
  },
  image,
  format: 'raw',
  virtualSize: 1024 ** 3,
  isPlainRaw: true,
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
      attached: { attachment: 'a1', device: '/dev/loop3' },
      already: '/dev/loop3',
      folderIs: 'empty',
    })
    expect(made).toMatchSnapshot()
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

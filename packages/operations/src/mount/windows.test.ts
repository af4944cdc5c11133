import { noUses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import type { WindowsWays } from '../attach/facts.ts'
import { umountOperation } from '../umount/plan.ts'
import type { UmountFacts } from '../umount/facts.ts'
import type { FilesystemThere, MountFacts } from './facts.ts'
import { mountOperation } from './plan.ts'
import { MountRequest } from './request.ts'

const image = String.raw`D:\vm\it's [web].vhdx`
const folder = String.raw`C:\mnt\web ü`
const by: WindowsWays = { by: 'storage', unasked: null }
const ways: MountFacts['ways'] = {
  system: 'win32',
  isRoot: true,
  isOwnHost: true,
  loop: 'missing',
  nbd: 'missing',
  mapper: 'missing',
  hasUdev: false,
  tools: [],
  windows: by,
}
const ntfs: FilesystemThere = {
  partition: 2,
  start: 2 ** 20,
  type: 'ntfs',
  label: 'Windows',
  uuid: null,
  state: 'clean',
}
const facts: MountFacts = {
  host: 'here',
  ways,
  image,
  format: 'vhdx',
  virtualSize: 1024 ** 3,
  isPlainRaw: false,
  sectorSize: 512,
  volumes: [],
  problems: [],
  files: null,
  already: null,
  folder,
  folderIs: 'missing',
  filesystems: [ntfs],
  others: [],
  attached: null,
  hostBtrfs: [],
  hostFilesystem: 'NTFS',
}
const files: MountFacts['files'] = {
  host: 'here',
  path: image,
  format: 'vhdx',
  virtualSize: 1024 ** 3,
  bytes: 1024 ** 2,
  files: [image],
  elsewhere: [],
  partOf: null,
  dependents: [],
  unseen: null,
  searched: [],
  uses: noUses,
  machines: [],
}

function plan(change: Partial<MountFacts> = {}, more: object = {}) {
  const request = MountRequest.parse({ image: { path: image }, folder, ...more })
  return mountOperation.plan(request, { ...facts, ...(request.isWritten && { files }), ...change })
}

describe('the plan of mount on Windows', () => {
  test('attaches it read-only, and gives its partition a new folder', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('a letter, for writing, after a word by name', () => {
    expect(plan({ folder: 'X:\\', hostFilesystem: null }, { isWritten: true })).toMatchSnapshot()
  })

  test('what Varve has attached read-only is used', () => {
    const attached = { attachment: 'a1', device: String.raw`\\.\PhysicalDrive3`, volumes: [] }
    const made = plan({ attached, already: attached.device, folderIs: 'empty' })
    expect(made).toMatchObject({
      steps: [{ action: 'mount-partition', input: { attachment: 'a1', isNew: false } }],
    })
    expect(plan({ attached, already: attached.device }, { isWritten: true })).toMatchObject({
      problems: [{ id: 'already-attached' }],
    })
  })

  test('only what Windows mounts is meant where none is said', () => {
    const ext = { ...ntfs, partition: 1, start: 512, type: 'ext4' }
    expect(plan({ filesystems: [ext, ntfs] })).toMatchObject({
      steps: [{}, { input: { start: ntfs.start } }],
    })
  })

  test('one that was not unmounted cleanly says that its journal is not replayed', () => {
    expect(plan({ filesystems: [{ ...ntfs, state: 'dirty' }] })).toMatchObject({
      kind: 'plan',
      warnings: [{ id: 'journal-not-replayed', severity: 'warn' }],
    })
  })

  const on = (windows: Partial<WindowsWays>, isRoot = true) => ({
    ways: { ...ways, isRoot, windows: { ...by, ...windows } },
  })
  const bitlocker = { filesystems: [], others: [{ partition: 2, type: 'bitlocker' }] }

  test.each<[string, Partial<MountFacts>, object, string]>([
    ['no module of Storage', on({ by: 'diskpart' }), {}, 'no-way'],
    ['no way at all', on({ by: null }), {}, 'no-way'],
    ['no rights', on({}, false), {}, 'not-elevated'],
    ['another format', { format: 'qcow2' }, {}, 'no-way'],
    ['what others attached', { already: 'PhysicalDrive1' }, {}, 'already-attached'],
    ['Linux', { filesystems: [{ ...ntfs, type: 'ext4' }] }, { partition: 2 }, 'filesystem-not-mounted'],
    ['LUKS', {}, { isLuks: true }, 'filesystem-not-mounted'],
    ['a logical volume', {}, { volume: { group: 'vg', name: 'root' } }, 'filesystem-not-mounted'],
    ['BitLocker', bitlocker, {}, 'bitlocker-locked'],
    ['BitLocker, by its number', bitlocker, { partition: 2 }, 'bitlocker-locked'],
    ['two that could be meant', { filesystems: [ntfs, { ...ntfs, partition: 3 }] }, {}, 'which-filesystem'],
    ['none', { filesystems: [] }, {}, 'no-filesystem'],
    ['no partition table', { filesystems: [{ ...ntfs, partition: null, start: 0 }] }, {}, 'no-partition'],
    ['a folder of FAT', { hostFilesystem: 'FAT32' }, {}, 'folder-filesystem'],
    ['a folder in use', { folderIs: 'used' }, {}, 'folder-used'],
    ['a letter that is taken', { folder: 'C:\\', folderIs: 'mount-point' }, {}, 'folder-used'],
  ])('refused: %s', (_name, change, more, id) => {
    const made = plan(change, more)
    expect(made).toMatchObject({ kind: 'refusal', problems: [{ id, severity: 'block' }] })
    expect(made.kind === 'refusal' && made.problems.every(({ remedy }) => remedy.length > 0)).toBe(true)
  })
})

describe('the plan of umount on Windows', () => {
  const attached: NonNullable<UmountFacts['attached']> = {
    attachment: 'a1',
    image,
    device: String.raw`\\.\PhysicalDrive3`,
    how: 'storage',
    state: 'live',
    readOnly: true,
    throwAway: false,
    pid: null,
    size: 1024 ** 3,
    partitions: [],
    volumes: [],
    mounts: [],
    madeAt: '2026-01-01T00:00:00.000Z',
  }
  const mounted: UmountFacts = {
    host: 'here',
    ways,
    folder,
    mounted: String.raw`\\.\Harddisk3Partition1`,
    attached,
    isFolderOurs: true,
    isDeviceOurs: true,
    partitionStart: 2 ** 20,
    busy: [],
  }
  const end = (change: Partial<UmountFacts> = {}) =>
    umountOperation.plan({ folder }, { ...mounted, ...change })

  test('ends the mount, then takes the disk away', () => {
    expect(end()).toMatchSnapshot()
  })

  test('what was attached before stays; what others mounted is not ended', () => {
    expect(end({ isDeviceOurs: false })).toMatchObject({ steps: [{ action: 'unmount-partition' }] })
    expect(end({ attached: null })).toMatchObject({
      problems: [{ id: 'not-mounted', remedy: expect.stringContaining('mountvol') }],
    })
    expect(end({ attached: null, mounted: null })).toMatchObject({ problems: [{ id: 'not-mounted' }] })
  })
})

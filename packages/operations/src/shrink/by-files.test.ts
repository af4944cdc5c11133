import type { ExtRecipe, XfsRecipe } from '@varve/core/filesystems/filesystem-recipe'
import type { FilesystemFinding, GuestContents, VolumeFinding } from '@varve/core/guest/guest-contents'
import { describe, expect, test } from 'vitest'
import type { VolumeThere } from '../attach/facts.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { toPlanView } from '../plans/plan-view.ts'
import { from, stepsUsed } from '../plans/wired.ts'
import type { ByFilesFacts, ResizeFacts } from '../resize/facts.ts'
import { filesystemAt, guestWith, partitionAt, resizeFacts } from '../testing/resize-facts.ts'
import { leastByFiles } from './by-files-sizes.ts'
import { shrinkOperation } from './plan.ts'
import { ShrinkRequest } from './request.ts'

const [mib, gib] = [1024 ** 2, 1024 ** 3]
const uuid = 'f0fabfe3-e190-462e-8ecd-438f26ad6bda'
const { image } = resizeFacts()

const xfs: XfsRecipe = {
  kind: 'xfs',
  label: 'root',
  blockSize: 4096,
  sectorSize: 512,
  inodeSize: 512,
  folderBlockSize: 4096,
  inodeShare: 25,
  stripeUnit: 0,
  stripeWidth: 0,
  logBytes: 64 * mib,
  groups: 4,
  features: {
    crc: true,
    finobt: true,
    rmapbt: false,
    reflink: true,
    inobtcount: true,
    bigtime: true,
    sparse: true,
    nrext64: false,
    ftype: true,
    ci: false,
  },
  unmade: [],
  unkept: [],
  hasQuotas: false,
}

const ext4: ExtRecipe = {
  kind: 'ext',
  label: 'root',
  blockSize: 4096,
  inodeSize: 256,
  clusterSize: null,
  inodes: 655_360,
  usedInodes: 40_000,
  features: ['has_journal', 'extent'],
  reservedShare: 0.05,
  errors: 'continue',
  mountOptions: 0xc,
  journalBytes: 128 * mib,
  stride: 0,
  stripeWidth: 0,
  ownBytes: 320 * mib,
  unmade: [],
  unkept: [],
  hasQuotas: false,
}

const found = (more: Partial<ByFilesFacts> = {}): ByFilesFacts => ({
  small: { path: '/lib/.small.part', staging: 'small' },
  logical: null,
  recipe: xfs,
  loaders: [],
  xfsVersion: [6, 1],
  ...more,
})

/** Boot in partition 1, and what is copied in partition 2 that ends with the disk. */
const rootOf = (type: string, more: Partial<FilesystemFinding> = {}) =>
  guestWith({ partitions: [partitionAt(1, mib, gib), partitionAt(2, gib, 10 * gib - mib)] }, [
    filesystemAt(mib, gib, 'fat32'),
    filesystemAt(gib, 10 * gib - mib, type, { uuid, used: 2 * gib, free: 7 * gib, ...more }),
  ])

interface Asked {
  readonly to?: number | null
  readonly partition?: number
  readonly volume?: { readonly group: string; readonly name: string }
  readonly isLuks?: boolean
}

function plan(change: Partial<ResizeFacts> = {}, asked: Asked = {}, own: Partial<LinkFacts> = {}) {
  const request = ShrinkRequest.parse({ image: image.path, to: 5 * gib, byFiles: true, ...asked })
  return shrinkOperation.plan(
    request,
    resizeFacts({ guest: rootOf('xfs'), byFiles: found(), ...change }, own),
  )
}

const idsOf = (made: ReturnType<typeof plan>) =>
  made.kind === 'plan' ? made.steps.map(({ id }) => id) : made.problems.map(({ id }) => id)
const inputOf = (made: ReturnType<typeof plan>, id: string) =>
  made.kind === 'plan' ? made.steps.find((step) => step.id === id)?.input : made.problems
const warningsOf = (made: ReturnType<typeof plan>) =>
  made.kind === 'plan' ? made.warnings.map(({ id, severity }) => `${severity} ${id}`) : idsOf(made)
const raw = { format: 'raw', subformat: null } as const

/** Bytes of an extent of LVM, and of what lies before the first. */
const [extent, dataStart] = [4 * mib, mib]
const root = { group: 'vg', name: 'root' }

/** A logical volume of 4 GiB from byte `at` of partition 2. */
function logical(
  name: string,
  type: string | null,
  at: number,
  more: Partial<VolumeThere> = {},
): VolumeThere {
  const size = 4 * gib
  return {
    group: 'vg',
    name,
    size,
    pieces: [{ size, chunk: size, stripes: [{ partition: 2, at }] }],
    reason: null,
    filesystem: type === null ? null : { type, label: null, uuid, blockSize: 4096, state: 'clean' },
    ...more,
  }
}

/** The partition that `rootOf` has a filesystem in holds a volume, and what is in that is not on the disk itself. */
const holding = (
  type: VolumeFinding['type'],
  more: Partial<VolumeFinding> = {},
): { readonly guest: GuestContents } => {
  const guest = rootOf('xfs')
  const volume = {
    start: gib,
    length: 9 * gib - mib,
    type,
    sure: 'consistent',
    label: null,
    uuid: null,
  } as const
  return {
    guest: {
      ...guest,
      filesystems: guest.filesystems.slice(0, 1),
      volumes: [{ ...volume, group: null, members: [], notes: [], ...more }],
    },
  }
}

const filesystemOf = (type: string, more: Partial<FilesystemFinding> = {}) =>
  filesystemAt(0, 4 * gib, type, { uuid, used: gib, free: 3 * gib, ...more })
const group = { extentSize: extent, dataStart, volume: 1024, others: 0 }
const inLogical = (type = 'xfs', more: Partial<FilesystemFinding> = {}) => ({
  ...holding('lvm2', { group: 'vg' }),
  volumes: [logical('root', type, dataStart)],
  byFiles: found({ logical: { filesystem: filesystemOf(type, more), group } }),
})
const inLuks = holding('luks2', { payload: { at: 16 * mib, isDynamic: true } })

describe('the plan of shrink by files', () => {
  test('an XFS in a partition: the disk without it, a new one, its files, the proof', () => {
    const made = plan()
    expect(made).toMatchSnapshot()
    if (made.kind !== 'plan') throw new Error('refused')
    expect(new Set(made.steps.map(({ id }) => id)).size).toBe(made.steps.length)
    const seen = toPlanView(made, () => ({ argv: ['varve'] }))
    expect(
      seen.kind === 'plan' && seen.steps.map(({ layer, title, does }) => `${layer} ${title}: ${does}`),
    ).toMatchSnapshot()
  })

  test('a raw image is read itself, read-only: no copy of it is made', () => {
    const made = plan({ isPlainRaw: true }, {}, raw)
    expect(idsOf(made)).not.toContain('work')
    expect(idsOf(made)).not.toContain('drop')
    const full = { isPlainRaw: true, dataBytes: 9 * gib, freeBytes: 3 * gib }
    expect(idsOf(plan(full, {}, raw))).toEqual(idsOf(made))
    expect(idsOf(plan({ ...full, isPlainRaw: false }))).toEqual(['no-space', 'no-room-for-copy'])
    expect(inputOf(made, 'attach')).toMatchObject({ image: image.path, isReadOnly: true })
    expect(inputOf(made, 'attach-new')).toMatchObject({ image: '/lib/.small.part', isReadOnly: false })
    expect(inputOf(made, 'replace')).toMatchObject({ image: { staging: 'small', format: 'raw' } })
  })

  test('ext4 on the whole disk: nothing of it is written but by the new filesystem', () => {
    const guest = guestWith({ kind: 'none' }, [filesystemAt(0, 10 * gib, 'ext4', { uuid, used: gib })])
    const made = plan({ guest, byFiles: found({ recipe: ext4, xfsVersion: null }) })
    expect(idsOf(made)).not.toContain('partition')
    expect(inputOf(made, 'lay')).toMatchObject({
      source: { reading: { leftOut: { start: 0, end: 10 * gib } } },
    })
    expect(inputOf(made, 'make')).toMatchObject({
      partition: null,
      size: 5 * gib,
      before: 10 * gib,
      type: 'ext4',
    })
  })

  test('a logical partition becomes shorter with the one around it', () => {
    const guest = guestWith(
      {
        kind: 'mbr',
        partitions: [
          partitionAt(1, mib, gib),
          partitionAt(2, gib, 10 * gib, { role: 'extended' }),
          partitionAt(5, gib + mib, 10 * gib, { role: 'logical' }),
        ],
      },
      [filesystemAt(gib + mib, 10 * gib, 'xfs', { uuid, used: gib })],
    )
    const ids = idsOf(plan({ guest }))
    expect(ids.indexOf('extended')).toBe(ids.indexOf('partition') + 1)
  })

  test('what lies behind follows it, each from its own beginning, in order', () => {
    const guest = guestWith(
      {
        partitions: [
          partitionAt(1, mib, 6 * gib),
          partitionAt(2, 7 * gib, 8 * gib),
          partitionAt(3, 9 * gib, 9 * gib + 512 * mib),
        ],
      },
      [
        filesystemAt(mib, 6 * gib, 'xfs', { uuid, used: gib }),
        filesystemAt(7 * gib, 8 * gib, 'swap'),
        filesystemAt(9 * gib, 9 * gib + 512 * mib, 'ntfs'),
      ],
    )
    const made = plan({ guest }, { to: 5 * gib })
    const ids = idsOf(made)
    const from = ids.indexOf('partition')
    expect(ids.slice(from, from + 7)).toEqual(
      'partition copy-2 place-2 copy-3 place-3 begin-3 reserve'.split(' '),
    )
    const end = (5 - 2.5) * gib - mib
    expect(inputOf(made, 'partition')).toMatchObject({ partition: 1, end })
    expect(inputOf(made, 'copy-2')).toMatchObject({ start: 7 * gib, to: end, source: { path: image.path } })
    expect(inputOf(made, 'place-3')).toMatchObject({ from: 9 * gib, to: end + 2 * gib })
    expect(warningsOf(made)).toEqual(['warn windows-knows-place', 'info by-files-not-kept'])
    // The smallest disk has room for them too.
    const least = inputOf(plan({ guest }, { to: null }), 'cut') as { readonly size: number }
    expect(least.size).toBe(2 * mib + (leastByFiles(xfs, { used: gib, size: 6 * gib }) ?? 0) + 2.5 * gib)
  })

  test('as small as it goes: the size is known before', () => {
    const made = plan({}, { to: null })
    expect(made.kind === 'plan' && made.summary).toContain('to 3.35 GiB')
    const cut = inputOf(made, 'cut') as { readonly size: number }
    // Boot and table, the files with an eighth more and a log.
    expect(cut.size).toBe(gib + mib + (leastByFiles(xfs, { used: 2 * gib, size: 9 * gib }) ?? 0))
  })

  test('where all partitions end before, no filesystem is touched', () => {
    const guest = guestWith({ partitions: [partitionAt(1, mib, 4 * gib)] }, [
      filesystemAt(mib, 4 * gib, 'xfs'),
    ])
    expect(idsOf(plan({ guest }))).toEqual(['work', 'cut', 'write', 'prove', 'replace', 'clean'])
  })

  test('an XFS in LVM: made and copied in the volume as it is, which becomes smaller after that', () => {
    const made = plan(inLogical(), { to: 3 * gib })
    expect(made).toMatchSnapshot()
    if (made.kind !== 'plan') throw new Error('refused')
    expect(new Set(made.steps.map(({ id }) => id)).size).toBe(made.steps.length)
    const seen = toPlanView(made, () => ({ argv: ['varve'] }))
    expect(
      seen.kind === 'plan' && seen.steps.map(({ layer, title, does }) => `${layer} ${title}: ${does}`),
    ).toMatchSnapshot()
    expect(warningsOf(made)).toEqual(['info by-files-not-kept'])
    const size = 511 * extent
    expect(inputOf(made, 'make')).toMatchObject({ size, before: 4 * gib, partition: null })
    expect(inputOf(made, 'volume')).toMatchObject({ size, physical: 2 * gib - mib, volume: root })
    expect(inputOf(made, 'partition')).toMatchObject({ partition: 2, end: 3 * gib - mib })
  })

  test('a raw image with LVM is mapped itself, read-only, beside the smaller one', () => {
    const made = plan({ ...inLogical(), isPlainRaw: true }, { to: 3 * gib }, raw)
    expect(idsOf(made)).not.toContain('work')
    expect(inputOf(made, 'attach')).toMatchObject({ image: image.path, isReadOnly: true })
    expect(inputOf(made, 'map')).toMatchObject({ isReadOnly: true })
    expect(inputOf(made, 'map-new')).toMatchObject({ isReadOnly: false })
    expect(inputOf(made, 'copy')).toMatchObject({
      from: { device: from('map', 'mapped') },
      to: { device: from('map-new', 'mapped') },
    })
    for (const id of ['volume', 'physical'])
      expect(inputOf(made, id)).toMatchObject({ device: from('reserve-new', 'device') })
  })

  test('of a volume in several runs the largest is not copied; as small as its files go', () => {
    const size = 2 * gib
    const runs = [dataStart, dataStart + 3 * gib].map((at, index) => ({
      size: size + (index === 1 ? extent : -extent),
      chunk: size,
      stripes: [{ partition: 2, at }],
    }))
    const volumes = [
      logical('root', 'xfs', dataStart, { pieces: runs }),
      logical('data', null, dataStart + 5 * gib + extent, { size: gib }),
    ]
    const logicalFacts = { filesystem: filesystemOf('xfs'), group: { ...group, others: 256 } }
    const made = plan({ ...inLogical(), volumes, byFiles: found({ logical: logicalFacts }) }, { to: null })
    expect(inputOf(made, 'lay')).toMatchObject({
      source: {
        reading: { leftOut: { start: 4 * gib + dataStart, end: 6 * gib + dataStart + extent } },
      },
    })
    const least = leastByFiles(xfs, filesystemOf('xfs')) ?? 0
    const extents = Math.ceil(least / extent)
    expect(inputOf(made, 'make')).toMatchObject({ size: extents * extent })
    const disk = gib + dataStart + (extents + 256) * extent + mib
    expect(inputOf(made, 'cut')).toMatchObject({ size: disk })
  })

  test('LVM on the whole disk, and swap behind its partition, which follows it', () => {
    const { guest } = holding('lvm2', { group: 'vg', start: 0, length: 10 * gib })
    const bare = {
      ...guest,
      filesystems: [],
      table: { ...guest.table, kind: 'none', partitions: [] },
    } as const
    const whole = plan({ ...inLogical(), guest: bare }, { to: 3 * gib })
    expect(idsOf(whole)).not.toContain('partition')
    expect(inputOf(whole, 'volume')).toMatchObject({ partition: null, over: null })
    const behind = guestWith(
      {
        partitions: [
          partitionAt(1, mib, gib),
          partitionAt(2, gib, 9 * gib),
          partitionAt(3, 9 * gib, 9.5 * gib),
        ],
      },
      [filesystemAt(9 * gib, 9.5 * gib, 'swap')],
      { volumes: holding('lvm2', { group: 'vg', length: 8 * gib }).guest.volumes },
    )
    const ids = idsOf(plan({ ...inLogical(), guest: behind }, { to: 4 * gib }))
    const at = ids.indexOf('partition')
    expect(ids.slice(at - 1, at + 4)).toEqual(['drop', 'partition', 'copy-3', 'place-3', 'cut'])
  })

  test('the last that is copied, or what is named', () => {
    const { guest, volumes, byFiles } = inLogical()
    const [esp] = guest.filesystems
    const boot = { ...guest, filesystems: [filesystemAt(mib, gib, 'xfs', { uuid, used: 300 * mib })] }
    expect(esp?.type).toBe('fat32')
    const partitionOf = (asked: Asked) =>
      inputOf(plan({ guest: boot, volumes, byFiles }, { to: 3 * gib, ...asked }), 'partition')
    expect(partitionOf({})).toMatchObject({ partition: 2 })
    expect(partitionOf({ volume: root })).toMatchObject({ partition: 2 })
  })

  test('LUKS: what is in it says how it was made when it is open', () => {
    const made = plan(inLuks, { isLuks: true })
    if (made.kind !== 'plan') throw new Error('refused')
    expect(made).toMatchSnapshot()
    expect(new Set(made.steps.map(({ id }) => id)).size).toBe(made.steps.length)
    const seen = toPlanView(made, () => ({ argv: ['varve'] }))
    expect(
      seen.kind === 'plan' && seen.steps.map(({ layer, title, does }) => `${layer} ${title}: ${does}`),
    ).toMatchSnapshot()
    expect(warningsOf(made)).toEqual(['info by-files-not-kept', 'warn locked-not-seen'])
    // The header is copied, and what is behind it is written anew.
    expect(inputOf(made, 'lay')).toMatchObject({
      source: { reading: { leftOut: { start: gib + 16 * mib, end: 10 * gib - mib } } },
    })
    expect(inputOf(made, 'cut')).toMatchObject({ size: 5 * gib })
    for (const id of ['make', 'partition']) expect(stepsUsed(inputOf(made, id))).toContain('measure-files')
    // What ends the run has not written the smaller disk before.
    expect(idsOf(made).indexOf('lay')).toBeGreaterThan(idsOf(made).indexOf('digest-before'))
  })

  test('LVM in LUKS: the volume that is named; the whole disk is copied, as nobody knows where it lies', () => {
    const made = plan(inLuks, { isLuks: true, volume: root, to: null })
    if (made.kind !== 'plan') throw new Error('refused')
    const seen = toPlanView(made, () => ({ argv: ['varve'] }))
    expect(
      seen.kind === 'plan' && seen.steps.map(({ id, layer, title }) => `${id} ${layer} ${title}`),
    ).toMatchSnapshot()
    expect(inputOf(made, 'lay')).toMatchObject({ source: { reading: {} } })
    for (const id of ['make', 'volume', 'physical', 'partition', 'cut'])
      expect(stepsUsed(inputOf(made, id))).toContain('measure-files')
    expect(inputOf(made, 'measure-files')).toMatchObject({ group: from('extents', 'group'), disk: null })
    expect(inputOf(made, 'open')).toMatchObject({ isReadOnly: true })
    expect(inputOf(made, 'open-new')).toMatchObject({ isReadOnly: false })
  })

  test('what is not kept is said; quotas and loaders that know blocks are asked for', () => {
    expect(warningsOf(plan())).toEqual(['info by-files-not-kept'])
    const recipe = { ...ext4, hasQuotas: true, unkept: ['mount options in its superblock'] }
    const loaders = [{ name: 'LILO', at: 'disk' } as const]
    const made = plan({ guest: rootOf('ext4'), byFiles: found({ recipe, loaders }) })
    expect(warningsOf(made)).toEqual([
      'info by-files-not-kept',
      'warn quota-limits-lost',
      'warn bios-start-lost',
    ])
    expect(made.kind === 'plan' && made.warnings.map(({ message }) => message)).toMatchSnapshot()
  })
})

describe('shrink by files is refused', () => {
  const withRecipe = (change: Partial<XfsRecipe>) => ({ byFiles: found({ recipe: { ...xfs, ...change } }) })
  const lvm = holding('lvm2', { group: 'vg' })
  const beside = (other: VolumeThere) => ({
    ...inLogical(),
    volumes: [logical('root', 'xfs', dataStart), other],
  })
  const thin = logical('t', null, 0, { pieces: null, reason: 'is a thin volume' })
  const { ways } = resizeFacts()
  const espBehind = guestWith(
    {
      partitions: [
        partitionAt(1, mib, 8 * gib),
        partitionAt(2, 8 * gib, 9 * gib, { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' }),
      ],
    },
    [filesystemAt(mib, 8 * gib, 'xfs', { uuid, used: gib })],
  )
  const without = (...tools: readonly string[]) => ({
    tools: resizeFacts().tools.filter((tool) => !tools.includes(tool)),
  })

  test('what lies behind the filesystem in its place is asked about', () => {
    for (const made of [
      plan({ guest: rootOf('xfs', { size: 4 * gib }) }),
      plan(inLogical('xfs', { size: 3 * gib }), { to: 3 * gib }),
    ])
      expect(made.kind === 'plan' ? made.warnings : made.problems).toContainEqual(
        expect.objectContaining({ id: 'behind-filesystem-dropped', asks: true }),
      )
  })

  test.each<[string, Partial<ResizeFacts>, Asked, readonly string[]]>([
    ['Btrfs, which becomes smaller where it is', { guest: rootOf('btrfs') }, {}, ['filesystem-not-by-files']],
    ['NTFS', { guest: rootOf('ntfs') }, {}, ['filesystem-not-by-files']],
    ['ReFS', { guest: rootOf('refs') }, {}, ['filesystem-not-by-files']],
    ['nothing that is known', { guest: { ...rootOf('xfs'), filesystems: [] } }, {}, ['no-filesystem']],
    ['LVM without a volume that is copied', lvm, {}, ['volume-not-by-files']],
    ['a volume where there is none', {}, { volume: root }, ['no-volume']],
    ['a key where there is no LUKS', {}, { isLuks: true }, ['no-luks']],
    ['Btrfs in LVM', inLogical('btrfs'), { volume: root }, ['volume-not-by-files']],
    ['swap in LVM', inLogical('swap'), { volume: root }, ['volume-not-by-files']],
    ['a thin volume beside it', beside(thin), {}, ['volume-not-by-files']],
    ['several volumes', beside(logical('home', 'ext4', dataStart + 4 * gib)), {}, ['which-volume']],
    [
      'a group that nobody changes',
      { ...inLogical(), byFiles: found({ logical: 'its volume group is exported', recipe: null }) },
      { to: 3 * gib },
      ['volume-not-by-files'],
    ],
    ['no room for the files in LVM', inLogical('xfs', { used: 3 * gib }), { to: 3 * gib }, ['too-small']],
    [
      'no room beside the other volumes',
      beside(logical('data', null, dataStart + 4 * gib)),
      { to: 4 * gib },
      ['too-small'],
    ],
    [
      'a log in LVM that waits for replay',
      {
        ...inLogical(),
        volumes: [
          logical('root', 'xfs', dataStart, {
            filesystem: { type: 'xfs', label: null, uuid, blockSize: 4096, state: 'dirty' },
          }),
        ],
      },
      {},
      ['filesystem-dirty'],
    ],
    ['damage in LVM', inLogical('xfs', { sure: 'damaged' }), { to: 3 * gib }, ['filesystem-damaged']],
    [
      'LVM without the device mapper',
      { ...inLogical(), ways: { ...ways, mapper: 'missing' } },
      { to: 3 * gib },
      ['no-mapper'],
    ],
    ['LVM without its tool', { ...inLogical(), ...without('lvm') }, { to: 3 * gib }, ['tool-missing']],
    ['LUKS without a key', inLuks, {}, ['volume-locked']],
    [
      'LUKS by an agent',
      { ...inLuks, ways: { ...ways, isOwnHost: false } },
      { isLuks: true },
      ['no-key-over-network'],
    ],
    [
      'LUKS of a fixed size',
      holding('luks2', { payload: { at: mib, isDynamic: false } }),
      { isLuks: true },
      ['volume-not-by-files'],
    ],
    [
      'no room for the copy of LUKS',
      { ...inLuks, freeBytes: gib, dataBytes: gib },
      { isLuks: true },
      ['no-room-for-copy'],
    ],
    ['BitLocker', holding('bitlocker'), {}, ['volume-not-by-files']],
    ['a log that waits for replay', { guest: rootOf('xfs', { state: 'dirty' }) }, {}, ['filesystem-dirty']],
    ['damage', { guest: rootOf('xfs', { sure: 'damaged' }) }, {}, ['filesystem-damaged']],
    [
      'features that nobody makes',
      withRecipe({ unmade: ['a realtime section'] }),
      {},
      ['filesystem-not-made'],
    ],
    ['nobody knows how it was made', { byFiles: found({ recipe: null }) }, {}, ['filesystem-not-made']],
    [
      'features that this mkfs.xfs does not make',
      { byFiles: found({ xfsVersion: [5, 4] }) },
      {},
      ['filesystem-not-made'],
    ],
    ['no room for the files', {}, { to: 2 * gib }, ['too-small']],
    [
      'less than the tool makes',
      { guest: rootOf('xfs', { used: mib }) },
      { to: gib + 200 * mib },
      ['too-small'],
    ],
    [
      'no number of what is in use',
      { guest: rootOf('xfs', { used: null }) },
      { to: null },
      ['by-files-needs-size'],
    ],
    ['files that fill it', { guest: rootOf('xfs', { used: 9 * gib }) }, { to: null }, ['not-smaller']],
    ['a larger size', {}, { to: 20 * gib }, ['not-smaller']],
    ['no room beside the image', { freeBytes: 2 * gib }, {}, ['no-room-for-copy']],
    ['an EFI system partition behind it', { guest: espBehind }, { partition: 1 }, ['partition-not-moved']],
    ['tools that are not installed', without('mkfs.xfs', 'cp'), {}, ['tool-missing', 'tool-missing']],
    ['what lies before it', { guest: rootOf('xfs') }, { partition: 1, to: gib }, ['filesystem-not-by-files']],
    ['no root', { ways: { ...resizeFacts().ways, isRoot: false } }, {}, ['not-root']],
  ])('%s', (_, change, asked, ids) => {
    expect(idsOf(plan(change, asked))).toEqual(ids)
  })

  test('with the way out', () => {
    const said = (made: ReturnType<typeof plan>) =>
      made.kind === 'refusal' ? made.problems.map(({ message, remedy }) => `${message} | ${remedy}`) : []
    expect([
      ...said(plan({ guest: rootOf('btrfs') })),
      ...said(plan(lvm)),
      ...said(plan(inLogical('btrfs'), { volume: root })),
      ...said(plan(beside(thin))),
      ...said(plan({ ...inLogical(), byFiles: found({ logical: 'its volume group is exported' }) })),
      ...said(plan(inLogical('xfs', { used: 3 * gib }), { to: 3 * gib })),
      ...said(plan(inLuks)),
      ...said(plan(withRecipe({ unmade: ['a realtime section'] }))),
      ...said(plan({ byFiles: found({ xfsVersion: [5, 4] }) })),
      ...said(plan({}, { to: 2 * gib })),
      ...said(plan({ freeBytes: 2 * gib })),
      ...said(plan(without('mkfs.xfs'))),
      ...said(plan({ guest: espBehind })),
    ]).toMatchSnapshot()
  })
})

test('room for files and slack, in whole MiB; more files, more room', () => {
  const sizes = [0, 100 * mib, gib, 50 * gib, 5000 * gib].map((content) => {
    const own = { ext: ext4.ownBytes, xfs: xfs.logBytes }
    return ([ext4, xfs] as const).map((recipe) =>
      leastByFiles(recipe, { used: content + own[recipe.kind], size: 10_000 * gib }),
    )
  })
  for (const [at, [ext = null, other = null]] of sizes.entries()) {
    const content = [0, 100 * mib, gib, 50 * gib, 5000 * gib][at] ?? 0
    for (const size of [ext, other]) {
      if (size === null) throw new Error('no size')
      expect(size % mib).toBe(0)
      expect(size).toBeGreaterThanOrEqual(content * 1.125)
      expect(size).toBeLessThan(content * 1.35 + 520 * mib)
    }
  }
  expect(leastByFiles(null, { used: 1, size: 2 })).toBe(null)
  expect(leastByFiles(xfs, { used: null, size: 2 })).toBe(null)
})

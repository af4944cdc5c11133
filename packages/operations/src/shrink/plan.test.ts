import type { GuestContents, VolumeFinding } from '@varve/core/guest/guest-contents'
import { guestProblem } from '@varve/core/guest/guest-problem'
import { noUses, type Uses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import type { LinkFacts } from '../chain-change/facts.ts'
import type { VolumeThere } from '../attach/facts.ts'
import { toPlanView } from '../plans/plan-view.ts'
import { stepsUsed } from '../plans/wired.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { bootAndRoot, filesystemAt, guestWith, partitionAt, resizeFacts } from '../testing/resize-facts.ts'
import { shrinkOperation } from './plan.ts'
import { ShrinkRequest } from './request.ts'

const [mib, gib] = [1024 ** 2, 1024 ** 3]
const facts = resizeFacts()
const { image, ways } = facts

interface Asked {
  readonly to?: number | null
  readonly partition?: number | 'none'
  readonly volume?: { readonly group: string; readonly name: string }
  readonly isLuks?: boolean
  readonly allContents?: boolean
}

function plan(change: Partial<ResizeFacts> = {}, asked: Asked = {}, own: Partial<LinkFacts> = {}) {
  const request = ShrinkRequest.parse({ image: image.path, to: 5 * gib, ...asked })
  return shrinkOperation.plan(request, resizeFacts(change, own))
}

const smallest = { to: null }
const whole = (type: string, more: Parameters<typeof filesystemAt>[3] = {}) => ({
  guest: guestWith({ kind: 'none' }, [filesystemAt(0, 10 * gib, type, more)]),
})
const last = (type: string, more: Parameters<typeof filesystemAt>[3] = {}) => ({
  guest: guestWith({ partitions: [partitionAt(1, mib, 10 * gib - mib)] }, [
    filesystemAt(mib, 10 * gib - mib, type, more),
  ]),
})
const idsOf = (made: ReturnType<typeof plan>) =>
  made.kind === 'plan' ? made.steps.map(({ id }) => id) : made.problems.map(({ id }) => id)
const inputOf = (made: ReturnType<typeof plan>, id: string) =>
  made.kind === 'plan' ? made.steps.find((step) => step.id === id)?.input : made.problems

function volumeIn(
  type: VolumeFinding['type'],
  more: Partial<VolumeFinding> = {},
): { readonly guest: GuestContents } {
  const [start, end] = [mib, 10 * gib - mib]
  return {
    guest: guestWith({ partitions: [partitionAt(1, start, end)] }, [], {
      volumes: [
        {
          start,
          length: end - start,
          type,
          sure: 'consistent',
          label: null,
          uuid: null,
          group: null,
          members: [],
          notes: [],
          ...more,
        },
      ],
    }),
  }
}
const dynamic = { payload: { at: 16 * mib, isDynamic: true } }
const root = { group: 'vg', name: 'root' }

function logical(name: string, type: string | null, more: Partial<VolumeThere> = {}): VolumeThere {
  const size = 4 * gib
  return {
    group: 'vg',
    name,
    size,
    pieces: [{ size, chunk: size, stripes: [{ partition: 1, at: mib }] }],
    reason: null,
    filesystem: type === null ? null : { type, label: null, uuid: 'u', blockSize: 4096, state: 'clean' },
    ...more,
  }
}

const inGroup = (...volumes: readonly VolumeThere[]) => ({ ...volumeIn('lvm2', { group: 'vg' }), volumes })

describe('the plan of shrink', () => {
  test('to a size: the filesystem is asked, then made smaller, then its partition, then the disk', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('as far as it goes: all sizes are what the filesystem says when it runs', () => {
    const made = plan(
      { isPlainRaw: true },
      { ...smallest, allContents: true },
      { format: 'raw', subformat: null },
    )
    expect(made).toMatchSnapshot()
    for (const id of ['filesystem', 'partition', 'cut'])
      expect(stepsUsed(inputOf(made, id))).toContain('minimum')
    expect(inputOf(made, 'minimum')).toMatchObject({ disk: null })
  })

  test('room behind all partitions: no filesystem is touched, no device is made, and no root is needed', () => {
    const guest = guestWith({ partitions: [partitionAt(1, mib, 4 * gib)] }, [
      filesystemAt(mib, 4 * gib, 'xfs'),
    ])
    const made = plan({ guest, ways: { ...ways, isRoot: false } })
    expect(idsOf(made)).toEqual(['work', 'cut', 'write', 'prove', 'replace', 'clean'])
    expect(inputOf(made, 'cut')).toMatchObject({ size: 5 * gib })
    const least = plan({ guest }, { ...smallest, partition: 'none' })
    // Room for the second copy of the GPT, in whole MiB.
    expect(inputOf(least, 'cut')).toMatchObject({ size: 4 * gib + mib })
  })

  test('a filesystem on the whole disk has no partition', () => {
    const made = plan(whole('ext4'))
    expect(idsOf(made)).not.toContain('partition')
    expect(inputOf(made, 'minimum')).toMatchObject({
      partition: null,
      place: { start: 0, length: 10 * gib, behind: 0 },
      disk: 5 * gib,
    })
  })

  test('a logical partition becomes smaller, and the one around it then', () => {
    const guest = guestWith(
      {
        kind: 'mbr',
        partitions: [
          partitionAt(1, mib, gib),
          partitionAt(2, gib, 10 * gib, { role: 'extended' }),
          partitionAt(5, gib + mib, 10 * gib, { role: 'logical' }),
        ],
      },
      [filesystemAt(gib + mib, 10 * gib, 'ext4')],
    )
    const ids = idsOf(plan({ guest }))
    expect(ids.indexOf('extended')).toBe(ids.indexOf('partition') + 1)
    expect(ids.indexOf('cut')).toBe(ids.indexOf('extended') + 1)
  })

  test('swap is made anew in what is left of its partition', () => {
    const uuid = '5fa21a55-f394-4a4d-9958-1951a67d5540'
    const made = plan(last('swap', { uuid, label: 'sw' }))
    expect(idsOf(made)).not.toContain('minimum')
    expect(inputOf(made, 'partition')).toMatchObject({ start: mib, end: 5 * gib - mib })
    expect(inputOf(made, 'filesystem')).toMatchObject({ swap: { uuid, label: 'sw', pageSize: 4096 } })
  })

  test('LVM: the filesystem, its volume, the physical volume, the partition; what is behind is moved before', () => {
    const made = plan(inGroup(logical('root', 'ext4'), logical('sw', 'swap', { size: gib })))
    expect(made).toMatchSnapshot()
    if (made.kind !== 'plan') throw new Error('refused')
    expect(new Set(made.steps.map(({ id }) => id)).size).toBe(made.steps.length)
    const seen = toPlanView(made, () => ({ argv: ['varve'] }))
    expect(
      seen.kind === 'plan' && seen.steps.map(({ layer, title }) => `${layer} ${title}`),
    ).toMatchSnapshot()
  })

  test('LVM, as far as it goes: all sizes are known when the filesystem has been asked', () => {
    const made = plan(inGroup(logical('root', 'btrfs')), smallest)
    for (const id of ['filesystem', 'volume', 'physical', 'partition', 'cut'])
      expect(stepsUsed(inputOf(made, id))).toContain('minimum')
    expect(inputOf(made, 'minimum')).toMatchObject({
      group: { $from: 'extents', field: 'group' },
      disk: null,
      blockSize: 4096,
    })
  })

  test('LVM on the whole disk, and the volume that is named', () => {
    const { guest } = volumeIn('lvm2', { group: 'vg', start: 0, length: 10 * gib })
    const volumes = [logical('root', 'ext4'), logical('home', 'ext4')]
    const made = plan(
      { guest: { ...guest, table: { ...guest.table, kind: 'none', partitions: [] } }, volumes },
      { volume: root },
    )
    expect(idsOf(made)).not.toContain('partition')
    expect(inputOf(made, 'volume')).toMatchObject({ partition: null, over: null, volume: root })
    expect(inputOf(made, 'minimum')).toMatchObject({ place: { start: 0, length: 10 * gib, behind: 0 } })
  })

  test('swap in LVM is made anew in what is left of its volume, and nothing is read of it', () => {
    const made = plan(inGroup(logical('sw', 'swap')), { volume: { group: 'vg', name: 'sw' } })
    const ids = 'work reserve attach partitions extents map minimum filesystem unmap volume physical'
    const after = 'detach forget partition cut write prove replace clean'
    expect(idsOf(made)).toEqual(`${ids} ${after}`.split(' '))
    expect(inputOf(made, 'filesystem')).toMatchObject({ swap: { uuid: 'u', label: null, pageSize: 4096 } })
  })

  test('LUKS: opened before and after with what standard input gives, and ended by its partition', () => {
    const made = plan(volumeIn('luks2', dynamic), { isLuks: true })
    const before =
      'work reserve attach partitions open look check-before digest-before minimum filesystem close'
    const cut = 'detach forget partition cut'
    const again = 'reserve attach partitions open check-after digest-after close detach forget'
    const marked = again.split(' ').map((id) => (id.endsWith('-after') ? id : `${id}-again`))
    expect(idsOf(made)).toEqual([
      ...`${before} ${cut}`.split(' '),
      ...marked,
      'write',
      'prove',
      'replace',
      'clean',
    ])
    expect(inputOf(made, 'minimum')).toMatchObject({ place: { header: 16 * mib }, group: null })
    expect(inputOf(made, 'open-again')).toMatchObject({ isReadOnly: true })
  })

  test('LVM in LUKS: the volume that is named', () => {
    const made = plan(volumeIn('luks1', dynamic), { isLuks: true, volume: root })
    if (made.kind !== 'plan') throw new Error('refused')
    const seen = toPlanView(made, () => ({ argv: ['varve'] }))
    expect(
      seen.kind === 'plan' && seen.steps.map(({ layer, title }) => `${layer} ${title}`),
    ).toMatchSnapshot()
  })

  test('an overlay stays one', () => {
    const chain = [facts.chain[0], { ...facts.chain[0], path: '/lib/base.qcow2' }] as readonly LinkFacts[]
    expect(inputOf(plan({ chain }), 'write')).toMatchObject({
      image: { backing: { path: '/lib/base.qcow2', format: 'qcow2' } },
    })
  })
})

const usedBy: Uses = {
  files: [{ path: image.path, uses: [{ by: 'process', pid: 12, command: 'qemu', how: 'writes' }] }],
  unseen: [],
}
const swapBehind = guestWith(
  { partitions: [partitionAt(1, mib, 9 * gib), partitionAt(2, 9 * gib, 10 * gib - mib)] },
  [filesystemAt(mib, 9 * gib, 'ext4'), filesystemAt(9 * gib, 10 * gib - mib, 'swap')],
)
const extendedAcross = guestWith(
  {
    kind: 'mbr',
    partitions: [
      partitionAt(1, mib, 4 * gib),
      partitionAt(2, 4 * gib, 10 * gib, { role: 'extended' }),
      partitionAt(5, 4 * gib + mib, 5 * gib - mib, { role: 'logical' }),
    ],
  },
  [filesystemAt(mib, 4 * gib, 'ext4'), filesystemAt(4 * gib + mib, 5 * gib - mib, 'ext4')],
)

const twoPhysical = {
  guest: {
    ...volumeIn('lvm2').guest,
    volumes: [0, 1].flatMap((at) =>
      volumeIn('lvm2', { group: 'vg' }).guest.volumes.map((one) => ({ ...one, start: one.start + at * gib })),
    ),
  },
}
const with4K = { ...bootAndRoot, table: { ...bootAndRoot.table, sectorSize: 4096 } }
const remedyOf = (made: ReturnType<typeof plan>) => (made.kind === 'refusal' ? made.problems[0]?.remedy : '')

test('a GPT of 4K sectors: its device has them too, and Varve writes the table itself', () => {
  const made = plan({ guest: with4K, tools: facts.tools.filter((tool) => tool !== 'sfdisk') })
  for (const id of ['partition', 'attach', 'attach-again'])
    expect(inputOf(made, id)).toMatchObject({ sectorSize: 4096 })
})

describe('shrink is refused', () => {
  test.each<[string, Partial<ResizeFacts>, Asked, string]>([
    ['another system', { ways: { ...ways, system: 'darwin' } }, {}, 'no-block-devices'],
    ['no root', { ways: { ...ways, isRoot: false } }, {}, 'not-root'],
    ['a larger size', {}, { to: 20 * gib }, 'not-smaller'],
    ['the same size', {}, { to: 10 * gib }, 'not-smaller'],
    ['no whole sectors', {}, { to: 5 * gib + 1 }, 'size-unsupported'],
    ['an image in use', { image: { ...image, uses: usedBy } }, {}, 'in-use'],
    [
      'an image with children',
      { image: { ...image, uses: noUses, dependents: ['/lib/b'] } },
      {},
      'has-dependents',
    ],
    ['a part of an image', { image: { ...image, partOf: '/lib/b.vmdk' } }, {}, 'part-of-image'],
    ['an attached image', { already: '/dev/nbd3' }, {}, 'already-attached'],
    ['no room', { freeBytes: gib, dataBytes: 2 * gib }, {}, 'no-space'],
    ['a missing tool', { tools: facts.tools.filter((tool) => tool !== 'resize2fs') }, {}, 'tool-missing'],
    ['no such partition', {}, { partition: 7 }, 'no-partition'],
    ['XFS', last('xfs'), {}, 'filesystem-not-shrunk'],
    ['XFS, as far as it goes', last('xfs'), smallest, 'filesystem-not-shrunk'],
    ['ReFS', last('refs'), {}, 'filesystem-not-shrunk'],
    ['FAT', last('fat32'), {}, 'filesystem-not-shrunk'],
    ['dirty NTFS', last('ntfs', { state: 'dirty' }), {}, 'filesystem-dirty'],
    ['hibernated NTFS', last('ntfs', { isHibernated: true }), {}, 'filesystem-hibernated'],
    ['damaged ext4', last('ext4', { sure: 'damaged' }), {}, 'filesystem-damaged'],
    ['ext4 with bigalloc', last('ext4', { fixedBy: 'bigalloc' }), {}, 'filesystem-not-resized'],
    ['a Btrfs of two devices', last('btrfs', { devices: 2 }), {}, 'volume-spans-disks'],
    ['LVM without a volume', volumeIn('lvm2'), {}, 'volume-not-shrunk'],
    ['LVM with XFS alone', inGroup(logical('root', 'xfs')), {}, 'volume-not-shrunk'],
    ['XFS in LVM', inGroup(logical('root', 'xfs')), { volume: root }, 'volume-not-shrunk'],
    ['several volumes', inGroup(logical('root', 'ext4'), logical('home', 'ext4')), {}, 'which-volume'],
    ['another volume', inGroup(logical('home', 'ext4')), { volume: root }, 'no-volume'],
    [
      'a thin volume beside it',
      inGroup(logical('root', 'ext4'), logical('t', null, { pieces: null, reason: 'is a thin volume' })),
      {},
      'volume-not-shrunk',
    ],
    [
      'stripes beside it',
      inGroup(
        logical('root', 'ext4'),
        logical('s', null, {
          pieces: [{ size: gib, chunk: mib, stripes: [0, gib].map((at) => ({ partition: 1, at })) }],
        }),
      ),
      {},
      'volume-not-shrunk',
    ],
    ['a group over several', { ...twoPhysical, volumes: [logical('root', 'ext4')] }, {}, 'volume-spans'],
    [
      'a dirty filesystem in LVM',
      inGroup(
        logical('root', 'ext4', {
          filesystem: { type: 'ext4', label: null, uuid: null, blockSize: 4096, state: 'dirty' },
        }),
      ),
      {},
      'filesystem-dirty',
    ],
    [
      'a Btrfs in LVM that the host has too',
      { ...inGroup(logical('root', 'btrfs')), hostBtrfs: ['u'] },
      {},
      'same-uuid',
    ],
    [
      'swap in LVM without a size',
      inGroup(logical('root', 'swap')),
      { ...smallest, volume: root },
      'swap-needs-size',
    ],
    [
      'other volumes that have more',
      inGroup(logical('root', 'ext4'), logical('data', null, { size: 6 * gib })),
      {},
      'too-small',
    ],
    [
      'LVM without the device mapper',
      { ...inGroup(logical('root', 'ext4')), ways: { ...ways, mapper: 'missing' } },
      {},
      'no-mapper',
    ],
    [
      'LVM without its tool',
      { ...inGroup(logical('root', 'ext4')), tools: facts.tools.filter((tool) => tool !== 'lvm') },
      {},
      'tool-missing',
    ],
    ['LUKS without a key', volumeIn('luks2', dynamic), {}, 'volume-locked'],
    ['LUKS of unknown parts', volumeIn('luks2'), { isLuks: true }, 'volume-not-shrunk'],
    [
      'LUKS of a fixed size',
      volumeIn('luks2', { payload: { at: mib, isDynamic: false } }),
      { isLuks: true },
      'volume-not-shrunk',
    ],
    ['a key without LUKS', {}, { isLuks: true }, 'no-luks'],
    ['a volume without LVM', {}, { volume: root }, 'no-volume'],
    ['BitLocker', volumeIn('bitlocker'), {}, 'volume-not-shrunk'],
    ['Linux RAID', volumeIn('mdraid'), {}, 'volume-not-shrunk'],
    [
      'an empty partition',
      { guest: guestWith({ partitions: [partitionAt(1, mib, 9 * gib)] }, []) },
      {},
      'no-filesystem',
    ],
    ['an empty disk', { guest: guestWith({ kind: 'none' }, []) }, {}, 'no-partition'],
    ['swap without a size', last('swap'), smallest, 'swap-needs-size'],
    ['another partition behind', { guest: swapBehind }, { partition: 1 }, 'partition-beyond-cut'],
    [
      'another partition behind, as far as it goes',
      { guest: swapBehind },
      { ...smallest, partition: 1 },
      'partition-beyond-cut',
    ],
    [
      'an extended partition across the cut',
      { guest: extendedAcross },
      { partition: 1 },
      'extended-across-cut',
    ],
    ['more used than would be left', last('ntfs', { used: 6 * gib }), {}, 'too-small'],
    ['a cut before the partition', {}, { to: 512 * mib }, 'too-small'],
    ['partitions behind a cut', {}, { partition: 'none' }, 'lies-beyond-cut'],
    ['nothing free behind them', {}, { ...smallest, partition: 'none' }, 'not-smaller'],
    [
      'a damaged table',
      { guest: { ...bootAndRoot, problems: [guestProblem('gpt-primary-damaged', 'a', { reason: 'x' })] } },
      {},
      'gpt-primary-damaged',
    ],
    [
      'an MBR of 4K sectors',
      { guest: { ...bootAndRoot, table: { ...bootAndRoot.table, kind: 'mbr', sectorSize: 4096 } } },
      {},
      'sectors-not-resized',
    ],
    ['no whole 4K sectors', { guest: with4K }, { to: 5 * gib + 512 }, 'size-unsupported'],
    [
      'a hybrid table',
      { guest: { ...bootAndRoot, table: { ...bootAndRoot.table, kind: 'hybrid' } } },
      {},
      'table-not-resized',
    ],
  ])('%s', (_name, change, asked, id) => {
    const made = plan(change, asked)
    expect(made.kind).toBe('refusal')
    expect(idsOf(made)).toContain(id)
  })

  test('with the way out', () => {
    expect(remedyOf(plan(last('xfs')))).toContain('--by-files')
    expect(remedyOf(plan(inGroup(logical('root', 'xfs'))))).toContain('--by-files')
    const thin = logical('t', null, { pieces: null, reason: 'is a thin volume' })
    expect(remedyOf(plan(inGroup(logical('root', 'xfs'), thin)))).not.toContain('--by-files')
    expect(remedyOf(plan({ ...twoPhysical, volumes: [logical('root', 'xfs')] }))).not.toContain('--by-files')
    expect(remedyOf(plan(volumeIn('lvm2')))).toContain('pvmove')
    expect(remedyOf(plan({ guest: swapBehind }, { partition: 1 }))).toContain('--to 10240M')
    expect(remedyOf(plan({}, { partition: 'none' }))).toContain(`--to ${10 * gib}`)
    expect(remedyOf(plan(last('ntfs', { used: 6 * gib })))).toContain('--min')
  })

  test('an overlay in a format whose overlays are as large as their parents', () => {
    const chain = [
      { ...facts.chain[0], format: 'vhd' },
      { ...facts.chain[0], path: '/lib/b', format: 'vhd' },
    ]
    for (const asked of [{}, smallest])
      expect(idsOf(plan({ chain: chain as unknown as readonly LinkFacts[] }, asked))).toContain(
        'overlay-size-differs',
      )
  })

  test('internal snapshots are asked for: they stay behind in quarantine', () => {
    expect(plan({}, {}, { snapshots: ['before'] })).toMatchObject({
      kind: 'plan',
      warnings: [expect.objectContaining({ id: 'snapshots-dropped', asks: true })] as unknown,
    })
  })
})

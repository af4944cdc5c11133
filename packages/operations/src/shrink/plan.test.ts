import type { GuestContents, VolumeFinding } from '@varve/core/guest/guest-contents'
import { guestProblem } from '@varve/core/guest/guest-problem'
import { noUses, type Uses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import type { LinkFacts } from '../chain-change/facts.ts'
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

function volumeIn(type: VolumeFinding['type']): { readonly guest: GuestContents } {
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
        },
      ],
    }),
  }
}
const remedyOf = (made: ReturnType<typeof plan>) => (made.kind === 'refusal' ? made.problems[0]?.remedy : '')

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
    ['a Btrfs of two devices', last('btrfs', { devices: 2 }), {}, 'volume-spans-disks'],
    ['LVM', volumeIn('lvm2'), {}, 'volume-not-shrunk'],
    ['LUKS', volumeIn('luks2'), {}, 'volume-not-shrunk'],
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
    expect(remedyOf(plan(last('xfs')))).toContain('xfsrestore')
    expect(remedyOf(plan(volumeIn('lvm2')))).toContain('pvmove')
    expect(remedyOf(plan({ guest: swapBehind }, { partition: 1 }))).toContain(`--to ${10 * gib}`)
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

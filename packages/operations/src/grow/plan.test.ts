import { noUses, type Uses } from '@varve/core/problems/use'
import { guestProblem } from '@varve/core/guest/guest-problem'
import { describe, expect, test } from 'vitest'
import type { VolumeThere } from '../attach/facts.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { toPlanView } from '../plans/plan-view.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { bootAndRoot, filesystemAt, guestWith, partitionAt, resizeFacts } from '../testing/resize-facts.ts'
import { growOperation } from './plan.ts'
import { GrowRequest } from './request.ts'

const [mib, gib, tib] = [1024 ** 2, 1024 ** 3, 1024 ** 4]
const facts = resizeFacts()
const { image, ways } = facts

const root = { group: 'vg', name: 'root' }

function volumeOf(name: string, type: string, more: Partial<VolumeThere> = {}): VolumeThere {
  return {
    group: 'vg',
    name,
    size: gib,
    pieces: [{ size: gib, chunk: gib, stripes: [{ partition: 2, at: mib }] }],
    reason: null,
    filesystem: { type, label: null, uuid: null, blockSize: null, state: 'clean' },
    ...more,
  }
}
const [rootVolume, swapVolume] = [volumeOf('root', 'xfs'), volumeOf('swap', 'swap')]

/** Boot in partition 1, and a volume in partition 2. */
function withVolume(type: 'lvm2' | 'luks2' | 'bitlocker') {
  const volume = {
    start: gib,
    length: 9 * gib - mib,
    type,
    sure: 'consistent',
    label: null,
    uuid: null,
    group: type === 'lvm2' ? 'vg' : null,
    members: [],
    notes: [],
  } as const
  return guestWith(bootAndRoot.table, [filesystemAt(mib, gib, 'fat32')], { volumes: [volume] })
}

interface Asked {
  readonly volume?: typeof root
  readonly isLuks?: boolean
  readonly size?: number
  readonly isAdded?: boolean
  readonly partition?: number | 'none'
  readonly isMoving?: boolean
  readonly toGpt?: boolean
  readonly allContents?: boolean
}

function plan(change: Partial<ResizeFacts> = {}, asked: Asked = {}, own: Partial<LinkFacts> = {}) {
  const request = GrowRequest.parse({ image: image.path, size: 40 * gib, ...asked })
  return growOperation.plan(request, resizeFacts(change, own))
}

const whole = (type: string, more: Parameters<typeof filesystemAt>[3] = {}) => ({
  guest: guestWith({ kind: 'none' }, [filesystemAt(0, 10 * gib, type, more)]),
})
const last = (type: string, more: Parameters<typeof filesystemAt>[3] = {}) => ({
  guest: guestWith({ partitions: [partitionAt(1, mib, 10 * gib - mib)] }, [
    filesystemAt(mib, 10 * gib - mib, type, more),
  ]),
})
const idsOf = (made: ReturnType<typeof plan>) =>
  made.kind === 'plan' ? made.steps.map(({ id }) => id) : made.problems
const endOf = (made: ReturnType<typeof plan>, id = 'partition') =>
  made.kind === 'plan' ? made.steps.find((step) => step.id === id)?.input : made.problems

describe('the plan of grow', () => {
  test('the last partition with its filesystem, checked and digested before and after', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('a raw image: the work image takes its place itself', () => {
    expect(plan({ isPlainRaw: true }, {}, { format: 'raw', subformat: null })).toMatchSnapshot()
  })

  test('the container only: nothing is attached, and no root is needed', () => {
    const made = plan({ ways: { ...ways, isRoot: false } }, { partition: 'none' })
    expect(idsOf(made)).toEqual(['work', 'extend', 'table', 'write', 'prove', 'replace', 'clean'])
  })

  test.each<[string, Partial<ResizeFacts>, readonly string[]]>([
    [
      'a filesystem on the whole disk',
      whole('xfs'),
      ['attach', 'check-before', 'filesystem', 'digest-after'],
    ],
    ['swap', last('swap', { uuid: '5fa21a55-f394-4a4d-9958-1951a67d5540' }), ['partition', 'filesystem']],
    ['a blank disk', { guest: guestWith({ kind: 'none' }, []) }, ['work', 'extend', 'write']],
    ['FAT: the partition only', last('fat32'), ['table', 'partition', 'write']],
  ])('%s', (_name, change, ids) => {
    const partition = _name === 'swap' ? { partition: 1 } : {}
    expect(idsOf(plan(change, partition))).toEqual(expect.arrayContaining([...ids]))
  })

  test('FAT stays as it is, which is said', () => {
    expect(plan(last('fat32'))).toMatchObject({ warnings: [{ id: 'filesystem-stays' }] })
  })

  test('sizes: +30G is what 40G is; the end is a whole MiB before the second copy of the GPT', () => {
    const added = plan({}, { size: 30 * gib, isAdded: true })
    expect(added).toEqual(plan())
    expect(endOf(added)).toMatchObject({ partition: 2, start: gib, end: 40 * gib - mib })
  })

  test('a partition grows up to the next one only, and a logical one with the one around it', () => {
    const partitions = [partitionAt(1, mib, gib), partitionAt(2, 5 * gib, 10 * gib)]
    const guest = guestWith({ kind: 'mbr', partitions }, [
      filesystemAt(mib, gib, 'ext4'),
      filesystemAt(5 * gib, 10 * gib, 'ext4'),
    ])
    expect(endOf(plan({ guest }, { partition: 1 }))).toMatchObject({ end: 5 * gib })
    const logical = guestWith(
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
    const made = plan({ guest: logical })
    expect(endOf(made, 'extended')).toMatchObject({ partition: 2, start: gib, end: 40 * gib })
    expect(endOf(made)).toMatchObject({ partition: 5, end: 40 * gib })
  })

  test('a logical partition ends before the boot record of the next one, wherever that stands', () => {
    const next = [
      partitionAt(1, gib, 40 * gib, { type: '0x05', role: 'extended' }),
      partitionAt(5, gib + mib, 2 * gib, { type: '0x83', role: 'logical' }),
      partitionAt(6, 8 * gib, 9 * gib, { type: '0x83', role: 'logical' }),
    ]
    const guest = guestWith({ kind: 'mbr', partitions: next, records: [gib, 5 * gib + 512] }, [
      filesystemAt(gib + mib, 2 * gib, 'ext4'),
    ])
    expect(endOf(plan({ guest }, { partition: 5 }))).toMatchObject({ end: 5 * gib })
    expect(endOf(plan({ guest }, { partition: 5, toGpt: true }))).toMatchObject({ end: 8 * gib })
  })

  test('the second copy of a GPT that was left behind when the disk grew before is taken along', () => {
    const problem = guestProblem('gpt-backup-not-at-end', '/lib/a', { at: 5 * gib, diskSize: 10 * gib })
    const guest = { ...bootAndRoot, table: { ...bootAndRoot.table, sure: 'damaged' as const } }
    expect(idsOf(plan({ guest: { ...guest, problems: [problem] } }))).toContain('table')
    expect(plan({ guest })).toMatchObject({ problems: [{ id: 'table-damaged' }] })
  })

  test('no room is said of what is missing', () => {
    const why = (partition: number, size: number) =>
      plan({ guest: swapBehind }, { partition, size, isMoving: partition === 1 })
    expect(why(1, 10 * gib)).toMatchObject({
      problems: [{ message: expect.stringContaining('moving what lies behind partition 1 leaves less') }],
    })
    expect(why(2, 10 * gib)).toMatchObject({
      problems: [{ message: expect.stringContaining('behind partition 2 there is less than 1 MiB') }],
    })
  })

  test('swap behind it is moved to the end first, from the image itself', () => {
    expect(plan({ guest: swapBehind }, { isMoving: true, partition: 1 })).toMatchSnapshot()
  })

  test('several behind it keep their order and their distances; NTFS and FAT are told where they begin', () => {
    const guest = guestWith(
      {
        partitions: [
          partitionAt(1, mib, 5 * gib),
          partitionAt(3, 5 * gib, 6 * gib),
          partitionAt(2, 6 * gib, 10 * gib - mib),
        ],
      },
      [
        filesystemAt(mib, 5 * gib, 'ntfs'),
        filesystemAt(5 * gib, 6 * gib, 'ntfs'),
        filesystemAt(6 * gib, 10 * gib - mib, 'fat32'),
      ],
    )
    const made = plan({ guest }, { isMoving: true, partition: 1 })
    expect(made).toMatchObject({
      summary: expect.stringContaining('moving partitions 3, 2 to the end') as string,
      warnings: [{ id: 'windows-knows-place', severity: 'warn' }, { id: 'checked-by-windows' }],
    })
    const ids = 'copy-2 copy-3 place-2 begin-2 place-3 begin-3 partition'.split(' ')
    expect(idsOf(made)).toEqual(expect.arrayContaining(ids))
    expect(endOf(made, 'copy-2')).toMatchObject({ start: 6 * gib, to: 36 * gib })
    expect(endOf(made, 'place-3')).toMatchObject({ to: 35 * gib, length: gib })
    expect(endOf(made, 'begin-3')).toMatchObject({ from: 5 * gib, to: 35 * gib })
    expect(endOf(made)).toMatchObject({ partition: 1, end: 35 * gib })
  })

  test('--move where nothing lies behind it changes nothing', () => {
    expect(plan({}, { isMoving: true, partition: 2 })).toEqual(plan())
  })

  test('--move without a partition asks, as each could have the room', () => {
    expect(plan({}, { isMoving: true })).toMatchObject({ problems: [{ id: 'which-partition' }] })
  })

  describe('an MBR that becomes a GPT', () => {
    const partitions = [
      partitionAt(1, mib, gib, { type: '0x83', bootable: true }),
      partitionAt(2, gib, 10 * gib - mib, { type: '0x05', role: 'extended' }),
      partitionAt(6, 5 * gib, 10 * gib - mib, { type: '0x07', role: 'logical' }),
      partitionAt(5, gib + mib, 4 * gib, { type: '0x82', role: 'logical' }),
    ]
    const mbr = (more: readonly ReturnType<typeof partitionAt>[] = partitions) => ({
      guest: guestWith({ kind: 'mbr', partitions: more }, [filesystemAt(5 * gib, 10 * gib - mib, 'ntfs')]),
    })

    test('keeps numbers and places, and the last partition may end behind 2 TiB', () => {
      const made = plan(mbr(), { toGpt: true, size: 3 * tib, partition: 6 })
      expect(made).toMatchObject({
        summary: expect.stringContaining('with a GPT in place of its MBR, with partition 6') as string,
        warnings: expect.arrayContaining([
          expect.objectContaining({ id: 'bios-start-lost', severity: 'warn' }),
        ]) as [],
      })
      expect(endOf(made, 'table')).toMatchObject({
        partitions: [
          { index: 1, start: mib, type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', isActive: true },
          { index: 5, start: gib + mib, isActive: false },
          { index: 6, start: 5 * gib, type: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7' },
        ],
      })
      expect(endOf(made)).toMatchObject({ partition: 6, end: 3 * tib - mib })
      expect(idsOf(made)).not.toContain('extended')
    })

    test('on a disk that keeps its size, where there is room for the second copy', () => {
      const made = plan(mbr(), { toGpt: true, size: 10 * gib, partition: 'none' })
      expect(idsOf(made)).toEqual(['work', 'table', 'write', 'prove', 'replace', 'clean'])
    })

    test.each<[string, Partial<ResizeFacts>, string]>([
      ['a GPT', {}, 'no-mbr'],
      ['an unknown type', mbr([partitionAt(1, mib, gib, { type: '0xA5' })]), 'type-not-in-gpt'],
      ['a partition at sector 32', mbr([partitionAt(1, 16_384, gib, { type: '0x83' })]), 'no-room-for-gpt'],
      ['no room at the end', mbr([partitionAt(1, mib, 10 * gib, { type: '0x83' })]), 'no-room-for-gpt'],
    ])('is refused: %s', (_name, change, id) => {
      const made = plan(change, { toGpt: true, size: 10 * gib, partition: 'none' })
      expect(made).toMatchObject({ kind: 'refusal' })
      expect(made.kind === 'refusal' && made.problems.map((one) => one.id)).toContain(id)
    })
  })

  test('LVM: the volume gets the room of its group, and is mapped under a name of its own', () => {
    const made = plan({ guest: withVolume('lvm2'), volumes: [swapVolume, rootVolume] })
    expect(made).toMatchSnapshot()
    expect(idsOf(plan({ guest: withVolume('lvm2'), volumes: [rootVolume] }, { volume: root }))).toContain(
      'map',
    )
  })

  test('LUKS: opened with what standard input gives, and looked into then', () => {
    const change = { guest: withVolume('luks2') }
    const before = 'work extend table partition reserve attach partitions open look'
    const proven = 'check-before digest-before filesystem check-after digest-after close'
    const after = 'detach forget write prove replace clean'
    expect(idsOf(plan(change, { isLuks: true }))).toEqual([before, proven, after].join(' ').split(' '))
    expect(idsOf(plan(change, { isLuks: true, volume: root }))).toEqual(
      expect.arrayContaining(['open', 'look', 'volume', 'map', 'filesystem', 'unmap', 'close']),
    )
    const made = plan(change, { isLuks: true })
    if (made.kind !== 'plan') throw new Error('refused')
    const seen = toPlanView(made, () => ({ argv: ['varve'] }))
    expect(seen).toMatchObject({
      steps: expect.arrayContaining([expect.objectContaining({ title: 'Resize the filesystem' })]) as [],
    })
  })

  test('LUKS on another host: nothing that opens it is sent there', () => {
    const change = { guest: withVolume('luks2'), ways: { ...ways, isOwnHost: false } }
    const made = plan(change, { isLuks: true })
    expect(made).toMatchObject({ kind: 'refusal', problems: [{ id: 'no-key-over-network' }] })
    expect(plan(change, { isLuks: true, partition: 'none' })).toMatchObject({ kind: 'plan' })
  })

  test('what has no name yet is said as what it is, and a hidden file as what it is a copy of', () => {
    const staging = '0123456789ab'
    const made = plan({ work: { path: `/lib/.a b.qcow2.${staging}.part`, staging } })
    const view = toPlanView(made, () => ({ argv: ['varve'] }))
    if (view.kind === 'refusal') throw new Error('refused')
    const told = view.steps.map(({ does, undo }) => `${does} ${undo ?? ''}`).join('\n')
    expect(told).toContain('Puts the hidden copy of a b.qcow2 behind the device, for writing.')
    expect(told).toContain('as large as its device')
    expect(told).toMatch(/on partition \d of the device/u)
    expect(told).not.toMatch(/DEVICE|0123456789ab/u)
  })

  test('an overlay stays one', () => {
    const chain = [facts.chain[0], { ...facts.chain[0], path: '/lib/base.qcow2' }] as readonly LinkFacts[]
    const made = plan({ chain })
    const write = made.kind === 'plan' ? made.steps.find(({ id }) => id === 'write') : undefined
    expect(write?.input).toMatchObject({ image: { backing: { path: '/lib/base.qcow2', format: 'qcow2' } } })
  })
})

const usedBy: Uses = {
  files: [{ path: image.path, uses: [{ by: 'process', pid: 12, command: 'qemu', how: 'writes' }] }],
  unseen: [],
}
const twoRoomy = guestWith({ partitions: [partitionAt(1, mib, gib), partitionAt(2, 5 * gib, 9 * gib)] }, [
  filesystemAt(mib, gib, 'ext4'),
  filesystemAt(5 * gib, 9 * gib, 'ext4'),
])
const swapBehind = guestWith(
  { partitions: [partitionAt(1, mib, 9 * gib), partitionAt(2, 9 * gib, 10 * gib - mib)] },
  [filesystemAt(mib, 9 * gib, 'ext4'), filesystemAt(9 * gib, 10 * gib - mib, 'swap')],
)
const moving = (size = 40 * gib): Asked => ({ isMoving: true, partition: 1, size })
/** A root, and right behind it a partition that is not to be moved. */
const behindRoot = (kind: 'gpt' | 'mbr', more: Parameters<typeof partitionAt>[3]) => ({
  guest: guestWith(
    { kind, partitions: [partitionAt(1, mib, 9 * gib), partitionAt(2, 9 * gib, 10 * gib - mib, more)] },
    [filesystemAt(mib, 9 * gib, 'ext4')],
  ),
})
const slice = behindRoot('mbr', { type: '0xA5' }).guest
const labelBehind = {
  guest: { ...slice, table: { ...slice.table, inner: [{ kind: 'bsd' as const, within: 2, id: null }] } },
}
const withFinding = (problem: ReturnType<typeof guestProblem>) => ({
  guest: { ...bootAndRoot, problems: [problem] },
})

const with4K = guestWith({ ...bootAndRoot.table, sectorSize: 4096 }, bootAndRoot.filesystems)

test('a GPT of 4K sectors: its device has them too, and Varve writes the table itself', () => {
  const made = plan({ guest: with4K, tools: facts.tools.filter((tool) => tool !== 'sfdisk') })
  if (made.kind !== 'plan') throw new Error('refused')
  const inputs = new Map(made.steps.map(({ id, input }) => [id, input]))
  for (const id of ['table', 'partition', 'attach'])
    expect(inputs.get(id)).toMatchObject({ sectorSize: 4096 })
})

describe('grow is refused', () => {
  test.each<[string, Partial<ResizeFacts>, Asked, string]>([
    ['another system', { ways: { ...ways, system: 'darwin' } }, {}, 'no-block-devices'],
    ['no root', { ways: { ...ways, isRoot: false } }, {}, 'not-root'],
    ['no loop', { ways: { ...ways, loop: 'missing' } }, {}, 'no-way'],
    ['no larger size', {}, { size: gib }, 'not-larger'],
    ['the same size', {}, { size: 10 * gib, partition: 'none' }, 'not-larger'],
    ['no whole sectors', {}, { size: 40 * gib + 1 }, 'size-unsupported'],
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
    ['no such partition', {}, { partition: 3 }, 'no-partition'],
    ['several with room', { guest: twoRoomy }, {}, 'which-partition'],
    ['only swap has room', { guest: swapBehind }, {}, 'which-partition'],
    ['no room behind it', { guest: swapBehind }, { partition: 1 }, 'no-room-behind'],
    ['--move, on a disk that stays as it is', { guest: swapBehind }, moving(10 * gib), 'no-room-behind'],
    [
      'a GPT that sfdisk does not know as one',
      withFinding(guestProblem('gpt-without-protective-mbr', '/lib/a', {})),
      {},
      'gpt-without-protective-mbr',
    ],
    ['--move of NetBSD', behindRoot('mbr', { type: '0xA9' }), moving(), 'partition-not-moved'],
    ['--move of a slice with a label', labelBehind, moving(), 'partition-not-moved'],
    [
      '--move of what the BIOS starts',
      behindRoot('mbr', { bootable: true }),
      moving(),
      'partition-not-moved',
    ],
    ['--move where no partition grows', {}, { ...moving(), partition: 'none' }, 'nothing-moves'],
    ['--move of a dynamic disk', behindRoot('mbr', { type: '0x42' }), moving(), 'partition-not-moved'],
    [
      '--move of an extended partition',
      behindRoot('mbr', { role: 'extended' }),
      moving(),
      'partition-not-moved',
    ],
    [
      '--move of the EFI system partition',
      behindRoot('gpt', { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' }),
      moving(),
      'partition-not-moved',
    ],
    [
      '--move inside an extended partition',
      {
        guest: guestWith(
          {
            kind: 'mbr',
            partitions: [
              partitionAt(2, gib, 10 * gib, { role: 'extended' }),
              partitionAt(5, gib + mib, 5 * gib, { role: 'logical' }),
              partitionAt(6, 5 * gib + mib, 10 * gib, { role: 'logical' }),
            ],
          },
          [filesystemAt(gib + mib, 5 * gib, 'ext4')],
        ),
      },
      { ...moving(), partition: 5 },
      'partition-not-moved',
    ],
    ['a dirty filesystem', last('ext4', { state: 'dirty' }), {}, 'filesystem-dirty'],
    ['a hibernated one', last('ntfs', { isHibernated: true }), {}, 'filesystem-hibernated'],
    ['a damaged one', last('ext4', { sure: 'damaged' }), {}, 'filesystem-damaged'],
    ['one that was cut', last('ext4', { size: 11 * gib }), {}, 'filesystem-larger-than-partition'],
    ['Btrfs of several devices', last('btrfs', { devices: 2 }), {}, 'volume-spans-disks'],
    ['Btrfs that the host has too', { ...last('btrfs', { uuid: 'u' }), hostBtrfs: ['u'] }, {}, 'same-uuid'],
    [
      'another table',
      { guest: guestWith({ ...bootAndRoot.table, kind: 'apm' }, bootAndRoot.filesystems) },
      {},
      'table-not-resized',
    ],
    [
      'an MBR of 4K sectors',
      { guest: guestWith({ ...bootAndRoot.table, kind: 'mbr', sectorSize: 4096 }, bootAndRoot.filesystems) },
      {},
      'sectors-not-resized',
    ],
    [
      'a GPT of 2K sectors',
      { guest: guestWith({ ...bootAndRoot.table, sectorSize: 2048 }, bootAndRoot.filesystems) },
      {},
      'sectors-not-resized',
    ],
    ['no whole 4K sectors', { guest: with4K }, { size: 40 * gib + 512 }, 'size-unsupported'],
    [
      'overlapping partitions',
      withFinding(guestProblem('partitions-overlap', image.path, { index: 2, other: 1 })),
      {},
      'partitions-overlap',
    ],
    [
      'a partition beyond the end',
      withFinding(
        guestProblem('partition-outside-disk', image.path, { index: 2, end: 20 * gib, diskSize: 10 * gib }),
      ),
      {},
      'partition-outside-disk',
    ],
    [
      'MBR beyond 2 TiB',
      { guest: guestWith({ ...bootAndRoot.table, kind: 'mbr' }, bootAndRoot.filesystems) },
      { size: 3 * tib },
      'mbr-too-small',
    ],
  ])('%s', (_name, change, asked, id) => {
    expect(plan(change, asked)).toMatchObject({ kind: 'refusal', problems: [{ id, severity: 'block' }] })
  })

  test('a format that cannot hold it, and one that is not written', () => {
    const vhd = plan({}, { size: 3 * tib, partition: 'none' }, { format: 'vhd', subformat: 'dynamic' })
    expect(vhd).toMatchObject({ problems: [{ id: 'size-unsupported' }] })
    const dmg = plan({}, {}, { format: 'udif', subformat: null })
    expect(dmg).toMatchObject({ problems: [{ id: 'format-not-written' }] })
  })
})

import { parseVolumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import type { LogicalVolume, ThinPool, ZfsPool } from '@varve/protocol/places'
import { describe, expect, test } from 'vitest'
import { growOperation } from '../grow/plan.ts'
import { GrowRequest } from '../grow/request.ts'
import { toPlanView } from '../plans/plan-view.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { shrinkOperation } from '../shrink/plan.ts'
import { ShrinkRequest } from '../shrink/request.ts'
import { bootAndRoot, filesystemAt, guestWith, partitionAt, resizeFacts } from '../testing/resize-facts.ts'
import { group, hostWith, thinPool, volume, zpool } from '../testing/volume-facts.ts'
import type { VolumeFacts } from './facts.ts'

const [mib, gib] = [1024 ** 2, 1024 ** 3]

const thin = { kind: 'thin', pool: 'data', used: 3 * gib, size: 10 * gib } as const
const thick = { size: 10 * gib, used: 10 * gib } as const

const lvm = (
  change: Partial<LogicalVolume>,
  others: readonly Partial<LogicalVolume>[] = [],
  pool: Partial<ThinPool> = {},
) =>
  hostWith({
    groups: [
      {
        ...group,
        devices: [],
        pools: [{ ...thinPool, ...pool }],
        volumes: [change, ...others].map((one) => ({ ...volume, ...one })),
      },
    ],
  })

const zfs = (change: Partial<ZfsPool['volumes'][number]> = {}, pool: Partial<ZfsPool> = {}) =>
  hostWith({
    zpools: [
      { ...zpool, volumes: zpool.volumes.map((one) => ({ ...one, size: 10 * gib, ...change })), ...pool },
    ],
  })

/** A volume of 10 GiB with a boot and a root partition. */
function factsOf(host: VolumeFacts, name: string, change: Partial<ResizeFacts> = {}): ResizeFacts {
  const address = parseVolumeAddress(name)
  if (address === null) throw new Error(name)
  const device = volumeDevice(address)
  const facts = resizeFacts({}, { path: device, format: 'raw', subformat: null })
  return {
    ...facts,
    image: { ...facts.image, path: name, searched: [], files: [device] },
    work: { path: device.replace(/[^/]+$/u, 'varve-new-0123456789ab'), staging: '0123456789ab' },
    isPlainRaw: false,
    freeBytes: null,
    dataBytes: null,
    volume: {
      ...host,
      address,
      kept: { ...address, volume: `${address.volume}-before-00c0ffee` },
      sectorSize: 512,
    },
    ...change,
  }
}

const grow = (facts: ResizeFacts, asked: object = {}) =>
  growOperation.plan(GrowRequest.parse({ image: '/dev/x', size: 40 * gib, ...asked }), facts)
const shrink = (facts: ResizeFacts, asked: object = {}) =>
  shrinkOperation.plan(ShrinkRequest.parse({ image: '/dev/x', to: 5 * gib, ...asked }), facts)

type Made = ReturnType<typeof grow>
const actionsOf = (made: Made) =>
  made.kind === 'plan' ? made.steps.map(({ action }) => action) : made.problems
const inputOf = (made: Made, id: string) =>
  made.kind === 'plan' ? made.steps.find((step) => step.id === id)?.input : made.problems

/** From the table to the proof, as for files. */
const within = (grown: boolean) => [
  ...(grown ? ['relocate-table', 'resize-partition'] : []),
  'reserve-device',
  'attach-loop',
  'read-partitions',
  'check-filesystem',
  'digest-files',
  ...(grown ? [] : ['measure-minimum']),
  'resize-filesystem',
  ...(grown
    ? ['check-filesystem', 'digest-files', 'detach-loop', 'forget-attachment']
    : [
        'detach-loop',
        'forget-attachment',
        'resize-partition',
        'cut-volume',
        'reserve-device',
        'attach-loop',
        'read-partitions',
        'check-filesystem',
        'digest-files',
        'detach-loop',
        'forget-attachment',
      ]),
]
const published = ['digest-image', 'prove-volume', 'replace-volume']

describe('a volume gets another size on a copy that takes its name', () => {
  test('a thin one on a thin snapshot', () => {
    const made = grow(factsOf(lvm(thin), 'lvm:pve/root'))
    expect(made).toMatchSnapshot()
    expect(actionsOf(made)).toEqual(['copy-volume', 'extend-volume', ...within(true), ...published])
  })

  test('a thick one on another volume, which has its length at once', () => {
    const made = grow(factsOf(lvm(thick), 'lvm:pve/root'), { size: 12 * gib })
    expect(actionsOf(made)).toEqual(['make-volume', 'write-volume', ...within(true), ...published])
    expect(inputOf(made, 'make')).toMatchObject({ size: 12 * gib, pool: null, staging: '0123456789ab' })
    expect(inputOf(made, 'work')).toMatchObject({ isBlank: false, source: { path: '/dev/pve/root' } })
  })

  test('one of ZFS on a clone; room is kept back for it when it was before', () => {
    const made = grow(factsOf(zfs({ reserved: 10 * gib }), 'zfs:tank/vm-1'))
    expect(actionsOf(made)).toEqual([
      'snapshot-volume',
      'copy-volume',
      'extend-volume',
      ...within(true),
      ...published,
    ])
    expect(inputOf(made, 'work')).toMatchObject({
      origin: { volume: { volume: 'vm-1' }, snapshot: 'varve-before-0123456789ab' },
    })
    expect(inputOf(made, 'extend')).toMatchObject({ size: 40 * gib, isReserved: true })
    expect(inputOf(made, 'replace')).toMatchObject({ kept: { volume: 'vm-1-before-00c0ffee' }, uuid: null })
    expect(inputOf(grow(factsOf(zfs(), 'zfs:tank/vm-1')), 'extend')).toMatchObject({ isReserved: false })
    // The one that was kept the last time stands on the name as the snapshots do.
    const before = { name: 'tank/vm-1@s1', used: 0, size: 1, holds: 0, clones: ['tank/vm-1-before-0badcafe'] }
    expect(grow(factsOf(zfs({}, { snapshots: [before] }), 'zfs:tank/vm-1')).kind).toBe('plan')
    // A partition that grows into a volume which is as large as it was.
    const guest = guestWith({ partitions: [partitionAt(1, mib, 5 * gib)] }, [
      filesystemAt(mib, 5 * gib, 'ext4'),
    ])
    const same = factsOf(zfs({ reserved: gib }), 'zfs:tank/vm-1', { guest })
    expect(grow(same, { size: 10 * gib })).toMatchObject({
      warnings: [{ id: 'volume-sparse' }, { id: 'original-kept' }],
    })
  })

  test.each<[string, VolumeFacts, string, readonly string[]]>([
    ['thin', lvm(thin), 'lvm:pve/root', ['copy-volume']],
    ['thick', lvm(thick), 'lvm:pve/root', ['make-volume', 'write-volume']],
    ['zfs', zfs(), 'zfs:tank/vm-1', ['snapshot-volume', 'copy-volume']],
  ])('a %s one shrinks, and is cut at last', (_, host, name, first) => {
    const made = shrink(factsOf(host, name))
    expect(actionsOf(made)).toEqual([...first, ...within(false), ...published])
    expect(inputOf(made, 'cut')).toMatchObject({
      size: 5 * gib,
      unit: name.startsWith('lvm') ? 4 * mib : 16384,
      staging: '0123456789ab',
    })
    expect(made).toMatchObject({ subjects: [{ host: 'here', path: name }] })
  })

  test('as far as the filesystem allows: what is written then is what it holds', () => {
    const made = shrink(factsOf(lvm(thin), 'lvm:pve/root'), { to: null })
    expect(inputOf(made, 'cut')).toMatchObject({ size: { $from: 'minimum', field: 'disk' } })
    const full = lvm(thin, [], { dataUsed: 93 * gib })
    expect(shrink(factsOf(full, 'lvm:pve/root'), { to: null })).toMatchObject({
      problems: [{ message: expect.stringContaining('would run full') as string }],
    })
  })

  test('sizes are whole extents, which the plan says; --partition none changes the volume only', () => {
    const made = grow(factsOf(lvm(thin), 'lvm:pve/root'), { size: 11 * gib + 1, partition: 'none' })
    expect(actionsOf(made)).toEqual(['copy-volume', 'extend-volume', 'relocate-table', ...published])
    expect(inputOf(made, 'extend')).toMatchObject({ size: 11 * gib + 4 * mib })
    expect(made).toMatchObject({
      warnings: [{ id: 'volume-larger', severity: 'info' }, { id: 'original-kept' }],
    })
    const cut = shrink(factsOf(lvm(thin), 'lvm:pve/root'), { to: 5 * gib + 1 })
    expect(inputOf(cut, 'cut')).toMatchObject({ size: 5 * gib + 4 * mib })
  })

  test('says which snapshots stay with the original, and that a filesystem is there twice', () => {
    const snapshot = { ...thin, name: 's1', address: 'lvm:pve/s1', origin: 'root' }
    const guest = guestWith({ kind: 'none' }, [filesystemAt(0, 10 * gib, 'ext4')])
    expect(grow(factsOf(lvm(thin, [snapshot]), 'lvm:pve/root', { guest }))).toMatchObject({
      warnings: [
        { id: 'original-kept', message: expect.stringContaining('lvm:pve/root-before-00c0ffee') as string },
        { id: 'snapshots-stay', message: expect.stringContaining('lvm:pve/s1') as string },
        { id: 'uuid-twice' },
      ],
    })
  })

  test('files are not copied into a smaller volume', () => {
    const guest = guestWith({ kind: 'none' }, [filesystemAt(0, 10 * gib, 'xfs')])
    expect(
      shrink(factsOf(lvm(thin), 'lvm:pve/root', { guest }), { to: 5 * gib, byFiles: true }),
    ).toMatchObject({
      kind: 'refusal',
      problems: [
        { id: 'volume-not-by-files', remedy: expect.stringContaining('varve convert lvm:pve/root') },
      ],
    })
  })

  test('people read what each step does, and what undoes it', () => {
    const made = grow(factsOf(lvm(thin), 'lvm:pve/root'))
    const view = toPlanView(made, () => ({ argv: [] }))
    if (view.kind === 'refusal') throw new Error('refused')
    const { steps } = view
    expect(steps.map(({ layer }) => layer)).toEqual([
      'L1',
      'L1',
      'L4',
      'L4',
      'L3',
      'L3',
      'L4',
      'L6',
      'L7',
      'L6',
      'L6',
      'L7',
      'L3',
      'L3',
      'L3',
      'L3',
      'L1',
    ])
    const told = steps.map(({ does, undo }) => `${does} ${undo ?? ''}`).join('\n')
    expect(told).not.toContain('varve-new')
    expect(told).toContain('Puts the new volume behind the device')
  })
})

const other = { ...thin, name: 'other', address: 'lvm:pve/other' }
const held = { name: 'tank/vm-1@s1', used: 0, size: 1, holds: 1, clones: [] }
const cloned = { ...held, holds: 0, clones: ['tank/vm-2'] }
const longest = { ...thin, name: 'n'.repeat(120), address: `lvm:pve/${'n'.repeat(120)}` }

describe('refused, with the way out', () => {
  test.each<[string, VolumeFacts, string, readonly [id: string, message: RegExp]]>([
    ['a volume that is open', lvm({ ...thin, isOpen: true }), 'lvm:pve/root', ['in-use', /open/u]],
    ['one in trouble', lvm({ ...thin, health: 'failed' }), 'lvm:pve/root', ['refused', /trouble: failed/u]],
    [
      'one that is only read',
      lvm({ ...thin, readOnly: true }),
      'lvm:pve/root',
      ['refused', /may only be read/u],
    ],
    ['RAID', lvm({ ...thick, kind: 'raid1' }), 'lvm:pve/root', ['refused', /it is raid1/u]],
    [
      'a snapshot with room of its own',
      lvm({ ...thick, kind: 'snapshot', origin: 'x' }),
      'lvm:pve/root',
      ['refused', /snapshot of x/u],
    ],
    [
      'a thick one with snapshots',
      lvm(thick, [{ ...other, kind: 'snapshot', pool: null, origin: 'root' }]),
      'lvm:pve/root',
      ['refused', /room of their own \(lvm:pve\/other\)/u],
    ],
    [
      'a thick one without room for another',
      lvm({ ...thick, size: 30 * gib }),
      'lvm:pve/root',
      ['no-space', /40.0 GiB are needed and 20.0/u],
    ],
    [
      'a pool that is nearly full',
      lvm(thin, [], { dataUsed: 95 * gib }),
      'lvm:pve/root',
      ['refused', /would run full/u],
    ],
    [
      'a pool in trouble',
      lvm(thin, [], { health: 'out_of_data' }),
      'lvm:pve/root',
      ['refused', /out_of_data/u],
    ],
    ['a name without room for another', lvm(longest), longest.address, ['refused', /name is too long/u]],
    ['one that is not there', lvm(other), 'lvm:pve/root', ['refused', /no logical volume/u]],
    ['one of no group', hostWith({ groups: [] }), 'lvm:pve/root', ['refused', /no logical volume/u]],
    [
      'a group twice',
      hostWith({ groups: [0, 1].map(() => ({ ...group, devices: [], pools: [], volumes: [] })) }),
      'lvm:pve/root',
      ['refused', /2 volume groups/u],
    ],
    ['ZFS that is held', zfs({}, { snapshots: [held] }), 'zfs:tank/vm-1', ['refused', /vm-1@s1 is held/u]],
    [
      'ZFS with clones',
      zfs({}, { snapshots: [cloned] }),
      'zfs:tank/vm-1',
      ['refused', /tank\/vm-2 is a clone/u],
    ],
    [
      'a pool that is suspended',
      zfs({}, { health: 'SUSPENDED' }),
      'zfs:tank/vm-1',
      ['refused', /SUSPENDED/u],
    ],
    [
      'a pool without room',
      zfs({ reserved: 1, name: 'tank/vms/a' }),
      'zfs:tank/vms/a',
      ['no-space', /42.0 GiB are needed/u],
    ],
    ['a pool that is not imported', hostWith({ zpools: [] }), 'zfs:tank/vm-1', ['refused', /no ZFS volume/u]],
    [
      'who is not root',
      hostWith({}, { isRoot: false, places: null }),
      'lvm:pve/root',
      ['refused', /only root/u],
    ],
    [
      'an agent',
      hostWith({}, { isOwnHost: false, places: null }),
      'lvm:pve/root',
      ['refused', /libraries only/u],
    ],
  ])('%s', (_, host, name, [id, message]) => {
    expect(grow(factsOf(host, name))).toMatchObject({
      kind: 'refusal',
      problems: [{ id, severity: 'block', message: expect.stringMatching(message) as string }],
    })
  })

  test('another format than raw', () => {
    const facts = factsOf(lvm(thin), 'lvm:pve/root')
    const chain = facts.chain.map((link) => ({ ...link, format: 'qcow2' as const }))
    expect(grow({ ...facts, chain })).toMatchObject({
      problems: [{ id: 'refused', layer: 'L2', message: expect.stringMatching(/disk as qcow2/u) as string }],
    })
  })

  test('a device whose sectors the table does not count in', () => {
    const facts = factsOf(lvm(thin), 'lvm:pve/root')
    const device = facts.volume && { ...facts.volume, sectorSize: 4096 }
    expect(grow({ ...facts, volume: device })).toMatchObject({
      problems: [{ id: 'sectors-not-resized' }],
    })
    const guest = guestWith({ ...bootAndRoot.table, kind: 'none', partitions: [] }, [
      filesystemAt(0, 10 * gib, 'ext4'),
    ])
    expect(grow({ ...facts, guest, volume: device }).kind).toBe('plan')
  })

  test('who uses it is told once', () => {
    const facts = factsOf(lvm({ ...thin, isOpen: true }), 'lvm:pve/root')
    const files = [{ path: '/dev/pve/root', uses: [{ by: 'mount', at: '/srv' }] }] as const
    const image = { ...facts.image, uses: { files, unseen: [] } }
    expect(grow({ ...facts, image })).toMatchObject({ problems: [{ id: 'in-use' }] })
  })
})

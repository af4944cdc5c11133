import { parseVolumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import type { LogicalVolume, ThinPool } from '@varve/protocol/places'
import type { Uses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import type { Survey } from '../actions/reclaim-survey.ts'
import { toPlanView } from '../plans/plan-view.ts'
import { resizeFacts } from '../testing/resize-facts.ts'
import { group, hostWith, thinPool, volume, zpool } from '../testing/volume-facts.ts'
import type { VolumeFacts } from '../volumes/facts.ts'
import { hostProblems } from '../volumes/host-problems.ts'
import type { ReclaimedVolume, ReclaimFacts } from './facts.ts'
import { reclaimOperation } from './plan.ts'

const [mib, gib] = [1024 ** 2, 1024 ** 3]
const staging = '0123456789ab'
const thin = { kind: 'thin', pool: 'data', used: 3 * gib, size: 10 * gib } as const

const lvm = (
  change: Partial<LogicalVolume> = thin,
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

const zfs = (change: Partial<(typeof zpool.volumes)[number]> = {}) =>
  hostWith({
    zpools: [{ ...zpool, volumes: zpool.volumes.map((one) => ({ ...one, referenced: 3 * gib, ...change })) }],
  })

const root = {
  type: 'ext4',
  label: 'root',
  start: mib,
  size: 9 * gib,
  free: 8 * gib,
  held: 3 * gib,
  doubt: null,
}
const survey: Survey = {
  format: 'raw',
  subformat: null,
  virtualSize: 10 * gib,
  filesystems: [root],
  closed: [],
  lost: [],
  heldFree: 3 * gib,
  before: { data: 10 * gib, file: 10 * gib, host: 3 * gib },
  after: { data: 2 * gib, file: 10 * gib, host: 2 * gib },
  free: gib,
  zeros: null,
  compression: 'none',
  room: null,
  copyOnWrite: true,
  holder: { kind: 'thin', unit: 64 * 1024, held: 3 * gib },
}

/** A volume of 10 GiB, of which the pool holds 3. */
function factsOf(
  host: VolumeFacts,
  name: string,
  { more = {}, ...change }: Partial<ReclaimFacts> & { readonly more?: Partial<ReclaimedVolume> } = {},
): ReclaimFacts {
  const address = parseVolumeAddress(name)
  if (address === null) throw new Error(name)
  const device = volumeDevice(address)
  const { chain, image } = resizeFacts({}, { path: device, format: 'raw', subformat: null })
  return {
    host: 'here',
    chain,
    problems: hostProblems(name, host),
    image: { ...image, path: name, searched: [], files: [device] },
    survey,
    volume: {
      ...host,
      address,
      kept: { ...address, volume: `${address.volume}-before-00c0ffee` },
      sectorSize: 512,
      takesDiscards: true,
      work: { path: device.replace(/[^/]+$/u, `varve-new-${staging}`), staging },
      ...more,
    },
    ...change,
  }
}

const plan = (facts: ReclaimFacts, zerosOnly = false) =>
  reclaimOperation.plan({ image: '/dev/x', zerosOnly, inPlace: false }, facts)
const proven = ['discard-free', 'weigh-volume', 'prove-same-disk', 'digest-image', 'replace-volume']

describe('a volume gives free blocks back on a copy that takes its name', () => {
  test('a thin one on a thin snapshot', () => {
    const made = plan(factsOf(lvm(), 'lvm:pve/root'))
    expect(made).toMatchSnapshot()
    expect(made).toMatchObject({
      summary: 'Reclaim at least 1.00 GiB of lvm:pve/root',
      steps: ['copy-volume', ...proven].map((action) => ({ action })),
    })
  })

  test('one of ZFS on a clone, of which room is kept back no more', () => {
    const made = plan(factsOf(zfs({ reserved: 8 * gib }), 'zfs:tank/vm-1'))
    expect(made).toMatchObject({
      steps: ['snapshot-volume', 'copy-volume', ...proven].map((action) => ({ action })),
      warnings: [
        { id: 'volume-sparse' },
        {
          id: 'original-kept',
          remedy: expect.stringContaining(
            `varve delete zfs:tank/vm-1-before-00c0ffee, then varve snapshot delete zfs:tank/vm-1 varve-before-${staging}`,
          ) as string,
        },
      ],
    })
    if (made.kind === 'refusal') throw new Error('refused')
    expect(made.steps.find(({ id }) => id === 'discard')?.input).toMatchObject({
      pool: null,
      zerosOnly: false,
    })
  })

  test('with zeros only, all that is not zero stays, and bitmaps are not asked', () => {
    const doubt = { kind: 'dirty', reason: 'its journal must be replayed' } as const
    const dirty = { ...survey, filesystems: [{ ...root, free: null, doubt }] }
    const facts = factsOf(lvm(), 'lvm:pve/root', { survey: dirty })
    expect(plan(facts)).toMatchObject({ kind: 'refusal', problems: [{ id: 'free-space-doubtful' }] })
    const made = plan(facts, true)
    if (made.kind === 'refusal') throw new Error('refused')
    expect(made.steps.find(({ id }) => id === 'prove')?.input).toMatchObject({
      first: { reading: {} },
      second: { reading: {} },
    })
  })

  test('what snapshots hold stays; a filesystem without a table is there twice', () => {
    const snapshot = { ...thin, name: 's1', address: 'lvm:pve/s1', origin: 'root' }
    const whole = { ...survey, filesystems: [{ ...root, start: 0 }] }
    expect(plan(factsOf(lvm(thin, [snapshot]), 'lvm:pve/root', { survey: whole }))).toMatchObject({
      warnings: [
        { id: 'original-kept', message: expect.stringContaining('free in the pool once it is removed') },
        { id: 'snapshots-hold', message: expect.stringContaining('lvm:pve/s1') },
        { id: 'snapshots-stay' },
        { id: 'uuid-twice' },
      ],
    })
  })

  test('people read what each step does, and no hidden name', () => {
    const view = toPlanView(plan(factsOf(lvm(), 'lvm:pve/root')), () => ({ argv: [] }))
    if (view.kind === 'refusal') throw new Error('refused')
    const told = view.steps.map(({ does, undo }) => `${does} ${undo ?? ''}`).join('\n')
    expect(told).not.toContain('varve-new')
    expect(told).toContain('zeros in place of what their filesystems call free')
  })
})

const luks = { what: 'LUKS2', start: mib, length: 9 * gib }
const uses: Uses = {
  files: [{ path: '/dev/pve/root', uses: [{ by: 'process', pid: 12, command: 'qemu', how: 'writes' }] }],
  unseen: [],
}

describe('refused, with the way out', () => {
  const name = 'lvm:pve/root'
  const image = { ...factsOf(lvm(), name).image, uses }
  test.each<[string, ReclaimFacts, string, RegExp]>([
    ['thick', factsOf(lvm({ size: 8 * gib }), name, { survey: null }), 'volume-thick', /no pool would get/u],
    ['RAID', factsOf(lvm({ ...thin, kind: 'raid1' }), name), 'refused', /it is raid1/u],
    ['open', factsOf(lvm({ ...thin, isOpen: true }), name), 'in-use', /open/u],
    ['used', factsOf(lvm(), name, { image }), 'in-use', /qemu/u],
    [
      'a pool that would run full',
      factsOf(lvm(thin, [], { dataUsed: 99 * gib }), name),
      'refused',
      /would run full/u,
    ],
    [
      'metadata that would run full: what is given back is noted anew',
      factsOf(lvm(thin, [], { metadataUsed: gib * 0.95 - mib }), name),
      'refused',
      /metadata .* would run full/u,
    ],
    [
      'a device that takes no discards',
      factsOf(lvm(), name, { more: { takesDiscards: false } }),
      'discards-refused',
      /takes no discards/u,
    ],
    ['nothing held', factsOf(lvm({ ...thin, used: 0 }), name), 'nothing-to-reclaim', /holds nothing/u],
    [
      'what is encrypted',
      factsOf(lvm(), name, { survey: { ...survey, filesystems: [], closed: [luks] } }),
      'free-space-not-seen',
      /LUKS2/u,
    ],
    [
      'another format',
      factsOf(lvm(), name, {
        chain: factsOf(lvm(), name).chain.map((link) => ({ ...link, format: 'qcow2' })),
      }),
      'refused',
      /as qcow2/u,
    ],
    ['an agent', factsOf({ ...lvm(), isOwnHost: false }, name), 'refused', /libraries only/u],
    ['not root', factsOf({ ...lvm(), isRoot: false }, name), 'refused', /only root/u],
  ])('%s', (_, facts, id, message) => {
    expect(plan(facts)).toMatchObject({
      kind: 'refusal',
      problems: [{ id, severity: 'block', message: expect.stringMatching(message) }],
    })
  })
})

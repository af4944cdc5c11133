import { noUses, type Uses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import { gainsOf, type Survey } from '../actions/reclaim-survey.ts'
import type { LinkFacts, ReplacedFacts } from '../chain-change/facts.ts'
import type { ReclaimFacts } from './facts.ts'
import { reclaimOperation } from './plan.ts'

const MiB = 1024 ** 2
const path = '/vms/web01.qcow2'
const own: LinkFacts = {
  path,
  format: 'qcow2',
  subformat: 'version 3',
  virtualSize: 400 * MiB,
  snapshots: [],
  logicalSectorSize: null,
  hasExtendedL2: false,
  identity: null,
}
const image: ReplacedFacts = {
  host: 'north',
  path,
  format: 'qcow2',
  virtualSize: 400 * MiB,
  bytes: 92 * MiB,
  files: [path],
  elsewhere: [],
  partOf: null,
  dependents: [],
  onParts: [],
  searched: ['/vms'],
  unseen: null,
  uses: noUses,
  machines: [],
  children: [],
  keepers: [],
}
const root = {
  type: 'ext4',
  label: 'root',
  start: MiB,
  size: 399 * MiB,
  free: 300 * MiB,
  held: 60 * MiB,
  doubt: null,
} as const
const survey: Survey = {
  format: 'qcow2',
  subformat: 'version 3',
  virtualSize: 400 * MiB,
  filesystems: [root],
  closed: [],
  lost: [],
  heldFree: 60 * MiB,
  before: { data: 91 * MiB, file: 92 * MiB, host: 92 * MiB },
  after: { data: 31 * MiB, file: 32 * MiB, host: 32 * MiB },
  free: 60 * MiB,
  zeros: null,
  compression: 'none',
  room: 1024 * MiB,
  copyOnWrite: false,
  holder: null,
}
const facts: ReclaimFacts = { host: 'north', image, chain: [own], problems: [], survey, volume: null }
const request = { image: path, zerosOnly: false, inPlace: false }
const luks = { what: 'LUKS2', start: 400 * MiB, length: 1024 * MiB }

type Doubt = NonNullable<Survey['filesystems'][number]['doubt']>
const doubted = (doubt: Doubt, more: Partial<ReclaimFacts> = {}): ReclaimFacts => ({
  ...facts,
  survey: { ...survey, filesystems: [{ ...root, free: null, held: 0, doubt }] },
  ...more,
})
const plan = (more: Partial<ReclaimFacts>, asked: Partial<typeof request> = {}) =>
  reclaimOperation.plan({ ...request, ...asked }, { ...facts, ...more })

describe('golden plans', () => {
  test('an image that stands alone', () => {
    expect(plan({})).toMatchSnapshot()
  })
  test('zeros only, compressed', () => {
    expect(plan({ survey: { ...survey, compression: 'zstd' } }, { zerosOnly: true })).toMatchSnapshot()
  })
  test('an overlay keeps its backing', () => {
    const base: LinkFacts = { ...own, path: '/vms/base.qcow2' }
    expect(plan({ chain: [own, base] })).toMatchSnapshot()
  })
})

test('what each layer gives, and what nobody knows', () => {
  expect(gainsOf(survey)).toEqual([
    { layer: 'L6', kind: 'guest-free', bytes: 60 * MiB },
    { layer: 'L3', kind: 'zeros', bytes: null },
    { layer: 'L2', kind: 'container', bytes: 60 * MiB },
    { layer: 'L1', kind: 'host', bytes: 60 * MiB },
  ])
  const larger = { ...survey, before: { data: 1, file: 1, host: null }, after: null }
  expect(gainsOf(larger).map(({ bytes }) => bytes)).toEqual([60 * MiB, null, null, null])
})

describe('bitmaps that are not believed', () => {
  test.each(['dirty', 'damaged', 'bitmap', 'hibernated'] as const)('%s: refused, with the remedy', (kind) => {
    const given = doubted({ kind, reason: 'its journal must be replayed' })
    expect(reclaimOperation.plan(request, given)).toMatchObject({
      kind: 'refusal',
      problems: [
        {
          id: 'free-space-doubtful',
          layer: 'L6',
          message: expect.stringContaining('ext4 filesystem "root"'),
          remedy: expect.stringContaining('--zeros-only'),
        },
      ],
    })
    expect(reclaimOperation.plan({ ...request, zerosOnly: true }, given)).toMatchObject({ kind: 'plan' })
  })

  test.each([
    { kind: 'unread', reason: 'nobody here reads it' },
    { kind: 'raid', reason: 'it lies in a mirror' },
    { kind: 'snapshot', reason: 'a snapshot stands on it' },
    { kind: 'shadow-copies', reason: 'it keeps shadow copies' },
  ] as const)('$kind: its free blocks stay, and that is said', (doubt) => {
    expect(reclaimOperation.plan(request, doubted(doubt))).toMatchObject({
      kind: 'plan',
      warnings: expect.arrayContaining([
        expect.objectContaining({ id: 'free-space-kept', severity: 'warn' }),
      ]),
    })
  })
})

describe('encryption', () => {
  test('where nothing else is seen, it is refused; zeros can still be given back', () => {
    const given = { survey: { ...survey, filesystems: [], closed: [luks] } }
    expect(plan(given)).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'free-space-not-seen', layer: 'L5', message: expect.stringContaining('LUKS2') }],
    })
    expect(plan(given, { zerosOnly: true })).toMatchObject({ kind: 'plan' })
  })
  test('beside a filesystem that is seen, it is said what is not', () => {
    expect(plan({ survey: { ...survey, closed: [luks] } })).toMatchObject({
      kind: 'plan',
      warnings: [{ id: 'free-space-not-seen', severity: 'warn' }],
    })
  })
})

describe('refusals', () => {
  const base: LinkFacts = { ...own, path: '/vms/base.vhd', format: 'vhd', subformat: 'dynamic' }
  const uses: Uses = {
    files: [{ path, uses: [{ by: 'process', pid: 12, command: 'qemu', how: 'writes' }] }],
    unseen: [],
  }
  test.each<[string, Partial<ReclaimFacts>]>([
    ['has-dependents', { image: { ...image, dependents: ['/vms/top.qcow2'] } }],
    [
      'has-dependents',
      { image: { ...image, dependents: ['/vms/on-extent.vmdk'], onParts: ['/vms/on-extent.vmdk'] } },
    ],
    ['in-use', { image: { ...image, uses } }],
    ['part-of-image', { image: { ...image, partOf: '/vms/whole.vmdk' } }],
    ['format-not-written', { chain: [{ ...own, format: 'udif' }] }],
    ['overlay-keeps-zeros', { chain: [{ ...base, path }, base] }],
    ['no-space', { survey: { ...survey, room: 10 * MiB } }],
    [
      'nothing-to-reclaim',
      { survey: { ...survey, before: { data: 0, file: 1, host: 1 }, after: { data: 0, file: 1, host: 1 } } },
    ],
  ])('%s', (id, more) => {
    expect(plan(more)).toMatchObject({ kind: 'refusal', problems: [{ id }] })
  })

  test('room is not asked for where what stays is shared', () => {
    expect(plan({ survey: { ...survey, room: 10 * MiB, copyOnWrite: true } })).toMatchObject({ kind: 'plan' })
  })

  test('internal snapshots that would be gone are asked for by name', () => {
    expect(plan({ chain: [{ ...own, snapshots: ['before'] }] })).toMatchObject({
      kind: 'plan',
      warnings: expect.arrayContaining([expect.objectContaining({ id: 'snapshots-dropped', asks: true })]),
    })
  })
})

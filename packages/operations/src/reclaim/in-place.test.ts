import { noUses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import type { WindowsWays } from '../attach/facts.ts'
import type { LinkFacts, ReplacedFacts } from '../chain-change/facts.ts'
import type { Survey } from '../actions/reclaim-survey.ts'
import type { InPlaceFacts, ReclaimFacts } from './facts.ts'
import { reclaimOperation } from './plan.ts'
import { ReclaimRequest } from './request.ts'

const mib = 1024 ** 2
const path = String.raw`D:\vm\it's [web].vhdx`
const own: LinkFacts = {
  path,
  format: 'vhdx',
  subformat: 'dynamic',
  virtualSize: 400 * mib,
  snapshots: [],
  logicalSectorSize: 512,
  hasExtendedL2: false,
  identity: null,
}
const image: ReplacedFacts = {
  host: 'here',
  path,
  format: 'vhdx',
  virtualSize: 400 * mib,
  bytes: 92 * mib,
  files: [path],
  elsewhere: [],
  partOf: null,
  dependents: [],
  onParts: [],
  searched: [],
  unseen: null,
  uses: noUses,
  machines: [],
  children: [],
  keepers: [],
}
const ntfs = {
  type: 'ntfs',
  label: 'system',
  start: mib,
  size: 399 * mib,
  free: 300 * mib,
  held: 60 * mib,
  doubt: null,
} as const
const survey: Survey = {
  format: 'vhdx',
  subformat: 'dynamic',
  virtualSize: 400 * mib,
  filesystems: [ntfs],
  closed: [],
  lost: [],
  heldFree: 60 * mib,
  before: { data: 91 * mib, file: 92 * mib, host: 92 * mib },
  after: { data: 31 * mib, file: 32 * mib, host: 32 * mib },
  free: 60 * mib,
  zeros: null,
  compression: 'none',
  // A copy would not fit.
  room: mib,
  copyOnWrite: false,
  holder: null,
}
const windows: WindowsWays = { by: 'hyper-v', unasked: null }
const inPlace: InPlaceFacts = {
  ways: { system: 'win32', isRoot: true, windows },
  hasDiskpart: true,
  already: null,
  attributes: [],
  distribution: null,
}
const facts: ReclaimFacts = { host: 'here', image, chain: [own], problems: [], survey, volume: null }

function plan(
  more: Partial<InPlaceFacts> = {},
  { asked = {}, of = {} }: { readonly asked?: object; readonly of?: Partial<ReclaimFacts> } = {},
) {
  const request = ReclaimRequest.parse({ image: path, inPlace: true, ...asked })
  return reclaimOperation.plan(request, { ...facts, ...of, inPlace: { ...inPlace, ...more } })
}
const actionsOf = (made: ReturnType<typeof plan>) =>
  made.kind === 'plan' ? made.steps.map(({ action }) => action) : made.problems.map(({ id }) => id)
const ways = (change: Partial<InPlaceFacts['ways']>) => ({ ways: { ...inPlace.ways, ...change } })

describe('golden plans', () => {
  test('by Hyper-V', () => {
    expect(plan()).toMatchSnapshot()
  })
  test('zeros only, by diskpart', () => {
    const by = ways({ windows: { ...windows, by: 'storage' } })
    expect(plan(by, { asked: { zerosOnly: true } })).toMatchSnapshot()
  })
})

test('what Windows has no trim for is not attached for writing', () => {
  const of = { survey: { ...survey, filesystems: [{ ...ntfs, type: 'ext4' }] } }
  expect(actionsOf(plan({}, { of }))).toEqual([
    'digest-image',
    'attach-vhd',
    'compact-vhd',
    'detach-vhd',
    'prove-unchanged',
    'check-image',
  ])
})

test('a differencing disk too, and nobody must be over it', () => {
  const of = {
    chain: [
      { ...own, subformat: 'differencing' },
      { ...own, path: 'D:\\base.vhdx' },
    ],
  }
  expect(plan({}, { of })).toMatchObject({ kind: 'plan' })
  expect(plan({}, { of: { image: { ...image, dependents: ['D:\\child.avhdx'] } } })).toMatchObject({
    problems: [{ id: 'has-dependents' }],
  })
})

describe('refused with the reason and the way out', () => {
  const doubt = { kind: 'dirty', reason: 'its journal must be replayed' } as const
  const used = {
    files: [{ path, uses: [{ by: 'checkpoints' as const, machine: 'web' }] }],
    unseen: [],
  }
  test.each<[string, Partial<InPlaceFacts>, Partial<ReclaimFacts>, string]>([
    ['another system', { ways: { system: 'linux', isRoot: true } }, {}, 'no-way'],
    ['no rights', ways({ isRoot: false }), {}, 'not-elevated'],
    ['no module', ways({ windows: { ...windows, by: null } }), {}, 'no-way'],
    ['no tool', { ...ways({ windows: { ...windows, by: 'storage' } }), hasDiskpart: false }, {}, 'no-way'],
    ['another format', {}, { chain: [{ ...own, format: 'qcow2' }] }, 'not-compacted'],
    ['a fixed disk', {}, { chain: [{ ...own, subformat: 'fixed' }] }, 'not-compacted'],
    ['a sparse file', { attributes: ['sparse'] }, {}, 'not-for-hyper-v'],
    ['what is attached', { already: 'PhysicalDrive3' }, {}, 'already-attached'],
    ['what checkpoints stand on', {}, { image: { ...image, uses: used } }, 'in-use'],
    [
      'shadow copies',
      {},
      {
        survey: {
          ...survey,
          filesystems: [
            { ...ntfs, free: null, doubt: { kind: 'shadow-copies', reason: 'it keeps shadow copies' } },
          ],
        },
      },
      'free-space-kept',
    ],
    [
      'a dirty filesystem',
      {},
      { survey: { ...survey, filesystems: [{ ...ntfs, free: null, doubt }] } },
      'free-space-doubtful',
    ],
  ])('%s', (_what, change, of, id) => {
    const made = plan(change, { of })
    expect(made).toMatchObject({ kind: 'refusal', problems: [{ id, file: path }] })
    expect(made.kind === 'refusal' && made.problems.every(({ remedy }) => remedy.length > 0)).toBe(true)
  })

  test('a name that diskpart does not take', () => {
    const name = 'D:\\Größe.vhdx'
    const of = { image: { ...image, path: name }, chain: [{ ...own, path: name }] }
    expect(plan({}, { of })).toMatchObject({ kind: 'plan' })
    const by = ways({ windows: { ...windows, by: 'storage' } })
    expect(plan(by, { of })).toMatchObject({ problems: [{ id: 'name-of-diskpart', file: name }] })
  })

  test('the disk of a distribution that is sparse is made plain by WSL', () => {
    const distribution = { kind: 'distribution', name: 'Debian', owner: 'anna', isOwn: true } as const
    expect(plan({ attributes: ['sparse'], distribution })).toMatchObject({
      problems: [{ remedy: expect.stringContaining('wsl --manage Debian --set-sparse false') }],
    })
  })
})

describe('the disk of a distribution', () => {
  const debian = { kind: 'distribution', name: 'Debian', owner: 'anna', isOwn: true } as const

  test('trims itself after a word, and is proven as it is', () => {
    expect(plan({ distribution: debian })).toMatchSnapshot()
  })

  test('of Docker Desktop is compacted without being started', () => {
    const made = plan({ distribution: { ...debian, kind: 'docker-disk', name: 'docker-desktop' } })
    expect(actionsOf(made)).not.toContain('trim-distribution')
    expect(made.kind === 'plan' && made.warnings).toContainEqual(
      expect.objectContaining({ id: 'not-trimmed', severity: 'info' }),
    )
  })

  test('of somebody else is not started', () => {
    const distribution = { ...debian, isOwn: false }
    expect(plan({ distribution })).toMatchObject({ problems: [{ id: 'distribution-of-other' }] })
    expect(plan({ distribution }, { asked: { zerosOnly: true } })).toMatchObject({ kind: 'plan' })
  })
})

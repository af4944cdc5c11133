import { describe, expect, test } from 'vitest'
import type { LinkFacts } from '../chain-change/facts.ts'
import { growOperation } from '../grow/plan.ts'
import { GrowRequest } from '../grow/request.ts'
import { toPlanView } from '../plans/plan-view.ts'
import { shrinkOperation } from '../shrink/plan.ts'
import { ShrinkRequest } from '../shrink/request.ts'
import { filesystemAt, guestWith, partitionAt, resizeFacts } from '../testing/resize-facts.ts'
import type { ResizeFacts } from './facts.ts'

const [mib, gib] = [1024 ** 2, 1024 ** 3]
const { ways, image } = resizeFacts()

/** A Windows with Hyper-V, or with Storage alone, and an administrator. */
function onWindows(by: 'hyper-v' | 'storage' | null, more: Partial<ResizeFacts['ways']> = {}) {
  return {
    ways: {
      ...ways,
      system: 'win32',
      loop: 'missing',
      nbd: 'missing',
      mapper: 'missing',
      tools: [],
      windows: { by, unasked: null },
      ...more,
    },
    tools: [],
    attachedWork: {
      path: '/srv/images/.web.qcow2.0a1b2c3d4e5f-vhdx.part.vhdx',
      staging: '0a1b2c3d4e5f-vhdx',
    },
  } as const satisfies Partial<ResizeFacts>
}

type Last = Parameters<typeof filesystemAt>[3]

/** A recovery partition, and a last one that ends with a disk of 10 GiB. */
function guestOf(
  type: string,
  more: Last & { readonly sectorSize?: number; readonly role?: 'logical' } = {},
) {
  const { sectorSize = 512, role = 'primary', ...filesystem } = more
  const partitions = [partitionAt(1, mib, gib), partitionAt(2, gib, 10 * gib - mib, { role })]
  return guestWith({ id: 'D15C', partitions, sectorSize }, [
    filesystemAt(mib, gib, 'ntfs'),
    filesystemAt(gib, 10 * gib - mib, type, filesystem),
  ])
}
const ntfs = { guest: guestOf('ntfs', { label: 'Windows' }) }

function grow(facts: Partial<ResizeFacts>, asked: object = {}, own: Partial<LinkFacts> = {}) {
  const request = GrowRequest.parse({ image: image.path, size: 40 * gib, ...asked })
  return growOperation.plan(request, resizeFacts(facts, own))
}

function shrink(facts: Partial<ResizeFacts>, asked: object = {}) {
  const request = ShrinkRequest.parse({ image: image.path, to: 5 * gib, ...asked })
  return shrinkOperation.plan(request, resizeFacts(facts))
}

type Made = ReturnType<typeof grow>
const idsOf = (made: Made) =>
  made.kind === 'plan' ? made.steps.map(({ id }) => id) : made.problems.map(({ id }) => id)
const inputOf = (made: Made, id: string) =>
  made.kind === 'plan' ? made.steps.find((step) => step.id === id)?.input : made.problems

const shown = (made: Made) => toPlanView(made, (step) => ({ argv: [step.action] }))

describe('on Windows', () => {
  test('a grow by Hyper-V', () => {
    expect(shown(grow({ ...onWindows('hyper-v'), ...ntfs }))).toMatchSnapshot()
  })

  test('a shrink as far as it goes', () => {
    expect(shown(shrink({ ...onWindows('storage'), ...ntfs }, { to: null }))).toMatchSnapshot()
  })

  test('without Hyper-V the work is written with its size, and no step makes it larger', () => {
    const [byHyperV, byStorage] = [
      grow({ ...onWindows('hyper-v'), ...ntfs }),
      grow({ ...onWindows('storage'), ...ntfs }),
    ]
    expect(idsOf(byHyperV)).toContain('extend')
    expect(idsOf(byStorage)).not.toContain('extend')
    expect(inputOf(byHyperV, 'work')).toMatchObject({ source: { reading: {} } })
    expect(inputOf(byStorage, 'work')).toMatchObject({
      source: { reading: { extended: { from: 10 * gib, to: 40 * gib } } },
    })
    expect(inputOf(byStorage, 'attach')).toMatchObject({ by: 'storage', isReadOnly: false })
  })

  test('room that is there already is given without a larger disk', () => {
    const guest = guestWith({ partitions: [partitionAt(1, mib, gib)] }, [filesystemAt(mib, gib, 'ntfs')])
    const made = grow({ ...onWindows('hyper-v'), guest }, { size: 10 * gib })
    expect(idsOf(made)).not.toContain('extend')
    expect(inputOf(made, 'filesystem')).toMatchObject({ way: 'grow', size: 10 * gib - 2 * mib })
  })

  test('the sectors are those of its table', () => {
    const guest = guestOf('ntfs', { sectorSize: 4096 })
    const made = grow({ ...onWindows('hyper-v'), guest }, {}, { logicalSectorSize: 4096 })
    expect(inputOf(made, 'work')).toMatchObject({ image: { guest: { logicalSectorSize: 4096 } } })
  })

  test('a ReFS grows, with a word on its version and without a check; it does not shrink', () => {
    const made = grow({ ...onWindows('hyper-v'), guest: guestOf('refs') })
    expect(idsOf(made).filter((id) => id.startsWith('check'))).toEqual([])
    expect(made.kind === 'plan' && made.warnings.filter(({ asks }) => asks).map(({ id }) => id)).toContain(
      'refs-becomes-newer',
    )
    expect(idsOf(shrink({ ...onWindows('hyper-v'), guest: guestOf('refs') }))).toEqual([
      'filesystem-not-shrunk',
    ])
  })

  test.each<[string, Partial<ResizeFacts>, object, string]>([
    ['ext4', { guest: guestOf('ext4') }, {}, 'not-on-windows'],
    ['XFS', { guest: guestOf('xfs') }, {}, 'not-on-windows'],
    ['FAT', { guest: guestOf('fat32') }, {}, 'not-on-windows'],
    ['exFAT', { guest: guestOf('exfat') }, {}, 'not-on-windows'],
    [
      'nothing known',
      { guest: guestWith({ partitions: [partitionAt(1, mib, 9 * gib)] }, []) },
      { partition: 1 },
      'not-on-windows',
    ],
    [
      'no table',
      { guest: guestWith({ kind: 'none' }, [filesystemAt(0, 10 * gib, 'ntfs')]) },
      {},
      'not-on-windows',
    ],
    ['not clean', { guest: guestOf('ntfs', { state: 'dirty' }) }, {}, 'filesystem-dirty'],
    ['hibernated', { guest: guestOf('ntfs', { isHibernated: true }) }, {}, 'filesystem-hibernated'],
    ['--gpt', ntfs, { toGpt: true, partition: 2 }, 'not-on-windows'],
    ['--move', ntfs, { isMoving: true, partition: 2 }, 'not-on-windows'],
    ['--luks', ntfs, { isLuks: true }, 'not-on-windows'],
    ['attached', { ...ntfs, already: String.raw`\\.\PhysicalDrive3` }, {}, 'already-attached'],
    ['more than a VHDX has', ntfs, { size: 65 * 1024 ** 4 }, 'size-unsupported'],
  ])('refused: %s', (_why, facts, asked, id) => {
    const made = grow({ ...onWindows('hyper-v'), ...facts }, asked)
    expect(made.kind).toBe('refusal')
    expect(idsOf(made)).toContain(id)
  })

  test.each(['bitlocker', 'lvm2', 'luks2', 'storage-spaces'] as const)('refused: what is in %s', (type) => {
    const place = { start: gib, length: 9 * gib - mib }
    const volume = {
      ...place,
      type,
      sure: 'consistent',
      label: null,
      uuid: null,
      group: null,
      members: [],
      notes: [],
    } as const
    const guest = guestWith({ partitions: guestOf('ntfs').table.partitions }, [], { volumes: [volume] })
    const id = type === 'bitlocker' ? 'volume-locked' : 'not-on-windows'
    for (const make of [grow, shrink]) {
      const made = make({ ...onWindows('hyper-v'), guest }, { partition: 2 })
      expect(idsOf(made)).toContain(id)
      expect(made.kind === 'refusal' && made.problems.every(({ remedy }) => remedy !== '')).toBe(true)
    }
  })

  test('without rights, modules or PowerShell the container alone is offered, and changed', () => {
    const plain = onWindows('hyper-v', { isRoot: false })
    const unasked = onWindows(null, { windows: { by: null, unasked: 'it is gone' } })
    for (const [facts, id] of [
      [plain, 'not-elevated'],
      [onWindows(null), 'no-way'],
      [unasked, 'no-way'],
    ] as const) {
      const made = grow({ ...facts, ...ntfs })
      expect(idsOf(made)).toEqual([id])
      expect(made.kind === 'refusal' && made.problems[0]?.remedy).toContain('--partition none')
      expect(grow({ ...facts, ...ntfs }, { partition: 'none' }).kind).toBe('plan')
      expect(idsOf(shrink({ ...facts, ...ntfs }))).toEqual([id])
    }
  })

  test('what lies behind a partition is moved on Linux alone, and that is said', () => {
    const made = grow({ ...onWindows('hyper-v'), ...ntfs }, { partition: 1 })
    expect(idsOf(made)).toEqual(['no-room-behind'])
    expect(made.kind === 'refusal' && made.problems[0]?.remedy).toContain('Linux host with --move')
  })

  test('by files is for Linux', () => {
    expect(idsOf(shrink({ ...onWindows('hyper-v'), ...ntfs }, { byFiles: true }))).toContain('not-on-windows')
  })
})

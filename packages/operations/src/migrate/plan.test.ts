import { describe, expect, test } from 'vitest'
import { guestProblem } from '@varve/core/guest/guest-problem'
import type { GuestContents } from '@varve/core/guest/guest-contents'
import type { ImageReport } from '@varve/core/image/image-report'
import { migrationPreflightRules } from '@varve/core/rules/migration-preflight'
import type { MigrateFacts, MigrateOptions } from '@varve/core/rules/migrate-facts'
import { toPlanView } from '../plans/plan-view.ts'
import { migrateCommands } from './commands.ts'
import { planMigrate as plan } from './plan.ts'

const places = { source: { library: 'images', name: 'web01.vmdk' }, reading: {}, accepted: [] }

/** The plan as people see it. */
function planMigrate(facts: MigrateFacts) {
  const commands = migrateCommands(facts)
  return toPlanView(plan(facts, places), ({ id }) => ({
    argv: [],
    native: (commands[id] ?? '').replace(/^native: /u, ''),
  }))
}

const GiB = 1024 ** 3
const place = {
  filesystem: 'xfs',
  mountPoint: '/srv',
  free: 100 * GiB,
  total: 200 * GiB,
  copyOnWrite: true,
  media: null,
}

const report: ImageReport = {
  path: '/srv/north/web01.vmdk',
  format: 'vmdk',
  subformat: 'monolithicSparse',
  virtualSize: 40 * GiB,
  fileSize: 19 * GiB,
  allocated: 19 * GiB,
  chain: [],
  layers: [],
  guest: null,
  allocation: {
    cellSize: GiB,
    data: '',
    zero: '',
    reclaimable: null,
    dataBytes: 18.125 * GiB,
    zeroBytes: 0,
    absentBytes: 21.875 * GiB,
  },
  reclaimable: null,
  reclaim: [],
  snapshots: [],
  details: {},
  place,
  problems: [],
}

function guest(change: Partial<GuestContents>): GuestContents {
  const table = {
    kind: 'none',
    sure: 'consistent',
    sectorSize: 512,
    id: null,
    partitions: [],
    notes: [],
  } as const
  return { table, volumes: [], filesystems: [], problems: [], ...change }
}

interface Change {
  readonly report?: Partial<ImageReport>
  readonly source?: Partial<MigrateFacts['source']>
  readonly target?: Partial<MigrateFacts['target']>
  readonly options?: Partial<MigrateOptions>
}

function facts(change: Change = {}): MigrateFacts {
  return {
    source: {
      host: 'north',
      connected: true,
      inUseBy: null,
      ...change.source,
      report: { ...report, ...change.report },
    },
    target: {
      host: 'south',
      connected: true,
      library: 'images',
      libraryPath: '/srv/south',
      place,
      nameIsFree: true,
      writable: true,
      ...change.target,
    },
    options: {
      name: 'web01.qcow2',
      format: 'qcow2',
      subformat: null,
      compression: 'none',
      ...change.options,
    },
  }
}

const lvm = {
  kind: 'lvm',
  group: 'pve',
  parent: '',
  unit: 4 * 1024 ** 2,
  pools: [
    { name: 'data', free: 30 * GiB },
    { name: 'small', free: GiB },
  ],
  fault: null,
} as const
const zfs = { kind: 'zfs', group: 'tank', parent: 'vms/', unit: 16 * 1024, pools: [], fault: null } as const
const fault = { reason: 'only root makes and removes volumes', remedy: 'Run it as root.' }

/** Into a thick volume of LVM, changed. */
function intoLvm({ target = {}, options = {} }: Change = {}): Change {
  return {
    target: { libraryPath: '/dev/pve', writable: false, volumes: lvm, ...target },
    options: { name: 'web01', format: 'raw', ...options },
  }
}

function problemsOf(change: Change) {
  const plan = planMigrate(facts(change))
  return plan.kind === 'plan' ? plan.warnings : plan.problems
}

describe('the plan of a migration', () => {
  test.each([
    ['vmdk', 'twoGbMaxExtentSparse', 'web01.vmdk'],
    ['parallels', 'bundle', 'web01.hdd'],
  ] as const)('%s %s: several files, staged in a hidden folder', (format, subformat, name) => {
    const options = { format, subformat, name }
    const plan = planMigrate(facts({ options }))
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    const ofKind = plan.steps.filter(({ id }) => ['pull', 'verify', 'publish'].includes(id))
    const commands = migrateCommands(facts({ options }))
    expect(ofKind.map(({ id, does }) => ({ id, does, command: commands[id] }))).toMatchSnapshot()
  })

  test('is nine steps of one layer each', () => {
    const plan = planMigrate(facts())
    if (plan.kind === 'refusal') throw new Error('refused')
    expect(plan.summary).toBe('Migrate 18.1 GiB to south')
    expect(plan.estimate).toEqual({ bytes: 18.125 * GiB, seconds: 200 })
    expect(plan.warnings).toEqual([])
    expect(
      plan.steps.map(({ id, layer, host, pointOfNoReturn }) => [id, layer, host, pointOfNoReturn]),
    ).toEqual([
      ['pre-flight', 'all', 'controller', false],
      ['export', 'L3', 'north', false],
      ['measure', 'L2', 'south', false],
      ['pull', 'L2', 'south', false],
      ['verify', 'L3', 'south', false],
      ['digest', 'L3', 'north', false],
      ['close', 'L3', 'north', false],
      ['compare', 'L3', 'controller', false],
      ['publish', 'L1', 'south', true],
    ])
  })

  test('digests the source beside the copy, and publishes after both', () => {
    const made = plan(facts(), places)
    if (made.kind === 'refusal') throw new Error('refused')
    expect(Object.fromEntries(made.steps.map(({ id, after }) => [id, after]))).toMatchObject({
      digest: ['export'],
      close: ['verify', 'digest'],
      compare: ['close'],
      publish: ['compare'],
    })
  })

  test('as people read it', () => {
    expect(planMigrate(facts({ options: { compression: 'zstd' } }))).toMatchSnapshot()
  })

  test.each([
    [{ format: 'vhd', subformat: 'fixed' }, '-f raw -O vpc -o subformat=fixed nbd:'],
    [{ format: 'vdi', subformat: 'fixed' }, '-f raw -O vdi -o static=on nbd:'],
    [{ format: 'vdi', subformat: 'dynamic' }, '-f raw -O vdi nbd:'],
    [{ format: 'vmdk', subformat: 'streamOptimized' }, '-f raw -O vmdk -o subformat=streamOptimized nbd:'],
  ] as const)('%j by hand', (options, command) => {
    const plan = planMigrate(facts({ options: { ...options, name: `web01.${options.format}` } }))
    if (plan.kind === 'refusal') throw new Error('refused')
    const pull = plan.steps.find(({ id }) => id === 'pull')
    expect(pull?.command).toContain(command)
    expect(pull?.title).toBe(`Pull and write ${options.format} ${options.subformat}`)
  })

  test('quotes paths as a shell needs it', () => {
    const plan = planMigrate(facts({ report: { path: "/srv/it's; rm -rf /.vmdk" } }))
    if (plan.kind === 'refusal') throw new Error('refused')
    expect(plan.steps[1]?.command).toContain(`'/srv/it'\\''s; rm -rf /.vmdk'`)
  })

  test('without an allocation summary estimates nothing', () => {
    const plan = planMigrate(facts({ report: { allocation: null } }))
    expect(plan).toMatchObject({
      kind: 'plan',
      summary: 'Migrate 19.0 GiB to south',
      estimate: { bytes: null, seconds: null },
    })
  })

  test('of a Windows host is published by calls and commands of Windows', () => {
    const plan = planMigrate(facts({ target: { libraryPath: 'D:\\VM images' } }))
    const publish = plan.kind === 'plan' && plan.steps.find(({ id }) => id === 'publish')
    expect(publish).toMatchObject({
      command: expect.stringMatching(
        /MoveFileExW.*Move-Item -LiteralPath 'D:\\VM images\\\.\S+\.part' -Destination 'D:\\VM images\\\S+'$/u,
      ),
    })
  })

  test('has ids of rules that are unique', () => {
    const ids = migrationPreflightRules.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

const broken = {
  id: 'parent-missing',
  severity: 'block',
  layer: 'L2',
  file: '/srv/north/base.qcow2',
  message: 'gone',
  remedy: 'put it back',
} as const

describe('into a volume', () => {
  const stepsOf = (change: Change) => {
    const made = plan(facts(change), places)
    if (made.kind === 'refusal') throw new Error(made.problems.map(({ message }) => message).join(', '))
    return made.steps
  }

  test('it is made under a name of its own, written, proven and named at last', () => {
    const steps = stepsOf(intoLvm({ options: { thinPool: 'data' } }))
    expect(steps.map(({ id, action, after }) => `${id} ${action} < ${after.join(' ')}`)).toEqual([
      'pre-flight check-again < ',
      'export export < pre-flight',
      'measure measure-volume < export',
      'make make-volume < measure',
      'pull pull-volume < make',
      'verify prove-volume < pull',
      'digest digest < export',
      'close close-source < verify digest',
      'compare compare-digests < close',
      'publish name-volume < compare',
    ])
    expect(steps.find(({ id }) => id === 'make')?.input).toMatchObject({
      volume: { kind: 'lvm', group: 'pve', volume: 'web01' },
      pool: 'data',
      size: 40 * GiB,
    })
  })

  test('of a disk whose size is not known yet it is as large as that is measured', () => {
    const packed = {
      id: 'packed-image',
      severity: 'info',
      layer: 'L1',
      file: null,
      message: '',
      remedy: '',
    } as const
    const change = { ...intoLvm(), report: { virtualSize: null, problems: [packed] } }
    const make = stepsOf(change).find(({ id }) => id === 'make')
    expect(make?.input).toMatchObject({ size: { $from: 'measure', field: 'size' } })
    const shown = planMigrate(facts(change))
    expect(shown.kind === 'plan' && shown.steps[3]?.does).toMatch(/^Makes a volume in pve,/u)
  })

  test('of ZFS it lies below the dataset of the library', () => {
    const [make] = stepsOf(intoLvm({ target: { volumes: zfs }, options: { sparse: true } })).slice(3)
    expect(make?.input).toMatchObject({
      volume: { kind: 'zfs', group: 'tank', volume: 'vms/web01' },
      sparse: true,
    })
  })

  test('thin it needs room for its data alone; that it is larger than the disk is told', () => {
    const free = { ...place, free: GiB }
    const odd = { virtualSize: 40 * GiB + 512 }
    const thin = intoLvm({ target: { place: free }, options: { thinPool: 'data' } })
    expect(problemsOf({ ...thin, report: odd }).map(({ id }) => id)).toEqual(['volume-larger'])
  })

  test('each step shows its command', () => {
    for (const options of [{}, { thinPool: 'data' }]) {
      const shown = planMigrate(facts(intoLvm({ options })))
      expect(shown.kind === 'plan' && shown.steps.map(({ command }) => command)).toMatchSnapshot()
    }
    const zvol = planMigrate(facts(intoLvm({ target: { volumes: zfs }, options: { sparse: true } })))
    expect(zvol.kind === 'plan' && zvol.steps.map(({ command }) => command)).toMatchSnapshot()
  })
})

describe('a migration is refused when', () => {
  test.each<[string, Change]>([
    ['parent-missing', { report: { problems: [broken] } }],
    ['source-host-offline', { source: { connected: false } }],
    ['target-host-offline', { target: { connected: false } }],
    ['source-size-unknown', { report: { virtualSize: null } }],
    ['same-file', { target: { host: 'north', libraryPath: '/srv/north' }, options: { name: 'web01.vmdk' } }],
    ['target-name-taken', { target: { nameIsFree: false } }],
    [
      'target-name-not-for-windows',
      { target: { libraryPath: 'D:\\Images' }, options: { name: 'aux.qcow2' } },
    ],
    ['target-not-writable', { target: { writable: false } }],
    ['target-format-unsupported', { options: { format: 'asif', name: 'web01.asif' } }],
    [
      'target-format-limit',
      { report: { virtualSize: 80 * 1024 * GiB }, options: { format: 'vhdx', name: 'web01.vhdx' } },
    ],
    [
      'target-format-limit',
      { report: { virtualSize: GiB + 100 }, options: { format: 'vdi', name: 'a.vdi' } },
    ],
    [
      'target-format-limit',
      { report: { virtualSize: 20 * 1024 * GiB }, options: { format: 'parallels', name: 'a.hds' } },
    ],
    ['target-kind-unsupported', { options: { format: 'vmdk', name: 'web01.vmdk', subformat: 'vmfsSparse' } }],
    ['target-kind-unsupported', { options: { subformat: 'fixed' } }],
    ['compression-unsupported', { options: { format: 'raw', name: 'web01.raw', compression: 'zlib' } }],
    ['target-space', { target: { place: { ...place, free: 18 * GiB } } }],
    [
      'target-space',
      {
        target: { place: { ...place, free: 31 * GiB } },
        options: { format: 'vhd', subformat: 'fixed', name: 'web01.vhd' },
      },
    ],
    ['target-file-too-large', { target: { place: { ...place, filesystem: 'vfat' } } }],
    ['target-not-writable', intoLvm({ target: { volumes: { ...lvm, fault } } })],
    ['target-volume', intoLvm({ options: { name: 'a b' } })],
    ['target-volume', intoLvm({ options: { name: 'varve-new-1' } })],
    ['target-volume', intoLvm({ options: { thinPool: 'other' } })],
    ['target-volume', intoLvm({ options: { sparse: true } })],
    ['target-volume', intoLvm({ target: { volumes: zfs }, options: { thinPool: 'data' } })],
    ['target-volume', { options: { thinPool: 'data' } }],
    ['target-volume', { options: { sparse: true } }],
    ['target-volume-holds-raw', intoLvm({ options: { format: 'qcow2' } })],
    ['target-space', intoLvm({ target: { place: { ...place, free: 39 * GiB } } })],
    ['target-space', intoLvm({ options: { thinPool: 'small' } })],
  ])('%s', (id, change) => {
    const plan = planMigrate(facts(change))
    expect(plan.kind).toBe('refusal')
    const found = problemsOf(change).filter((problem) => problem.severity === 'block')
    expect(found.map((problem) => problem.id)).toContain(id)
    for (const { message, remedy } of found) expect([message, remedy]).not.toContain('')
  })
})

describe('a migration warns of', () => {
  const volume = {
    start: 0,
    length: GiB,
    type: 'luks2',
    sure: 'signature',
    label: null,
    uuid: null,
    group: null,
    members: [],
    notes: [],
  } as const
  const ntfs = { type: 'NTFS', label: null, start: 0 }
  const snapshot = { id: '1', name: 'before', takenAt: '', virtualSize: null, stateSize: 0 }
  test.each<[string, 'warn' | 'info', Change]>([
    ['odd-size', 'warn', { report: { virtualSize: 1000 }, options: { format: 'raw', name: 'web01.raw' } }],
    [
      'size-not-whole-mib',
      'info',
      {
        report: { virtualSize: GiB + 512 },
        options: { format: 'vhd', subformat: 'fixed', name: 'web01.vhd' },
      },
    ],
    ['extension-mismatch', 'warn', { options: { name: 'web01.vmdk' } }],
    ['snapshots-lost', 'warn', { report: { snapshots: [snapshot] } }],
    [
      'filesystem-dirty',
      'warn',
      { report: { problems: [guestProblem('filesystem-dirty', '/srv/north/web01.vmdk', ntfs)] } },
    ],
    [
      'filesystem-hibernated',
      'warn',
      { report: { problems: [guestProblem('filesystem-hibernated', '/srv/north/web01.vmdk', ntfs)] } },
    ],
    ['encryption-noticed', 'info', { report: { guest: guest({ volumes: [volume] }) } }],
    [
      'target-space',
      'warn',
      { target: { place: { ...place, free: 18 * GiB } }, options: { compression: 'zstd' } },
    ],
  ])('%s', (id, severity, change) => {
    expect(planMigrate(facts(change)).kind).toBe('plan')
    expect(problemsOf(change)).toMatchObject([{ id, severity }])
  })
})

test('a source that others may write to asks for a word by name, and says which file it is', () => {
  const change = { source: { inUseBy: 'qemu-system-x86 (process 42)', inUseFile: '/srv/north/base.qcow2' } }
  expect(planMigrate(facts(change)).kind).toBe('plan')
  expect(problemsOf(change)).toMatchObject([
    { id: 'in-use', severity: 'warn', asks: true, layer: 'L1', file: '/srv/north/base.qcow2' },
  ])
  expect(problemsOf(change)[0]?.message).toMatch(/qemu-system-x86 \(process 42\).+ after a crash .+ fails/u)
})

describe('a migration does not mind', () => {
  test.each<[string, Change]>([
    ['a name without an extension', { options: { name: 'web01' } }],
    ['a fixed VHD of whole MiB', { options: { format: 'vhd', subformat: 'fixed', name: 'web01.vhd' } }],
    [
      'sectors beyond whole MiB where nobody does',
      {
        report: { virtualSize: 32 * GiB + 512 },
        options: { format: 'vhd', subformat: 'dynamic', name: 'web01.vhd' },
      },
    ],
    ['a library that was not scanned yet', { target: { nameIsFree: null } }],
    ['free space that is not known', { target: { place: { ...place, free: null } } }],
    [
      'the same path on another host',
      { target: { libraryPath: '/srv/north' }, options: { name: 'web01.vmdk.qcow2' } },
    ],
    [
      'warnings of the report that are not blocking',
      { report: { problems: [{ ...broken, severity: 'info' }] } },
    ],
  ])('%s', (_, change) => {
    expect(problemsOf(change)).toEqual([])
  })
})

describe('a guest of 4,096-byte sectors', () => {
  const wide = guest({
    table: { kind: 'gpt', sure: 'consistent', sectorSize: 4096, id: null, partitions: [], notes: [] },
  })
  test.each([
    ['vhdx', null, null],
    ['qcow2', null, 'warn'],
    ['raw', null, 'warn'],
    ['vmdk', 'monolithicSparse', 'warn'],
    ['vdi', null, 'warn'],
    ['vhd', 'dynamic', 'warn'],
    ['vhd', 'fixed', 'block'],
    ['vmdk', 'streamOptimized', 'block'],
    ['ova', null, 'block'],
  ] as const)('to %s %s: %s', (format, subformat, severity) => {
    const found = problemsOf({ report: { guest: wide }, options: { format, subformat } }).find(
      ({ id }) => id === 'sectors-of-4096',
    )
    expect(found?.severity ?? null).toBe(severity)
  })

  test('to VHDX, when the disk has no whole ones: the new image cannot say it', () => {
    const report = { guest: wide, virtualSize: 10 * 1024 ** 3 + 512 }
    const [found] = problemsOf({ report, options: { format: 'vhdx', subformat: null } }).filter(
      ({ id }) => id === 'sectors-of-4096',
    )
    expect(found).toMatchObject({ severity: 'warn', message: expect.stringContaining('says 512') })
  })
})

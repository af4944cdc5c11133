import { recordingTools } from '@varve/agent/testing/recording-tools'
import type { ActionAdapter } from '@varve/agent/actions/adapter'
import { WorkerPool } from '@varve/engine/run/worker-pool'
import { checkedCall } from '@varve/operations/actions/action-table'
import { commandLine } from '@varve/operations/plans/shown'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { linuxActions } from './adapter-table.ts'
import { unheld } from '../testing/unheld.ts'

type LinuxAction = keyof typeof linuxActions

const image = `/-lib/it's "a",\n$(disk).raw`
/** Devices that no kernel has: nothing is done by a tool that is only recorded. */
const loop = { attachment: 'one', image, device: '/dev/loop999999' }
const nbd = { ...loop, device: '/dev/nbd999999' }
const socket = `/run/it's, "a"/one.sock`
const mapped = '/dev/mapper/varve-one-v--g-root'
const folder = `/-mnt/it's "a"\n$(folder)`

/** A volume of a group that no host has. */
const volume = { volume: { kind: 'lvm', group: 'varve-no-group', volume: 'a+b.c' }, staging: 'one' }

/** What is in no command line. */
const secret = Buffer.from('a secret')

/** One input per action that is a tool; an action without one fails the test. */
const samples: Readonly<Record<string, object>> = {
  'attach-by-qemu': { ...nbd, socket, processFile: '/run/one.pid', isReadOnly: true },
  'attach-loop': { ...loop, isReadOnly: true },
  'copy-volume': { ...volume, origin: { volume: { ...volume.volume, volume: 's.1' }, snapshot: null } },
  'extend-volume': { ...volume, size: 8192 },
  'close-luks': { attachment: 'one', mapped: '/dev/mapper/varve-one-luks2' },
  'attach-nbd': { ...nbd, socket, isReadOnly: true },
  'detach-by-qemu': nbd,
  'detach-loop': loop,
  'detach-nbd': nbd,
  'discard-snapshot': { ...volume, name: 'before' },
  'discard-volume': volume,
  'hide-volume': { ...volume, virtualSize: 4096, holds: '0'.repeat(64) },
  'load-module': { module: 'nbd' },
  'make-volume': { ...volume, size: 4096 },
  'hide-from-udev': { attachment: 'one', device: loop.device },
  'map-volume': {
    attachment: 'one',
    device: nbd.device,
    volume: { group: 'v-g', name: 'root' },
    isReadOnly: true,
    pieces: [
      { size: 4194304, chunk: 4194304, stripes: [{ partition: 2, at: 1048576 }] },
      {
        size: 8388608,
        chunk: 65536,
        stripes: [
          { partition: 2, at: 8388608 },
          { partition: null, at: 512 },
        ],
      },
    ],
  },
  'mount-filesystem': {
    attachment: 'one',
    device: loop.device,
    partition: 1,
    folder,
    type: 'ext4',
    options: ['ro', 'noload'],
  },
  'name-volume': { ...volume, virtualSize: 4096, holds: '0'.repeat(64) },
  'remove-snapshot': { volume: { kind: 'zfs', group: 'tank', volume: 'a' }, name: 'before' },
  'remove-volume': { volume: volume.volume, uuid: 'y9Y2m7-sJds-odES-LwsQ-2InE-8z8K-QISXHK' },
  'snapshot-volume': { ...volume, name: 'before' },
  'open-luks': { attachment: 'one', device: nbd.device, partition: 2, isReadOnly: true },
  'read-partitions': loop,
  'remove-mapping': { attachment: 'one', mapped },
  'unmount-folder': { attachment: 'one', device: loop.device, folder },
}

const place = { image, device: loop.device, partition: 1 }
const swap = { uuid: '5fa21a55-f394-4a4d-9958-1951a67d5540', label: 'its "swap"', pageSize: 4096 }

const uuid = '5fa21a55-f394-4a4d-9958-1951a67d5540'
const ext4 = {
  kind: 'ext',
  label: `-it's "a"`,
  blockSize: 4096,
  inodeSize: 256,
  clusterSize: null,
  inodes: 65_536,
  usedInodes: 20_000,
  features: ['has_journal', 'extent', 'metadata_csum'],
  reservedShare: 0.05,
  errors: 'remount-ro',
  mountOptions: 0x2c,
  journalBytes: 64 * 1024 ** 2,
  stride: 16,
  stripeWidth: 32,
  ownBytes: 80 * 1024 ** 2,
  unmade: [],
  unkept: [],
  hasQuotas: false,
}
const xfs = {
  kind: 'xfs',
  label: '-"x"',
  blockSize: 4096,
  sectorSize: 512,
  inodeSize: 512,
  folderBlockSize: 4096,
  inodeShare: 25,
  stripeUnit: 0,
  stripeWidth: 0,
  logBytes: 10 * 1024 ** 2,
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
const sizes = { uuid, size: 1024 ** 3, before: 2 * 1024 ** 3 }
const old = {
  ...xfs,
  label: null,
  sectorSize: 4096,
  stripeUnit: 65_536,
  stripeWidth: 262_144,
  features: { ...xfs.features, crc: false, ftype: false, ci: true, reflink: false, bigtime: false },
}

/** Actions whose tools depend on what they work on. */
const steps: readonly (readonly [name: LinuxAction, input: object])[] = [
  ['relocate-table', { disk: image, name: image }],
  [
    'convert-table',
    {
      disk: image,
      name: image,
      partitions: [
        {
          index: 5,
          start: 1024 ** 2,
          length: 1024 ** 2,
          type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
          isActive: true,
        },
      ],
    },
  ],
  ['resize-partition', { disk: image, partition: 2, start: 1024 ** 2, end: 3 * 1024 ** 2, name: image }],
  [
    'place-partition',
    { disk: image, partition: 3, from: 0, length: 1024 ** 2, to: 9 * 1024 ** 2, name: image },
  ],
  ...(['ext4', 'xfs', 'btrfs', 'ntfs'] as const).flatMap((type) => [
    ['check-filesystem', { ...place, type, when: 'before' }] as const,
    ['resize-filesystem', { ...place, type, size: null }] as const,
  ]),
  ['resize-filesystem', { ...place, type: 'swap', size: null, swap }],
  ['resize-filesystem', { ...place, type: 'ext2', size: 1024 ** 3 }],
  ['make-filesystem', { ...place, ...sizes, type: 'ext4', recipe: ext4, version: null }],
  [
    'make-filesystem',
    {
      ...place,
      ...sizes,
      type: 'ext2',
      recipe: { ...ext4, label: null, clusterSize: 65_536, features: ['ext_attr'], mountOptions: 0x60 },
      version: null,
    },
  ],
  ...([null, [5, 0], [6, 1], [6, 13]] as const).map(
    (version) => ['make-filesystem', { ...place, ...sizes, type: 'xfs', recipe: xfs, version }] as const,
  ),
  ['make-filesystem', { ...place, ...sizes, type: 'xfs', recipe: old, version: [6, 1] }],
  ...(['ext4', 'xfs'] as const).map(
    (type) =>
      [
        'copy-guest-files',
        {
          image,
          type,
          from: { device: loop.device, partition: 1 },
          to: { device: '/dev/loop999998', partition: null },
        },
      ] as const,
  ),
  ['shrink-physical', { ...place, volume: { group: 'v-g', name: 'root' }, size: 1024 ** 3 }],
  ['shrink-physical', { ...place, over: mapped, volume: { group: 'v-g', name: 'root' }, size: 1024 ** 3 }],
]

const adapters = await Promise.all(
  Object.entries(linuxActions).map(async ([name, load]) => [name, (await load()) as ActionAdapter] as const),
)
const ofTools = adapters.filter(([, { tools }]) => tools.length > 0)

test.skipIf(process.platform !== 'linux').each(steps)(
  'what %s shows for %j is what it runs',
  async (name, sample) => {
    await using pool = new WorkerPool()
    const adapter = (await linuxActions[name]()) as ActionAdapter
    const { input } = checkedCall({ action: name, input: sample })
    const tools = recordingTools({ stdout: '' })
    const signal = new AbortController().signal
    const ports = { roots: null, tools, pool, findWriters: null, holdDevice: unheld }
    await adapter.run(input, { ports, signal, onProgress: () => {} })
    const { argv, stdin, native } = adapter.command(input)
    if (native === undefined) expect(tools.commands).toEqual([{ argv, stdin }])
    else expect(native).toBe(tools.commands.map((one) => commandLine({ argv: one.argv })).join(', then '))
    expect(native ?? { argv, stdin }).toMatchSnapshot()
  },
)

/** What measures, and what its tools say. */
const measured: readonly (readonly [type: string, stdout: string, minimum: number])[] = [
  ['ext4', 'Estimated minimum size of the filesystem: 18070\n', 18_070 * 1024],
  ['ntfs', 'ntfsresize v2022.10.3 (libntfs-3g)\nMinsize (in MB): 3\n', 3_000_000],
  ['btrfs', '105906176 bytes (101.00MiB)\n', 105_906_176],
]

test.skipIf(process.platform !== 'linux').each(measured)(
  'what measure-minimum shows for %s is what it runs, and what the tool says is what it takes',
  async (type, stdout, minimum) => {
    await using pool = new WorkerPool()
    const adapter = (await linuxActions['measure-minimum']()) as ActionAdapter
    const size = { start: 1024 ** 2, length: 1024 ** 3, behind: 16_896 }
    const sample = { ...place, type, place: size, blockSize: 1024, disk: null }
    const { input } = checkedCall({ action: 'measure-minimum', input: sample })
    const context = { signal: new AbortController().signal, onProgress: () => {} }
    const tools = recordingTools({ stdout })
    const ports = { roots: null, tools, pool, findWriters: null, holdDevice: unheld }
    expect(await adapter.run(input, { ports, ...context })).toMatchObject({ minimum })
    const { argv } = adapter.command(input)
    expect(tools.commands).toEqual([{ argv, stdin: undefined }])
    expect(argv).toMatchSnapshot()
    const silent = { ...ports, tools: recordingTools({ stdout: 'words\n' }) }
    await expect(adapter.run(input, { ports: silent, ...context })).rejects.toMatchObject({
      code: 'tool-failed',
    })
  },
)

test('every action of Linux that is a tool has a sample here', () => {
  expect(ofTools.map(([name]) => name).sort()).toEqual(Object.keys(samples).sort())
})

test.skipIf(process.platform !== 'linux').each(ofTools)(
  'what %s shows is what it runs',
  async (name, adapter) => {
    await using place = await tempPlace()
    await using pool = new WorkerPool()
    const { input } = checkedCall({ action: name, input: samples[name] })
    const tools = recordingTools({ stdout: '' })
    const running = adapter.run(input, {
      ports: { roots: null, tools, pool, findWriters: null, secret, runtimeFolder: place.path },
      signal: new AbortController().signal,
      onProgress: () => {},
    })
    // The kernel shows that nothing was done, unless nothing was to be left.
    await running.catch((error: unknown) =>
      expect(error).toMatchObject({ code: 'tool-failed', details: { exitCode: 0 } }),
    )
    const shown = adapter.command(input)
    expect(shown.native).toBeUndefined()
    expect(tools.commands).toEqual([{ argv: shown.argv, stdin: name === 'open-luks' ? secret : undefined }])
    expect(JSON.stringify([shown, input])).not.toContain('secret')
    expect(shown.argv).toMatchSnapshot()
  },
)

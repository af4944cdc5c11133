import { describe, expect, test } from 'vitest'
import type { ImageFacts } from '../image/image-facts.ts'
import type { HostPlace } from '../image/image-files.ts'
import { layerNumbers } from '../problems/layer-number.ts'
import { describeContents } from '../scan/describe-contents.ts'
import { describeLayers, findLayerProblems, type LayerFindings } from './describe-layers.ts'
import type { FilesystemFinding, GuestContents, Partition, VolumeFinding } from '../guest/guest-contents.ts'
import type { ChainLink } from '../image/image-report.ts'

const mib = 1024 * 1024
const gib = 1024 * mib

const facts: ImageFacts = {
  format: 'vmdk',
  subformat: 'monolithicSparse',
  virtualSize: 32 * gib,
  clusterSize: 65_536,
  identity: { kind: 'none' },
  parent: null,
  parts: [],
  snapshots: [],
  details: {},
  problems: [],
}

const link = (path: string): ChainLink => ({
  path,
  format: 'vmdk',
  subformat: null,
  virtualSize: 32 * gib,
  fileSize: 18 * gib,
  allocated: 18 * gib,
  clusterSize: 65_536,
  identity: { kind: 'none' },
})

const place: HostPlace = {
  filesystem: 'xfs',
  mountPoint: '/srv/images',
  free: 412 * gib,
  total: 900 * gib,
  copyOnWrite: false,
  media: 'NVMe SSD, 1.9 TiB',
}

const partition = (
  index: number,
  start: number,
  length: number,
  said: Partial<Partition> = {},
): Partition => ({
  index,
  start,
  length,
  type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  typeName: 'Linux root (x86-64)',
  name: null,
  uuid: null,
  bootable: false,
  role: 'primary',
  ...said,
})

const filesystem = (
  start: number,
  length: number,
  said: Partial<FilesystemFinding> = {},
): FilesystemFinding => ({
  start,
  length,
  type: 'ext4',
  sure: 'consistent',
  label: null,
  uuid: null,
  size: length,
  used: null,
  free: null,
  blockSize: 4096,
  state: 'clean',
  notes: [],
  freeByRegion: [],
  ...said,
})

const volume = (said: Partial<VolumeFinding>): VolumeFinding => ({
  start: mib,
  length: 30 * gib,
  type: 'lvm2',
  sure: 'consistent',
  label: null,
  uuid: null,
  group: null,
  members: [],
  notes: [],
  ...said,
})

const esp = { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', typeName: 'EFI system' }

const guest: GuestContents = {
  table: {
    kind: 'gpt',
    sure: 'consistent',
    sectorSize: 512,
    id: null,
    partitions: [
      partition(1, mib, 512 * mib, esp),
      partition(2, 513 * mib, 29 * gib),
      partition(3, 513 * mib + 29 * gib, gib, { typeName: 'Linux swap' }),
    ],
    notes: ['both copies agree'],
  },
  volumes: [],
  filesystems: [
    filesystem(mib, 512 * mib, { type: 'fat32', used: 6 * mib, free: 506 * mib }),
    filesystem(513 * mib, 29 * gib, {
      label: 'root',
      used: 11.8 * gib,
      free: 17.2 * gib,
      notes: ['last mounted on /'],
    }),
    filesystem(513 * mib + 29 * gib, gib, { type: 'swap', state: 'unknown' }),
  ],
  problems: [],
}

const findings: LayerFindings = {
  path: '/srv/images/web01.vmdk',
  facts,
  chain: [link('/srv/images/web01.vmdk'), link('/srv/images/base.vmdk')],
  guest,
  allocation: {
    cellSize: 16 * mib,
    data: '',
    zero: '',
    reclaimable: '',
    dataBytes: 18.1 * gib,
    zeroBytes: 0,
    absentBytes: 13.9 * gib,
  },
  reclaimable: 6.3 * gib,
  place,
  fileSize: 20 * gib,
  allocated: 18.3 * gib,
}

const layer = (given: LayerFindings, number: string) => {
  const found = describeLayers(given).find((report) => report.layer === number)
  if (!found) throw new Error(`${number} is missing`)
  return found
}

test('always eight, guest files first', () => {
  for (const given of [findings, { ...findings, guest: null, allocation: null, reclaimable: null }]) {
    expect(describeLayers(given).map((report) => report.layer)).toEqual([...layerNumbers])
  }
})

test('the summaries of a whole stack', () => {
  expect(describeLayers(findings).map(({ layer: number, sure, summary }) => [number, sure, summary])).toEqual(
    [
      ['L7', 'unknown', 'not looked at'],
      ['L6', 'read', 'FAT32, ext4, swap · clean · 6.30 GiB free here is still allocated below'],
      ['L5', 'none', 'none: filesystems sit directly on partitions'],
      ['L4', 'read', 'GPT, both copies agree · 3 partitions · 1 MiB aligned · boots by UEFI'],
      ['L3', 'read', '32 GiB · 512 B sectors'],
      ['L2', 'read', 'VMDK monolithicSparse · 64 KiB grains · 18.1 GiB allocated · 2 layers in the chain'],
      [
        'L1',
        'told',
        'xfs on /srv/images · file 20.0 GiB, 18.3 GiB on disk · 412 GiB free · no copy-on-write',
      ],
      ['L0', 'told', 'NVMe SSD, 1.9 TiB'],
    ],
  )
})

describe('bands', () => {
  test('L6: used, free, swap', () => {
    expect(layer(findings, 'L6').bands).toEqual([
      {
        start: mib,
        length: 512 * mib,
        kind: 'filesystem',
        label: 'FAT32 — 6.00 MiB used',
        used: 6 * mib,
        free: 506 * mib,
      },
      {
        start: 513 * mib,
        length: 29 * gib,
        kind: 'filesystem',
        label: 'ext4 root — 11.8 GiB used',
        used: 11.8 * gib,
        free: 17.2 * gib,
      },
      { start: 513 * mib + 29 * gib, length: gib, kind: 'swap', label: 'swap', used: null, free: null },
    ])
    expect(layer(findings, 'L6').notes).toEqual(['ext4 root: last mounted on /'])
  })

  test('L4: partitions and the gap behind them', () => {
    expect(layer(findings, 'L4').bands.map(({ kind, label }) => [kind, label])).toEqual([
      ['partition', '1 · EFI system · 512 MiB'],
      ['partition', '2 · Linux root (x86-64) · 29.0 GiB'],
      ['partition', '3 · Linux swap · 1.00 GiB'],
      ['gap', '1.50 GiB not partitioned'],
    ])
  })

  test('L4: partitions out of order, overlapping or beyond the disk stay on the axis', () => {
    const partitions = [
      partition(1, 20 * gib, 8 * gib),
      partition(2, 10 * gib, 12 * gib),
      partition(3, 30 * gib, 90 * gib),
      partition(4, 100 * gib, gib),
    ]
    const { bands } = layer({ ...findings, guest: { ...guest, table: { ...guest.table, partitions } } }, 'L4')
    expect(bands.map(({ kind, start, length }) => [kind, start / gib, length / gib])).toEqual([
      ['gap', 0, 10],
      ['partition', 10, 12],
      ['partition', 20, 8],
      ['gap', 28, 2],
      ['partition', 30, 2],
    ])
  })

  test('L5: logical volumes where they lie', () => {
    const members = [
      {
        name: 'root',
        length: 3 * gib,
        segments: [
          { start: gib, length: gib },
          { start: 9 * gib, length: 2 * gib },
        ],
      },
      { name: 'home', length: 5 * gib, segments: [{ start: 2 * gib, length: 5 * gib }] },
    ]
    const lvm = {
      ...guest,
      volumes: [volume({ group: 'vg0', members })],
      filesystems: [filesystem(gib, 3 * gib, { used: gib, free: 2 * gib })],
    }
    const report = layer({ ...findings, guest: lvm }, 'L5')
    expect(report.summary).toBe('LVM vg0: root 3.00 GiB, home 5.00 GiB')
    expect(report.bands.map(({ label, start, length }) => [label, start / gib, length / gib])).toEqual([
      ['root', 1, 1],
      ['home', 2, 5],
      ['root', 9, 2],
    ])
    expect(layer({ ...findings, guest: lvm }, 'L6').bands).toMatchObject([
      { start: gib, length: gib, used: null },
    ])
  })

  test('L1: the file, on its own axis', () => {
    expect(layer(findings, 'L1').bands).toEqual([
      {
        start: 0,
        length: 20 * gib,
        kind: 'file',
        label: 'web01.vmdk',
        used: 18.3 * gib,
        free: 20 * gib - 18.3 * gib,
      },
    ])
  })
})

describe('what is not known is said', () => {
  test('a disk that could not be opened', () => {
    const blind = {
      ...findings,
      guest: null,
      allocation: null,
      reclaimable: null,
      facts: { ...facts, virtualSize: null },
    }
    expect(
      describeLayers(blind)
        .slice(0, 5)
        .map(({ sure }) => sure),
    ).toEqual(Array(5).fill('unknown'))
  })

  test('an encrypted disk', () => {
    const closed = { ...guest, volumes: [volume({ type: 'luks2' })], filesystems: [] }
    expect(layer({ ...findings, guest: closed }, 'L6')).toMatchObject({
      sure: 'unknown',
      summary: 'hidden inside LUKS2',
    })
  })

  test('a host that tells nothing', () => {
    const silent = {
      filesystem: null,
      mountPoint: null,
      free: null,
      total: null,
      copyOnWrite: null,
      media: null,
    }
    const given = { ...findings, place: silent, allocated: null }
    expect(layer(given, 'L0').sure).toBe('unknown')
    expect(layer(given, 'L1')).toMatchObject({
      summary: 'file 20.0 GiB',
      bands: [{ used: null, free: null }],
    })
  })

  test('a blank disk', () => {
    const table = { ...guest.table, kind: 'none' as const, partitions: [], notes: [] }
    const blank = { ...guest, table, filesystems: [] }
    expect(layer({ ...findings, guest: blank }, 'L6')).toMatchObject({ sure: 'none' })
    expect(layer({ ...findings, guest: blank }, 'L4').summary).toBe('none found')
    expect(layer({ ...findings, guest: { ...blank, filesystems: [filesystem(0, gib)] } }, 'L4').summary).toBe(
      'none: the disk is not partitioned',
    )
  })
})

describe('findings about how the layers fit', () => {
  const ids = (given: LayerFindings) => findLayerProblems(given).map(({ id }) => id)

  test('discards that stop, from a tenth of what is allocated', () => {
    expect(ids(findings)).toEqual(['discards-stopped'])
    expect(ids({ ...findings, reclaimable: 1.8 * gib })).toEqual([])
    expect(ids({ ...findings, reclaimable: null })).toEqual([])
  })

  test('copy-on-write at L1 and L2', () => {
    const given = {
      ...findings,
      reclaimable: null,
      place: { ...place, filesystem: 'btrfs', copyOnWrite: true },
    }
    expect(ids(given)).toEqual(['stacked-copy-on-write'])
    const alone = { ...given, facts: { ...facts, format: 'qcow2' as const }, chain: given.chain.slice(0, 1) }
    expect(ids(alone)).toEqual(['stacked-copy-on-write'])
    // XFS copies only what is shared, and a file may be one that is written in place.
    expect(ids({ ...alone, place: { ...given.place, filesystem: 'xfs' } })).toEqual([])
    expect(ids({ ...alone, place: { ...given.place, copyOnWrite: false } })).toEqual([])
  })

  test('a VHDX that Hyper-V refuses, as Windows keeps it', () => {
    const here = { ...place, filesystem: 'NTFS', attributes: ['sparse', 'compressed'] as const }
    const given = { ...findings, reclaimable: null, place: here, chain: findings.chain.slice(0, 1) }
    const vhdx = { ...given, facts: { ...facts, format: 'vhdx' as const } }
    expect(findLayerProblems(vhdx)[0]).toMatchObject({
      id: 'not-for-hyper-v',
      severity: 'warn',
      layer: 'L1',
      message: expect.stringContaining('sparse and compressed'),
      remedy: expect.stringContaining('fsutil sparse setflag FILE 0; compact /u FILE'),
    })
    expect(ids({ ...vhdx, place })).toEqual([])
    expect(ids({ ...given, facts: { ...facts, format: 'qcow2' as const } })).toEqual([])
  })

  test('copy-on-write below the filesystem: with a chain, or with a filesystem that copies each write', () => {
    const below = { ...place, filesystem: 'ext4', copyOnWrite: false, copiesBelow: 'thin volume of LVM' }
    const chain = { ...findings, reclaimable: null, place: below }
    const [found] = findLayerProblems(chain)
    expect(found).toMatchObject({ id: 'stacked-copy-on-write', severity: 'info', layer: 'L1' })
    expect(found?.message).toContain('and in the thin volume of LVM below ext4')
    const alone = { ...chain, facts: { ...facts, format: 'qcow2' as const }, chain: chain.chain.slice(0, 1) }
    expect(ids(alone)).toEqual([])
    const zfs = { ...alone, place: { ...below, filesystem: 'btrfs', copiesBelow: 'ZFS volume' } }
    expect(findLayerProblems(zfs)[0]?.message).toContain('the ZFS volume below it does so too')
  })

  test('a raw file without holes', () => {
    const raw = { ...facts, format: 'raw' as const, subformat: null, clusterSize: null }
    const given = {
      ...findings,
      reclaimable: null,
      facts: raw,
      chain: [link('a')],
      fileSize: 32 * gib,
      allocated: 32 * gib,
    }
    expect(ids(given)).toEqual(['raw-without-holes'])
    expect(ids({ ...given, allocated: 20 * gib })).toEqual([])
    expect(ids({ ...given, guest: null })).toEqual([])
  })

  test('each says what, where and what to do', () => {
    const [problem] = findLayerProblems(findings)
    expect(problem).toMatchObject({
      layer: 'L3',
      severity: 'warn',
      file: '/srv/images/web01.vmdk',
      message: '6.30 GiB of 18.1 GiB allocated are free in the guest: its discards do not reach the image',
    })
    expect(problem?.remedy).toContain('fstrim')
  })
})

describe('contents in a few words', () => {
  const none = { ...guest.table, kind: 'none' as const, partitions: [] }
  test.each<[string, GuestContents]>([
    ['GPT · FAT32, ext4, swap', guest],
    ['GPT · no filesystem', { ...guest, filesystems: [] }],
    ['empty', { ...guest, table: none, filesystems: [] }],
    ['ext4', { ...guest, table: none, filesystems: [filesystem(0, gib)] }],
    [
      'LVM, ext4',
      { ...guest, table: none, volumes: [volume({ start: 0 })], filesystems: [filesystem(gib, gib)] },
    ],
    [
      'GPT · APFS',
      {
        ...guest,
        volumes: [volume({ type: 'apfs-container' })],
        filesystems: [filesystem(mib, gib, { type: 'apfs' })],
      },
    ],
    [
      'GPT · ext4, XFS, Btrfs, NTFS, exFAT and 2 more',
      {
        ...guest,
        filesystems: ['ext4', 'xfs', 'btrfs', 'ntfs', 'exfat', 'swap', 'udf', 'ext4'].map((type, i) =>
          filesystem(i * gib, gib, { type }),
        ),
      },
    ],
  ])('%s', (text, contents) => {
    expect(describeContents(contents)).toBe(text)
  })
})

import type { SummaryPart } from '@varve/core/image/image-report'
import { layerLine, warned } from '@varve/core/layers/layer-line'
import { resampleShares } from '@varve/core/scan/shares'
import { layerNumbers } from '@varve/core/problems/layer-number'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow, ImageView } from '@varve/protocol/images'
import type { ProblemView } from '@varve/protocol/primitives'
import type { ImageReportView } from '@varve/protocol/reports'

const GiB = 2 ** 30
const MiB = 2 ** 20

/** A generator of the same numbers each time, so that screenshots can be compared. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

export function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString()
}

export const inventedDigest = '7f3a91c40be2d9847a1ff03c6b51e8d29947c0a3bb16f7e2184dd03a6c915d18'

const tools = [
  {
    name: 'qemu-img',
    version: '7.2.11',
    path: '/usr/bin/qemu-img',
    enables: 'formats without a native reader',
    install: 'apt-get install qemu-utils',
  },
  {
    name: 'nbdinfo',
    version: '1.14.2',
    path: '/usr/bin/nbdinfo',
    enables: 'checking exports by hand',
    install: 'apt-get install libnbd-bin',
  },
  {
    name: 'virsh',
    version: null,
    path: null,
    enables: 'knowing which machine has an image open',
    install: 'apt-get install libvirt-clients',
  },
]

export function inventedHost(name: string, change: Partial<HostView> = {}): HostView {
  return {
    name,
    os: { platform: 'linux', name: 'Debian GNU/Linux 12', kernel: '6.1.0-28-amd64', arch: 'x64' },
    cpus: 8,
    memory: 32 * GiB,
    agentVersion: '0.1.0',
    program: null,
    nodeVersion: '24.21.0',
    capabilities: {
      readFormats: ['raw', 'qcow2', 'vmdk'],
      writeFormats: ['raw', 'qcow2'],
      sparseFiles: true,
      reflink: false,
      nbdExport: true,
      watch: true,
    },
    tools,
    state: 'connected',
    since: ago(4 * 3600),
    libraries: [
      {
        name: 'images',
        path: '/srv/images',
        writable: true,
        images: 107,
        place: {
          filesystem: 'xfs',
          mountPoint: '/srv',
          free: 412 * GiB,
          total: 1946 * GiB,
          copyOnWrite: false,
          media: 'NVMe SSD, discards reach the device',
        },
      },
      {
        name: 'iso',
        path: '/srv/iso',
        writable: false,
        images: 3,
        place: {
          filesystem: 'xfs',
          mountPoint: '/srv',
          free: 412 * GiB,
          total: 1946 * GiB,
          copyOnWrite: false,
          media: 'NVMe SSD, discards reach the device',
        },
      },
    ],
    images: 110,
    running: [],
    scan: { state: 'watching', finishedAt: ago(190) },
    ...change,
  }
}

const names = ['web', 'mail', 'db', 'build', 'files', 'ldap', 'cache', 'proxy', 'wiki', 'git']
const formats = ['qcow2', 'vmdk', 'raw', 'qcow2', 'vhdx', 'vdi'] as const

function inventedStrip(random: () => number, fill: number): string {
  let level = 1
  return Array.from({ length: 60 }, (_, cell) => {
    if (random() < 0.15) level = random() < fill ? 1 : random() * 0.3
    return Math.round(cell / 60 > fill + 0.25 ? 0 : level * 255)
      .toString(16)
      .padStart(2, '0')
  }).join('')
}

/** The row at `index` of an invented list; the same index gives the same row. */
export function inventedRow(index: number): ImageRow {
  if (index === 0) return webRow
  const random = seeded(index * 7919 + 13)
  const format = formats[Math.floor(random() * formats.length)] ?? 'raw'
  const virtualSize = Math.round(4 + random() * 60) * GiB
  const fill = 0.15 + random() * 0.7
  const hasFinding = random()
  return {
    id: `image-${index}`,
    host: random() < 0.5 ? 'north' : 'south',
    library: 'images',
    name: `${names[index % names.length] ?? 'vm'}${String(index).padStart(2, '0')}.${format === 'raw' ? 'img' : format}`,
    format,
    subformat: format === 'vmdk' ? 'monolithicSparse' : format === 'qcow2' ? 'v3' : null,
    virtualSize,
    allocated: Math.round(virtualSize * fill),
    fileSize: Math.round(virtualSize * fill) + MiB,
    contents: random() < 0.3 ? 'GPT · NTFS' : random() < 0.4 ? 'MBR · LVM2, XFS' : 'GPT · FAT32, ext4, swap',
    strip: random() < 0.06 ? null : inventedStrip(random, fill),
    chainLength: 1,
    reclaimable: random() < 0.5 ? null : Math.round(virtualSize * fill * 0.2),
    findings: {
      block: hasFinding < 0.04 ? 1 : 0,
      warn: hasFinding < 0.3 ? 1 : 0,
      info: hasFinding < 0.1 ? 2 : 0,
    },
    modifiedAt: ago(random() * 90 * 86_400),
    provenAt: random() < 0.4 ? ago(random() * 20 * 86_400) : null,
    hostState: 'connected',
  }
}

const discards: ProblemView = {
  id: 'discards-stopped',
  severity: 'warn',
  layer: 'L3',
  file: '/srv/images/web01.vmdk',
  message: '6.30 GiB that the guest no longer uses are still allocated: its discards stop at L3',
  remedy: 'Turn on discard for this disk’s controller, run fstrim in the guest, then reclaim.',
}

const unaligned: ProblemView = {
  id: 'chain-depth',
  severity: 'info',
  layer: 'L2',
  file: '/srv/images/web01.vmdk',
  message: 'the disk is spread over 2 files',
  remedy: 'Nothing to do; a migration writes it as one.',
}

const size = 32 * GiB
const cells = 2048

function shares(of: (at: number) => number): string {
  return Array.from({ length: cells }, (_, cell) =>
    Math.round(of(cell / cells) * 255)
      .toString(16)
      .padStart(2, '0'),
  ).join('')
}

const inRange = (at: number, ranges: readonly (readonly [number, number])[]) =>
  ranges.some(([start, end]) => at >= start && at < end)

const data = shares((at) =>
  inRange(at, [
    [0, 0.33],
    [0.37, 0.64],
    [0.73, 0.77],
  ])
    ? 1
    : 0,
)
const zero = shares((at) => (inRange(at, [[0.33, 0.37]]) ? 1 : 0))
const reclaimable = shares((at) =>
  inRange(at, [
    [0.48, 0.64],
    [0.73, 0.77],
  ])
    ? 0.9
    : 0,
)

const webRow: ImageRow = {
  id: 'image-0',
  host: 'north',
  library: 'images',
  name: 'office/web01.vmdk',
  format: 'vmdk',
  subformat: 'monolithicSparse',
  virtualSize: size,
  allocated: Math.round(18.3 * GiB),
  fileSize: Math.round(18.3 * GiB),
  contents: 'GPT · FAT32, ext4, swap',
  strip: resampleShares(data, 60),
  chainLength: 2,
  reclaimable: Math.round(6.3 * GiB),
  findings: { block: 0, warn: 1, info: 1 },
  modifiedAt: ago(9 * 3600),
  provenAt: ago(2 * 3600),
  hostState: 'connected',
}

const place = {
  filesystem: 'xfs',
  mountPoint: '/srv',
  free: 412 * GiB,
  total: 1946 * GiB,
  copyOnWrite: false,
  media: 'NVMe SSD, 1.90 TiB · discards reach the device',
}

function layer(
  at: number,
  {
    line,
    ...rest
  }: Omit<ImageReportView['layers'][number], 'layer' | 'summary' | 'parts'> & {
    readonly line: readonly (string | SummaryPart)[]
  },
): ImageReportView['layers'][number] {
  const { summary, parts } = layerLine(line)
  return { layer: layerNumbers[at] ?? 'L0', summary, parts: [...parts], ...rest }
}

const efi = { start: MiB, length: 512 * MiB }
const root = { start: 513 * MiB, length: 29 * GiB }
const swap = { start: 513 * MiB + 29 * GiB, length: size - 514 * MiB - 29 * GiB }

const webReport: ImageReportView = {
  path: '/srv/images/office/web01.vmdk',
  format: 'vmdk',
  subformat: 'monolithicSparse',
  virtualSize: size,
  fileSize: webRow.fileSize,
  allocated: webRow.allocated,
  chain: [
    {
      path: '/srv/images/office/web01.vmdk',
      format: 'vmdk',
      subformat: 'monolithicSparse',
      virtualSize: size,
      fileSize: Math.round(3.4 * GiB),
      allocated: Math.round(3.4 * GiB),
      clusterSize: 64 * 1024,
      identity: { kind: 'content-id', cid: '5e1fa0b2' },
    },
    {
      path: '/srv/images/debian12-base.vmdk',
      format: 'vmdk',
      subformat: 'monolithicSparse',
      virtualSize: size,
      fileSize: Math.round(14.9 * GiB),
      allocated: Math.round(14.9 * GiB),
      clusterSize: 64 * 1024,
      identity: { kind: 'content-id', cid: '12ab90ff' },
    },
  ],
  layers: [
    layer(0, { sure: 'unknown', line: ['not looked at'], notes: [], bands: [] }),
    layer(1, {
      sure: 'read',
      line: ['FAT32, ext4, swap', 'clean', warned('6.30 GiB free here is still allocated below')],
      notes: ['ext4: last mounted 2026-11-22 at /', 'ext4: trimmed 40 days ago'],
      bands: [
        { ...efi, kind: 'filesystem', label: 'FAT32', used: 6 * MiB, free: 506 * MiB },
        {
          ...root,
          kind: 'filesystem',
          label: 'ext4 — 11.8 GiB used',
          used: Math.round(11.8 * GiB),
          free: Math.round(17 * GiB),
        },
        { ...swap, kind: 'swap', label: 'swap', used: null, free: null },
      ],
    }),
    layer(2, { sure: 'none', line: ['none: filesystems sit directly on partitions'], notes: [], bands: [] }),
    layer(3, {
      sure: 'read',
      line: ['GPT, both copies agree', '3 partitions', '1 MiB aligned', 'boots by UEFI'],
      notes: [],
      bands: [
        { ...efi, kind: 'partition', label: '1 · EFI system · 512 MiB', used: null, free: null },
        { ...root, kind: 'partition', label: '2 · Linux root (x86-64) · 29.0 GiB', used: null, free: null },
        { ...swap, kind: 'partition', label: '3', used: null, free: null },
      ],
    }),
    layer(4, { sure: 'read', line: ['32 GiB', '512 B sectors'], notes: [], bands: [] }),
    layer(5, {
      sure: 'read',
      line: ['vmdk (monolithicSparse)', '64 KiB clusters', '18.1 GiB allocated', '2 layers in the chain'],
      notes: [],
      bands: [],
    }),
    layer(6, {
      sure: 'told',
      line: ['xfs on /srv', 'file 18.3 GiB, 18.3 GiB on disk', '412 GiB free', 'no copy-on-write'],
      notes: [],
      bands: [],
    }),
    layer(7, { sure: 'told', line: [place.media], notes: [], bands: [] }),
  ],
  guest: null,
  allocation: {
    cellSize: size / cells,
    data,
    zero,
    reclaimable,
    dataBytes: Math.round(18.1 * GiB),
    zeroBytes: Math.round(1.3 * GiB),
    absentBytes: Math.round(12.6 * GiB),
  },
  reclaimable: webRow.reclaimable,
  reclaim: [
    {
      layer: 'L6',
      kind: 'guest-free',
      bytes: webRow.reclaimable,
      message: 'free in the filesystems of the guest, but allocated in the image',
      remedy:
        'Turn on discard for the disk and run fstrim in the guest (Windows: Optimize-Volume -ReTrim), then reclaim.',
    },
    {
      layer: 'L2',
      kind: 'zeros',
      bytes: null,
      message: 'allocated, but holding only zeros: only reading all of it would tell',
      remedy: 'varve reclaim writes the image anew: zeros become holes.',
    },
    {
      layer: 'L2',
      kind: 'container-slack',
      bytes: Math.round(0.8 * GiB),
      message: 'allocated in the file, but in no use by the disk: leaked, discarded or preallocated',
      remedy: 'Check the image for leaks, or write it anew: varve reclaim.',
    },
  ],
  snapshots: [],
  details: {},
  place,
  problems: [discards, unaligned],
}

/** One image with its report; all have the stack of the first. */
export function inventedImage(row: ImageRow): ImageView {
  const isWeb = row.id === webRow.id
  const report = isWeb
    ? webReport
    : {
        ...webReport,
        path: `/srv/images/${row.name}`,
        format: row.format,
        subformat: row.subformat,
        chain: webReport.chain.slice(0, 1).map((link) => ({ ...link, path: `/srv/images/${row.name}` })),
        problems: [],
      }
  return {
    row,
    report,
    told: null,
    proofs:
      row.provenAt === null
        ? []
        : [
            { digest: inventedDigest, virtualSize: size, takenAt: row.provenAt, hasManifest: true },
            ...(isWeb
              ? [{ digest: inventedDigest, virtualSize: size, takenAt: ago(6 * 86_400), hasManifest: true }]
              : []),
          ],
    children: isWeb ? [{ id: 'image-3', name: 'web01-test.qcow2' }] : [],
    chainIds: isWeb ? [row.id, 'image-5'] : [row.id],
  }
}

export const inventedProblems = { discards, unaligned }

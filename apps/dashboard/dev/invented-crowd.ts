import type { ActivityRow } from '@varve/protocol/events'
import type { HostView, LibraryView } from '@varve/protocol/hosts'
import type { FindingGroup, ImageRow, ImageView } from '@varve/protocol/images'
import type { MigrationView } from '@varve/protocol/migrations'
import type { ProblemView } from '@varve/protocol/primitives'
import { ago, inventedHost, inventedImage, inventedRow, seeded } from './invented-fleet.ts'
import { failedMigration, migrationAt, newMigration } from './invented-migrations.ts'

/** A fleet as it is after some years: many hosts, long names, deep paths, things that went wrong. */
const GiB = 2 ** 30
const hostCount = 200
export const crowdSize = 640

const sites = ['frankfurt-am-main', 'aschaffenburg', 'stuttgart-vaihingen', 'lyon', 'rz2']
const systems = [
  { platform: 'linux', name: 'Debian GNU/Linux 12 (bookworm)', kernel: '6.1.0-28-amd64', arch: 'x64' },
  {
    platform: 'linux',
    name: 'Red Hat Enterprise Linux 9.4 (Plow)',
    kernel: '5.14.0-427.13.1.el9_4.x86_64',
    arch: 'x64',
  },
  {
    platform: 'windows',
    name: 'Windows Server 2022 Datacenter Azure Edition',
    kernel: '10.0.20348',
    arch: 'x64',
  },
  { platform: 'macos', name: 'macOS 15.1', kernel: '24.1.0', arch: 'arm64' },
] as const
const missing = [
  ['virsh', 'knowing which machine has an image open', 'apt-get install libvirt-clients'],
  ['guestfish', 'looking into guests that Varve does not read', 'apt-get install libguestfs-tools'],
  ['vgs', 'images on LVM volumes', 'apt-get install lvm2'],
  ['qemu-storage-daemon', 'exports with writing', 'apt-get install qemu-system-common'],
  ['powershell.exe', 'Hyper-V machines', ''],
] as const

export function crowdHostName(index: number): string {
  if (index === 7) return 'vmhost-frankfurt-am-main-rz2-rack14-slot07-production-cluster-b'
  return `${sites[index % sites.length] ?? 'rz'}-${String(index).padStart(3, '0')}`
}

function crowdLibrary(host: number, name: string, share: number): LibraryView {
  const total = 3686 * GiB
  return {
    name,
    path: `/srv/storage/pools/${name}/var/lib/libvirt/images/production-cluster-b/${crowdHostName(host)}`,
    writable: name !== 'archive',
    images: 40 + host,
    place: {
      filesystem: 'btrfs',
      mountPoint: `/srv/storage/pools/${name}`,
      free: Math.round(total * share),
      total,
      copyOnWrite: true,
      media: 'RAID 6 of 12 rotating disks, 43.7 TiB · discards are dropped',
    },
  }
}

function crowdHost(index: number): HostView {
  const random = seeded(index * 31 + 5)
  const isOffline = index % 67 === 3
  const isFull = index % 50 === 7
  const plain = inventedHost(crowdHostName(index))
  return {
    ...plain,
    os: systems[index % systems.length] ?? systems[0],
    cpus: 2 ** Math.floor(random() * 8),
    memory: 2 ** Math.floor(random() * 6) * 16 * GiB,
    agentVersion: index % 9 === 0 ? '0.0.9' : '0.1.0',
    state: isOffline ? 'offline' : 'connected',
    since: ago(isOffline ? 1900 : random() * 90 * 86_400),
    images: index === 11 ? 0 : 80 + index,
    libraries:
      index === 11
        ? []
        : [
            crowdLibrary(index, 'images', isFull ? 0.012 : 0.1 + random() * 0.8),
            crowdLibrary(index, 'a-library-with-a-name-that-somebody-meant-well', 0.4),
            crowdLibrary(index, 'archive', 0),
          ],
    tools: [
      ...plain.tools.filter(({ path }) => path !== null),
      ...missing.map(([name, enables, install]) => ({ name, version: null, path: null, enables, install })),
    ],
    scan: index % 13 === 0 ? { state: 'scanning', finishedAt: null } : plain.scan,
  }
}

/** 200 hosts: three are offline, four have a full library, one has none. */
export function crowdHosts(): HostView[] {
  return Array.from({ length: hostCount }, (_, index) => crowdHost(index))
}

const folders = [
  '',
  'vms/',
  'production/customers/0042-Müller & Söhne Maschinenbau GmbH/',
  'archive/2019/backups/monthly/full/before-the-move-to-the-new-building/',
]
const longNames = [
  'sap-hana-primary-node-01.prod.frankfurt.internal.example.com-disk-0-2024-11-02T03-15-00Z-before-upgrade-to-sp07',
  '7f3a91c40be2d9847a1ff03c6b51e8d29947c0a3bb16f7e2184dd03a6c915d18',
  'Kopie von Kopie von Windows 11 (Vorlage, nicht löschen!!)',
]

/** The image at `index`: every seventh has a name longer than its column, every eleventh cannot be read. */
export function crowdRow(index: number): ImageRow {
  const plain = inventedRow(index + 1)
  const hostIndex = (index * 37) % hostCount
  const folder = folders[index % folders.length] ?? ''
  const name = index % 7 === 2 ? `${longNames[index % longNames.length] ?? ''}.${plain.format}` : plain.name
  const isUnread = index % 11 === 5
  return {
    ...plain,
    id: `image-${index}`,
    host: crowdHostName(hostIndex),
    name: folder + name,
    virtualSize: isUnread ? null : (plain.virtualSize ?? 0) * (index % 19 === 3 ? 900 : 1),
    contents: isUnread
      ? ''
      : index % 5 === 1
        ? 'GPT · BitLocker, NTFS, NTFS (hibernated), recovery, LVM2, XFS'
        : plain.contents,
    strip: isUnread ? null : plain.strip,
    findings: isUnread
      ? { block: 2, warn: 1, info: 3 }
      : { block: index % 23 === 0 ? 1 : 0, warn: index % 3 === 0 ? 1 + (index % 14) : 0, info: index % 4 },
    hostState: hostIndex % 67 === 3 ? 'offline' : 'connected',
  }
}

const problem = (id: string, severity: ProblemView['severity'], message: string): ProblemView => ({
  id,
  severity,
  layer: 'L2',
  file: '/srv/images/disk.qcow2',
  message,
  remedy: 'Open the images that have it; each says what can be done there.',
})

export const crowdFindings: readonly FindingGroup[] = [
  {
    problem: problem('corrupt', 'block', 'the table of clusters points outside of the file'),
    images: 3,
    bytes: null,
  },
  {
    problem: problem(
      'parent-missing',
      'block',
      'its parent "../../../old-cluster/templates/windows-server-2022-datacenter-azure-edition-sysprepped.qcow2" is not there',
    ),
    images: 1,
    bytes: null,
  },
  { problem: problem('truncated', 'block', 'the file ends early'), images: 12, bytes: null },
  {
    problem: problem('discards-stopped', 'warn', 'its guest no longer uses 6.30 GiB'),
    images: 1314,
    bytes: 28_312 * GiB,
  },
  { problem: problem('filesystem-dirty', 'warn', 'its guest was not shut down'), images: 148, bytes: null },
  { problem: problem('raw-without-holes', 'warn', 'it has no holes'), images: 61, bytes: 900 * GiB },
  { problem: problem('chain-depth', 'info', 'the disk is spread over 2 files'), images: 6, bytes: null },
]

/** The image with findings of all severities, many of them, and a chain of five. */
export function crowdImage(row: ImageRow): ImageView {
  const plain = inventedImage(row)
  const path = `/srv/storage/pools/images/${row.name}`
  const chain = Array.from({ length: 5 }, (_, at) => ({
    path:
      at === 0
        ? path
        : `${path.slice(0, path.lastIndexOf('/'))}/snapshot-${at}-of-${row.name.split('/').at(-1) ?? ''}`,
    format: row.format,
    subformat: null,
    virtualSize: row.virtualSize,
    fileSize: at * GiB,
    allocated: at * GiB,
    clusterSize: 65_536,
    identity: { kind: 'none' as const },
  }))
  const problems = crowdFindings.map((group) => group.problem)
  return {
    ...plain,
    report: { ...plain.report, path, virtualSize: row.virtualSize, chain, problems },
    children: Array.from({ length: 9 }, (_, at) => ({ id: `image-${at}`, name: crowdRow(at * 7 + 2).name })),
    chainIds: chain.map((_, at) => (at === 2 ? null : `image-${at}`)),
  }
}

/** Migrations of long names that ended in every way, and some that run. */
export function crowdMigrations(): MigrationView[] {
  return Array.from({ length: 40 }, (_, at) => {
    const row = { ...crowdRow(at * 7 + 2), virtualSize: (32 + at) * GiB }
    const wish = {
      image: row.id,
      targetHost: crowdHostName(7),
      targetLibrary: 'a-library-with-a-name-that-somebody-meant-well',
      name: `${row.name.split('/').at(-1) ?? ''}.qcow2`,
      format: at % 3 === 0 ? ('raw' as const) : ('qcow2' as const),
      idempotencyKey: `crowd-${at}`,
    }
    const fresh = newMigration(row, at + 1, wish)
    if (at > 36) return { ...fresh, startedAt: ago(at) }
    if (at % 4 === 1) return failedMigration({ ...fresh, startedAt: ago(86_400 * (40 - at)) })
    const done = migrationAt({ ...fresh, startedAt: ago(86_400 * (40 - at)) }, 900)
    if (at % 4 !== 3) return done
    const partial = migrationAt({ ...fresh, startedAt: done.startedAt }, 12)
    return {
      ...partial,
      state: 'canceled',
      finishedAt: done.finishedAt,
      progress: null,
      aftermath: 'The source was only read: Varve changed nothing in it. The part file was removed.',
    }
  })
}

export function crowdActivity(): Omit<ActivityRow, 'sequence'>[] {
  return Array.from({ length: 60 }, (_, at) => {
    const row = crowdRow(at)
    return at % 3 === 0
      ? { at: ago(at * 900), subject: 'host', subjectId: row.host, title: `${row.host} connected` }
      : {
          at: ago(at * 900),
          subject: 'image',
          subjectId: row.id,
          title: `${row.name} appeared on ${row.host}`,
        }
  })
}

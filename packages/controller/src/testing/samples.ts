import { createHash } from 'node:crypto'
import type { SentRecord } from '@varve/protocol/agent'
import type { HostFacts } from '@varve/protocol/hosts'
import type { ImageRecord } from '@varve/protocol/images'
import type { ImageReportView } from '@varve/protocol/reports'

const MiB = 1024 ** 2
const GiB = 1024 ** 3
const place = {
  filesystem: 'ext4',
  mountPoint: '/srv',
  free: 100 * GiB,
  total: 200 * GiB,
  copyOnWrite: false,
  media: null,
}

/** Facts of a host with one library `images`, for tests. */
export function sampleFacts(name: string): HostFacts {
  return {
    name,
    os: { platform: 'linux', name: 'Debian GNU/Linux 12', kernel: '6.1.0', arch: 'x64' },
    cpus: 2,
    memory: 4 * GiB,
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
    tools: [],
    libraries: [{ name: 'images', path: `/srv/${name}`, writable: true, place }],
  }
}

/** A sound report of a disk of 64 MiB with 16 MiB of data, for tests. */
export function sampleReport(path: string, change: Partial<ImageReportView> = {}): ImageReportView {
  return {
    path,
    format: 'vmdk',
    subformat: 'monolithicSparse',
    virtualSize: 64 * MiB,
    fileSize: 17 * MiB,
    allocated: 17 * MiB,
    chain: [
      {
        path,
        format: 'vmdk',
        subformat: 'monolithicSparse',
        virtualSize: 64 * MiB,
        fileSize: 17 * MiB,
        allocated: 17 * MiB,
        clusterSize: 65_536,
        identity: { kind: 'none' },
      },
    ],
    layers: (['L7', 'L6', 'L5', 'L4', 'L3', 'L2', 'L1', 'L0'] as const).map((layer) => ({
      layer,
      sure: 'unknown' as const,
      summary: '',
      parts: [],
      notes: [],
      bands: [],
    })),
    guest: null,
    allocation: {
      cellSize: 1 * MiB,
      data: 'ff'.repeat(16) + '00'.repeat(48),
      zero: '00'.repeat(64),
      reclaimable: null,
      dataBytes: 16 * MiB,
      zeroBytes: 0,
      absentBytes: 48 * MiB,
    },
    reclaimable: null,
    reclaim: [],
    snapshots: [],
    details: {},
    place,
    problems: [],
    ...change,
  }
}

/** An image as an agent reports it, for tests. */
export function sampleRecord(host: string, name: string, change: Partial<ImageReportView> = {}): ImageRecord {
  return {
    library: 'images',
    name,
    report: sampleReport(`/srv/${host}/${name}`, change),
    contents: 'GPT · ext4',
    strip: '80'.repeat(60),
    modifiedAt: '2026-01-02T03:04:05.000Z',
    fingerprint: `${name}-1`,
  }
}

/** The record as an agent sends it, and what its library then holds. */
export function sampleSent(record: ImageRecord): SentRecord {
  const hash = createHash('sha256').update(JSON.stringify(record)).digest()
  return { ...record, checksum: hash.readUIntBE(0, 6) || 1 }
}

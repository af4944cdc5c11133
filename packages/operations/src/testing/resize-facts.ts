import type {
  FilesystemFinding,
  GuestContents,
  Partition,
  PartitionTable,
} from '@varve/core/guest/guest-contents'
import { noUses } from '@varve/core/problems/use'
import type { LinkFacts } from '../chain-change/facts.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { resizeTools } from '../resize/tools.ts'

const [mib, gib] = [1024 ** 2, 1024 ** 3]

/** A partition that holds data. */
export function partitionAt(
  index: number,
  start: number,
  end: number,
  more: Partial<Partition> = {},
): Partition {
  return {
    index,
    start,
    length: end - start,
    type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
    typeName: 'Linux filesystem',
    name: null,
    uuid: null,
    bootable: false,
    role: 'primary',
    ...more,
  }
}

/** A clean filesystem that fills its place. */
export function filesystemAt(
  start: number,
  end: number,
  type: string,
  more: Partial<FilesystemFinding> = {},
): FilesystemFinding {
  const length = end - start
  return {
    start,
    length,
    type,
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
    ...more,
  }
}

export function guestWith(
  table: Partial<PartitionTable>,
  filesystems: readonly FilesystemFinding[],
  more: Partial<GuestContents> = {},
): GuestContents {
  return {
    table: {
      kind: 'gpt',
      sure: 'consistent',
      sectorSize: 512,
      id: null,
      partitions: [],
      notes: [],
      ...table,
    },
    volumes: [],
    filesystems,
    problems: [],
    ...more,
  }
}

/** Boot in partition 1, `root` in partition 2 that ends with the disk. */
export const bootAndRoot = guestWith(
  { partitions: [partitionAt(1, mib, gib), partitionAt(2, gib, 10 * gib - mib)] },
  [filesystemAt(mib, gib, 'fat32'), filesystemAt(gib, 10 * gib - mib, 'ext4', { label: 'root' })],
)

const path = `/lib/it's "web01".qcow2`

const link: LinkFacts = {
  path,
  format: 'qcow2',
  subformat: 'version 3',
  virtualSize: 10 * gib,
  snapshots: [],
  logicalSectorSize: null,
  hasExtendedL2: false,
  identity: null,
}

/** A qcow2 of 10 GiB on a host that has everything. */
export function resizeFacts(change: Partial<ResizeFacts> = {}, own: Partial<LinkFacts> = {}): ResizeFacts {
  const first = { ...link, ...own }
  return {
    host: 'here',
    image: {
      host: 'here',
      path: first.path,
      format: first.format,
      virtualSize: first.virtualSize,
      bytes: gib,
      files: [first.path],
      elsewhere: [],
      partOf: null,
      dependents: [],
      onParts: [],
      searched: ['/lib'],
      unseen: null,
      uses: noUses,
      machines: [],
      children: [],
      keepers: [],
    },
    chain: [first],
    problems: [],
    ways: {
      system: 'linux',
      isRoot: true,
      isOwnHost: true,
      loop: 'there',
      nbd: 'missing',
      mapper: 'there',
      hasUdev: false,
      tools: ['losetup', 'mount', 'dmsetup', 'cryptsetup'],
    },
    isPlainRaw: false,
    volume: null,
    work: { path: `/lib/.it's "web01".qcow2.work.part`, staging: 'work' },
    already: null,
    guest: bootAndRoot,
    volumes: [],
    tools: resizeTools,
    hostBtrfs: [],
    byFiles: null,
    freeBytes: 100 * gib,
    dataBytes: gib,
    ...change,
  }
}

import type { RunStepView } from '@varve/protocol/runs'
import { inventedDigest, inventedImage, inventedRow } from './invented-fleet.ts'

const GiB = 2 ** 30
const MiB = 2 ** 20

const file = (path: string, size: number) => ({
  path,
  format: 'qcow2',
  subformat: null,
  virtualSize: 32 * GiB,
  fileSize: Math.round(size),
  isAsked: false,
  children: [] as unknown[],
})

const longName = '/srv/images/office/web01-test-of-the-upgrade-to-debian-13-with-everything.qcow2'

const web = {
  ...file('/srv/images/office/web01.qcow2', 3.4 * GiB),
  isAsked: true,
  children: [
    {
      ...file('/srv/images/office/web01-test.qcow2', 700 * MiB),
      children: [file(longName, 90 * MiB)],
    },
  ],
}
const base = {
  ...file('/srv/images/base/debian12.qcow2', 14 * GiB),
  children: [web, file('/srv/images/office/mail01.qcow2', 6 * GiB)],
}

/** What an agent that serves an image would say. */
function served() {
  const uri = 'nbd://127.0.0.1:46107'
  return {
    serving: 'serving-1',
    virtualSize: 32 * GiB,
    host: '127.0.0.1',
    port: 46_107,
    until: new Date(Date.now() + 3600e3).toISOString(),
    uri,
    commands: {
      nbdinfo: ['nbdinfo', uri],
      nbdcopy: ['nbdcopy', uri, 'disk.raw'],
      'qemu-img': ['qemu-img', 'info', uri],
      qemu: ['qemu-system-x86_64', '-snapshot', '-drive', `file=${uri},format=raw,if=virtio`],
      'nbd-client': ['nbd-client', '127.0.0.1', '46107', '/dev/nbd0', '-readonly'],
    },
  }
}

/** What an image holds for nothing. */
const survey = {
  format: 'qcow2',
  subformat: 'version 3',
  virtualSize: 32 * GiB,
  filesystems: [
    { type: 'ext4', label: 'root', start: MiB, size: 28 * GiB, free: 17 * GiB, held: 6 * GiB, doubt: null },
    {
      type: 'ntfs',
      label: null,
      start: 29 * GiB,
      size: 2 * GiB,
      free: null,
      held: 0,
      doubt: { kind: 'dirty', reason: 'it was not unmounted cleanly' },
    },
  ],
  closed: [{ what: 'LUKS2', start: 31 * GiB, length: GiB }],
  lost: [
    {
      layer: 'L5',
      what: 'dm-crypt',
      reason: 'it passes no discards on',
      remedy: 'Add discard to its line of /etc/crypttab.',
    },
  ],
  heldFree: 6 * GiB,
  before: { data: 18 * GiB, file: 18 * GiB, host: 18 * GiB },
  after: { data: 11 * GiB, file: 11 * GiB, host: 11 * GiB },
  free: 6 * GiB,
  zeros: GiB,
  compression: 'none',
  room: 12 * GiB,
  copyOnWrite: false,
  wish: { operation: 'reclaim', request: { image: '/srv/images/cache06.qcow2' } },
}

const diagnosis = {
  folder: '/srv/images',
  images: 107,
  looked: 121,
  unseen: null,
  findings: [
    {
      id: 'parent-missing',
      severity: 'block',
      layer: 'L2',
      file: '/srv/images/office/files04.qcow2',
      message:
        'L2 "/srv/images/office/files04.qcow2": its parent "base.qcow2" is not there, and "/srv/images/base/base.qcow2" is what it was made over',
      remedy: 'Name its parent where it lies now.',
      command: [
        'varve',
        'chain',
        'repoint',
        '/srv/images/office/files04.qcow2',
        '--parent',
        '/srv/images/base/base.qcow2',
      ],
      wish: {
        operation: 'chain-repoint',
        request: { image: '/srv/images/office/files04.qcow2', parent: '/srv/images/base/base.qcow2' },
      },
    },
    {
      id: 'orphan',
      severity: 'warn',
      layer: 'L1',
      file: '/srv/images/old/build03-before-the-move-of-the-office-in-2024.vmdk',
      message:
        'L1 "/srv/images/old/build03-before-the-move-of-the-office-in-2024.vmdk": no machine and no image names it, and nobody wrote to it for 412 days',
      remedy: 'Put it into quarantine if nobody needs it.',
      command: ['varve', 'delete', '/srv/images/old/build03-before-the-move-of-the-office-in-2024.vmdk'],
      wish: {
        operation: 'delete',
        request: { image: '/srv/images/old/build03-before-the-move-of-the-office-in-2024.vmdk' },
      },
    },
    {
      id: 'maybe-duplicate',
      severity: 'info',
      layer: 'L3',
      file: '/srv/images/wiki08-copy.img',
      message: 'L3 "/srv/images/wiki08-copy.img": it may hold the same disk as "wiki08.img"',
      remedy: 'Let both be read to know.',
      command: ['varve', 'doctor', '/srv/images', '--digest'],
      wish: null,
    },
  ],
}

/** What the steps that only read give, by their ids. */
export function inventedResult(step: string): RunStepView['result'] {
  switch (step) {
    case 'chain':
      return {
        root: base,
        chain: [web, base],
        dependents: [
          { ...file('/srv/images/office/web01-test.qcow2', 700 * MiB), depth: 1 },
          { ...file(longName, 90 * MiB), depth: 2 },
        ],
        problems: [],
        looked: 14,
        unseen: null,
      }
    case 'diagnose':
      return diagnosis
    case 'inspect':
      return { report: inventedImage(inventedRow(0)).report }
    case 'serve':
      return served()
    case 'survey':
      return survey
    case 'digest':
      return {
        digest: inventedDigest,
        sha256: null,
        virtualSize: 32 * GiB,
        dataBytes: 18 * GiB,
        seconds: 41.2,
      }
    case 'prove':
      return { digest: inventedDigest, virtualSize: 32 * GiB, dataBytes: 18 * GiB, seconds: 18 }
    case 'verify':
      return {
        state: 'differs',
        digest: inventedDigest,
        virtualSize: 32 * GiB,
        expected: inventedDigest.replace('7f3a', '01c9'),
        provenAt: '2026-11-02T08:30:00.000Z',
        differing: 3,
        chunks: [1200, 1201, 5000],
        ranges: [
          { start: 1200 * 4 * MiB, end: 1202 * 4 * MiB },
          { start: 5000 * 4 * MiB, end: 5001 * 4 * MiB },
        ],
        layers: [{ layer: 'L6', what: 'ext4 on partition 2', bytes: 12 * MiB, ranges: [] }],
        filesChanged: ['/srv/images/office/web01.vmdk'],
        seconds: 52.8,
      }
    case 'measure':
      return { virtualSize: 32 * GiB, dataBytes: 18 * GiB, required: Math.round(18.2 * GiB) }
    case 'compare':
      return { identical: true, virtualSizes: [32 * GiB, 32 * GiB], firstDifference: null, tail: null }
    case 'map':
      return {
        extents: [
          { start: 0, length: 12 * GiB, content: 'data' },
          { start: 12 * GiB, length: 2 * GiB, content: 'zero' },
          { start: 14 * GiB, length: 18 * GiB, content: 'absent' },
        ],
        cutAt: null,
      }
    case 'set-aside':
      return { quarantine: '1f0c2a', until: '2026-12-28T00:00:00.000Z' }
    case 'publish':
      return { path: '/srv/images/web01-clone.vmdk' }
    case 'check':
      return { report: checked }
    default:
      return null
  }
}

const checked = {
  file: '/srv/images/office/web01.vmdk',
  format: 'vmdk',
  checked: ['header', 'grain directories', 'grain tables'],
  findings: [
    {
      id: 'vmdk-leaked-grains',
      kind: 'leak',
      severity: 'warn',
      layer: 'L2',
      file: '/srv/images/office/web01.vmdk',
      message: '2 grains belong to no table.',
      remedy: 'Convert the image: the copy holds what the disk needs.',
    },
  ],
  totals: { allocatedBytes: null, leakedBytes: 2 * 65_536, corruptions: 0, leaks: 2, remarks: 0 },
  isComplete: true,
}

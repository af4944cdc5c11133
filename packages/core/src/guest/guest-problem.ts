import { formatBytes, formatWholeBytes } from '../units/format-bytes.ts'
import { quote } from '../problems/disk-error.ts'
import type { LayerNumber } from '../problems/layer-number.ts'
import type { Problem, Severity } from '../problems/problem.ts'

/** What each finding inside the guest boundary, or about how the layers fit, knows. Sizes and places in bytes. */
export interface GuestProblemDetails {
  // L4
  'gpt-primary-damaged': { reason: string }
  'gpt-backup-damaged': { reason: string }
  'gpt-copies-differ': object
  'gpt-backup-not-at-end': { at: number; diskSize: number }
  'gpt-beyond-disk': { wanted: number; diskSize: number }
  'gpt-without-protective-mbr': object
  'gpt-unreadable': { reason: string }
  'mbr-logical-damaged': { reason: string }
  'apm-damaged': { reason: string }
  'partition-unreadable': { index: number | string; reason: string }
  'disklabel-damaged': { kind: string; reason: string }
  'partition-outside-disk': { index: number | string; end: number; diskSize: number }
  'partitions-overlap': { index: number | string; other: number | string }
  'too-many-partitions': { limit: number }
  // L5
  'lvm-metadata-damaged': { reason: string }
  'volume-encrypted': { type: string; start: number }
  'volume-spans-disks': { type: string; group: string }
  // L6
  'filesystem-dirty': { type: string; label: string | null; start: number }
  'filesystem-hibernated': { type: string; label: string | null; start: number }
  'filesystem-damaged': { type: string; start: number; reason: string }
  'filesystem-larger-than-partition': { type: string; size: number; length: number }
  'guest-too-nested': { limit: number }
  'guest-not-readable': { layer: LayerNumber; start: number; reason: string; remedy: string }
  // how the layers fit
  'discards-stopped': { reclaimable: number; allocated: number }
  'stacked-copy-on-write': { format: string; filesystem: string; isAlone: boolean; below?: string }
  'raw-without-holes': { free: number }
  'not-for-hyper-v': { attributes: readonly (keyof typeof mending)[] }
  'guest-sectors-4096': { severity: Severity; message: string; remedy: string }
  'guest-sectors-512': object
}

export type GuestProblemId = keyof GuestProblemDetails

interface Explanation {
  readonly severity: Severity
  readonly layer: LayerNumber
  readonly message: string
  readonly remedy: string
  readonly offset?: number
}

type Explain = { readonly [I in GuestProblemId]: (details: GuestProblemDetails[I]) => Explanation }

const rewriteTable =
  'Open a copy of the disk with gdisk or sgdisk, check the partitions, and write the table again.'
const checkFilesystem = 'Start the guest, let it check the filesystem, and shut it down cleanly.'

const explain: Explain = {
  'gpt-primary-damaged': ({ reason }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the primary GPT is damaged (${reason}); its backup was used`,
    remedy: rewriteTable,
  }),
  'gpt-backup-damaged': ({ reason }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the backup GPT is damaged: ${reason}`,
    remedy: 'Write it again from the primary: sgdisk -e on the attached disk.',
  }),
  'gpt-copies-differ': () => ({
    severity: 'warn',
    layer: 'L4',
    message: 'the two copies of the GPT are each sound but list different partitions; the primary was used',
    remedy: rewriteTable,
  }),
  'gpt-backup-not-at-end': ({ at, diskSize }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the backup GPT lies at ${formatBytes(at)} of ${formatBytes(diskSize)}, not at the end: the disk was grown and its table was not told`,
    remedy: 'Move the backup to the new end: sgdisk -e on the attached disk.',
    offset: at,
  }),
  'gpt-beyond-disk': ({ wanted, diskSize }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the GPT was made for a disk of ${formatBytes(wanted)}, but this one has ${formatBytes(diskSize)}: its end is missing`,
    remedy: 'Find out what cut the disk; copy it again from where it came from.',
  }),
  'gpt-without-protective-mbr': () => ({
    severity: 'info',
    layer: 'L4',
    message: 'the disk has a GPT but no protective MBR; some systems will not see its partitions',
    remedy: rewriteTable,
  }),
  'gpt-unreadable': ({ reason }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the disk says that it has a GPT, but neither copy can be read: ${reason}`,
    remedy: 'Restore the table from a backup, or search for the partitions with testdisk on a copy.',
  }),
  'mbr-logical-damaged': ({ reason }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the chain of logical partitions is damaged: ${reason}; those before it are listed`,
    remedy: 'Search for the lost partitions with testdisk on a copy of the disk.',
  }),
  'apm-damaged': ({ reason }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the Apple partition map is damaged: ${reason}`,
    remedy: 'Copy the disk again from where it came from, or repair a copy with Disk Utility.',
  }),
  'disklabel-damaged': ({ kind, reason }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the ${kind} is damaged: ${reason}`,
    remedy:
      'Compare what it lists with a backup of it, or search for the partitions with testdisk on a copy.',
  }),
  'partition-unreadable': ({ index, reason }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `entry ${index} of the partition table makes no sense: ${reason}`,
    remedy: rewriteTable,
  }),
  'partition-outside-disk': ({ index, end, diskSize }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `partition ${index} ends at ${formatBytes(end)}, beyond the disk's ${formatBytes(diskSize)}`,
    remedy: 'Find out what cut the disk; copy it again from where it came from.',
  }),
  'partitions-overlap': ({ index, other }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `partitions ${other} and ${index} overlap: writing to one destroys the other`,
    remedy: rewriteTable,
  }),
  'too-many-partitions': ({ limit }) => ({
    severity: 'warn',
    layer: 'L4',
    message: `the table lists more than ${limit} partitions; the rest is not shown`,
    remedy: 'The table is damaged or hostile. ' + rewriteTable,
  }),
  'lvm-metadata-damaged': ({ reason }) => ({
    severity: 'warn',
    layer: 'L5',
    message: `the LVM metadata cannot be read: ${reason}`,
    remedy: 'Restore it inside the guest with vgcfgrestore.',
  }),
  'volume-encrypted': ({ type, start }) => ({
    severity: 'info',
    layer: 'L5',
    message: `the volume at ${formatBytes(start)} is encrypted (${type}): what is inside stays unknown, and its free space cannot be reclaimed from outside`,
    remedy: 'Have its key or recovery key at hand before the disk is moved to other hardware.',
  }),
  'volume-spans-disks': ({ type, group }) => ({
    severity: 'info',
    layer: 'L5',
    message: `${type} ${quote(group)} also needs other disks`,
    remedy: 'Move all disks of the group together.',
  }),
  'filesystem-dirty': ({ type, label, start }) => ({
    severity: 'warn',
    layer: 'L6',
    message: `the ${type} filesystem${label === null ? '' : ` ${quote(label)}`} at ${formatBytes(start)} was not unmounted cleanly: the machine was running, or it crashed`,
    remedy: checkFilesystem,
  }),
  'filesystem-hibernated': ({ type, label, start }) => ({
    severity: 'warn',
    layer: 'L6',
    message: `the ${type} filesystem${label === null ? '' : ` ${quote(label)}`} at ${formatBytes(start)} belongs to a hibernated guest, or one shut down by Fast Startup: its saved session expects the disk as it is now, on the same hardware`,
    remedy:
      'Start the guest and shut it down fully; Windows: shutdown /s /f /t 0, with hibernation off (powercfg /h off).',
  }),
  'filesystem-damaged': ({ type, start, reason }) => ({
    severity: 'warn',
    layer: 'L6',
    message: `the ${type} filesystem at ${formatBytes(start)} contradicts itself: ${reason}`,
    remedy: 'Check it with its own tool on a copy of the disk before relying on it.',
  }),
  'filesystem-larger-than-partition': ({ type, size, length }) => ({
    severity: 'warn',
    layer: 'L6',
    message: `the ${type} filesystem says ${formatBytes(size)}, but only ${formatBytes(length)} are there for it`,
    remedy: 'Do not start the guest; find out what cut the disk or the partition.',
  }),
  'guest-too-nested': ({ limit }) => ({
    severity: 'warn',
    layer: 'L5',
    message: `the disk holds more than ${limit} partitions and volumes, or volumes within volumes; the rest is not shown`,
    remedy: 'The tables are damaged or hostile. Copy the disk again from where it came from.',
  }),
  'guest-not-readable': ({ layer, start, reason, remedy }) => ({
    severity: 'warn',
    layer,
    message: `what lies at ${formatBytes(start)} could not be read: ${reason}`,
    remedy,
  }),
  'discards-stopped': ({ reclaimable, allocated }) => ({
    severity: 'warn',
    layer: 'L3',
    message: `${formatBytes(reclaimable)} of ${formatBytes(allocated)} allocated are free in the guest: its discards do not reach the image`,
    remedy:
      'Turn on discard for the virtual disk and run fstrim (Windows: Optimize-Volume -ReTrim) in the guest; where the file does not shrink then: varve reclaim.',
  }),
  'stacked-copy-on-write': ({ format, filesystem, isAlone, below }) => ({
    severity: 'info',
    layer: 'L1',
    ...(below === undefined
      ? copiedTwice(format, filesystem, isAlone)
      : copiedBelow({ format, filesystem, isAlone, below })),
  }),
  'guest-sectors-4096': (said) => ({ layer: 'L3', ...said }),
  'guest-sectors-512': () => ({
    severity: 'warn',
    layer: 'L3',
    message:
      'the image says sectors of 4,096 bytes, but its guest counts in 512: the guest will not find its partitions',
    remedy: 'Convert it to VHDX with --option logical_sector_size=512, or to another format.',
  }),
  'not-for-hyper-v': ({ attributes }) => ({
    severity: 'warn',
    layer: 'L1',
    message: `the file is ${attributes.join(' and ')} on its volume: Hyper-V refuses to open it (0xC03A001A)`,
    remedy: `As who owns it: ${attributes.map((name) => mending[name]).join('; ')}. A copy made by varve is none of this.`,
  }),
  'raw-without-holes': ({ free }) => ({
    severity: 'info',
    layer: 'L1',
    message: `the raw file has no holes, although ${formatWholeBytes(free)} are free in the guest: it was copied by a tool that fills holes, or preallocated`,
    remedy: 'varve reclaim gives the room back; keep it as it is when it was preallocated on purpose.',
  }),
}

/** The finding of that id about `file`, in words. */
export function guestProblem<I extends GuestProblemId>(
  id: I,
  file: string,
  details: GuestProblemDetails[I],
): Problem {
  return { id, file, ...explain[id](details), details: { ...details } }
}

const mending = {
  sparse: 'fsutil sparse setflag FILE 0',
  compressed: 'compact /u FILE',
  encrypted: 'cipher /d FILE',
} as const

function copiedTwice(format: string, filesystem: string, isAlone: boolean) {
  return isAlone
    ? {
        message: `${filesystem} copies each write to another place, below a ${format} that has tables of its own: random writes fragment the file, and a snapshot of either layer copies them twice`,
        remedy: `Let one layer own copy-on-write: a raw image on ${filesystem}, with its snapshots; or on Btrfs a new file that is written in place (varve create --no-cow, chattr +C on the empty folder).`,
      }
    : {
        message: `copy-on-write happens twice: in the ${format} chain and in ${filesystem} below it, which multiplies writes and fragments the file`,
        remedy: 'Let one layer own snapshots: flatten the chain, or turn copy-on-write off for the folder.',
      }
}

/** Of a volume below the filesystem: below a chain, or below a filesystem that copies by itself. */
function copiedBelow({
  format,
  filesystem,
  isAlone,
  below,
}: Required<GuestProblemDetails['stacked-copy-on-write']>) {
  return isAlone
    ? {
        message: `${filesystem} copies each write to another place, and the ${below} below it does so too: each write is paid for twice, and neither knows what the other has free`,
        remedy:
          'Let one layer own copy-on-write: a plain volume below that filesystem, or a volume for each disk.',
      }
    : {
        message: `copy-on-write happens twice: in the ${format} chain and in the ${below} below ${filesystem}, which multiplies writes as soon as both have snapshots`,
        remedy: 'Let one layer own snapshots: flatten the chain, or keep no snapshots of that volume.',
      }
}

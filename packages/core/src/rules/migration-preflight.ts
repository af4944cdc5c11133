import { formatBytes, formatWholeBytes, groupThousands } from '../units/format-bytes.ts'
import { formatNames, formatRules } from '../image/format-rules.ts'
import { isWritable, nameOfKind, splitParts } from '../formats/writable-formats.ts'
import { sizeFault } from '../formats/writable-sizes.ts'
import { volumeAddress, volumeIn } from '../image/volume-address.ts'
import { windowsNameFault } from '../image/windows-names.ts'
import { migrationTargetFormats, type MigrateFacts } from './migrate-facts.ts'
import type { LayerNumber } from '../problems/layer-number.ts'
import { sectorsInTarget } from '../image/guest-sectors.ts'
import { quote } from '../problems/disk-error.ts'
import { isBlocking, type Problem } from '../problems/problem.ts'
import { guestChoices } from './guest-choices.ts'
import { targetKindFault } from './target-kind.ts'
import { predictTargetSize } from './target-size.ts'

/** One pre-flight rule: a stable id, and what it finds in the facts of a migration. */
export interface PreflightRule {
  readonly id: string
  readonly layer: LayerNumber
  readonly finds: (facts: MigrateFacts) => readonly Finding[]
}

type Finding = Omit<Problem, 'id' | 'layer'> & { readonly layer?: LayerNumber }

const TiB = 1024 ** 4
const GiB = 1024 ** 3
const MiB = 1024 ** 2

/** Largest file that a host filesystem holds, in bytes (4 KiB blocks where it depends on them). */
const largestFile: Readonly<Record<string, number>> = {
  vfat: 4 * GiB - 1,
  msdos: 4 * GiB - 1,
  fat32: 4 * GiB - 1,
  ext2: 2 * TiB,
  ext3: 2 * TiB,
  ext4: 16 * TiB,
}

/** What is checked before a migration, in the order in which it is shown. Adding a rule is adding a line. */
export const migrationPreflightRules: readonly PreflightRule[] = [
  { id: 'source-host-offline', layer: 'L1', finds: sourceHostIsConnected },
  { id: 'target-host-offline', layer: 'L1', finds: targetHostIsConnected },
  { id: 'source-size-unknown', layer: 'L2', finds: sourceSizeIsKnown },
  { id: 'in-use', layer: 'L1', finds: sourceIsNotWritten },
  { id: 'same-file', layer: 'L1', finds: targetIsAnotherFile },
  { id: 'target-name-taken', layer: 'L1', finds: targetNameIsFree },
  { id: 'target-name-not-for-windows', layer: 'L1', finds: targetNameIsOne },
  { id: 'target-not-writable', layer: 'L1', finds: targetIsWritable },
  { id: 'target-volume', layer: 'L1', finds: targetVolumeCanBeMade },
  { id: 'target-volume-holds-raw', layer: 'L2', finds: volumeHoldsRawDisk },
  { id: 'target-format-unsupported', layer: 'L2', finds: targetFormatCanBeWritten },
  { id: 'target-kind-unsupported', layer: 'L2', finds: targetKindCanBeWritten },
  { id: 'target-format-limit', layer: 'L2', finds: targetFormatHoldsDisk },
  { id: 'compression-unsupported', layer: 'L2', finds: compressionFitsFormat },
  { id: 'target-space', layer: 'L1', finds: targetHasSpace },
  { id: 'target-file-too-large', layer: 'L1', finds: targetFilesystemHoldsFile },
  { id: 'odd-size', layer: 'L2', finds: sizeIsWholeSectors },
  { id: 'size-not-whole-mib', layer: 'L2', finds: sizeIsWholeMebibytes },
  { id: 'sectors-of-4096', layer: 'L3', finds: sectorsAreKept },
  { id: 'extension-mismatch', layer: 'L1', finds: extensionNamesFormat },
  { id: 'snapshots-lost', layer: 'L2', finds: snapshotsStayBehind },
  { id: 'filesystem-dirty', layer: 'L6', finds: asReported('filesystem-dirty') },
  { id: 'filesystem-hibernated', layer: 'L6', finds: asReported('filesystem-hibernated') },
  { id: 'encryption-noticed', layer: 'L5', finds: encryptionIsNoticed },
]

/** Everything the rules find, first the findings of the source's own report that block or ask. */
export function findMigrationProblems(facts: MigrateFacts): Problem[] {
  const found = migrationPreflightRules.flatMap(({ id, layer, finds }) =>
    finds(facts).map((finding): Problem => ({ layer, ...finding, id })),
  )
  const own = facts.source.report.problems.filter((problem) => isBlocking(problem) || problem.asks === true)
  return [...own.map(asked), ...found]
}

/** A choice that has to be made by name is not made by accepting a plan. */
function asked(problem: Problem): Problem {
  return problem.settledBy === undefined ? problem : { ...problem, severity: 'block' }
}

function block(file: string | null, message: string, remedy: string): Finding {
  return { severity: 'block', file, message, remedy }
}

function warn(file: string | null, message: string, remedy: string): Finding {
  return { severity: 'warn', file, message, remedy }
}

function sourceHostIsConnected({ source }: MigrateFacts): Finding[] {
  if (source.connected) return []
  return [
    block(
      source.report.path,
      `the agent on ${source.host} is not connected`,
      `Start the agent on ${source.host}.`,
    ),
  ]
}

function targetHostIsConnected({ target }: MigrateFacts): Finding[] {
  if (target.connected) return []
  return [
    block(
      target.libraryPath,
      `the agent on ${target.host} is not connected`,
      `Start the agent on ${target.host}, or choose another host.`,
    ),
  ]
}

function sourceSizeIsKnown({ source: { report } }: MigrateFacts): Finding[] {
  if (report.virtualSize !== null || report.problems.some(isBlocking)) return []
  // A packed image is unpacked by its agent for the export, which tells the size.
  if (report.problems.some(({ id }) => id === 'packed-image')) return []
  return [
    block(
      report.path,
      'the size of the disk cannot be told from the image',
      'Inspect the image to see what is wrong with it.',
    ),
  ]
}

function sourceIsNotWritten({ source }: MigrateFacts): Finding[] {
  if (source.inUseBy === null) return []
  const found = warn(
    source.inUseFile ?? source.report.path,
    `${source.inUseBy} has it open for writing: what lies there now is copied, as after a crash of that machine, and the migration fails when it is written to meanwhile`,
    'Shut down what uses it, then plan again.',
  )
  return [{ ...found, asks: true }]
}

function targetIsAnotherFile({ source, target, options }: MigrateFacts): Finding[] {
  const path = joinPath(target.libraryPath, options.name)
  const taken = source.report.chain.some((link) => link.path === path) || source.report.path === path
  if (source.host !== target.host || !taken) return []
  return [block(path, 'the target is a file of the source itself', 'Choose another name or library.')]
}

function targetNameIsFree({ target, options }: MigrateFacts): Finding[] {
  if (target.nameIsFree !== false) return []
  return [
    block(
      joinPath(target.libraryPath, options.name),
      `${quote(options.name)} exists in ${target.library} on ${target.host}; nothing is ever overwritten`,
      'Choose another name, or remove that file first.',
    ),
  ]
}

function targetNameIsOne({ target, options }: MigrateFacts): Finding[] {
  const fault = isOfWindows(target.libraryPath) ? windowsNameFault(options.name) : null
  if (fault === null) return []
  return [block(joinPath(target.libraryPath, options.name), `its name ${fault}`, 'Choose another name.')]
}

function targetIsWritable({ target }: MigrateFacts): Finding[] {
  const { volumes } = target
  if (volumes?.fault)
    return [
      block(
        target.libraryPath,
        `no volume can be made on ${target.host}: ${volumes.fault.reason}`,
        volumes.fault.remedy,
      ),
    ]
  if (target.writable || volumes) return []
  return [
    block(
      target.libraryPath,
      `the agent on ${target.host} cannot write there: the filesystem is read-only, or its user lacks the right`,
      'Mount it for writing, or give the user that runs the agent the right to write there, or choose another library.',
    ),
  ]
}

function targetVolumeCanBeMade({ target, options }: MigrateFacts): Finding[] {
  const { volumes, library, host } = target
  const { thinPool = null, sparse = false } = options
  if (!volumes)
    return thinPool === null && !sparse
      ? []
      : [
          block(
            target.libraryPath,
            `${library} on ${host} is a folder of files, and only volumes are thin by choice`,
            'Leave that choice out: images of files take what they need in any case.',
          ),
        ]
  const file = volumeAddress({ ...volumes, volume: `${volumes.parent}${options.name}` })
  if (volumeIn(volumes, options.name) === null)
    return [
      block(
        file,
        `${quote(options.name)} is no name that a volume of ${volumes.kind === 'lvm' ? 'LVM' : 'ZFS'} can have`,
        'Choose letters, digits and _ . - only.',
      ),
    ]
  if (volumes.kind === 'zfs')
    return thinPool === null
      ? []
      : [block(file, 'ZFS has no thin pools', 'A volume for which nothing is kept back: choose sparse.')]
  if (sparse)
    return [block(file, 'volumes of LVM are thin in a pool, or not', 'Name the thin pool in place of that.')]
  if (thinPool === null || volumes.pools.some(({ name }) => name === thinPool)) return []
  const pools = volumes.pools.map(({ name }) => name)
  return [
    block(
      file,
      `${volumes.group} has no thin pool ${quote(thinPool)}`,
      pools.length === 0 ? 'Make a thick volume.' : `Choose ${pools.join(' or ')}, or a thick volume.`,
    ),
  ]
}

function volumeHoldsRawDisk({
  target,
  options: { format, subformat, compression },
}: MigrateFacts): Finding[] {
  if (!target.volumes || (format === 'raw' && subformat === null && compression === 'none')) return []
  return [
    block(
      target.libraryPath,
      'a volume holds a raw disk: it has no format, no kinds and no compression',
      'Choose raw as the target format.',
    ),
  ]
}

function targetFormatCanBeWritten({ options }: MigrateFacts): Finding[] {
  if (migrationTargetFormats.some((format) => format === options.format)) return []
  return [
    block(
      null,
      `a migration cannot write ${options.format} yet`,
      `Choose ${migrationTargetFormats.join(' or ')}.`,
    ),
  ]
}

function targetKindCanBeWritten({ options: { format, subformat } }: MigrateFacts): Finding[] {
  const fault = isWritable(format) ? targetKindFault(format, subformat) : null
  return fault === null ? [] : [block(null, fault.reason, fault.remedy)]
}

function compressionFitsFormat({ options }: MigrateFacts): Finding[] {
  if (options.compression === 'none' || options.format === 'qcow2') return []
  return [
    block(
      null,
      `${options.format} has no compressed clusters`,
      'Choose no compression, or qcow2 as the target format.',
    ),
  ]
}

function targetHasSpace(facts: MigrateFacts): Finding[] {
  const { target, options } = facts
  if (target.volumes) return volumeHasRoom(facts)
  const size = predictTargetSize(facts)
  if (size === null || target.place.free === null || size.atLeast <= target.place.free) return []
  const message = `about ${formatBytes(size.atLeast)} are needed and ${formatBytes(target.place.free)} are free on ${target.host}`
  const remedy = 'Free space there, or choose another library.'
  return [
    options.compression === 'none'
      ? block(target.libraryPath, message, remedy)
      : warn(target.libraryPath, `${message}; compression may make it fit`, remedy),
  ]
}

/** What a thin volume takes is known when the source is measured; what it takes at least is known now. */
function volumeHasRoom({
  source,
  target: { host, place, volumes, libraryPath },
  options,
}: MigrateFacts): Finding[] {
  const { thinPool = null, sparse = false } = options
  const { virtualSize, allocation } = source.report
  const isThin = thinPool !== null || sparse
  const needed = isThin ? (allocation?.dataBytes ?? null) : virtualSize
  const free =
    thinPool === null ? place.free : (volumes?.pools.find(({ name }) => name === thinPool)?.free ?? null)
  if (needed === null || free === null || needed <= free) return []
  return [
    block(
      libraryPath,
      `${formatBytes(needed)} are needed and ${formatBytes(free)} are free on ${host}`,
      isThin
        ? 'Free space there, or choose another library.'
        : 'Make it thin, free space there, or choose another library.',
    ),
  ]
}

function targetFilesystemHoldsFile(facts: MigrateFacts): Finding[] {
  const { target, options, source } = facts
  const limit = largestFile[target.place.filesystem ?? '']
  const whole = options.format === 'raw' ? source.report.virtualSize : predictTargetSize(facts)?.atLeast
  const isCut = options.subformat?.startsWith('twoGbMaxExtent') === true
  const size = isCut && typeof whole === 'number' ? Math.min(whole, splitParts.size) : whole
  if (limit === undefined || size === null || size === undefined || size <= limit) return []
  return [
    block(
      target.libraryPath,
      `${target.place.filesystem} holds files of at most ${formatBytes(limit)}, this one would have ${formatBytes(size)}`,
      'Choose a library on another filesystem, or qcow2 when the disk is mostly empty.',
    ),
  ]
}

function sizeIsWholeSectors({ source: { report } }: MigrateFacts): Finding[] {
  if (report.virtualSize === null || report.virtualSize % 512 === 0) return []
  return [
    warn(
      report.path,
      `the disk has ${report.virtualSize} bytes, which is not a whole number of 512-byte sectors; a guest does not see its end`,
      'Accept it when the end of the disk holds nothing, or enlarge the image to whole sectors first.',
    ),
  ]
}

/** Who takes a kind of image only when its disk is a whole number of MiB (DOMAIN.md, target profiles). */
const takersOfWholeMebibytes: Readonly<Record<string, string>> = {
  'vhd fixed': 'Azure',
  'vmdk streamOptimized': 'VMware ESXi',
}

function sizeIsWholeMebibytes({ source: { report }, options }: MigrateFacts): Finding[] {
  const taker = takersOfWholeMebibytes[nameOfKind(options.format, options.subformat)]
  if (taker === undefined || report.virtualSize === null || report.virtualSize % MiB === 0) return []
  return [
    {
      severity: 'info',
      file: report.path,
      message: `the disk has ${groupThousands(report.virtualSize)} bytes, which is not a whole number of MiB: ${taker} does not take it`,
      remedy: `When it is for ${taker}, enlarge the image to whole MiB first.`,
    },
  ]
}

/** Who takes a kind of image only when its guest uses sectors of 512 bytes (DOMAIN.md, target profiles). */
const takersOf512: Readonly<Record<string, string>> = {
  'vhd fixed': 'Azure',
  'vmdk streamOptimized': 'VMware ESXi',
  ova: 'VMware ESXi',
  'ova streamOptimized': 'VMware ESXi',
}

function sectorsAreKept({ source: { report }, options }: MigrateFacts): Finding[] {
  const { format } = options
  const told = isWritable(format) ? guestChoices(format, report).logicalSectorSize : undefined
  const lost = sectorsInTarget(report, { format, told })
  if (lost === null || lost.isKept) return []
  const taker = takersOf512[nameOfKind(options.format, options.subformat)]
  if (taker === undefined) return [warn(report.path, lost.message, lost.remedy)]
  return [block(report.path, `${lost.message}; ${taker} takes disks of 512-byte sectors only`, lost.remedy)]
}

function targetFormatHoldsDisk({ source: { report }, options }: MigrateFacts): Finding[] {
  const { format, subformat } = options
  if (report.virtualSize === null || !isWritable(format)) return []
  const fault = sizeFault(format, { virtualSize: report.virtualSize, subformat })
  if (fault === null) return []
  return [
    block(
      report.path,
      `${formatRules[format].label} does not hold this disk of ${formatWholeBytes(report.virtualSize)}: ${fault}`,
      'Choose another target format, such as raw.',
    ),
  ]
}

function extensionNamesFormat({ target, options }: MigrateFacts): Finding[] {
  const name = options.name.toLowerCase()
  const { extensions } = formatRules[options.format]
  const promised = formatNames
    .filter((format) => format !== options.format)
    .flatMap((format) => formatRules[format].promises)
    .find((extension) => name.endsWith(extension))
  if (promised === undefined || extensions.some((extension) => name.endsWith(extension))) return []
  const renamed = options.name.slice(0, -promised.length) + extensions[0]
  return [
    warn(
      joinPath(target.libraryPath, options.name),
      `the name ends in ${promised}, but the image will be ${options.format}`,
      `Name it ${quote(renamed)}.`,
    ),
  ]
}

function snapshotsStayBehind({ source: { report } }: MigrateFacts): Finding[] {
  const count = report.snapshots.length
  if (count === 0) return []
  const read = report.details['snapshotRead']
  const stays = count === 1 ? 'its internal snapshot does' : `its ${count} internal snapshots do`
  return [
    warn(
      report.path,
      typeof read === 'string'
        ? `only its internal snapshot ${quote(read)} moves: neither the current state of the disk does nor any other`
        : `${stays} not move: only the current state of the disk does`,
      'Keep the source as long as you may need them.',
    ),
  ]
}

/** What the source's report says of the copy-to-be, in its words. */
function asReported(id: string): PreflightRule['finds'] {
  return ({ source: { report } }) => report.problems.filter((problem) => problem.id === id)
}

function encryptionIsNoticed({ source: { report } }: MigrateFacts): Finding[] {
  const encrypted =
    report.guest?.volumes.filter(({ type }) => /^(?:luks1|luks2|bitlocker)$/u.test(type)) ?? []
  return encrypted.map(({ type, start }) => ({
    severity: 'info',
    file: report.path,
    message: `${type} encrypts what starts at ${formatBytes(start)}; it moves as it is and stays encrypted`,
    remedy: 'Have the recovery key at hand: a key bound to a TPM does not open it on another machine.',
  }))
}

/** The path of `name` in `folder`, in the way of the host that the folder is on. */
export function joinPath(folder: string, name: string): string {
  const separator = isOfWindows(folder) ? '\\' : '/'
  return folder.endsWith(separator) ? folder + name : folder + separator + name
}

/** Whether a folder's path is one of Windows: on a drive, or on a share. */
export function isOfWindows(folder: string): boolean {
  return /^[A-Za-z]:\\|^\\\\/u.test(folder)
}

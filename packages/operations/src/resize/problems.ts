import { isWritable } from '@varve/core/formats/writable-formats'
import { sizeFault } from '@varve/core/formats/writable-sizes'
import { DiskError, quote } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { hostProblems } from '../attach/problems.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { replaceProblems } from '../chain-change/problems.ts'
import { dependentsProblem } from '../image-files-problems.ts'
import { blocking } from '../blocking.ts'
import { shellWord } from '../plans/shown.ts'
import type { ResizeFacts } from './facts.ts'
import { isResized, resizedKind } from './kinds.ts'
import type { ResizeTarget } from './targets.ts'
import { usedOnce } from '../volumes/resized.ts'
import { volumeProblems } from './volume.ts'
import { isOnWindows, windowsHostProblems, workProblems } from './windows-work.ts'

interface Resizing {
  readonly own: LinkFacts
  /** Bytes of the disk that is to be; null: not known yet. */
  readonly size: number | null
  /** Whether it may become smaller than that. */
  readonly isMost?: boolean
  /** Whether the work is attached: who only changes the container needs no device. */
  readonly isAttached: boolean
}

/** What speaks against another size of this image, whatever is in it. */
export function resizeProblems(
  facts: ResizeFacts,
  { own, size, isMost = false, isAttached }: Resizing,
): Problem[] {
  const { ways, image, problems, already, chain, guest } = facts
  const onWindows = isOnWindows(facts)
  const host = isAttached ? hostProblemsOf(facts) : []
  if (host.length > 0) return host
  const below = chain[1] ?? null
  return usedOnce([
    ...problems,
    ...volumeProblems(facts, own, isMost ? null : size),
    ...replaceProblems(image, { own, virtualSize: size, isSameDisk: false, below }),
    ...dependentsProblem(image),
    ...(isWorkedOn(image.uses) ? [] : attachedProblems(image.path, already)),
    ...(size === null ? [] : sizeProblems(own, size, guest?.table.sectorSize === 4096 ? 4096 : 512)),
    ...roomProblems(facts),
    ...(isAttached && !onWindows && ways.loop === 'missing' ? [noLoop(image.path)] : []),
    ...(isAttached && !onWindows && ways.loop !== 'missing' ? missingTools(facts, ['losetup', 'partx']) : []),
    ...(isAttached && onWindows && size !== null
      ? workProblems(facts, Math.max(size, own.virtualSize ?? 0))
      : []),
    ...(guest === null && problems.length === 0 ? [notSeen(image.path)] : []),
  ])
}

function hostProblemsOf(facts: ResizeFacts): Problem[] {
  const { ways, image } = facts
  if (isOnWindows(facts)) return windowsHostProblems(facts)
  return hostProblems({ ways, image: image.path }).map((problem) => ({
    ...problem,
    remedy: hostRemedies[problem.id] ?? problem.remedy,
  }))
}

const hostRemedies: Readonly<Record<string, string>> = {
  'not-root':
    'Use the command as root, such as with sudo, or run the agent as root; --partition none changes the container only, without root.',
  'no-block-devices':
    'Change the container only (--partition none), and the rest inside the guest; or do it on a host that runs Linux, such as in a virtual machine that sees the file.',
}

/** What a run has attached goes with it. */
function isWorkedOn({ files }: ResizeFacts['image']['uses']): boolean {
  return files.some(({ uses }) => uses.some((use) => use.by === 'run' && use.pid !== null))
}

function attachedProblems(file: string, already: string | null): Problem[] {
  if (already === null) return []
  return [
    blocking(file, {
      id: 'already-attached',
      layer: 'L3',
      why: `it is attached, as ${already}`,
      remedy: `Detach it first: varve detach ${already}`,
      details: { device: already },
    }),
  ]
}

function sizeProblems(
  { path, format, subformat, logicalSectorSize }: LinkFacts,
  size: number,
  sectorSize: 512 | 4096,
): Problem[] {
  if (!isWritable(format)) return []
  const choices = logicalSectorSize === null ? {} : { logicalSectorSize }
  const fault =
    size % sectorSize === 0
      ? sizeFault(format, { virtualSize: size, subformat, choices })
      : `a size is a whole number of sectors of ${sectorSize} bytes`
  if (fault === null) return []
  return [problemFromError(new DiskError('size-unsupported', { file: path, format, size, reason: fault }))]
}

/** The work image takes the data of the disk once more, unless the filesystem shares blocks. */
function roomProblems({ image, freeBytes: available, dataBytes: wanted }: ResizeFacts): Problem[] {
  if (available === null || wanted === null || available >= wanted) return []
  return [problemFromError(new DiskError('no-space', { file: image.path, wanted, available }))]
}

function noLoop(file: string): Problem {
  return blocking(file, {
    id: 'no-way',
    layer: 'L3',
    why: 'its filesystem can only be worked on as a loop device, which the kernel of this host does not have',
    remedy: `Do it on another host, or change the container only: --partition none`,
  })
}

function notSeen(file: string): Problem {
  return blocking(file, {
    id: 'guest-not-readable',
    layer: 'L4',
    why: 'it was not seen what is in it',
    remedy: 'See what can be read of it: varve info.',
  })
}

const packages: Readonly<Record<string, string>> = {
  losetup: 'mount',
  partx: 'util-linux',
  sfdisk: 'fdisk',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  mke2fs: 'e2fsprogs',
  tune2fs: 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  cp: 'coreutils',
  find: 'findutils',
  'ntfs-3g': 'ntfs-3g',
}

/** One refusal for each tool that is not installed. */
export function missingTools({ image, tools }: ResizeFacts, wanted: readonly string[]): Problem[] {
  const missing = [...new Set(wanted)].filter((tool) => !tools.includes(tool))
  return missing.map((tool) =>
    problemFromError(
      new DiskError('tool-missing', {
        file: image.path,
        tool,
        install: `Install it: apt-get install ${packageOf(tool)}`,
      }),
    ),
  )
}

function packageOf(tool: string): string {
  return packages[tool] ?? packagesOfKinds[tool] ?? tool
}

const packagesOfKinds: Readonly<Record<string, string>> = Object.fromEntries(
  (['ext4', 'xfs', 'btrfs', 'ntfs', 'swap'] as const).flatMap((type) => {
    const { check, grow, package: name } = resizedKind(type)
    return [...grow, ...(check === null ? [] : [check])].map((tool) => [tool, name])
  }),
)

/** Whether a finding of the table keeps nobody from writing it again; sfdisk knows no GPT without its protective MBR. */
function isHarmless(id: string, sectorSize: number): boolean {
  if (id === 'gpt-without-protective-mbr') return sectorSize !== 512
  return id === 'gpt-backup-not-at-end'
}

/** Why the partition table is not written to. */
export function tableProblems(facts: ResizeFacts): Problem[] {
  const { image, guest } = facts
  if (guest === null || guest.table.kind === 'none') return []
  const { table } = guest
  const file = image.path
  const found = guest.problems.filter(({ layer, id }) => layer === 'L4' && !isHarmless(id, table.sectorSize))
  if (found.length > 0) return found.map((problem) => ({ ...problem, severity: 'block' as const }))
  if (table.kind !== 'gpt' && table.kind !== 'mbr')
    return [
      blocking(file, {
        id: 'table-not-resized',
        layer: 'L4',
        why: `Varve changes partitions in GPT and MBR, and this is ${table.kind}`,
        remedy:
          'Change only the container (--partition none), and the partitions with the tools of the guest.',
      }),
    ]
  if (table.sectorSize !== 512 && (table.sectorSize !== 4096 || table.kind !== 'gpt'))
    return [
      blocking(file, {
        id: 'sectors-not-resized',
        layer: 'L4',
        why: `its ${table.kind === 'mbr' ? 'MBR' : 'partition table'} counts sectors of ${table.sectorSize} bytes`,
        remedy: 'Change only the container (--partition none), and the partitions inside the guest.',
      }),
    ]
  // Written anew at the end: what makes it doubtful goes away.
  const isMended = guest.problems.some(({ id }) => id === 'gpt-backup-not-at-end')
  if (table.sure !== 'consistent' && !isMended)
    return [
      blocking(file, {
        id: 'table-damaged',
        layer: 'L4',
        why: 'its partition table contradicts itself',
        remedy: 'See what is wrong with it: varve info.',
      }),
    ]
  // Elsewhere Varve writes it itself.
  return table.sectorSize === 512 && facts.ways.system === 'linux' ? missingTools(facts, ['sfdisk']) : []
}

/** Why the filesystem is left alone, whichever way it is to go. */
export function filesystemProblems(facts: ResizeFacts, { filesystem, partition }: ResizeTarget): Problem[] {
  if (filesystem === null) return []
  const file = facts.image.path
  const { type, size, length, state, uuid } = filesystem
  const refuse = (id: string, why: string, remedy: string) => [
    blocking(file, { id, layer: 'L6', why, remedy }),
  ]
  const where = partition === null ? `its ${type}` : `the ${type} in partition ${partition.index}`
  const checkIt = 'Start the guest, let it check the filesystem, and shut it down cleanly.'
  if (!isResized(type)) return []
  if (filesystem.isHibernated === true)
    return refuse(
      'filesystem-hibernated',
      `a session of the guest is saved in ${where}`,
      'Start the guest and shut it down entirely; Windows: shutdown /s /f /t 0, without fast startup.',
    )
  if (filesystem.sure !== 'consistent')
    return refuse('filesystem-damaged', `${where} contradicts itself`, checkIt)
  if (state === 'dirty') return refuse('filesystem-dirty', `${where} was not unmounted cleanly`, checkIt)
  if (size !== null && size > length)
    return refuse(
      'filesystem-larger-than-partition',
      `${where} states ${size} bytes, and there are ${length}`,
      'Find out what cut it; copy it again from where it came from.',
    )
  if ((filesystem.devices ?? 1) > 1)
    return refuse(
      'volume-spans-disks',
      `${where} is one of ${filesystem.devices ?? 0} devices`,
      'Resize it inside the guest, which has all of them.',
    )
  if (filesystem.fixedBy !== undefined)
    return refuse(
      'filesystem-not-resized',
      `${where} has ${filesystem.fixedBy}, and its tools do not change its size`,
      'Make a new image of that size (varve create) with a new filesystem, attach both and copy the files.',
    )
  if (type === 'btrfs' && uuid !== null && facts.hostBtrfs.includes(uuid)) return [sameUuid(file, uuid)]
  return []
}

/** That the kernel would take this Btrfs for one of the host. */
export function sameUuid(file: string, uuid: string): Problem {
  return blocking(file, {
    id: 'same-uuid',
    layer: 'L6',
    why: `this host has a Btrfs of the same UUID (${uuid}) mounted, and the kernel would take one for the other`,
    remedy: `Do it on another host: varve info ${shellWord(file)} shows the UUID.`,
  })
}

/** That ntfsresize leaves a mark. */
export function checkedByWindows(file: string): Problem {
  return {
    id: 'checked-by-windows',
    severity: 'info',
    layer: 'L6',
    file,
    message: `L6 ${quote(file)}: ntfsresize has Windows check the NTFS when it starts next`,
    remedy: 'Let that check come to its end; until then it counts as not clean.',
  }
}

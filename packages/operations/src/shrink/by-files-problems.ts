import type { FilesystemRecipe } from '@varve/core/filesystems/filesystem-recipe'
import { xfsFeatures } from '@varve/core/filesystems/filesystem-recipe'
import type { FilesystemFinding } from '@varve/core/guest/guest-contents'
import { filesystemName } from '@varve/core/guest/guest-names'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { blocking } from '../blocking.ts'
import { shellWord } from '../plans/shown.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { isMade, isResized, resizedKind } from '../resize/kinds.ts'
import { filesystemProblems, missingTools } from '../resize/problems.ts'
import { contentBytes, ownBytesOf, smallestXfs } from './by-files-sizes.ts'
import type { FilesWay } from './by-files-steps.ts'
import { keptInPlace, knownByPlace } from '../grow/layout.ts'
import type { Reached } from './layers.ts'
import { reachProblems } from './reach-problems.ts'
import { copyInstead, linearRemedy } from './remedies.ts'
import { isOlder, type ToolVersion } from './tool-version.ts'
import { shrinkUnit, sizesAround, upToUnit } from './sizes.ts'

/** Why files are not copied into a smaller filesystem, and what to know when they are. */
export function byFilesProblems(facts: ResizeFacts, choice: FilesWay): Problem[] {
  const kind = kindProblems(facts, choice)
  if (kind.length > 0) return kind
  const { inside, filesystem, target } = choice
  if (inside.kind === 'refused') return [inside.problem]
  if (inside.kind === 'luks') return lockedProblems(facts, choice, inside)
  const type = filesystem?.type ?? ''
  const recipe = facts.byFiles?.recipe ?? null
  return [
    ...filesystemProblems(facts, {
      ...target,
      filesystem,
      ...(inside.kind === 'lvm' && { partition: null }),
    }),
    ...reachProblems(facts, inside),
    ...missingTools(facts, toolsFor(type)),
    ...recipeProblems(facts, choice, recipe),
    ...roomProblems(facts, choice, recipe),
    ...diskProblems(facts, choice),
    ...moveProblems(facts, choice),
    ...(recipe === null ? [] : keptProblems(facts, choice, recipe)),
  ]
}

/** Why this is nothing that is copied. */
function kindProblems(
  { image, volume: isVolume, byFiles }: ResizeFacts,
  { target, inside, filesystem, group }: FilesWay,
): Problem[] {
  const file = image.path
  const { partition } = target
  const where = partition === null ? 'the whole disk' : `partition ${partition.index}`
  if (isVolume !== null)
    return [
      blocking(file, {
        id: 'volume-not-by-files',
        layer: 'L1',
        why: 'it is a volume, and Varve copies files only into a smaller image file',
        remedy: `Write it into a file first (varve convert ${shellWord(file)} FILE), make that smaller, and write it into a new volume.`,
      }),
    ]
  if (inside.kind === 'refused') return [inside.problem]
  if (inside.kind === 'luks') return []
  if (inside.kind === 'lvm' && group === null)
    return [
      blocking(file, {
        id: 'volume-not-by-files',
        layer: 'L5',
        why: typeof byFiles?.logical === 'string' ? byFiles.logical : 'it was not seen where its extents lie',
        remedy: linearRemedy(file),
      }),
    ]
  if (filesystem === null)
    return [
      blocking(file, {
        id: 'no-filesystem',
        layer: 'L6',
        why: `in ${where} no filesystem was found whose files could be copied`,
        remedy:
          partition === null
            ? copyInstead(file)
            : `Cut off only what is behind all partitions: varve shrink ${shellWord(file)} --min --partition none.`,
      }),
    ]
  const { type } = filesystem
  if (isMade(type) || inside.kind === 'lvm') return []
  const isShrunk = isResized(type) && resizedKind(type).shrink !== null
  return [
    blocking(file, {
      id: 'filesystem-not-by-files',
      layer: 'L6',
      why: `${where} holds ${filesystemName(type)}, and Varve copies only ext2, ext3, ext4 and XFS file by file`,
      remedy: isShrunk ? 'Leave --by-files out: it can become smaller where it is.' : copyInstead(file),
    }),
  ]
}

function toolsFor(type: string): string[] {
  const { check } = isResized(type) ? resizedKind(type) : { check: null }
  return [
    ...(check === null ? [] : [check]),
    ...(type === 'xfs' ? ['mkfs.xfs'] : ['mke2fs', 'tune2fs']),
    ...copyTools,
  ]
}

const copyTools = ['mount', 'umount', 'unshare', 'setpriv', 'cp', 'find']

/** The version of mkfs.xfs that first makes it. */
const sinceVersion: Readonly<Partial<Record<(typeof xfsFeatures)[number], ToolVersion>>> = {
  reflink: [4, 9],
  rmapbt: [4, 9],
  inobtcount: [5, 10],
  bigtime: [5, 10],
  nrext64: [5, 19],
}

function recipeProblems(
  { image, byFiles }: ResizeFacts,
  { filesystem }: FilesWay,
  recipe: FilesystemRecipe | null,
): Problem[] {
  const file = image.path
  const said = whyNotMade({ file, filesystem, recipe, version: byFiles?.xfsVersion ?? null })
  return said === null ? [] : [blocking(file, { id: 'filesystem-not-made', layer: 'L6', ...said })]
}

interface Making {
  readonly file: string
  readonly filesystem: Pick<FilesystemFinding, 'type' | 'uuid'> | null
  readonly recipe: FilesystemRecipe | null
  /** Of mkfs.xfs; null: not known. */
  readonly version: ToolVersion | null
}

/** Why no other filesystem like that one is made; null: it is. */
export function whyNotMade({ file, filesystem, recipe, version }: Making): {
  readonly why: string
  readonly remedy: string
} | null {
  const name = filesystemName(filesystem?.type ?? '')
  if (recipe === null || filesystem === null || filesystem.uuid === null)
    return { why: `it was not seen how its ${name} was made`, remedy: copyInstead(file) }
  if (recipe.unmade.length > 0)
    return {
      why: `its ${name} has ${recipe.unmade.join(', ')}, and Varve makes no other one with that`,
      remedy: copyInstead(file),
    }
  if (recipe.kind !== 'xfs' || version === null) return null
  const tooNew = xfsFeatures.filter(
    (feature) => recipe.features[feature] && isOlder(version, sinceVersion[feature] ?? [0, 0]),
  )
  if (tooNew.length === 0) return null
  return {
    why: `its XFS has ${tooNew.join(', ')}, which mkfs.xfs ${version.join('.')} of this host does not make`,
    remedy: 'Do it on a host with newer xfsprogs.',
  }
}

/** What surely does not fit is refused before anything is written; the rest is seen when the files are copied. */
function roomProblems(
  { image }: ResizeFacts,
  { sizes, place, group, filesystem }: FilesWay,
  recipe: FilesystemRecipe | null,
): Problem[] {
  if (recipe === null || filesystem === null) return []
  const file = image.path
  if (sizes === null)
    return [
      blocking(file, {
        id: 'by-files-needs-size',
        layer: 'L6',
        why: 'its filesystem does not tell how much of it is in use, so that nobody knows how small it can be',
        remedy: 'Say the size of the disk: --to SIZE.',
      }),
    ]
  const { virtualSize } = image
  if (virtualSize !== null && sizes.disk >= virtualSize)
    return [
      blocking(file, {
        id: 'not-smaller',
        layer: 'L2',
        why: `its files need a disk of ${formatBytes(sizes.disk)} with slack, and it has ${formatBytes(virtualSize)}`,
        remedy: 'Delete files in the guest, or say a size without that slack: --to SIZE.',
      }),
    ]
  const left = Math.max(0, sizes.filesystem)
  const { needed, least } = neededFor(recipe, filesystem, left)
  if (left >= least) return []
  const enough =
    group === null ? upToUnit(place.start + least + place.behind) : sizesAround(least, place, group).disk
  return [
    blocking(file, {
      id: 'too-small',
      layer: 'L6',
      why:
        needed <= left
          ? `${formatBytes(left)} would be left for its filesystem, and none of less than ${formatBytes(least)} is made`
          : `${formatBytes(left)} would be left for its filesystem, whose files need more than ${formatBytes(least)}`,
      remedy: `Choose a larger size (more than ${enough} bytes), delete files in the guest, or have Varve say one with slack: --min.`,
      details: { least, left },
    }),
  ]
}

/** Bytes that the files surely need in a filesystem of so many bytes, and below which none is made for them. */
export function neededFor(
  recipe: FilesystemRecipe,
  filesystem: Pick<FilesystemFinding, 'used' | 'size'>,
  left: number,
): { readonly needed: number; readonly least: number } {
  const needed = contentBytes(recipe, filesystem) + ownBytesOf(recipe, left, filesystem.size ?? 0)
  return { needed, least: Math.max(recipe.kind === 'xfs' ? smallestXfs(recipe) : 8 * shrinkUnit, needed) }
}

/** Why what lies behind it does not follow it, and what to know of what does. */
function moveProblems({ image, guest }: ResizeFacts, { target, moves, sizes, beyond }: FilesWay): Problem[] {
  const file = image.path
  const { partition } = target
  if (guest === null || partition === null) return []
  const isInWay = (index: number) =>
    beyond.some((one) => one.partition === index) || index === partition.index
  const kept = beyond.length === 0 ? [] : keptInPlace(guest, partition).filter(({ index }) => isInWay(index))
  return [
    ...kept.map(({ index, why }) =>
      blocking(file, {
        id: 'partition-not-moved',
        layer: 'L4',
        why:
          index === partition.index
            ? `what lies behind partition ${index} does not follow it: ${why}`
            : `partition ${index} behind it is not moved: ${why}`,
        remedy: 'Delete or move that inside the guest first.',
        details: { partition: index },
      }),
    ),
    ...moves.filter(({ filesystem }) => filesystem?.type === 'ntfs').map((move) => knownByPlace(file, move)),
    ...(moves.length > 0 && sizes !== null && sizes.end >= partition.start + partition.length
      ? [
          blocking(file, {
            id: 'not-smaller',
            layer: 'L4',
            why: `partition ${partition.index} would not become smaller`,
            remedy: 'Say a smaller size: --to SIZE.',
          }),
        ]
      : []),
  ]
}

/** The smaller disk takes room besides the copy that the files are read from. */
function diskProblems(
  { image, freeBytes, dataBytes, isPlainRaw }: ResizeFacts,
  { inside, filesystem }: FilesWay,
): Problem[] {
  // Of what is in LUKS no more is known than that it has no more data than the disk.
  const used = inside.kind === 'luks' ? (dataBytes ?? 0) : (filesystem?.used ?? null)
  if (freeBytes === null || used === null) return []
  const wanted = used + (isPlainRaw ? 0 : (dataBytes ?? 0))
  if (freeBytes >= wanted) return []
  return [
    blocking(image.path, {
      id: 'no-room-for-copy',
      layer: 'L1',
      why: `the copy of its files takes some ${formatBytes(wanted)} beside it for a while, and ${formatBytes(freeBytes)} are free there`,
      remedy: 'Make room there, or move the image to a filesystem with more: varve move.',
      details: { wanted, available: freeBytes },
    }),
  ]
}

function lostLimits(file: string): Problem {
  return {
    id: 'quota-limits-lost',
    severity: 'warn',
    asks: true,
    layer: 'L6',
    file,
    message: `L6 ${quote(file)}: it keeps quotas, and their limits are not copied; what is used is counted anew`,
    remedy: 'Note the limits in the guest before (repquota, xfs_quota -c dump), and set them again after.',
  }
}

/** Less is what a filesystem leaves that is rounded down to its blocks. */
const leastBehind = 32 * 1024

/** Of the partition only its filesystem is known. */
function droppedBehind(file: string, bytes: number): Problem {
  return {
    id: 'behind-filesystem-dropped',
    severity: 'warn',
    asks: true,
    layer: 'L6',
    file,
    message: `L6 ${quote(file)}: the filesystem ends ${formatBytes(bytes)} before the place that it lies in does, and what is behind it there is not copied`,
    remedy: 'Accept that where nothing uses it (DRBD, a detached header); else leave the size of the disk.',
    details: { bytes },
  }
}

const alwaysLost = [
  'numbers of inodes (NFS clients mount it anew)',
  'times of creation and of change',
  'blocks that are allocated and hold nothing (fallocate), in files with holes and behind the end of files',
]
const sharedBlocks = 'blocks that files share (reflink), which become copies'

function notKept(file: string, lost: readonly string[]): Problem {
  return {
    id: 'by-files-not-kept',
    severity: 'info',
    layer: 'L6',
    file,
    message: `L6 ${quote(file)}: the new filesystem does not have of the old one: ${lost.join('; ')}`,
    remedy:
      'Names, contents, owners, rights, times, ACLs, extended attributes, flags, hard links, UUID and label are kept, and proven; holes stay holes.',
  }
}

/** What speaks against it, and what to know, before LUKS is open. */
function lockedProblems(
  facts: ResizeFacts,
  choice: FilesWay,
  inside: Extract<Reached, { kind: 'luks' }>,
): Problem[] {
  const file = facts.image.path
  return [
    ...reachProblems(facts, inside),
    ...missingTools(facts, copyTools),
    ...diskProblems(facts, choice),
    ...moveProblems(facts, choice),
    notKept(file, [...alwaysLost, sharedBlocks, 'mount options that are text in its superblock']),
    ...unseenInside(file),
  ]
}

/** What is asked about elsewhere when it is there, and is not seen here. */
function unseenInside(file: string): Problem[] {
  return [
    {
      id: 'locked-not-seen',
      severity: 'warn',
      asks: true,
      layer: 'L5',
      file,
      message: `L5 ${quote(file)}: what is in LUKS is not seen before it is open: limits of quotas, and what lies behind the filesystem in its volume, are lost without another word`,
      remedy:
        'Accept that where the guest uses neither; else note the limits before (repquota, xfs_quota -c dump).',
    },
  ]
}

/** What of it is another thing afterwards, and what is lost. */
function keptProblems(
  { image, byFiles }: ResizeFacts,
  choice: FilesWay,
  recipe: FilesystemRecipe,
): Problem[] {
  const file = image.path
  const { target, inside, filesystem } = choice
  const { partition } = target
  const isShared = recipe.kind === 'xfs' && recipe.features.reflink
  const found = byFiles?.loaders ?? []
  const around = inside.kind === 'lvm' ? inside.volume.size : (partition?.length ?? image.virtualSize ?? 0)
  const behind = around - (filesystem?.size ?? Infinity)
  return [
    notKept(file, [...recipe.unkept, ...alwaysLost, ...(isShared ? [sharedBlocks] : [])]),
    ...(behind >= leastBehind ? [droppedBehind(file, behind)] : []),
    ...(recipe.hasQuotas ? [lostLimits(file)] : []),
    ...found.map(({ name, at }): Problem => ({
      id: 'bios-start-lost',
      severity: 'warn',
      asks: true,
      layer: 'L4',
      file,
      message: `L4 ${quote(file)}: ${name === 'boot sector' ? 'what a BIOS starts' : name} in ${at === 'disk' ? 'the first sector of the disk' : `the boot sector of ${partition === null ? 'its filesystem' : `partition ${partition.index}`}`} finds its next part by numbers of blocks in the filesystem, which are others then: the guest no longer starts by it`,
      remedy: `For a disk of data accept this. Else install the boot loader again from a rescue system (${name === 'LILO' ? 'lilo' : name === 'EXTLINUX' ? 'extlinux --install' : 'grub-install'}).`,
    })),
  ]
}

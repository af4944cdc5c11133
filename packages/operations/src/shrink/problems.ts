import { filesystemName } from '@varve/core/guest/guest-names'
import type { Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { ResizedType } from '../actions/filesystem-place.ts'
import { shellWord } from '../plans/shown.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { isMade, isResized, resizedKind } from '../resize/kinds.ts'
import { blocking } from '../blocking.ts'
import {
  checkedByWindows,
  filesystemProblems,
  missingTools,
  sameUuid,
  tableProblems,
} from '../resize/problems.ts'
import { targetsOf, type ResizeTarget } from '../resize/targets.ts'
import { windowsTargetProblems } from '../resize/windows-problems.ts'
import { isOnWindows } from '../resize/windows-work.ts'
import type { Inside } from '../resize/inside.ts'
import { smallestCut, type ShrinkChoice } from './choice.ts'
import { byFilesProblems } from './by-files-problems.ts'
import type { FilesystemWay } from './steps.ts'
import { reachProblems } from './reach-problems.ts'
import { copyInstead, filesystemRemedy } from './remedies.ts'
import type { ShrinkRequest } from './request.ts'
import { shrinkUnit, upToUnit } from './sizes.ts'

/** Why this disk does not become smaller that way. */
export function shrinkProblems(facts: ResizeFacts, request: ShrinkRequest, choice: ShrinkChoice): Problem[] {
  const size = sizeProblems(facts, request)
  if (size.length > 0) return size
  switch (choice.way) {
    case 'nothing':
      return [nothingThere(facts, request)]
    case 'cut':
      return cutProblems(facts, choice.disk)
    case 'files': {
      const problems = byFilesProblems(facts, choice)
      // Why it is not copied, or what is beyond does not follow, says more than that something is there.
      const isSaid =
        problems.some(({ id }) => id === 'partition-not-moved') ||
        (choice.inside.kind !== 'luks' && !isMade(choice.filesystem?.type ?? ''))
      return [
        ...tableProblems(facts),
        ...problems,
        ...(isSaid ? [] : beyondProblems(facts, { ...choice, isMade: choice.inside.kind !== 'luks' })),
      ]
    }
    case 'filesystem':
      return [
        ...tableProblems(facts),
        ...targetProblems(facts, request, choice),
        ...beyondProblems(facts, { ...choice, isMade: isMade(choice.target.filesystem?.type ?? '') }),
        ...spaceProblems(facts, choice),
      ]
  }
}

function sizeProblems({ image, chain }: ResizeFacts, { to }: ShrinkRequest): Problem[] {
  const size = chain[0]?.virtualSize ?? null
  if (to === null || size === null || to < size) return []
  const words = to === size ? 'it has that size already' : 'it is smaller than that already'
  return [
    blocking(image.path, {
      id: 'not-smaller',
      layer: 'L2',
      why: `its disk has ${formatBytes(size)} (${size} bytes): ${words}`,
      remedy:
        to === size
          ? 'Nothing is to be done.'
          : `A larger one is made by varve grow ${shellWord(image.path)} --to SIZE.`,
    }),
  ]
}

function nothingThere({ image, guest }: ResizeFacts, { partition }: ShrinkRequest): Problem {
  const there = guest === null ? [] : targetsOf(guest).flatMap((one) => one.partition?.index ?? [])
  const isSaid = partition !== null
  return blocking(image.path, {
    id: 'no-partition',
    layer: 'L4',
    why: isSaid
      ? `it has no partition ${partition} that could be shrunk`
      : 'it has no partition and no filesystem',
    remedy:
      there.length > 0
        ? `It has these: ${there.join(', ')}. Say one with --partition.`
        : 'See what it holds: varve info. What is empty is made anew in the size that is wanted: varve create.',
  })
}

/** Findings of the table that the cut itself mends. */
const mended = new Set(['gpt-backup-not-at-end', 'gpt-without-protective-mbr'])

/** Why what lies behind all partitions is not cut off. */
function cutProblems({ image, guest, chain }: ResizeFacts, disk: number): Problem[] {
  if (guest === null) return []
  const file = image.path
  const { table } = guest
  const wrong = guest.problems.filter(({ layer, id }) => layer === 'L4' && !mended.has(id))
  if (wrong.length > 0) return wrong.map((problem) => ({ ...problem, severity: 'block' as const }))
  if (!['gpt', 'mbr', 'none'].includes(table.kind) || (table.inner ?? []).length > 0)
    return [
      blocking(file, {
        id: 'table-not-resized',
        layer: 'L4',
        why: `Varve cuts disks with a GPT, an MBR or no table, and this has ${table.kind}${(table.inner ?? []).length > 0 ? ' with a label inside a partition' : ''}`,
        remedy: copyInstead(file),
      }),
    ]
  if (guest.filesystems.length === 0 && guest.volumes.length === 0 && table.partitions.length === 0)
    return [nothingThere({ image, guest } as ResizeFacts, { partition: null } as ShrinkRequest)]
  const least = smallestCut(guest)
  const size = chain[0]?.virtualSize ?? null
  if (disk < least)
    return [
      blocking(file, {
        id: 'lies-beyond-cut',
        layer: 'L4',
        why: `what it holds reaches to ${formatBytes(least)}, behind the cut at ${formatBytes(disk)}`,
        remedy: `Let its last filesystem become smaller too (without --partition none), or take at least ${least} bytes: --to ${least}.`,
      }),
    ]
  if (size !== null && disk >= size)
    return [
      blocking(file, {
        id: 'not-smaller',
        layer: 'L2',
        why: `nothing is free behind its last partition: its disk of ${formatBytes(size)} cannot end earlier`,
        remedy: 'Let its last filesystem become smaller too: varve shrink --min without --partition none.',
      }),
    ]
  return []
}

/** Why what is chosen cannot become smaller, with what does. */
function targetProblems(
  facts: ResizeFacts,
  { to }: ShrinkRequest,
  { target, inside }: FilesystemWay,
): Problem[] {
  const file = facts.image.path
  if (isOnWindows(facts) && target.filesystem?.type !== 'refs')
    return windowsTargetProblems(facts, target, 'shrink')
  if (inside.kind === 'refused') return [inside.problem]
  if (inside.kind !== 'plain') return volumeProblems(facts, inside)
  const { partition, filesystem } = target
  const where = partition === null ? 'the whole disk' : `partition ${partition.index}`
  if (filesystem === null)
    return [
      blocking(file, {
        id: 'no-filesystem',
        layer: 'L6',
        why: `in ${where} no filesystem was found that could become smaller`,
        remedy: `Cut off only what is behind all partitions (--partition none), or ${lowerFirst(copyInstead(file))}`,
      }),
    ]
  const { type } = filesystem
  if (!isResized(type) || resizedKind(type).shrink === null)
    return [
      blocking(file, {
        id: 'filesystem-not-shrunk',
        layer: 'L6',
        why: `${where} holds ${filesystemName(type)}, which cannot be made smaller`,
        remedy: filesystemRemedy(file, type),
      }),
    ]
  if (type === 'swap' && to === null)
    return [
      blocking(file, {
        id: 'swap-needs-size',
        layer: 'L6',
        why: `${where} holds swap space, which has no smallest size`,
        remedy: 'Say the size of the disk: --to SIZE.',
      }),
    ]
  return [
    ...filesystemProblems(facts, target),
    ...missingTools(facts, toolsFor(type)),
    ...(type === 'ntfs' ? [checkedByWindows(file)] : []),
  ]
}

function toolsFor(type: ResizedType): string[] {
  const { check, shrink, hasFiles } = resizedKind(type)
  return [
    ...(shrink ?? []),
    ...(check === null ? [] : [check]),
    ...(hasFiles ? ['mount', 'unshare', 'setpriv'] : []),
    ...(type === 'ntfs' ? ['ntfs-3g'] : []),
  ]
}

/** What it takes to get to a filesystem in a volume, and to have the volume become smaller. */
function volumeProblems(facts: ResizeFacts, inside: Extract<Inside, { kind: 'lvm' | 'luks' }>): Problem[] {
  const { image, hostBtrfs } = facts
  const uuid = inside.kind === 'lvm' && inside.type === 'btrfs' ? inside.volume.filesystem?.uuid : null
  return [
    ...reachProblems(facts, inside),
    ...missingTools(facts, inside.kind === 'lvm' ? toolsFor(inside.type) : ['mount', 'unshare', 'setpriv']),
    ...(uuid && hostBtrfs.includes(uuid) ? [sameUuid(image.path, uuid)] : []),
    ...(inside.kind === 'lvm' && inside.type === 'ntfs' ? [checkedByWindows(image.path)] : []),
  ]
}

function beyondProblems(
  { image }: ResizeFacts,
  {
    beyond,
    place,
    isMade: canFollow,
  }: Pick<FilesystemWay, 'beyond' | 'place'> & { readonly isMade: boolean },
): Problem[] {
  const [first] = beyond
  if (!first) return []
  const isFrame = beyond.every(({ what }) => what.startsWith('extended'))
  const least = upToUnit(Math.max(...beyond.map(({ end }) => end)) + place.behind)
  const all = [...new Set(beyond.map(({ what }) => what))]
  const follow = canFollow
    ? ' Or have it follow: with --by-files a new, smaller filesystem gets the files, and what lies behind it moves up.'
    : ''
  return [
    blocking(image.path, {
      id: isFrame ? 'extended-across-cut' : 'partition-beyond-cut',
      layer: first.layer,
      why: `${all.join(', ')} ${all.length === 1 ? 'reaches' : 'reach'} behind the cut, and Varve shrinks one partition: the last`,
      remedy: `Delete or move that inside the guest first, or keep it: the disk then needs ${formatBytes(least)} at least (--to ${least / shrinkUnit}M).${follow}`,
      details: { beyond: beyond.map(({ what, start, end }) => ({ what, start, end })) },
    }),
  ]
}

/** What is in use must fit; how much that is exactly the filesystem is asked when it runs. */
function spaceProblems({ image }: ResizeFacts, { sizes, target, place }: FilesystemWay): Problem[] {
  if (sizes === null) return []
  const least = Math.max(shrinkUnit, leastUsed(target.filesystem))
  if (sizes.filesystem >= least) return []
  const left = Math.max(0, sizes.filesystem)
  return [
    blocking(image.path, {
      id: 'too-small',
      layer: 'L6',
      why: `${formatBytes(left)} would be left for its filesystem, which needs more than ${formatBytes(least)}`,
      remedy: `Choose a larger size (more than ${upToUnit(place.start + least + place.behind)} bytes), delete files in the guest, or have Varve find the smallest one: --min.`,
      details: { least, left },
    }),
  ]
}

/** Bytes that a filesystem cannot do without; what ext counts as used goes in part with the room that it describes. */
function leastUsed(filesystem: ResizeTarget['filesystem']): number {
  return filesystem === null || filesystem.type.startsWith('ext') ? 0 : (filesystem.used ?? 0)
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}

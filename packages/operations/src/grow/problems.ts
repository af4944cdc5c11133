import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import type { ResizedType } from '../actions/filesystem-place.ts'
import { mapperProblems } from '../attach/problems.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { isResized, resizedKind } from '../resize/kinds.ts'
import { blocking } from '../blocking.ts'
import { checkedByWindows, filesystemProblems, missingTools, tableProblems } from '../resize/problems.ts'
import type { ResizeTarget } from '../resize/targets.ts'
import { windowsTargetProblems } from '../resize/windows-problems.ts'
import { isOnWindows } from '../resize/windows-work.ts'
import { extStays } from './by-wsl.ts'
import type { Chosen } from './choose.ts'
import type { Inside } from '../resize/inside.ts'
import { notLarger } from './not-larger.ts'
import { couldMove, layoutOf, moveProblems } from './layout.ts'

interface Growing {
  readonly chosen: Chosen
  /** What lies in the target. */
  readonly inside: Inside
  /** Bytes of the disk; null: it does not say. */
  readonly before: number | null
  /** Bytes of the disk that is to be. */
  readonly size: number
  /** Whether those behind what was chosen are moved to the end of the disk. */
  readonly isMoving: boolean
  /** Whether its MBR becomes a GPT. */
  readonly toGpt: boolean
}

/** What speaks against growing what was chosen. */
export function growProblems(facts: ResizeFacts, growing: Growing): Problem[] {
  const { chosen, inside, before, size, isMoving, toGpt } = growing
  const file = facts.image.path
  if (before === null || size < before) return [notLarger(file, { before, size })]
  if (chosen.kind === 'refused') return [...tableProblems(facts), ...chosen.problems]
  const { guest } = facts
  if (chosen.kind === 'container') {
    const isSame = size === before && !toGpt
    const isGpt = guest?.table.kind === 'gpt'
    return [
      ...(isGpt ? tableProblems(facts) : []),
      ...(isMoving ? [nothingMoves(file)] : []),
      ...(isSame ? [nothingToGrow(file)] : []),
      ...(facts.distribution ? [extStays(file, facts.distribution)] : []),
    ]
  }
  return [
    ...tableProblems(facts),
    ...targetProblems(facts, chosen.target, { inside, before, size, isMoving }),
  ]
}

function targetProblems(
  facts: ResizeFacts,
  target: ResizeTarget,
  {
    inside,
    before,
    size,
    isMoving,
  }: Pick<Growing, 'inside' | 'size' | 'isMoving'> & { readonly before: number },
): Problem[] {
  const { guest, image } = facts
  const file = image.path
  const { partition } = target
  const isPartition = partition !== null && guest !== null
  const room = isPartition
    ? layoutOf({ guest, partition, size, isMoving }).end - (partition.start + partition.length)
    : size - before
  return [
    ...(isPartition && guest.table.kind === 'mbr' && size > mbrMost ? [mbrTooLarge(file)] : []),
    ...(isPartition && room < 1024 ** 2 && !isSmallerThanPlace(target)
      ? [
          noRoom(file, partition.index, {
            isMoving,
            hasOthers: couldMove(guest, target),
            canMove: !isOnWindows(facts),
          }),
        ]
      : []),
    ...(isPartition ? moveProblems(file, { guest, partition, size, isMoving }) : []),
    ...(!isPartition && room === 0 && !isSmallerThanPlace(target) ? [nothingToGrow(file)] : []),
    ...(isOnWindows(facts)
      ? windowsTargetProblems(facts, target, 'grow')
      : contentProblems(facts, target, inside)),
  ]
}

function contentProblems(facts: ResizeFacts, target: ResizeTarget, inside: Inside): Problem[] {
  const file = facts.image.path
  const { filesystem } = target
  return [
    ...(inside.kind === 'refused' ? [inside.problem] : []),
    ...filesystemProblems(facts, target),
    ...toolProblems(facts, target, inside),
    ...(filesystem !== null && !isResized(filesystem.type) ? [staysAsItIs(file, target)] : []),
    ...(filesystem?.type === 'ntfs' ? [checkedByWindows(file)] : []),
  ]
}

/** What sectors of 512 bytes an MBR can address. */
const mbrMost = 2 ** 32 * 512

function mbrTooLarge(file: string): Problem {
  return blocking(file, {
    id: 'mbr-too-small',
    layer: 'L4',
    why: 'its partition table is an MBR, in which nothing beyond 2 TiB has an address',
    remedy:
      'Say --gpt, which writes a GPT in its place, on a disk of data; or at most 2T. What a BIOS starts is changed inside the guest (Windows: mbr2gpt).',
  })
}

interface Behind {
  readonly isMoving: boolean
  /** Whether other partitions lie behind it. */
  readonly hasOthers: boolean
  /** Whether this host could move those. */
  readonly canMove: boolean
}

function noRoom(file: string, partition: number, { isMoving, hasOthers, canMove }: Behind): Problem {
  const refuse = (why: string, remedy: string) =>
    blocking(file, { id: 'no-room-behind', layer: 'L4', why, remedy })
  if (!hasOthers || isMoving)
    return refuse(
      hasOthers
        ? `moving what lies behind partition ${partition} leaves less than 1 MiB for it`
        : `behind partition ${partition} there is less than 1 MiB that it could get`,
      'Say a larger size: two MiB more are enough; or --partition none for the container only.',
    )
  return refuse(
    `behind partition ${partition} lies another one, so that it cannot become larger`,
    canMove
      ? 'Say --move, which moves what lies behind it to the end of a larger disk; or the last partition, or --partition none for the container only.'
      : 'Do it on a Linux host with --move (--host NAME), which moves what lies behind it to the end of a larger disk; or say the last partition, or --partition none for the container only.',
  )
}

function nothingMoves(file: string): Problem {
  return blocking(file, {
    id: 'nothing-moves',
    layer: 'L4',
    why: '--move makes room behind a partition, and none is to grow',
    remedy: 'Say which one grows (--partition N), or leave --move out.',
  })
}

function nothingToGrow(file: string): Problem {
  return blocking(file, {
    id: 'not-larger',
    layer: 'L2',
    why: 'nothing of it would become larger',
    remedy: 'Say a larger size.',
  })
}

/** A filesystem that does not fill its place grows into it without a larger disk. */
function isSmallerThanPlace({ filesystem }: ResizeTarget): boolean {
  return filesystem !== null && filesystem.size !== null && filesystem.length - filesystem.size >= 1024 ** 2
}

function toolProblems(facts: ResizeFacts, { filesystem }: ResizeTarget, inside: Inside): Problem[] {
  const { image, ways } = facts
  const type = inside.kind === 'lvm' ? inside.type : filesystem?.type
  const isMapped = inside.kind === 'lvm' || (inside.kind === 'luks' && inside.volume !== null)
  const mapper = [
    ...(isMapped ? (['dmsetup'] as const) : []),
    ...(inside.kind === 'luks' ? (['cryptsetup'] as const) : []),
  ]
  const known = type !== undefined && isResized(type) ? toolsFor(type) : []
  return [
    ...(mapper.length === 0 ? [] : mapperProblems({ ways, image: image.path }, mapper)),
    ...missingTools(facts, [
      ...(isMapped ? ['lvm'] : []),
      ...(inside.kind === 'luks' ? ['mount', 'unshare', 'setpriv'] : []),
      ...known,
    ]),
  ]
}

function toolsFor(type: ResizedType): string[] {
  const { check, grow, hasFiles } = resizedKind(type)
  return [
    ...grow,
    ...(check === null ? [] : [check]),
    ...(hasFiles ? ['mount', 'unshare', 'setpriv'] : []),
    ...(type === 'ntfs' ? ['ntfs-3g'] : []),
  ]
}

function staysAsItIs(file: string, { filesystem, partition }: ResizeTarget): Problem {
  const type = filesystem?.type ?? ''
  return {
    id: 'filesystem-stays',
    severity: 'warn',
    layer: 'L6',
    file,
    message: `L6 ${quote(file)}: the ${type} stays as large as it is: Varve has no tool that grows ${type} in place; only ${partition === null ? 'the disk' : `partition ${partition.index}`} becomes larger`,
    remedy: 'Grow it inside the guest, or copy its files into a new filesystem there.',
  }
}

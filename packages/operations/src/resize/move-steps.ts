import type { FilesystemFinding, Partition } from '@varve/core/guest/guest-contents'
import { copyPartition } from '../actions/copy-partition.ts'
import { placePartition } from '../actions/place-partition.ts'
import { tellBeginning } from '../actions/tell-beginning.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { quick, readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import type { ResizeFacts } from './facts.ts'
import { sectorsOf } from './steps.ts'

/** A partition that gets another place. */
export interface Move {
  readonly partition: Partition
  /** Byte of the disk at which it begins afterwards. */
  readonly to: number
  /** What lies in it itself; null: something else, or nothing. */
  readonly filesystem: FilesystemFinding | null
}

/** Writes what lies in the partition at its new place, from the image itself. */
export function copyStep({ host, work }: ResizeFacts, own: LinkFacts, { partition, to }: Move): DraftStep {
  const { index, start, length } = partition
  return step(copyPartition, {
    id: `copy-${index}`,
    host,
    input: {
      source: { path: own.path, format: own.format, reading: {} },
      work: work.path,
      partition: index,
      start,
      length,
      to,
    },
    estimate: readingEstimate(length),
  })
}

/** Filesystems of Microsoft say where they begin. */
const saysPlace = new Set(['ntfs', 'fat12', 'fat16', 'fat32'])

/** Has the table say that it is there, and its filesystem too, where that says it. */
export function placeSteps(facts: ResizeFacts, move: Move, sectorSize: number): DraftStep[] {
  const { host, work, image } = facts
  const { partition, to, filesystem } = move
  const { index, start: from, length } = partition
  const names = { partition: index, from, length, to, name: image.path }
  return [
    step(placePartition, {
      id: `place-${index}`,
      host,
      input: { disk: work.path, ...names, ...sectorsOf(facts) },
      estimate: quick,
    }),
    ...(filesystem !== null && saysPlace.has(filesystem.type)
      ? [
          step(tellBeginning, {
            id: `begin-${index}`,
            host,
            input: { work: work.path, ...names, sectorSize },
            estimate: quick,
          }),
        ]
      : []),
  ]
}

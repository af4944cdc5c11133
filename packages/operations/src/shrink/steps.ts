import type { Partition } from '@varve/core/guest/guest-contents'
import type { ResizedType } from '../actions/filesystem-place.ts'
import { measureMinimum } from '../actions/measure-minimum.ts'
import { resizeFilesystem } from '../actions/resize-filesystem.ts'
import { resizePartition } from '../actions/resize-partition.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { quick, readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import { from, type FromStep, type Wired } from '../plans/wired.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import {
  attachWork,
  cutStep,
  detachWork,
  inPlaceSteps,
  proofSteps,
  sectorsOf,
  workDevice,
  workDeviceOf,
  workSteps,
} from '../resize/steps.ts'
import { frameOf, type ShrinkChoice } from './choice.ts'

interface Shrinking {
  readonly facts: ResizeFacts
  readonly own: LinkFacts
}

/** Cuts off what lies behind all partitions: no filesystem is touched, and no device is needed. */
export function cutSteps({ facts, own }: Shrinking, disk: number): DraftStep[] {
  return [...workSteps(facts, own, disk), cutStep(facts, disk), ...inPlaceSteps(facts, own, disk)]
}

export type FilesystemWay = Extract<ShrinkChoice, { way: 'filesystem' }>

interface FilesystemShrink extends Shrinking {
  readonly choice: FilesystemWay
  readonly type: ResizedType
  readonly allContents: boolean
}

/**
 * From the filesystem down to the file: each layer becomes smaller only after the one above it. The disk is cut while nothing
 * has it attached, and what is proven then is read anew from the file.
 */
export function shrinkSteps(shrink: FilesystemShrink): DraftStep[] {
  return shrink.type === 'swap' ? swapSteps(shrink) : filesystemSteps(shrink)
}

function filesystemSteps(shrink: FilesystemShrink): DraftStep[] {
  const { facts, own, choice, allContents } = shrink
  const { host } = facts
  const disk = choice.sizes?.disk ?? null
  // As far as it goes: only the filesystem knows, when it is asked.
  const size = choice.sizes ?? {
    filesystem: from('minimum', 'filesystem'),
    end: from('minimum', 'end'),
    disk: from('minimum', 'disk'),
  }
  const place = placeOn(shrink, workDevice)
  const estimate = readingEstimate(choice.target.filesystem?.used ?? null)
  return [
    ...workSteps(facts, own, disk),
    ...attachWork(facts),
    ...proofSteps({ facts, place, allContents }, 'before'),
    step(measureMinimum, {
      id: 'minimum',
      host,
      input: {
        ...place,
        place: choice.place,
        group: null,
        blockSize: choice.target.filesystem?.blockSize ?? null,
        disk,
      },
      estimate: quick,
    }),
    step(resizeFilesystem, {
      id: 'filesystem',
      host,
      input: { ...place, size: size.filesystem, swap: null },
      needs: ['the filesystem is sound'],
      estimate,
    }),
    ...detachWork(facts),
    ...partitionSteps(shrink, size.end),
    cutStep(facts, size.disk),
    ...attachWork(facts, { mark: again, isReadOnly: true }),
    ...proofSteps({ facts, place: placeOn(shrink, workDeviceOf(again)), allContents }, 'after'),
    ...detachWork(facts, again),
    ...inPlaceSteps(facts, own, disk),
  ]
}

/** Nothing is in a swap space: it is made anew, with the room that is left for it. */
function swapSteps(shrink: FilesystemShrink): DraftStep[] {
  const { facts, own, choice } = shrink
  const { sizes, target } = choice
  const { filesystem } = target
  if (sizes === null || filesystem === null) return []
  const { uuid, label, blockSize } = filesystem
  return [
    ...workSteps(facts, own, sizes.disk),
    ...attachWork(facts),
    step(resizeFilesystem, {
      id: 'filesystem',
      host: facts.host,
      input: {
        ...placeOn(shrink, workDevice),
        size: sizes.filesystem,
        swap: uuid === null ? null : { uuid, label, pageSize: blockSize ?? 4096 },
      },
      estimate: quick,
    }),
    ...detachWork(facts),
    ...partitionSteps(shrink, sizes.end),
    cutStep(facts, sizes.disk),
    ...inPlaceSteps(facts, own, sizes.disk),
  ]
}

/** Marks the steps of the second time that the work is attached. */
export const again = '-again'

function placeOn({ facts, choice, type }: FilesystemShrink, device: FromStep) {
  return { image: facts.image.path, device, partition: choice.target.partition?.index ?? null, type }
}

/** A logical partition becomes smaller before the one around it. */
export function partitionSteps(
  { facts, choice }: { readonly facts: ResizeFacts; readonly choice: Pick<FilesystemWay, 'target'> },
  end: Wired<number>,
): DraftStep[] {
  const { partition } = choice.target
  if (partition === null) return []
  const shrunk = (id: string, { index, start }: Pick<Partition, 'index' | 'start'>) =>
    step(resizePartition, {
      id,
      host: facts.host,
      input: {
        disk: facts.work.path,
        partition: index,
        start,
        end,
        name: facts.image.path,
        ...sectorsOf(facts),
      },
      estimate: quick,
    })
  const around = partition.role === 'logical' ? frameOf(facts.guest, partition) : null
  return [shrunk('partition', partition), ...(around === null ? [] : [shrunk('extended', around)])]
}

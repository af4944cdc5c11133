import { extendImage } from '../actions/extend-image.ts'
import { relocateTable } from '../actions/relocate-table.ts'
import { resizeFilesystem } from '../actions/resize-filesystem.ts'
import { resizePartition } from '../actions/resize-partition.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { isResized } from '../resize/kinds.ts'
import { attachWork, detachWork, inPlaceSteps, proofSteps, workDevice, workStep } from '../resize/steps.ts'
import { roomFor, type ResizeTarget } from '../resize/targets.ts'
import type { Chosen } from './choose.ts'

interface Growing {
  readonly facts: ResizeFacts
  readonly own: LinkFacts
  readonly chosen: Exclude<Chosen, { readonly kind: 'refused' }>
  readonly size: number
  readonly allContents: boolean
}

const quick = { bytes: 0, seconds: 1 }

/** The container, the table, what lies in the partition, and then the place of the original. */
export function growSteps({ facts, own, chosen, size, allContents }: Growing): DraftStep[] {
  const { host, image, work, guest } = facts
  const names = { disk: work.path, name: image.path }
  const isLarger = size !== own.virtualSize
  return [
    workStep(facts, own),
    ...(isLarger
      ? [
          step(extendImage, {
            id: 'extend',
            host,
            input: { work: work.path, size, name: image.path },
            estimate: quick,
          }),
        ]
      : []),
    ...(guest?.table.kind === 'gpt'
      ? [step(relocateTable, { id: 'table', host, input: names, estimate: quick })]
      : []),
    ...(chosen.kind === 'target' ? targetSteps({ facts, target: chosen.target, size, allContents }) : []),
    ...inPlaceSteps(facts, own, size),
  ]
}

interface OfTarget {
  readonly facts: ResizeFacts
  readonly target: ResizeTarget
  readonly size: number
  readonly allContents: boolean
}

function targetSteps(growing: OfTarget): DraftStep[] {
  const { facts, target, allContents } = growing
  const { host, image } = facts
  const { filesystem } = target
  const partitions = partitionSteps(growing)
  if (filesystem === null || !isResized(filesystem.type)) return partitions
  const place = {
    image: image.path,
    device: workDevice,
    partition: target.partition?.index ?? null,
    type: filesystem.type,
  }
  const proving = { facts, place, allContents }
  return [
    ...partitions,
    ...attachWork(facts),
    ...proofSteps(proving, 'before'),
    step(resizeFilesystem, {
      id: 'filesystem',
      host,
      input: { ...place, size: null, swap: filesystem.type === 'swap' ? swapOf(filesystem) : null },
      estimate: readingEstimate(filesystem.size),
    }),
    ...proofSteps(proving, 'after'),
    ...detachWork(facts),
  ]
}

function swapOf({ uuid, label, blockSize }: NonNullable<ResizeTarget['filesystem']>) {
  return uuid === null || blockSize === null ? null : { uuid, label, pageSize: blockSize }
}

/** A logical partition needs a larger one around it. */
function partitionSteps({ facts, target: { partition }, size }: OfTarget): DraftStep[] {
  const { host, guest, image, work } = facts
  if (partition === null || guest === null) return []
  const { table } = guest
  const end = roomFor(table, partition, size)
  if (end === partition.start + partition.length) return []
  const resized = (
    id: string,
    { index, start }: { readonly index: number; readonly start: number },
    to: number,
  ) =>
    step(resizePartition, {
      id,
      host,
      input: { disk: work.path, partition: index, start, end: to, name: image.path },
      estimate: quick,
    })
  const around = table.partitions.find(
    ({ role, start, length }) =>
      role === 'extended' && start <= partition.start && partition.start < start + length,
  )
  const isWithin = partition.role === 'logical' && around !== undefined && around.start + around.length < end
  return [...(isWithin ? [resized('extended', around, end)] : []), resized('partition', partition, end)]
}

import type { FilesystemPlace } from '../actions/filesystem-place.ts'
import { convertTable } from '../actions/convert-table.ts'
import { relocateTable } from '../actions/relocate-table.ts'
import { resizeFilesystem } from '../actions/resize-filesystem.ts'
import { resizePartition } from '../actions/resize-partition.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { quick, readingEstimate, step, type DraftStep } from '../plans/plan.ts'
import type { Wired } from '../plans/wired.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { isResized } from '../resize/kinds.ts'
import {
  attachWork,
  detachWork,
  extendSteps,
  inPlaceSteps,
  proofSteps,
  sectorsOf,
  workDevice,
  workSteps,
} from '../resize/steps.ts'
import { copyStep, placeSteps } from '../resize/move-steps.ts'
import type { ResizeTarget } from '../resize/targets.ts'
import { partitionsOfGpt } from './as-gpt.ts'
import type { Chosen } from './choose.ts'
import type { Inside } from '../resize/inside.ts'
import type { Layout } from './layout.ts'
import { logicalSteps, luksSteps } from './volume-steps.ts'

interface Growing {
  readonly facts: ResizeFacts
  readonly own: LinkFacts
  readonly chosen: Exclude<Chosen, { readonly kind: 'refused' }>
  readonly inside: Exclude<Inside, { readonly kind: 'refused' }>
  readonly size: number
  /** Null: no partition changes. */
  readonly layout: Layout | null
  /** Whether the table is written as a GPT in place of an MBR. */
  readonly toGpt: boolean
  readonly allContents: boolean
}

/** The container, the table, what lies in the partition, and then the place of the original. */
export function growSteps(growing: Growing): DraftStep[] {
  const { facts, own, chosen, inside, size, layout, allContents } = growing
  const isLarger = size !== own.virtualSize
  return [
    ...workSteps(facts, own, size),
    ...(isLarger ? extendSteps(facts, size) : []),
    ...tableSteps(growing),
    ...(chosen.kind === 'target'
      ? targetSteps({ facts, own, target: chosen.target, inside, layout, allContents })
      : []),
    ...inPlaceSteps(facts, own, size),
  ]
}

function tableSteps({ facts, toGpt }: Growing): DraftStep[] {
  const { host, image, work, guest } = facts
  if (guest?.table.kind !== 'gpt') return []
  const names = { disk: work.path, name: image.path }
  const made = toGpt
    ? step(convertTable, {
        id: 'table',
        host,
        input: { ...names, partitions: partitionsOfGpt(guest.table) },
        estimate: quick,
      })
    : step(relocateTable, {
        id: 'table',
        host,
        input: { ...names, ...sectorsOf(facts) },
        estimate: quick,
      })
  return [made]
}

interface OfTarget extends Pick<Growing, 'facts' | 'own' | 'inside' | 'layout' | 'allContents'> {
  readonly target: ResizeTarget
}

function targetSteps(growing: OfTarget): DraftStep[] {
  const { facts, target, inside, allContents } = growing
  const { host } = facts
  const { filesystem } = target
  const partitions = partitionSteps(growing)
  const opened = openSteps(growing)
  if (opened === null) return partitions
  const { open, place, close } = opened
  const proving = { facts, place, allContents }
  const swap = inside.kind === 'plain' && filesystem?.type === 'swap' ? swapOf(filesystem) : null
  return [
    ...partitions,
    ...attachWork(facts),
    ...open,
    ...proofSteps(proving, 'before'),
    step(resizeFilesystem, {
      id: 'filesystem',
      host,
      input: { ...place, size: null, swap },
      estimate: readingEstimate(filesystem?.size ?? null),
    }),
    ...proofSteps(proving, 'after'),
    ...close,
    ...detachWork(facts),
  ]
}

interface Opened {
  readonly open: readonly DraftStep[]
  readonly place: Wired<FilesystemPlace>
  readonly close: readonly DraftStep[]
}

/** From the device to its filesystem, and back; null: nothing in it is made larger. */
function openSteps({ facts, target, inside }: OfTarget): Opened | null {
  const { image } = facts
  const partition = target.partition?.index ?? null
  if (inside.kind === 'lvm') {
    const { open, mapped, close } = logicalSteps(facts, { partition, volume: inside.volume })
    return { open, place: { image: image.path, device: mapped, partition: null, type: inside.type }, close }
  }
  if (inside.kind === 'luks') return luksSteps(facts, { partition, volume: inside.volume })
  const type = target.filesystem?.type
  if (type === undefined || !isResized(type)) return null
  return { open: [], place: { image: image.path, device: workDevice, partition, type }, close: [] }
}

function swapOf({ uuid, label, blockSize }: NonNullable<ResizeTarget['filesystem']>) {
  return uuid === null || blockSize === null ? null : { uuid, label, pageSize: blockSize }
}

/** Those behind it make room, all copied before one is moved; a logical partition needs a larger one around it. */
function partitionSteps({ facts, own, target: { partition }, layout }: OfTarget): DraftStep[] {
  const { host, guest, image, work } = facts
  if (partition === null || guest === null || layout === null) return []
  const { table } = guest
  const { end, moves } = layout
  if (end === partition.start + partition.length) return []
  const resized = (
    id: string,
    { index, start }: { readonly index: number; readonly start: number },
    to: number,
  ) =>
    step(resizePartition, {
      id,
      host,
      input: { disk: work.path, partition: index, start, end: to, name: image.path, ...sectorsOf(facts) },
      estimate: quick,
    })
  const around = table.partitions.find(
    ({ role, start, length }) =>
      role === 'extended' && start <= partition.start && partition.start < start + length,
  )
  const isWithin = partition.role === 'logical' && around !== undefined && around.start + around.length < end
  return [
    ...moves.map((move) => copyStep(facts, own, move)),
    ...moves.flatMap((move) => placeSteps(facts, move, table.sectorSize)),
    ...(isWithin ? [resized('extended', around, end)] : []),
    resized('partition', partition, end),
  ]
}

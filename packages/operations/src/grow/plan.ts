import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { isWindowsFilesystem } from '../actions/windows-volume.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate, type DraftStep, type Plan } from '../plans/plan.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { resizeProblems } from '../resize/problems.ts'
import type { ResizeTarget } from '../resize/targets.ts'
import { onLinuxOnly } from '../resize/windows-problems.ts'
import { isOnWindows } from '../resize/windows-work.ts'
import { growOnWindows } from '../resize/windows-steps.ts'
import { imageName, sizeThere, volumeRemarks } from '../resize/volume.ts'
import { asGpt, gptProblems } from './as-gpt.ts'
import { isForWsl, planByWsl } from './by-wsl.ts'
import { choose, type Chosen } from './choose.ts'
import { insideOf, type Inside, type InsideWays } from '../resize/inside.ts'
import { layoutOf, type Layout } from './layout.ts'
import { growProblems } from './problems.ts'
import { GrowRequest } from './request.ts'
import { growSteps } from './steps.ts'

/** Makes the disk of an image larger, with the partition and the filesystem that get the room. */
export const growOperation = defineOperation<GrowRequest, ResizeFacts>({
  name: 'grow',
  request: GrowRequest,
  paths: ['image'],
  plan(request, found) {
    const { isMoving, toGpt, allContents } = request
    const facts = toGpt ? asGpt(found) : found
    const [own] = facts.chain
    const refusal = (problems: readonly Problem[]) => ({
      kind: 'refusal' as const,
      operation: 'grow',
      problems: problems.filter(isBlocking),
    })
    if (!own) return refusal(facts.problems)
    const before = own.virtualSize
    const asked = request.isAdded ? (before ?? 0) + request.size : request.size
    const size = sizeThere(facts, asked)
    if (isForWsl(facts, request)) return planByWsl(facts, { own, size })
    const chosen = choose({ facts, partition: request.partition, size, isMoving })
    const inside: Inside =
      chosen.kind === 'target'
        ? insideOf({ facts, asked: request, ways: growWays }, chosen.target)
        : { kind: 'plain' }
    const problems = [
      ...resizeProblems(facts, { own, size, isAttached: chosen.kind !== 'container' }),
      ...(toGpt ? gptProblems(found, size) : []),
      ...(isOnWindows(facts) && chosen.kind === 'target' ? linuxOnly(facts, request) : []),
      ...growProblems(facts, { chosen, inside, before, size, isMoving, toGpt }),
    ]
    if (chosen.kind === 'refused' || inside.kind === 'refused' || problems.some(isBlocking))
      return refusal(problems)
    const layout = chosen.kind === 'target' ? layoutIn(facts, chosen.target, { size, isMoving }) : null
    const drafts = onWindows({ facts, own, chosen, size, layout, allContents })
    const steps = inOrder(
      drafts ?? growSteps({ facts, own, chosen, inside, size, layout, toGpt, allContents }),
    )
    const plan: Plan = {
      kind: 'plan',
      operation: 'grow',
      summary: `Grow ${imageName(facts)} from ${formatBytes(before ?? 0)} to ${formatBytes(size)}${toGpt ? ', with a GPT in place of its MBR' : ''}${what(chosen, inside)}${movedWords(layout)}`,
      steps,
      warnings: [...problems, ...volumeRemarks(facts, asked)],
      subjects: [{ host: facts.host, path: facts.image.path }],
      estimate: wholeEstimate(steps),
    }
    return plan
  },
})

const growWays: InsideWays = {
  id: 'volume-not-grown',
  what: 'what would get the room',
  verb: 'grow',
  remedy: () => 'Grow the container only (--partition none), and the rest inside the guest.',
  isWorth: (type) => type !== 'swap',
  isTaken: (type) => type !== 'swap',
}

function linuxOnly(facts: ResizeFacts, { isMoving, toGpt, volume, isLuks }: GrowRequest): Problem[] {
  return onLinuxOnly(facts, 'grow', [
    ['--move', isMoving],
    ['--gpt', toGpt],
    ['--volume', volume !== null],
    ['--luks', isLuks],
  ])
}

interface OnWindows {
  readonly facts: ResizeFacts
  readonly own: ResizeFacts['chain'][number]
  readonly chosen: Known<Chosen>
  readonly size: number
  readonly layout: Layout | null
  readonly allContents: boolean
}

/** Null: nothing of it is for Windows. */
function onWindows({ facts, own, chosen, size, layout, allContents }: OnWindows): DraftStep[] | null {
  if (!isOnWindows(facts) || chosen.kind !== 'target') return null
  const { partition, filesystem } = chosen.target
  const type = filesystem?.type
  if (partition === null || layout === null || !isWindowsFilesystem(type)) return null
  return growOnWindows({ facts, own, partition, type, allContents, size, end: layout.end })
}

type Known<T extends { readonly kind: string }> = Exclude<T, { readonly kind: 'refused' }>

function what(chosen: Known<Chosen>, inside: Known<Inside>): string {
  if (chosen.kind === 'container') return ', the container only'
  const { partition } = chosen.target
  const held = heldIn(chosen.target, inside)
  if (partition === null) return `, with its ${held}`
  return `, with partition ${partition.index}${held === '' ? '' : ` and its ${held}`}`
}

function layoutIn(
  { guest }: ResizeFacts,
  { partition }: ResizeTarget,
  laying: { readonly size: number; readonly isMoving: boolean },
): Layout | null {
  return guest === null || partition === null ? null : layoutOf({ guest, partition, ...laying })
}

function movedWords(layout: Layout | null): string {
  const moved = (layout?.moves ?? []).map(({ partition }) => partition.index).toReversed()
  if (moved.length === 0) return ''
  return `, moving ${moved.length === 1 ? 'partition' : 'partitions'} ${moved.join(', ')} to the end`
}

function heldIn({ filesystem }: ResizeTarget, inside: Known<Inside>): string {
  if (inside.kind === 'lvm') return `${inside.type} in ${inside.volume.group}/${inside.volume.name}`
  if (inside.kind === 'luks') return 'LUKS'
  if (filesystem === null) return ''
  return `${filesystem.type}${filesystem.label ? ` ${quote(filesystem.label)}` : ''}`
}

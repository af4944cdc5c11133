import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { baseName } from '../actions/path-words.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate, type Plan } from '../plans/plan.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { resizeProblems } from '../resize/problems.ts'
import type { ResizeTarget } from '../resize/targets.ts'
import { choose, type Chosen } from './choose.ts'
import { insideOf, type Inside } from './inside.ts'
import { growProblems } from './problems.ts'
import { GrowRequest } from './request.ts'
import { growSteps } from './steps.ts'

/** Makes the disk of an image larger, with the partition and the filesystem that get the room. */
export const growOperation = defineOperation<GrowRequest, ResizeFacts>({
  name: 'grow',
  request: GrowRequest,
  paths: ['image'],
  plan(request, facts) {
    const [own] = facts.chain
    const refusal = (problems: readonly Problem[]) => ({
      kind: 'refusal' as const,
      operation: 'grow',
      problems: problems.filter(isBlocking),
    })
    if (!own) return refusal(facts.problems)
    const before = own.virtualSize
    const size = request.isAdded ? (before ?? 0) + request.size : request.size
    const chosen = choose({ facts, partition: request.partition, size })
    const inside: Inside =
      chosen.kind === 'target' ? insideOf(facts, chosen.target, request) : { kind: 'plain' }
    const problems = [
      ...resizeProblems(facts, { own, size, isAttached: chosen.kind !== 'container' }),
      ...growProblems(facts, { chosen, inside, before, size }),
    ]
    if (chosen.kind === 'refused' || inside.kind === 'refused' || problems.some(isBlocking))
      return refusal(problems)
    const steps = inOrder(growSteps({ facts, own, chosen, inside, size, allContents: request.allContents }))
    const plan: Plan = {
      kind: 'plan',
      operation: 'grow',
      summary: `Grow ${baseName(facts.image.path)} from ${formatBytes(before ?? 0)} to ${formatBytes(size)}${what(chosen, inside)}`,
      steps,
      warnings: problems,
      subjects: [{ host: facts.host, path: facts.image.path }],
      estimate: wholeEstimate(steps),
    }
    return plan
  },
})

type Known<T extends { readonly kind: string }> = Exclude<T, { readonly kind: 'refused' }>

function what(chosen: Known<Chosen>, inside: Known<Inside>): string {
  if (chosen.kind === 'container') return ', the container only'
  const { partition } = chosen.target
  const held = heldIn(chosen.target, inside)
  if (partition === null) return `, with its ${held}`
  return `, with partition ${partition.index}${held === '' ? '' : ` and its ${held}`}`
}

function heldIn({ filesystem }: ResizeTarget, inside: Known<Inside>): string {
  if (inside.kind === 'lvm') return `${inside.type} in ${inside.volume.group}/${inside.volume.name}`
  if (inside.kind === 'luks') return 'LUKS'
  if (filesystem === null) return ''
  return `${filesystem.type}${filesystem.label ? ` ${quote(filesystem.label)}` : ''}`
}

import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { baseName } from '../actions/path-words.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate, type Plan } from '../plans/plan.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { resizeProblems } from '../resize/problems.ts'
import { choose, type Chosen } from './choose.ts'
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
    const problems = [
      ...resizeProblems(facts, { verb: 'grow', own, size, isAttached: chosen.kind !== 'container' }),
      ...growProblems(facts, { chosen, before, size }),
    ]
    if (chosen.kind === 'refused' || problems.some(isBlocking)) return refusal(problems)
    const steps = inOrder(growSteps({ facts, own, chosen, size, allContents: request.allContents }))
    const plan: Plan = {
      kind: 'plan',
      operation: 'grow',
      summary: `Grow ${baseName(facts.image.path)} from ${formatBytes(before ?? 0)} to ${formatBytes(size)}${what(chosen)}`,
      steps,
      warnings: problems,
      subjects: [{ host: facts.host, path: facts.image.path }],
      estimate: wholeEstimate(steps),
    }
    return plan
  },
})

function what(chosen: Exclude<Chosen, { readonly kind: 'refused' }>): string {
  if (chosen.kind === 'container') return ', the container only'
  const { partition, filesystem } = chosen.target
  const held =
    filesystem === null ? '' : ` ${filesystem.type}${filesystem.label ? ` ${quote(filesystem.label)}` : ''}`
  return partition === null
    ? `, with its${held}`
    : `, with partition ${partition.index}${held === '' ? '' : ` and its${held}`}`
}

import { isBlocking } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { baseName } from '../actions/path-words.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate } from '../plans/plan.ts'
import type { AttachFacts } from './facts.ts'
import { planOnMacos } from './macos.ts'
import { attachProblems, passphraseProblems, volumeRemarks } from './problems.ts'
import { AttachRequest } from './request.ts'
import { attachSteps } from './steps.ts'
import { volumeSteps } from './volume-steps.ts'
import { wayOn, waysFor } from './ways.ts'
import { planOnWindows } from './windows.ts'

/** Makes an image a block device of its host, read-only unless it is said otherwise. */
export const attachOperation = defineOperation<AttachRequest, AttachFacts>({
  name: 'attach',
  request: AttachRequest,
  paths: ['image.path'],
  plan(request, facts) {
    if (facts.ways.macos) return planOnMacos(request, facts, facts.ways.macos)
    const foreign = passphraseProblems(request, facts)
    if (foreign.length > 0) return { kind: 'refusal', operation: 'attach', problems: foreign }
    if (facts.ways.windows) return planOnWindows(request, facts, facts.ways.windows)
    const wanted = { isWritten: request.isWritten, isThrowAway: false }
    const problems = attachProblems(facts, wanted, 'attach')
    const way = wayOn(facts.ways, waysFor(facts, wanted))
    const blocking = problems.filter(isBlocking)
    if (blocking.length > 0 || way === null)
      return { kind: 'refusal', operation: 'attach', problems: blocking }
    const steps = inOrder([
      ...attachSteps({ facts, request, wanted, way, purpose: 'attach' }),
      ...volumeSteps(facts, wanted),
    ])
    const { host, image, virtualSize } = facts
    const size = virtualSize === null ? '' : `, a disk of ${formatBytes(virtualSize)},`
    return {
      kind: 'plan',
      operation: 'attach',
      summary: `Attach ${baseName(image)}${size} ${request.isWritten ? 'for writing' : 'read-only'} (${way})`,
      steps,
      warnings: [...problems, ...volumeRemarks(facts)],
      // Reading does not keep others away.
      subjects: request.isWritten ? [{ host, path: image }] : [],
      estimate: wholeEstimate(steps),
    }
  },
})

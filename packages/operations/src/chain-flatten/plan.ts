import { isBlocking } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import type { ChainChangeFacts } from '../chain-change/facts.ts'
import { noParent, replaceProblems } from '../chain-change/problems.ts'
import { newInPlace } from '../chain-change/steps.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate } from '../plans/plan.ts'
import { ChainFlattenRequest } from './request.ts'

/** `varve chain flatten`: an image that stands alone takes the place of one that stands on others. */
export const chainFlatten = defineOperation<ChainFlattenRequest, ChainChangeFacts>({
  name: 'chain-flatten',
  request: ChainFlattenRequest,
  paths: ['image'],
  plan(_request, { host, image, chain, problems }) {
    const [own, parent] = chain
    const found = [
      ...problems,
      ...(own && !parent && problems.length === 0 ? [noParent(own)] : []),
      ...(own
        ? replaceProblems(image, { own, virtualSize: own.virtualSize, isSameDisk: true, below: null })
        : []),
    ]
    if (!own || !parent || found.some(isBlocking))
      return { kind: 'refusal', operation: 'chain-flatten', problems: found.filter(isBlocking) }
    const steps = inOrder(
      newInPlace({ host, source: own, target: own, path: image.path, backing: null, isSameDisk: true }),
    )
    return {
      kind: 'plan',
      operation: 'chain-flatten',
      summary: `Make ${baseName(image.path)} stand alone, without ${baseName(parent.path)}`,
      steps,
      warnings: found,
      subjects: chain.map(({ path }) => ({ host, path })),
      estimate: wholeEstimate(steps),
    }
  },
})

import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { quote } from '@varve/core/problems/disk-error'
import { baseName } from '../actions/path-words.ts'
import type { ChainRebaseFacts } from '../chain-change/facts.ts'
import { refusal, replaceProblems } from '../chain-change/problems.ts'
import { newInPlace } from '../chain-change/steps.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate } from '../plans/plan.ts'
import { ChainRebaseRequest } from './request.ts'

/** `varve chain rebase`: the same disk over another parent; what differs from it is written. */
export const chainRebase = defineOperation<ChainRebaseRequest, ChainRebaseFacts>({
  name: 'chain-rebase',
  request: ChainRebaseRequest,
  paths: ['image', 'parent'],
  plan(_request, facts) {
    const { host, image, chain, below, problems } = facts
    const [own] = chain
    const [parent] = below
    const found = [
      ...problems,
      ...loopProblems(facts),
      ...(own && parent
        ? replaceProblems(image, { own, virtualSize: own.virtualSize, isSameDisk: true, below: parent })
        : []),
    ]
    if (!own || !parent || found.some(isBlocking))
      return { kind: 'refusal', operation: 'chain-rebase', problems: found.filter(isBlocking) }
    const steps = inOrder(
      newInPlace({ host, source: own, target: own, path: image.path, backing: parent, isSameDisk: true }),
    )
    return {
      kind: 'plan',
      operation: 'chain-rebase',
      summary: `Put ${baseName(image.path)} over ${baseName(parent.path)}, its disk unchanged`,
      steps,
      warnings: found,
      subjects: [...new Set([...chain, ...below].map(({ path }) => path))].map((path) => ({ host, path })),
      estimate: wholeEstimate(steps),
    }
  },
})

function loopProblems({ image, chain, below }: ChainRebaseFacts): Problem[] {
  const own = new Set([image.path, chain[0]?.path])
  const [parent] = below
  if (!parent || !below.some(({ path }) => own.has(path))) return []
  return [
    refusal({
      id: 'chain-loop',
      file: image.path,
      message: `${quote(parent.path)} stands on it itself`,
      remedy: 'Choose a parent that does not depend on the image.',
    }),
  ]
}
